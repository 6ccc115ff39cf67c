"""Whether each Hub token still does what it is for: asked each hour, and whenever somebody wants to know.

It is asked whose it is, and, at each repository of its publisher, for ten people who wait and for a decision about
somebody who cannot exist. Nothing changes there. A token that stands by is checked like the one in use, so that it is
known what it reaches before it is needed. What work meets in between is written down too (tokens.note_failure).
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import HubToken
from gatekeeper.actions.hub_tokens import note_health
from gatekeeper.models import Repository, TokenReach

from . import capabilities, tokens
from .claims import outside
from .client import HubClient
from .parking import pause
from .port import HubError, Identity, Need, Word

log = structlog.get_logger(__name__)

SWEEP = 45.0  # seconds that one sweep may go on
EVERY = timedelta(hours=1)
LEASE = timedelta(minutes=5)
AT_ONCE = 40  # repositories of a publisher in one check of a token; the others come with the next one
ENDS_SOON = timedelta(days=14)
HELD_BACK = 2  # checks in a row that the Hub refused as too many: once is no more than a coincidence
GONE = "repository_gone"
H = HubToken.Health


@dataclass(frozen=True, slots=True)
class Reach:
    """What a token may do at one repository; None where it could not be asked."""

    repository: Repository
    may_read: bool | None
    may_decide: bool | None
    reason: str = ""


def check_tokens(*, seconds: float = SWEEP) -> None:
    """Check every token that is due, as long as the time allows."""
    outside()
    end = time.monotonic() + seconds
    while time.monotonic() < end and (token := _take()) is not None:
        _check(token)


def _take() -> HubToken | None:
    at = timezone.now()
    with transaction.atomic():
        token = (
            HubToken.objects.due(at=at)
            .select_for_update(no_key=True, skip_locked=True)
            .order_by(F("check_due_at").asc(nulls_first=True), "pk")
            .first()
        )
        if token is not None:
            token.leased_until = at + LEASE
            token.save(update_fields=["leased_until"])
    return token


def _check(token: HubToken) -> None:
    at, failed = timezone.now(), None
    try:
        hub = HubClient(tokens.revealed(token), owner=token.hub_user_id)
        identity = hub.whoami()
        _keep_identity(token, identity)
        reaches = _reaches(hub, token)
        note_health(token, health=_health(token, identity, reaches, at=at), at=at)
    except HubError as error:
        failed = error
    except Exception as broken:  # whatever one token meets, the others are checked
        log.error("check_broke", token=token.pk, reason=type(broken).__name__)
        failed = HubError(Word.LATER, "not_understood")
    _write_down(token, failed, at=at)


def _keep_identity(token: HubToken, identity: Identity) -> None:
    token.hub_username, token.hub_user_id = identity.username, identity.hub_user_id
    token.role_seen, token.expires_at = identity.role, identity.expires_at
    token.save(update_fields=["hub_username", "hub_user_id", "role_seen", "expires_at"])


def _reaches(hub: HubClient, token: HubToken) -> list[Reach]:
    """Ask at each linked repository, those that were not asked for the longest first, and write down what was seen."""
    linked = Repository.objects.linked().filter(publisher=token.publisher_id)
    seen = dict(TokenReach.objects.filter(token=token, repository__in=linked).values_list("repository", "checked_at"))
    never = datetime.min.replace(tzinfo=timezone.now().tzinfo)
    found = []
    for repository in sorted(linked, key=lambda one: seen.get(one.pk, never))[:AT_ONCE]:
        reach = _reach(hub, repository)
        found.append(reach)
        TokenReach.objects.update_or_create(
            token=token,
            repository=repository,
            defaults={
                "may_read": reach.may_read,
                "may_decide": reach.may_decide,
                "reason": reach.reason,
                "checked_at": timezone.now(),
            },
        )
    return found


def _reach(hub: HubClient, repository: Repository) -> Reach:
    """Ask what a token may do at one repository. Raises HubError where the answer says nothing about that."""
    kind, name = repository.kind, repository.name
    try:
        hub.requests(kind, name, "pending", limit=10, need=Need.READ)
    except HubError as failed:
        if failed.reason not in ("token_read_only", "gate_closed", GONE):
            raise
        return Reach(repository, may_read=False, may_decide=None, reason=failed.reason)
    try:
        may = hub.may_decide(kind, name)
        if may and capabilities.are_stale(hub.endpoint, at=timezone.now()):
            capabilities.probe(hub, kind, name)
    except HubError as failed:
        if failed.reason != "not_gated":
            raise
        may = hub.may_write(kind, name)
    return Reach(repository, may_read=True, may_decide=may, reason="" if may else "token_read_only")


def _health(token: HubToken, identity: Identity, reaches: Sequence[Reach], *, at: datetime) -> HubToken.Health:
    """Return how a token stands, the worst first."""
    if identity.role == "read":
        return H.READ_ONLY
    refused = [reach for reach in reaches if reach.may_read is False or reach.may_decide is False]
    if refused and len(refused) == len(reaches) and all(reach.reason != GONE for reach in refused):
        return H.READ_ONLY
    elsewhere = TokenReach.objects.refused().filter(token=token).exclude(reason=GONE).exists()
    if elsewhere or any(_others_reach(token, reach) for reach in refused):
        return H.NARROW
    if identity.expires_at is not None and identity.expires_at < at + ENDS_SOON:
        return H.EXPIRING
    return H.OK


def _others_reach(token: HubToken, reach: Reach) -> bool:
    """Say whether another token sees a repository that this one does not: else it is gone, and no token's fault."""
    others = TokenReach.objects.filter(repository=reach.repository, may_read=True, token__revoked_at=None)
    return others.exclude(token=token).exists()


def _write_down(token: HubToken, failed: HubError | None, *, at: datetime) -> None:
    """Say when a token is checked next, and what a failure of the check means for its health."""
    due = at + EVERY * random.uniform(0.9, 1.1)  # noqa: S311  # spreads load, keeps no secret
    held_back = 0
    if failed is not None:
        log.warning("token not checked", token=token.pk, fingerprint=token.fingerprint, reason=failed.reason)
        if failed.reason in ("token_refused", "token_unreadable"):
            note_health(token, health=tokens.FAILED[failed.reason], at=at)
        elif failed.reason == "rate_limited":
            held_back = token.held_back + 1
            if held_back >= HELD_BACK:
                note_health(token, health=H.LIMITED, at=at)
        if failed.word is Word.LATER:
            due = min(due, at + timedelta(seconds=max(pause(6, failed.retry_after), 30.0)))
    # Who asked for another check meanwhile gets it.
    HubToken.objects.filter(pk=token.pk, check_due_at=token.check_due_at).update(check_due_at=due)
    HubToken.objects.filter(pk=token.pk).update(leased_until=None, held_back=held_back)
