"""Requests to erase somebody's data, and the legal holds that keep it in place for as long as they stand."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.models import HubPerson, Publisher, User
from gatekeeper.rules import erasure
from gatekeeper.rules.refusals import Refusal

from .grants import Grant
from .requests import AccessRequest

if TYPE_CHECKING:
    from accounts.viewer import Viewer

# Who answers for what a publisher keeps: they see the requests about its people, and set and lift holds.
ANSWERING = ("steward", "owner", "counsel")
READERS = (*ANSWERING, "auditor")


class LegalHoldQuerySet(models.QuerySet["LegalHold"]):
    """Questions asked of legal holds."""

    def visible_to(self, viewer: "Viewer") -> "LegalHoldQuerySet":
        """Return those of the viewer's publishers; an operator sees all."""
        return self.all() if viewer.is_operator else self.filter(publisher__in=viewer.publishers_with(*READERS))

    def standing(self) -> "LegalHoldQuerySet":
        """Return those that were not lifted."""
        return self.filter(lifted_at=None)


class LegalHold(models.Model):
    """A publisher has to keep what there is of a person, for a reason that the person is told."""

    publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="legal_holds")
    person = models.ForeignKey(HubPerson, on_delete=models.PROTECT, related_name="legal_holds")
    reason = models.CharField(max_length=500)
    set_at = models.DateTimeField()
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["publisher", "person"], condition=Q(lifted_at=None), name="one_standing_hold"
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None) | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="hold_lifted_at_and_by",
            ),
        ]

    def __str__(self) -> str:
        return f"Hold {self.pk}"

    @property
    def refusal(self) -> Refusal:
        """Return why nothing of the person is erased while it stands. Its publisher was loaded with it."""
        return erasure.held(self.publisher.name, self.reason)


class ErasureRequestQuerySet(models.QuerySet["ErasureRequest"]):
    """Questions asked of requests to erase."""

    def visible_to(self, viewer: "Viewer") -> "ErasureRequestQuerySet":
        """Return the viewer's own, and those of people who asked for something of their publishers; operators see all.

        Reviewers have no part in it.
        """
        if viewer.is_operator:
            return self.all()
        own = Q(person=viewer.person) if viewer.person else Q(pk=None)
        at = viewer.publishers_with(*READERS)
        here = {"person": OuterRef("person"), "stage__release__publisher__in": at}
        asked, held = AccessRequest.objects.filter(**here).exclude(status="draft"), Grant.objects.filter(**here)
        return self.filter(own | Q(Exists(asked)) | Q(Exists(held)))

    def waiting(self) -> "ErasureRequestQuerySet":
        """Return those that were not carried out yet."""
        return self.filter(carried_out_at=None)

    def due(self) -> "ErasureRequestQuerySet":
        """Return those that nothing stands in the way of any more."""
        return self.waiting().filter(~Exists(LegalHold.objects.standing().filter(person=OuterRef("person"))))


class ErasureRequest(models.Model):
    """Somebody asked that their data be erased. It is carried out at once, or when the last legal hold is lifted."""

    person = models.ForeignKey(HubPerson, on_delete=models.PROTECT, related_name="erasures")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    carried_out_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict)

    objects = ErasureRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(carried_out_at=None), name="one_erasure_waits_per_person"
            )
        ]

    def __str__(self) -> str:
        return f"Erasure {self.pk}"
