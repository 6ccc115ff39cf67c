"""Where a Hub token was found to reach: whether it may read a repository's requests, and decide on them."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import HubToken

from .repositories import Repository

if TYPE_CHECKING:
    from accounts.viewer import Viewer


class TokenReachQuerySet(models.QuerySet["TokenReach"]):
    """Questions asked of reaches."""

    def visible_to(self, viewer: "Viewer") -> "TokenReachQuerySet":
        """Return those about repositories that the viewer sees."""
        return self.filter(repository__in=Repository.objects.visible_to(viewer))

    def refused(self) -> "TokenReachQuerySet":
        """Return where a token was seen not to be allowed what it is for."""
        return self.filter(models.Q(may_read=False) | models.Q(may_decide=False))


class TokenReach(models.Model):
    """What one token may do at one repository, as the Hub said last. None where it could not be asked."""

    token = models.ForeignKey(HubToken, on_delete=models.PROTECT, related_name="reaches")
    repository = models.ForeignKey(Repository, on_delete=models.PROTECT, related_name="reaches")
    may_read = models.BooleanField(_("may read who asks"), null=True)
    may_decide = models.BooleanField(_("may decide"), null=True)
    reason = models.CharField(max_length=60, blank=True)
    checked_at = models.DateTimeField()

    objects = TokenReachQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "token reaches"
        constraints = [models.UniqueConstraint(fields=["token", "repository"], name="one_reach_per_token_and_place")]

    def __str__(self) -> str:
        return f"{self.token} at {self.repository.name}"

    @property
    def is_refused(self) -> bool:
        """Say whether the token was seen not to be allowed what it is for."""
        return self.may_read is False or self.may_decide is False
