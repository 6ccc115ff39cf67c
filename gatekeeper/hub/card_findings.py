"""What is to be said of a card that was read, besides what was mended: what stays on the card, what is dangerous."""

from collections.abc import Iterator
from typing import Any

from gatekeeper.rules.form_lint import LONG_PROMPT
from gatekeeper.rules.refusals import gettext_noop as _

from .cards import Card, finding

NAMED_AT_MOST = 10


def about(card: Card) -> Iterator[dict[str, Any]]:
    """Yield the findings about the gate of a card as a whole."""
    words = [f"extra_gated_{part}" for part in card.parts]
    if words:
        yield finding(
            "words_stay",
            _("These words stay on the card, and are no part of the form here: %(keys)s."),
            keys=", ".join(words),
        )
    length = len(card.parts.get("prompt", "").encode())
    if length > LONG_PROMPT:
        yield finding(
            "prompt_long",
            _(
                "The prompt has %(length)s bytes. A licence that stands there can change with any commit: "
                "publish it here as a licence version, so that people accept exact bytes."
            ),
            length=length,
        )
    if card.eu_disallowed:
        yield finding(
            "eu_disallowed",
            _(
                "The Hub turns people in the European Union away by their network address. That is not carried over; "
                "it stays on the card."
            ),
        )
    if card.others:
        yield finding(
            "unknown_key",
            _("These keys of the gate are not known, and stay on the card: %(keys)s."),
            keys=", ".join(f"extra_gated_{name}"[:100] for name in list(card.others)[:NAMED_AT_MOST]),
        )
    yield from _alike(card)


def _alike(card: Card) -> Iterator[dict[str, Any]]:
    seen: dict[str, str] = {}
    for label, _spec in card.fields:
        plain = " ".join(label.split()).casefold()
        if plain in seen:
            yield finding(
                "labels_alike",
                _("“%(label)s” and “%(other)s” differ only in case or space: their answers are easily mixed up."),
                label=label[:100],
                other=seen[plain][:100],
            )
        seen.setdefault(plain, label)
