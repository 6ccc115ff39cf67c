"""A requester's own requests: where each one is, what comes next, and by when."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from gatekeeper.actions import requests
from gatekeeper.models import Acceptance, AccessRequest, Grant, MessageKind
from gatekeeper.rules.refusals import Invalid
from gatekeeper.rules.statuses import Role
from gatekeeper.web.answering import submitted_answers
from gatekeeper.web.buttons import buttons_for
from gatekeeper.web.finding import find_case, find_own_case, paged
from gatekeeper.web.forms.words import WordsForm
from gatekeeper.web.histories import history_of
from gatekeeper.web.pages import page, put_refusals, status_of, viewer_of
from gatekeeper.web.words import for_requester


@page()
def mine(request: HttpRequest) -> HttpResponse:
    """All my requests, newest first."""
    own = AccessRequest.objects.own(viewer_of(request)).select_related("stage__release__publisher")
    listed = paged(request, own, order="-created_at")
    with_standings(listed.rows)
    return render(request, "applying/mine.html", {"page": listed})


def with_standings(cases: list[AccessRequest]) -> list[AccessRequest]:
    """Give each case its standing for its own person: once it has given a grant, the grant speaks. One statement."""
    grants = {grant.request_id: grant for grant in Grant.objects.filter(request__in=cases).order_by("pk")}
    for case in cases:
        case.standing = for_requester(case, grants.get(case.pk))  # type: ignore[attr-defined]  # for the template
    return cases


@page()
def request_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Where is it, what is next, by when, what do I do: and everything that happened."""
    case = find_case(request, pk)
    if Role.REQUESTER not in case.roles_of(viewer_of(request)):
        return redirect("web:case", pk=pk)
    return _request_page(request, case, WordsForm())


def _request_page(request: HttpRequest, case: AccessRequest, form: WordsForm) -> HttpResponse:
    viewer = viewer_of(request)
    grant = Grant.objects.own(viewer).filter(request=case).order_by("-pk").first()
    wanted = grant is not None and Grant.objects.wanted().filter(pk=grant.pk).exists()
    submission = case.submission
    version = (case.stage.policy or case.policy).licence_version
    context = {
        "case": case,
        "grant": grant,
        "wanted": wanted,
        "on_the_way": grant is not None and not grant.activated_at,
        "standing": for_requester(case, grant),
        "deadline": grant.ends_at if grant and wanted else _deadline(case),
        "buttons": buttons_for(case, viewer),
        "history": history_of(case, case.visible_fields(viewer)),
        "answers": submitted_answers(case, viewer),
        "submission": submission,
        "acceptance": Acceptance.objects.of(case.person, version).order_by("pk").first(),
        "question": last_question(case),
        "form": form,
    }
    return render(request, "applying/request.html", context, status=status_of(form))


def last_question(case: AccessRequest) -> str | None:
    """Return the words of the latest question of the reviewer."""
    asked = case.messages.filter(kind=MessageKind.QUESTION).select_related("text").order_by("-sent_at", "-pk").first()
    return asked.words if asked else None


def _deadline(case: AccessRequest) -> datetime | None:
    """Return by when something happens: the requester's own time if they owe something, else what was promised."""
    if case.waits_until is not None:
        return case.waits_until
    return case.due_at if AccessRequest.objects.waiting_for_review().filter(pk=case.pk).exists() else None


@page("POST", back="web:request")
def answer_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer the reviewer's question."""
    case = find_own_case(request, pk)
    form = WordsForm(request.POST)
    try:
        requests.answer_back(case, by=viewer_of(request), words=form.said)
    except Invalid as refused:
        put_refusals(form, refused)
        return _request_page(request, case, form)
    messages.success(request, _("Your answer is sent; the review goes on."))
    return redirect("web:request", pk=pk)


@page("GET", "POST", back="web:request")
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a request back, after a look at what that means."""
    case = find_own_case(request, pk)
    if request.method == "POST":
        requests.withdraw(case, by=viewer_of(request))
        messages.success(request, _("Your request is withdrawn."))
        return redirect("web:request", pk=pk)
    buttons = buttons_for(case, viewer_of(request))
    if "withdraw" not in buttons:
        return redirect("web:request", pk=pk)
    return render(request, "applying/withdraw.html", {"case": case, "buttons": buttons})
