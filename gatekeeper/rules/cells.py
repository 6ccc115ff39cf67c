"""Cells of a spreadsheet that somebody opens: what begins like a formula is written so that no program runs it."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: str) -> str:
    """Return a cell that a spreadsheet shows as the text it is."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
