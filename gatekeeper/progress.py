"""How far a procedure has come and how long it may still take, read anew each time. Page and API show the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any

from django.utils import timezone

from gatekeeper.console import budgets_of
from gatekeeper.hub.capabilities import knows
from gatekeeper.models import Procedure, RepositoryWish, SyncPause
from gatekeeper.models.hub_tokens import in_use
from gatekeeper.models.tallies import (
    AtRepository,
    GhostTally,
    StopTally,
    at_repositories,
    digest_of,
    proof_lines,
    tally_of_ghosts,
    tally_of_stop,
)
from gatekeeper.rules.procedures import FREE, Budget, calls_to_read, calls_to_tell, seconds_for

A_CALL = 0.5  # seconds, until it was seen how long one takes
READ_BACK = 15  # seconds until the lists are read after the last call


@dataclass(frozen=True, slots=True)
class Progress:
    """How a procedure stands: a stop by people and repositories, a re-gate by who is let in.

    `calls` are still to be made, which takes about `seconds`; `at_once` says whether the Hub takes many people in one.
    `paused` is what holds the sync back, `wish` what is wished of the repository that is re-gated.
    """

    stop: StopTally | None = None
    ghosts: GhostTally | None = None
    repositories: list[AtRepository] = field(default_factory=list)
    calls: int = 0
    seconds: int = 0
    at_once: bool = True
    paused: list[SyncPause] = field(default_factory=list)
    wish: RepositoryWish | None = None


def progress_of(procedure: Procedure, *, at: datetime | None = None) -> Progress:
    """Return how far a procedure has come by now."""
    at = at or timezone.now()
    if not procedure.is_stop:
        wish = RepositoryWish.objects.filter(repository=procedure.repository_id).first()
        paused = list(SyncPause.objects.holding(procedure.repository_id).select_related("paused_by", "repository"))
        return Progress(ghosts=tally_of_ghosts(procedure), wish=wish, paused=paused)
    places, at_once = at_repositories(procedure), knows("batch")
    calls, seconds = _still(procedure, places, at_once=at_once, at=at)
    here = SyncPause.objects.open().select_related("paused_by", "repository").order_by("pk")
    ids = {place.repository.pk for place in places}
    return Progress(
        stop=tally_of_stop(procedure),
        repositories=places,
        calls=calls,
        seconds=seconds,
        at_once=at_once,
        paused=[pause for pause in here if pause.repository_id is None or pause.repository_id in ids],
    )


def _still(procedure: Procedure, places: Sequence[AtRepository], *, at_once: bool, at: datetime) -> tuple[int, int]:
    """Return how many calls are still to be made, and about how many seconds they take, by each token's own budget."""
    waiting = [place for place in places if place.untold or place.told]
    if not waiting:
        return 0, 0
    used = in_use([place.repository for place in waiting])
    left = budgets_of(token for token in used.values() if token is not None)
    each = _seconds_a_call(procedure, places, at_once=at_once, at=at)
    by_token: dict[int | None, int] = {}
    for place in waiting:
        token = used[place.repository.pk]
        key = None if token is None else token.pk
        calls = calls_to_tell(place.untold, at_once=at_once) + calls_to_read(place.rows)
        by_token[key] = by_token.get(key, 0) + calls
    seconds = READ_BACK + sum(
        seconds_for(calls, each=each, budget=_budget(left.get(key) if key is not None else None, at=at))
        for key, calls in by_token.items()
    )
    return sum(by_token.values()), ceil(seconds)


def _budget(known: object, *, at: datetime) -> Budget:
    left, quota, until = (getattr(known, name, None) for name in ("left", "quota", "until"))
    if left is None or quota is None or until is None:
        return FREE
    return Budget(left, quota, max((until - at).total_seconds(), 0.0))


def _seconds_a_call(procedure: Procedure, places: Sequence[AtRepository], *, at_once: bool, at: datetime) -> float:
    """Return how long a call has taken so far in this phase; what is usual while too few were made to tell."""
    made = sum(calls_to_tell(place.told + place.confirmed, at_once=at_once) for place in places)
    passed = (at - procedure.phase_at).total_seconds()
    return A_CALL if procedure.started_at is None or made < 3 else min(max(passed / made, 0.05), 10.0)


def proof_of(procedure: Procedure) -> dict[str, Any]:
    """Return what was read back of a procedure, a line for each grant that it suspended, and the lines’ digest."""
    rows = list(proof_lines(procedure))
    people = [
        {
            "grant": row.grant_id,
            "hub_name": row.grant.person.username,
            "suspended_at": row.suspended_at,
            "read_back_at": row.read_back_at,
            "line": line,
        }
        for row, line in rows
    ]
    digest = digest_of(line for _row, line in rows)
    return {"procedure": procedure.pk, "proof": procedure.proof, "digest": digest, "people": people}
