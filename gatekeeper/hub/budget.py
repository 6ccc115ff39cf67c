"""How many calls a Hub token has left: one bucket per token, shared by all workers, fed by the Hub's own headers.

Nobody waits here. A call for which nothing is left raises HubError("later") with the time to come back; removals may
use the last call, other changes stop a little before, reading lists stops first.
"""

import hashlib
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.core.cache import cache
from redis.exceptions import RedisError

from .port import HubError, Need, Word

# What is believed of a token that the Hub has not said anything about: the quota of a free account is twice that.
FIRST_QUOTA = 500
FIRST_WINDOW = 300
# The share of the quota that is kept back for what is more urgent.
KEPT_BACK = {Need.REMOVE: 0.0, Need.TELL: 0.05, Need.READ: 0.2}
# Without Redis each process counts for itself, and asks for little.
ALONE_A_MINUTE = {Need.REMOVE: 60, Need.TELL: 40, Need.READ: 20}
AWAY = (RedisError, OSError)

_alone: deque[float] = deque()


def name_of(token: str, kind: str = "api") -> str:
    """Return the name of a token's bucket, from which the token cannot be told."""
    return f"hub-budget:{hashlib.sha256(token.encode()).hexdigest()[:24]}:{kind}"


def spend(bucket: str, need: Need) -> None:
    """Take one call out of a bucket. Raises HubError("later", "budget") when none is left for this need."""
    left_key, window_key = f"{bucket}:left", f"{bucket}:window"
    try:
        known = cache.get_many([left_key, window_key])
        if len(known) < 2:
            keep(bucket, FIRST_QUOTA, FIRST_WINDOW, FIRST_QUOTA)
            known = cache.get_many([left_key, window_key])
        until, quota = known.get(window_key) or (time.time() + 1, FIRST_QUOTA)
        if int(known.get(left_key) or 0) <= quota * KEPT_BACK[need]:
            raise HubError(Word.LATER, "budget", retry_after=max(until - time.time(), 0) + 1)
        cache.decr(left_key)
    except ValueError:  # the window ended between reading and taking: the next one is open
        return
    except AWAY:
        _spend_alone(need)


def keep(bucket: str, left: int, seconds: float, quota: int | None) -> None:
    """Write down what the Hub says is left of a window that ends in so many seconds. Without Redis it is forgotten."""
    until = time.time() + seconds
    try:
        cache.set(f"{bucket}:left", left, seconds + 1)
        cache.set(f"{bucket}:window", (until, quota or max(left, FIRST_QUOTA)), seconds + 1)
    except AWAY:
        return


@dataclass(frozen=True, slots=True)
class Standing:
    """How many calls of how many are left, until the window ends."""

    left: int
    quota: int
    until: datetime


def standing(buckets: Sequence[str]) -> dict[str, Standing]:
    """Return how buckets stand, for the operator; those of which nothing is known are left out. One question."""
    try:
        known = cache.get_many([f"{bucket}:{what}" for bucket in buckets for what in ("left", "window")])
    except AWAY:
        return {}
    found = {}
    for bucket in buckets:
        calls, window = known.get(f"{bucket}:left"), known.get(f"{bucket}:window")
        if calls is not None and window is not None:
            until, quota = window
            found[bucket] = Standing(max(int(calls), 0), int(quota), datetime.fromtimestamp(until, UTC))
    return found


def _spend_alone(need: Need) -> None:
    now = time.monotonic()
    while _alone and _alone[0] < now - 60:
        _alone.popleft()
    if len(_alone) >= ALONE_A_MINUTE[need]:
        raise HubError(Word.LATER, "budget", retry_after=10.0)
    _alone.append(now)
