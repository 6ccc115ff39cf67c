"""Drift: what the Hub says that nobody here decided, from when it was found until somebody resolved it."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import HubPerson, User
from gatekeeper.rules import lifecycle
from gatekeeper.rules.access import Access, Seen
from gatekeeper.rules.drift import KINDS, UNRESOLVED, DriftKind, DriftStatus, Kind, Owner, Severity
from gatekeeper.rules.lifecycle import Offer
from gatekeeper.rules.needs import Facts
from gatekeeper.rules.statuses import OPEN_REQUEST, Role

from .accounts_seen import concerned
from .hub_access import HubAccess
from .repositories import Repository
from .requests import AccessRequest
from .roles import case_roles, is_own, roles_at

if TYPE_CHECKING:
    from accounts.viewer import Viewer

OF_PEOPLE = tuple(kind.value for kind, about in KINDS.items() if about.of_a_person)
LIVE = tuple(sorted(status.value for status in UNRESOLVED))
# What a decision on an open case settles, so that nothing else is decided about it meanwhile.
SETTLED_BY_CASES = (DriftKind.GHOST_ACCESS, DriftKind.ACCOUNT_GONE)


class DriftQuerySet(models.QuerySet["Drift"]):
    """Questions asked of drift."""

    def visible_to(self, viewer: "Viewer") -> "DriftQuerySet":
        """Return the drift of the repositories that the viewer sees, but not what is about themselves."""
        seen = self.filter(repository__in=Repository.objects.visible_to(viewer))
        return seen if viewer.person is None else seen.exclude(person=viewer.person)

    def unresolved(self) -> "DriftQuerySet":
        """Return what is still so: open, being repaired, or excepted."""
        return self.filter(status__in=LIVE)

    def waiting(self) -> "DriftQuerySet":
        """Return what waits for somebody to decide."""
        return self.filter(status=DriftStatus.OPEN)

    def to_lapse(self, *, at: datetime) -> "DriftQuerySet":
        """Return the exceptions whose day has come."""
        return self.filter(status=DriftStatus.EXCEPTED, excepted_until__lte=at)

    def over(self) -> "DriftQuerySet":
        """Return the unresolved drift of people that the Hub, as it was last read, does not show any more."""
        return self.filter(kind__in=OF_PEOPLE, status__in=LIVE).filter(
            Q(kind=DriftKind.GHOST_ACCESS) & ~_row(ghosts())
            | Q(kind=DriftKind.MISSING_ACCESS) & ~_row(missing())
            | Q(kind=DriftKind.WRONG_REJECTED) & ~_row(wrongly_rejected())
            | Q(kind=DriftKind.ACCOUNT_GONE) & ~(_concerned() & Q(person__gone_at__isnull=False))
            | Q(kind=DriftKind.ACCOUNT_RENAMED) & ~(_concerned() & Q(reference=F("person__username")))
            | Q(kind=DriftKind.ACCOUNT_RENAMED, facts__was__iexact=F("person__username"))
        )

    def over_exposure(self, *, at: datetime) -> timedelta:
        """Return for how long people had access that nobody gave here, added up over all ghost access."""
        until = Coalesce("resolved_at", models.Value(at, output_field=models.DateTimeField()))
        lasted = models.ExpressionWrapper(until - F("since"), output_field=models.DurationField())
        total = self.filter(kind=DriftKind.GHOST_ACCESS).aggregate(total=models.Sum(lasted))["total"]
        return total or timedelta()

    def facts(self, viewer: "Viewer", *, at: datetime | None = None) -> dict[int, Facts]:
        """Return what the needs of the drift table ask about, by id. A constant number of statements."""
        at = at or timezone.now()
        drifts = list(self.select_related("repository", "person"))
        people = {drift.person_id for drift in drifts if drift.person_id}
        cases = set(
            AccessRequest.objects.filter(
                person__in=people,
                status__in=OPEN_REQUEST,
                stage__repositories__in={drift.repository_id for drift in drifts},
            ).values_list("stage__repositories", "person")
        )
        return {
            drift.pk: Facts(
                own=drift.person is not None and not viewer.is_system and is_own(viewer, drift.person),
                recordable=drift.about.recordable,
                undoable=drift.can_be_undone,
                same_owner=drift.facts.get("owner") not in (Owner.ANOTHER, Owner.UNKNOWN),
                token_reaches=drift.facts.get("token", True),
                case_open=drift.kind in SETTLED_BY_CASES and (drift.repository_id, drift.person_id) in cases,
                due=drift.excepted_until is not None and drift.excepted_until <= at,
            )
            for drift in drifts
        }


def _concerned() -> Q:
    return concerned(models.OuterRef("repository"), models.OuterRef("person"))


def _row(rows: models.QuerySet[HubAccess]) -> models.Exists:
    return models.Exists(rows.filter(repository=models.OuterRef("repository"), person=models.OuterRef("person")))


def ghosts() -> models.QuerySet[HubAccess]:
    """Return the rows of people whom the Hub lets in without a wish here, and nothing is being done about it."""
    return HubAccess.objects.filter(seen=Seen.ACCEPTED, due_at=None).exclude(access=Access.YES)


def missing() -> models.QuerySet[HubAccess]:
    """Return the rows of people whom the Hub did let in as wished, and does not any more, though they are there."""
    return HubAccess.objects.filter(
        access=Access.YES, due_at=None, confirmed_at__isnull=False, person__gone_at=None
    ).exclude(seen__in=(Seen.ACCEPTED, Seen.UNKNOWN))


def wrongly_rejected() -> models.QuerySet[HubAccess]:
    """Return the rows of people who were rejected on the Hub while their case here is open."""
    case = AccessRequest.objects.filter(
        person=models.OuterRef("person"), stage__repositories=models.OuterRef("repository"), status__in=OPEN_REQUEST
    )
    return HubAccess.objects.filter(models.Exists(case), seen=Seen.REJECTED, access=Access.NO_OPINION, due_at=None)


class Drift(models.Model):
    """One thing that differs at a repository, about one person or about the repository itself.

    `since` is when it began as far as the Hub tells, else when it was last seen to be otherwise; `by_username` is the
    Hub account that did it. `facts` holds what was and what is, and a diff of public text.
    """

    repository = models.ForeignKey(Repository, on_delete=models.PROTECT, related_name="drifts")
    person = models.ForeignKey(HubPerson, on_delete=models.PROTECT, null=True, blank=True, related_name="drifts")
    kind = models.CharField(max_length=30, choices=[(k.value, k.value) for k in DriftKind])
    severity = models.CharField(max_length=10, choices=[(s.value, s.value) for s in Severity])
    reference = models.CharField(max_length=100, blank=True)
    facts: Any = models.JSONField(default=dict)
    since = models.DateTimeField()
    since_is_exact = models.BooleanField(default=False)
    by_username = models.CharField(max_length=100, blank=True)
    found_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=[(s.value, s.value) for s in DriftStatus], default="open")
    status_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    words = models.TextField(blank=True)
    excepted_until = models.DateTimeField(null=True, blank=True)
    held_back = models.BooleanField(default=False)

    objects = DriftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["repository", "person", "kind", "reference"],
                condition=Q(status__in=LIVE),
                nulls_distinct=False,
                name="one_unresolved_drift",
            ),
            models.CheckConstraint(
                condition=Q(status="excepted", excepted_until__isnull=False) | ~Q(status="excepted"),
                name="an_exception_ends",
            ),
        ]
        indexes = [
            models.Index(fields=["repository", "kind"], name="drift_unresolved", condition=Q(status__in=LIVE)),
            models.Index(fields=["status", "-id"], name="drift_status"),
        ]

    def __str__(self) -> str:
        whom = f" ({self.person.username})" if self.person else ""
        return f"{self.kind} at {self.repository.name}{whom}"

    @property
    def publisher_id(self) -> int:
        """Return the id of the publisher whose roles count here."""
        return self.repository.publisher_id

    @property
    def about(self) -> Kind:
        """Return what is known of drift of this kind."""
        return KINDS[DriftKind(self.kind)]

    @property
    def can_be_undone(self) -> bool:
        """Say whether the Hub can be told to take it back. A gate that is off goes back on in its own, safe way."""
        return self.about.undoable and not (self.kind == DriftKind.MODE_CHANGED and not self.facts.get("is"))

    def roles_of(self, viewer: "Viewer") -> frozenset[Role]:
        """Return the viewer's roles towards this."""
        if self.person is None:
            return roles_at(viewer, self.publisher_id)
        return case_roles(viewer, self.publisher_id, self.person)

    def actions_for(self, viewer: "Viewer", *, at: datetime | None = None) -> list[Offer]:
        """Return what the viewer could do about this now."""
        facts = Drift.objects.filter(pk=self.pk).facts(viewer, at=at).get(self.pk, Facts())
        return lifecycle.offers("drift", self.status, self.roles_of(viewer), facts)
