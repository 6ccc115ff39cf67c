"""Which rows of Hub access a worker takes next, and what is to be done about them. It calls nobody.

A claim is a short transaction: due rows are taken with SKIP LOCKED, leased, and worked on afterwards, outside of it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from gatekeeper.actions.nudges import nudge
from gatekeeper.models import HubAccess, Repository
from gatekeeper.models.bulk import write_back
from gatekeeper.rules.access import Access, Call, next_call

from . import tally
from .sentences import sentence

AT_ONCE = 100
READ_AT_ONCE = AT_ONCE
CLOSED = (
    "due_at",
    "leased_until",
    "doubt_until",
    "lease",
    "closing",
    "closing_of",
    "parked_reason",
    "attempts",
    "confirmed_at",
    "told_yes_at",
)
# More people than this are not looked up one by one: the lists are read instead.
SINGLY = 10
PATIENCE = 3
# When a row is asked about again whose answer is in a list that somebody is to read.
UNLESS_READ = timedelta(seconds=20)
# The Hub's lists were seen to lag behind its changes by a second or two.
LAG = timedelta(seconds=8)
# A repository that does not share names: nothing opens there, but what has to be closed is.
CLOSING_ONLY = "usernames_hidden"


def call_limit() -> timedelta:
    """Return how long one call to the Hub may take."""
    return timedelta(seconds=settings.HUB_CALL_TIMEOUT)


def lease_time() -> timedelta:
    """Return how long a worker may hold rows: the call it makes, and some time to write down what came of it."""
    return 2 * call_limit() + timedelta(seconds=5)


@dataclass
class Claim:
    """Rows of one repository about which the same is to be done, leased to this worker. No call: they were settled."""

    repository: Repository
    call: Call | None
    rows: list[HubAccess]
    lease: str = ""
    reason: str = ""
    settled: list[HubAccess] = field(default_factory=list)


def outside() -> None:
    """Make sure that no transaction is open: a call may take seconds, and rows must not be locked meanwhile.

    Raises RuntimeError. The transaction that Django's own test case puts around a test is none, as for durable blocks.
    """
    if any(not block._from_testcase for block in connection.atomic_blocks):  # type: ignore[attr-defined]  # not in stubs
        raise RuntimeError("The Hub is called outside of transactions.")


def to_do(row: HubAccess, *, reset_known: bool = True) -> Call | None:
    """Return what is to be done about a row: a call, LOOK where what was seen is too old, None when settled."""
    if row.applied_at is not None and (row.seen_at is None or row.seen_at <= row.applied_at):
        return Call.LOOK
    call = next_call(row.wish, row.sight, reset_known=reset_known)
    if call is None:
        return None if _believed(row) else Call.LOOK
    if call is not Call.LOOK and _told(row) and _just_after(row):
        return Call.LOOK
    return call


def _told(row: HubAccess) -> bool:
    """Say whether the Hub was told the present wish already."""
    return row.applied_generation == row.generation


def _just_after(row: HubAccess) -> bool:
    return row.applied_at is not None and row.seen_at is not None and row.seen_at < row.applied_at + LAG


def _believed(row: HubAccess) -> bool:
    """Say whether what was seen is new enough to confirm the wish: after it, after what was told, after any doubt."""
    if row.access == Access.NO_OPINION and not row.closing:
        return True
    if row.seen_at is None or (row.wished_at is not None and row.seen_at < row.wished_at):
        return False
    if row.applied_at is not None and not _told(row) and _just_after(row):
        return False
    return row.access == Access.YES or row.doubt_until is None or row.seen_at >= row.doubt_until


def take(repository_id: int, *, removing: bool, reset_known: bool = True) -> Claim:
    """Lease the next rows of a repository that want the same done: those that take something away, or the others.

    Rows that turn out to be settled by what was seen are closed here and now: nothing is left to say about them.
    """
    at = timezone.now()
    with transaction.atomic():
        due = _claimable(at, removing=removing).filter(repository=repository_id)
        rows = list(
            due.select_for_update(no_key=True, skip_locked=True, of=("self",))
            .select_related("person")
            .order_by("due_at", "pk")[:READ_AT_ONCE]
        )
        repository = Repository.objects.select_related("token").get(pk=repository_id)
        _doubt_the_vanished(rows)
        wanted = {row.pk: to_do(row, reset_known=reset_known) for row in rows}
        settled = [row for row in rows if wanted[row.pk] is None]
        close(settled)
        rows = _without_drift([row for row in rows if wanted[row.pk] is not None], wanted)
        rows = [row for row in rows if not _park_the_unproven(row, wanted[row.pk])]
        if not rows:
            return Claim(repository, None, [], settled=settled)
        claim = _group(repository, rows, wanted)
        claim.settled = settled
        if claim.call is not None:
            _lease(claim, at=at)
    return claim


def _claimable(at: datetime, *, removing: bool) -> QuerySet[HubAccess]:
    due = HubAccess.objects.due(at=at)
    if removing:
        return due.exclude(access=Access.YES).filter(repository__parked_reason__in=("", CLOSING_ONLY))
    return due.filter(access=Access.YES, repository__parked_reason="")


def waiting(*, removing: bool) -> list[int]:
    """Return the repositories where something is due, the longest first: something to take away, or something else."""
    here = _claimable(timezone.now(), removing=removing).filter(repository=OuterRef("pk"))
    first = here.order_by("due_at").values("due_at")[:1]
    due = Repository.objects.linked().annotate(first_due=Subquery(first)).filter(first_due__isnull=False)
    return list(due.order_by("first_due", "pk").values_list("pk", flat=True))


def _doubt_the_vanished(rows: Sequence[HubAccess]) -> None:
    """Take account of workers that never came back: nobody knows what they told the Hub, or tell it yet."""
    lost = [row for row in rows if row.lease and row.leased_until is not None]
    for row in lost:
        assert row.leased_until is not None
        row.applied_at = max(filter(None, (row.applied_at, row.leased_until)))
        row.applied_generation = None
        row.doubt_until = row.leased_until + call_limit()
        row.lease = ""
    write_back(lost, ["applied_at", "applied_generation", "doubt_until", "lease"])


def _without_drift(rows: list[HubAccess], wanted: dict[int, Call | None]) -> list[HubAccess]:
    """Leave alone what was as wished before, and turned out to be otherwise now: that is drift, and not told over."""
    changed = {row.pk for row in rows if row.confirmed_at is not None and wanted[row.pk] is not Call.LOOK}
    HubAccess.objects.filter(pk__in=changed).update(due_at=None)
    return [row for row in rows if row.pk not in changed]


def _park_the_unproven(row: HubAccess, call: Call | None) -> bool:
    """Park a row about somebody whose Hub id never signed in nor stood in a list: nothing is told about them."""
    if call is Call.LOOK or row.person.proven_at is not None or row.seen_requested_at is not None:
        return False
    if HubAccess.objects.filter(person=row.person_id, seen_requested_at__isnull=False).exists():
        return False
    HubAccess.objects.filter(pk=row.pk).update(parked_reason="identity_unproven")
    return True


def _group(repository: Repository, rows: list[HubAccess], wanted: dict[int, Call | None]) -> Claim:
    """Return the first row and those that want the same said in the same words; no call where lists shall be read."""
    first, call = rows[0], wanted[rows[0].pk]
    if call is Call.LOOK:
        looking = [row for row in rows if wanted[row.pk] is Call.LOOK]
        fresh = [row for row in looking if row.attempts < PATIENCE]
        if len(fresh) > SINGLY:
            _read_the_lists(repository, fresh)
            return Claim(repository, None, [])
        return Claim(repository, call, looking[:SINGLY])
    reason = sentence(first.cause)
    alike = [row for row in rows if wanted[row.pk] is call and sentence(row.cause) == reason]
    return Claim(repository, call, alike[: SINGLY if call is Call.GRANT else AT_ONCE], reason=reason)


TOLD = """
WITH told AS (
    SELECT row.id
    FROM gatekeeper_hubaccess AS row
    JOIN unnest(%(ids)s::bigint[], %(generations)s::bigint[]) AS claimed (id, generation) ON claimed.id = row.id
    WHERE row.generation = claimed.generation AND row.lease = %(lease)s
    ORDER BY row.id
    FOR NO KEY UPDATE OF row
)
UPDATE gatekeeper_hubaccess AS row SET
    applied_at = %(now)s, applied_generation = row.generation, confirmed_at = NULL, lease = '', leased_until = NULL,
    due_at = %(again)s, attempts = row.attempts + 1
FROM told WHERE row.id = told.id
RETURNING row.id
"""


def note_told(claim: Claim, ids: Sequence[int]) -> set[int]:
    """Write down of many rows of a claim that the Hub took what it was told, and have its lists read, in one statement.

    Returns the ids of those that nobody has touched meanwhile. The others are judged one by one.
    """
    now = timezone.now()
    generations = {row.pk: row.generation for row in claim.rows}
    values: dict[str, Any] = {
        "ids": list(ids),
        "generations": [generations[pk] for pk in ids],
        "lease": claim.lease,
        "now": now,
        "again": now + UNLESS_READ,
    }
    with connection.cursor() as cursor:
        cursor.execute(TOLD, values)
        done = {pk for (pk,) in cursor.fetchall()}
    if done:
        ask_for_reading(claim.repository, at=now)
    return done


def _read_the_lists(repository: Repository, rows: Sequence[HubAccess]) -> None:
    """Have the lists read soon, which answers for all these rows at once; ask again later if nobody did."""
    at = timezone.now()
    for row in rows:
        row.due_at, row.attempts = at + UNLESS_READ, row.attempts + 1
    write_back(rows, ["due_at", "attempts"])
    ask_for_reading(repository, at=at)


def ask_for_reading(repository: Repository, *, at: datetime) -> None:
    """Make a repository due to be observed, and ring for it."""
    Repository.objects.filter(pk=repository.pk).update(observe_due_at=at)
    nudge("observe", repository.pk)


def close(rows: Sequence[HubAccess]) -> None:
    """Close rows whose wish was read back: nothing is due, and what was owed once is paid. For rows that are locked."""
    for row in rows:
        if row.access == Access.YES and row.doubt_until is None:
            row.told_yes_at = None  # it has arrived, so it cannot arrive later
        row.due_at = row.leased_until = row.doubt_until = row.closing_of = None
        row.lease, row.closing, row.parked_reason, row.attempts = "", "", "", 0
        row.confirmed_at = row.seen_at
    write_back(rows, CLOSED)
    transaction.on_commit(partial(tally.confirmed, len(rows)))


def close_read_back(repository: Repository) -> None:
    """Close the rows of a repository that a reading has settled, as taking them would; for one whose sync is paused."""
    at, last = timezone.now(), 0
    free = Q(leased_until=None) | Q(leased_until__lte=at)
    due = HubAccess.objects.unsettled().filter(free, repository=repository, parked_reason="", lease="")
    while True:
        with transaction.atomic():
            batch = due.filter(pk__gt=last).select_for_update(no_key=True).order_by("pk")
            rows = list(batch[:READ_AT_ONCE])
            close([row for row in rows if to_do(row) is None])
        if not rows:
            return
        last = rows[-1].pk


def _lease(claim: Claim, *, at: datetime) -> None:
    claim.lease = secrets.token_hex(16)
    until = at + lease_time()
    for row in claim.rows:
        row.lease, row.leased_until = claim.lease, until
    told = {"told_yes_at": at} if claim.call in (Call.ACCEPT, Call.GRANT) else {}
    HubAccess.objects.filter(pk__in=[row.pk for row in claim.rows]).update(
        lease=claim.lease, leased_until=until, **told
    )
