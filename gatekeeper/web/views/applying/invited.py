"""An invitation by link: opened, looked at, accepted. The token leaves the address at once and is not kept."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from gatekeeper.actions import invitations
from gatekeeper.models import Invitation, Invited
from gatekeeper.models.invitations import token_digest
from gatekeeper.web.pages import page, viewer_of
from gatekeeper.web.views.catalogue.audience import warning_first

KEPT = "invitation"


@never_cache
@page("GET", "POST", public=True, back="web:invitation")
def invitation(request: HttpRequest) -> HttpResponse:
    """What one is invited to. Whoever is not signed in signs in first, and comes back here."""
    if "token" in request.GET and request.method != "POST":
        digest = token_digest(request.GET["token"])
        if not Invitation.objects.links().filter(digest=digest).exists():  # no session begins for what somebody made up
            request.session.pop(KEPT, None)
            request.seen_on = reverse("web:invitation")  # type: ignore[attr-defined]  # the page repeats no token
            return render(request, "applying/invitation_over.html", status=410)
        request.session[KEPT] = digest
        return redirect("web:invitation")
    viewer, digest = viewer_of(request), request.session.get(KEPT, "")
    if request.method == "POST":
        invited = invitations.accept_invitation(digest, by=viewer)
        request.session.pop(KEPT, None)
        messages.success(request, _("You are invited under your Hub name. Here you can ask for access."))
        return redirect("web:start", pk=invited.stage_id)
    at = timezone.now()
    found = Invitation.objects.links().select_related("stage__release__publisher").filter(digest=digest).first()
    mine = viewer.person is not None and found is not None and _invited(found, viewer.person.pk)
    if found is None or not (found.is_usable(at=at) or mine):
        return render(request, "applying/invitation_over.html", status=404 if digest == "" else 410)
    first = warning_first(request, found.stage.release)
    if first is not None:
        return first
    context = {"invitation": found, "stage": found.stage, "connect": viewer.is_authenticated and viewer.person is None}
    return render(request, "applying/invitation.html", context)


def _invited(found: Invitation, person: int) -> bool:
    return Invited.objects.standing().filter(stage=found.stage_id, person=person).exists()
