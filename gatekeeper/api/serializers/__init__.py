"""Shapes: what is taken (one small serializer for each action's arguments) and what is answered."""
