"""Texts that people send, brought into one form in a time that grows no faster than they do."""

import unicodedata

MARKS_AT_MOST = 30  # on one letter; no writing has more (Unicode Standard Annex 15, stream-safe text)
PAIRS_OF_MARKS = frozenset("\u0f73\u0f75\u0f81")  # Tibetan; taken apart they are marks, though they count as letters


def composed(text: str) -> str:
    """Return a text in NFC, or as it is if it piles up more marks on one letter than any writing does.

    Marks are sorted one by one, so that normalising a long pile of them takes the square of its length.
    """
    if text.isascii():
        return text
    pile = 0
    for character in text:
        marked = unicodedata.combining(character) or character in PAIRS_OF_MARKS
        pile = pile + 1 if marked else 0
        if pile > MARKS_AT_MOST:
            return text
    return unicodedata.normalize("NFC", text)
