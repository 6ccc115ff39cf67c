"""Verbs: one function per step, keyword-only with `by=`, one transaction each. The only writers of a status.

They never call the Hub: they write wishes in the same transaction, so no decision fails because the Hub is away.
"""
