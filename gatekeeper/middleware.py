"""What every request passes: one log line, with a request id and without the query string."""

from __future__ import annotations

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware


class RequestLogMiddleware(RequestMiddleware):
    """django-structlog's middleware, with the path in place of the full address."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """What the log says of a request: a query string may hold an address, a name or a key, so it is left out."""
        return f"{request.method} {request.path}"
