"""System checks: misconfiguration with an id and a hint."""
