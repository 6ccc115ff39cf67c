"""The questions of a card: the key `extra_gated_fields` put in or renewed, with every other byte as it was."""

import json
from collections.abc import Sequence
from typing import Any

from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

from gatekeeper.rules.projection import HUB_TYPES
from gatekeeper.rules.refusals import gettext_noop as _

from . import card_lines, cards
from .cards import CannotRead
from .front_matter import BOM, Front, front_matter, top_of

KEY = "extra_gated_fields"
TYPES = frozenset(HUB_TYPES.values())
LONG_KEY = 100  # characters; a longer label stands on a line of its own, as YAML's explicit key
DOES_NOT_FIT = _("The questions do not fit into this front matter; write them by hand.")

Fields = Sequence[Sequence[Any]]


def with_card_form(text: bytes, fields: Fields) -> bytes:
    """Return a card that asks these questions: (label, type) or (label, mapping), in order. Other bytes stay.

    Raises CannotRead where the card cannot be read safely, or the questions would not be read back so.
    """
    front = front_matter(text)
    if front is None:
        changed = _before(text, fields)
    else:
        block = text[front.start : front.end]
        begin, end = _place(block, front)
        lines = _lines(fields, front.newline or b"\n")
        changed = text[: front.start] + block[:begin] + lines + block[end:] + text[front.end :]
    if asks(changed) != _asked(fields) or _others(changed) != _others(text):
        raise CannotRead("form_does_not_fit", DOES_NOT_FIT, 1 if front is None else front.first_line)
    return changed


def with_our_keys(card: bytes, link: str, fields: Fields | None) -> bytes:
    """Return a card with our two lines (no link: as they are) and these questions (None: as they are).

    Raises CannotRead, ValueError for a bad link.
    """
    card = card_lines.with_card_lines(card, link) if link else card
    return card if fields is None else with_card_form(card, fields)


def asks(text: bytes) -> list[list[Any]]:
    """Return the questions that a card asks, as (label, type or mapping). Raises CannotRead."""
    return [[label, specification] for label, specification in cards.read(text).fields]


def asks_so(text: bytes, fields: Fields) -> bool:
    """Say whether a card asks these questions, and can be read at all."""
    try:
        return asks(text) == _asked(fields)
    except CannotRead:
        return False


def _asked(fields: Fields) -> list[list[Any]]:
    return [list(field) for field in fields]


def _place(block: bytes, front: Front) -> tuple[int, int]:
    """Return from where to where the key stands in the front matter, whole lines; its end twice where it is missing."""
    top = top_of(block, front.first_line)
    if top is None:
        return len(block), len(block)
    text = block.decode()
    found = [(key, value) for key, value in top.value if isinstance(key, ScalarNode) and key.value == KEY]
    if top.flow_style or len(found) > 1:
        raise CannotRead("form_does_not_fit", DOES_NOT_FIT, front.first_line)
    if not found:
        return len(block), len(block)
    key, value = found[0]
    begin = key.start_mark.index
    if key.start_mark.column:
        raise CannotRead("form_does_not_fit", DOES_NOT_FIT, front.first_line + key.start_mark.line)
    # Of what stands between the last word of the questions and the next key, only the rest of its line is theirs.
    end = len(text[: max(_end(value), key.end_mark.index)].rstrip())
    while end < len(text) and text[end] not in "\r\n":
        end += 1
    end += 2 if text.startswith("\r\n", end) else 1
    return len(text[:begin].encode()), len(text[:end].encode())


def _end(node: Node) -> int:
    """Return where the last word of a node ends: a block has no end of its own, it goes on to the next key."""
    if isinstance(node, CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return max(map(_end, last)) if isinstance(node, MappingNode) else _end(last)
    return int(node.end_mark.index)


def _others(text: bytes) -> list[tuple[str, Any]]:
    """Return all keys of a card but ours, in order, with what stands there."""
    front = front_matter(text)
    top = None if front is None else top_of(text[front.start : front.end], front.first_line)
    pairs = () if top is None else top.value
    return [(str(key.value), cards.plain(value)) for key, value in pairs if key.value != KEY]


def _before(text: bytes, fields: Fields) -> bytes:
    """Return a card that had no front matter with one that asks the questions, in the newlines it uses."""
    body = text.removeprefix(BOM)
    newline = b"\r\n" if body.partition(b"\n")[0].endswith(b"\r") else b"\n"
    return text[: len(text) - len(body)] + b"---" + newline + _lines(fields, newline) + b"---" + newline + body


def _lines(fields: Fields, newline: bytes) -> bytes:
    lines = [f"{KEY}:"]
    for label, specification in fields:
        key = f"  {_quoted(label)}:" if len(label) <= LONG_KEY else f"  ? {_quoted(label)}\n  :"
        if isinstance(specification, str):
            lines.append(f"{key} {_quoted(specification)}")
            continue
        lines += [key, f"    type: {_quoted(specification['type'])}", "    options:"]
        for option in specification["options"]:
            if isinstance(option, str):
                lines.append(f"      - {_quoted(option)}")
            else:
                lines += [f"      - label: {_quoted(option['label'])}", f"        value: {_quoted(option['value'])}"]
    return newline.join(line.encode() for whole in lines for line in whole.split("\n")) + newline


def _quoted(words: str) -> str:
    """Return a text as YAML writes it between quotes, which is as JSON does; a plain word of the Hub's stands bare."""
    return words if words in TYPES else json.dumps(words, ensure_ascii=False)
