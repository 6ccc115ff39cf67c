"""An emergency stop on a Hub: in how many calls, in which order, and what it does when the Hub is away or edited."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper import clock
from gatekeeper.actions import grants, procedures
from gatekeeper.hub import settle
from gatekeeper.models import Drift, Grant, HubAccess, Procedure, Repository, Stage
from gatekeeper.models.tallies import tally_of_stop
from gatekeeper.progress import progress_of, proof_of
from tests import factories

from .conftest import Town, calls, hurry, settled
from .test_killed import caught, dying_before_commit, others_go_on, wait, worker

WHY = "The weights leaked."


def crowd(town: Town, people: int) -> Stage:
    """A stage with so many people who were accepted on the Hub earlier, brought in and read back."""
    town.hub.seed(town.name, {"accepted": people}, prefix="member")
    stage = town.start()
    town.observe()
    settled()
    assert Grant.objects.filter(stage=stage, status="active").count() == people
    town.hub.clear_journal()
    return stage


def stop(town: Town, stage: Any) -> Procedure:
    return procedures.start(procedures.prepare_stop(stage, by=town.owner, words=WHY), by=town.owner)


def go_on(rounds: int = 12) -> None:
    """Let workers and clock go on until nothing is due and nothing is left to do."""
    for _round in range(rounds):
        clock.carry_on()
        settled(2)
        hurry()
        if not Procedure.objects.running().exists() and not HubAccess.objects.unsettled().exists():
            return


def newest_first(stage: Stage) -> list[str]:
    """The holders of a stage, who got it last first."""
    return list(
        Grant.objects.filter(stage=stage).order_by("-created_at", "-pk").values_list("person__username", flat=True)
    )


@pytest.mark.slow
def test_a_thousand_people_are_stopped_in_ten_calls_and_a_few_readings(town: Town) -> None:
    """Ten times a hundred, and the lists; nobody is asked for one by one, and no call is refused."""
    stage = crowd(town, 1_000)
    stopped = stop(town, stage)
    go_on()
    assert factories.fresh(stopped).status == "in_force"
    assert len(calls(town, "/batch")) == 10
    assert not calls(town, "/handle")
    journal = town.hub.journal()
    assert len(journal) <= 10 + 40, [f"{call['method']} {call['path']}" for call in journal]
    assert {call["status"] for call in journal} == {200}
    assert len(town.hub.people(town.name, status="pending")) == 1_000
    tally = tally_of_stop(stopped)
    assert (tally.people, tally.confirmed) == (1_000, 1_000)
    assert len(proof_of(factories.fresh(stopped))["people"]) == 1_000


def test_the_newest_come_first(town: Town) -> None:
    """Whoever got access last loses it first, also on the Hub."""
    stage = crowd(town, 250)
    stop(town, stage)
    go_on()
    assert len(calls(town, "/batch")) == 3
    names = newest_first(stage)
    # As the worker wrote it down when the Hub had answered: a hundred for each call, in no order among themselves.
    told = list(HubAccess.objects.order_by("applied_at").values_list("person__username", flat=True))
    assert [set(told[:100]), set(told[100:200])] == [set(names[:100]), set(names[100:200])]


def test_a_hub_that_takes_one_at_a_time_is_told_one_by_one(town: Town) -> None:
    """Without the batch each is a call; the newest still come first, and the time that it takes is told."""
    stage = crowd(town, 30)
    town.hub.capabilities(batch=False)
    stopped = stop(town, stage)
    clock.carry_on()
    settle.settle_due()
    progress = progress_of(stopped)
    assert not progress.at_once
    go_on(30)
    assert factories.fresh(stopped).status == "in_force"
    assert len(calls(town, "/handle")) == 30
    assert len(town.hub.people(town.name, status="pending")) == 30


def test_it_says_how_far_it_has_come_and_how_long_it_takes(town: Town) -> None:
    """Before: people, calls and time. Half way: how many were told. In force: nothing is left."""
    stage = crowd(town, 300)
    prepared = procedures.prepare_stop(stage, by=town.owner, words=WHY)
    before = progress_of(prepared)
    assert before.stop is not None
    assert (before.stop.people, before.stop.to_do, before.calls) == (300, 300, 3 + 5)
    assert 0 < before.seconds < 60
    stopped = procedures.start(prepared, by=town.owner)
    clock.carry_on()
    half = progress_of(stopped)
    assert half.stop is not None
    assert (half.stop.suspended, half.stop.confirmed) == (300, 0)
    assert sum(place.untold for place in half.repositories) == 300
    go_on()
    after = progress_of(factories.fresh(stopped))
    assert after.stop is not None
    assert (after.stop.confirmed, after.calls, after.seconds) == (300, 0, 0)
    assert [(place.confirmed, place.rows) for place in after.repositories] == [(300, 300)]


def test_with_the_hub_down_everybody_is_suspended_here_and_told_later(town: Town) -> None:
    """Nobody has access here from the first moment on; it is in force once the Hub was read back."""
    stage = crowd(town, 120)
    town.hub.fault("drop", "user-access-request")
    stopped = stop(town, stage)
    clock.carry_on()
    settle.settle_due()
    assert not Grant.objects.wanted().filter(stage=stage).exists()
    assert factories.fresh(stopped).status == "running"
    town.hub.clear_faults()
    go_on(20)
    assert factories.fresh(stopped).status == "in_force"
    assert len(town.hub.people(town.name, status="pending")) == 120


def test_somebody_let_in_by_hand_meanwhile_is_told_once_more_or_shown(town: Town) -> None:
    """Before it was read back: the stop wins. After it: drift, and the stop counts it."""
    stage = crowd(town, 12)
    stopped = stop(town, stage)
    settle.settle_due()
    person = Grant.objects.filter(stage=stage).select_related("person").first()
    assert person is not None
    name = person.person.username
    town.hub.set_status(town.name, name, "accepted", by="amara")
    go_on()
    assert town.stands(name) == "pending"
    assert factories.fresh(stopped).status == "in_force"
    town.hub.set_status(town.name, name, "accepted", by="amara")
    town.observe()
    assert Drift.objects.get().kind == "ghost_access"
    assert tally_of_stop(stopped).again == 1


def test_somebody_removed_by_hand_meanwhile_holds_nothing_up(town: Town) -> None:
    """Rejected there, or gone: that is no access either."""
    stage = crowd(town, 12)
    one, other, *_rest = newest_first(stage)
    town.hub.set_status(town.name, one, "rejected", by="amara")
    town.hub.delete_user(other)
    stopped = stop(town, stage)
    go_on(20)
    assert factories.fresh(stopped).status == "in_force"


def test_it_lifts_what_it_took_on_the_hub_too(town: Town) -> None:
    """Accepted again, read back, and the stage open; who was suspended before stays out."""
    stage = crowd(town, 150)
    second = factories.member(town.publisher, "bram", "steward", by=town.owner)
    [early, *_others] = Grant.objects.filter(stage=stage).select_related("person").order_by("pk")
    grants.suspend(early, by=town.owner)
    settled()
    stopped = stop(town, stage)
    go_on()
    town.hub.clear_journal()
    procedures.confirm(procedures.ask_to_lift(factories.fresh(stopped), by=town.owner), by=second)
    go_on(20)
    assert factories.fresh(stopped).status == "done"
    assert factories.fresh(stage).status == "open"
    assert len(town.hub.people(town.name, status="accepted")) == 149
    assert town.stands(early.person.username) == "pending"
    assert Grant.objects.filter(stage=stage, status="active").count() == 149
    assert len(calls(town, "/batch")) == 2


# --- killed


@pytest.mark.slow
@pytest.mark.parametrize("work", [clock.carry_on, settle.settle_due])
def test_nothing_is_lost_of_a_stop_at_any_commit(town: Town, work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before the first commit, the second, and so on: whoever comes next goes on, and nobody is left out."""
    from gatekeeper.actions import _stopping

    monkeypatch.setattr(_stopping, "AT_ONCE", 3)
    stage = crowd(town, 12)
    stopped = stop(town, stage)
    for number in range(1, 7):
        wait(worker(lambda number=number: dying_before_commit(number, work)))  # type: ignore[misc]
        others_go_on()
    go_on(20)
    assert factories.fresh(stopped).status == "in_force"
    assert stopped.stopped.count() == 12
    assert len(town.hub.people(town.name, status="pending")) == 12


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_nothing_is_lost_of_a_stop_around_a_call(town: Town, when: str) -> None:
    """Killed before the Hub hears it, and after it did."""
    stage = crowd(town, 12)
    hold = town.hub.fault("hold", "/batch", when=when, times=1)
    stopped = stop(town, stage)
    pid = worker(settle.settle_due)
    caught(town, hold, pid)
    town.hub.release(hold)
    others_go_on()
    go_on(20)
    assert factories.fresh(stopped).status == "in_force"
    assert len(town.hub.people(town.name, status="pending")) == 12


@pytest.mark.slow
def test_nothing_is_lost_of_a_lift_at_any_commit(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same on the way back: everybody has access again, each once."""
    from gatekeeper.actions import _stopping

    monkeypatch.setattr(_stopping, "AT_ONCE", 3)
    stage = crowd(town, 12)
    second = factories.member(town.publisher, "bram", "steward", by=town.owner)
    stopped = stop(town, stage)
    go_on()
    procedures.confirm(procedures.ask_to_lift(factories.fresh(stopped), by=town.owner), by=second)
    for number in range(1, 7):
        wait(worker(lambda number=number: dying_before_commit(number, clock.carry_on)))  # type: ignore[misc]
        others_go_on()
    go_on(20)
    assert factories.fresh(stopped).status == "done"
    assert len(town.hub.people(town.name, status="accepted")) == 12
    assert not Repository.objects.exclude(parked_reason="").exists()
