"""Whose turn it is in a sweep: removals everywhere before anything else, and each repository once in a round.

A repository whose token has no calls left for what is due there is passed over until it has: its rows stay as they
are, and nothing is claimed, leased or put off for it.
"""

import time

from . import budget, tokens
from .claims import most_urgent
from .port import Need

NEEDS = {True: Need.REMOVE, False: Need.TELL}


class Turns:
    """The turns of one sweep. `removing` is true for rows that take something away, or look whether it is gone."""

    def __init__(self) -> None:
        self._served: dict[bool, set[int]] = {True: set(), False: set()}
        self._without_calls: dict[bool, dict[int, float]] = {True: {}, False: {}}

    def next(self) -> tuple[int, bool] | None:
        """Return the id of the repository that is served next, and whether its removals are; None when nothing is due.

        What is due the longest comes first; who was served waits for the others.
        """
        for removing in (True, False):
            found = self._first(removing)
            if found is None and self._served[removing]:
                self._served[removing].clear()
                found = self._first(removing)
            if found is not None:
                self._served[removing].add(found)
                return found, removing
        return None

    def without_calls(self, removing: bool) -> set[int]:
        """Return the repositories whose tokens have no calls left now."""
        now = time.monotonic()
        return {pk for pk, until in self._without_calls[removing].items() if until > now}

    def seconds(self) -> float | None:
        """Return in how many seconds the first of those tokens has calls again; None where all have some."""
        ends = [until for kept in self._without_calls.values() for until in kept.values()]
        return max(min(ends) - time.monotonic(), 0.0) if ends else None

    def _first(self, removing: bool) -> int | None:
        while True:
            passing_over = self._served[removing] | self.without_calls(removing)
            found = most_urgent(removing=removing, passing_over=passing_over)
            if found is None:
                return None
            bucket = tokens.bucket_of(found)
            wait = budget.wait_of(bucket, NEEDS[removing]) if bucket is not None else 0.0
            if not wait:
                return found
            self._without_calls[removing][found] = time.monotonic() + wait
