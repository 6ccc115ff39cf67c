"""Verbs of a case: start, answer, accept, submit, withdraw, answer back; and what the clock does to it."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.models import (
    Acceptance,
    AccessRequest,
    Event,
    GatePolicy,
    Grant,
    HubAccess,
    Invited,
    MessageKind,
    PersonalText,
    Purpose,
    Stage,
    Submission,
)
from gatekeeper.models.policies import current_policies
from gatekeeper.rules import needs, questions
from gatekeeper.rules.access import Closing, Seen
from gatekeeper.rules.refusals import Invalid, Refusal, Refused, Unmet
from gatekeeper.rules.refusals import gettext_noop as _
from gatekeeper.rules.statuses import RequestStatus, StageStatus

from ._answering import DRAFT_DAYS, copy_files, take_answers
from ._step import acting, acting_person, record, step, tell, write_texts
from .acceptances import Shown, new_acceptance
from .arrivals import meet
from .words import readable, say

NOT_OPEN = needs.NEEDS["stage_open"][1]
DENIED = Refusal(
    "denied_finally", _("This request was decided finally. Write to the publisher if you think that is wrong.")
)
HAS_GRANT = Refusal("grant_exists", _("You already have a grant of this stage; see “My access”."))
BY_INVITATION = Refusal("by_invitation", _("This stage is by invitation, and you are not invited under this Hub name."))
NEVER_PREFILLED = questions.BOXES | {questions.Kind.FILE}
AT_FAULT = Refusal("answers_at_fault", _("Some answers could not be taken; the others are saved."))


def start(stage: Stage, *, by: Viewer, at: datetime | None = None) -> AccessRequest:
    """Begin a request of the viewer at a stage, or return the one that is open already.

    Raises NotAllowed without a Hub identity, Unmet if the stage is not open, is by invitation and they are not invited,
    or a grant is held already.
    """
    person, at = acting_person(by), at or timezone.now()
    existing = AccessRequest.objects.open().filter(person=person, stage=stage).first()
    if existing is not None:
        return existing
    policy = stage.policy
    if stage.status != StageStatus.OPEN or policy is None:
        raise Unmet(NOT_OPEN)
    if Grant.objects.live().filter(person=person, stage=stage).exists():
        raise Unmet(HAS_GRANT)
    if AccessRequest.objects.filter(person=person, stage=stage, status=RequestStatus.DENIED_FINAL).exists():
        raise Unmet(DENIED)
    invited = _invitation_of(person, stage, policy, at=at)
    try:
        with transaction.atomic():
            draft = PersonalText.of(person, Purpose.DRAFT, _prefill(person, policy), at=at, days=DRAFT_DAYS)
            draft.save()
            case = AccessRequest.objects.create(
                stage=stage,
                person=person,
                policy=policy,
                status=RequestStatus.DRAFT,
                status_at=at,
                created_at=at,
                queued_at=at,
                due_at=at + timedelta(days=policy.term("sla_days")),
                draft=draft,
                waits_until=at + timedelta(days=DRAFT_DAYS),
            )
            how = {"policy": policy.pk} | ({"invited": invited.pk} if invited else {})
            record([("request.start", case, how)], by=acting(by), at=at)
    except IntegrityError:  # the same person started twice at the same moment: the other one won
        return AccessRequest.objects.open().get(person=person, stage=stage)
    return case


def _invitation_of(person: HubPerson, stage: Stage, policy: GatePolicy, *, at: datetime) -> Invited | None:
    """Return how somebody is invited to a stage. Raises Unmet where only who is invited may ask, and they are not."""
    invited = Invited.objects.standing().filter(stage=stage, person=person)
    found = invited.first()
    if found is None and policy.invited_only:
        meet([person], at=at)
        found = invited.first()
        if found is None:
            raise Unmet(BY_INVITATION)
    return found


def _prefill(person: HubPerson, policy: GatePolicy) -> dict[str, Any]:
    """Return the person's latest answers that still fit, so that nobody types the same thing twice."""
    last = Submission.objects.filter(request__person=person).order_by("-submitted_at", "-pk").first()
    before = (last.answers if last else None) or {}
    asked = {each["key"] for each in policy.form.questions if each["kind"] not in NEVER_PREFILLED}
    return questions.validate(
        policy.form.document, {key: value for key, value in before.items() if key in asked}, complete=False
    ).answers


def answer(
    request: AccessRequest,
    *,
    by: Viewer,
    answers: Mapping[str, Any],
    files: Mapping[str, tuple[str, Iterable[bytes]]] | None = None,
    at: datetime | None = None,
) -> AccessRequest:
    """Save answers to the draft; what cannot be taken is refused at its question, and the rest is kept.

    Only the questions given are touched; an empty answer removes one. `files` are a name and bytes by question. What
    is answered to a question that is not shown is dropped. Raises Invalid (after saving), WrongState.
    """
    with step("request", "answer", [request], by=by, at=at) as moved:
        [case] = moved.rows
        refusals = take_answers(case, answers, files or {}, by=by, at=moved.at)
    if refusals:
        raise Invalid(AT_FAULT, refusals)
    return case


def accept(
    request: AccessRequest,
    *,
    by: Viewer,
    text_sha256: str,
    version_sha256: str | None = None,
    acknowledged: Iterable[str] = (),
    shown: Shown | None = None,
    at: datetime | None = None,
) -> Acceptance:
    """Accept the licence version in force, for the person of the case.

    `text_sha256` and `version_sha256` say what was shown: see new_acceptance. Raises WrongState if another version
    is in force by now, or this one was accepted already; Invalid if a use restriction was not acknowledged,
    or authority is missing.
    """
    with step("request", "accept", [request], by=by, at=at) as moved:
        [case] = moved.rows
        policy = current_policies([case.stage])[case.stage_id]
        acceptance = new_acceptance(
            case.person,
            policy,
            text_sha256=text_sha256,
            version_sha256=version_sha256,
            acknowledged=acknowledged,
            shown=shown or Shown(),
            at=moved.at,
        )
        moved.note(
            case,
            acceptance=acceptance.pk,
            licence_version=acceptance.licence_version_id,
            text_sha256=acceptance.text_sha256,
        )
    return acceptance


def submit(request: AccessRequest, *, by: Viewer, at: datetime | None = None) -> AccessRequest:
    """Hand in the draft as a submission, under the terms in force; it is in the queue when this returns.

    Raises Unmet (stage not open, terms changed, answers or acceptance missing), WrongState. Where the stage approves
    by rule, it is approved in the same transaction unless something stands against it, such as a final denial, a
    suspension or a revocation before, and then waits for a person.
    """
    return _hand_in(request, "submit", by=by, at=at)


def resubmit(request: AccessRequest, *, by: Viewer, at: datetime | None = None) -> AccessRequest:
    """Hand in the corrections of a correctably denied case as a new submission: see submit."""
    return _hand_in(request, "resubmit", by=by, at=at)


def _hand_in(request: AccessRequest, action: str, *, by: Viewer, at: datetime | None) -> AccessRequest:
    from .decisions import approve_automatically  # a rule decides through the same verb as a person

    with transaction.atomic():
        with step("request", action, [request], by=by, at=at) as moved:
            [case] = moved.rows
            submission = new_submission(case, at=moved.at)
            moved.note(case, submission=submission.pk, answers_digest=submission.answers_digest)
            enqueue(case, at=moved.at)
            tell([(case.person.user, "request_received", case)], at=moved.at)
        if case.policy.automatic and not _turned_away_before(case):
            with suppress(Refused):  # no place, or the stage is not open any more: a person looks
                approve_automatically(case, at=moved.at)
            case.refresh_from_db(fields=["status", "status_at"])
    return case


def _turned_away_before(case: AccessRequest) -> bool:
    """Say whether people have denied this person here for good, or stopped or ended their access: people look again."""
    here = {"person": case.person_id, "stage": case.stage_id}
    held = Grant.objects.filter(**here)
    stopped = Event.objects.filter(
        object_kind="grant", object_id__in=held.values("pk"), action__in=("grant.suspend", "grant.revoke")
    )
    denied = AccessRequest.objects.filter(**here, status=RequestStatus.DENIED_FINAL)
    return denied.exists() or stopped.exists()


def new_submission(case: AccessRequest, *, at: datetime) -> Submission:
    """Freeze the draft of a case as its next submission: the answers to the questions that are shown."""
    days = max((int(question["retention_days"]) for question in case.policy.form.questions), default=365)
    answers = questions.validate(case.policy.form.document, case.answers, complete=True).answers
    [text] = write_texts([(case.person, Purpose.ANSWERS, answers)], at=at, days=days)
    if case.draft is not None:
        copy_files(case.draft, text, answers)
    accepted = Acceptance.objects.filter(person=case.person, licence_version=case.policy.licence_version_id)
    submission = Submission.objects.create(
        request=case,
        number=case.submissions.count() + 1,
        form=case.policy.form,
        policy=case.policy,
        acceptance=accepted.order_by("-pk").first(),
        answers_id=text.pk,
        answers_digest=text.digest,
        submitted_at=at,
    )
    case.submission = submission
    return submission


def enqueue(case: AccessRequest, *, at: datetime) -> None:
    """Put a case into the queue now, with a new promise of when it is answered."""
    case.queued_at, case.due_at = at, at + timedelta(days=case.policy.term("sla_days"))
    case.waits_until, case.breached_at, case.reopened, case.asked_anew, case.reminded = None, None, [], [], 0
    case.save(
        update_fields=[
            *("submission", "queued_at", "due_at", "waits_until", "breached_at", "reopened", "asked_anew", "reminded")
        ]
    )


def withdraw(request: AccessRequest, *, by: Viewer, at: datetime | None = None) -> AccessRequest:
    """Take the request back. Raises WrongState once it is decided.

    What was never submitted is deleted with its files, unless a legal hold keeps it.
    """
    with step("request", "withdraw", [request], by=by, at=at) as moved:
        [case] = moved.rows
        _stop_waiting([case])
        if case.is_unsubmitted:
            PersonalText.objects.free().filter(pk=case.draft_id).delete()
            case.refresh_from_db(fields=["draft"])
    return case


def answer_back(request: AccessRequest, *, by: Viewer, words: str, at: datetime | None = None) -> AccessRequest:
    """Answer the reviewer's question; the time it took is added to the promise."""
    words = readable(words)
    with step("request", "answer_back", [request], by=by, at=at) as moved:
        [case] = moved.rows
        say(case, MessageKind.ANSWER, words, moved)
        case.due_at += moved.at - (case.owed_since or moved.at)
        case.owed_since = case.waits_until = None
        case.save(update_fields=["owed_since", "due_at", "waits_until"])
        tell([(case.assignee, "question_answered", case)], at=moved.at)
    return case


def admit_all(requests: Iterable[AccessRequest], *, at: datetime | None = None) -> list[AccessRequest]:
    """Move requests that were completed on the Hub into review, where the stage takes them as they are."""
    with step("request", "admit", requests, by=Viewer.system("clock"), at=at) as moved:
        pass
    return moved.rows


def expire_all(requests: Iterable[AccessRequest], *, at: datetime | None = None) -> list[AccessRequest]:
    """Expire requests whose time to answer has run out. Not a denial: the Hub request is reset, to ask again."""
    with step("request", "expire", requests, by=Viewer.system("clock"), at=at) as moved:
        _stop_waiting(moved.rows)
        pressed = _pressed(moved.rows)
        on_hub = [row for row in moved.rows if row.status != RequestStatus.DRAFT or row.pk in pressed]
        moved.wish(closing=Closing.RESET, cause="request_expired", rows=on_hub)
        tell(((row.person.user, "request_expired", row) for row in moved.rows), at=moved.at)
    return moved.rows


def erase_all(requests: Iterable[AccessRequest], *, at: datetime | None = None) -> list[AccessRequest]:
    """End open requests whose person's data is erased; what waits on the Hub is reset. Part of that step."""
    with step("request", "erase", requests, by=Viewer.system("clock"), at=at) as moved:
        _stop_waiting(moved.rows)
        pressed = _pressed(moved.rows)
        moved.wish(closing=Closing.RESET, cause="erased", rows=[row for row in moved.rows if row.pk in pressed])
    return moved.rows


def _pressed(cases: Iterable[AccessRequest]) -> set[int]:
    """Return the ids of those whose person waits on the Hub too: a draft that a Hub request has joined."""
    waiting = set(
        HubAccess.objects.filter(
            person__in={case.person_id for case in cases},
            repository__stages__in={case.stage_id for case in cases},
            seen=Seen.PENDING,
            adopted_of__isnull=False,
        ).values_list("person_id", "repository__stages")
    )
    return {case.pk for case in cases if (case.person_id, case.stage_id) in waiting}


def note_breaches(*, at: datetime | None = None) -> int:
    """Record, once each, the cases whose promised time has passed while somebody here owed the answer."""
    at = at or timezone.now()
    late = AccessRequest.objects.overdue(at=at).filter(breached_at=None)
    with transaction.atomic():
        rows = list(
            late.select_for_update(no_key=True, of=("self",), skip_locked=True)
            .select_related("stage__release")
            .order_by("pk")[:500]
        )
        AccessRequest.objects.filter(pk__in=[row.pk for row in rows]).update(breached_at=at)
        record((("request.breach", row, {}) for row in rows), by=acting(Viewer.system("clock")), at=at)
    return len(rows)


def _stop_waiting(cases: list[AccessRequest]) -> None:
    AccessRequest.objects.filter(pk__in=[case.pk for case in cases]).update(waits_until=None, assignee=None)
    for case in cases:
        case.waits_until = case.assignee = None
