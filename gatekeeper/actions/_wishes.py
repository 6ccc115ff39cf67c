"""Writing wishes: after grants or requests moved, what the Hub should say is worked out anew, in their transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F

from gatekeeper.log import request_id
from gatekeeper.models import Grant, HubAccess, Repository, RepositoryWish, Stage
from gatekeeper.rules.access import Access, Closing, wished_access

from .nudges import nudge

WISHED = (
    "access",
    "closing",
    "closing_of",
    "cause",
    "generation",
    "wished_at",
    "log_id",
    "due_at",
    "attempts",
    "parked_reason",
    "confirmed_at",
)


def wish_access(pairs: Iterable[tuple[int, int]], *, closing: Closing | None, cause: str, at: datetime) -> int:
    """Renew the wish of each (stage id, Hub person id) over the stage's linked repositories; returns how many rows.

    The wish follows from all grants of the person whose stage includes the repository. At most seven statements.
    The rows are locked before the grants are read: two stages may include one repository, and whoever comes second
    must see what the first one did.
    """
    wanted = sorted(set(pairs))
    if not wanted:
        return 0
    by_stage: dict[int, list[int]] = {}
    for stage, repository in Stage.repositories.through.objects.filter(
        stage__in={stage for stage, _person in wanted}, repository__unlinked_at=None
    ).values_list("stage_id", "repository_id"):
        by_stage.setdefault(stage, []).append(repository)
    keys = sorted({(repository, person) for stage, person in wanted for repository in by_stage.get(stage, ())})
    if not keys:
        return 0
    rows = _locked(keys)
    statuses: dict[tuple[int, int], list[str]] = {}
    for repository, person, status in Grant.objects.filter(
        person__in={person for _repository, person in keys},
        stage__repositories__in={repository for repository, _person in keys},
    ).values_list("stage__repositories", "person_id", "status"):
        statuses.setdefault((repository, person), []).append(status)
    for row in rows:
        _renew(row, statuses.get((row.repository_id, row.person_id), []), closing=closing, cause=cause, at=at)
    _write(rows)
    return len(rows)


def wish_again(keys: Iterable[tuple[int, int]], *, cause: str, at: datetime) -> None:
    """Have the wish of each (repository id, person id) told and read back once more, as it stands."""
    rows = _locked(sorted(set(keys)))
    for row in rows:
        _make_due(row, cause=cause, at=at)
    _write(rows)


def wish_closed(
    keys: Iterable[tuple[int, int]], *, access: Access | None, closing: Closing, cause: str, at: datetime
) -> None:
    """Wish that the Hub requests of (repository id, person id) are closed, where no grant wishes the contrary.

    `access` is the new wish besides that, None leaves it as it is.
    """
    rows = [row for row in _locked(sorted(set(keys))) if row.access != Access.YES]
    for row in rows:
        row.access = row.access if access is None else access
        row.closing, row.closing_of = closing.value, row.seen_requested_at
        _make_due(row, cause=cause, at=at)
    _write(rows)


def _make_due(row: HubAccess, *, cause: str, at: datetime) -> None:
    row.cause, row.generation, row.wished_at, row.log_id = cause, row.generation + 1, at, request_id()
    row.due_at, row.attempts, row.parked_reason, row.confirmed_at = at, 0, "", None


def _write(rows: list[HubAccess]) -> None:
    HubAccess.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["repository", "person"],
        update_fields=list(WISHED),
        batch_size=1_000,
    )
    nudge("settle")


def _locked(keys: list[tuple[int, int]]) -> list[HubAccess]:
    """Return the row of each (repository id, person id), locked by ascending id, and made where it is missing.

    What is there is locked before anything is added: whoever reads the Hub's lists goes in the same order.
    """
    found = _lock(keys)
    missing = [key for key in keys if key not in found]
    if missing:
        HubAccess.objects.bulk_create(
            [HubAccess(repository_id=repository, person_id=person) for repository, person in missing],
            ignore_conflicts=True,
            batch_size=1_000,
        )
        found |= _lock(missing)
    return [found[key] for key in keys]


def _lock(keys: list[tuple[int, int]]) -> dict[tuple[int, int], HubAccess]:
    rows = HubAccess.objects.select_for_update(no_key=True).filter(
        repository__in={repository for repository, _person in keys},
        person__in={person for _repository, person in keys},
    )
    return {(row.repository_id, row.person_id): row for row in rows.order_by("pk")}


def _renew(row: HubAccess, statuses: list[str], *, closing: Closing | None, cause: str, at: datetime) -> None:
    access = wished_access(statuses, ended_before=row.access == Access.NO)
    row.access = access
    if access is Access.YES:
        row.closing, row.closing_of = "", None
    elif closing is not None:
        row.closing, row.closing_of = closing.value, row.seen_requested_at
    _make_due(row, cause=cause, at=at)


def wish_gate(
    repositories: Iterable[Repository],
    *,
    gate: str,
    card_links: dict[int, str] | None = None,
    card_fields: Sequence[Any] | None = None,
    visibility: str | None = None,
    at: datetime,
) -> None:
    """Wish a gate (and perhaps the two lines of the card, by repository id) of linked repositories, and make it due.

    `card_fields` are the questions that each card shall ask; None leaves that wish as it is. A `visibility` is wished
    besides, “private” or “public”; None leaves that wish as it is.
    """
    links, asked = card_links or {}, list(repositories)
    RepositoryWish.objects.bulk_create(
        [RepositoryWish(repository=repository) for repository in asked], ignore_conflicts=True
    )
    rows = list(RepositoryWish.objects.select_for_update(no_key=True).filter(repository__in=asked).order_by("pk"))
    for row in rows:
        row.gate, row.generation = gate, row.generation + 1
        row.card_link = links.get(row.repository_id, row.card_link)
        row.card_fields = row.card_fields if card_fields is None else list(card_fields)
        row.visibility = row.visibility if visibility is None else visibility
        row.due_at, row.attempts, row.parked_reason, row.confirmed_at = at, 0, "", None
    RepositoryWish.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["repository"],
        update_fields=[
            "gate",
            "card_link",
            "card_fields",
            "visibility",
            "generation",
            "due_at",
            "attempts",
            "parked_reason",
            "confirmed_at",
        ],
    )
    nudge("settle")


def drop_card_fields(repository_id: int) -> None:
    """Have no opinion any more about the questions of a card: what stands there is taken note of."""
    RepositoryWish.objects.filter(repository=repository_id).update(card_fields=None, generation=F("generation") + 1)


def drop_wish(repository_id: int) -> None:
    """Have no opinion about the visibility of a repository any more, and leave its gate as it is seen to be.

    What a worker has in hand closes nothing. The gate stays wished, so that another one is found as drift.
    """
    RepositoryWish.objects.filter(repository=repository_id).update(
        visibility="", generation=F("generation") + 1, due_at=None, attempts=0, parked_reason=""
    )
