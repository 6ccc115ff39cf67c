"""Reading what the Hub says of everybody at a repository: who waits comes into the queue, what differs becomes due.

A run reads whole lists, page by page, and may be taken up again after a failure. That somebody is not in a list is a
fact only once a run is complete.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import structlog
from django.core.cache import cache
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from gatekeeper.actions.nudges import nudge
from gatekeeper.models import HubAccess, Repository, SyncPause
from gatekeeper.rules.access import Access, Seen

from . import accounts, budget, drift, gate, imports, members, pages, pull_requests, sightings, tokens
from .claims import SINGLY, call_limit, close_read_back, outside
from .client import HubClient
from .marks import place_of
from .parking import park_repository, pause
from .port import HubError, Need, RepositoryState, Word

log = structlog.get_logger(__name__)

SWEEP = 45.0  # seconds that one sweep may go on
EVERY = timedelta(seconds=50)  # a sweep comes each minute: nothing is looked at later than that
AT_ONCE = 4.0  # seconds until something is due that is not left to the sweep
FULL = 1_000
OTHERWISE = 999
RESUMABLE = 1_800
READ_ALWAYS = (Seen.PENDING, Seen.ACCEPTED)
READ_NOW_AND_THEN = (Seen.REJECTED, Seen.RESET)
IN_FULL = timedelta(minutes=10)
LONG = 2_000


@dataclass
class Run:
    """One reading of a repository's lists: which lists, where it stands, and whether anything may have been missed."""

    number: int
    started: datetime
    lists: list[str]
    status: str = ""
    here: str = ""
    next: str = ""
    whole: bool = True
    limit: int = FULL
    tally: pages.Tally = field(default_factory=pages.Tally)


def observe_all(*, seconds: float = SWEEP) -> None:
    """Observe every repository that is due, the longest due first, as long as the time allows."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and observe_next():
        pass


def observe_next() -> bool:
    """Observe the repository that is due the longest; False when none is."""
    repository = _take(Q(observe_due_at__lte=timezone.now()))
    if repository is not None:
        try:
            _observe(repository)
        except Exception:  # whatever is wrong with this one, the others are not to wait for it
            log.exception("not observed", repository=repository.pk)
    return repository is not None


def observe(repository_id: int) -> bool:
    """Observe one repository now, due or not; False when somebody does already, or it is not linked."""
    repository = _take(Q(pk=repository_id))
    if repository is not None:
        _observe(repository)
    return repository is not None


def wanted_again_in(repository_id: int) -> float | None:
    """Return in how many seconds a repository nobody observes now is due again, if that is in a moment."""
    due = (
        Repository.objects.linked()
        .filter(pk=repository_id, observe_leased_until=None)
        .values_list("observe_due_at", flat=True)
        .first()
    )
    seconds = None if due is None else (due - timezone.now()).total_seconds()
    return None if seconds is None or seconds > AT_ONCE else max(seconds, 0.1)


def _take(which: Q) -> Repository | None:
    """Lease a linked repository; a run of somebody who never came back is taken up by its number."""
    at = timezone.now()
    free = Q(observe_leased_until=None) | Q(observe_leased_until__lte=at)
    with transaction.atomic():
        repository = (
            Repository.objects.linked()
            .filter(which, free)
            .select_for_update(no_key=True, skip_locked=True, of=("self",))
            .select_related("token", "publisher")
            .order_by("observe_due_at", "pk")
            .first()
        )
        if repository is not None:
            _lease(repository)
    return repository


def _lease(repository: Repository) -> None:
    repository.observe_leased_until = timezone.now() + 2 * call_limit() + timedelta(seconds=20)
    Repository.objects.filter(pk=repository.pk).update(observe_leased_until=repository.observe_leased_until)


def _observe(repository: Repository) -> None:
    outside()
    asked_before = repository.observe_due_at
    try:
        hub = tokens.client_for(repository)
        state = hub.repository(repository.kind, repository.name, need=Need.READ)
        gate.refuse_another(repository, state)
        gate.keep_state(hub, repository, state)
        run = _begin_or_resume(repository)
        for status in run.lists[run.lists.index(run.status) :]:
            _read(hub, repository, run, status)
        _finish(hub, repository, run, state, asked_before)
    except HubError as failed:
        _put_off(repository, failed)
        if failed.word is Word.LATER:
            return
    except Exception as broken:  # whatever one repository holds, the others are read
        log.error("observation_broke", repository=repository.pk, reason=type(broken).__name__)
        _put_off(repository, HubError(Word.LATER, "not_understood"))
        return
    pull_requests.look(repository)
    members.look(repository)


# One run


def _begin_or_resume(repository: Repository) -> Run:
    try:
        kept: Run | None = cache.get(place_of(repository.pk))
    except budget.AWAY:
        kept = None
    if kept is not None and kept.number == repository.observe_run:
        return kept
    Repository.objects.filter(pk=repository.pk).update(observe_run=F("observe_run") + 1)
    repository.refresh_from_db(fields=["observe_run"])
    lists = [*READ_ALWAYS, *(READ_NOW_AND_THEN if _in_full(repository) else ())]
    tally = pages.Tally(marking=repository.absence_suspected or not _is_long(repository))
    named = [one.value for one in lists]
    return Run(repository.observe_run, timezone.now(), named, status=named[0], tally=tally)


def _is_long(repository: Repository) -> bool:
    """Say whether so many people are known that not each of them is written again by each run."""
    return len(HubAccess.objects.filter(repository=repository).values_list("pk")[: LONG + 1]) > LONG


def _in_full(repository: Repository) -> bool:
    """Say whether all four lists are to be read: now and then, and where that answers for many at once."""
    last = repository.read_in_full_at
    return last is None or last < timezone.now() - IN_FULL or _many_are_unknown(repository)


def _many_are_unknown(repository: Repository) -> bool:
    """Say whether so many rows could stand in the further lists that reading those is less than asking for each."""
    elsewhere = HubAccess.objects.filter(repository=repository, due_at__isnull=False).filter(
        ~Q(access=Access.YES) | Q(seen=Seen.UNKNOWN)
    )
    return len(elsewhere.values_list("pk")[: SINGLY + 1]) > SINGLY


def _keep_place(repository: Repository, run: Run) -> None:
    try:
        cache.set(place_of(repository.pk), run, RESUMABLE)
    except budget.AWAY:
        return


def _forget_place(repository: Repository) -> None:
    try:
        cache.delete(place_of(repository.pk))
    except budget.AWAY:
        return


def _read(hub: HubClient, repository: Repository, run: Run, status: str) -> None:
    """Read one list to its end. One that ends at exactly a full page is read again in pages of another length."""
    if run.status != status:
        run.status, run.here, run.next, run.limit = status, "", "", FULL
    while True:
        asked = timezone.now()
        if run.next:
            page = hub.further(run.next)
        else:
            page = hub.requests(repository.kind, repository.name, status, limit=run.limit)
        pages.take_in(repository, run.number, run.tally, status, page.items, asked=asked)
        run.here, run.next = run.next, page.next
        if not page.next:
            if len(page.items) != run.limit:
                return
            if run.limit == OTHERWISE:
                run.whole = False
                return
            # The last page once more, in another length: if the list went on, it goes on now.
            run.limit, run.next = OTHERWISE, _otherwise(run.here)
            run.tally.take_back(status)
        _keep_place(repository, run)
        _lease(repository)


def _otherwise(address: str) -> str:
    """Return the address of the same page in the other length; the first page has none."""
    if not address:
        return ""
    parts = urlsplit(address)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "limit"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("limit", OTHERWISE)])))


def _finish(hub: HubClient, repository: Repository, run: Run, state: RepositoryState, asked_before: datetime) -> None:
    """Draw what follows from a complete run: who is gone, who was there before us, what has to be told or looked at."""
    _forget_place(repository)
    suspected = False
    if run.whole:
        if run.tally.marking:
            sightings.take_absence(repository, run.number, run.lists, started=run.started)
        else:
            suspected = pages.somebody_is_gone(repository, run.tally, run.lists)
        imports.bring_in_accepted(repository)
    sightings.close_accepted(repository, since=run.started)
    sightings.make_due(repository, since=run.started)
    if SyncPause.objects.holding(repository).exists():
        close_read_back(repository)
    accounts.ask_after_the_absent(hub, repository)
    drift.compare(repository)
    healed = _healed(hub, repository, state)
    now = timezone.now()
    done: dict[str, Any] = {
        "observe_leased_until": None,
        "observe_attempts": 0,
        "parked_reason": healed,
        "failure": "",
        "failing_since": None,
    }
    if run.whole:
        done["observed_at"], done["absence_suspected"] = now, suspected
        if len(run.lists) > len(READ_ALWAYS):
            done |= {"read_in_full_at": now, "read_in_full_from": run.started}
    Repository.objects.filter(pk=repository.pk, observe_run=run.number).update(**done)
    # Who asked for another reading meanwhile gets it at once.
    soon = now if suspected else run.started + EVERY
    Repository.objects.filter(pk=repository.pk, observe_due_at=asked_before).update(observe_due_at=soon)
    if not healed:
        tokens.note_works(repository)
    nudge("settle")


def _healed(hub: HubClient, repository: Repository, state: RepositoryState) -> str:
    """Return what still stops a repository: for what stopped it, it is asked whether that is over."""
    if repository.parked_reason == "not_gated" and not state.gate:
        return "not_gated"
    if repository.parked_reason and not hub.may_write(repository.kind, repository.name):
        return "token_read_only"
    return ""


def _put_off(repository: Repository, failed: HubError) -> None:
    """Come back when the Hub said so, or later with each failure; what a person has to look at is parked."""
    attempts = repository.observe_attempts + 1
    due = timezone.now() + timedelta(seconds=max(pause(attempts, failed.retry_after), 5.0))
    Repository.objects.filter(pk=repository.pk).update(
        observe_attempts=attempts,
        observe_due_at=due,
        observe_leased_until=None,
        failure=failed.reason[:60],
        failing_since=Coalesce("failing_since", timezone.now()),
    )
    park_repository(repository, failed)
    log.warning("not observed", repository=repository.pk, reason=failed.reason)
