"""Applying, in three screens: the questions, the licence, and a last look before it is submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from gatekeeper.actions import requests
from gatekeeper.models import Acceptance, AccessRequest, GatePolicy
from gatekeeper.rules import questions
from gatekeeper.rules.refusals import Invalid, WrongState
from gatekeeper.web.accepting import accepting, shown
from gatekeeper.web.buttons import buttons_for
from gatekeeper.web.finding import find_own_case, find_stage
from gatekeeper.web.forms.applying.answers import AnswerForm
from gatekeeper.web.pages import page, viewer_of
from gatekeeper.web.views.catalogue.audience import warning_first
from gatekeeper.web.words import answer_words, in_reader_language

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
    asked = open_questions(case, policy)
    form = AnswerForm(asked, answers=case.answers, data=request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return _questions_page(request, case, policy, form)
    refused: Mapping[str, Any] = {}
    try:
        case = requests.answer(case, by=viewer_of(request), answers=form.given(asked))
    except Invalid as at_fault:
        refused = at_fault.fields
    if request.htmx:  # type: ignore[attr-defined]  # set by HtmxMiddleware
        labels = [in_reader_language(each["label"]) for each in asked if each["key"] in refused]
        return render(request, "applying/saved.html", {"not_taken": labels})
    going_on = request.POST.get("then") == "continue"
    if going_on and not refused:
        refused = questions.validate(case.policy.form.document, case.answers, complete=True).refusals
    if refused:
        form.refuse(refused)
        return _questions_page(request, case, policy, form)
    if going_on:
        return redirect("web:licence", pk=pk)
    messages.success(request, _("Your draft is saved."))
    return redirect("web:draft", pk=pk)


def open_questions(case: AccessRequest, policy: GatePolicy) -> list[dict[str, Any]]:
    """Return the questions that can be answered now: after a correctable denial, those that were named; else all."""
    before = {question["key"]: question for question in case.policy.form.questions}
    if not case.reopened:
        return policy.form.questions
    return [
        question
        for question in policy.form.questions
        if question["key"] in case.reopened or question != before.get(question["key"])
    ]


def _questions_page(request: HttpRequest, case: AccessRequest, policy: GatePolicy, form: AnswerForm) -> HttpResponse:
    sections: list[dict[str, Any]] = []
    standing = [question for question in policy.form.questions if question["key"] not in form.fields]
    for question in policy.form.questions:
        title = in_reader_language(question.get("section") or "")
        if not sections or sections[-1]["title"] != title:
            sections.append({"title": title, "fields": []})
        if question["key"] in form.fields:
            sections[-1]["fields"].append(form[question["key"]])
    context = {
        "case": case,
        "policy": policy,
        "form": form,
        "sections": [section for section in sections if section["fields"]],
        "standing_answers": answered(standing, case.answers),
        "checks": eligibility(request, case.stage, policy),
        "decision": case.decisions.order_by("-pk").first(),
    }
    return render(request, "applying/questions.html", context, status=422 if form.errors else 200)


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
                acknowledged=request.POST.getlist("acknowledged"),
                shown=shown(request, case.person, version, buttons),
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
        "answers": answered(policy.form.questions, case.answers),
        "acceptance": Acceptance.objects.of(case.person, policy.licence_version).order_by("pk").first(),
        "buttons": buttons,
        "again": again,
    }
    return render(request, "applying/hand_in.html", context)


def answered(asked: list[dict[str, Any]], answers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each question with its answer, as people read them."""
    return [
        {
            "key": question["key"],
            "label": in_reader_language(question["label"]),
            "answer": answer_words(question, answers.get(question["key"])),
            "long": question["kind"] == "long_text",
        }
        for question in asked
    ]
