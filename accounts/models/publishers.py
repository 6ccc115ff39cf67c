"""Publishers and who holds which role there."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.hub_people import NAME_LENGTH
from accounts.models.users import User


class Publisher(models.Model):
    """A Hub namespace whose members steward releases."""

    class Kind(models.TextChoices):
        USER = "user", _("user")
        ORGANISATION = "organisation", _("organisation")

    name = models.CharField(_("namespace on the Hub"), max_length=NAME_LENGTH, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    hub_id = models.CharField(_("Hub id"), max_length=24, blank=True)
    display_name = models.CharField(_("name shown"), max_length=NAME_LENGTH, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proved_at = models.DateTimeField(_("proved"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("publisher")
        constraints = [
            models.UniqueConstraint(Upper("name"), name="publisher_name_once"),
            models.UniqueConstraint(fields=["hub_id"], condition=~Q(hub_id=""), name="publisher_hub_id_once"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.name


class Membership(models.Model):
    """One role of one user at one publisher."""

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        STEWARD = "steward", _("steward")
        REVIEWER = "reviewer", _("reviewer")
        COUNSEL = "counsel", _("counsel")
        APPEALS_OFFICER = "appeals_officer", _("appeals officer")
        AUDITOR = "auditor", _("auditor")

    publisher = models.ForeignKey(Publisher, models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=16, choices=Role)
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(_("added"), default=timezone.now)

    class Meta:
        verbose_name = _("membership")
        constraints = [
            models.UniqueConstraint(fields=["publisher", "user", "role"], name="membership_role_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} · {self.publisher}"
