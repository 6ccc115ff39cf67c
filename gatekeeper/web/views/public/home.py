"""The front page: what there is to do for whoever is looking."""

from __future__ import annotations

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from gatekeeper.models import AccessRequest, Grant, Release, Stage
from gatekeeper.models.paging import COUNT_LIMIT, count_up_to
from gatekeeper.models.repositories import READING, STEWARDING
from gatekeeper.web.finding import staffed
from gatekeeper.web.pages import page, viewer_of
from gatekeeper.web.views.applying.cases import with_standings
from gatekeeper.web.views.catalogue.audience import hidden


@page(public=True)
def home(request: HttpRequest) -> HttpResponse:
    """The front page, by role."""
    viewer = viewer_of(request)
    stages = Prefetch("stages", Stage.objects.visible_to(viewer).order_by("ordinal"))
    catalogue = Release.objects.catalogue().select_related("publisher").prefetch_related(stages)
    newest = list(catalogue.order_by("-published_at")[:5])
    for release in newest:
        release.is_hidden = hidden(request, release)  # type: ignore[attr-defined]  # for the template
    context = {"newest": newest, "limit": COUNT_LIMIT}
    if viewer.is_authenticated:
        own = AccessRequest.objects.own(viewer).open().select_related("stage__release__publisher")
        context["cases"] = with_standings(list(own.order_by("-created_at")[:10]))
        live = Grant.objects.own(viewer).live().select_related("stage__release__publisher")
        context["grants"] = list(live.order_by("-id")[:10])
    if viewer.publishers_with(*READING):
        cases = AccessRequest.objects.reviewable_by(viewer)
        context["waiting"] = count_up_to(cases.waiting_for_review())
        context["overdue"] = count_up_to(cases.overdue(at=timezone.now()))
    if viewer.publishers_with(*STEWARDING):
        context["publishers"] = staffed(request, *STEWARDING).order_by("name")
        context["open_stages"] = count_up_to(
            Stage.objects.taking_requests().filter(release__publisher__in=viewer.publishers_with(*STEWARDING))
        )
    return render(request, "public/home.html", context)
