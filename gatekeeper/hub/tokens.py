"""With which token a repository is spoken about, and what the Hub was seen to make of a token."""

from datetime import datetime

from django.utils import timezone

from accounts.ciphers import KeyMissing
from accounts.models import HubToken
from gatekeeper.actions.hub_tokens import note_health
from gatekeeper.actions.nudges import nudge
from gatekeeper.models import Repository, TokenReach
from gatekeeper.models.hub_tokens import TROUBLED, in_use

from . import budget
from .client import HubClient
from .community import Community
from .directory import Directory
from .port import HubError, Word

# How a token fails that was revoked, whose key is lost, or that was given fewer rights.
FAILED = {
    "token_refused": HubToken.Health.REFUSED,
    "token_unreadable": HubToken.Health.UNREADABLE,
    "token_read_only": HubToken.Health.NARROW,
}
# A token of this health that works turns out to be well.
WORKS_AGAIN = frozenset({HubToken.Health.REFUSED, HubToken.Health.UNREADABLE, HubToken.Health.UNKNOWN})


def token_for(repository: Repository) -> HubToken:
    """Return the token that speaks for a repository: see models.hub_tokens.in_use.

    Raises HubError("stop") where there is none left.
    """
    token = in_use([repository])[repository.pk]
    if token is None:
        raise HubError(Word.STOP, "token_missing")
    return token


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
    token = token_for(repository)
    return HubClient(revealed(token), owner=token.hub_user_id)


def community_for(repository: Repository) -> Community:
    """Return the Hub's pull requests as the repository's token sees them: see client_for."""
    token = token_for(repository)
    return Community(revealed(token), owner=token.hub_user_id)


def directory_for(repository: Repository) -> Directory:
    """Return what the Hub has of a namespace as the repository's token sees it: see client_for."""
    token = token_for(repository)
    return Directory(revealed(token), owner=token.hub_user_id)


def revealed(token: HubToken) -> str:
    """Return a token as it is sent to the Hub. Raises HubError("stop") where no key opens it."""
    try:
        return token.reveal()
    except KeyMissing:
        raise HubError(Word.STOP, "token_unreadable") from None


def note_failure(repository: Repository, failed: HubError, *, at: datetime | None = None) -> None:
    """Write down what a repository's token failed with, if that is what failed; it is checked soon."""
    health = FAILED.get(failed.reason)
    if health is None:
        return
    token, at = token_for(repository), at or timezone.now()
    if health == HubToken.Health.NARROW:
        _reach(token, repository, works=False, reason=failed.reason, at=at)
        if token.health == HubToken.Health.READ_ONLY:
            health = HubToken.Health.READ_ONLY
    if note_health(token, health=health, at=at):
        _check_soon(token, at=at)
    if token.pk == repository.token_id:
        repository.token.health = health


def note_works(repository: Repository, *, at: datetime | None = None) -> None:
    """Write down that a repository's token works there, if it was thought not to; it is checked soon."""
    token, at = token_for(repository), at or timezone.now()
    if token.health in WORKS_AGAIN:
        note_health(token, health=HubToken.Health.OK, at=at)
        _check_soon(token, at=at)
    elif token.health in TROUBLED and _was_refused(token, repository):
        _reach(token, repository, works=True, at=at)
        _check_soon(token, at=at)


def _was_refused(token: HubToken, repository: Repository) -> bool:
    return TokenReach.objects.refused().filter(token=token, repository=repository).exists()


def _reach(token: HubToken, repository: Repository, *, works: bool, reason: str = "", at: datetime) -> None:
    TokenReach.objects.update_or_create(
        token=token,
        repository=repository,
        defaults={"may_read": works, "may_decide": works, "reason": reason, "checked_at": at},
    )


def _check_soon(token: HubToken, *, at: datetime) -> None:
    HubToken.objects.filter(pk=token.pk).update(check_due_at=at)
    nudge("tokens")
