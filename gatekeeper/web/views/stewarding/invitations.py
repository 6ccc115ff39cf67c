"""Invitations to a stage: links, which are shown once, and Hub names, which wait for their holders."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from gatekeeper.actions import invitations
from gatekeeper.models import HubAccess, Invitation, Invited, Stage
from gatekeeper.models.invitations import INVITATION_PAGE
from gatekeeper.models.paging import COUNT_LIMIT, count_up_to
from gatekeeper.rules.refusals import Invalid
from gatekeeper.web.buttons import buttons_for, buttons_for_invitations
from gatekeeper.web.finding import paged
from gatekeeper.web.forms.stewarding.imports import InvitationForm, NamesForm
from gatekeeper.web.pages import page, put_refusals, viewer_of

from .stages import find_worked_on


@page()
def stage_invitations(request: HttpRequest, pk: int) -> HttpResponse:
    """Whom a stage invites, and forms for a link and for names."""
    return _page(request, find_worked_on(request, pk))


def _page(
    request: HttpRequest,
    stage: Stage,
    *,
    link_form: InvitationForm | None = None,
    names_form: NamesForm | None = None,
    link: str = "",
) -> HttpResponse:
    viewer, policy = viewer_of(request), stage.policy
    made = list(
        Invitation.objects.visible_to(viewer)
        .filter(stage=stage)
        .select_related("stage__release", "created_by")
        .order_by("-pk")[:50]
    )
    offered = buttons_for_invitations(made, viewer)
    invited = Invited.objects.visible_to(viewer).filter(stage=stage).select_related("person", "invitation")
    context = {
        "stage": stage,
        "invitations": [(one, offered[one.pk]) for one in made],
        "page": paged(request, invited, order="-id"),
        "now": timezone.now(),
        "link": link,
        "link_form": link_form or InvitationForm(auto_id="link_%s"),
        "names_form": names_form or NamesForm(auto_id="names_%s"),
        "invited_only": policy is not None and policy.invited_only,
        "uninvited": count_up_to(HubAccess.objects.not_brought_in().filter(repository__stages=stage)),
        "limit": COUNT_LIMIT,
    }
    wrong = any(form is not None and form.errors for form in (link_form, names_form))
    return render(request, "stewarding/invitations.html", context, status=422 if wrong else 200)


@page("POST", back="web:stage_invitations")
def invite_by_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a link. It stands on the page that answers this, and nowhere else."""
    stage, form = find_worked_on(request, pk), InvitationForm(request.POST, auto_id="link_%s")
    if form.is_valid():
        try:
            _made, token = invitations.invite_by_link(stage, by=viewer_of(request), **form.cleaned_data)
            return _page(request, stage, link=settings.PUBLIC_URL + INVITATION_PAGE % token)
        except Invalid as refused:
            put_refusals(form, refused)
    return _page(request, stage, link_form=form)


@page("POST", back="web:stage_invitations")
def invite_names(request: HttpRequest, pk: int) -> HttpResponse:
    """Invite people by their Hub names."""
    stage, form = find_worked_on(request, pk), NamesForm(request.POST, auto_id="names_%s")
    if form.is_valid():
        try:
            invitations.invite_names(stage, by=viewer_of(request), **form.cleaned_data)
            messages.success(
                request, _("They are invited. Whoever has no account here yet is invited at the first sign-in.")
            )
            return redirect("web:stage_invitations", pk=pk)
        except Invalid as refused:
            put_refusals(form, refused)
    return _page(request, stage, names_form=form)


@page("GET", "POST", back="web:withdraw_invitation")
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw a link or a list of names."""
    seen = Invitation.objects.visible_to(viewer_of(request)).select_related("stage__release")
    invitation = get_object_or_404(seen, pk=pk)
    if request.method == "POST":
        invitations.withdraw(invitation, by=viewer_of(request))
        messages.success(request, _("The invitation is withdrawn."))
        return redirect("web:stage_invitations", pk=invitation.stage_id)
    buttons = buttons_for(invitation, viewer_of(request))
    if "withdraw" not in buttons:
        return redirect("web:stage_invitations", pk=invitation.stage_id)
    return render(request, "stewarding/withdraw_invitation.html", {"invitation": invitation, "buttons": buttons})


@page("POST")
def withdraw_one(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back that one person is invited."""
    seen = Invited.objects.visible_to(viewer_of(request)).select_related("stage__release", "invitation")
    invited = get_object_or_404(seen, pk=pk)
    invitations.withdraw_one(invited, by=viewer_of(request))
    messages.success(request, _("%(name)s is not invited any more.") % {"name": invited.hub_name})
    return redirect("web:stage_invitations", pk=invited.stage_id)
