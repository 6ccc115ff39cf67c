"""A licence text as paragraphs and real headings. No word is changed: only the kind of block is told."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from django.template.loader import render_to_string

from gatekeeper.models import LicenceVersion

MARKED = re.compile(r"^(#{1,6})[ \t]+(?P<words>.+?)[ \t]*#*$")
NUMBERED = re.compile(
    r"^((section|article|attachment|appendix|annex|exhibit|part)\s+[\w.]+|[IVXLC]+\.|\d{1,2}(\.\d{1,2})*[.)]?)\s*[:.–—-]?\s*\S",
    re.IGNORECASE,
)
LONGEST_HEADING = 90


@dataclass(frozen=True, slots=True)
class Part:
    """A block of a text: its words, and whether they are a heading (of the first or second level)."""

    words: str
    level: int = 0


def licence_parts(text: str) -> list[Part]:
    """Return the blocks of a text, divided by empty lines; a short line that stands alone may be a heading."""
    parts: list[Part] = []
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")):
        lines = block.strip("\n")
        while (marked := MARKED.match(lines.partition("\n")[0].strip())) is not None:
            parts.append(_part(parts, marked["words"], 1 if len(marked[1]) <= 2 else 2))
            lines = lines.partition("\n")[2]
        if lines.strip():
            parts.append(_part(parts, lines.strip(), _level(lines.strip())))
    return parts


def _part(before: list[Part], words: str, level: int) -> Part:
    """Return the next block; the first heading of a text is one of the first level, so that none is skipped."""
    return Part(words, 1 if level == 2 and not any(part.level for part in before) else level)


def _level(block: str) -> int:
    if "\n" in block or len(block) > LONGEST_HEADING or (block.endswith((".", ";", ",", ":")) and not block.isupper()):
        return 0
    if any(letter.isalpha() for letter in block) and block == block.upper():
        return 1
    return 2 if NUMBERED.match(block) else 0


def rendered_hash(version: LicenceVersion) -> str:
    """Return the SHA-256 of the text as its page shows it, in hexadecimal."""
    shown = render_to_string("includes/licence_text.html", {"parts": licence_parts(version.words)})
    return hashlib.sha256(shown.encode()).hexdigest()
