"""What every request passes: one log line, with an id and without the query string; and a cache that may be away."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django_structlog.middlewares import RequestMiddleware
from redis.exceptions import RedisError

from gatekeeper import health

logger = structlog.get_logger(__name__)


class CacheAwayMiddleware:
    """Answers what cannot be done without the cache, such as signing in with a password, with a page that says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer 503 where the cache was asked in vain."""
        if not isinstance(exception, RedisError):
            return None
        logger.warning("cache_away", reason=type(exception).__name__)
        return health.away(request)


class RequestLogMiddleware(RequestMiddleware):
    """django-structlog's middleware, with the path in place of the full address."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """What the log says of a request: a query string may hold an address, a name or a key, so it is left out."""
        return f"{request.method} {request.path}"
