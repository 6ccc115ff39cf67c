"""A licence text as paragraphs and real headings, and as clauses to compare. No word is changed.

Time and memory grow as the text does, whatever stands in it: anybody reads what a publisher wrote.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from .limits import limits, permits

NUMBERED = re.compile(
    r"^((section|article|attachment|appendix|annex|exhibit|part)\s+[\w.]+|[IVXLC]+\.|\d{1,2}(\.\d{1,2})*[.)]?)\s*[:.–—-]?\s*\S",
    re.IGNORECASE,
)
ITEM = re.compile(r"([-*•–]|\(?[a-z0-9]{1,3}[.)])\s", re.IGNORECASE)
PUNCTUATION = re.compile(r"[.,;:!?'\"“”‘’«»()\[\]{}*#_`~|–—-]+")  # and no sign that says how much
LONGEST_HEADING = 90
SHORTEST_FULL_LINE = 55


@dataclass(frozen=True, slots=True)
class Part:
    """A block of a text: its words, and whether they are a heading (of the first or second level)."""

    words: str
    level: int = 0


def licence_parts(text: str) -> list[Part]:
    """Return the blocks of a text, divided by empty lines; a short line that stands alone may be a heading."""
    parts: list[Part] = []
    block: list[str] = []
    for line in [*text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""]:
        heading = None if block else _marked(line.strip())
        if heading is not None:
            parts.append(heading)
        elif line.strip(" \t"):
            block.append(line)
        else:
            words = "\n".join(block).strip()
            parts += [_part(words)] if words else []
            block = []
    return _from_the_first_level(parts)


def _from_the_first_level(parts: list[Part]) -> list[Part]:
    """Make the first heading of a text one of the first level, so that none is skipped."""
    first = next((number for number, part in enumerate(parts) if part.level), None)
    if first is not None:
        parts[first] = Part(parts[first].words, 1)
    return parts


def _marked(line: str) -> Part | None:
    """Return the heading that a line is in Markdown, if it is one."""
    depth = len(line) - len(line.lstrip("#"))
    words = line[depth:].strip(" \t")
    if not 1 <= depth <= 6 or not words or line[depth] not in " \t":
        return None
    bare = words.rstrip("#")
    return Part(bare.rstrip(" \t") if bare.endswith((" ", "\t")) else words, 1 if depth <= 2 else 2)


def _part(words: str) -> Part:
    level = _level(words)
    return Part(words if level else _reflowed(words), level)


def _reflowed(block: str) -> str:
    """Return a paragraph without the breaks of its typesetting: an item, or what follows a short line, begins anew."""
    lines = [line.strip() for line in block.split("\n")]
    flowing = [[lines[0]]]
    for before, line in pairwise(lines):
        if ITEM.match(line) or len(before) < SHORTEST_FULL_LINE:
            flowing.append([line])
        else:
            flowing[-1].append(line)
    return "\n".join(" ".join(each) for each in flowing)


def _level(block: str) -> int:
    if "\n" in block or len(block) > LONGEST_HEADING or (block.endswith((".", ";", ",", ":")) and not block.isupper()):
        return 0
    if any(letter.isalpha() for letter in block) and block == block.upper():
        return 1
    return 2 if NUMBERED.match(block) else 0


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: a paragraph, or an item of one, with the heading that it stands under. `key` is what is compared.

    `limited` and `permitted` say whether it, or a heading or line that it stands under, limits or permits something.
    """

    words: str
    under: str
    key: str
    limited: bool = False
    permitted: bool = False


@dataclass(frozen=True, slots=True)
class _Over:
    """A line that others stand under, read once however many they are."""

    limited: bool = False
    permitted: bool = False


def clauses(text: str) -> list[Clause]:
    """Return the clauses of a text in order. Headings count too: they are clauses under themselves."""
    found: list[Clause] = []
    under = ""
    over: dict[str, _Over] = {}
    plain = False  # whether a line that is neither item nor heading has come since the last that leads in
    for part in licence_parts(text):
        if part.level:
            under = part.words
            if plain:  # a short item can look like a heading: it stays under what leads in
                over = {name: line for name, line in over.items() if name == "chapter"}
                plain = False
        for line in part.words.split("\n"):
            key = " ".join(PUNCTUATION.sub(" ", line.casefold()).split())
            if not key:
                continue
            own = _Over(limits(line), permits(line))
            place = _place(line, part.level)
            if place:
                over[place] = own
            plain = place != "intro" and (plain or not (part.level or ITEM.match(line)))
            limited = own.limited or any(each.limited for each in over.values())
            permitted = own.permitted or any(each.permitted for each in over.values())
            found.append(Clause(line, under, key, limited, permitted))
    return found


def _place(line: str, level: int) -> str:
    """Return what a line is to those below: a chapter, a heading, what leads in a list, an open line, or nothing."""
    if level:
        return "chapter" if level == 1 else "heading"
    end = line.rstrip(" *_\"'”’»)")[-1:]
    if end == ":":
        return "item" if ITEM.match(line) else "intro"
    return "" if ITEM.match(line) or end in (".", ";", "!", "?") else "open"
