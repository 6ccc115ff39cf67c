"""Putting off and stopping: how long something is left alone after a failure, and what stops a whole repository."""

import random
from datetime import timedelta

import structlog
from django.utils import timezone

from gatekeeper.models import Repository

from . import drift, tokens
from .port import HubError, Word

log = structlog.get_logger(__name__)

LONGEST_PAUSE = 300.0
PARKED_PAUSE = timedelta(minutes=5)
# These are about a repository or its token: everything about it waits, not only the row that met it.
OF_THE_REPOSITORY = frozenset(
    {
        "token_refused",
        "token_read_only",
        "token_missing",
        "token_unreadable",
        "repository_gone",
        "repository_disabled",
        "another_repository",
        "not_gated",
        "usernames_hidden",
    }
)
GONE = frozenset({"repository_gone", "repository_disabled", "another_repository"})


def pause(attempts: int, asked: float | None = None) -> float:
    """Return how many seconds to leave something alone: as the Hub asked, or longer with each attempt; jittered.

    What the Hub asked is made only a little longer: a budget whose window has begun waits for nobody.
    """
    least = asked if asked is not None else min(2.0 ** min(attempts - 1, 9), LONGEST_PAUSE)
    longer = least / 4 if asked is None else min(least / 4, 2.0)
    return least + random.uniform(0.0, longer)  # noqa: S311  # spreads load, keeps no secret


def park_repository(repository: Repository, failed: HubError) -> None:
    """Let everything about a repository wait for a person, if that is what failed and no other token may do better."""
    if failed.word is not Word.STOP or failed.reason not in OF_THE_REPOSITORY:
        return
    with_token = tokens.token_or_none(repository)
    tokens.note_failure(repository, failed)
    if with_token is not None and tokens.token_or_none(repository) not in (None, with_token):
        return
    Repository.objects.filter(pk=repository.pk).update(
        parked_reason=failed.reason, observe_due_at=timezone.now() + PARKED_PAUSE
    )
    if failed.reason in GONE:
        drift.find_gone(repository, failed.reason)
    log.warning("repository parked", repository=repository.pk, reason=failed.reason)
