"""What is wished of the Hub, what it was told, what it says. Names of the Hub, nothing else of people."""

from __future__ import annotations

from django.db.models import Count, Min, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from gatekeeper.models import HubAccess, Repository, RepositoryWish
from gatekeeper.models.paging import COUNT_LIMIT, count_up_to
from gatekeeper.models.repositories import READING
from gatekeeper.web.finding import paged
from gatekeeper.web.pages import page, viewer_of

FIRST = 25


@page()
def sync(request: HttpRequest) -> HttpResponse:
    """The sync status of every repository that the viewer looks after."""
    viewer = viewer_of(request)
    if not (viewer.is_operator or viewer.publishers_with(*READING)):
        raise Http404
    rows = HubAccess.objects.visible_to(viewer).filter(repository__unlinked_at=None)
    people = rows.select_related("repository", "person")
    listed = paged(request, Repository.objects.visible_to(viewer).linked().select_related("publisher"), order="name")
    unsettled = {
        each["repository"]: each
        for each in HubAccess.objects.unsettled()
        .filter(repository__in=listed.rows)
        .values("repository")
        .annotate(
            due=Count("pk", filter=Q(parked_reason="", applied_at=None)),
            applied=Count("pk", filter=Q(parked_reason="", applied_at__isnull=False)),
            parked=Count("pk", filter=~Q(parked_reason="")),
            oldest=Min("due_at"),
        )
    }
    wishes = {wish.repository_id: wish for wish in RepositoryWish.objects.filter(repository__in=listed.rows)}
    context = {
        "page": listed,
        "rows": [(each, unsettled.get(each.pk), wishes.get(each.pk)) for each in listed.rows],
        "counts": {
            "unsettled": count_up_to(rows.unsettled()),
            "confirmed": count_up_to(rows.confirmed_yes()),
            "parked": count_up_to(rows.parked()),
            "ghosts": count_up_to(rows.ghosts()),
        },
        "limit": COUNT_LIMIT,
        "oldest": list(people.unsettled().filter(parked_reason="").order_by("due_at")[:FIRST]),
        "parked": list(people.parked().order_by("-pk")[:FIRST]),
        "ghosts": list(people.ghosts().order_by("-pk")[:FIRST]),
        "now": timezone.now(),
    }
    return render(request, "operating/sync.html", context)
