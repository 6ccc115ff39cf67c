"""The console: how each repository stands with the Hub. Names of the Hub, nothing else of people."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gatekeeper.console import console_of
from gatekeeper.models import Drift, HubAccess, Repository
from gatekeeper.models.paging import COUNT_LIMIT, count_up_to
from gatekeeper.models.repositories import READING
from gatekeeper.models.sync import may_hold
from gatekeeper.models.sync_counts import MOST, counts_for, parked_by_reason, standing
from gatekeeper.web.finding import paged
from gatekeeper.web.pages import page, viewer_of
from gatekeeper.web.troubles import removals_held

STATES = {
    "": _("any"),
    "waiting": _("something on the way"),
    "parked": _("something parked"),
    "paused": _("paused"),
    "failing": _("lists cannot be read"),
}


@page()
def sync(request: HttpRequest) -> HttpResponse:
    """The sync status of every repository that the viewer looks after."""
    viewer = viewer_of(request)
    if not (viewer.is_operator or viewer.publishers_with(*READING)):
        raise Http404
    asked = {name: request.GET.get(name, "").strip() for name in ("q", "state")}
    linked = standing(Repository.objects.visible_to(viewer).linked(), asked["state"])
    if asked["q"]:
        linked = linked.filter(name__icontains=asked["q"][:200])
    listed = paged(request, linked.select_related("publisher", "token"), order="name")
    people = HubAccess.objects.visible_to(viewer).filter(repository__unlinked_at=None)
    console = console_of(listed.rows)
    context = {
        "page": listed,
        "rows": [(row, removals_held(row.counts.removals)) for row in console.rows],
        "counts": counts_for(viewer),
        "most": MOST,
        "reasons": parked_by_reason(people),
        "drifting": count_up_to(Drift.objects.visible_to(viewer).waiting()),
        "limit": COUNT_LIMIT,
        "pauses": console.pauses,
        "may_hold": may_hold(viewer, None),
        "holding": {row.pk for row in listed.rows if may_hold(viewer, row)},
        "states": STATES.items(),
        "asked": asked,
        "narrowed": any(asked.values()),
        "now": timezone.now(),
    }
    return render(request, "operating/sync.html", context)


@page()
def on_the_way(request: HttpRequest) -> HttpResponse:
    """Everybody about whom the Hub is to be told, or was told and not read back: who has waited longest comes first."""
    viewer = viewer_of(request)
    if not (viewer.is_operator or viewer.publishers_with(*READING)):
        raise Http404
    asked = request.GET.get("q", "").strip()
    rows = HubAccess.objects.visible_to(viewer).unsettled().filter(parked_reason="", repository__unlinked_at=None)
    if asked:
        rows = rows.filter(repository__name__icontains=asked[:200])
    listed = paged(request, rows.select_related("repository", "person"), order="due_at")
    return render(request, "operating/on_the_way.html", {"page": listed, "asked": {"q": asked}})
