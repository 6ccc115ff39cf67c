"""A gate form as it is answered: which questions stand on the page now, and answers as people read them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from django.urls import reverse

from accounts.viewer import Viewer
from gatekeeper.models import AccessRequest, GatePolicy
from gatekeeper.models.answers import asked_anew
from gatekeeper.rules import visibility
from gatekeeper.rules.questions import Kind, read
from gatekeeper.rules.showing import shown
from gatekeeper.rules.statuses import Role
from gatekeeper.web.forms.applying.answers import AnswerForm
from gatekeeper.web.words import answer_words, in_reader_language

Question = Mapping[str, Any]


def open_questions(case: AccessRequest, policy: GatePolicy) -> list[dict[str, Any]]:
    """Return the questions that can be answered: all, or after a correctable denial those that were named.

    What was not shown until now can be answered as well once it is.
    """
    if not case.reopened:
        return policy.form.questions
    named = {*case.reopened, *asked_anew(case, policy)}
    before = shown(policy.form.questions, case.answers)
    return [each for each in policy.form.questions if each["key"] in named or each["key"] not in before]


def delta(case: AccessRequest, policy: GatePolicy, asked: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return which of the questions a draft that was carried over has to answer: new, changed, or without an answer."""
    anew, now = asked_anew(case, policy), shown(policy.form.questions, case.answers)
    return [
        each
        for each in asked
        if each["key"] in anew or each["key"] not in now or read(each, case.answers.get(each["key"])) == (None, None)
    ]


def sections(asked: Iterable[Question], form: AnswerForm) -> list[dict[str, Any]]:
    """Return the fields of a form under the headings of their questions, in order."""
    found: list[dict[str, Any]] = []
    for question in asked:
        if question["key"] not in form.fields:
            continue
        title = in_reader_language(question.get("section") or "")
        if not found or found[-1]["title"] != title:
            found.append({"title": title, "fields": []})
        found[-1]["fields"].append(form[question["key"]])
    return found


def submitted_answers(case: AccessRequest, viewer: Viewer) -> list[dict[str, Any]]:
    """Return the answers that were submitted last, as the viewer reads them."""
    last = case.submission
    if last is None:
        return []
    return answered(
        last.form.questions,
        last.answers,
        roles=case.roles_of(viewer),
        file_at=lambda key: reverse("web:submitted_file", args=[case.pk, last.number, key]),
    )


def answered(
    asked: Collection[Question],
    answers: Mapping[str, Any] | None,
    *,
    roles: Iterable[Role] = (Role.REQUESTER,),
    file_at: Callable[[str], str] | None = None,
    only: Collection[str] | None = None,
) -> list[dict[str, Any]]:
    """Return each question that is shown with its answer, as people with these roles read it.

    `file_at` gives the address of a file by key; `only` leaves out other questions. A blinded answer is not there.
    """
    held = frozenset(roles)
    seen = visibility.answers_seen(asked, answers, held) or {}
    visible = shown(asked, answers or {})
    return [
        {
            "key": each["key"],
            "label": in_reader_language(each["label"]),
            "answer": answer_words(each, seen.get(each["key"])),
            "long": each["kind"] == Kind.LONG_TEXT,
            "withheld": bool(each.get("blinded")) and not visibility.sees_blinded(held),
            "href": file_at(each["key"]) if file_at and each["kind"] == Kind.FILE and each["key"] in seen else "",
        }
        for each in asked
        if each["key"] in visible and (only is None or each["key"] in only)
    ]
