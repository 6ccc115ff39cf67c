"""Cards: the README of a repository, read byte for byte. What cannot be read safely is refused with its line.

Nothing of a card is ever built as an object: scalars are text, true, false or nothing. Writing puts two lines into the
front matter, or takes our own two out again, and changes no other byte.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gatekeeper.rules.questions import unshowable
from gatekeeper.rules.refusals import gettext_noop as _

LONGEST = 300_000  # bytes of front matter
DEEPEST = 20
BOM = b"\xef\xbb\xbf"
CONFLICT = re.compile(rb"(<{7}|>{7})( |$)|={7}$")
GATED = "extra_gated_"
PARTS = ("prompt", "heading", "description", "button_content")
KNOWN = (*PARTS, "fields", "eu_disallowed")
LOOKS_LIKE = {
    "asks_country": re.compile(r"\bcountry\b|\bnation\b|国家", re.I),
    "asks_email": re.compile(r"e-?mail", re.I),
    "asks_date": re.compile(r"\bdate\b|\bbirth", re.I),
}
HINTS = {
    "asks_country": _("“%(label)s” seems to ask for a country; a choice of countries would be checked."),
    "asks_email": _("“%(label)s” seems to ask for an e-mail address; a question of that kind would be checked."),
    "asks_date": _("“%(label)s” seems to ask for a date; a question of that kind would be checked."),
}


class CannotRead(Exception):
    """A card that is refused: a code, the sentence with its values, and the line of the file (1 is the first)."""

    def __init__(self, code: str, message: str, line: int = 1, **values: Any) -> None:
        super().__init__(message % {"line": line, **values})
        self.finding = finding(code, message, line, **values)


def finding(code: str, message: str, line: int = 0, **values: Any) -> dict[str, Any]:
    """Return a finding: a code, a sentence marked for translation, its values, and the line (0: none in particular)."""
    return {"code": code, "message": message, "values": {"line": line, **values}, "line": line}


@dataclass(frozen=True, slots=True)
class Card:
    """What a card says of its gate and its licence. `fields` are (label, type or mapping) in the order of the form.

    `others` are the keys of a gate that nobody here knows, as they stand there.
    """

    fields: tuple[tuple[str, Any], ...] = ()
    parts: dict[str, str] = field(default_factory=dict)
    eu_disallowed: bool = False
    others: dict[str, Any] = field(default_factory=dict)
    licence: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    findings: tuple[dict[str, Any], ...] = ()

    @property
    def is_gated(self) -> bool:
        """Say whether the card holds anything about a gate."""
        return bool(self.fields or self.parts or self.eu_disallowed or self.others)

    def gate(self) -> dict[str, Any]:
        """Return the gate as it is kept with the card: pairs, because JSON objects lose their order in the database."""
        known = {"fields": [list(pair) for pair in self.fields], **self.parts, "eu_disallowed": self.eu_disallowed}
        return known | ({"others": self.others} if self.others else {})


@dataclass(frozen=True, slots=True)
class Front:
    """Where the front matter of a file stands: the bytes between its two lines of dashes, and the newline it uses."""

    start: int
    end: int
    first_line: int
    newline: bytes


def front_matter(text: bytes) -> Front | None:
    """Return where the front matter stands, or None where there is none. Raises CannotRead if it never ends."""
    lines = text.removeprefix(BOM).splitlines(keepends=True)
    offset = len(text) - sum(map(len, lines))
    number = 0
    while number < len(lines) and not lines[number].strip():
        offset += len(lines[number])
        number += 1
    if number == len(lines) or lines[number].rstrip() != b"---":
        return None
    opening = lines[number]
    start = end = offset + len(opening)
    for line in lines[number + 1 :]:
        if line.rstrip() == b"---":
            return Front(start, end, number + 2, opening[len(opening.rstrip(b"\r\n")) :])
        end += len(line)
    raise CannotRead("no_closing_line", _("The front matter begins at line %(line)s and never ends."), number + 1)


def read(text: bytes) -> Card:
    """Read a card. Raises CannotRead for one that cannot be read safely; what could be mended is among the findings."""
    front = front_matter(text)
    if front is None:
        return Card()
    top = _top(text[front.start : front.end], front.first_line)
    if top is None:
        return Card()
    findings: list[dict[str, Any]] = []
    keys = _keys(top, front.first_line, findings)
    fields = _fields(keys.get(f"{GATED}fields"), front.first_line, findings)
    parts = {part: words for part in PARTS if (words := _text(keys.get(GATED + part))).strip()}
    return Card(
        fields=fields,
        parts=parts,
        eu_disallowed=_text(keys.get(f"{GATED}eu_disallowed")).lower() in ("true", "yes"),
        others={
            name.removeprefix(GATED): _plain(value)
            for name, value in keys.items()
            if name.startswith(GATED) and name.removeprefix(GATED) not in KNOWN
        },
        licence=_licence(keys),
        tags=tuple(_texts(keys.get("tags"))),
        findings=tuple(findings),
    )


# Reading safely


def _top(block: bytes, first_line: int) -> MappingNode | None:
    """Return the mapping of a front matter, or None for an empty one. Raises CannotRead."""
    if len(block) > LONGEST:
        raise CannotRead("too_long", _("The front matter is too long to be read."), first_line)
    for number, found in enumerate(block.splitlines(), first_line):
        if CONFLICT.match(found):
            raise CannotRead(
                "merge_conflict",
                _("Line %(line)s is a mark of a merge that was not finished; nothing was read. Mend the card first."),
                number,
            )
    try:
        text = block.decode("utf-8")
        _refuse_unsafe(text, first_line)
        top = YAML(typ="safe", pure=True).compose(text)
    except UnicodeDecodeError as error:
        line = first_line + block[: error.start].count(b"\n")
        raise CannotRead("not_text", _("Line %(line)s is not text in UTF-8."), line) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark is not None else 0)
        raise CannotRead(
            "not_yaml", _("The front matter cannot be read: something is wrong at line %(line)s."), line
        ) from None
    except (YAMLError, RecursionError):
        raise CannotRead("not_yaml", _("The front matter cannot be read."), first_line) from None
    if top is not None and not isinstance(top, MappingNode):
        raise CannotRead("not_a_mapping", _("The front matter is not a list of keys with values."), first_line)
    return top


def _refuse_unsafe(text: str, first_line: int) -> None:
    """Go through the events of a document, which builds nothing, and refuse what could build too much or an object."""
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        line = first_line + event.start_mark.line
        if isinstance(event, AliasEvent):
            raise CannotRead("alias", _("Line %(line)s repeats another part by its name, which is not taken."), line)
        if isinstance(event, ScalarEvent) and unshowable(event.value):
            raise CannotRead("not_text", _("Line %(line)s holds characters that cannot be shown."), line)
        if isinstance(event, NodeEvent) and str(getattr(event, "tag", None) or "").startswith(("!", "tag:")):
            raise CannotRead("tag", _("Line %(line)s holds a tag that builds an object, which is not taken."), line)
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > DEEPEST:
            raise CannotRead("too_deep", _("The front matter is nested too deeply at line %(line)s."), line)


# What is in it


def _pairs(node: MappingNode) -> Iterator[tuple[str, Node, Node]]:
    for key, value in node.value:
        if isinstance(key, ScalarNode):
            yield str(key.value), key, value


def _keys(top: MappingNode, first_line: int, findings: list[dict[str, Any]]) -> dict[str, Node]:
    keys: dict[str, Node] = {}
    for name, key, value in _pairs(top):
        if name in keys:
            findings.append(
                finding(
                    "key_twice",
                    _("“%(key)s” stands twice, again at line %(line)s; the first one counts."),
                    first_line + key.start_mark.line,
                    key=name,
                )
            )
        keys.setdefault(name, value)
    return keys


def _fields(node: Node | None, first_line: int, findings: list[dict[str, Any]]) -> tuple[tuple[str, Any], ...]:
    """Return the fields in order. A label that stands twice is kept once: the Hub keeps one answer to a label."""
    if not isinstance(node, MappingNode):
        if isinstance(node, SequenceNode) or _text(node).strip():
            assert node is not None
            findings.append(
                finding(
                    "fields_not_a_map",
                    _("The form at line %(line)s is not a list of questions; it was left out."),
                    first_line + node.start_mark.line,
                )
            )
        return ()
    fields: dict[str, Any] = {}
    for label, key, value in _pairs(node):
        line = first_line + key.start_mark.line
        if label in fields:
            findings.append(
                finding(
                    "label_twice", _("“%(label)s” is asked twice, again at line %(line)s; it is asked once."), line,
                    label=label,
                )
            )  # fmt: skip
            continue
        fields[label] = _plain(value)
        findings += _hints(label, fields[label], line)
    return tuple(fields.items())


def _hints(label: str, spec: Any, line: int) -> Iterator[dict[str, Any]]:
    kind = spec.get("type") if isinstance(spec, dict) else spec
    if kind == "text":
        for code, pattern in LOOKS_LIKE.items():
            if pattern.search(label):
                yield finding(code, HINTS[code], line, label=label)


def _plain(node: Node) -> Any:
    """Return a node as text, lists and mappings; true, false and nothing keep their meaning, all else its spelling."""
    if isinstance(node, MappingNode):
        return {name: _plain(value) for name, _key, value in _pairs(node)}
    if isinstance(node, SequenceNode):
        return [_plain(item) for item in node.value]
    return None if str(node.tag).endswith(":null") else str(node.value)


def _text(node: Node | None) -> str:
    value = None if node is None else _plain(node)
    return value if isinstance(value, str) else ""


def _texts(node: Node | None) -> list[str]:
    value = None if node is None else _plain(node)
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]


def _licence(keys: dict[str, Node]) -> dict[str, str]:
    named = {"identifier": (_texts(keys.get("license")) or [""])[0]}
    named |= {"name": _text(keys.get("license_name")), "link": _text(keys.get("license_link"))}
    return {name: value for name, value in named.items() if value}
