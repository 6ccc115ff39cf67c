"""How a Hub token stands, in words, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import HubToken, Publisher
from gatekeeper.models import Repository, TokenReach
from gatekeeper.models.hub_tokens import in_use

from .words import Standing

H = HubToken.Health
STANDINGS: Mapping[str, Standing] = {
    H.OK: Standing(H.OK.label, "good"),
    H.EXPIRING: Standing(H.EXPIRING.label, "warn", _("Give another one before that, and let it speak instead.")),
    H.LIMITED: Standing(
        H.LIMITED.label,
        "warn",
        _("We keep to what the Hub allows, so something else seems to use the same account. Give us one of our own."),
    ),
    H.NARROW: Standing(
        H.NARROW.label,
        "bad",
        _("Give it its rights back on the Hub, or let another token speak where it does not reach."),
    ),
    H.READ_ONLY: Standing(H.READ_ONLY.label, "bad", _("Make one with the write role on the Hub, and give it here.")),
    H.REFUSED: Standing(
        H.REFUSED.label, "bad", _("It was deleted or renewed on the Hub, or it has ended. Give another one here.")
    ),
    H.UNREADABLE: Standing(
        H.UNREADABLE.label,
        "bad",
        _("No key of this installation opens it. Put the key back that it was encrypted with, or give it again."),
    ),
    H.UNKNOWN: Standing(H.UNKNOWN.label, "warn", _("It is checked within a minute, as long as a worker runs.")),
}
CHECKING = Standing(_("being checked"), "warn", _("This takes a few seconds."))


@dataclass(slots=True)
class Kept:
    """One token as its page shows it: where it stands, where it was chosen, where it speaks now, where it may not."""

    token: HubToken
    standing: Standing
    checking: bool
    chosen: list[Repository] = field(default_factory=list)
    stands_in: list[Repository] = field(default_factory=list)
    refused: list[TokenReach] = field(default_factory=list)
    good: set[int] = field(default_factory=set)

    @property
    def could_take_on(self) -> bool:
        """Say whether it works, and reaches anything for which another one was chosen."""
        works = self.token.health not in {*HubToken.USELESS, H.UNKNOWN}
        return works and bool(self.good - {repository.pk for repository in self.chosen})


@dataclass(frozen=True, slots=True)
class Place:
    """One repository: its chosen token, the one that speaks now, and those that could be chosen instead."""

    repository: Repository
    speaks: HubToken | None
    others: Sequence[HubToken]


def kept_at(publisher: Publisher, *, at: datetime) -> tuple[list[Kept], list[Place]]:
    """Return the tokens of a publisher in the order in which they stand in, and its repositories; few statements."""
    linked = Repository.objects.linked().filter(publisher=publisher).select_related("token").order_by("name")
    repositories, tokens = list(linked), list(HubToken.objects.in_order().filter(publisher=publisher))
    kept = {token.pk: Kept(token, *_standing(token, at=at)) for token in tokens}
    reaches = TokenReach.objects.filter(token__in=tokens, repository__in=repositories)
    for reach in reaches.refused().select_related("repository").order_by("repository__name"):
        kept[reach.token_id].refused.append(reach)
    for token, place in reaches.good(at=at).values_list("token", "repository"):
        kept[token].good.add(place)
    speaking = in_use(repositories)
    for repository in repositories:
        speaks = speaking[repository.pk]
        if repository.token_id in kept:
            kept[repository.token_id].chosen.append(repository)
        if speaks is not None and speaks.pk != repository.token_id:
            kept[speaks.pk].stands_in.append(repository)
    usable = [one for one in kept.values() if one.token.health not in {*HubToken.USELESS, H.UNKNOWN}]
    return list(kept.values()), [
        Place(
            repository,
            speaking[repository.pk],
            [one.token for one in usable if repository.pk in one.good and one.token.pk != repository.token_id],
        )
        for repository in repositories
    ]


def _standing(token: HubToken, *, at: datetime) -> tuple[Standing, bool]:
    due = token.check_due_at is None or token.check_due_at <= at
    checking = due or (token.leased_until is not None and token.leased_until > at)
    known = STANDINGS[token.health]
    return (CHECKING if checking and token.health == H.UNKNOWN else known), checking


def wants_attention(publisher: Publisher) -> int:
    """Return how many tokens of a publisher do not do what they are for, or will soon not."""
    fine = (H.OK, H.UNKNOWN)
    return HubToken.objects.filter(publisher=publisher, revoked_at=None).exclude(health__in=fine).count()
