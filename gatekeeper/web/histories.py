"""What happened to a case, told in order: from its submissions, messages, decisions, grants and, for staff, the record.

Which of it a viewer reads is asked of `visible_fields`; names of a publisher's people are told to their own side only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from gatekeeper.models import (
    Acceptance,
    AcceptanceKind,
    AccessRequest,
    Decision,
    Event,
    Grant,
    Invited,
    MessageKind,
    Origin,
    Outcome,
    PersonalText,
    Review,
)

from .words import for_requester, of_grant

DECIDED = {
    Outcome.APPROVED: ("good", gettext_noop("Approved")),
    Outcome.DENIED_CORRECTABLE: ("warn", gettext_noop("Changes asked for")),
    Outcome.DENIED_FINAL: ("bad", gettext_noop("Not approved")),
    Outcome.REVOKED: ("bad", gettext_noop("Access withdrawn")),
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened: when, what, by whom if that may be told, the words that were said, and its reasons."""

    at: datetime
    title: str
    by: str = ""
    said: str | None = None
    tone: str = ""
    codes: list[str] = field(default_factory=list)
    private: bool = False


def history_of(case: AccessRequest, fields: frozenset[str]) -> list[Happening]:
    """Return what happened to a case, oldest first, as far as a viewer who sees these fields may read it."""
    began = _("Asked on the Hub’s own page") if case.origin == Origin.HUB else _("Request begun")
    told = [
        Happening(case.created_at, began),
        *_acceptances(case),
        *_submissions(case),
        *_messages(case, fields),
        *_decisions(case, fields),
        *_grants(case),
        *(_reviews(case, fields) if "reviews" in fields else ()),
        *(_record(case, fields) if "history" in fields else _end(case)),
        *(_came_by(case) if "history" in fields else ()),
    ]
    return sorted(told, key=lambda happening: happening.at)


def _submissions(case: AccessRequest) -> Iterator[Happening]:
    for submission in case.submissions.order_by("number"):
        title = _("Submitted") if submission.number == 1 else _("Submitted again, with corrections")
        if submission.origin == Origin.HUB:
            title = _("Answers taken over from the Hub")
        yield Happening(submission.submitted_at, title, tone="now")


def _acceptances(case: AccessRequest) -> Iterator[Happening]:
    version = (case.stage.policy or case.policy).licence_version
    given = Acceptance.objects.behind(case, version).select_related("licence_version__licence")
    for acceptance in given:
        where = (
            _("“%(licence)s” accepted on the Hub (a ticked box: the weaker proof)")
            if acceptance.kind == AcceptanceKind.ON_THE_HUB
            else _("“%(licence)s” accepted")
        )
        yield Happening(acceptance.accepted_at, where % {"licence": acceptance.licence_version})


def _messages(case: AccessRequest, fields: frozenset[str]) -> Iterator[Happening]:
    titles = {
        MessageKind.QUESTION: (_("Question from the reviewer"), "warn"),
        MessageKind.ANSWER: (_("Answer from the requester"), ""),
        MessageKind.NOTE: (_("Private note"), ""),
    }
    for message in case.messages.select_related("text", "author"):
        note = message.kind == MessageKind.NOTE
        if ("private_notes" if note else "messages") not in fields:
            continue
        title, tone = titles[MessageKind(message.kind)]
        yield Happening(
            message.sent_at, title, _name(message.author, fields), _words(message.words), tone, private=note
        )


def _decisions(case: AccessRequest, fields: frozenset[str]) -> Iterator[Happening]:
    decisions = list(Decision.objects.filter(request=case).select_related("decided_by"))
    texts = dict(PersonalText.objects.filter(pk__in=[each.words_id for each in decisions]).values_list("pk", "body"))
    for decision in decisions:
        tone, title = DECIDED[Outcome(decision.outcome)]
        said = _words(texts.get(decision.words_id)) if "decision_words" in fields else None
        by = _("by the rule of this stage") if decision.automatic else _name(decision.decided_by, fields)
        yield Happening(decision.decided_at, _(title), by, said, tone, codes=list(decision.reason_codes))


def _grants(case: AccessRequest) -> Iterator[Happening]:
    for grant in Grant.objects.filter(request=case).order_by("pk"):
        if grant.activated_at:
            yield Happening(grant.activated_at, _("Access confirmed on the Hub"), tone="good")
        if grant.activated_at and grant.status_at > grant.activated_at:
            standing = of_grant(grant)
            yield Happening(grant.status_at, str(standing.words), tone=standing.tone)


def _reviews(case: AccessRequest, fields: frozenset[str]) -> Iterator[Happening]:
    deciding = set(Decision.objects.filter(request=case).values_list("decided_by", "decided_at"))
    for review in Review.objects.filter(submission__request=case).select_related("reviewer", "note"):
        if (review.reviewer_id, review.reviewed_at) in deciding:
            continue  # the decision tells of it already
        said = str(review.note.body) if review.note and "private_notes" in fields else None
        yield Happening(
            review.reviewed_at,
            _("Recommended for approval"),
            _name(review.reviewer, fields),
            said,
            private=said is not None,
        )


# Steps that nothing else tells of.
RECORDED = {
    "request.take": gettext_noop("Taken into review"),
    "request.put_back": gettext_noop("Put back into the queue"),
    "request.admit": gettext_noop("Taken into the queue as answered on the Hub"),
    "request.remind": gettext_noop("Reminded to finish the request here"),
    "request.withdraw": gettext_noop("Withdrawn"),
    "request.expire": gettext_noop("Expired"),
    "request.breach": gettext_noop("The promised time passed without a decision"),
}


def _record(case: AccessRequest, fields: frozenset[str]) -> Iterator[Happening]:
    for event in Event.objects.about("accessrequest", case.pk).filter(action__in=RECORDED).select_related("actor"):
        yield Happening(event.at, _(RECORDED[event.action]), _name(event.actor, fields))


def _came_by(case: AccessRequest) -> Iterator[Happening]:
    """How the publisher's people know of the person: an invitation, an approval of long ago."""
    invited = Invited.objects.standing().filter(stage=case.stage_id, person=case.person_id, met_at__isnull=False)
    for each in invited.select_related("invitation"):
        yield Happening(each.met_at or case.created_at, _("Invited"), said=each.invitation.label, private=True)
    for line in case.earlier_approvals.select_related("source"):
        values = {"approver": line.approver, "terms": line.terms, "list": line.source.file_name, "line": line.line}
        day = date_format(line.approved_on, "DATE_FORMAT") if line.approved_on else ""
        said = _("Approved by %(approver)s on %(day)s (%(list)s, line %(line)s).") % {**values, "day": day}
        terms = _("Terms then: %(terms)s") % values if line.terms else ""
        yield Happening(
            line.settled_at or case.created_at,
            _("An earlier approval was joined to it"),
            said=f"{said}\n{terms}".strip(),
            private=True,
        )


def _end(case: AccessRequest) -> Iterator[Happening]:
    ended = not AccessRequest.objects.open().filter(pk=case.pk).exists()
    if ended and not case.decisions.exists():
        yield Happening(case.status_at, str(for_requester(case).words))


def _name(user: User, fields: frozenset[str]) -> str:
    return user.username if "staff_names" in fields and not user.is_system else ""


def _words(body: Any) -> str:
    return _("(The words were erased.)") if body is None else str(body)
