"""Sessions in the database, with the cache before them for as long as it is there: without it people stay signed in."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import cached_db
from redis.exceptions import RedisError

AWAY = (RedisError, OSError)
QUIET = 5.0  # seconds without a try after a failure: no page waits for it again and again
# What is signed out while the cache is away may still stand there when it comes back, and for no longer than this.
LONGEST = 300

_quiet_until: dict[str, float] = {}


class Patient:
    """The cache as sessions use it. While it is away it knows nothing, and forgets what it is told."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def get(self, key: str) -> Any:
        """Return what is kept, or None."""
        return self._ask("get", key)

    def set(self, key: str, value: Any, timeout: float) -> None:
        """Keep something for some seconds."""
        self._ask("set", key, value, min(timeout, LONGEST))

    def delete(self, key: str) -> None:
        """Forget something."""
        self._ask("delete", key)

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def _ask(self, what: str, *values: Any) -> Any:
        place = settings.CACHES[settings.SESSION_CACHE_ALIAS]["LOCATION"]
        if time.monotonic() < _quiet_until.get(place, 0.0):
            return None
        with suppress(*AWAY):
            return getattr(self._cache, what)(*values)
        _quiet_until[place] = time.monotonic() + QUIET
        return None


class SessionStore(cached_db.SessionStore):
    """Django's cached sessions, which outlive their cache."""

    _cache: Any

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._cache = Patient(self._cache)
