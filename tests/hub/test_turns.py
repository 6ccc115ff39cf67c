"""Whose turn it is: removals before anything else, each repository in its turn, nobody whose token has no calls."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import timedelta
from itertools import groupby
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import HubPerson
from gatekeeper.actions import people, repositories
from gatekeeper.hub import adopt, budget, claims, settle
from gatekeeper.hub.bucket import Said
from gatekeeper.hub.port import Need
from gatekeeper.models import HubAccess, Repository
from gatekeeper.rules.access import Access, Seen
from tests import factories

from .conftest import CARD, TOKEN, Town, calls

SMALL = "aurora-lab/aurora-small"


@pytest.fixture
def pair(town: Town) -> tuple[Repository, Repository]:
    """A repository with many people, and one with few."""
    town.hub.create_repo(SMALL, gated="manual", card=CARD, by="amara")
    small = adopt.link_repository(town.publisher, by=town.owner, kind="model", name=SMALL)
    return town.repository, small


def due(
    town: Town, repository: Repository, number: int, access: Access = Access.YES, *, since: int = 60, prefix: str = "p"
) -> None:
    """So many people who wait on the Hub and are to be accepted, or are accepted there and to be put off again."""
    stands = Seen.PENDING if access == Access.YES else Seen.ACCEPTED
    name = f"{prefix}{repository.pk}"
    town.hub.seed(repository.name, {stands.value: number}, prefix=name)
    there = [one for one in town.hub.people(repository.name, limit=1_000) if one["user"].startswith(name)]
    known = HubPerson.objects.see_many([{"hub_user_id": one["userId"], "username": one["user"]} for one in there])
    at = timezone.now() - timedelta(seconds=since)
    HubAccess.objects.bulk_create(
        HubAccess(
            repository=repository,
            person=known[one["userId"]],
            access=access,
            closing="" if access == Access.YES else "pending",
            seen=stands,
            seen_at=at,
            seen_requested_at=at,
            wished_at=at - timedelta(seconds=1),
            due_at=at,
        )
        for one in there
    )


def told(town: Town) -> list[tuple[str, str]]:
    """Where the Hub was told what, in order: the end of the repository's name, and the status."""
    return [
        (call["path"].split("/")[4].removeprefix("aurora-"), call["json"]["status"])
        for call in calls(town, "user-access-request/batch")
    ]


def rounds(order: Iterable[Any]) -> list[Any]:
    """The order without repetitions next to one another."""
    return [key for key, _same in groupby(order)]


def test_one_huge_repository_does_not_starve_others(town: Town, pair: tuple[Repository, Repository]) -> None:
    """Three hundred people have waited longer at one; the five at the other are told after its first hundred."""
    huge, small = pair
    due(town, huge, 300, since=600)
    due(town, small, 5)
    settle.settle_due()
    assert [name for name, _status in told(town)][:2] == ["xl", "small"]
    assert told(town).count(("small", "accepted")) == 1


def test_removals_come_first_wherever_they_are(town: Town, pair: tuple[Repository, Repository]) -> None:
    """All that is taken away is told before anything is given, in turns between the repositories."""
    huge, small = pair
    due(town, huge, 250, since=600, prefix="in")
    due(town, huge, 150, Access.NO, prefix="out")
    due(town, small, 120, Access.NO, prefix="out")
    settle.settle_due()
    order = told(town)
    assert rounds(status for _name, status in order) == ["pending", "accepted"]
    assert [name for name, status in order if status == "pending"] == ["xl", "small", "xl", "small"]


AGE = 4 * 10**9  # seconds: a window that began in 1970 and does not end during a test


def short(name: budget.Name, left: int, seconds: int = 300, window: int = 300) -> None:
    """The Hub said that so many calls are left, a moment ago."""
    budget.answered(budget.spend(name, Need.REMOVE), Said(left, seconds, 1000, window))


def test_who_has_no_calls_left_is_passed_over(town: Town, pair: tuple[Repository, Repository]) -> None:
    """Nothing is claimed or put off for them, and nobody else waits; removals go on to the last call."""
    huge, small = pair
    town.hub.add_token("amara", "hf_amara_second")
    other = factories.account("bram")
    town.hub.add_user("bram", id=factories.hub_id("bram"), token="hf_bram_writes")
    town.hub.add_org("aurora-lab", {"amara": "admin", "bram": "write"})
    kept = people.keep_token(town.publisher, by=town.owner, secret="hf_bram_writes")
    Repository.objects.filter(pk=small.pk).update(token=kept)
    due(town, huge, 5, since=600, prefix="in")
    due(town, huge, 3, Access.NO, prefix="out")
    due(town, small, 5)
    town.hub.options(window=AGE)
    short(budget.name_of(TOKEN), 5, int(AGE - time.time()), AGE)
    before = list(HubAccess.objects.filter(repository=huge, access=Access.YES).order_by("pk").values())
    soon = settle.settle_due()
    assert other.user is not None
    assert sorted(set(told(town))) == [("small", "accepted"), ("xl", "pending")]
    assert list(HubAccess.objects.filter(repository=huge, access=Access.YES).order_by("pk").values()) == before
    assert soon is None or soon > 1
    short(budget.name_of(TOKEN), 0)
    town.hub.clear_journal()
    due(town, huge, 2, Access.NO, prefix="late")
    settle.settle_due()
    assert [name for name, _status in told(town) if name == "xl"] == []


def test_a_budget_that_runs_out_on_the_way_costs_no_attempt(
    town: Town, pair: tuple[Repository, Repository], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker took the last call in between: the row comes back when there are calls again, as if untouched."""
    due(town, pair[0], 1)
    claim = claims.take(pair[0].pk, removing=False)
    short(budget.name_of(TOKEN), 0)
    settle.perform(claim)
    row = HubAccess.objects.get()
    assert (row.attempts, row.lease, row.applied_at, row.parked_reason) == (0, "", None, "")
    assert row.due_at is not None
    assert timedelta(seconds=295) < row.due_at - timezone.now() < timedelta(seconds=305)


def test_a_repository_without_a_token_is_parked_and_not_passed_over(
    town: Town, pair: tuple[Repository, Repository]
) -> None:
    """There is no budget to ask: the claim says what is missing."""
    due(town, pair[0], 1)
    type(town.repository.token).objects.update(revoked_at=timezone.now())
    settle.settle_due()
    assert factories.fresh(pair[0]).parked_reason == "token_missing"


def test_it_comes_back_as_soon_as_there_are_calls_again(town: Town, pair: tuple[Repository, Repository]) -> None:
    """Within ten seconds the bell is rung for the moment when the window has ended."""
    due(town, pair[0], 1)
    cache.clear()
    budget.answered(budget.spend(budget.name_of(TOKEN), Need.REMOVE), Said(0, 5, 1000, 300))
    assert settle.settle_due() in (5, 6, 7)
    assert calls(town, "batch") == []


def test_unlinking_is_no_reason_to_fail(town: Town, pair: tuple[Repository, Repository]) -> None:
    """What is due at a repository that was unlinked is nobody's turn."""
    due(town, pair[1], 1)
    repositories.unlink(pair[1], by=town.owner)
    settle.settle_due()
    assert calls(town, "batch") == []


def test_of_many_only_those_that_nobody_touched_meanwhile_are_written_down_at_once(
    town: Town, pair: tuple[Repository, Repository]
) -> None:
    """One is wished otherwise by now, one is in another worker's hands: each is judged for itself, and so is asked."""
    due(town, pair[0], 14)
    claim = claims.take(pair[0].pk, removing=False)
    renewed, leased, *others = (row.pk for row in claim.rows)
    HubAccess.objects.filter(pk=renewed).update(generation=5, access=Access.NO, closing="pending")
    HubAccess.objects.filter(pk=leased).update(lease="another's", leased_until=factories.later(1))
    settle.perform(claim)
    told_at_once = HubAccess.objects.filter(pk__in=others)
    assert set(told_at_once.values_list("attempts", "lease", "applied_generation")) == {(1, "", 0)}
    assert not told_at_once.filter(due_at__lte=timezone.now()).exists()
    late = HubAccess.objects.get(pk=renewed)
    assert (late.attempts, late.applied_generation, late.generation) == (0, 0, 5)
    assert late.due_at is not None
    assert late.due_at <= timezone.now()
    assert HubAccess.objects.get(pk=leased).lease == "another's"
    assert factories.fresh(pair[0]).observe_due_at <= timezone.now()
