"""Invitations: whoever holds the link, or one of the names, may ask for a stage. What they ask is decided as ever.

A link's token is kept as a digest. A name is no proof of who somebody is: it waits until its holder is known by their
Hub id.
"""

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from accounts.models import HubPerson, User
from gatekeeper.rules import lifecycle
from gatekeeper.rules.lifecycle import Offer
from gatekeeper.rules.needs import Facts
from gatekeeper.rules.statuses import InvitationStatus, Role

from .ladders import Stage
from .repositories import READING
from .roles import roles_at

if TYPE_CHECKING:
    from accounts.viewer import Viewer


# Where a link leads. The token stands in the query: query strings are not logged, and the page takes it out at once.
INVITATION_PAGE = "/invitation/?token=%s"


def token_digest(token: str) -> str:
    """Return the SHA-256 of an invitation's token, in hexadecimal: all that is kept of it."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class InvitationKind(models.TextChoices):
    """How somebody is invited."""

    LINK = "link"
    NAMES = "names"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Questions asked of invitations."""

    def visible_to(self, viewer: "Viewer") -> "InvitationQuerySet":
        """Return the invitations of the publishers that the viewer works for."""
        return self.filter(stage__release__publisher__in=viewer.publishers_with(*READING))

    def links(self) -> "InvitationQuerySet":
        """Return those by link."""
        return self.filter(kind=InvitationKind.LINK)

    def usable(self, *, at: datetime) -> "InvitationQuerySet":
        """Return the links that still invite: not withdrawn, not over, not used up."""
        return self.links().filter(status=InvitationStatus.OPEN, expires_at__gt=at, uses__lt=models.F("most_uses"))

    def facts(self, viewer: "Viewer") -> dict[int, Facts]:
        """Return what the needs of the invitation table ask about, by invitation id: nothing."""
        return {pk: Facts() for pk in self.values_list("pk", flat=True)}


class Invitation(models.Model):
    """One link, or one list of names, for one stage. It ends by itself, and can be withdrawn before."""

    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="invitations")
    kind = models.CharField(max_length=5, choices=InvitationKind)
    status = models.CharField(max_length=10, choices=[(s.value, s.value) for s in InvitationStatus])
    status_at = models.DateTimeField()
    label = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, null=True, blank=True, unique=True)
    most_uses = models.PositiveIntegerField(default=1)
    uses = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(uses__lte=models.F("most_uses")), name="invitation_uses_bounded"),
            models.CheckConstraint(
                condition=Q(kind=InvitationKind.LINK, digest__isnull=False) | Q(kind=InvitationKind.NAMES, digest=None),
                name="invitation_by_link_has_a_digest",
            ),
        ]
        indexes = [models.Index(fields=["stage", "-id"], name="invitation_of_stage")]

    def __str__(self) -> str:
        return f"Invitation {self.pk}"

    @property
    def publisher_id(self) -> int:
        """Return the id of the publisher whose roles count here."""
        return self.stage.release.publisher_id

    def is_usable(self, *, at: datetime) -> bool:
        """Say whether a link still invites."""
        return self.status == InvitationStatus.OPEN and self.expires_at > at and self.uses < self.most_uses

    def roles_of(self, viewer: "Viewer") -> frozenset[Role]:
        """Return the viewer's roles towards this invitation."""
        return roles_at(viewer, self.publisher_id)

    def actions_for(self, viewer: "Viewer", *, at: datetime | None = None) -> list[Offer]:
        """Return what the viewer could do with this invitation now."""
        return lifecycle.offers("invitation", self.status, self.roles_of(viewer), Facts())


class InvitedQuerySet(models.QuerySet["Invited"]):
    """Questions asked of who is invited."""

    def visible_to(self, viewer: "Viewer") -> "InvitedQuerySet":
        """Return those whom the publishers invited that the viewer works for."""
        return self.filter(stage__release__publisher__in=viewer.publishers_with(*READING))

    def standing(self) -> "InvitedQuerySet":
        """Return those whose invitation was not withdrawn."""
        return self.filter(withdrawn_at=None)

    def taken_back(self, invitation: Invitation, person: HubPerson) -> "InvitedQuerySet":
        """Return where a person was taken off a stage after a link was made: it does not bring them back."""
        return self.filter(stage=invitation.stage_id, person=person, withdrawn_at__gte=invitation.created_at)

    def waiting(self, *, at: datetime) -> "InvitedQuerySet":
        """Return the names that wait for their holder."""
        return self.standing().filter(person=None, invitation__expires_at__gt=at)


class Invited(models.Model):
    """Somebody invited to a stage: a name that waits for its holder, or a person known by their Hub id."""

    invitation = models.ForeignKey(Invitation, on_delete=models.PROTECT, related_name="invited")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="invited")
    hub_name = models.CharField(max_length=200)
    name_key = models.CharField(max_length=200)
    person = models.ForeignKey(HubPerson, on_delete=models.PROTECT, null=True, blank=True, related_name="invited")
    created_at = models.DateTimeField()
    met_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = InvitedQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "invited"
        constraints = [
            models.UniqueConstraint(
                fields=["stage", "person"],
                condition=Q(person__isnull=False, withdrawn_at=None),
                name="invited_once_per_person_and_stage",
            ),
            models.CheckConstraint(
                condition=Q(person=None, met_at=None) | Q(person__isnull=False, met_at__isnull=False),
                name="invited_person_and_met_at",
            ),
        ]
        indexes = [
            models.Index(fields=["name_key"], name="invited_waiting", condition=Q(person=None, withdrawn_at=None)),
            models.Index(fields=["stage", "-id"], name="invited_of_stage"),
        ]

    @property
    def publisher_id(self) -> int:
        """Return the id of the publisher whose roles count here."""
        return self.stage.release.publisher_id
