"""The front matter of a card, read safely: no object is built, no name followed, no text takes long or much room."""

import re
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent, ScalarEvent
from yaml.nodes import MappingNode

from gatekeeper.rules.questions import unshowable
from gatekeeper.rules.refusals import gettext_noop as _

LONGEST = 300_000  # bytes
DEEPEST = 20
MOST_PARTS = 20_000  # the longest list of results on a real card has some 15,000
BOM = b"\xef\xbb\xbf"
AT_LINE = rb"(?:\A|(?<=[\r\n]))"
CONFLICT = re.compile(AT_LINE + rb"(?:(?:<{7}|>{7})(?=[ \r\n]|\Z)|={7}(?=[\r\n]|\Z))")
OPENING = re.compile(rb"---[ \t\x0b\x0c]*(\r\n|\r|\n|\Z)")
CLOSING = re.compile(AT_LINE + OPENING.pattern)


class CannotRead(Exception):
    """A card that is refused: a code, the sentence with its values, and the line of the file (1 is the first)."""

    def __init__(self, code: str, message: str, line: int = 1, **values: Any) -> None:
        super().__init__(message % {"line": line, **values})
        self.finding = finding(code, message, line, **values)


def finding(code: str, message: str, line: int = 0, **values: Any) -> dict[str, Any]:
    """Return a finding: a code, a sentence marked for translation, its values, and the line (0: none in particular)."""
    return {"code": code, "message": message, "values": {"line": line, **values}, "line": line}


@dataclass(frozen=True, slots=True)
class Front:
    """Where the front matter of a file stands: the bytes between its two lines of dashes, and the newline it uses."""

    start: int
    end: int
    first_line: int
    newline: bytes


def front_matter(text: bytes) -> Front | None:
    """Return where the front matter stands, or None where there is none.

    Raises CannotRead if it never ends, or ends too far on: no more than LONGEST bytes are gone through.
    """
    begin = len(BOM) if text.startswith(BOM) else 0
    before = text[begin : begin + LONGEST]
    before = before[: len(before) - len(before.lstrip())]
    at = begin + 1 + max(before.rfind(b"\n"), before.rfind(b"\r"))
    opening = OPENING.match(text, at)
    if opening is None:
        return None
    number, start = 1 + lines_in(text[begin:at]), opening.end()
    closing = CLOSING.search(text, start, start + LONGEST)
    if closing is not None and (closing[1] or closing.end() == len(text)):
        return Front(start, closing.start(), number + 1, opening[1])
    if len(text) - start > LONGEST:
        raise CannotRead("too_long", _("The front matter is too long to be read."), number + 1)
    raise CannotRead("no_closing_line", _("The front matter begins at line %(line)s and never ends."), number)


def lines_in(text: bytes) -> int:
    """Return how many lines end in a text."""
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")


def top_of(block: bytes, first_line: int) -> MappingNode | None:
    """Return the mapping of a front matter, or None for an empty one. Raises CannotRead."""
    if conflict := CONFLICT.search(block):
        raise CannotRead(
            "merge_conflict",
            _("Line %(line)s is a mark of a merge that was not finished; nothing was read. Mend the card first."),
            first_line + lines_in(block[: conflict.start()]),
        )
    try:
        text = block.decode("utf-8")
        _refuse_unsafe(text, first_line)
        top = yaml.compose(text, Loader=yaml.CSafeLoader)
    except UnicodeDecodeError as error:
        line = first_line + block[: error.start].count(b"\n")
        raise CannotRead("not_text", _("Line %(line)s is not text in UTF-8."), line) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark is not None else 0)
        raise CannotRead(
            "not_yaml", _("The front matter cannot be read: something is wrong at line %(line)s."), line
        ) from None
    except yaml.YAMLError:
        raise CannotRead("not_yaml", _("The front matter cannot be read."), first_line) from None
    if top is not None and not isinstance(top, MappingNode):
        raise CannotRead("not_a_mapping", _("The front matter is not a list of keys with values."), first_line)
    return top


def _refuse_unsafe(text: str, first_line: int) -> None:
    """Go through the events of a document, which builds nothing, and refuse what could build too much or an object."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        line = first_line + (event.start_mark.line if event.start_mark else 0)
        if number > MOST_PARTS:
            raise CannotRead("too_many_parts", _("The front matter has too many parts to be read."), line)
        if isinstance(event, AliasEvent):
            raise CannotRead("alias", _("Line %(line)s repeats another part by its name, which is not taken."), line)
        if isinstance(event, ScalarEvent) and unshowable(event.value):
            raise CannotRead("not_text", _("Line %(line)s holds characters that cannot be shown."), line)
        if isinstance(event, NodeEvent) and str(getattr(event, "tag", None) or "").startswith(("!", "tag:")):
            raise CannotRead("tag", _("Line %(line)s holds a tag that builds an object, which is not taken."), line)
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > DEEPEST:
            raise CannotRead("too_deep", _("The front matter is nested too deeply at line %(line)s."), line)
