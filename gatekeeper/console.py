"""The operator's console, read: how each repository stands. Page, API and command show the same rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from accounts.models import HubToken
from gatekeeper.hub import budget, tokens
from gatekeeper.models import Repository, RepositoryWish, SyncPause
from gatekeeper.models.hub_tokens import in_use
from gatekeeper.models.sync_counts import Counts, counts_of


@dataclass(frozen=True, slots=True)
class Row:
    """One repository: what is due there, by whom it is paused, the token that is used, and what calls that has left."""

    repository: Repository
    counts: Counts
    wish: RepositoryWish | None
    token: HubToken | None
    budget: budget.Standing | None
    pauses: list[SyncPause] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Console:
    """The rows of some repositories, and the pauses of the whole installation, which hold every row."""

    rows: list[Row]
    pauses: list[SyncPause]


def console_of(repositories: Sequence[Repository]) -> Console:
    """Return how these repositories (read with their tokens) stand, in a constant number of statements."""
    counts = counts_of(repositories)
    wishes = {wish.repository_id: wish for wish in RepositoryWish.objects.filter(repository__in=repositories)}
    pauses: dict[int | None, list[SyncPause]] = {}
    here = Q(repository=None) | Q(repository__in=repositories)
    for pause in SyncPause.objects.open().filter(here).select_related("paused_by").order_by("pk"):
        pauses.setdefault(pause.repository_id, []).append(pause)
    used = in_use(repositories)
    left = budgets_of(token for token in used.values() if token is not None)
    rows = []
    for each in repositories:
        token = used[each.pk]
        rows.append(
            Row(
                each,
                counts.get(each.pk, Counts()),
                wishes.get(each.pk),
                token,
                left.get(token.pk) if token is not None else None,
                pauses.get(each.pk, []),
            )
        )
    return Console(rows, pauses.get(None, []))


def budgets_of(used: Iterable[HubToken]) -> dict[int, budget.Standing]:
    """Return how the budgets of tokens stand, by token; where nothing is known it is left out."""
    names = {token.pk: tokens.name_of(token) for token in used}
    standing = budget.standing(list(names.values()))
    return {pk: standing[name] for pk, name in names.items() if name in standing}
