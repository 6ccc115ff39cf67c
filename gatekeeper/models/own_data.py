"""All that is kept of one person, as they may read it, and what erasing it would mean.

What others wrote for each other alone (notes, opinions) and who they are is no part of it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Max, Q, QuerySet

from accounts.models import HubPerson
from gatekeeper.rules import hub_names
from gatekeeper.rules.erasure import Consequence
from gatekeeper.rules.statuses import OPEN_REQUEST

from .grants import Grant
from .hub_access import HubAccess
from .imports import ApprovalImport, EarlierApproval
from .invitations import Invited
from .licences import Acceptance
from .outbox import Notice
from .personal import PersonalText
from .requests import AccessRequest, Decision, Message, MessageKind, Submission


def name_keys(person: HubPerson) -> set[str]:
    """Return the key of the name that a person bears now: names of before may be somebody else's by now."""
    return {hub_names.key(person.username)} if person.username else set()


def earlier_approvals_of(person: HubPerson) -> "QuerySet[EarlierApproval]":
    """Return the lines about a person: those that have met them, and those that wait under their name."""
    waiting = Q(person=None, name_key__in=name_keys(person))
    return EarlierApproval.objects.filter(Q(person=person) | waiting)


def invited_of(person: HubPerson) -> "QuerySet[Invited]":
    """Return where a person is invited: by their id, and by a name that waits for its holder."""
    return Invited.objects.filter(Q(person=person) | Q(person=None, name_key__in=name_keys(person)))


def own_data(person: HubPerson) -> dict[str, Any]:
    """Return all that is kept of a person as a document; a constant number of statements."""
    return {
        "person": _person(person),
        "account": _account(person),
        "requests": list(_requests(person)),
        "acceptances": [_acceptance(row) for row in _acceptances(person)],
        "grants": [_grant(row) for row in _grants(person)],
        "hub": [
            {"repository": row.repository.name, "should_say": row.access, "said": row.seen, "read_at": row.seen_at}
            for row in HubAccess.objects.filter(person=person).select_related("repository").order_by("pk")
        ],
        "invitations": [
            {
                "stage": str(row.stage),
                "as": row.hub_name,
                "invited_at": row.created_at,
                "withdrawn_at": row.withdrawn_at,
            }
            for row in invited_of(person).select_related("stage__release").order_by("pk")
        ],
        "earlier_approvals": [
            {"as": row.hub_name, "approved_on": row.approved_on, "terms": row.terms, "kept_until": row.delete_after}
            for row in earlier_approvals_of(person).order_by("pk")
        ],
        "notices": [
            {"kind": notice.kind, "at": notice.created_at}
            for notice in Notice.objects.filter(recipient=person.user_id or 0).order_by("pk")
        ],
        "erasures": [
            {"asked_at": row.asked_at, "carried_out_at": row.carried_out_at} for row in person.erasures.order_by("pk")
        ],
        "legal_holds": [
            {"publisher": hold.publisher.name, "reason": hold.reason, "since": hold.set_at}
            for hold in person.legal_holds.standing().select_related("publisher").order_by("pk")
        ],
    }


def _person(person: HubPerson) -> dict[str, Any]:
    return {
        "hub_id": person.hub_user_id,
        "hub_name": person.username,
        "full_name": person.fullname,
        "first_seen_at": person.first_seen_at,
        "organisations": person.orgs_seen,
        "names": [
            {"name": name.username, "first_seen_at": name.first_seen_at, "last_seen_at": name.last_seen_at}
            for name in person.names.order_by("pk")
        ],
    }


def _account(person: HubPerson) -> dict[str, Any] | None:
    user = person.user
    if user is None:
        return None
    roles = user.memberships.select_related("publisher").order_by("pk")
    return {
        "username": user.username,
        "email": user.email,
        "language": user.language,
        "since": user.date_joined,
        "last_sign_in": user.last_login,
        "roles": [{"publisher": role.publisher.name, "role": role.role} for role in roles],
    }


def _requests(person: HubPerson) -> Iterable[dict[str, Any]]:
    cases = list(
        AccessRequest.objects.filter(person=person).select_related("stage__release__publisher", "draft").order_by("pk")
    )
    said = Message.objects.filter(request__in=cases).exclude(kind=MessageKind.NOTE).select_related("text")
    messages, submissions, decisions = (
        list(said.order_by("pk")),
        list(Submission.objects.filter(request__in=cases).select_related("form").order_by("pk")),
        list(Decision.objects.filter(Q(request__in=cases) | Q(grant__person=person)).order_by("pk")),
    )
    wanted = {row.answers_id for row in submissions} | {row.words_id for row in decisions}
    texts = dict(PersonalText.objects.filter(pk__in=wanted).values_list("pk", "body"))
    for case in cases:
        yield {
            "stage": str(case.stage),
            "publisher": case.stage.release.publisher.name,
            "status": case.status,
            "began_at": case.created_at,
            "began": case.origin,
            "draft": case.answers,
            "submissions": [
                {
                    "number": row.number,
                    "submitted_at": row.submitted_at,
                    "answers": texts.get(row.answers_id),
                    "asked": {question["key"]: question["label"] for question in row.form.questions},
                }
                for row in submissions
                if row.request_id == case.pk
            ],
            "messages": [
                {"kind": row.kind, "sent_at": row.sent_at, "words": row.words}
                for row in messages
                if row.request_id == case.pk
            ],
            "decisions": [
                {
                    "outcome": row.outcome,
                    "reasons": row.reason_codes,
                    "words": texts.get(row.words_id),
                    "decided_at": row.decided_at,
                }
                for row in decisions
                if row.request_id == case.pk
            ],
        }


def _acceptances(person: HubPerson) -> "QuerySet[Acceptance]":
    rows = Acceptance.objects.filter(person=person).select_related("licence_version__licence", "receipt")
    return rows.defer("licence_version__text").order_by("pk")


def _acceptance(row: Acceptance) -> dict[str, Any]:
    receipt = getattr(row, "receipt", None)
    return {
        "licence": str(row.licence_version),
        "text_sha256": row.text_sha256,
        "accepted_at": row.accepted_at,
        "kind": row.kind,
        "hub_name": row.hub_username,
        "organisation": row.organisation,
        "authority": row.authority,
        "language": row.language,
        "acknowledged": row.acknowledged,
        "receipt": receipt and {"signed": receipt.body, "signature": receipt.signature, "key_id": receipt.key_id},
    }


def _grants(person: HubPerson) -> "QuerySet[Grant]":
    return Grant.objects.filter(person=person).select_related("stage__release").order_by("pk")


def _grant(row: Grant) -> dict[str, Any]:
    return {
        "stage": str(row.stage),
        "status": row.status,
        "since": row.created_at,
        "active_since": row.activated_at,
        "ends_at": row.ends_at,
        "conditions": row.conditions,
    }


def consequences(person: HubPerson) -> list[Consequence]:
    """Return what erasing a person's data means now, in the order of what ends, goes and stays; nothing empty."""
    user = person.user
    works_here = user is not None and (user.is_operator or user.memberships.exists())
    lines = earlier_approvals_of(person)
    files = ApprovalImport.objects.filter(approvals__in=lines, evidence__isnull=False)
    known = (
        ("grants", Grant.objects.live().filter(person=person).count(), None),
        ("requests", AccessRequest.objects.filter(person=person, status__in=OPEN_REQUEST).count(), None),
        ("texts", PersonalText.objects.filter(person=person).count(), None),
        ("earlier_approvals", lines.count(), None),
        ("invitations", invited_of(person).exclude(hub_name="").count(), None),
        ("contact", 1, None),
        ("acceptances", Acceptance.objects.filter(person=person).count(), None),
        ("decisions", Decision.objects.filter(Q(request__person=person) | Q(grant__person=person)).count(), None),
        ("hub_access", HubAccess.objects.filter(person=person).count(), None),
        ("account", 1, None),
        ("roles", int(works_here), None),
        ("files", files.distinct().count(), _last_day(files)),
    )
    return [Consequence(code, count, until) for code, count, until in known if count]


def _last_day(files: "QuerySet[ApprovalImport]") -> datetime | None:
    """Return when the last line of these files goes, which takes the file along."""
    lines = EarlierApproval.objects.filter(source__in=files.values("pk"))
    last: datetime | None = lines.aggregate(last=Max("delete_after"))["last"]
    return last
