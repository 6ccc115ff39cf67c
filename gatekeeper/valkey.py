"""Valkey (or Redis) beneath Django's cache, for counters and bounds that the cache's own interface does not have.

It may be away at any time. Whoever asks names what to take for an answer then; nobody waits for it twice in a row.
"""

import time
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

T = TypeVar("T")

AWAY = (RedisError, OSError)
QUIET = 3.0  # seconds without a try after a failure

_quiet_until: dict[str, float] = {}


@cache
def _client(location: str) -> Any:
    return Redis.from_url(location, decode_responses=True, **settings.CACHES["default"].get("OPTIONS", {}))


def asked(ask: Callable[[Any], T], otherwise: T) -> T:
    """Return what the server answers, or `otherwise` where it is away or there is none, as for commands offline."""
    location = settings.CACHES["default"].get("LOCATION", "")
    if not location or time.monotonic() < _quiet_until.get(location, 0.0):
        return otherwise
    try:
        return ask(_client(location))
    except AWAY:
        _quiet_until[location] = time.monotonic() + QUIET
        return otherwise


def key(name: str) -> str:
    """Return the name of a key of this installation."""
    return f"{settings.CACHES['default']['KEY_PREFIX']}:{name}"
