"""Receipts: an acceptance as signed text, and the public halves of the keys that sign. Both frozen in the database."""

from typing import TYPE_CHECKING

from django.db import models

from .licences import Acceptance
from .repositories import READING

if TYPE_CHECKING:
    from accounts.viewer import Viewer


class SigningKey(models.Model):
    """The public half of a key that this installation has signed receipts with. None is ever taken out."""

    key_id = models.CharField(max_length=16, primary_key=True)
    public_key = models.CharField(max_length=44)  # the 32 bytes in base64
    first_used_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key_id


class ReceiptQuerySet(models.QuerySet["Receipt"]):
    """Questions asked of receipts."""

    def visible_to(self, viewer: "Viewer") -> "ReceiptQuerySet":
        """Return the viewer's own, and those for stages of publishers that they read for."""
        seen = models.Q(acceptance__policy__stage__release__publisher__in=viewer.publishers_with(*READING))
        if viewer.person:
            seen |= models.Q(acceptance__person=viewer.person)
        return self.filter(seen)


class Receipt(models.Model):
    """One acceptance, as its person keeps it: `body` is the exact text that was signed (canonical JSON)."""

    acceptance = models.OneToOneField(Acceptance, on_delete=models.PROTECT, related_name="receipt")
    body = models.TextField()
    signature = models.CharField(max_length=100)
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="receipts")
    issued_at = models.DateTimeField()

    objects = ReceiptQuerySet.as_manager()

    def __str__(self) -> str:
        return f"receipt of acceptance {self.acceptance_id}"
