"""What is wrong with the whole installation at this moment, asked of the database in one statement."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

WORKER_SILENT = timedelta(minutes=3)
READ_LATELY = timedelta(minutes=3)
MOST_REMOVALS = 1_000
# Why a reading failed that says: it is the Hub, or the way there, and not this repository or its token.
HUB_AWAY = ("unreachable", "timeout", "connection_lost", "hub_unwell", "unreadable_answer")

ASKED = """
SELECT
    (SELECT max(seen_at) FROM gatekeeper_heartbeat),
    (SELECT min(failing_since) FROM gatekeeper_repository
        WHERE unlinked_at IS NULL AND failure = ANY(%(hub_away)s)),
    EXISTS (SELECT 1 FROM gatekeeper_repository
        WHERE unlinked_at IS NULL AND failure = '' AND observed_at >= %(lately)s),
    (SELECT min(paused_at) FROM gatekeeper_syncpause WHERE repository_id IS NULL AND lifted_at IS NULL),
    EXISTS (SELECT 1 FROM gatekeeper_syncpause
        WHERE repository_id IS NULL AND lifted_at IS NULL AND cause = 'restore'),
    CASE WHEN EXISTS (SELECT 1 FROM gatekeeper_syncpause WHERE repository_id IS NULL AND lifted_at IS NULL) THEN
        (SELECT count(*) FROM (
            SELECT 1 FROM gatekeeper_hubaccess AS held
            JOIN gatekeeper_repository AS linked ON linked.id = held.repository_id AND linked.unlinked_at IS NULL
            WHERE held.due_at IS NOT NULL AND held.access <> 'yes' AND held.seen = 'accepted'
                AND held.parked_reason = ''
            LIMIT %(most)s
        ) AS waiting)
    ELSE 0 END
"""


@dataclass(frozen=True, slots=True)
class Alarms:
    """When a worker was last seen; since when the Hub is away, and all sync paused; how many removals wait for that."""

    worker_seen: datetime | None = None
    hub_away_since: datetime | None = None
    paused_since: datetime | None = None
    after_restore: bool = False
    removals_waiting: int = 0

    def worker_missing(self, *, at: datetime) -> bool:
        """Say whether no worker has been seen for a while."""
        return self.worker_seen is None or self.worker_seen < at - WORKER_SILENT


def alarms(*, at: datetime) -> Alarms:
    """Return what is wrong now. The Hub is away where readings fail because of it and none came through lately."""
    values: dict[str, Any] = {"hub_away": list(HUB_AWAY), "lately": at - READ_LATELY, "most": MOST_REMOVALS + 1}
    with connection.cursor() as cursor:
        cursor.execute(ASKED, values)
        [(seen, failing, reading, paused, restored, removals)] = cursor.fetchall()
    return Alarms(seen, None if reading else failing, paused, restored, removals)
