"""A case as its viewer sees it: the fields that the visibility rules allow, and no others are even read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext

from accounts.viewer import Viewer
from gatekeeper.api.errors import sentence
from gatekeeper.api.serializers.common import actions
from gatekeeper.catalogues.reason_codes import REASON_CODES
from gatekeeper.models import (
    Acceptance,
    AccessRequest,
    Decision,
    Grant,
    HubAccess,
    MessageKind,
    PersonalText,
    Review,
    Submission,
)
from gatekeeper.models.answers import asked_anew, hints_for
from gatekeeper.models.policies import current_policies
from gatekeeper.rules import visibility
from gatekeeper.rules.hints import Hint
from gatekeeper.rules.statuses import Role

ROW = (
    "id",
    "stage",
    "origin",
    "status",
    "status_at",
    "created_at",
    "queued_at",
    "due_at",
    "breached_at",
    "waits_until",
)


def request_row(case: AccessRequest, viewer: Viewer) -> dict[str, Any]:
    """Return a case as a row of a list; no statement if stage, person and assignee were loaded with it."""
    seen = case.visible_fields(viewer)
    row = {name: getattr(case, name) for name in ROW} | {"submission": case.submission_id}
    if "requester_name" in seen:
        row["requester"] = case.person
    if "assignee" in seen:
        row["assignee"] = case.assignee
    return row


def request_detail(case: AccessRequest, viewer: Viewer) -> dict[str, Any]:
    """Return the whole case; a constant number of statements, whatever happened to it."""
    seen = case.visible_fields(viewer)
    policy = current_policies([case.stage]).get(case.stage_id) or case.policy
    submissions = list(case.submissions.select_related("form").order_by("number"))
    decisions = list(case.decisions.select_related("decided_by"))
    reviews = list(_reviews(submissions)) if "reviews" in seen else []
    texts = _texts(
        [made.answers_id for made in submissions if "answers" in seen]
        + [made.words_id for made in decisions if "decision_words" in seen]
        + [given.note_id for given in reviews if given.note_id and "private_notes" in seen]
    )
    detail = request_row(case, viewer) | {
        "form": case.policy.form_id,
        "policy": case.policy_id,
        "licence_version": policy.licence_version,
        "reopened": case.reopened,
        "submissions": [_submission(made, texts, case.roles_of(viewer)) for made in submissions],
        "acceptances": [
            _ids(given, "licence_version")
            for given in Acceptance.objects.behind(case, policy.licence_version).order_by("pk")
        ],
        "decisions": [decision_made(made, texts, seen) for made in decisions],
        "grants": list(case.grants.order_by("pk")),
        "actions": actions(case.actions_for(viewer)),
    }
    if Role.REQUESTER in case.roles_of(viewer):
        detail["draft"] = case.answers
        detail["asked_anew"] = sorted(asked_anew(case, policy))
        detail["hints"] = [_hint(hint) for hint in hints_for(case, viewer)]
    if "messages" in seen:
        detail["messages"] = _messages(case, seen)
    if "reviews" in seen:
        detail["reviews"] = [_review(given, texts, seen) for given in reviews]
    if "hub_access" in seen:
        detail["hub_access"] = hub_accesses(case)
    return detail


def grant_row(grant: Grant, viewer: Viewer) -> dict[str, Any]:
    """Return a grant as a row of a list; no statement if stage, person and acceptance were loaded with it."""
    row = {
        name: getattr(grant, name)
        for name in ("id", "stage", "status", "status_at", "created_at", "activated_at", "ends_at", "conditions")
    } | {
        "request": grant.request_id,
        "imported": grant.is_imported,
        "licence_version": grant.acceptance.licence_version if grant.acceptance else None,
    }
    if visibility.may_see("requester_name", grant.roles_of(viewer)):
        row["holder"] = grant.person
    return row


def grant_detail(grant: Grant, viewer: Viewer) -> dict[str, Any]:
    """Return the whole grant."""
    seen = visibility.visible_fields(grant.roles_of(viewer))
    decisions = list(grant.decisions_on.select_related("decided_by"))
    texts = _texts([made.words_id for made in decisions if "decision_words" in seen])
    detail = grant_row(grant, viewer) | {
        "decisions": [decision_made(made, texts, seen) for made in decisions],
        "actions": actions(grant.actions_for(viewer)),
    }
    if "hub_access" in seen:
        detail["hub_access"] = hub_accesses(grant)
    return detail


def hub_accesses(thing: AccessRequest | Grant) -> list[HubAccess]:
    """Return what is wished and seen of a person at the repositories of a stage."""
    return list(
        HubAccess.objects.filter(person=thing.person, repository__stages=thing.stage)
        .select_related("repository", "person")
        .order_by("pk")
    )


def decision_made(made: Decision, texts: dict[int, Any], seen: frozenset[str]) -> dict[str, Any]:
    """Return a decision, with its words and its author as far as they are seen."""
    row = _ids(made, "submission", "policy")
    if "decision_words" in seen:
        row["words"] = texts.get(made.words_id)
    if "staff_names" in seen:
        row["decided_by"] = made.decided_by
    return row


def _texts(ids: Iterable[int]) -> dict[int, Any]:
    wanted = set(ids)
    return dict(PersonalText.objects.filter(pk__in=wanted).values_list("pk", "body")) if wanted else {}


def _ids(row: Any, *references: str) -> dict[str, Any]:
    """Return the columns of a row by name, and these of its references as ids."""
    return {
        field.name: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not field.is_relation or field.name in references
    }


def _submission(made: Submission, texts: dict[int, Any], roles: frozenset[Role]) -> dict[str, Any]:
    row = _ids(made, "form", "policy")
    if visibility.may_see("answers", roles):
        row["answers"] = visibility.answers_seen(made.form.questions, texts.get(made.answers_id), roles)
    return row


def _hint(hint: Hint) -> dict[str, Any]:
    return {
        "code": hint.code,
        "question": hint.key,
        "detail": sentence(hint.said),
        "way_out": gettext(REASON_CODES[hint.code].hint),
        "guiding": [gettext(line) for line in hint.guiding],
    }


def _messages(case: AccessRequest, seen: frozenset[str]) -> list[dict[str, Any]]:
    rows = case.messages.select_related("author", "text")
    if "private_notes" not in seen:
        rows = rows.exclude(kind=MessageKind.NOTE)
    return [
        _ids(sent)
        | {"words": sent.words}
        | ({"author": sent.author} if "staff_names" in seen or sent.author_id == case.person.user_id else {})
        for sent in rows
    ]


def _reviews(submissions: list[Submission]) -> Iterable[Review]:
    return (
        Review.objects.filter(submission__in=submissions, withdrawn_at=None).select_related("reviewer").order_by("pk")
    )


def _review(given: Review, texts: dict[int, Any], seen: frozenset[str]) -> dict[str, Any]:
    row = _ids(given, "submission")
    if "private_notes" in seen:
        row["note"] = texts.get(given.note_id) if given.note_id else None
    if "staff_names" in seen:
        row["reviewer"] = given.reviewer
    return row
