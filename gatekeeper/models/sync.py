"""The workers of the sync: where they are held back, how often they have told the Hub anything, when they were seen."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from gatekeeper.rules.statuses import Role

from .repositories import STEWARDING, Repository, RepositoryQuerySet
from .roles import roles_at

if TYPE_CHECKING:
    from accounts.viewer import Viewer

# Who may hold back the sync of a repository; a shell acts as the system person "hub".
HOLDING = frozenset({*map(Role, STEWARDING), Role.OPERATOR, Role.HUB})


def may_hold(viewer: "Viewer", repository: Repository | None) -> bool:
    """Say whether a viewer may pause the sync of a repository, or (None) of the whole installation, and resume it."""
    if repository is not None:
        return bool(roles_at(viewer, repository.publisher_id) & HOLDING)
    return viewer.is_operator or viewer.system_name == Role.HUB


def held_by(viewer: "Viewer") -> RepositoryQuerySet:
    """Return the repositories whose sync a viewer may pause and resume."""
    if may_hold(viewer, None):
        return Repository.objects.all()
    return Repository.objects.filter(publisher__in=viewer.publishers_with(*STEWARDING))


class PauseCause(models.TextChoices):
    """Why nothing is told to the Hub."""

    BY_HAND = "by_hand", _("somebody paused it")
    RESTORE = "restore", _("the database was restored, or may have been")


class SyncPauseQuerySet(models.QuerySet["SyncPause"]):
    """Questions asked of pauses."""

    def open(self) -> "SyncPauseQuerySet":
        """Return the pauses that hold something back now."""
        return self.filter(lifted_at=None)

    def of(self, repository: Repository | None) -> "SyncPauseQuerySet":
        """Return the pauses of one repository, or (None) those of the whole installation."""
        return self.filter(repository=repository)

    def holding(self, repository: Any) -> "SyncPauseQuerySet":
        """Return the open pauses that hold a repository back: its own, and those of the whole installation."""
        return self.open().filter(Q(repository=None) | Q(repository=repository))

    def after_restore(self, repository: Repository) -> "SyncPauseQuerySet":
        """Return the open pauses that hold a repository back because its database may be older than what was done."""
        return self.holding(repository).filter(cause=PauseCause.RESTORE)


class SyncPause(models.Model):
    """While it is open nothing is told to the Hub about a repository (none named: about any); reading goes on."""

    repository = models.ForeignKey(
        Repository, on_delete=models.PROTECT, null=True, blank=True, related_name="sync_pauses"
    )
    cause = models.CharField(max_length=10, choices=PauseCause, default=PauseCause.BY_HAND)
    words = models.CharField(max_length=300, blank=True)
    paused_at = models.DateTimeField()
    paused_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # What the workers were known to have told, by the count kept outside of the database.
    told_outside = models.PositiveBigIntegerField(default=0)
    confirmed = models.CharField(max_length=64, blank=True)

    objects = SyncPauseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["repository", "cause"],
                condition=Q(lifted_at=None),
                nulls_distinct=False,
                name="one_open_pause_per_repository_and_cause",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None) | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="pause_lifted_at_and_by",
            ),
        ]

    @property
    def publisher_id(self) -> int | None:
        """Return the id of the publisher that it belongs to; None for the whole installation."""
        return None if self.repository is None else self.repository.publisher_id

    @property
    def after_restore(self) -> bool:
        """Say whether it is lifted only by naming what would be told."""
        return self.cause == PauseCause.RESTORE


RAISE = """
INSERT INTO gatekeeper_syncmark AS known (id, installation, told) VALUES (1, %s, 1)
ON CONFLICT (id) DO UPDATE SET told = known.told + 1
RETURNING installation, told
"""


class SyncMarkQuerySet(models.QuerySet["SyncMark"]):
    """Questions asked of the mark."""

    def current(self) -> "SyncMark":
        """Return the one mark of this installation, made where there is none yet."""
        mark, _made = self.get_or_create(pk=1)
        return mark

    def raised(self) -> "SyncMark":
        """Count one more telling, in one statement of its own, and return the mark with the new count."""
        with connection.cursor() as cursor:
            cursor.execute(RAISE, [uuid.uuid4()])
            [(installation, told)] = cursor.fetchall()
        return SyncMark(pk=1, installation=installation, told=told)


class SyncMark(models.Model):
    """How often workers set out to tell the Hub something. The same count is kept outside of the database.

    Where the outside knows a higher count, this database is older than what was done with it: it was restored.
    """

    installation = models.UUIDField(default=uuid.uuid4, editable=False)
    told = models.PositiveBigIntegerField(default=0)

    objects = SyncMarkQuerySet.as_manager()


SEEN = """
INSERT INTO gatekeeper_heartbeat AS known (name, seen_at) VALUES (%s, %s)
ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at
WHERE known.seen_at < excluded.seen_at - interval '5 seconds'
"""


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    """Questions asked of heartbeats."""

    def beat(self, name: str, *, at: datetime) -> None:
        """Write down that a worker begins a sweep; at most every five seconds, however many begin one."""
        with connection.cursor() as cursor:
            cursor.execute(SEEN, [name, at])


class Heartbeat(models.Model):
    """When a worker last began a sweep of this name: settle, observe, tick, seal, notices."""

    name = models.CharField(max_length=20, primary_key=True)
    seen_at = models.DateTimeField()

    objects = HeartbeatQuerySet.as_manager()
