"""Whose turn it is in a sweep: removals everywhere before anything else, and each repository once in a round.

A repository whose token has no calls left for what is due there is passed over until it has: its rows stay as they
are, and nothing is claimed, leased or put off for it.
"""

import time

from . import budget, tokens
from .claims import waiting
from .port import Need

NEEDS = {True: Need.REMOVE, False: Need.TELL}


class Turns:
    """The turns of one sweep. `removing` is true for rows that take something away, or look whether it is gone."""

    def __init__(self) -> None:
        self._round: dict[bool, list[int]] = {True: [], False: []}
        self._without_calls: dict[bool, dict[int, float]] = {True: {}, False: {}}
        self._buckets: dict[int, budget.Name | None] = {}

    def next(self) -> tuple[int, bool] | None:
        """Return the id of the repository that is served next, and whether its removals are; None when nothing is due.

        In a round each repository where something is due is served once, the one that waits the longest first.
        """
        for removing in (True, False):
            found = self._served(removing)
            if found is not None:
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

    def _served(self, removing: bool) -> int | None:
        left = self._round[removing]
        if not left:
            left += waiting(removing=removing)
        while left:
            found = left.pop(0)
            if self._has_calls(found, removing):
                return found
        return None

    def _has_calls(self, repository: int, removing: bool) -> bool:
        """Say whether a repository's token has calls left for this, and remember until when it has none."""
        if repository in self.without_calls(removing):
            return False
        if repository not in self._buckets:
            self._buckets[repository] = tokens.bucket_of(repository)
        bucket = self._buckets[repository]
        wait = budget.wait_of(bucket, NEEDS[removing]) if bucket is not None else 0.0
        if wait:
            self._without_calls[removing][repository] = time.monotonic() + wait
        return not wait
