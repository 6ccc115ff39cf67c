"""What a card asked people to agree to, commit by commit: which part changed, and how it reads now."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gatekeeper.hub import cards
from gatekeeper.hub.cards import Card
from gatekeeper.hub.port import Commit

from .facts import CardChange, Shift

TEXT = frozenset({"prompt", "heading", "description", "button", "questions", "eu_disallowed"})
LICENCE = frozenset({"licence"})
AUDIENCE = frozenset({"audience_tag"})
NOT_FOR_ALL = "not-for-all-audiences"
LONGEST = 20_000  # characters of a part that are kept


@dataclass(frozen=True, slots=True)
class History:
    """The changes, newest first, and how many versions of the card could not be read."""

    changes: tuple[CardChange, ...]
    unreadable: int


def history(versions: Iterable[tuple[Commit, bytes | None]], *, whole: bool) -> History:
    """Compare each version of a card with the one before it. `versions` come newest first; None: no card.

    `whole`: the last one is the repository's first commit, so what it holds began there.
    """
    changes: list[CardChange] = []
    unreadable = 0
    newer: tuple[Commit, bytes | None, dict[str, str]] | None = None
    for commit, text in versions:
        if newer is not None and text == newer[1]:
            newer = (commit, text, newer[2])
            continue
        try:
            parts = parts_of(cards.read(text) if text is not None else Card())
        except cards.CannotRead:
            unreadable += 1
            continue
        if newer is not None:
            changes += _change(newer[0], parts, newer[2])
        newer = (commit, text, parts)
    if newer is not None and whole:
        changes += _change(newer[0], {}, newer[2], first=True)
    return History(tuple(changes), unreadable)


def _change(commit: Commit, before: dict[str, str], after: dict[str, str], *, first: bool = False) -> list[CardChange]:
    shifts = tuple(
        Shift(part, before.get(part, ""), after.get(part, ""))
        for part in dict.fromkeys([*before, *after])
        if before.get(part, "") != after.get(part, "")
    )
    return [CardChange(commit, shifts, first)] if shifts else []


def parts_of(card: Card) -> dict[str, str]:
    """Return what people agree to as texts by part, in the order in which they read them; empty parts are left out."""
    licence = card.licence
    named = [licence.get("identifier", ""), licence.get("name", ""), licence.get("link", "")]
    parts = {
        "heading": card.parts.get("heading", ""),
        "prompt": card.parts.get("prompt", ""),
        "description": card.parts.get("description", ""),
        "questions": "\n".join(question(label, spec) for label, spec in card.fields),
        "button": card.parts.get("button_content", ""),
        "eu_disallowed": "yes" if card.eu_disallowed else "",
        "licence": " · ".join(filter(None, named)),
        "audience_tag": "yes" if NOT_FOR_ALL in card.tags else "",
    }
    return {part: text[:LONGEST] for part, text in parts.items() if text.strip()}


def question(label: str, spec: Any) -> str:
    """Return a question of a form on one line: its label, its type, its options."""
    kind = spec.get("type") if isinstance(spec, dict) else spec
    options = spec.get("options") if isinstance(spec, dict) else None
    shown = [
        option.get("label", option.get("value")) if isinstance(option, dict) else option for option in options or ()
    ]
    told = f": {', '.join(str(option) for option in shown)}" if shown else ""
    return " ".join(f"{label} ({kind or 'text'}{told})".split())
