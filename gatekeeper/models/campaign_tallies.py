"""Whom a campaign is about: counted, and found, from the grants and the terms in force. It keeps no list of its own."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils.functional import cached_property

from gatekeeper.rules.statuses import LIVE_GRANT, WANTED_GRANT, GrantStatus, StageStatus

from .campaigns import Campaign
from .grants import Grant, GrantQuerySet
from .hub_access import HubAccess
from .ladders import Stage
from .licences import LicenceVersion
from .policies import GatePolicy
from .repositories import Repository


@dataclass(frozen=True)
class Preview:
    """Whom a campaign would ask: grants and people in all, and grants by stage."""

    campaign: Campaign

    @cached_property
    def stages(self) -> list[tuple[Stage, int]]:
        """Return the stages with how many grants each; in the order of their release."""
        counts = dict(self._grants.values_list("stage").annotate(number=Count("pk")).order_by())
        found = covered(self.campaign).select_related("release").order_by("release__title", "ordinal")
        return [(stage, counts.get(stage.pk, 0)) for stage in found]

    @cached_property
    def people(self) -> int:
        """Return how many people hold these grants."""
        return self._grants.values("person").distinct().count()

    @property
    def grants(self) -> int:
        """Return how many grants there are."""
        return sum(number for _stage, number in self.stages)

    @property
    def _grants(self) -> GrantQuerySet:
        return unaccepted(self.campaign, covered(self.campaign))


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a campaign has come, in grants: `resets` of those that have lapsed the Hub has yet to be told of."""

    asked: int = 0
    accepted: int = 0
    waiting: int = 0
    lapsed: int = 0
    suspended: int = 0
    ended: int = 0
    to_ask: int = 0
    resets: int = 0


def covered(campaign: Campaign) -> QuerySet[Any]:
    """Return the stages that are not closed and whose terms in force name this licence, up to this version."""
    version = campaign.licence_version
    versions = LicenceVersion.objects.filter(
        licence=version.licence_id, published_at__isnull=False, number__lte=version.number
    )
    return _with_terms(campaign).filter(in_force__in=versions.values("pk"))


def to_follow(campaign: Campaign) -> QuerySet[Any]:
    """Return those of them whose terms name an earlier version."""
    return covered(campaign).exclude(in_force=campaign.licence_version_id)


def _with_terms(campaign: Campaign) -> QuerySet[Any]:
    """Return the stages of a publisher that are not closed, with the licence version `in_force` at each."""
    latest = GatePolicy.objects.published().filter(stage=OuterRef("pk")).order_by("-number")
    open_to_it = Stage.objects.filter(release__publisher=campaign.publisher_id).exclude(status=StageStatus.CLOSED)
    return open_to_it.annotate(in_force=Subquery(latest.values("licence_version")[:1]))


def unaccepted(campaign: Campaign, stages: QuerySet[Any]) -> GrantQuerySet:
    """Return the grants at these stages whose people have access and have not accepted the version for them."""
    held = Grant.objects.wanted().filter(stage__in=stages.values("pk"))
    return held.exclude(acceptance__licence_version=campaign.licence_version_id)


def to_ask(campaign: Campaign) -> GrantQuerySet:
    """Return the grants whose people are still to be asked, or told: the version is in force, and not accepted."""
    here = _with_terms(campaign).filter(in_force=campaign.licence_version_id)
    return unaccepted(campaign, here).filter(Q(campaign=None) | ~Q(campaign=campaign.pk))


def waiting_for(campaign: Campaign) -> GrantQuerySet:
    """Return the grants whose people were asked and have neither accepted nor let their day pass."""
    return Grant.objects.wanted().filter(campaign=campaign.pk, terms_due_at__isnull=False)


def has_come_to_its_end(campaign: Campaign) -> bool:
    """Say whether nobody is left to be asked, and nobody's answer is waited for."""
    return not to_ask(campaign).exists() and not waiting_for(campaign).exists()


def tally_of(campaign: Campaign) -> Tally:
    """Return how far a campaign has come; what came of one that has ended is what was written then."""
    if campaign.result:
        return Tally(**campaign.result)
    if campaign.counts_from is None:
        return Tally()
    accepted = Q(acceptance__licence_version=campaign.licence_version_id)
    live, wanted = Q(status__in=sorted(LIVE_GRANT)), Q(status__in=sorted(WANTED_GRANT))
    lapsed = Q(status=GrantStatus.SUSPENDED, lapsed_at__isnull=False) & ~accepted
    found = Grant.objects.filter(campaign=campaign.pk).aggregate(
        asked=Count("pk"),
        accepted=Count("pk", filter=accepted),
        waiting=Count("pk", filter=wanted & ~accepted),
        lapsed=Count("pk", filter=lapsed),
        suspended=Count("pk", filter=Q(status=GrantStatus.SUSPENDED, lapsed_at=None) & ~accepted),
        ended=Count("pk", filter=~live & ~accepted),
    )
    return Tally(**found, to_ask=to_ask(campaign).count(), resets=_resets(campaign))


def _resets(campaign: Campaign) -> int:
    """Return how many wishes to reset, at the repositories of its stages, are still on their way.

    Whose they are is not asked: whoever lapses there at the same time lapses for the same reason, and a join of grants
    with wishes that have all just changed is what the database plans worst.
    """
    asked = Grant.objects.filter(campaign=campaign.pk).values("stage").distinct()
    places = Repository.objects.filter(stages__in=[row["stage"] for row in asked]).values_list("pk", flat=True)
    due = HubAccess.objects.filter(cause="lapsed", due_at__isnull=False, repository__in=list(places.distinct()))
    return due.count()
