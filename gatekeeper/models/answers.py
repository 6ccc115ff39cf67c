"""Questions asked of answers: the files among them, for whoever may see them, and hints before they are submitted."""

from typing import TYPE_CHECKING

from gatekeeper.rules import form_diff, hints, lifecycle, visibility
from gatekeeper.rules.questions import Kind
from gatekeeper.rules.statuses import Role

from .files import AnswerFile, StoredFile
from .policies import GatePolicy
from .requests import AccessRequest, Submission

if TYPE_CHECKING:
    from accounts.viewer import Viewer


def file_seen(case: AccessRequest, viewer: "Viewer", *, key: str, number: int | None = None) -> StoredFile | None:
    """Return the file that answers a question, of a submission by its number or else of the draft.

    None where there is none, or none that the viewer sees: a draft is its person's alone, a blinded answer not for
    those who decide, an erased one for nobody.
    """
    roles = case.roles_of(viewer)
    if number is None:
        text = case.draft_id if Role.REQUESTER in roles else None
    else:
        submission = case.submissions.select_related("form").filter(number=number).first()
        if submission is None:
            return None
        seen = visibility.answers_seen(submission.form.questions, submission.answers, roles) or {}
        text = submission.answers_id if key in seen else None
    link = AnswerFile.objects.filter(text=text, key=key).select_related("file").first() if text else None
    return link.file if link else None


def asked_anew(case: AccessRequest, policy: GatePolicy) -> frozenset[str]:
    """Return the keys of the questions that are new or changed since the draft of a case was begun."""
    if not case.answers:
        return frozenset()
    if policy.form_id == case.policy.form_id:
        return frozenset(case.asked_anew)
    return frozenset(case.asked_anew) | set(form_diff.asked_anew(case.policy.form.questions, policy.form.questions))


def hints_for(case: AccessRequest, viewer: "Viewer") -> list[hints.Hint]:
    """Return what might come back about a draft, for its person while it is being written; nobody else is told."""
    writing = case.status in lifecycle.find("request", "answer").from_
    if not writing or Role.REQUESTER not in case.roles_of(viewer) or not case.answers:
        return []
    email = viewer.user.email if viewer.user else ""
    return hints.hints(case.policy.form.questions, case.answers, hints.Known(email, _country_before(case)))


def _country_before(case: AccessRequest) -> str:
    """Return the country that the person gave in their latest other request; empty where none is known any more."""
    others = Submission.objects.filter(request__person=case.person).exclude(request=case).select_related("form")
    last = others.order_by("-submitted_at", "-pk").first()
    answers = (last.answers if last else None) or {}
    asked = last.form.questions if last else []
    given = (answers.get(each["key"], "") for each in asked if each["kind"] == Kind.COUNTRY)
    return next((str(country) for country in given if country), "")
