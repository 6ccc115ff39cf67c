"""The views, by who they are for, then by noun."""
