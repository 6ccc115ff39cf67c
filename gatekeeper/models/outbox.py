"""The outbox: what people are told is written with the step that causes it, and sent later."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

from accounts.models import User


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Questions asked of notices."""

    def due(self, *, at: datetime) -> "NoticeQuerySet":
        """Return the notices to send now."""
        return self.filter(sent_at=None, parked_at=None, due_at__lte=at)


class Notice(models.Model):
    """One message to one person: which kind, about which thing. The words are made when it is sent."""

    recipient = models.ForeignKey(User, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=40)
    object_kind = models.CharField(max_length=30)
    object_id = models.BigIntegerField()
    data: Any = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    parked_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=200, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="notice_due", condition=Q(sent_at=None, parked_at=None))]
