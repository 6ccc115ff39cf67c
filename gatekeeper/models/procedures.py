"""Procedures: the emergency stop and the safe re-gate, from when somebody prepared one until it is done.

What is left to do stands in the rows of grants, Hub access, wishes and drift; a procedure holds who decided what.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Publisher, User
from gatekeeper.rules import lifecycle
from gatekeeper.rules.lifecycle import Offer
from gatekeeper.rules.needs import Facts
from gatekeeper.rules.procedures import (
    HOLDING,
    UNFINISHED,
    Outcome,
    Phase,
    ProcedureKind,
    ProcedureStatus,
    Scope,
)
from gatekeeper.rules.statuses import Role

from .repositories import READING, STEWARDING
from .roles import roles_at

if TYPE_CHECKING:
    from accounts.viewer import Viewer

RATIFIED_WITHIN = timedelta(hours=24)
OPEN = sorted(status.value for status in UNFINISHED)
LEADING = frozenset({Role.OWNER, Role.OPERATOR})


def a_choice(of: Any) -> list[tuple[str, str]]:
    """Return the choices of a field that holds one of these words."""
    return [(each.value, each.value) for each in of]


def others(publisher_id: int, user: User) -> models.QuerySet[User]:
    """Return who else could be the second person at a publisher: its stewards and owners, and operators."""
    staff = Q(memberships__publisher=publisher_id, memberships__role__in=STEWARDING)
    return User.objects.filter(staff | Q(is_operator=True), is_active=True, is_system=False).exclude(pk=user.pk)


class ProcedureQuerySet(models.QuerySet["Procedure"]):
    """Questions asked of procedures."""

    def visible_to(self, viewer: "Viewer") -> "ProcedureQuerySet":
        """Return the procedures of the publishers that the viewer is a member of; an operator sees all."""
        if viewer.is_operator:
            return self.all()
        return self.filter(publisher__in=viewer.publishers_with(*READING))

    def unfinished(self) -> "ProcedureQuerySet":
        """Return what is neither done nor called off."""
        return self.filter(status__in=OPEN)

    def running(self) -> "ProcedureQuerySet":
        """Return what workers have something to do about, or to look at. A stop takes hold while its lift is asked."""
        return self.filter(status__in=(ProcedureStatus.RUNNING, ProcedureStatus.WAITING))

    def going_on(self) -> "ProcedureQuerySet":
        """Return what goes on without anybody doing anything."""
        return self.filter(status=ProcedureStatus.RUNNING)

    def stops(self) -> "ProcedureQuerySet":
        """Return the emergency stops that hold their stages now."""
        return self.filter(kind=ProcedureKind.STOP, phase=Phase.STOPPING, status__in=sorted(HOLDING))

    def holding(self, stage: str = "") -> "ProcedureQuerySet":
        """Return the stops that hold the stage of an outer query; `stage` is the way there, with its underscores."""
        outer = models.OuterRef
        return self._covering(outer(f"{stage}pk"), outer(f"{stage}release"), outer(f"{stage}release__publisher"))

    def of_stage(self, stage: Any) -> "ProcedureQuerySet":
        """Return the stops that hold a stage now."""
        return self._covering(stage.pk, stage.release_id, stage.publisher_id).distinct()

    def _covering(self, stage: Any, release: Any, publisher: Any) -> "ProcedureQuerySet":
        whole = Q(scope=Scope.PUBLISHER, publisher=publisher)
        return self.stops().filter(Q(stage=stage) | Q(release=release) | Q(repository__stages=stage) | whole)

    def lifting(self, stage: str) -> "ProcedureQuerySet":
        """Return the stops being lifted that have paused the stage of an outer query; `stage` is its id there."""
        lifted = self.filter(kind=ProcedureKind.STOP, phase=Phase.LIFTING, status=ProcedureStatus.RUNNING)
        return lifted.filter(paused=models.OuterRef(stage))

    def unratified(self) -> "ProcedureQuerySet":
        """Return the stops in force that wait for a second person to ratify them."""
        return self.stops().filter(ratify_until__isnull=False, ratified_at=None)

    def breached(self, *, at: datetime) -> "ProcedureQuerySet":
        """Return the stops that nobody has ratified in time, and of which that was not noted yet."""
        return self.unratified().filter(ratify_until__lte=at, breached_at=None)

    def facts(self, viewer: "Viewer", *, at: datetime | None = None) -> dict[int, Facts]:
        """Return what the needs of the procedure table ask about, by id."""
        at = at or timezone.now()
        return {each.pk: each.facts(viewer, at=at) for each in self.select_related("repository", "publisher")}


class Procedure(models.Model):
    """One emergency stop or safe re-gate: what it covers, who decided it, and which part of its work it is in.

    Of `stage`, `release` and `repository` the one is set that the scope names, none for a whole publisher. A stop that
    one person started is to be ratified by another until `ratify_until`; `asked_by` wants it lifted, `confirmed_by`
    has confirmed that, or, of a re-gate, that `people` lose access by it.
    """

    publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="procedures")
    kind = models.CharField(max_length=10, choices=a_choice(ProcedureKind))
    scope = models.CharField(max_length=10, choices=a_choice(Scope))
    stage = models.ForeignKey("gatekeeper.Stage", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    release = models.ForeignKey("gatekeeper.Release", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    repository = models.ForeignKey(
        "gatekeeper.Repository", on_delete=models.PROTECT, null=True, blank=True, related_name="procedures"
    )
    words = models.CharField(max_length=300)
    status = models.CharField(max_length=10, choices=a_choice(ProcedureStatus), default=ProcedureStatus.PREPARED)
    status_at = models.DateTimeField()
    phase = models.CharField(max_length=10, choices=a_choice(Phase))
    phase_at = models.DateTimeField()

    prepared_at = models.DateTimeField()
    prepared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(null=True, blank=True)
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ratify_until = models.DateTimeField(null=True, blank=True)
    ratified_at = models.DateTimeField(null=True, blank=True)
    ratified_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    breached_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    people = models.PositiveIntegerField(null=True, blank=True)
    # The last drift that was found when a person confirmed how many lose access.
    up_to = models.BigIntegerField(null=True, blank=True)

    # The stages that a stop paused, and opens again when it is lifted; the drift that a re-gate repairs.
    paused = models.ManyToManyField("gatekeeper.Stage", related_name="+")
    repaired = models.ManyToManyField("gatekeeper.Drift", related_name="+")
    was_private = models.BooleanField(default=False)
    # What was read back when it came into force, and when it was done: counts, times, and a digest of the people.
    proof: Any = models.JSONField(default=dict)

    objects = ProcedureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "publisher", "stage", "release", "repository"],
                condition=Q(status__in=OPEN),
                nulls_distinct=False,
                name="one_unfinished_procedure_of_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(scope="stage", stage__isnull=False, release=None, repository=None)
                | Q(scope="release", stage=None, release__isnull=False, repository=None)
                | Q(scope="repository", stage=None, release=None, repository__isnull=False)
                | Q(scope="publisher", stage=None, release=None, repository=None),
                name="procedure_covers_what_its_scope_names",
            ),
            models.CheckConstraint(
                condition=Q(started_at=None, started_by=None) | Q(started_at__isnull=False, started_by__isnull=False),
                name="procedure_started_at_and_by",
            ),
            models.CheckConstraint(
                condition=Q(ratified_at=None, ratified_by=None)
                | Q(ratified_at__isnull=False, ratified_by__isnull=False)
                & (Q(started_by=None) | ~Q(ratified_by=F("started_by"))),
                name="procedure_is_ratified_by_another",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None, confirmed_by=None)
                | Q(confirmed_at__isnull=False, confirmed_by__isnull=False),
                name="procedure_confirmed_at_and_by",
            ),
        ]
        indexes = [models.Index(fields=["status", "-id"], name="procedure_status")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.covers}"

    @property
    def covers(self) -> Any:
        """Return the stage, release, repository or publisher that it is about."""
        return getattr(self, self.scope)

    @property
    def is_stop(self) -> bool:
        """Say whether it is an emergency stop."""
        return self.kind == ProcedureKind.STOP

    @property
    def is_lifting(self) -> bool:
        """Say whether a stop is being lifted, or was."""
        return self.phase == Phase.LIFTING

    @property
    def lift_is_asked(self) -> bool:
        """Say whether somebody has asked to lift a stop that holds on until a second person has confirmed it."""
        return self.is_stop and self.status == ProcedureStatus.WAITING

    @property
    def by_two(self) -> bool:
        """Say whether two people stand behind a stop: one prepared what the other started, or has ratified it."""
        return self.ratified_by_id is not None or self.started_by_id not in (None, self.prepared_by_id)

    @property
    def by_one(self) -> bool:
        """Say whether one person decided it because there was nobody else."""
        return self.is_stop and self.started_by_id is not None and not self.by_two and self.ratify_until is None

    @property
    def lifted_by_one(self) -> bool:
        """Say whether one person lifted it because there was nobody else."""
        return self.is_stop and self.confirmed_by_id is not None and self.confirmed_by_id == self.asked_by_id

    @property
    def is_unratified(self) -> bool:
        """Say whether a second person has still to ratify a stop that was started."""
        return self.is_stop and not self.is_lifting and self.ratify_until is not None and self.ratified_by_id is None

    def roles_of(self, viewer: "Viewer") -> frozenset[Role]:
        """Return the viewer's roles towards this. An operator does not re-gate: that decides who keeps access."""
        roles = roles_at(viewer, self.publisher_id)
        return roles if self.is_stop else roles - {Role.OPERATOR}

    def facts(self, viewer: "Viewer", *, at: datetime) -> Facts:
        """Return what the needs of the procedure table ask about."""
        from .tallies import is_read_back

        return Facts(
            may_start=not self.is_stop or bool(self.roles_of(viewer) & LEADING),
            second_person=self._is_second(viewer),
            ratification_due=self.is_unratified,
            stop_stands=self.is_stop and not self.is_lifting,
            lift_asked=self.lift_is_asked,
            haltable=not self.is_stop,
            read_back=viewer.is_system and is_read_back(self),
            due=self.ratify_until is not None and self.ratify_until <= at,
        )

    def _is_second(self, viewer: "Viewer") -> bool:
        """Say whether a viewer is another than who began what is now to be confirmed, or nobody else is there."""
        lifting = self.status == ProcedureStatus.WAITING
        first = self.asked_by if lifting else self.started_by
        if not self.is_stop or viewer.user is None or first is None:
            return not self.is_stop
        if viewer.user.pk != first.pk:
            return True
        # To ratify a stop takes another in any case: one that had nobody else to ask was never to be ratified.
        return lifting and bool(self.roles_of(viewer) & LEADING) and not others(self.publisher_id, first).exists()

    def actions_for(self, viewer: "Viewer", *, at: datetime | None = None) -> list[Offer]:
        """Return what the viewer could do about this now."""
        facts = self.facts(viewer, at=at or timezone.now())
        return lifecycle.offers("procedure", self.status, self.roles_of(viewer), facts)


class StoppedGrantQuerySet(models.QuerySet["StoppedGrant"]):
    """Questions asked of the grants that a stop has suspended."""

    def to_return(self) -> "StoppedGrantQuerySet":
        """Return those whose stop is being lifted, and of which nothing became yet."""
        return self.filter(
            outcome="",
            procedure__kind=ProcedureKind.STOP,
            procedure__phase=Phase.LIFTING,
            procedure__status=ProcedureStatus.RUNNING,
        )


class StoppedGrant(models.Model):
    """A grant that a stop has suspended, when the Hub was read back, and what became of it when the stop was lifted."""

    procedure = models.ForeignKey(Procedure, on_delete=models.PROTECT, related_name="stopped")
    grant = models.ForeignKey("gatekeeper.Grant", on_delete=models.PROTECT, related_name="stops")
    suspended_at = models.DateTimeField()
    read_back_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=a_choice(Outcome), blank=True)
    outcome_at = models.DateTimeField(null=True, blank=True)

    objects = StoppedGrantQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["procedure", "grant"], name="one_stopped_grant")]
