"""Hub tokens, where they are used: what each was seen to be allowed at a repository, and which one speaks for it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import HubToken

from .repositories import READING, Repository

if TYPE_CHECKING:
    from accounts.viewer import Viewer

# What was seen longer ago than this says nothing about now.
FRESH = timedelta(hours=6)
H = HubToken.Health
# With this health a token is refused somewhere, or everywhere.
TROUBLED = frozenset({*HubToken.USELESS, H.NARROW})


class TokenReachQuerySet(models.QuerySet["TokenReach"]):
    """Questions asked of reaches."""

    def visible_to(self, viewer: "Viewer") -> "TokenReachQuerySet":
        """Return those about repositories that the viewer sees."""
        return self.filter(repository__in=Repository.objects.visible_to(viewer))

    def refused(self) -> "TokenReachQuerySet":
        """Return where a token was seen not to be allowed what it is for."""
        return self.filter(Q(may_read=False) | Q(may_decide=False), repository__unlinked_at=None)

    def good(self, *, at: datetime) -> "TokenReachQuerySet":
        """Return where a token was lately seen to be allowed all that it could be asked for."""
        return self.filter(may_read=True, checked_at__gt=at - FRESH).exclude(may_decide=False)


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


def tokens_visible_to(viewer: "Viewer") -> QuerySet[HubToken]:
    """Return the Hub tokens of the publishers that the viewer works for; an operator sees all."""
    if viewer.is_operator:
        return HubToken.objects.all()
    return HubToken.objects.filter(publisher__in=viewer.publishers_with(*READING))


def in_use(repositories: Sequence[Repository]) -> dict[int, HubToken | None]:
    """Return the token that speaks for each repository (read with its token), by id; None where there is none left.

    It is the one that was chosen, as long as it works there; then the publisher's others, those that work first and the
    newest first. Where none works the chosen one is tried on, so that it is noticed when it works again. At most two
    statements, and none while every chosen token works everywhere.
    """
    doubtful = [each for each in repositories if each.token.revoked_at is not None or each.token.health in TROUBLED]
    found: dict[int, HubToken | None] = {each.pk: each.token for each in repositories}
    if not doubtful:
        return found
    kept: dict[int, list[HubToken]] = {}
    publishers = {each.publisher_id for each in doubtful}
    for token in HubToken.objects.in_order().filter(publisher__in=publishers):
        kept.setdefault(token.publisher_id, []).append(token)
    refused = set(TokenReach.objects.refused().filter(repository__in=doubtful).values_list("token", "repository"))
    for each in doubtful:
        others = [token for token in kept.get(each.publisher_id, ()) if token.pk != each.token_id]
        chosen = [each.token] if each.token.revoked_at is None else []
        works = [
            token
            for token in (*chosen, *others)
            if token.health not in (H.REFUSED, H.UNREADABLE) and (token.pk, each.pk) not in refused
        ]
        works.sort(key=lambda token: token.health in HubToken.USELESS)
        found[each.pk] = next(iter([*works, *chosen, *others]), None)
    return found
