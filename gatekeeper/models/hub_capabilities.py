"""What a Hub was found to know and not to know, since when, and how that was learnt: it changes with the months."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.viewer import Viewer

# After so long without being asked again, a capability that was missing is believed in once more.
BELIEVED_AGAIN = timedelta(days=1)


class Capability(models.TextChoices):
    """What a Hub may know beside what its client has always used."""

    BATCH = "batch", _("deciding on many at once")
    RESET = "reset", _("resetting requests")
    USER_ID = "user_id", _("naming people by their id")
    REQUEST_ID = "request_id", _("naming people by their request")


class Learnt(models.TextChoices):
    """How something about a Hub was learnt."""

    PROBE = "probe", _("asked for on purpose")
    CALL = "call", _("met in a call")


class HubCapabilityQuerySet(models.QuerySet["HubCapability"]):
    """Questions asked of capabilities."""

    def at(self, endpoint: str) -> "HubCapabilityQuerySet":
        """Return what is known of one Hub."""
        return self.filter(endpoint=endpoint)

    def missing(self, *, at: datetime) -> "HubCapabilityQuerySet":
        """Return those that are believed to be missing now."""
        return self.filter(known=False, checked_at__gt=at - BELIEVED_AGAIN)

    def visible_to(self, viewer: "Viewer") -> "HubCapabilityQuerySet":
        """Return them for operators and for whoever works for a publisher."""
        return self.all() if viewer.is_operator or viewer.publishers_with() else self.none()


class HubCapability(models.Model):
    """Whether one Hub knows one thing. Without a row nobody has asked yet, and it is believed to."""

    endpoint = models.CharField(max_length=300)
    name = models.CharField(max_length=20, choices=Capability)
    known = models.BooleanField()
    since = models.DateTimeField()
    learnt = models.CharField(max_length=10, choices=Learnt)
    checked_at = models.DateTimeField()

    objects = HubCapabilityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "hub capabilities"
        constraints = [models.UniqueConstraint(fields=["endpoint", "name"], name="one_row_per_hub_and_capability")]

    def __str__(self) -> str:
        return f"{self.name} at {self.endpoint}: {'known' if self.known else 'missing'}"
