"""A release that is not for all eyes shows this first, on every page: what it is stays out of the source until then."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from gatekeeper.models import Release
from gatekeeper.web.pages import page, viewer_of

SHOWN = "shown_releases"


def hidden(request: HttpRequest, release: Release) -> bool:
    """Say whether the release has a warning that this session has not answered yet."""
    return release.not_for_all_audiences and release.pk not in request.session.get(SHOWN, [])


def warning_first(request: HttpRequest, release: Release) -> HttpResponse | None:
    """Return the page that asks first, or None where there is nothing to ask."""
    if not hidden(request, release):
        return None
    return render(request, "catalogue/audience.html", {"release_id": release.pk, "next": request.get_full_path()})


@page("POST", public=True)
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Remember for this session that somebody wants to see a flagged release, and go on."""
    release = get_object_or_404(Release.objects.visible_to(viewer_of(request)), pk=pk)
    request.session[SHOWN] = sorted({*request.session.get(SHOWN, []), release.pk})
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(wanted if safe else "web:catalogue")
