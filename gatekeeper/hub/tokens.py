"""With which token a repository is spoken about, and what the Hub was seen to make of a token."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from accounts.ciphers import KeyMissing
from accounts.models import HubToken
from gatekeeper.models import Repository

from . import budget
from .client import HubClient
from .community import Community
from .port import HubError, Word


def token_for(repository: Repository) -> HubToken:
    """Return the token of a link, or the publisher's newest once that one is revoked or refused.

    Raises HubError("stop") where there is none left.
    """
    linked = repository.token
    token = linked if _sound(linked) else HubToken.objects.current_for(repository.publisher_id)
    if token is None:
        raise HubError(Word.STOP, "token_missing")
    return token


def in_use(repositories: Sequence[Repository]) -> dict[int, HubToken | None]:
    """Return what token_for would, for repositories that were read with their tokens, by id; in one statement."""
    newest = {
        token.publisher_id: token
        for token in HubToken.objects.filter(
            publisher__in={each.publisher_id for each in repositories if not _sound(each.token)}, revoked_at=None
        ).order_by("created_at", "pk")
    }
    return {each.pk: each.token if _sound(each.token) else newest.get(each.publisher_id) for each in repositories}


def _sound(token: HubToken) -> bool:
    return token.revoked_at is None and token.health != HubToken.Health.REFUSED


def bucket_of(repository_id: int) -> budget.Name | None:
    """Return the name of the budget out of which a repository's calls are taken; None where there is no token."""
    token = token_or_none(Repository.objects.select_related("token").get(pk=repository_id))
    return None if token is None else name_of(token)


def name_of(token: HubToken) -> budget.Name:
    """Return the name of a token's budget. The token itself is not needed for it."""
    return budget.Name(token.fingerprint, owner=token.hub_user_id)


def token_or_none(repository: Repository) -> HubToken | None:
    """Return the token to use for a repository, or None where there is none left."""
    try:
        return token_for(repository)
    except HubError:
        return None


def client_for(repository: Repository) -> HubClient:
    """Return the Hub as the repository's token sees it. Raises HubError("stop") without a token that can be opened."""
    return HubClient(_revealed(repository))


def community_for(repository: Repository) -> Community:
    """Return the Hub's pull requests as the repository's token sees them: see client_for."""
    return Community(_revealed(repository))


def _revealed(repository: Repository) -> str:
    try:
        return token_for(repository).reveal()
    except KeyMissing:
        raise HubError(Word.STOP, "token_unreadable") from None


def note_failure(repository: Repository, failed: HubError, *, at: datetime | None = None) -> None:
    """Write down that the Hub refused a repository's token, if that is what failed."""
    if failed.reason == "token_refused":
        _note(repository, HubToken.Health.REFUSED, at=at)


def note_works(repository: Repository, *, at: datetime | None = None) -> None:
    """Write down that a repository's token works."""
    _note(repository, HubToken.Health.OK, at=at)


def _note(repository: Repository, health: HubToken.Health, *, at: datetime | None) -> None:
    token = token_for(repository)
    HubToken.objects.filter(pk=token.pk).exclude(health=health).update(health=health, checked_at=at or timezone.now())
    if token.pk == repository.token_id:
        repository.token.health = health
