"""Re-acceptance campaigns: which version is asked, from when, and by when. Who was asked stands in the grants."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Publisher, User
from gatekeeper.rules import lifecycle
from gatekeeper.rules.campaigns import UNFINISHED, CampaignStatus, has_to_be_accepted
from gatekeeper.rules.lifecycle import Offer
from gatekeeper.rules.needs import Facts
from gatekeeper.rules.statuses import Role

from .licences import LicenceVersion
from .repositories import READING
from .roles import roles_at

if TYPE_CHECKING:
    from accounts.viewer import Viewer

OPEN = sorted(status.value for status in UNFINISHED)
TOGETHER = timedelta(days=1)  # whoever is asked so soon after it began has the same day as the others


class CampaignQuerySet(models.QuerySet["Campaign"]):
    """Questions asked of campaigns."""

    def visible_to(self, viewer: "Viewer") -> "CampaignQuerySet":
        """Return the campaigns of the publishers that the viewer is a member of."""
        return self.filter(publisher__in=viewer.publishers_with(*READING))

    def unfinished(self) -> "CampaignQuerySet":
        """Return what is neither done nor called off."""
        return self.filter(status__in=OPEN)

    def to_begin(self, *, at: datetime) -> "CampaignQuerySet":
        """Return those whose day has come."""
        return self.filter(status=CampaignStatus.SCHEDULED, starts_at__lte=at)

    def running(self) -> "CampaignQuerySet":
        """Return those that workers have something to do about, or to look at."""
        return self.filter(status=CampaignStatus.RUNNING)

    def facts(self, viewer: "Viewer", *, at: datetime | None = None) -> dict[int, Facts]:
        """Return what the needs of the campaign table ask about, by id."""
        at = at or timezone.now()
        return {each.pk: each.facts(at=at) for each in self.select_related("licence_version__licence")}


class Campaign(models.Model):
    """One campaign: a published licence version, asked of the holders of grants within so many days.

    `counts_from` is when the days began to count: when it began, later by as long as it was halted. `result` is what
    came of it, written when it ends.
    """

    publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="campaigns")
    licence_version = models.ForeignKey(LicenceVersion, on_delete=models.PROTECT, related_name="campaigns")
    grace_days = models.PositiveIntegerField()
    status = models.CharField(
        max_length=10, choices=[(each.value, each.value) for each in CampaignStatus], default=CampaignStatus.PREPARED
    )
    status_at = models.DateTimeField()
    prepared_at = models.DateTimeField()
    prepared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField(null=True, blank=True)
    scheduled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    people = models.PositiveIntegerField(null=True, blank=True)
    counts_from = models.DateTimeField(null=True, blank=True)
    halted_at = models.DateTimeField(null=True, blank=True)
    result: Any = models.JSONField(default=dict)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["licence_version"], condition=Q(status__in=OPEN), name="one_unfinished_campaign_per_version"
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None, scheduled_by=None, people=None)
                | Q(starts_at__isnull=False, scheduled_by__isnull=False, people__isnull=False),
                name="campaign_scheduled_together",
            ),
        ]
        indexes = [models.Index(fields=["starts_at"], name="campaign_open", condition=Q(status__in=OPEN))]

    def __str__(self) -> str:
        return str(self.licence_version)

    @property
    def asks(self) -> bool:
        """Say whether people have to accept the version, or are only told of it."""
        return has_to_be_accepted(self.licence_version.change_class)

    @property
    def ends_at(self) -> datetime | None:
        """Return by when those who were asked first have to accept; None while it has not begun."""
        return self.counts_from + timedelta(days=self.grace_days) if self.counts_from and self.asks else None

    def asked_from(self, at: datetime) -> datetime:
        """Return from when the days count for somebody who is asked now."""
        together = self.counts_from is not None and at < self.counts_from + TOGETHER
        return self.counts_from if together and self.counts_from else at

    def roles_of(self, viewer: "Viewer") -> frozenset[Role]:
        """Return the viewer's roles towards this campaign."""
        return roles_at(viewer, self.publisher_id)

    def facts(self, *, at: datetime) -> Facts:
        """Return what the needs of the campaign table ask about."""
        from .campaign_tallies import has_come_to_its_end

        latest = self.licence_version.licence.latest()
        return Facts(
            due=self.starts_at is not None and self.starts_at <= at,
            version_latest=latest is not None and latest.pk == self.licence_version_id,
            campaign_over=self.status == CampaignStatus.RUNNING and has_come_to_its_end(self),
        )

    def actions_for(self, viewer: "Viewer", *, at: datetime | None = None) -> list[Offer]:
        """Return what the viewer could do about this now."""
        roles = self.roles_of(viewer)
        facts = self.facts(at=at or timezone.now()) if roles else Facts()
        return lifecycle.offers("campaign", self.status, roles, facts)
