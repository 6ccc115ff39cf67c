"""Applying, in three screens: the questions, the licence, and a last look before it is submitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gatekeeper.actions import requests
from gatekeeper.models import Acceptance, AccessRequest, GatePolicy
from gatekeeper.models.answers import asked_anew, hints_for
from gatekeeper.rules import questions
from gatekeeper.rules.refusals import Invalid, WrongState
from gatekeeper.rules.showing import shown
from gatekeeper.web.accepting import accepting
from gatekeeper.web.accepting import shown as as_shown
from gatekeeper.web.answering import answered, delta, open_questions, sections
from gatekeeper.web.buttons import buttons_for
from gatekeeper.web.finding import find_own_case, find_stage
from gatekeeper.web.forms.applying.answers import AnswerForm
from gatekeeper.web.pages import page, viewer_of
from gatekeeper.web.views.catalogue.audience import warning_first
from gatekeeper.web.words import in_reader_language

from .eligibility import eligibility, holds


@page("GET", "POST", back="web:start")
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Before anything is typed: who may apply here, and on which terms. Sent, it begins the request."""
    stage = find_stage(request, pk)
    if request.method == "POST":
        return redirect("web:draft", pk=requests.start(stage, by=viewer_of(request)).pk)
    first = warning_first(request, stage.release)
    if first is not None:
        return first
    policy = stage.policy
    checks = eligibility(request, stage, policy)
    case = AccessRequest.objects.own(viewer_of(request)).open().filter(stage=stage).first()
    context = {
        "stage": stage,
        "policy": policy,
        "checks": checks,
        "case": case,
        "grant": holds(request, stage),
        "eligible": all(check.met for check in checks),
        "connect": viewer_of(request).person is None,
    }
    return render(request, "applying/start.html", context)


@page("GET", "POST", back="web:request")
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """The questions. Every answer that can stand is kept, whichever button sent it."""
    case = find_own_case(request, pk)
    first = warning_first(request, case.stage.release)
    if first is not None and request.method != "POST":
        return first
    buttons = buttons_for(case, viewer_of(request))
    if "answer" not in buttons and request.method != "POST":
        return redirect("web:request", pk=pk)
    policy = case.stage.policy or case.policy
    questions_open = open_questions(case, policy)
    if request.method == "POST":
        return _save(request, case, policy, questions_open)
    carried = bool(asked_anew(case, policy)) and not case.reopened and "all" not in request.GET
    asked = delta(case, policy, questions_open) if carried else questions_open
    return _questions_page(request, case, policy, asked)


def _save(request: HttpRequest, case: AccessRequest, policy: GatePolicy, asked: list[dict[str, Any]]) -> HttpResponse:
    on_page = set(request.POST.getlist("asked")) or {each["key"] for each in asked}
    asked = [each for each in asked if each["key"] in on_page]
    form = AnswerForm(asked, answers={}, data=request.POST)
    before = shown(policy.form.questions, case.answers)
    refused: Mapping[str, Any] = {}
    try:
        files = form.handed_in(asked, request.FILES)
        case = requests.answer(case, by=viewer_of(request), answers=form.given(asked), files=files)
    except Invalid as at_fault:
        refused, case = at_fault.fields, find_own_case(request, case.pk)
    if request.htmx:  # type: ignore[attr-defined]  # set by HtmxMiddleware
        labels = [in_reader_language(each["label"]) for each in asked if each["key"] in refused]
        return render(request, "applying/saved.html", {"not_taken": labels})
    led_to = shown(policy.form.questions, case.answers) - before - set(request.POST.getlist("seen"))
    going_on = request.POST.get("then") == "continue"
    if going_on and not refused and not led_to:
        refused = questions.validate(case.policy.form.document, case.answers, complete=True).refusals
    if refused:
        on_page |= {*refused, *led_to}
        asked = [each for each in policy.form.questions if each["key"] in on_page]
        return _questions_page(request, case, policy, asked, refused)
    if going_on and not led_to:
        return redirect("web:licence", pk=case.pk)
    messages.success(request, _("Your draft is saved."))
    if not led_to:
        return redirect("web:draft", pk=case.pk)
    more = ngettext(
        "Your answers lead to %(count)d more question.", "Your answers lead to %(count)d more questions.", len(led_to)
    )
    messages.info(request, more % {"count": len(led_to)})
    first = next(each["key"] for each in policy.form.questions if each["key"] in led_to)
    return redirect(f"{reverse('web:draft', args=[case.pk])}#question-{first}")


def _questions_page(
    request: HttpRequest,
    case: AccessRequest,
    policy: GatePolicy,
    asked: list[dict[str, Any]],
    refused: Mapping[str, Any] | None = None,
) -> HttpResponse:
    now = shown(policy.form.questions, case.answers)
    form = AnswerForm(
        asked,
        answers=case.answers,
        shown=now,
        anew=asked_anew(case, policy),
        data=request.POST if refused else None,
    )
    form.refuse(refused or {})
    standing = now - set(form.fields)
    context = {
        "case": case,
        "policy": policy,
        "form": form,
        "sections": sections(asked, form),
        "standing_answers": answered(policy.form.questions, case.answers, only=standing, file_at=_file_at(case)),
        "carried": bool(standing) and not case.reopened,
        "conditional": any(each.get("show_if") for each in asked),
        "checks": eligibility(request, case.stage, policy),
        "decision": case.decisions.order_by("-pk").first(),
    }
    return render(request, "applying/questions.html", context, status=422 if form.errors else 200)


def _file_at(case: AccessRequest) -> Callable[[str], str]:
    return lambda key: reverse("web:draft_file", args=[case.pk, key])


@page("GET", "POST", back="web:licence")
def licence(request: HttpRequest, pk: int) -> HttpResponse:
    """The licence in force, with what it forbids. Sent, it is accepted: the exact text whose hash the form carries."""
    case = find_own_case(request, pk)
    policy = case.stage.policy or case.policy
    version, buttons, faults = policy.licence_version, buttons_for(case, viewer_of(request)), None
    if request.method == "POST":
        try:
            requests.accept(
                case,
                by=viewer_of(request),
                text_sha256=request.POST.get("text_sha256", ""),
                version_sha256=request.POST.get("version_sha256", ""),
                acknowledged=request.POST.getlist("acknowledged"),
                shown=as_shown(request, case.person, version, buttons),
            )
            return redirect("web:hand_in" if _can_write(request, case) else "web:request", pk=pk)
        except WrongState as refused:
            if refused.refusal.code != "already_accepted":  # sent twice: it stands as it was sent the first time
                raise
            return redirect("web:hand_in" if _can_write(request, case) else "web:request", pk=pk)
        except Invalid as refused:
            faults = refused
    context = {
        "case": case,
        "policy": policy,
        "buttons": buttons,
        "accepted": Acceptance.objects.of(case.person, version).select_related("receipt").order_by("pk").first(),
        "writing": _can_write(request, case),
        **accepting(request, case.person, version, faults),
    }
    return render(request, "applying/licence.html", context, status=422 if faults else 200)


def _can_write(request: HttpRequest, case: AccessRequest) -> bool:
    return "answer" in buttons_for(case, viewer_of(request))


@page("GET", "POST", back="web:request")
def hand_in(request: HttpRequest, pk: int) -> HttpResponse:
    """The last look: everything that is about to be submitted, with the way back to each part of it."""
    case = find_own_case(request, pk)
    buttons = buttons_for(case, viewer_of(request))
    again = "resubmit" in buttons
    if request.method == "POST":
        hand = requests.resubmit if request.POST.get("again") else requests.submit
        hand(case, by=viewer_of(request))
        messages.success(request, _("Your request is submitted. We write to you when it is decided."))
        return redirect("web:request", pk=pk)
    if not again and "submit" not in buttons:
        return redirect("web:request", pk=pk)
    policy = case.stage.policy or case.policy
    context = {
        "case": case,
        "policy": policy,
        "version": policy.licence_version,
        "answers": answered(policy.form.questions, case.answers, file_at=_file_at(case)),
        "acceptance": Acceptance.objects.of(case.person, policy.licence_version).order_by("pk").first(),
        "hints": hints_for(case, viewer_of(request)),
        "buttons": buttons,
        "again": again,
    }
    return render(request, "applying/hand_in.html", context)
