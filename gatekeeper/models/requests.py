"""Access requests: one case of one person at one stage, with its submissions and the messages about it."""

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import HubPerson, Membership, User
from gatekeeper.rules import lifecycle, questions, visibility
from gatekeeper.rules.lifecycle import Offer
from gatekeeper.rules.needs import Facts
from gatekeeper.rules.statuses import OPEN_REQUEST, QUEUED, RequestStatus, Role, StageStatus

from .grants import Grant
from .ladders import Stage
from .licences import Acceptance
from .personal import PersonalText
from .policies import GateForm, GatePolicy, current_policies
from .repositories import READING
from .roles import case_roles, is_own

if TYPE_CHECKING:
    from accounts.viewer import Viewer


# Days after which somebody is reminded to finish here what began on the Hub.
REMIND_AFTER_DAYS = (3, 10)


class Origin(models.TextChoices):
    """Where a request began."""

    HERE = "here"
    HUB = "hub"


class AccessRequestQuerySet(models.QuerySet["AccessRequest"]):
    """Questions asked of access requests."""

    def visible_to(self, viewer: "Viewer") -> "AccessRequestQuerySet":
        """Return the viewer's own requests, and those of the publishers they work for (but no drafts of others)."""
        staffed = viewer.publishers_with(*READING)
        theirs = Q(stage__release__publisher__in=staffed) & ~Q(status=RequestStatus.DRAFT)
        if viewer.person is None:
            return self.filter(theirs) if staffed else self.none()
        own = Q(person=viewer.person)
        return self.filter(own | theirs) if staffed else self.filter(own)

    def own(self, viewer: "Viewer") -> "AccessRequestQuerySet":
        """Return the viewer's own requests."""
        return self.filter(person=viewer.person) if viewer.person else self.none()

    def reviewable_by(self, viewer: "Viewer") -> "AccessRequestQuerySet":
        """Return the cases of the publishers where the viewer reviews, in whatever state but draft."""
        return self.filter(stage__release__publisher__in=viewer.publishers_with(*READING)).exclude(
            status=RequestStatus.DRAFT
        )

    def queued(self) -> "AccessRequestQuerySet":
        """Return the cases that wait for a decision, for a reviewer or for an answer, and those begun on the Hub."""
        return self.filter(status__in=QUEUED | {RequestStatus.BROUGHT_IN})

    def waiting_for_review(self) -> "AccessRequestQuerySet":
        """Return the cases that somebody here owes an answer."""
        return self.filter(status__in={RequestStatus.SUBMITTED, RequestStatus.IN_REVIEW})

    def waiting_for_requester(self) -> "AccessRequestQuerySet":
        """Return the cases in the queue whose person owes an answer, or has to finish here what began on the Hub."""
        return self.filter(status__in={RequestStatus.INFO_REQUESTED, RequestStatus.BROUGHT_IN})

    def open(self) -> "AccessRequestQuerySet":
        """Return the requests that are not ended."""
        return self.filter(status__in=OPEN_REQUEST)

    def to_expire(self, *, at: datetime) -> "AccessRequestQuerySet":
        """Return the requests whose time to answer has run out."""
        return self.filter(status__in=lifecycle.find("request", "expire").from_, waits_until__lte=at)

    def to_remind(self, *, at: datetime) -> "AccessRequestQuerySet":
        """Return the requests begun on the Hub whose person is to be reminded now to finish them here."""
        due = Q()
        for before, days in enumerate(REMIND_AFTER_DAYS):
            due |= Q(reminded__lte=before, status_at__lte=at - timedelta(days=days))
        return self.filter(due, status=RequestStatus.BROUGHT_IN, waits_until__gt=at)

    def overdue(self, *, at: datetime) -> "AccessRequestQuerySet":
        """Return the cases whose promised time has passed while somebody here owed the answer."""
        return self.waiting_for_review().filter(due_at__lt=at)

    def facts(self, viewer: "Viewer", *, at: datetime | None = None) -> dict[int, Facts]:
        """Return what the needs of the request table ask about, by request id. A constant number of statements."""
        at = at or timezone.now()
        cases: list[AccessRequest] = list(self.select_related("stage", "person", "draft", "policy__form"))
        return facts_of(cases, viewer, at=at)


class AccessRequest(models.Model):
    """One case: one person asks for one stage. There is one open at a time."""

    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="requests")
    person = models.ForeignKey(HubPerson, on_delete=models.PROTECT, related_name="requests")
    policy = models.ForeignKey(GatePolicy, on_delete=models.PROTECT, related_name="requests")
    origin = models.CharField(max_length=4, choices=Origin, default=Origin.HERE)
    status = models.CharField(max_length=20, choices=[(s.value, s.value) for s in RequestStatus])
    status_at = models.DateTimeField()
    created_at = models.DateTimeField()
    queued_at = models.DateTimeField()
    due_at = models.DateTimeField()
    breached_at = models.DateTimeField(null=True, blank=True)
    owed_since = models.DateTimeField(null=True, blank=True)
    waits_until = models.DateTimeField(null=True, blank=True, db_index=True)
    reminded = models.PositiveSmallIntegerField(default=0)
    assignee = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    draft = models.ForeignKey(PersonalText, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    reopened: Any = models.JSONField(default=list)
    # Keys of the questions that are new or changed since the draft was begun, until it is submitted.
    asked_anew: Any = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    submission = models.ForeignKey(
        "gatekeeper.Submission", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = AccessRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "stage"],
                condition=Q(status__in=sorted(OPEN_REQUEST)),
                name="one_open_request_per_person_and_stage",
            )
        ]
        indexes = [
            models.Index(
                fields=["stage", "queued_at", "id"],
                name="request_queue",
                condition=Q(status__in=sorted(QUEUED | {RequestStatus.BROUGHT_IN})),
            ),
            models.Index(fields=["person", "-created_at"], name="request_of_person"),
            models.Index(fields=["status", "due_at"], name="request_due"),
        ]

    def __str__(self) -> str:
        return f"{self.person.username} at {self.stage}"

    def reminders_due(self, *, at: datetime) -> int:
        """Return how many reminders to finish it here its person should have had by now."""
        return sum(self.status_at + timedelta(days=days) <= at for days in REMIND_AFTER_DAYS)

    @property
    def publisher_id(self) -> int:
        """Return the id of the publisher whose roles count here."""
        return self.stage.release.publisher_id

    def roles_of(self, viewer: "Viewer") -> frozenset[Role]:
        """Return the viewer's roles towards this case."""
        return case_roles(viewer, self.publisher_id, self.person)

    def visible_fields(self, viewer: "Viewer") -> frozenset[str]:
        """Return the names of the fields of this case that the viewer sees."""
        return visibility.visible_fields(self.roles_of(viewer))

    def actions_for(self, viewer: "Viewer", *, at: datetime | None = None) -> list[Offer]:
        """Return what the viewer could do with this case now."""
        facts = AccessRequest.objects.filter(pk=self.pk).facts(viewer, at=at).get(self.pk, Facts())
        return lifecycle.offers("request", self.status, self.roles_of(viewer), facts)

    @property
    def is_unsubmitted(self) -> bool:
        """Say whether it stands where nobody has submitted anything yet."""
        return self.status in (RequestStatus.DRAFT, RequestStatus.BROUGHT_IN)

    @property
    def answers(self) -> dict[str, Any]:
        """Return the answers of the draft, as they are being written."""
        return dict(self.draft.body) if self.draft else {}


def facts_of(cases: "list[AccessRequest]", viewer: "Viewer", *, at: datetime) -> dict[int, Facts]:
    """Return the facts of cases that were loaded with stage, person, draft and policy__form; five statements."""
    policies = current_policies([case.stage for case in cases])
    accepted = set(
        Acceptance.objects.filter(
            person__in={case.person_id for case in cases},
            licence_version__in={policy.licence_version_id for policy in policies.values()},
        ).values_list("person_id", "licence_version_id")
    )
    holding = set(
        Grant.objects.live()
        .filter(stage__in=policies, person__in={case.person_id for case in cases})
        .values_list("person_id", "stage_id")
    )
    capped = [stage for stage, policy in policies.items() if policy.term("cap") is not None]
    taken = (
        dict(Grant.objects.live().filter(stage__in=capped).values_list("stage").annotate(Count("pk"))) if capped else {}
    )
    opinions: Counter[int] = Counter()
    mine: set[int] = set()
    askers = {case.submission_id: case.person.user_id for case in cases if case.submission_id}
    given = Review.objects.counting().filter(submission__in=askers)
    for submission, reviewer in given.values_list("submission_id", "reviewer_id"):
        if reviewer == askers[submission]:  # connected to the Hub name that asked only after the opinion was given
            continue
        if viewer.user is not None and reviewer == viewer.user.pk:
            mine.add(submission)
        else:
            opinions[submission] += 1
    found = {}
    for case in cases:
        policy = policies.get(case.stage_id)
        cap = policy.term("cap") if policy else None
        found[case.pk] = Facts(
            own=is_own(viewer, case.person) and not viewer.is_system,
            stage=StageStatus(case.stage.status),
            stage_takes_grants=case.stage.status == StageStatus.OPEN,
            policy_current=policy is not None and policy.pk == case.policy_id,
            answers_complete=_complete(case),
            answers_given=case.submission_id is not None,
            acceptance_current=policy is not None and (case.person_id, policy.licence_version_id) in accepted,
            hub_is_enough=case.policy.hub_is_enough,
            automatic=policy is not None and policy.automatic,
            approvals_given=opinions[case.submission_id or 0] + 1,
            approvals_required=1 if policy is None or viewer.is_system else int(policy.term("approvals_required")),
            already_recommended=case.submission_id in mine,
            taken=case.status == RequestStatus.IN_REVIEW and case.assignee_id is not None,
            places_left=None if cap is None else int(cap) - taken.get(case.stage_id, 0),
            live_grant=(case.person_id, case.stage_id) in holding,
            due=case.waits_until is not None and case.waits_until <= at,
        )
    return found


def _complete(case: AccessRequest) -> bool:
    writing = case.status in lifecycle.find("request", "answer").from_
    return writing and not questions.validate(case.policy.form.document, case.answers, complete=True).refusals


class Submission(models.Model):
    """One version of a request's answers, under one form and policy version. Frozen in the database."""

    request = models.ForeignKey(AccessRequest, on_delete=models.PROTECT, related_name="submissions")
    number = models.PositiveIntegerField()
    form = models.ForeignKey(GateForm, on_delete=models.PROTECT, related_name="+")
    policy = models.ForeignKey(GatePolicy, on_delete=models.PROTECT, related_name="+")
    acceptance = models.ForeignKey(Acceptance, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    answers_id = models.BigIntegerField()
    answers_digest = models.CharField(max_length=64)
    origin = models.CharField(max_length=4, choices=Origin, default=Origin.HERE)
    submitted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "number"], name="one_submission_per_number")]

    @property
    def answers(self) -> dict[str, Any] | None:
        """Return the answers, or None when they have been erased."""
        text = PersonalText.objects.filter(pk=self.answers_id).first()
        return dict(text.body) if text else None


class MessageKind(models.TextChoices):
    """What a message is for. A note is private to the publisher's people."""

    QUESTION = "question"
    ANSWER = "answer"
    NOTE = "note"


class Message(models.Model):
    """Something said about a case. The words stand in a personal text."""

    request = models.ForeignKey(AccessRequest, on_delete=models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=10, choices=MessageKind)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.ForeignKey(PersonalText, on_delete=models.SET_NULL, null=True, related_name="+")
    sent_at = models.DateTimeField()

    class Meta:
        ordering = ["sent_at", "id"]

    @property
    def words(self) -> str | None:
        """Return the words, or None when they have been erased."""
        return str(self.text.body) if self.text else None


class ReviewQuerySet(models.QuerySet["Review"]):
    """Questions asked of reviews."""

    def counting(self) -> "ReviewQuerySet":
        """Return the opinions that count: not withdrawn, and of people who still review there."""
        reviewing = Membership.objects.filter(
            user=models.OuterRef("reviewer"),
            publisher=models.OuterRef("submission__request__stage__release__publisher"),
            role=Membership.Role.REVIEWER,
        )
        return self.filter(models.Exists(reviewing), withdrawn_at=None)


class Review(models.Model):
    """One reviewer's opinion on one submission."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recommendation = models.CharField(max_length=10, default="approve")
    note = models.ForeignKey(PersonalText, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["submission", "reviewer"], name="one_review_per_reviewer")]


class Outcome(models.TextChoices):
    """What was decided."""

    APPROVED = "approved"
    DENIED_CORRECTABLE = "denied_correctable"
    DENIED_FINAL = "denied_final"
    REVOKED = "revoked"


class Decision(models.Model):
    """The outcome on one submission under one policy version. Frozen in the database; only ever superseded."""

    request = models.ForeignKey(
        AccessRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions"
    )
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions_on")
    submission = models.ForeignKey(
        Submission, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions"
    )
    policy = models.ForeignKey(GatePolicy, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=20, choices=Outcome)
    reason_codes: Any = models.JSONField()
    reopened: Any = models.JSONField(default=list)
    words_id = models.BigIntegerField()
    words_digest = models.CharField(max_length=64)
    redress = models.CharField(max_length=40)
    automatic = models.BooleanField(default=False)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    supersedes = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )

    class Meta:
        ordering = ["decided_at", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason_codes=[]), name="decision_has_a_reason_code"),
            models.CheckConstraint(
                condition=Q(automatic=False) | Q(outcome=Outcome.APPROVED), name="nothing_is_denied_by_rule"
            ),
            models.CheckConstraint(
                condition=Q(outcome=Outcome.REVOKED, grant__isnull=False)
                | ~Q(outcome=Outcome.REVOKED) & Q(submission__isnull=False, request__isnull=False),
                name="decision_is_about_a_submission_or_a_grant",
            ),
        ]

    @property
    def words(self) -> str | None:
        """Return the words for the requester, or None when they have been erased."""
        text = PersonalText.objects.filter(pk=self.words_id).first()
        return str(text.body) if text else None
