"""The two lines of a card that say where to apply: put in, renewed and taken out, with every other byte as it was."""

import re

from gatekeeper.rules.refusals import gettext_noop as _

from . import cards
from .cards import BOM, CannotRead

KEY = "extra_gated_description"
WORDS = "Apply at {link}. Already pressed the button? Finish there; nothing is lost."
LINES = (
    rb"extra_gated_description: >-(\r\n|\r|\n)"
    rb"  Apply at (\S+)\. Already pressed the button\? Finish there; nothing is lost\.(\r\n|\r|\n)"
)
OURS = re.compile(rb"(?:\A|(?<=[\r\n]))" + LINES)
ALONE = re.compile(rb"\A---(\r\n|\r|\n)" + LINES + rb"---(\r\n|\r|\n)")
LINK = re.compile(r"https?://[\x21-\x7e]{1,400}")


def sentence(link: str) -> str:
    """Return the sentence that the Hub's form shows."""
    return WORDS.format(link=link)


def with_card_lines(text: bytes, link: str) -> bytes:
    """Return a card with the two lines in it; our own earlier ones are renewed.

    Raises CannotRead where the card cannot be read safely, or has a description of its own; ValueError for a bad link.
    """
    if not LINK.fullmatch(link):
        raise ValueError("The link must be a plain web address.")
    front = cards.front_matter(text)
    if front is None:
        changed = _before(text, link)
    else:
        block = text[front.start : front.end]
        lines = _lines(link, front.newline)
        inside = OURS.sub(lambda _found: lines, block, count=1) if OURS.search(block) else block + lines
        _refuse_own(text)
        changed = text[: front.start] + inside + text[front.end :]
    if cards.read(changed).parts.get("description") != sentence(link):
        raise CannotRead("lines_do_not_fit", _("The two lines do not fit into this front matter; write them by hand."))
    return changed


def without_card_lines(text: bytes) -> bytes:
    """Return a card without our two lines; anything else stays, and a card without them is returned as it is."""
    body = text.removeprefix(BOM)
    if ALONE.match(body):
        return text[: len(text) - len(body)] + ALONE.sub(b"", body, count=1)
    front = cards.front_matter(text)
    if front is None:
        return text
    return text[: front.start] + OURS.sub(b"", text[front.start : front.end], count=1) + text[front.end :]


def _lines(link: str, newline: bytes) -> bytes:
    return f"{KEY}: >-".encode() + newline + b"  " + sentence(link).encode() + newline


def _before(text: bytes, link: str) -> bytes:
    """Return a card that had no front matter with one that holds the two lines, in the newlines it uses."""
    body = text.removeprefix(BOM)
    newline = b"\r\n" if body.partition(b"\n")[0].endswith(b"\r") else b"\n"
    return text[: len(text) - len(body)] + b"---" + newline + _lines(link, newline) + b"---" + newline + body


def _refuse_own(text: bytes) -> None:
    """Raise CannotRead where the card has a description that is not ours."""
    if cards.read(without_card_lines(text)).parts.get("description"):
        raise CannotRead(
            "own_description",
            _("The card’s form has a description of its own, which is not replaced. Name the address there yourself."),
        )
