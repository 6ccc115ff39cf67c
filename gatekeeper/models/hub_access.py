"""Hub access: what is wished of the Hub for one person at one repository, and what was last seen there.

The row is the queue: it is due while the wish is not settled, and whoever takes it leaves its lease behind.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from accounts.models import HubPerson
from gatekeeper.rules.access import Access, Closing, Seen, Sight, Wish

from .repositories import Repository
from .sync import SyncPause

if TYPE_CHECKING:
    from accounts.viewer import Viewer


class HubAccessQuerySet(models.QuerySet["HubAccess"]):
    """Questions asked of Hub access."""

    def visible_to(self, viewer: "Viewer") -> "HubAccessQuerySet":
        """Return the rows of the repositories that the viewer sees, but for their own: these are not a requester's."""
        seen = self.filter(repository__in=Repository.objects.visible_to(viewer))
        return seen if viewer.person is None else seen.exclude(person=viewer.person)

    def due(self, *, at: datetime) -> "HubAccessQuerySet":
        """Return the rows that want telling or looking now.

        They are due, not parked, not in another's hands, still linked, and nobody paused the sync of their repository.
        """
        free = Q(leased_until=None) | Q(leased_until__lte=at)
        return self.filter(free, due_at__lte=at, parked_reason="", repository__unlinked_at=None).running()

    def running(self) -> "HubAccessQuerySet":
        """Return the rows of repositories whose sync is not paused."""
        return self.filter(~models.Exists(SyncPause.objects.holding(models.OuterRef("repository"))))

    def parked(self) -> "HubAccessQuerySet":
        """Return the rows that wait for a person to look."""
        return self.exclude(parked_reason="")

    def unsettled(self) -> "HubAccessQuerySet":
        """Return the rows whose wish was not read back yet."""
        return self.filter(due_at__isnull=False)

    def confirmed_yes(self) -> "HubAccessQuerySet":
        """Return the rows where access is wished, and the Hub was read back as saying so since."""
        return self.filter(access=Access.YES, seen=Seen.ACCEPTED, due_at=None, confirmed_at__isnull=False)

    def not_brought_in(self) -> "HubAccessQuerySet":
        """Return those who wait on the Hub with a request that was not brought in yet."""
        new = Q(adopted_of=None) | Q(adopted_of__lt=models.F("seen_requested_at"))
        return self.filter(new, seen=Seen.PENDING)

    def ghosts(self) -> "HubAccessQuerySet":
        """Return those who are accepted on the Hub while nothing here wishes it."""
        return self.filter(seen=Seen.ACCEPTED).exclude(access=Access.YES)


class HubAccess(models.Model):
    """The wished and the seen of one person at one repository. A new wish raises the generation and makes it due."""

    repository = models.ForeignKey(Repository, on_delete=models.PROTECT, related_name="hub_accesses")
    person = models.ForeignKey(HubPerson, on_delete=models.PROTECT, related_name="hub_accesses")

    access = models.CharField(max_length=12, choices=[(a.value, a.value) for a in Access], default=Access.NO_OPINION)
    closing = models.CharField(max_length=10, choices=[(c.value, c.value) for c in Closing], blank=True)
    closing_of = models.DateTimeField(null=True, blank=True)
    cause = models.CharField(max_length=40, blank=True)
    generation = models.PositiveBigIntegerField(default=0)
    wished_at = models.DateTimeField(null=True, blank=True)
    # Under which id the log tells of the page or call that wished this.
    log_id = models.CharField(max_length=36, blank=True, default="", db_default="")

    due_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    lease = models.CharField(max_length=32, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    parked_reason = models.CharField(max_length=60, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    applied_generation = models.PositiveBigIntegerField(null=True, blank=True)
    # Until then a call of ours with an unknown outcome may still take effect: no earlier read confirms a removal.
    doubt_until = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    # When the Hub was last told yes: a yes that shows up soon after may be that one, arriving late.
    told_yes_at = models.DateTimeField(null=True, blank=True)

    seen = models.CharField(max_length=10, choices=[(s.value, s.value) for s in Seen], default=Seen.UNKNOWN)
    seen_at = models.DateTimeField(null=True, blank=True)
    seen_requested_at = models.DateTimeField(null=True, blank=True)
    seen_reviewed_at = models.DateTimeField(null=True, blank=True)
    seen_granted_by = models.CharField(max_length=100, blank=True)
    adopted_of = models.DateTimeField(null=True, blank=True)
    hub_request_id = models.CharField(max_length=64, blank=True)
    observe_run = models.PositiveBigIntegerField(default=0)

    objects = HubAccessQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "hub accesses"
        constraints = [
            models.UniqueConstraint(fields=["repository", "person"], name="one_hub_access_per_repository_and_person")
        ]
        indexes = [
            models.Index(fields=["due_at"], name="hub_access_due", condition=Q(due_at__isnull=False, parked_reason="")),
            # What is taken away comes first, so it is asked for at every turn: also among many who are to be accepted.
            models.Index(
                fields=["repository", "due_at"],
                name="hub_access_removals_due",
                condition=Q(due_at__isnull=False) & ~Q(access=Access.YES),
            ),
            models.Index(fields=["repository", "seen", "observe_run"], name="hub_access_seen"),
            models.Index(
                fields=["repository", "due_at"], name="hub_access_unsettled", condition=Q(due_at__isnull=False)
            ),
            models.Index(
                fields=["repository", "parked_reason"], name="hub_access_parked", condition=~Q(parked_reason="")
            ),
            models.Index(
                fields=["repository"],
                name="hub_access_confirmed",
                condition=Q(access=Access.YES, seen=Seen.ACCEPTED, due_at=None, confirmed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person.username} at {self.repository.name}"

    @property
    def wish(self) -> Wish:
        """Return the wished side."""
        return Wish(Access(self.access), Closing(self.closing) if self.closing else None, self.closing_of)

    @property
    def sight(self) -> Sight:
        """Return the seen side."""
        return Sight(Seen(self.seen), self.seen_requested_at)


class RepositoryWishQuerySet(models.QuerySet["RepositoryWish"]):
    """Questions asked of what is wished of repositories."""

    def due(self, *, at: datetime) -> "RepositoryWishQuerySet":
        """Return the wishes that want telling or looking now, where nobody paused the sync."""
        free = Q(leased_until=None) | Q(leased_until__lte=at)
        return self.filter(free, due_at__lte=at, parked_reason="", repository__unlinked_at=None).filter(
            ~models.Exists(SyncPause.objects.holding(models.OuterRef("repository")))
        )

    def confirmed(self) -> "RepositoryWishQuerySet":
        """Return the wishes that were read back as fulfilled."""
        return self.filter(due_at=None, confirmed_at__isnull=False)


class RepositoryWish(models.Model):
    """What is wished of one repository: how it is gated, and what its card asks and says of where to apply.

    `visibility` is “private” or “public” while a procedure wishes it so, and empty where nobody here has an opinion.
    """

    repository = models.OneToOneField(Repository, on_delete=models.PROTECT, related_name="wish")
    gate = models.CharField(max_length=10, blank=True)
    visibility = models.CharField(max_length=10, blank=True, default="", db_default="")
    card_link = models.URLField(max_length=500, blank=True)
    # The questions of its card as (label, type or mapping), in order; null: nobody here has an opinion.
    card_fields = models.JSONField(null=True, blank=True)
    generation = models.PositiveBigIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    lease = models.CharField(max_length=32, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    parked_reason = models.CharField(max_length=60, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    objects = RepositoryWishQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "repository wishes"
