"""Cards: the README of a repository, read byte for byte. What cannot be read safely is refused with its line.

Nothing of a card is ever built as an object: scalars are text, true, false or nothing. Writing puts two lines into the
front matter, or takes our own two out again, and changes no other byte.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gatekeeper.rules.refusals import gettext_noop as _

from .front_matter import BOM, CannotRead, Front, finding, front_matter, top_of

__all__ = ["BOM", "CannotRead", "Card", "Front", "finding", "front_matter", "plain", "read"]

GATED = "extra_gated_"
PARTS = ("prompt", "heading", "description", "button_content")
MOST_FINDINGS = 200
LONG_LABEL = 200
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


def read(text: bytes) -> Card:
    """Read a card. Raises CannotRead for one that cannot be read safely; what could be mended is among the findings."""
    front = front_matter(text)
    if front is None:
        return Card()
    top = top_of(text[front.start : front.end], front.first_line)
    if top is None:
        return Card()
    findings: list[dict[str, Any]] = []
    keys = _keys(top, front.first_line, findings)
    fields = _fields(keys.get(f"{GATED}fields"), front.first_line, findings)
    parts = {part: words for part in PARTS if (words := _text(keys.get(GATED + part))).strip()}
    eu_disallowed = _eu_disallowed(keys.get(f"{GATED}eu_disallowed"), front.first_line, findings)
    return Card(
        fields=fields,
        parts=parts,
        eu_disallowed=eu_disallowed,
        others={
            name.removeprefix(GATED): plain(value)
            for name, value in keys.items()
            if name.startswith(GATED) and name.removeprefix(GATED) not in KNOWN
        },
        licence=_licence(keys),
        tags=tuple(_texts(keys.get("tags"))),
        findings=tuple(findings[:MOST_FINDINGS]),
    )


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
    for key, _value in node.value:
        if not isinstance(key, ScalarNode):
            findings.append(
                finding(
                    "key_no_text",
                    _("What stands at line %(line)s is no label of a question; it was left out."),
                    first_line + key.start_mark.line,
                )
            )
    for label, key, value in _pairs(node):
        line = first_line + key.start_mark.line
        if label in fields:
            findings.append(
                finding(
                    "label_twice", _("“%(label)s” is asked twice, again at line %(line)s; it is asked once."), line,
                    label=_short(label),
                )
            )  # fmt: skip
            continue
        if "\n" in label.strip() or (
            getattr(key, "style", None) not in ("|", ">") and key.end_mark.line > key.start_mark.line
        ):
            findings.append(
                finding(
                    "label_joined",
                    _("The label at line %(line)s goes over several lines; it is asked as one: “%(label)s”."),
                    line,
                    label=_short(label),
                )
            )
        fields[label] = plain(value)
        findings += _hints(label, fields[label], line)
    return tuple(fields.items())


def _hints(label: str, spec: Any, line: int) -> Iterator[dict[str, Any]]:
    kind = spec.get("type") if isinstance(spec, dict) else spec
    if kind == "text":
        for code, pattern in LOOKS_LIKE.items():
            if pattern.search(label):
                yield finding(code, HINTS[code], line, label=_short(label))


def _short(label: str) -> str:
    """Return a label on one line, cut where it is longer than a sentence about it should be."""
    plain = " ".join(label.split())
    return plain if len(plain) <= LONG_LABEL else f"{plain[:LONG_LABEL]}…"


def _eu_disallowed(node: Node | None, first_line: int, findings: list[dict[str, Any]]) -> bool:
    """Return whether the Hub turns the European Union away, however that is said."""
    said = _text(node).strip()
    disallowed = said.lower() in ("true", "yes", "on", "y")
    if disallowed and node is not None and (said != "true" or getattr(node, "style", None)):
        findings.append(
            finding(
                "eu_spelled",
                _("“extra_gated_eu_disallowed: %(said)s” at line %(line)s is taken as “true”."),
                first_line + node.start_mark.line,
                said=said,
            )
        )
    return disallowed


def plain(node: Node) -> Any:
    """Return a node as text, lists and mappings; true, false and nothing keep their meaning, all else its spelling."""
    if isinstance(node, MappingNode):
        return {name: plain(value) for name, _key, value in _pairs(node)}
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.value]
    return None if str(node.tag).endswith(":null") else str(node.value)


def _text(node: Node | None) -> str:
    value = None if node is None else plain(node)
    return value if isinstance(value, str) else ""


def _texts(node: Node | None) -> list[str]:
    value = None if node is None else plain(node)
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]


def _licence(keys: dict[str, Node]) -> dict[str, str]:
    named = {"identifier": (_texts(keys.get("license")) or [""])[0]}
    named |= {"name": _text(keys.get("license_name")), "link": _text(keys.get("license_link"))}
    return {name: value for name, value in named.items() if value}
