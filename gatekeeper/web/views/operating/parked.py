"""What waits for somebody to look: with which people the workers stopped, why, what to do, and trying it again."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gatekeeper.actions import repositories, sync
from gatekeeper.models import HubAccess
from gatekeeper.models.hub_access import HubAccessQuerySet
from gatekeeper.models.paging import COUNT_LIMIT, count_up_to
from gatekeeper.models.repositories import READING
from gatekeeper.models.sync import held_by
from gatekeeper.models.sync_counts import MOST, parked_by_reason
from gatekeeper.web.finding import find_repository, paged
from gatekeeper.web.pages import page, viewer_of


def _seen(request: HttpRequest) -> HubAccessQuerySet:
    viewer = viewer_of(request)
    if not (viewer.is_operator or viewer.publishers_with(*READING)):
        raise Http404
    return HubAccess.objects.visible_to(viewer).parked().filter(repository__unlinked_at=None)


@page()
def parked(request: HttpRequest) -> HttpResponse:
    """Everybody about whom the workers stopped, by reason."""
    viewer, rows = viewer_of(request), _seen(request)
    asked = {name: request.GET.get(name, "").strip() for name in ("reason", "q")}
    narrowed = rows.filter(parked_reason=asked["reason"]) if asked["reason"] else rows
    if asked["q"]:
        narrowed = narrowed.filter(repository__name__icontains=asked["q"][:200])
    listed = paged(request, narrowed.select_related("repository", "person"), order="-id")
    again = set(held_by(viewer).filter(pk__in=[row.repository_id for row in listed.rows]).values_list("pk", flat=True))
    context = {
        "page": listed,
        "again": again,
        "reasons": parked_by_reason(rows),
        "most": MOST,
        "may_try": viewer.is_operator or held_by(viewer).exists(),
        "asked": asked,
    }
    return render(request, "operating/parked.html", context)


@page("POST")
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Try again what was parked about one person at one repository."""
    row = get_object_or_404(_everybody(request).select_related("repository"), pk=pk)
    if sync.take_up_again_one(row, by=viewer_of(request)):
        messages.success(request, _("It is tried again now. What still fails comes back here."))
    else:
        messages.info(request, _("It is not parked any more."))
    return redirect("web:parked")


@page("GET", "POST", back="web:parked")
def again_all(request: HttpRequest) -> HttpResponse:
    """Try again all that was parked for one reason, after a look at how much that is."""
    reason = (request.POST if request.method == "POST" else request.GET).get("reason", "")
    if "\x00" in reason:  # no row can hold it
        raise Http404
    viewer = viewer_of(request)
    mine = _seen(request).filter(parked_reason=reason, repository__in=held_by(viewer))
    if request.method == "POST":
        tried = sync.take_up_again_all(reason, by=viewer)
        messages.success(
            request,
            ngettext("%(number)s row is tried again now.", "%(number)s rows are tried again now.", tried)
            % {"number": tried},
        )
        return redirect("web:parked")
    number = count_up_to(mine)
    if not reason or not number:
        raise Http404
    context = {
        "reason": reason,
        "number": number,
        "limit": COUNT_LIMIT,
        "back": f"{reverse('web:parked')}?{urlencode({'reason': reason})}",
    }
    return render(request, "operating/again.html", context)


@page("POST", back="web:repository")
def again_repository(request: HttpRequest, pk: int) -> HttpResponse:
    """Try again all that stopped at one repository: its lists, its gate and card, and the people."""
    repository = find_repository(request, pk)
    tried = repositories.take_up_again(repository, by=viewer_of(request))
    if tried:
        messages.success(request, _("It is tried again now. What still fails comes back here."))
    else:
        messages.info(request, _("It is not parked any more."))
    return redirect("web:sync")


def _everybody(request: HttpRequest) -> HubAccessQuerySet:
    return HubAccess.objects.visible_to(viewer_of(request)).filter(repository__unlinked_at=None)
