"""Dry runs: what would be written to a card as it stands on the Hub now. Nothing is written, and nothing kept."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gatekeeper.models import Repository
from gatekeeper.rules.refusals import Refusal, WrongState
from gatekeeper.rules.refusals import gettext_noop as _

from . import card_form, cards, tokens
from .adopt import CannotAsk, no_card
from .port import HubError
from .reasons import WHY

STALE = Refusal("card_changed", _("A card was changed since you saw it. Look at what would be written now."))


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be done to a card of a commit: the lines of a unified diff (none: no change), or why it cannot."""

    diff: tuple[str, ...] = ()
    finding: dict[str, Any] | None = None
    commit: str = ""


def card_preview(repository: Repository, link: str, fields: card_form.Fields | None = None) -> Preview:
    """Say what our lines and questions would change in the card as it stands on the Hub now, writing nothing.

    Raises HubError.
    """
    hub = tokens.client_for(repository)
    state = hub.repository(repository.kind, repository.name)
    before = hub.file(repository.kind, repository.name, "README.md", state.commit)
    if before is None:
        return Preview(finding=no_card(), commit=state.commit)
    try:
        after = card_form.with_our_keys(before, link, fields)
        # What stands below the front matter is not touched, and may be long.
        old, new = (_front(text).decode("utf-8", "replace").splitlines() for text in (before, after))
    except cards.CannotRead as refused:
        return Preview(finding=refused.finding, commit=state.commit)
    except ValueError:
        return Preview(finding=cards.finding("bad_link", WHY["card_bad_link"]), commit=state.commit)
    lines = difflib.unified_diff(old, new, "README.md", "README.md", lineterm="")
    return Preview(tuple(lines), commit=state.commit)


def _front(card: bytes) -> bytes:
    """Return a card up to the end of its front matter, nothing of one that has none."""
    front = cards.front_matter(card)
    return b"" if front is None else card[: front.end] + b"---"


def asked_preview(repository: Repository, link: str, fields: card_form.Fields | None) -> Preview:
    """Return the dry run of one card: see card_preview. Raises CannotAsk where the Hub cannot be asked."""
    try:
        return card_preview(repository, link, fields)
    except HubError as failed:
        raise CannotAsk(failed) from None


def refuse_unseen(repositories: Iterable[Repository], seen: Mapping[int, str]) -> None:
    """Raise WrongState unless each card still stands at the commit, by repository id, that was seen; CannotAsk."""
    for repository in repositories:
        try:
            state = tokens.client_for(repository).repository(repository.kind, repository.name)
        except HubError as failed:
            raise CannotAsk(failed) from None
        if seen.get(repository.pk) != state.commit:
            raise WrongState(STALE)
