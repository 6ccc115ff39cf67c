"""What is to be said of a card: what its form asks, what its licence leaves open, what its audience is told."""

import re
from collections.abc import Iterator
from typing import Any

from .facts import RepositoryFacts
from .history import NOT_FOR_ALL

LONG_LABEL = 120  # characters
MANY_QUESTIONS = 15
SHARED_ANYWAY = re.compile(
    r"e-?mail|hugging ?face (user|account|id|handle)|user ?name|^(your )?(full |first and last )?name$", re.I
)
SAYS_NOT_FOR_ALL = re.compile(
    r"not[- ]for[- ]all[- ]audiences|\bnsfw\b|sexually explicit|adults only|\b18\+|explicit (content|material|images)",
    re.I,
)
UNNAMED = frozenset({"", "other", "unknown"})

Said = tuple[str, dict[str, Any]]


def about(facts: RepositoryFacts) -> Iterator[Said]:
    """Yield the codes of what is to be said of a card, with their values."""
    if facts.card is None:
        return
    yield from _form(facts)
    yield from _licence(facts)
    if NOT_FOR_ALL not in facts.card.tags and SAYS_NOT_FOR_ALL.search(facts.card_text):
        yield "audience_tag_missing", {}


def _form(facts: RepositoryFacts) -> Iterator[Said]:
    card = facts.card
    assert card is not None
    words = [text for part, text in card.parts.items() if part != "button_content"]
    if not card.fields and not words:
        yield "form_asks_nothing", {}
        return
    kinds = [_kind(spec) for _label, spec in card.fields]
    if "checkbox" not in kinds:
        yield "form_no_assent", {}
    for label, spec in card.fields:
        if _kind(spec) == "text" and SHARED_ANYWAY.search(label.strip(" *:?")):
            yield "form_redundant", {"label": label[:LONG_LABEL]}
        if len(label) > LONG_LABEL:
            yield "form_long_label", {"label": f"{label[:60]}…", "length": len(label)}
    if len(card.fields) > MANY_QUESTIONS:
        yield "form_many_questions", {"count": len(card.fields)}
    if card.eu_disallowed:
        yield "form_by_address", {}


def _kind(spec: Any) -> str:
    return str((spec.get("type") if isinstance(spec, dict) else spec) or "text").strip().lower()


def _licence(facts: RepositoryFacts) -> Iterator[Said]:
    assert facts.card is not None
    licence = facts.card.licence
    identifier = licence.get("identifier", "")
    if not identifier:
        yield "no_licence", {}
    elif identifier in UNNAMED and not (licence.get("name") and licence.get("link")):
        yield "licence_unnamed", {"identifier": identifier}
    if identifier in UNNAMED and facts.files_read and not facts.licence_file and not licence.get("link"):
        yield "no_licence_file", {}
