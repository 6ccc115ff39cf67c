"""Auditing a namespace as it stands on the Hub: read only, without a database, into plain facts.

gather.py reads, tally.py counts while it reads, history.py compares cards, findings.py judges, page.py and document.py
write down. Nothing here writes to the Hub or to any server of ours.
"""
