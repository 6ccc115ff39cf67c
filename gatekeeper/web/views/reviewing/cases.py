"""One case: the answers beside the terms, what was said, and what may be decided now. Each form calls one verb."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from gatekeeper.actions import decisions, reviews
from gatekeeper.actions.decisions import NO_CODE
from gatekeeper.models import Acceptance, AccessRequest, Drift, Grant, HubAccess
from gatekeeper.rules.needs import NEEDS
from gatekeeper.rules.refusals import Invalid, NotAllowed
from gatekeeper.rules.statuses import Role
from gatekeeper.web.answering import submitted_answers
from gatekeeper.web.buttons import buttons_for
from gatekeeper.web.finding import find_case
from gatekeeper.web.forms.reviewing.decisions import (
    ApproveForm,
    CorrectableForm,
    DecisionForm,
    FinalForm,
    NoteForm,
    QuestionForm,
    RecommendForm,
    SeenForm,
)
from gatekeeper.web.histories import history_of
from gatekeeper.web.pages import page, put_refusals, viewer_of
from gatekeeper.web.words import sentence

FORMS: dict[str, type[SeenForm]] = {
    "approve": ApproveForm,
    "deny_correctably": CorrectableForm,
    "deny_finally": FinalForm,
    "ask_back": QuestionForm,
    "note": NoteForm,
    "recommend": RecommendForm,
}


@page()
def case_page(request: HttpRequest, pk: int) -> HttpResponse:
    """A case, for the publisher's people; its own person is led to their side of it."""
    case = find_case(request, pk)
    if Role.REQUESTER in case.roles_of(viewer_of(request)):
        return redirect("web:request", pk=pk)
    return _case_page(request, case)


def _case_page(request: HttpRequest, case: AccessRequest, sent: dict[str, forms.Form] | None = None) -> HttpResponse:
    viewer = viewer_of(request)
    policy = case.stage.policy or case.policy
    fields = case.visible_fields(viewer)
    submission = case.submission
    buttons = buttons_for(case, viewer)
    offered = {action: form(case, policy) for action, form in FORMS.items() if action in buttons}
    here = {"person": case.person}
    hub = list(HubAccess.objects.filter(**here, repository__stages=case.stage).select_related("repository"))
    context: dict[str, Any] = {
        "case": case,
        "policy": policy,
        "fields": fields,
        "submission": submission,
        "answers": submitted_answers(case, viewer),
        "acceptance": Acceptance.objects.of(case.person, policy.licence_version).order_by("-pk").first(),
        "grants": Grant.objects.visible_to(viewer).filter(**here, stage=case.stage).order_by("-pk")[:5],
        "earlier": AccessRequest.objects.reviewable_by(viewer)
        .filter(**here)
        .exclude(pk=case.pk)
        .select_related("stage__release")
        .order_by("-pk")[:10],
        "hub": hub,
        "drifts": Drift.objects.visible_to(viewer).unresolved().filter(**here, repository__stages=case.stage)[:5],
        "on_the_way": any(row.due_at is not None and not row.parked_reason for row in hub),
        "history": history_of(case, fields),
        "buttons": buttons,
        "forms": {**offered, **(sent or {})},
        "sent": sent or {},
        "late": AccessRequest.objects.overdue(at=timezone.now()).filter(pk=case.pk).exists(),
    }
    return render(request, "reviewing/case.html", context, status=422 if sent else 200)


@page("POST", back="web:case")
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a case."""
    reviews.take(find_case(request, pk), by=viewer_of(request))
    messages.success(request, _("The case is yours."))
    return redirect("web:case", pk=pk)


@page("POST", back="web:case")
def put_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a case back into the queue."""
    reviews.put_back(find_case(request, pk), by=viewer_of(request))
    messages.success(request, _("The case is back in the queue, for anybody to take."))
    return redirect("web:case", pk=pk)


@page("POST", back="web:case")
def ask_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the requester."""
    case, form = _sent(request, pk, "ask_back")
    try:
        reviews.ask_back(case, by=viewer_of(request), words=form.cleaned_data["words"], seen=form.seen_submission)
    except Invalid as refused:
        return _again(request, case, "ask_back", form, refused)
    messages.success(request, _("The question is sent. The clock stops until it is answered."))
    return redirect("web:case", pk=pk)


@page("POST", back="web:case")
def note(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a private note about the case."""
    case, form = _sent(request, pk, "note")
    try:
        reviews.note(case, by=viewer_of(request), words=form.cleaned_data["words"])
    except Invalid as refused:
        return _again(request, case, "note", form, refused)
    messages.success(request, _("The note is kept. Its requester never reads it."))
    return redirect("web:case", pk=pk)


@page("POST", back="web:case")
def recommend(request: HttpRequest, pk: int) -> HttpResponse:
    """Give one's opinion that this should be approved."""
    case, form = _sent(request, pk, "recommend")
    reviews.recommend(case, by=viewer_of(request), note=form.cleaned_data["words"], seen=form.seen_submission)
    messages.success(request, _("Your recommendation is recorded."))
    return redirect("web:case", pk=pk)


@page("POST", back="web:case")
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve the submission that was seen."""
    case, form = _sent(request, pk, "approve")
    assert isinstance(form, ApproveForm)
    try:
        decisions.approve(
            case,
            by=viewer_of(request),
            codes=form.chosen,
            words=form.said,
            conditions=form.further_conditions,
            seen=form.seen_submission,
        )
    except Invalid as refused:
        return _again(request, case, "approve", form, refused)
    messages.success(request, _("Approved. The Hub is being told, and this page says when it was read back."))
    return redirect("web:case", pk=pk)


@page("POST", back="web:case")
def deny_correctably(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for changes to the submission that was seen."""
    case, form = _sent(request, pk, "deny_correctably")
    assert isinstance(form, CorrectableForm)
    try:
        decisions.deny_correctably(
            case,
            by=viewer_of(request),
            codes=form.chosen,
            words=form.said,
            reopened=form.cleaned_data.get("reopened", ()),
            seen=form.seen_submission,
        )
    except Invalid as refused:
        return _again(request, case, "deny_correctably", form, refused)
    messages.success(request, _("The requester is asked for changes."))
    return redirect("web:case", pk=pk)


@page("POST", back="web:case")
def deny_finally(request: HttpRequest, pk: int) -> HttpResponse:
    """Deny the submission that was seen, for good."""
    case, form = _sent(request, pk, "deny_finally")
    assert isinstance(form, FinalForm)
    try:
        decisions.deny_finally(
            case, by=viewer_of(request), codes=form.chosen, words=form.said, seen=form.seen_submission
        )
    except Invalid as refused:
        return _again(request, case, "deny_finally", form, refused)
    messages.success(request, _("The request is denied, and its person is told why."))
    return redirect("web:case", pk=pk)


def _sent(request: HttpRequest, pk: int, action: str) -> tuple[AccessRequest, Any]:
    """Return the case and the form that was sent, read but not judged. Raises NotAllowed for one's own case."""
    case = find_case(request, pk)
    if Role.REQUESTER in case.roles_of(viewer_of(request)):
        raise NotAllowed(NEEDS["not_own"][1])  # before a form with a fault would be shown again, on the staff's page
    form = FORMS[action](case, case.stage.policy or case.policy, request.POST)
    form.full_clean()
    form.cleaned_data.setdefault("words", "")
    return case, form


def _again(request: HttpRequest, case: AccessRequest, action: str, form: forms.Form, refused: Invalid) -> HttpResponse:
    put_refusals(form, refused)
    if isinstance(form, DecisionForm) and not form.chosen and "codes" not in refused.fields:
        form.add_error("codes", sentence(NO_CODE))
    return _case_page(request, case, {action: form})
