"""The people who hold a stage; suspending, reinstating and revoking, each with a look before."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from gatekeeper.actions import evidence as proofs
from gatekeeper.actions import grants
from gatekeeper.models import Grant
from gatekeeper.models.roles import roles_at
from gatekeeper.rules.refusals import Invalid
from gatekeeper.rules.statuses import Role
from gatekeeper.web.buttons import buttons_for, buttons_for_grants
from gatekeeper.web.finding import find_grant, paged
from gatekeeper.web.forms.stewarding.grants import RevokeForm, SuspendForm
from gatekeeper.web.pages import page, put_refusals, status_of, viewer_of

from .stages import find_worked_on


@page()
def stage_grants(request: HttpRequest, pk: int) -> HttpResponse:
    """Who holds a stage, and held it; found by the beginning of a Hub name."""
    stage = find_worked_on(request, pk)
    viewer = viewer_of(request)
    asked = request.GET.get("q", "").strip()
    rows = (
        Grant.objects.visible_to(viewer)
        .filter(stage=stage)
        .select_related("person", "request", "stage__release", "acceptance__receipt")
    )
    if asked:
        rows = rows.filter(person__username__istartswith=asked)
    listed = paged(request, rows, order="-id")
    offered = buttons_for_grants(listed.rows, viewer)
    context = {
        "stage": stage,
        "page": listed,
        "rows": [(grant, offered[grant.pk]) for grant in listed.rows],
        "asked": asked,
        "proves": bool(roles_at(viewer, stage.publisher_id) & proofs.READERS),
    }
    return render(request, "stewarding/grants.html", context)


@page("POST")
def evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """The evidence of a grant, as a ZIP to keep; making one is recorded."""
    grant = find_grant(request, pk)
    answer = HttpResponse(proofs.export(grant, by=viewer_of(request)), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="evidence-{pk}.zip"'
    return answer


def _back(request: HttpRequest, grant: Grant) -> HttpResponse:
    """Return to where the viewer saw the grant."""
    if Role.REQUESTER in grant.roles_of(viewer_of(request)):
        return redirect("web:my_access")
    return redirect("web:stage_grants", pk=grant.stage_id)


@page("GET", "POST", back="web:suspend")
def suspend(request: HttpRequest, pk: int) -> HttpResponse:
    """Suspend a grant."""
    grant = find_grant(request, pk)
    form = SuspendForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        grants.suspend(grant, by=viewer_of(request), words=form.cleaned_data["words"])
        messages.success(request, _("Suspended. The Hub is being told."))
        return _back(request, grant)
    return _confirm(request, grant, "suspend", form)


@page("GET", "POST", back="web:reinstate")
def reinstate(request: HttpRequest, pk: int) -> HttpResponse:
    """Give suspended access back."""
    grant = find_grant(request, pk)
    if request.method == "POST":
        grants.reinstate(grant, by=viewer_of(request))
        messages.success(request, _("Reinstated. It counts again as soon as the Hub was read back."))
        return _back(request, grant)
    return _confirm(request, grant, "reinstate", None)


@page("GET", "POST", back="web:revoke")
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End access for cause."""
    grant = find_grant(request, pk)
    form = RevokeForm(grant.stage.policy, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        form.full_clean()
        try:
            grants.revoke(grant, by=viewer_of(request), codes=form.cleaned_data.get("codes", ()), words=form.said)
            messages.success(request, _("Revoked. The Hub is being told."))
            return _back(request, grant)
        except Invalid as refused:
            put_refusals(form, refused)
    return _confirm(request, grant, "revoke", form)


def _confirm(request: HttpRequest, grant: Grant, action: str, form: SuspendForm | RevokeForm | None) -> HttpResponse:
    buttons = buttons_for(grant, viewer_of(request))
    if action not in buttons:
        return _back(request, grant)
    context = {"grant": grant, "action": action, "form": form, "buttons": buttons}
    return render(request, f"stewarding/{action}.html", context, status=status_of(form) if form else 200)
