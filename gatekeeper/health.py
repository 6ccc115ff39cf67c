"""Whether the service is alive and ready, and what a person reads when something is wrong.

The health addresses are answered before anything else, so a probe needs no host name, no https and no session.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template import loader
from django.templatetags.static import static
from django.utils.translation import gettext as _

from gatekeeper import metrics

logger = structlog.get_logger(__name__)


class HealthMiddleware:
    """Answers /healthz and /readyz, and /metrics where that is switched on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a probe, or pass the request on."""
        if request.path == "/healthz":
            return HttpResponse("alive\n", content_type="text/plain")
        if request.path == "/metrics" and settings.METRICS_TOKEN:
            return metrics.answer(request)
        return readiness() if request.path == "/readyz" else self.get_response(request)


def readiness() -> JsonResponse:
    """200 when requests can be served, else 503; names what failed and never why: that stands in the log.

    Requests are served without the cache too: that it is away is named, and is no reason to send nobody here.
    """
    found = {name: _holds(name, probe) for name, probe in PROBES.items()}
    ready = all(holds for name, holds in found.items() if name != "cache")
    body = {"ready": ready, **{name: "ok" if holds else "failed" for name, holds in found.items()}}
    return JsonResponse(body, status=200 if ready else 503, headers={"Cache-Control": "no-store"})


def _holds(name: str, probe: Callable[[], bool]) -> bool:
    try:
        return probe()
    except Exception as error:  # whatever it is, the service is not ready
        logger.warning("not_ready", probe=name, reason=type(error).__name__)
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() == (1,)


def _cache() -> bool:
    cache.set("readyz", "1", timeout=10)
    return cache.get("readyz") == "1"


def _migrations() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


PROBES: dict[str, Callable[[], bool]] = {"database": _database, "cache": _cache, "migrations": _migrations}


def icon(request: HttpRequest) -> HttpResponse:
    """The icon, for browsers that ask for it where no page of ours named it."""
    return redirect(static("gatekeeper/icon.svg"))


# Error pages: what happened and what to do next, never an exception


def _page(request: HttpRequest, status: int, title: str, text: str, *, again: str = "") -> HttpResponse:
    request.seen_on = again or request.path  # type: ignore[attr-defined]  # an error page repeats no query
    return render(request, "error.html", {"status": status, "error_title": title, "error_text": text}, status=status)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """400."""
    return _page(
        request,
        400,
        _("This request could not be read"),
        _("Go back and try again; if it happens again, tell us what you did."),
    )


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """403."""
    return _page(request, 403, _("You may not do this"), _("Your account does not have the role that this page needs."))


def forbidden_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without a valid CSRF token; `reason` is for the log, which Django has written."""
    return _page(
        request,
        403,
        _("This form is out of date"),
        _("Nothing was changed. Go back, reload the page and send the form again."),
        again="/",  # what the form was sent to may show nothing by itself
    )


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """404: also what a person sees of things that they may not see."""
    return _page(
        request, 404, _("There is nothing here"), _("The address may be wrong, or the page may not be visible to you.")
    )


def away(request: HttpRequest) -> HttpResponse:
    """503: what is counted in the cache, such as tries at a password, cannot be counted now."""
    answer = _page(
        request,
        503,
        _("This has to wait a moment"),
        _("A part of the service cannot be reached, and this cannot be done safely without it. Nothing was changed."),
    )
    answer["Retry-After"] = "60"
    return answer


def broken(request: HttpRequest) -> HttpResponse:
    """500: rendered without the request, because what broke may break the page again."""
    number = structlog.contextvars.get_contextvars().get("request_id", "")
    return HttpResponse(loader.render_to_string("500.html", {"request_id": number}), status=500)
