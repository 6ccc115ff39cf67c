"""Writing what lists said onto Hub access, a page in a constant number of statements. It asks the Hub nothing.

Rows are always locked by ascending id first, as the verbs do, so that the two cannot deadlock.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from gatekeeper.models import HubAccess, Repository
from gatekeeper.rules.access import Access, Seen

from .port import ListedRequest

LOCK = """
SELECT id FROM gatekeeper_hubaccess
WHERE repository_id = %s AND person_id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""
ADD = """
INSERT INTO gatekeeper_hubaccess (
    repository_id, person_id, access, closing, cause, generation, lease, attempts, parked_reason,
    seen, seen_at, seen_requested_at, seen_reviewed_at, seen_granted_by, hub_request_id, observe_run
)
SELECT %(repository)s, person, 'no_opinion', '', '', 0, '', 0, '',
    %(status)s, %(asked)s, requested, reviewed, granter, request, %(run)s
FROM unnest(
    %(people)s::bigint[], %(requested)s::timestamptz[], %(reviewed)s::timestamptz[], %(granters)s::text[],
    %(requests)s::text[]
) AS item (person, requested, reviewed, granter, request)
ORDER BY person
ON CONFLICT (repository_id, person_id) DO NOTHING
"""
# What a page says of somebody is older than anything that was told or read since the page was asked for.
CHANGE = """
UPDATE gatekeeper_hubaccess AS known SET
    seen = %(status)s, seen_at = %(asked)s, seen_requested_at = item.requested, seen_reviewed_at = item.reviewed,
    seen_granted_by = item.granter, hub_request_id = item.request, observe_run = %(run)s
FROM unnest(
    %(people)s::bigint[], %(requested)s::timestamptz[], %(reviewed)s::timestamptz[], %(granters)s::text[],
    %(requests)s::text[]
) AS item (person, requested, reviewed, granter, request)
WHERE known.repository_id = %(repository)s AND known.person_id = item.person
    AND (known.applied_at >= %(asked)s OR known.seen_at >= %(asked)s) IS NOT TRUE
"""


def write(
    repository: Repository,
    run: int,
    status: str,
    items: Mapping[int, ListedRequest],
    *,
    asked: datetime,
    adding: Sequence[int],
) -> None:
    """Write what a page of a list said of people, by their ids here; those of `adding` get a row if they have none."""
    if not items:
        return
    about: dict[str, Any] = {"repository": repository.pk, "run": run, "status": status, "asked": asked}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK, [repository.pk, sorted(items)])
        cursor.execute(CHANGE, about | _arrays(items, sorted(items)))
        if adding:
            cursor.execute(ADD, about | _arrays(items, sorted(adding)))


def _arrays(items: Mapping[int, ListedRequest], people: Sequence[int]) -> dict[str, Any]:
    return {
        "people": people,
        "requested": [items[pk].requested_at for pk in people],
        "reviewed": [items[pk].reviewed_at for pk in people],
        "granters": [items[pk].granted_by for pk in people],
        "requests": [items[pk].request_id for pk in people],
    }


def not_brought_in(repository: Repository, people: Sequence[int]) -> list[int]:
    """Return which of these people wait with a Hub request that was not brought in yet."""
    return list(
        HubAccess.objects.not_brought_in()
        .filter(repository=repository, person__in=people)
        .order_by("pk")
        .values_list("person_id", flat=True)
    )


def take_absence(repository: Repository, run: int, lists: Sequence[str], *, started: datetime) -> None:
    """Take as a fact, after a complete run, that somebody stood in no list that was read.

    With all four lists read there is no request; with two, it is somewhere else, which is read again where it matters.
    """
    everywhere = len(lists) == 4
    gone = Q(seen__in=lists) | (Q(due_at__isnull=False) if everywhere else Q(pk=None))
    with transaction.atomic():
        rows = _locked(
            HubAccess.objects.filter(
                gone, Q(applied_at=None) | Q(applied_at__lt=started), repository=repository
            ).filter(Q(seen_at=None) | Q(seen_at__lt=started), observe_run__lt=run)
        )
        HubAccess.objects.filter(pk__in=rows).update(
            seen=Seen.NONE if everywhere else Seen.UNKNOWN, seen_at=started, observe_run=run
        )


def make_due(repository: Repository, *, since: datetime) -> None:
    """Make due what a run bears on: settled wishes that need a closer look, and unsettled ones that it may settle.

    A settled wish that the run contradicts is drift, and waits for somebody to decide.
    """
    unclear = Q(due_at=None, access__in=(Access.YES, Access.NO), seen=Seen.UNKNOWN)
    newer = Q(due_at__isnull=False, lease="") & (Q(wished_at=None) | Q(wished_at__lte=F("seen_at")))
    now = timezone.now()
    with transaction.atomic():
        rows = _locked(
            HubAccess.objects.filter(unclear | newer, repository=repository, seen_at__gte=since, parked_reason="")
        )
        HubAccess.objects.filter(pk__in=rows).update(due_at=now)


# As claims.close does it, for those whom the Hub was to accept and does: in one statement, however many they are.
CLOSE_ACCEPTED = """
WITH settled AS (
    SELECT id FROM gatekeeper_hubaccess
    WHERE repository_id = %(repository)s AND due_at IS NOT NULL AND parked_reason = '' AND lease = ''
        AND access = 'yes' AND seen = 'accepted' AND seen_at >= %(since)s
        AND (wished_at IS NULL OR wished_at <= seen_at)
        AND (applied_at IS NULL OR applied_at < seen_at AND applied_generation = generation)
    ORDER BY id
    FOR NO KEY UPDATE
)
UPDATE gatekeeper_hubaccess AS row SET
    due_at = NULL, leased_until = NULL, doubt_until = NULL, closing = '', closing_of = NULL, attempts = 0,
    confirmed_at = seen_at, told_yes_at = CASE WHEN doubt_until IS NULL THEN NULL ELSE told_yes_at END
FROM settled WHERE row.id = settled.id
"""


def close_accepted(repository: Repository, *, since: datetime) -> None:
    """Close the rows whose wish a run has read back as accepted."""
    with connection.cursor() as cursor:
        cursor.execute(CLOSE_ACCEPTED, {"repository": repository.pk, "since": since})


def _locked(rows: QuerySet[HubAccess]) -> list[int]:
    return list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
