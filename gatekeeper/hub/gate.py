"""What is wished of a repository itself: private, gated by hand, two lines on its card. Stages open when read back."""

import secrets
import time
from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from gatekeeper.actions.repositories import keep_card
from gatekeeper.actions.stages import confirm_open
from gatekeeper.models import Card, Repository, RepositoryWish, Stage
from gatekeeper.rules.refusals import Refused

from . import card_form, cards, drift, marks, moves, tokens
from .adopt import read_card
from .claims import ask_for_reading, lease_time, outside
from .client import HubClient
from .parking import OF_THE_REPOSITORY, park_repository, pause
from .port import HubError, RepositoryState, Word

log = structlog.get_logger(__name__)

LAST_ATTEMPT = 8
PRIVATE, PUBLIC = "private", "public"
COMMIT_MESSAGE = "Say where to apply for access"
FORM_MESSAGE = "Ask the first questions of the gate form, and say where to apply for access"


def settle_wishes(*, until: float) -> None:
    """See every due wish about a repository through, until a monotonic time; then open the stages that can open."""
    outside()
    while time.monotonic() < until and (wish := _take()) is not None:
        _settle(wish)
    open_stages()


def open_stages() -> None:
    """Say that stages are open whose every repository was read back as wished."""
    for stage in Stage.objects.to_confirm_open().order_by("pk"):
        try:
            confirm_open(stage)
        except Refused:  # another worker was faster, or somebody paused it meanwhile
            continue


def _take() -> RepositoryWish | None:
    at = timezone.now()
    with transaction.atomic():
        wish = (
            RepositoryWish.objects.due(at=at)
            .select_for_update(no_key=True, skip_locked=True, of=("self",))
            .select_related("repository__token")
            .order_by("due_at", "pk")
            .first()
        )
        if wish is not None:
            wish.lease, wish.leased_until = secrets.token_hex(16), at + 3 * lease_time()
            wish.save(update_fields=["lease", "leased_until"])
    return wish


def _settle(wish: RepositoryWish) -> None:
    failed = None
    try:
        hub = tokens.client_for(wish.repository)
        keep_state(hub, wish.repository, _fulfil(hub, wish))
        if wish.repository.parked_reason == "not_gated":
            ask_for_reading(wish.repository, at=timezone.now())
    except HubError as error:
        failed = error
    except Exception as broken:  # whatever one repository holds, nobody else's wishes wait for it
        log.error("gate_broke", repository=wish.repository_id, reason=type(broken).__name__)
        failed = HubError(Word.LATER, "not_understood")
    _write_down(wish, failed)


def _fulfil(hub: HubClient, wish: RepositoryWish) -> RepositoryState:
    """Make the repository as it is wished and return it as it was read back. What is as it should be is not written."""
    kind, name = wish.repository.kind, wish.repository.name
    state = hub.repository(kind, name)
    refuse_another(wish.repository, state)
    if wish.visibility == PRIVATE:
        state = _show(hub, wish, state)
    if wish.visibility == PUBLIC and state.gate != wish.gate:
        # Whom the gate has let in meanwhile was not looked at yet: it stays private.
        raise HubError(Word.LATER, "gate_not_as_set")
    if wish.gate and state.gate != wish.gate:
        marks.count(wish.repository)
        hub.set_gate(kind, name, wish.gate)
        state = hub.repository(kind, name)
        if state.gate != wish.gate:
            raise HubError(Word.LATER, "gate_not_as_set")
    if wish.card_link or wish.card_fields is not None:
        state = _tell_the_card(hub, wish, state)
    return _show(hub, wish, state) if wish.visibility == PUBLIC else state


def _show(hub: HubClient, wish: RepositoryWish, state: RepositoryState) -> RepositoryState:
    """Make a repository private or public, if it is not, and return it as it was read back, which is kept at once."""
    kind, name = wish.repository.kind, wish.repository.name
    if state.private == (wish.visibility == PRIVATE):
        return state
    marks.count(wish.repository)
    hub.set_visibility(kind, name, wish.visibility)
    state = hub.repository(kind, name)
    if state.private != (wish.visibility == PRIVATE):
        raise HubError(Word.LATER, "visibility_not_as_set")
    Repository.objects.filter(pk=wish.repository_id).update(seen_private=state.private)
    wish.repository.seen_private = state.private
    return state


def _tell_the_card(hub: HubClient, wish: RepositoryWish, state: RepositoryState) -> RepositoryState:
    """Have the card say where to apply and ask what is wished, on top of the commit that was read; read it back."""
    kind, name = wish.repository.kind, wish.repository.name
    before = hub.file(kind, name, "README.md", state.commit)
    after = _as_wished(before, wish.card_link, wish.card_fields)
    if after == before:
        return state
    marks.count(wish.repository)
    hub.commit_card(
        kind, name, after, parent=state.commit, message=FORM_MESSAGE if wish.card_fields else COMMIT_MESSAGE
    )
    state = hub.repository(kind, name)
    if hub.file(kind, name, "README.md", state.commit) != after:
        raise HubError(Word.LOOK, "card_not_as_written")
    return state


def _as_wished(card: bytes | None, link: str, fields: card_form.Fields | None) -> bytes:
    if card is None:
        raise HubError(Word.STOP, "card_missing")
    try:
        return card_form.with_our_keys(card, link, fields)
    except cards.CannotRead as refused:
        raise HubError(Word.STOP, f"card_{refused.finding['code']}") from None
    except ValueError:
        raise HubError(Word.STOP, "card_bad_link") from None


def refuse_another(repository: Repository, state: RepositoryState) -> None:
    """Raise HubError("stop") where another repository stands under the name of the one that was linked."""
    if repository.hub_id and state.hub_id and repository.hub_id != state.hub_id:
        raise HubError(Word.STOP, "another_repository")


def keep_state(hub: HubClient, repository: Repository, state: RepositoryState) -> None:
    """Keep what was read of a repository, and its card where there was a commit since. What differs is drift."""
    now = timezone.now()
    drift.compare_repository(repository, state, at=now)
    if state.commit and state.commit != repository.seen_commit:
        text = hub.file(repository.kind, repository.name, "README.md", state.commit)
        if text is not None:
            before = Card.objects.filter(repository=repository).order_by("-read_at", "-pk").first()
            drift.compare_cards(
                repository, None if before is None else bytes(before.text), text, commit=state.commit, at=now
            )
            card, findings = read_card(text)
            keep_card(repository, commit=state.commit, text=text, gate=card.gate(), findings=findings)
        drift.compare_licence(hub, repository, commit=state.commit, at=now)
    moves.look(hub, repository, state, at=now)
    Repository.objects.filter(pk=repository.pk).update(
        hub_id=state.hub_id or repository.hub_id,
        seen_gate=state.gate,
        seen_private=state.private,
        seen_tags=list(state.tags),
        seen_licence=state.licence[:100],
        seen_commit=state.commit,
        seen_at=now,
    )


def _write_down(wish: RepositoryWish, failed: HubError | None) -> None:
    """Close a wish that was read back, put it off, or park it; a wish that was renewed meanwhile stays due."""
    now = timezone.now()
    with transaction.atomic():
        row = RepositoryWish.objects.select_for_update(no_key=True).get(pk=wish.pk)
        if row.lease == wish.lease:
            row.lease, row.leased_until = "", None
        if row.generation == wish.generation:
            if failed is None:
                row.due_at, row.confirmed_at, row.attempts = None, now, 0
            else:
                row.attempts += 1
                row.due_at = now + timedelta(seconds=pause(row.attempts, failed.retry_after))
                if _stops(failed, row.attempts):
                    row.parked_reason = failed.reason
        row.save(
            update_fields=["lease", "leased_until", "due_at", "confirmed_at", "attempts", "parked_reason", "applied_at"]
        )
    if failed is not None:
        park_repository(wish.repository, failed)
        log.warning("gate not settled", repository=wish.repository_id, reason=failed.reason)


def _stops(failed: HubError, attempts: int) -> bool:
    """Say whether a wish waits for a person now; what stops the whole repository is written there instead."""
    if failed.reason in OF_THE_REPOSITORY:
        return False
    return failed.word is Word.STOP or (failed.word is Word.LOOK and attempts >= LAST_ATTEMPT)
