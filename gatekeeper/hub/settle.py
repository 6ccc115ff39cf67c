"""Telling the Hub what is wished of people, and reading it back: a row is done when it was read, not when it was told.

Every call is made outside of transactions, on rows that are leased. What came of it is written down under the rows'
locks, and closes only rows whose wish has not changed meanwhile. A worker may end at any point of this: its rows are
found by the next one, which reads the truth back before it says anything.
"""

import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta

import structlog
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from gatekeeper.actions import procedures
from gatekeeper.actions.grants import activate_confirmed
from gatekeeper.models import HubAccess, Repository
from gatekeeper.models.bulk import write_back
from gatekeeper.rules.access import Access, Call, Seen, Sight, next_call

from . import accounts, budget, drift, gate, marks, tokens
from .capabilities import knows
from .claims import SINGLY, Claim, call_limit, close, note_told, outside, take, to_do
from .client import HubClient
from .look import Sighting, find
from .parking import OF_THE_REPOSITORY, park_repository, pause
from .port import Address, HubError, Need, Outcome, Word
from .sentences import sentence
from .turns import Turns

log = structlog.get_logger(__name__)

SWEEP = 30.0  # seconds that one sweep may go on
LAST_ATTEMPT = 8
NAMED = 10  # ids of requests in one line of the log


def settle_due(*, seconds: float = SWEEP) -> int | None:
    """Tell and read back what is due, each repository in turn; returns in how many seconds more is due, if soon."""
    outside()
    end = time.monotonic() + seconds
    marks.pause_if_restored()
    gate.settle_wishes(until=end)
    activate()  # a worker may have been lost between reading back and this
    turns = Turns()
    while time.monotonic() < end and (turn := turns.next()) is not None:
        pk, removing = turn
        claim = take(pk, removing=removing, reset_known=knows("reset"))
        try:
            perform(claim)
        except Exception:  # whatever is wrong with these rows, the others are not to wait for it
            log.exception("not settled", repository=claim.repository.pk)
    activate()
    procedures.carry_on_all()
    return _next_in(turns)


def perform(claim: Claim) -> None:
    """Do what a claim is for, and write down what came of it."""
    if claim.rows:
        log.info(
            "settle",
            repository=claim.repository.pk,
            call=str(claim.call),
            rows=len(claim.rows),
            # The pages and calls that wished it: this worker may have been woken by somebody else.
            wished_by=sorted({row.log_id for row in claim.rows if row.log_id})[:NAMED],
        )
        if claim.call is Call.LOOK:
            _look(claim)
        else:
            _tell(claim)


def activate() -> None:
    """Activate the grants whose every repository was read back, and end the drift that is no more."""
    while activate_confirmed():
        pass
    drift.end_what_is_over()


def _next_in(turns: Turns) -> int | None:
    """In how many whole seconds something is due, if soon: the cache remembers a bell for no part of a second."""
    passed_over = Q(access=Access.YES, repository__in=turns.without_calls(removing=False)) | Q(
        ~Q(access=Access.YES), repository__in=turns.without_calls(removing=True)
    )
    soonest = (
        HubAccess.objects.filter(due_at__isnull=False, parked_reason="", repository__parked_reason="")
        .exclude(passed_over)
        .running()
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )
    found = [turns.seconds(), None if soonest is None else (soonest - timezone.now()).total_seconds()]
    seconds = min((one for one in found if one is not None), default=None)
    return None if seconds is None or seconds > 10 else max(math.ceil(seconds), 1)


def first_to_ring(soon: int) -> bool:
    """Say whether nobody else has arranged for the next sweep already, so that bells do not multiply."""
    try:
        return bool(cache.add("hub-settle-bell", 1, soon))
    except budget.AWAY:
        return False


# Telling


def _tell(claim: Claim) -> None:
    outside()
    outcomes: list[Outcome] = []
    failed: HubError | None = None
    begun = timezone.now()
    try:
        hub = tokens.client_for(claim.repository)
        marks.count(claim.repository)
        for outcome in _say(hub, claim):
            outcomes.extend(outcome)
    except HubError as error:
        failed = error
    _write_down(claim, outcomes, failed, begun=begun)


def _say(hub: HubClient, claim: Claim) -> Iterator[list[Outcome]]:
    kind, name = claim.repository.kind, claim.repository.name
    people = [Address(row.person.hub_user_id, row.person.username, row.hub_request_id) for row in claim.rows]
    if claim.call is Call.GRANT:
        for person in people:
            yield [hub.grant(kind, name, person)]
        return
    assert claim.call is not None
    need = Need.TELL if claim.call is Call.ACCEPT else Need.REMOVE
    yield hub.decide(kind, name, claim.call.value, people, claim.reason, need=need)


def _write_down(claim: Claim, outcomes: Sequence[Outcome], failed: HubError | None, *, begun: datetime) -> None:
    """Write down what the Hub answered, row by row; where it did not answer, what that means for the rest."""
    told = dict(zip((row.pk for row in claim.rows), outcomes, strict=False))
    done: set[int] = set()
    if failed is None and len(claim.rows) > SINGLY:
        done = note_told(claim, [pk for pk, outcome in told.items() if outcome is Outcome.TOLD])

    def of(row: HubAccess, generation: int) -> None:
        outcome = told.get(row.pk)
        if outcome is not None:
            _note_outcome(row, outcome, generation, begun=begun)
        elif failed is not None:
            _note_failure(row, failed, generation)

    _with_rows(claim, of, failed=failed, but=done)
    accounts.note_gone([row.person_id for row in claim.rows if told.get(row.pk) is Outcome.NO_PERSON])


def _note_outcome(row: HubAccess, outcome: Outcome, generation: int, *, begun: datetime) -> None:
    now = timezone.now()
    if outcome is Outcome.NO_PERSON:
        row.parked_reason = "person_gone"
    elif outcome is Outcome.NO_REQUEST:
        row.seen, row.seen_at, row.hub_request_id = Seen.NONE.value, begun, ""
    elif outcome is Outcome.NOT_TOLD:
        return  # it keeps its place before those that became due later
    else:
        row.applied_at, row.applied_generation = now, generation
    row.due_at, row.confirmed_at = now, None


def _note_failure(row: HubAccess, failed: HubError, generation: int) -> None:
    """Put a row off after a failure. A call that may have taken effect, or may yet, makes the next one a look."""
    now = timezone.now()
    if failed.unknown:
        row.applied_at, row.applied_generation, row.doubt_until = now, generation, now + call_limit()
        row.confirmed_at = None
    if failed.reason == "reset_unknown":
        row.due_at = now
        return
    if failed.reason == "budget":  # the Hub was not asked at all
        row.due_at = now + timedelta(seconds=pause(1, failed.retry_after))
        return
    if failed.word is Word.STOP and failed.reason not in OF_THE_REPOSITORY:
        row.parked_reason = failed.reason
    row.attempts += 1
    if failed.word is Word.LOOK:
        row.seen = Seen.UNKNOWN.value
        if row.attempts >= LAST_ATTEMPT:
            row.parked_reason = failed.reason
    row.due_at = now + timedelta(seconds=pause(row.attempts, failed.retry_after))


# Looking


def _look(claim: Claim) -> None:
    outside()
    seen: dict[int, Sighting] = {}
    told: dict[int, Outcome] = {}
    failed: HubError | None = None
    begun = timezone.now()
    try:
        hub = tokens.client_for(claim.repository)
        for row in claim.rows:
            seen[row.pk] = find(hub, claim.repository, row)
            if not seen[row.pk].complete and row.access != Access.YES and row.applied_generation != row.generation:
                told[row.pk] = _close_unseen(hub, claim.repository, row)
    except HubError as error:
        failed = error

    reset_known = knows("reset")

    def of(row: HubAccess, generation: int) -> None:
        sighting = seen.get(row.pk)
        if row.pk in told:
            _note_outcome(row, told[row.pk], generation, begun=begun)
        elif sighting is not None:
            _note_sighting(row, sighting, reset_known=reset_known)
        elif failed is not None:
            _note_failure(row, failed, generation)

    _with_rows(claim, of, failed=failed)
    if any(row.confirmed_at is not None for row in claim.rows):
        if failed is None:
            accounts.ask_after_the_absent(hub, claim.repository)
        drift.compare(claim.repository)


def _close_unseen(hub: HubClient, repository: Repository, row: HubAccess) -> Outcome:
    """Take access away from somebody whom no name finds in lists too long to read: their id is enough for that."""
    call = next_call(row.wish, Sight(Seen.ACCEPTED, row.closing_of), reset_known=knows("reset")) or Call.PENDING
    person = Address(row.person.hub_user_id, row.person.username, row.hub_request_id)
    marks.count(repository)
    [outcome] = hub.decide(
        repository.kind, repository.name, call.value, [person], sentence(row.cause), need=Need.REMOVE
    )
    return outcome


def _note_sighting(row: HubAccess, sighting: Sighting, *, reset_known: bool) -> None:
    """Take over what was read, unless the row was told something since or read later than this."""
    now = timezone.now()
    stale = any(since is not None and since >= sighting.begun for since in (row.applied_at, row.seen_at))
    if sighting.complete and not stale:
        sighting.onto(row)
    again = to_do(row, reset_known=reset_known)
    if again is None:
        close([row])
        return
    if row.confirmed_at is not None and again is not Call.LOOK:
        row.due_at = None  # it was as wished, and somebody changed it: that is drift, and not told over
        return
    row.attempts += 1
    row.due_at = now if sighting.complete and again is not Call.LOOK else now + timedelta(seconds=pause(row.attempts))
    if row.doubt_until is not None and again is Call.LOOK and row.access != Access.YES:
        row.due_at = max(row.due_at, row.doubt_until)
    if not sighting.complete and row.attempts >= LAST_ATTEMPT:
        row.parked_reason = "not_found_in_lists"


# Writing down

WRITTEN = (
    "due_at",
    "leased_until",
    "lease",
    "attempts",
    "parked_reason",
    "applied_at",
    "applied_generation",
    "doubt_until",
    "confirmed_at",
    "closing",
    "closing_of",
    "seen",
    "seen_at",
    "seen_requested_at",
    "seen_reviewed_at",
    "seen_granted_by",
    "hub_request_id",
)


def _with_rows(
    claim: Claim, of: Callable[[HubAccess, int], None], *, failed: HubError | None, but: Collection[int] = ()
) -> None:
    """Lock the rows of a claim as they are by now, and let `of` say what becomes of each; then the lease ends.

    What was told or seen is a fact whatever happened meanwhile; whether it settles anything is asked of the wish as it
    stands now. A row that somebody else has closed since becomes due again if the Hub heard something late.
    """
    before = {row.pk: row.generation for row in claim.rows if row.pk not in but}
    if failed is not None:
        park_repository(claim.repository, failed)
    if not before:
        return
    with transaction.atomic():
        rows = list(
            HubAccess.objects.select_for_update(no_key=True, of=("self",))
            .select_related("person")
            .filter(pk__in=before)
            .order_by("pk")
        )
        for row in rows:
            of(row, before[row.pk])
            if row.generation != before[row.pk]:
                row.parked_reason = ""  # whatever it was, the new wish has not met it yet
            if row.lease == claim.lease:
                row.lease, row.leased_until = "", None
        write_back(rows, WRITTEN)
