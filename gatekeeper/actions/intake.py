"""What began on the Hub comes into the same queue: each Hub request once, joined to its person's case if any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.models import (
    Acceptance,
    AcceptanceKind,
    AccessRequest,
    Card,
    Grant,
    HubAccess,
    Invited,
    Origin,
    PersonalText,
    Purpose,
    Repository,
    Stage,
    Submission,
)
from gatekeeper.models.policies import GatePolicy, current_policies
from gatekeeper.rules import hub_fields, questions
from gatekeeper.rules.statuses import RequestStatus

from ._step import acting, record, tell, write_texts
from .receipts import issue_all
from .requests import admit_all


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits in the Hub's pending list: the person, since when, and the answers given there by label."""

    person: HubPerson
    requested_at: datetime
    fields: Mapping[str, Any] = field(default_factory=dict)


def bring_in(repository: Repository, waiting: Sequence[Waiting], *, at: datetime | None = None) -> list[AccessRequest]:
    """Bring the people who wait at a repository into the queue of its first open stage; returns the new cases.

    A Hub request joins the open or correctable case of its person, is brought in once, and is left where it is while
    no stage that includes the repository is open, or while its person is not invited to one that is by invitation. A
    constant number of statements for any number of people.
    """
    at = at or timezone.now()
    if not waiting:
        return []
    with transaction.atomic():
        stage = _lock_open_stage(repository)
        if stage is None:
            return []
        policy = current_policies([stage])[stage.pk]
        fresh = _not_brought_in(repository, waiting)
        busy = _with_case_or_grant(repository, fresh)
        if policy.invited_only:
            fresh = _invited_or_busy(stage, fresh, busy)
        _mark(repository, fresh)
        new = [one for one in fresh if one.person.pk not in busy]
        cases = _new_cases(stage, policy, new, at=at)
        completed = _complete_on_the_hub(repository, policy, cases, new, at=at) if policy.hub_is_enough else []
        tell(((case.person.user, "finish_here", case) for case in cases if case not in completed), at=at)
    return cases


def _lock_open_stage(repository: Repository) -> Stage | None:
    """Lock the stage before any Hub access, as every verb does, and so that it cannot be paused meanwhile."""
    stages = Stage.objects.including(repository).taking_requests().select_related("release")
    return stages.select_for_update(no_key=True, of=("self",)).first()


def _not_brought_in(repository: Repository, waiting: Sequence[Waiting]) -> list[Waiting]:
    """Return those whose Hub request was not brought in yet, with their rows locked against another worker."""
    by_person = {one.person.pk: one for one in waiting}
    rows = (
        HubAccess.objects.select_for_update(no_key=True)
        .filter(
            Q(adopted_of=None) | Q(adopted_of__lt=F("seen_requested_at")), repository=repository, person__in=by_person
        )
        .order_by("pk")
    )
    return [by_person[row.person_id] for row in rows]


def _mark(repository: Repository, waiting: Sequence[Waiting]) -> None:
    HubAccess.objects.filter(repository=repository, person__in=[one.person.pk for one in waiting]).update(
        adopted_of=F("seen_requested_at")
    )


def _with_case_or_grant(repository: Repository, waiting: Sequence[Waiting]) -> set[int]:
    people = [one.person.pk for one in waiting]
    here = {"person__in": people, "stage__repositories": repository}
    cases = AccessRequest.objects.open().filter(**here).values_list("person_id", flat=True)
    return {*cases, *Grant.objects.live().filter(**here).values_list("person_id", flat=True)}


def _invited_or_busy(stage: Stage, waiting: Sequence[Waiting], busy: set[int]) -> list[Waiting]:
    people = [one.person.pk for one in waiting]
    invited = set(Invited.objects.standing().filter(stage=stage, person__in=people).values_list("person_id", flat=True))
    return [one for one in waiting if one.person.pk in busy | invited]


def _new_cases(stage: Stage, policy: GatePolicy, waiting: Sequence[Waiting], *, at: datetime) -> list[AccessRequest]:
    days = int(policy.term("intake_days"))
    drafts = write_texts(
        ((one.person, Purpose.DRAFT, _answers_of(one, policy)) for one in waiting),
        at=at,
        days=days + 30,
    )
    AccessRequest.objects.bulk_create(
        [
            AccessRequest(
                stage=stage,
                person=one.person,
                policy=policy,
                origin=Origin.HUB,
                status=RequestStatus.BROUGHT_IN,
                status_at=at,
                created_at=at,
                queued_at=at,
                due_at=at + timedelta(days=policy.term("sla_days")),
                waits_until=at + timedelta(days=days),
                draft=draft,
            )
            for one, draft in zip(waiting, drafts, strict=True)
        ],
        ignore_conflicts=True,  # somebody who begins here at the same moment has a case already
        batch_size=1_000,
    )
    cases = list(
        AccessRequest.objects.filter(draft__in=drafts)
        .select_related("stage__release", "person__user", "policy__form", "draft")
        .order_by("pk")
    )
    PersonalText.objects.filter(pk__in={draft.pk for draft in drafts} - {case.draft_id for case in cases}).delete()
    record(
        (("request.bring_in", case, {"policy": policy.pk}) for case in cases), by=acting(Viewer.system("clock")), at=at
    )
    return cases


def _answers_of(one: Waiting, policy: GatePolicy) -> dict[str, Any]:
    """Return what was answered on the Hub to the questions that are shown here."""
    form = policy.form.document
    return questions.validate(form, hub_fields.hub_answers(form, one.fields), complete=False).answers


def _complete_on_the_hub(
    repository: Repository, policy: GatePolicy, cases: list[AccessRequest], waiting: Sequence[Waiting], *, at: datetime
) -> list[AccessRequest]:
    """Count what was answered and ticked on the Hub as submission and acceptance, where the stage says that is enough.

    The acceptance is of the weaker kind: it is bound to the card that was there at the time.
    """
    since = {one.person.pk: one.requested_at for one in waiting}
    cards = list(Card.objects.filter(repository=repository).order_by("read_at", "pk"))
    complete = [
        case for case in cases if not questions.validate(policy.form.document, case.answers, complete=True).refusals
    ]
    if not cards or not complete:
        return []
    version = policy.licence_version
    acceptances = Acceptance.objects.bulk_create(
        Acceptance(
            person=case.person,
            licence_version=version,
            policy=policy,
            kind=AcceptanceKind.ON_THE_HUB,
            text_sha256=version.text_sha256,
            normalised_sha256=version.normalised_sha256,
            hub_user_id=case.person.hub_user_id,
            hub_username=case.person.username,
            card=_card_at(cards, since[case.person_id]),
            accepted_at=since[case.person_id],
        )
        for case in complete
    )
    issue_all(acceptances, at=at)
    days = max((int(question["retention_days"]) for question in policy.form.questions), default=365)
    texts = write_texts(((case.person, Purpose.ANSWERS, case.answers) for case in complete), at=at, days=days)
    submissions = Submission.objects.bulk_create(
        Submission(
            request=case,
            number=1,
            form=policy.form,
            policy=policy,
            acceptance=acceptance,
            answers_id=text.pk,
            answers_digest=text.digest,
            origin=Origin.HUB,
            submitted_at=at,
        )
        for case, acceptance, text in zip(complete, acceptances, texts, strict=True)
    )
    for case, submission in zip(complete, submissions, strict=True):
        case.submission, case.waits_until = submission, None
    AccessRequest.objects.bulk_update(complete, ["submission", "waits_until"], batch_size=1_000)
    return admit_all(complete, at=at)


def remind_unfinished(*, at: datetime | None = None, limit: int = 500) -> int:
    """Remind people, after 3 and 10 days, to finish here what they began on the Hub; returns how many were due.

    A clock that stood still sends one reminder, not two. Only people with an account here can be written to.
    """
    at = at or timezone.now()
    with transaction.atomic():
        rows = list(
            AccessRequest.objects.to_remind(at=at)
            .select_for_update(no_key=True, of=("self",), skip_locked=True)
            .select_related("stage__release", "person__user")
            .order_by("pk")[:limit]
        )
        for row in rows:
            row.reminded = row.reminders_due(at=at)
        AccessRequest.objects.bulk_update(rows, ["reminded"], batch_size=1_000)
        record(
            (("request.remind", row, {"number": row.reminded}) for row in rows),
            by=acting(Viewer.system("clock")),
            at=at,
        )
        tell(((row.person.user, "finish_soon", row) for row in rows), at=at)
    return len(rows)


def _card_at(cards: Sequence[Card], at: datetime) -> Card:
    """Return the card that was the latest known at that time, or the first that is known."""
    before = [card for card in cards if card.read_at <= at]
    return before[-1] if before else cards[0]
