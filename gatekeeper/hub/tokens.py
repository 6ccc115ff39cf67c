"""With which token a repository is spoken about, and what the Hub was seen to make of a token."""

from datetime import datetime

from django.utils import timezone

from accounts.ciphers import KeyMissing
from accounts.models import HubToken
from gatekeeper.models import Repository

from .client import HubClient
from .port import HubError, Word


def token_for(repository: Repository) -> HubToken:
    """Return the token of a link, or the publisher's newest once that one is revoked or refused.

    Raises HubError("stop") where there is none left.
    """
    linked = repository.token
    sound = linked.revoked_at is None and linked.health != HubToken.Health.REFUSED
    token = linked if sound else HubToken.objects.current_for(repository.publisher_id)
    if token is None:
        raise HubError(Word.STOP, "token_missing")
    return token


def token_or_none(repository: Repository) -> HubToken | None:
    """Return the token to use for a repository, or None where there is none left."""
    try:
        return token_for(repository)
    except HubError:
        return None


def client_for(repository: Repository) -> HubClient:
    """Return the Hub as the repository's token sees it. Raises HubError("stop") without a token that can be opened."""
    try:
        return HubClient(token_for(repository).reveal())
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
