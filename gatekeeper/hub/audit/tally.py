"""Counting one list while it is read: whatever its length, only counts and a few rows are kept."""

import heapq
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from gatekeeper.hub.port import ListedRequest

from .facts import Insiders, Listed, Row

AGES = (14, 90)  # days after which somebody has waited long, and very long
GRANTERS = 1_000  # names of those who accepted that are told apart


class Tally:
    """Counts the people of a list. `turns` are moments at which the terms changed, in order of time."""

    def __init__(
        self,
        status: str,
        *,
        at: datetime,
        insiders: Insiders,
        turns: Sequence[datetime] = (),
        shown: int = 100,
        keep: Callable[[Row], None] | None = None,
    ) -> None:
        self.listed = Listed(status)
        self._at = at
        self._insiders = insiders
        self._turns = list(turns)
        self._since = [0] * (len(self._turns) + 1)
        self._shown = shown
        self._keep = keep
        self._best: list[tuple[float, int, Row]] = []

    def add(self, item: ListedRequest) -> None:
        """Count one person."""
        listed = self.listed
        listed.total += 1
        listed.oldest = min(listed.oldest or item.requested_at, item.requested_at)
        listed.newest = max(listed.newest or item.requested_at, item.requested_at)
        if item.person is None:
            listed.hidden += 1
        elif item.person.hub_user_id in self._insiders.people:
            listed.insiders += 1
        if listed.status == "accepted":
            self._accepted(item)
        elif listed.status == "pending":
            for days in AGES:
                listed.over[days] = listed.over.get(days, 0) + (item.requested_at < self._at - timedelta(days=days))
        self._row(item)

    def _accepted(self, item: ListedRequest) -> None:
        listed = self.listed
        decided = bool(item.granted_by) or item.granter_gone
        if item.granted_by:
            who = (item.granted_by_id, item.granted_by)
            if who in listed.granters or len(listed.granters) < GRANTERS:
                listed.granters[who] = listed.granters.get(who, 0) + 1
        listed.granter_gone += item.granter_gone
        listed.undecided += not decided
        if decided and item.person is not None and not item.person.email and not item.fields:
            listed.by_hand += 1  # they never saw a text, so they agreed to none
        else:
            self._since[bisect_right(self._turns, item.requested_at)] += 1

    def _row(self, item: ListedRequest) -> None:
        row = Row(
            username=item.person.username if item.person else "",
            hub_user_id=item.person.hub_user_id if item.person else "",
            status=item.status,
            requested_at=item.requested_at,
            reviewed_at=item.reviewed_at,
            granted_by=item.granted_by,
        )
        self._remember(row)
        if self._keep is not None:
            self._keep(row)

    def _remember(self, row: Row) -> None:
        """Keep the row if it is among the first: those who wait the longest, or those who came the last."""
        if row.status == "pending":
            rank = -row.requested_at.timestamp()
        else:
            rank = (row.reviewed_at or row.requested_at).timestamp()
        entry = (rank, -self.listed.total, row)
        if len(self._best) < self._shown:
            heapq.heappush(self._best, entry)
        elif self._shown:
            heapq.heappushpop(self._best, entry)

    def end(self, *, gap: str = "", unread: bool = False) -> Listed:
        """Return what was counted; `gap` says why it is not all."""
        self.listed.gap, self.listed.unread = gap, unread
        self.listed.rows = [row for _rank, _number, row in sorted(self._best, reverse=True)]
        self.listed.before = tuple(accumulate(self._since[:-1]))
        return self.listed
