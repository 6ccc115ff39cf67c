"""Grants: somebody may use the repositories of a stage, from a day until a day, for a recorded reason."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import HubPerson, User
from gatekeeper.rules import lifecycle
from gatekeeper.rules.campaigns import CampaignStatus
from gatekeeper.rules.lifecycle import Offer
from gatekeeper.rules.needs import Facts
from gatekeeper.rules.statuses import LIVE_GRANT, WANTED_GRANT, GrantStatus, Role, StageStatus

from .campaigns import Campaign
from .hub_access import HubAccess
from .ladders import Stage
from .licences import Acceptance, LicenceVersion
from .policies import current_policies
from .procedures import Procedure, StoppedGrant
from .repositories import READING, Repository
from .roles import case_roles, is_own

if TYPE_CHECKING:
    from accounts.viewer import Viewer


AS_A_RULE = timedelta(minutes=15)  # that the Hub has been told and read back
# While a campaign is halted nobody is reminded by it, and nobody's access lapses.
NOT_HALTED = Q(campaign=None) | ~Q(campaign__status=CampaignStatus.HALTED)


class GrantQuerySet(models.QuerySet["Grant"]):
    """Questions asked of grants."""

    def visible_to(self, viewer: "Viewer") -> "GrantQuerySet":
        """Return the viewer's own grants, and those of the publishers they work for."""
        theirs = Q(stage__release__publisher__in=viewer.publishers_with(*READING))
        return self.filter(theirs | Q(person=viewer.person) if viewer.person else theirs)

    def own(self, viewer: "Viewer") -> "GrantQuerySet":
        """Return the viewer's own grants."""
        return self.filter(person=viewer.person) if viewer.person else self.none()

    def live(self) -> "GrantQuerySet":
        """Return the grants that take a place of their stage: waiting for the Hub, active, or suspended."""
        return self.filter(status__in=LIVE_GRANT)

    def wanted(self) -> "GrantQuerySet":
        """Return the grants for which the Hub should say yes."""
        return self.filter(status__in=WANTED_GRANT)

    def to_suspend(self) -> "GrantQuerySet":
        """Return the grants that a steward can suspend: those wanted, and those that acceptance would bring back."""
        return self.filter(Q(status__in=WANTED_GRANT) | Q(status=GrantStatus.SUSPENDED, lapsed_at__isnull=False))

    def giving_access(self, repository: "Repository | models.OuterRef", *, at: datetime) -> "GrantQuerySet":
        """Return the grants by which somebody has access to a repository now.

        Active, not past their end, and their person accepted there when the Hub was last read.
        """
        said_yes = HubAccess.objects.confirmed_yes().filter(
            repository=models.OuterRef("stage__repositories"), person=models.OuterRef("person")
        )
        return self.filter(
            Q(ends_at=None) | Q(ends_at__gt=at),
            models.Exists(said_yes),
            stage__repositories=repository,
            status=GrantStatus.ACTIVE,
        )

    def to_expire(self, *, at: datetime) -> "GrantQuerySet":
        """Return the live grants whose end has come."""
        return self.live().filter(ends_at__lte=at)

    def imported_unproven(self) -> "GrantQuerySet":
        """Return the live grants that were brought in and whose person has not accepted the licence yet."""
        return self.live().filter(decision=None, acceptance=None)

    def digest(self) -> str:
        """Return a SHA-256 over which grants these are, in hexadecimal: what somebody saw is compared by it."""
        known = hashlib.sha256()
        for pk in self.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=5_000):
            known.update(f"{pk},".encode())
        return known.hexdigest()

    def to_remind_of_terms(self, *, at: datetime) -> "GrantQuerySet":
        """Return the grants whose person is to be reminded now to accept the licence."""
        return self.wanted().filter(NOT_HALTED, terms_remind_at__lte=at, terms_due_at__gt=at)

    def to_lapse(self, *, at: datetime) -> "GrantQuerySet":
        """Return the grants whose person was to have accepted the licence by now."""
        return self.wanted().filter(NOT_HALTED, terms_due_at__lte=at)

    def to_restore(self) -> "GrantQuerySet":
        """Return the lapsed grants whose person has accepted the licence since, at stages that are open."""
        return self.live().filter(
            lapsed_at__isnull=False, acceptance__accepted_at__gte=models.F("lapsed_at"), stage__status=StageStatus.OPEN
        )

    def to_activate(self) -> "GrantQuerySet":
        """Return the grants that wait for the Hub and whose every linked repository was read back as accepted."""
        confirmed = HubAccess.objects.confirmed_yes().filter(
            repository=models.OuterRef("pk"), person=models.OuterRef(models.OuterRef("person"))
        )
        repositories = Repository.objects.linked().filter(stages=models.OuterRef("stage"))
        return self.filter(
            models.Exists(repositories),
            ~models.Exists(repositories.filter(~models.Exists(confirmed))),
            status=GrantStatus.PENDING_ACTIVATION,
        )

    def facts(self, viewer: "Viewer", *, at: datetime | None = None) -> dict[int, Facts]:
        """Return what the needs of the grant table ask about, by grant id: see facts_of."""
        return facts_of(list(self.select_related("stage", "person")), viewer, at=at)


def facts_of(grants: "Sequence[Grant]", viewer: "Viewer", *, at: datetime | None = None) -> dict[int, Facts]:
    """Return what the needs of the grant table ask about, by grant id. A constant number of statements."""
    at = at or timezone.now()
    these = Grant.objects.filter(pk__in=[grant.pk for grant in grants])
    held = models.Exists(Procedure.objects.holding("stage__"))
    returning = models.Exists(StoppedGrant.objects.to_return().filter(grant=models.OuterRef("pk")))
    more: dict[int, tuple[bool, bool, int | None, bool]] = {
        pk: (stopped, lifting, rests_on, campaign == CampaignStatus.HALTED)
        for pk, stopped, lifting, rests_on, campaign in these.annotate(stopped=held, lifting=returning).values_list(
            "pk", "stopped", "lifting", "acceptance__licence_version", "campaign__status"
        )
    }
    policies = current_policies(list({grant.stage_id: grant.stage for grant in grants}.values()))
    accepted = set(
        Acceptance.objects.filter(
            person__in={grant.person_id for grant in grants},
            licence_version__in={policy.licence_version_id for policy in policies.values()},
        ).values_list("person_id", "licence_version_id")
    )
    read_back = set(these.to_activate().values_list("pk", flat=True))
    found = {}
    for grant in grants:
        policy = policies.get(grant.stage_id)
        stopped, lifting, rests_on, halted = more[grant.pk]
        has_accepted = policy is not None and (grant.person_id, policy.licence_version_id) in accepted
        found[grant.pk] = Facts(
            own=not viewer.is_system and is_own(viewer, grant.person),
            stage=StageStatus(grant.stage.status),
            stage_takes_grants=grant.stage.status == StageStatus.OPEN,
            acceptance_current=has_accepted,
            terms_in_order=has_accepted or (grant.is_imported and grant.terms_unproven and not grant.terms_ran_out),
            # Whether it rests on an acceptance of the version in force; None where nothing is in force.
            terms_accepted=None if policy is None else rests_on == policy.licence_version_id,
            terms_overdue=grant.terms_due_at is not None and grant.terms_due_at <= at and not halted,
            suspendable=grant.status in WANTED_GRANT or grant.lapsed_at is not None,
            lapsed=grant.lapsed_at is not None,
            unproven_import=grant.is_imported and grant.terms_unproven,
            read_back=grant.pk in read_back,
            due=grant.ends_at is not None and grant.ends_at <= at,
            stopped=stopped,
            lifting=lifting,
        )
    return found


class Grant(models.Model):
    """Access of one person to one stage, by a decision, or brought in from the Hub with its terms unproven."""

    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="grants")
    person = models.ForeignKey(HubPerson, on_delete=models.PROTECT, related_name="grants")
    request = models.ForeignKey(
        "gatekeeper.AccessRequest", on_delete=models.PROTECT, null=True, blank=True, related_name="grants"
    )
    decision = models.OneToOneField(
        "gatekeeper.Decision", on_delete=models.PROTECT, null=True, blank=True, related_name="gave"
    )
    acceptance = models.ForeignKey(Acceptance, on_delete=models.PROTECT, null=True, blank=True, related_name="grants")
    imported_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=20, choices=[(s.value, s.value) for s in GrantStatus])
    status_at = models.DateTimeField()
    created_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True, db_index=True)
    conditions: Any = models.JSONField(default=list)
    # By when its person was asked to accept the licence in force, and when they are reminded next.
    terms_asked_at = models.DateTimeField(null=True, blank=True)
    terms_due_at = models.DateTimeField(null=True, blank=True)
    terms_remind_at = models.DateTimeField(null=True, blank=True)
    lapsed_at = models.DateTimeField(null=True, blank=True)
    # The campaign by which that was asked last.
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="grants"
    )

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "stage"],
                condition=Q(status__in=sorted(LIVE_GRANT)),
                name="one_live_grant_per_person_and_stage",
            ),
            models.CheckConstraint(
                condition=Q(decision__isnull=False, acceptance__isnull=False, imported_by=None)
                | Q(decision=None, imported_by__isnull=False),
                name="grant_rests_on_a_decision_or_an_import",
            ),
        ]
        indexes = [
            models.Index(fields=["stage", "person"], name="grant_stage_person"),
            models.Index(fields=["id"], name="grant_waiting", condition=Q(status=GrantStatus.PENDING_ACTIVATION)),
            models.Index(fields=["terms_due_at"], name="grant_terms_due", condition=Q(terms_due_at__isnull=False)),
            models.Index(
                fields=["terms_remind_at"], name="grant_terms_remind", condition=Q(terms_remind_at__isnull=False)
            ),
            models.Index(fields=["campaign", "id"], name="grant_campaign", condition=Q(campaign__isnull=False)),
            models.Index(fields=["id"], name="grant_lapsed", condition=Q(lapsed_at__isnull=False)),
            models.Index(
                fields=["stage", "id"],
                name="grant_imported_unproven",
                condition=Q(decision=None, acceptance=None, status__in=sorted(LIVE_GRANT)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person.username} at {self.stage}"

    @property
    def publisher_id(self) -> int:
        """Return the id of the publisher whose roles count here."""
        return self.stage.release.publisher_id

    @property
    def is_imported(self) -> bool:
        """Say whether it was brought in rather than decided here."""
        return self.decision_id is None

    def takes_long(self, *, at: datetime | None = None) -> bool:
        """Say whether it waits longer for the Hub than it does as a rule."""
        waiting = self.status == GrantStatus.PENDING_ACTIVATION
        return waiting and self.status_at < (at or timezone.now()) - AS_A_RULE

    @property
    def terms_unproven(self) -> bool:
        """Say whether nobody has proof that its person accepted the licence."""
        return self.acceptance_id is None

    @property
    def accepted_version(self) -> "LicenceVersion | None":
        """Return the licence version that its person accepted for it, or None where that is unproven."""
        return self.acceptance.licence_version if self.acceptance else None

    @property
    def has_lapsed(self) -> bool:
        """Say whether it is suspended because its person did not accept the licence in time."""
        return self.lapsed_at is not None and self.status == GrantStatus.SUSPENDED

    @property
    def terms_ran_out(self) -> bool:
        """Say whether its person was asked for the licence and let the day pass, whoever suspended it since."""
        return self.lapsed_at is not None or (self.terms_asked_at is not None and self.terms_due_at is None)

    @property
    def was_not_carried_over(self) -> bool:
        """Say whether a steward ended it, as one that was brought in with its terms unproven."""
        ended_early = self.ends_at is None or self.ends_at > self.status_at
        return self.status == GrantStatus.EXPIRED and self.is_imported and self.terms_unproven and ended_early

    def roles_of(self, viewer: "Viewer") -> frozenset[Role]:
        """Return the viewer's roles towards this grant."""
        return case_roles(viewer, self.publisher_id, self.person)

    def actions_for(self, viewer: "Viewer", *, at: datetime | None = None) -> list[Offer]:
        """Return what the viewer could do with this grant now."""
        facts = Grant.objects.filter(pk=self.pk).facts(viewer, at=at).get(self.pk, Facts())
        return lifecycle.offers("grant", self.status, self.roles_of(viewer), facts)
