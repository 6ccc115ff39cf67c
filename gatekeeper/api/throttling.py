"""How often somebody may ask: a counter a minute in the shared cache, moved by one command, so no count is lost."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

MINUTE = 60


class PerMinute(BaseThrottle):
    """So many requests a minute for an account, fewer for an address that is not signed in.

    Where the cache is away nobody is held up: what may be done is never asked of the cache.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count this request, and say whether it is still within the bound."""
        known = request.user.is_authenticated
        bound = settings.API_PER_MINUTE if known else settings.API_PER_MINUTE_ANONYMOUS
        who = f"account-{request.user.pk}" if known else f"address-{self._folded(request)}"
        key = f"api-{who}-{int(time.time()) // MINUTE}"
        try:
            cache.add(key, 0, timeout=2 * MINUTE)
            return bool(cache.incr(key) <= bound)
        except (RedisError, ValueError):  # ValueError: the key was evicted between the two commands
            return True

    def wait(self) -> float:
        """Return the seconds until the next minute begins."""
        return MINUTE - time.time() % MINUTE

    def _folded(self, request: Request) -> str:
        # An address is personal data: the cache holds its digest only.
        return hashlib.sha256(str(self.get_ident(request)).encode()).hexdigest()[:32]
