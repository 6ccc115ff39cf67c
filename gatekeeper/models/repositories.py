"""Linked Hub repositories, and what was read of their cards."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import HubToken, Publisher, User

if TYPE_CHECKING:
    from accounts.viewer import Viewer

STEWARDING = ("steward", "owner")
READING = ("reviewer", "steward", "owner", "counsel", "appeals_officer", "auditor")


class RepositoryKind(models.TextChoices):
    """The kinds of Hub repository that can be gated."""

    MODEL = "model", _("Model")
    DATASET = "dataset", _("Dataset")


class RepositoryQuerySet(models.QuerySet["Repository"]):
    """Questions asked of repositories."""

    def visible_to(self, viewer: "Viewer") -> "RepositoryQuerySet":
        """Return the repositories whose publisher the viewer is a member of; an operator sees all."""
        if viewer.is_operator:
            return self.all()
        return self.filter(publisher__in=viewer.publishers_with(*READING))

    def linked(self) -> "RepositoryQuerySet":
        """Return those that are linked now: the only ones the Hub is ever told anything about."""
        return self.filter(unlinked_at=None)


class Repository(models.Model):
    """A Hub repository linked by a publisher. What was last seen of it stands in the `seen_…` fields."""

    publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="repositories")
    kind = models.CharField(max_length=10, choices=RepositoryKind, default=RepositoryKind.MODEL)
    name = models.CharField(max_length=200)
    hub_id = models.CharField(max_length=64, blank=True)
    token = models.ForeignKey(HubToken, on_delete=models.PROTECT, related_name="repositories")
    linked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    linked_at = models.DateTimeField()
    unlinked_at = models.DateTimeField(null=True, blank=True)
    unlinked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    seen_gate = models.CharField(max_length=10, blank=True)
    seen_private = models.BooleanField(default=False)
    seen_tags = models.JSONField(default=list)
    seen_licence = models.CharField(max_length=100, blank=True)
    seen_commit = models.CharField(max_length=64, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    observe_run = models.PositiveBigIntegerField(default=0)
    observe_due_at = models.DateTimeField(db_index=True)
    observe_leased_until = models.DateTimeField(null=True, blank=True)
    observed_at = models.DateTimeField(null=True, blank=True)
    observe_attempts = models.PositiveIntegerField(default=0)
    parked_reason = models.CharField(max_length=60, blank=True)
    # The last look that an announcement of the Hub asked for: so many of them make no more than one every few seconds.
    look_planned_at = models.DateTimeField(null=True, blank=True)
    pull_requests_due_at = models.DateTimeField(null=True, blank=True)
    # When the members of its organisation are read next.
    members_due_at = models.DateTimeField(null=True, blank=True)
    # Why the last reading of the lists failed, and since when readings fail; empty once one has come through.
    failure = models.CharField(max_length=60, blank=True, default="", db_default="")
    failing_since = models.DateTimeField(null=True, blank=True)
    read_in_full_at = models.DateTimeField(null=True, blank=True)
    # The last reading met fewer people than are known: the next one finds out who is gone.
    absence_suspected = models.BooleanField(default=False)
    # When the last complete reading of all four lists began: nothing that it says is older than this.
    read_in_full_from = models.DateTimeField(null=True, blank=True)

    # Since the first stage opened: from then on, what nobody decided here is drift.
    guarded_since = models.DateTimeField(null=True, blank=True)
    # Since then what differs about people is undone without asking.
    enforced_since = models.DateTimeField(null=True, blank=True)

    objects = RepositoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "repositories"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "name"], condition=models.Q(unlinked_at=None), name="one_link_per_repository"
            ),
            models.CheckConstraint(
                condition=models.Q(unlinked_at=None, unlinked_by=None)
                | models.Q(unlinked_at__isnull=False, unlinked_by__isnull=False),
                name="repository_unlinked_at_and_by",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        """Return the path of its page on the Hub, without the leading slash."""
        return self.name if self.kind == RepositoryKind.MODEL else f"{self.kind}s/{self.name}"


class Card(models.Model):
    """The README of a repository at one commit, byte for byte, with the gate form and terms that people saw there."""

    repository = models.ForeignKey(Repository, on_delete=models.PROTECT, related_name="cards")
    commit = models.CharField(max_length=64)
    text = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    read_at = models.DateTimeField()
    gate = models.JSONField(default=dict)
    findings = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["repository", "commit"], name="one_card_per_commit")]
