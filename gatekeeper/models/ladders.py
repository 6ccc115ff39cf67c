"""Releases, their ladders, and the stages: the rungs that people climb."""

from typing import TYPE_CHECKING, Any

from django.db import models

from accounts.models import Publisher, User
from gatekeeper.rules import lifecycle
from gatekeeper.rules.lifecycle import Offer
from gatekeeper.rules.needs import Facts
from gatekeeper.rules.statuses import LIVE_GRANT, Role, StageStatus

from .hub_access import RepositoryWish
from .policies import GatePolicy, Version, current_policies, published_pair
from .procedures import Procedure
from .repositories import READING, Repository
from .roles import roles_at

if TYPE_CHECKING:
    from accounts.viewer import Viewer


class ReleaseQuerySet(models.QuerySet["Release"]):
    """Questions asked of releases."""

    def visible_to(self, viewer: "Viewer") -> "ReleaseQuerySet":
        """Return the published releases, and the drafts of the viewer's own publishers."""
        mine = models.Q(publisher__in=viewer.publishers_with(*READING))
        return self.filter(models.Q(published_at__isnull=False) | mine)

    def catalogue(self) -> "ReleaseQuerySet":
        """Return the releases that anyone may find."""
        return self.filter(published_at__isnull=False)


class Release(models.Model):
    """What is released, step by step."""

    publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="releases")
    slug = models.SlugField(max_length=80)
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    not_for_all_audiences = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["publisher", "slug"], name="one_release_per_publisher_and_slug")]

    def __str__(self) -> str:
        return self.title

    def ladder_document(self) -> dict[str, Any]:
        """Return the ladder as it stands now, as the document that would be published of it."""
        return {
            "release": self.title,
            "stages": [
                {
                    "ordinal": stage.ordinal,
                    "title": stage.title,
                    "audience": stage.audience,
                    "repositories": sorted(repository.name for repository in stage.repositories.all()),
                }
                for stage in self.stages.prefetch_related("repositories").order_by("ordinal")
            ],
        }


class Ladder(Version):
    """The published order of the stages. `document` holds {"stages": [{key, title, audience, repositories}]}."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="ladders")

    class Meta:
        constraints = [
            published_pair("ladder_published_pair"),
            models.UniqueConstraint(fields=["release", "number"], name="one_ladder_per_release_and_number"),
        ]

    def __str__(self) -> str:
        return f"{self.release} (ladder {self.number})"


class StageQuerySet(models.QuerySet["Stage"]):
    """Questions asked of stages."""

    def visible_to(self, viewer: "Viewer") -> "StageQuerySet":
        """Return the stages on the published ladders, and all of the viewer's own publishers.

        A stage that was planned since the ladder was published is not announced: nobody else learns of it.
        """
        since = Ladder.objects.published().filter(
            release=models.OuterRef("release"), published_at__gte=models.OuterRef("status_at")
        )
        announced = ~models.Q(status=StageStatus.PLANNED) | models.Exists(since)
        mine = models.Q(release__publisher__in=viewer.publishers_with(*READING))
        return self.filter(models.Q(announced, release__published_at__isnull=False) | mine)

    def including(self, repository: Repository) -> "StageQuerySet":
        """Return the stages that give access to this repository, first rung first."""
        return self.filter(repositories=repository).order_by("ordinal", "id")

    def taking_requests(self) -> "StageQuerySet":
        """Return the stages that are open."""
        return self.filter(status=StageStatus.OPEN)

    def in_use(self) -> "StageQuerySet":
        """Return the stages that are open or opening: their repositories stay linked."""
        return self.filter(status__in={StageStatus.OPENING, StageStatus.OPEN})

    def to_confirm_open(self) -> "StageQuerySet":
        """Return the stages that are opening and whose every linked repository was read back as it is wished."""
        linked = Repository.objects.linked().filter(stages=models.OuterRef("pk"))
        gated = RepositoryWish.objects.confirmed().filter(repository=models.OuterRef("pk"), gate="manual")
        return self.filter(
            models.Exists(linked), ~models.Exists(linked.filter(~models.Exists(gated))), status=StageStatus.OPENING
        )

    def stopped(self) -> "StageQuerySet":
        """Return the stages that an emergency stop holds."""
        return self.filter(models.Exists(Procedure.objects.holding()))

    def facts(self, viewer: "Viewer") -> dict[int, Facts]:
        """Return what the needs of the stage table ask about, by stage id. A constant number of statements."""
        held = models.Exists(Procedure.objects.holding())
        lifted = models.Exists(Procedure.objects.lifting("pk"))
        stages: list[Stage] = list(self.prefetch_related("repositories").annotate(stopped=held, lifting=lifted))
        policies = current_policies(stages)
        imported = {"grants__decision": None, "grants__acceptance": None, "grants__status__in": LIVE_GRANT}
        holding = set(Stage.objects.filter(pk__in=[s.pk for s in stages], **imported).values_list("pk", flat=True))
        return {
            stage.pk: Facts(
                stage=StageStatus(stage.status),
                stage_ready=stage.pk in policies
                and any(repository.unlinked_at is None for repository in stage.repositories.all()),
                holds_imported=stage.pk in holding,
                stopped=bool(getattr(stage, "stopped", None)),
                lifting=bool(getattr(stage, "lifting", False)),
            )
            for stage in stages
        }


class Stage(models.Model):
    """One rung: an audience, its terms, its repositories."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="stages")
    ordinal = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200)
    audience = models.TextField(blank=True)
    status = models.CharField(max_length=12, choices=[(s.value, s.value) for s in StageStatus], default="planned")
    status_at = models.DateTimeField()
    repositories = models.ManyToManyField(Repository, related_name="stages")
    tells_the_card = models.BooleanField(default=False)
    # Days in which somebody who is brought in has to accept the licence; None: they are not asked by a date.
    imported_terms_days = models.PositiveSmallIntegerField(null=True, blank=True)
    promised_on = models.DateField(null=True, blank=True)

    objects = StageQuerySet.as_manager()

    class Meta:
        ordering = ["release_id", "ordinal"]
        constraints = [models.UniqueConstraint(fields=["release", "ordinal"], name="one_stage_per_release_and_ordinal")]

    def __str__(self) -> str:
        return f"{self.release.title}: {self.title}"

    @property
    def publisher_id(self) -> int:
        """Return the id of the publisher whose roles count here."""
        return self.release.publisher_id

    @property
    def policy(self) -> GatePolicy | None:
        """Return the policy in force: the latest published one."""
        return current_policies([self]).get(self.pk)

    def roles_of(self, viewer: "Viewer") -> frozenset[Role]:
        """Return the viewer's roles towards this stage."""
        return roles_at(viewer, self.publisher_id)

    def actions_for(self, viewer: "Viewer") -> list[Offer]:
        """Return what the viewer could do with this stage now."""
        facts = Stage.objects.filter(pk=self.pk).facts(viewer).get(self.pk, Facts())
        return lifecycle.offers("stage", self.status, self.roles_of(viewer), facts)
