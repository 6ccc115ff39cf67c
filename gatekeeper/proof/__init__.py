"""Proof: seals over the record, and what can be checked without this service."""
