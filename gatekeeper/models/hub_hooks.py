"""Webhooks at the Hub: what is wished of one, what was seen of it, and when it was last heard.

They only make a look come sooner. Without one everything is found by polling, within a minute.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import HubToken, Publisher, User

from .repositories import READING, Repository

if TYPE_CHECKING:
    from accounts.viewer import Viewer

KEPT_DIGESTS = 5
OVERLAP = timedelta(minutes=10)  # what was sent before the Hub took over a new secret may still be on its way


def new_public_id() -> str:
    """Return a name that nobody guesses: 32 characters that stand in an address as they are."""
    return secrets.token_urlsafe(24)


def digest_of(secret: str) -> str:
    """Return the SHA-256 of a secret, in hexadecimal. Secrets are random, so it needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


class HookState(models.TextChoices):
    """Where a webhook was last seen to stand at the Hub."""

    ABSENT = "absent", _("not registered")
    REGISTERED = "registered", _("registered")
    DISABLED = "disabled", _("switched off on the Hub")
    SUSPENDED = "suspended", _("suspended by the Hub")
    GONE = "gone", _("deleted on the Hub")


class HubHookQuerySet(models.QuerySet["HubHook"]):
    """Questions asked of webhooks."""

    def visible_to(self, viewer: "Viewer") -> "HubHookQuerySet":
        """Return the webhooks of the publishers that the viewer is a member of; an operator sees all."""
        if viewer.is_operator:
            return self.all()
        return self.filter(publisher__in=viewer.publishers_with(*READING))

    def listening(self) -> "HubHookQuerySet":
        """Return those that are wished: the only ones whose announcements are taken."""
        return self.filter(wanted=True)

    def due(self, *, at: datetime) -> "HubHookQuerySet":
        """Return those that want telling or looking now."""
        free = Q(leased_until=None) | Q(leased_until__lte=at)
        return self.filter(free, due_at__lte=at)


class HubHook(models.Model):
    """The webhook of a publisher. A new wish raises the generation; `told_generation` is the one that the Hub was told.

    Its secret is known to the Hub alone: here stand the digests that are still taken, the newest first.
    """

    publisher = models.OneToOneField(Publisher, on_delete=models.PROTECT, related_name="hub_hook")
    public_id = models.CharField(max_length=40, unique=True, default=new_public_id)
    wanted = models.BooleanField(default=True)
    digests: Any = models.JSONField(default=list)
    switched_at = models.DateTimeField()
    switched_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    generation = models.PositiveBigIntegerField(default=1)
    told_generation = models.PositiveBigIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    parked_reason = models.CharField(max_length=60, blank=True)

    state = models.CharField(max_length=10, choices=HookState, default=HookState.ABSENT)
    seen_at = models.DateTimeField(null=True, blank=True)
    hub_id = models.CharField(max_length=64, blank=True)
    # It belongs to a person of the Hub, not to an organisation: only their token sees it.
    token = models.ForeignKey(HubToken, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    watched: Any = models.JSONField(default=list)

    heard_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)

    objects = HubHookQuerySet.as_manager()

    class Meta:
        verbose_name = _("Hub webhook")
        indexes = [models.Index(fields=["due_at"], name="hub_hook_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"Webhook of {self.publisher.name}"

    @property
    def path(self) -> str:
        """Return the path of the address that the Hub calls."""
        return f"/hooks/hub/{self.public_id}/"

    def digests_at(self, at: datetime) -> list[str]:
        """Return the digests of the secrets that are taken at this time."""
        return [one["sha256"] for one in self._taken(at)]

    def offer(self, secret: str, *, at: datetime) -> None:
        """Take this secret from now on, beside the ones before: whether the Hub has it is not known yet."""
        self.digests = [{"sha256": digest_of(secret), "until": None}, *self._taken(at)][:KEPT_DIGESTS]

    def settle_on_newest(self, *, at: datetime) -> None:
        """Let all secrets but the newest run out: the Hub has that one now."""
        until = (at + OVERLAP).timestamp()
        self.digests = [*self.digests[:1], *({**one, "until": one["until"] or until} for one in self.digests[1:])]

    def _taken(self, at: datetime) -> list[dict[str, Any]]:
        return [one for one in self.digests if one["until"] is None or one["until"] > at.timestamp()]


class PullRequestQuerySet(models.QuerySet["PullRequest"]):
    """Questions asked of pull requests."""

    def due(self, repository: Repository, *, at: datetime) -> "PullRequestQuerySet":
        """Return those of a repository that are to be looked at now, the longest due first."""
        return self.filter(repository=repository, due_at__lte=at).order_by("due_at", "pk")


class PullRequest(models.Model):
    """A pull request of a linked repository: when it is looked at next, and what was seen of it."""

    repository = models.ForeignKey(Repository, on_delete=models.PROTECT, related_name="pull_requests")
    number = models.PositiveIntegerField()
    is_open = models.BooleanField(default=True)
    seen_digest = models.CharField(max_length=64, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)

    objects = PullRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["repository", "number"], name="one_pull_request_per_number"),
        ]
        indexes = [
            models.Index(fields=["repository", "due_at"], name="pull_request_due", condition=Q(due_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.repository.name}#{self.number}"
