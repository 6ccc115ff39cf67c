"""How much is due, told, confirmed and parked: of the repositories of one page, or of all that a viewer sees.

Each figure is read from an index that holds only what it counts, and no further than a bound: what is over it is shown
as “more than”, so that no page costs more because there is more to tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from .hub_access import HubAccess, RepositoryWish
from .repositories import READING, Repository, RepositoryQuerySet
from .sync import SyncPause

if TYPE_CHECKING:
    from accounts.viewer import Viewer

MOST = 10_000
STATES = ("waiting", "parked", "paused", "failing")


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by how they stand; none is counted beyond MOST, and then `more` says so.

    Told means: told the present wish, and not read back yet. `removals` are those among due and told who had access on
    the Hub when it was last read, and are not to have it.
    """

    due: int = 0
    told: int = 0
    removals: int = 0
    oldest_due: datetime | None = None
    parked: int = 0
    confirmed: int = 0
    more: bool = False


COUNTED = """
SELECT r.id, u.*, p.*, c.*
FROM unnest(%(repositories)s::bigint[]) AS r (id)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE NOT told), count(*) FILTER (WHERE told), count(*) FILTER (WHERE removing), min(due_at)
    FROM (
        SELECT a.due_at, a.access <> 'yes' AND a.seen = 'accepted' AS removing,
            coalesce(a.applied_generation = a.generation, FALSE) AS told
        FROM gatekeeper_hubaccess AS a
        WHERE {where} AND a.due_at IS NOT NULL AND a.parked_reason = ''
        ORDER BY a.due_at LIMIT %(bound)s
    ) AS one
) AS u
CROSS JOIN LATERAL (
    SELECT count(*) FROM (
        SELECT 1 FROM gatekeeper_hubaccess AS a WHERE {where} AND a.parked_reason <> '' LIMIT %(bound)s
    ) AS one
) AS p
CROSS JOIN LATERAL (
    SELECT count(*) FROM (
        SELECT 1 FROM gatekeeper_hubaccess AS a
        WHERE {where} AND a.access = 'yes' AND a.seen = 'accepted' AND a.due_at IS NULL AND a.confirmed_at IS NOT NULL
        LIMIT %(bound)s
    ) AS one
) AS c
"""
EACH = "a.repository_id = r.id"


def counts_of(repositories: Sequence[Repository]) -> dict[int, Counts]:
    """Return the counts of these repositories by their ids, in one statement."""
    values: dict[str, Any] = {"repositories": [each.pk for each in repositories], "bound": MOST + 1}
    with connection.cursor() as cursor:
        cursor.execute(COUNTED.format(where=EACH), values)
        return {pk: _counts(*found) for pk, *found in cursor.fetchall()}


def counts_for(viewer: "Viewer") -> Counts:
    """Return the counts over all linked repositories that a viewer sees, in one statement."""
    linked = "SELECT id FROM gatekeeper_repository WHERE unlinked_at IS NULL"
    values: dict[str, Any] = {"repositories": [0], "bound": MOST + 1}
    if not viewer.is_operator:
        linked += " AND publisher_id = ANY(%(publishers)s)"
        values["publishers"] = sorted(viewer.publishers_with(*READING))
    with connection.cursor() as cursor:
        cursor.execute(COUNTED.format(where=f"a.repository_id IN ({linked})"), values)
        [(_all, *found)] = cursor.fetchall()
    return _counts(*found)


def _counts(due: int, told: int, removals: int, oldest: datetime | None, parked: int, confirmed: int) -> Counts:
    more = max(due + told, parked, confirmed) > MOST
    return Counts(due, told, removals, oldest, min(parked, MOST), min(confirmed, MOST), more)


def parked_by_reason(rows: QuerySet[HubAccess]) -> list[tuple[str, int]]:
    """Return how many of these rows are parked for which reason, most frequent first; the first MOST are counted."""
    first = rows.exclude(parked_reason="").order_by()[:MOST].values("pk")
    counted = HubAccess.objects.filter(pk__in=first).values("parked_reason").annotate(rows=Count("pk"))
    return [(each["parked_reason"], each["rows"]) for each in counted.order_by("-rows", "parked_reason")]


def standing(repositories: RepositoryQuerySet, state: str) -> RepositoryQuerySet:
    """Return those of the repositories that stand so: waiting, parked, paused, or failing to be read; else all."""
    rows = HubAccess.objects.filter(repository=OuterRef("pk"))
    wishes = RepositoryWish.objects.filter(repository=OuterRef("pk"))
    states = {
        "waiting": Exists(rows.unsettled().filter(parked_reason="")) | Exists(wishes.filter(due_at__isnull=False)),
        "parked": ~Q(parked_reason="") | Exists(rows.parked()) | Exists(wishes.exclude(parked_reason="")),
        "paused": Exists(SyncPause.objects.open().filter(repository=OuterRef("pk"))),
        "failing": ~Q(failure=""),
    }
    return repositories.filter(states[state]) if state in states else repositories
