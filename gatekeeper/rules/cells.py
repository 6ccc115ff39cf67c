"""Cells of a spreadsheet that somebody opens: what begins like a formula is written so that no program runs it."""

import re

# At the beginning, and after the separators of other countries: a program that takes one of those begins a cell there.
FORMULA = re.compile(r"(^|(?<=.)[;\t|])(?=\s*[=+\-@＝＋－＠]|[\t\r])")


def harmless(cell: str) -> str:
    """Return a cell that a spreadsheet shows as the text it is."""
    return FORMULA.sub(r"\1'", cell)
