"""The record: one append-only row per step, and the signed checkpoints that seal it.

Events hold ids and salted digests, never personal data, so that erasing a person breaks no proof.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import models

from accounts.models import Publisher, User

from .drift import Drift
from .grants import Grant
from .personal import document_hash
from .repositories import READING
from .requests import AccessRequest

if TYPE_CHECKING:
    from accounts.viewer import Viewer


class Checkpoint(models.Model):
    """A seal over the events since the one before: their digests in order of id, chained and signed (Ed25519)."""

    previous = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="next")
    events = models.PositiveBigIntegerField()
    last_event = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)
    signature = models.CharField(max_length=100)
    key_id = models.CharField(max_length=16)
    sealed_at = models.DateTimeField()


class EventQuerySet(models.QuerySet["Event"]):
    """Questions asked of the record."""

    def visible_to(self, viewer: "Viewer") -> "EventQuerySet":
        """Return the events of the viewer's publishers; an operator sees those of the installation too."""
        theirs = models.Q(publisher__in=viewer.publishers_with(*READING))
        seen = self.filter(theirs | models.Q(publisher=None) if viewer.is_operator else theirs)
        if viewer.person is None:
            return seen
        # Somebody who works here and applied here sees their own case as a requester does: without its history.
        own_cases = AccessRequest.objects.own(viewer).values("pk")
        own_grants = Grant.objects.own(viewer).values("pk")
        own_drift = Drift.objects.filter(person=viewer.person).values("pk")
        own = {"accessrequest": own_cases, "grant": own_grants, "drift": own_drift}
        for kind, rows in own.items():
            seen = seen.exclude(object_kind=kind, object_id__in=rows)
        return seen

    def about(self, kind: str, pk: int) -> "EventQuerySet":
        """Return the events about one thing, oldest first."""
        return self.filter(object_kind=kind, object_id=pk).order_by("id")

    def unsealed(self) -> "EventQuerySet":
        """Return the events that no checkpoint covers yet, in order."""
        return self.filter(checkpoint=None).order_by("id")


class Event(models.Model):
    """One step that was taken: what, on which thing, by whom, when. Append-only in the database."""

    at = models.DateTimeField()
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=30)
    object_id = models.BigIntegerField()
    publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    data: Any = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["object_kind", "object_id", "id"], name="event_object"),
            models.Index(fields=["publisher", "-id"], name="event_publisher"),
            models.Index(fields=["id"], name="event_unsealed", condition=models.Q(checkpoint=None)),
        ]

    def expected_digest(self) -> str:
        """Return the digest that this row must have, from its own values."""
        return event_digest(
            self.at, self.actor_id, self.action, self.object_kind, self.object_id, self.publisher_id, self.data
        )


def event_digest(
    at: datetime, actor: int, action: str, kind: str, pk: int, publisher: int | None, values: dict[str, Any]
) -> str:
    """Return the SHA-256 of an event's values as canonical JSON, in hexadecimal."""
    return document_hash(
        {
            "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": actor,
            "action": action,
            "kind": kind,
            "id": pk,
            "publisher": publisher,
            "data": values,
        }
    )
