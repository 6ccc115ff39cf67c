"""What somebody has access to: until when, under which conditions, and whether the Hub says so too."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from gatekeeper.actions import grants, terms
from gatekeeper.models import AccessRequest, Grant, HubAccess, Repository
from gatekeeper.rules.refusals import Invalid
from gatekeeper.web.accepting import accepting, shown
from gatekeeper.web.buttons import buttons_for, buttons_for_grants
from gatekeeper.web.finding import paged
from gatekeeper.web.pages import page, viewer_of

from .cases import with_standings


@page()
def my_access(request: HttpRequest) -> HttpResponse:
    """My access, newest first, and the requests that are still on their way."""
    viewer = viewer_of(request)
    own = (
        Grant.objects.own(viewer)
        .select_related("stage__release__publisher", "acceptance__licence_version__licence", "person")
        .prefetch_related("stage__repositories")
    )
    listed = paged(request, own, order="-id", size=25)
    told = {
        row.repository_id: row
        for row in HubAccess.objects.filter(
            person=viewer.person, repository__stages__in=[g.stage_id for g in listed.rows]
        )
    }
    wanted = set(Grant.objects.own(viewer).wanted().values_list("pk", flat=True))
    offered = buttons_for_grants(listed.rows, viewer)
    for grant in listed.rows:
        grant.buttons = offered[grant.pk]  # type: ignore[attr-defined]  # for the template
        grant.places = [  # type: ignore[attr-defined]  # for the template
            {"repository": repository, "row": told.get(repository.pk), "command": auth_check(repository)}
            for repository in grant.stage.repositories.all()
        ]
        grant.is_wanted = grant.pk in wanted  # type: ignore[attr-defined]  # for the template
    unfinished = AccessRequest.objects.own(viewer).open().select_related("stage__release__publisher")
    context = {"page": listed, "cases": with_standings(list(unfinished.order_by("-created_at")[:20]))}
    return render(request, "applying/my_access.html", {**context, "hub": settings.HUB_ENDPOINT})


def auth_check(repository: Repository) -> str:
    """Return the command that says whether one's own token opens a repository. Source: the Hub's auth-check address."""
    kind, name = repository.kind, repository.name
    return (
        "curl -s -o /dev/null -w '%{http_code}\\n' -H \"Authorization: Bearer $HF_TOKEN\" "
        f"{settings.HUB_ENDPOINT}/api/{kind}s/{name}/auth-check"
    )


@page("GET", "POST", back="")
def relinquish(request: HttpRequest, pk: int) -> HttpResponse:
    """Give access back, after a look at what that means."""
    viewer = viewer_of(request)
    grant = get_object_or_404(Grant.objects.own(viewer).select_related("stage__release__publisher", "person"), pk=pk)
    if request.method == "POST":
        grants.relinquish(grant, by=viewer)
        messages.success(request, _("You have given the access back. The Hub is being told."))
        return redirect("web:my_access")
    buttons = buttons_for(grant, viewer)
    if "relinquish" not in buttons:
        return redirect("web:my_access")
    return render(request, "applying/relinquish.html", {"grant": grant, "buttons": buttons})


@page("GET", "POST", back="web:grant_licence")
def licence(request: HttpRequest, pk: int) -> HttpResponse:
    """The licence in force, for a grant that one holds. Sent, it is accepted: the text whose hash the form carries."""
    viewer = viewer_of(request)
    own = Grant.objects.own(viewer).select_related("stage__release__publisher", "person")
    grant = get_object_or_404(own, pk=pk)
    buttons, policy = buttons_for(grant, viewer), grant.stage.policy
    if policy is None or (request.method != "POST" and "accept" not in buttons):
        return redirect("web:my_access")
    version, faults = policy.licence_version, None
    if request.method == "POST":
        try:
            terms.accept(
                grant,
                by=viewer,
                text_sha256=request.POST.get("text_sha256", ""),
                version_sha256=request.POST.get("version_sha256", ""),
                acknowledged=request.POST.getlist("acknowledged"),
                shown=shown(request, grant.person, version, buttons),
            )
            messages.success(request, _("You have accepted the licence."))
            return redirect("web:my_access")
        except Invalid as refused:
            faults = refused
    context = {"grant": grant, "buttons": buttons, **accepting(request, grant.person, version, faults)}
    return render(request, "applying/grant_licence.html", context, status=422 if faults else 200)
