"""Rules: tables and pure functions over plain values. Standard library only; no Django, no clock, no randomness."""
