"""A safe re-gate on a Hub: never public before the ghosts were ended and read back, whatever happens in between."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.actions import drifts, grants, procedures, sync
from gatekeeper.hub import observe, settle
from gatekeeper.hub.client import HubClient
from gatekeeper.models import Drift, Procedure, Repository, RepositoryWish
from gatekeeper.models.tallies import tally_of_ghosts
from tests import factories

from .conftest import Town, calls, hurry, lease_over, settled
from .test_killed import EndedWithout, caught, dying_before_commit, wait, worker

WHY = "Somebody took the gate off."


def haunted(town: Town, gate: str | bool = False) -> Procedure:
    """A repository that somebody un-gated, where two people were accepted earlier whose access has ended here since.

    One more holds a grant. The re-gate has started.
    """
    for name in ("kiri", "old-one", "old-two"):
        town.accepted_there(name)
    town.start()
    town.observe()
    for name in ("old-one", "old-two"):
        grants.revoke(town.grant(name), by=town.owner, codes=["PRIOR_BREACH"], words="You shared the weights.")
    settled()
    town.hub.set_gated(town.name, gate)
    for name in ("old-one", "old-two"):  # what bringing a gate back does to people who were ever accepted
        town.hub.set_status(town.name, name, "accepted", by="amara")
    observe.observe(town.repository.pk)
    town.hub.clear_journal()
    return factories.regate(factories.fresh(town.repository), by=town.owner)


def go_on(procedure: Procedure, rounds: int = 12) -> Procedure:
    """Let workers go on until somebody has to look, or it is done."""
    for _round in range(rounds):
        RepositoryWish.objects.filter(due_at__isnull=False).update(due_at=procedure.prepared_at)
        settle.settle_due()
        observe.observe_all()
        hurry()
        found = factories.fresh(procedure)
        if found.status not in ("running", "prepared"):
            return found
    return factories.fresh(procedure)


def visibility(town: Town) -> tuple[str, Any]:
    """How the repository is on the Hub: visibility and gate."""
    shown = town.hub.repo(town.name)
    return shown["visibility"], shown["gated"]


def test_it_goes_through_every_phase_in_order(town: Town) -> None:
    """Private and gated; then it waits with the number; then the ghosts are reset, and it is public again."""
    regate = haunted(town)
    waiting = go_on(regate)
    assert (waiting.status, waiting.phase) == ("waiting", "close")
    assert visibility(town) == ("private", "manual")
    assert tally_of_ghosts(waiting).undecided == 2
    assert [town.stands(name) for name in ("old-one", "old-two")] == ["accepted", "accepted"]
    assert len(calls(town, "/settings", "PUT")) == 2
    procedures.confirm(waiting, by=town.owner, confirmed=2)
    done = go_on(regate)
    assert done.status == "done"
    assert visibility(town) == ("public", "manual")
    assert [town.stands(name) for name in ("kiri", "old-one", "old-two")] == ["accepted", "reset", "reset"]
    assert set(Drift.objects.values_list("status", flat=True)) == {"repaired"}
    assert done.proof["done"] | {"at": ""} == {
        "closed": 2,
        "accepted": 1,
        "granted": 1,
        "excepted": 0,
        "ghosts": 0,
        "public": True,
        "at": "",
    }


def test_private_comes_before_the_gate(town: Town) -> None:
    """A worker that is killed after the first setting leaves it private; nobody got in again by the gate meanwhile."""
    regate = haunted(town)
    hold = town.hub.fault("hold", "/settings", when="after", times=1)
    pid = worker(settle.settle_due)
    caught(town, hold, pid)
    assert visibility(town) == ("private", False)
    town.hub.release(hold)
    lease_over()
    assert go_on(regate).status == "waiting"
    assert visibility(town) == ("private", "manual")


@pytest.mark.parametrize("gate", ["auto", False])
def test_an_automatic_gate_is_put_back_the_same_way(town: Town, gate: str | bool) -> None:
    """Whoever the Hub let in at once meanwhile is among those to be confirmed."""
    regate = haunted(town, gate)
    assert go_on(regate).status == "waiting"
    assert visibility(town) == ("private", "manual")


def test_a_plan_without_private_repositories_parks_it_with_the_reason(town: Town) -> None:
    """Nothing else is done then: the gate stays as it was, and a person reads why."""
    regate = haunted(town)
    refused = town.hub.fault("status", "/settings", status=403, message="Private repositories are not allowed here.")
    found = go_on(regate, 3)
    assert (found.status, found.phase) == ("running", "private")
    assert RepositoryWish.objects.get().parked_reason == "visibility_refused"
    assert visibility(town) == ("public", False)
    assert Repository.objects.get().parked_reason in ("", "not_gated")
    town.hub.clear_faults(refused)
    sync.take_up_again_all("visibility_refused", by=town.owner, repository=town.repository)
    assert go_on(regate).status == "waiting"


def test_a_token_that_may_not_write_is_another_reason(town: Town) -> None:
    """Not mistaken for a plan: the token is what has to be replaced."""
    haunted(town)
    town.hub.set_token("hf_amara_writes", role="read")
    settle.settle_due()
    assert RepositoryWish.objects.get().parked_reason == ""
    assert Repository.objects.get().parked_reason == "token_read_only"


def test_with_the_hub_down_it_waits_and_goes_on(town: Town) -> None:
    """In the middle, after the confirmation: it stays private until everybody was read back."""
    regate = haunted(town)
    waiting = go_on(regate)
    procedures.confirm(waiting, by=town.owner, confirmed=2)
    town.hub.fault("drop", "user-access-request")
    found = go_on(regate, 3)
    assert (found.status, found.phase) == ("running", "close")
    assert visibility(town) == ("private", "manual")
    town.hub.clear_faults()
    assert go_on(regate, 20).status == "done"


def test_somebody_makes_it_public_meanwhile(town: Town) -> None:
    """By hand, while it waits: it is made private again before anything else, and that is known as drift."""
    regate = haunted(town)
    go_on(regate)
    town.hub.set_repo(town.name, visibility="public")
    town.observe()
    assert Drift.objects.filter(kind="visibility_changed").exists()
    found = go_on(regate)
    assert (found.status, visibility(town)) == ("waiting", ("private", "manual"))


def test_it_is_not_made_public_over_a_gate_that_somebody_took_off(town: Town) -> None:
    """In the last phase, between the wish and the call: it is gated and read once more first, still private."""
    regate = haunted(town)
    procedures.confirm(go_on(regate), by=town.owner, confirmed=2)
    while factories.fresh(regate).phase != "public":
        town.observe()
        settled(1)
        hurry()
        procedures.carry_on_all()
    assert RepositoryWish.objects.get().visibility == "public"
    town.hub.set_gated(town.name, "auto")
    settle.settle_due()
    assert visibility(town) == ("private", "auto")
    town.observe()
    procedures.carry_on_all()
    assert factories.fresh(regate).phase == "gate"
    assert go_on(regate, 20).status == "done"
    assert visibility(town) == ("public", "manual")


def test_somebody_accepts_another_one_meanwhile(town: Town) -> None:
    """By hand, after the number was confirmed: nobody loses access who was not in it, and it stays private."""
    regate = haunted(town)
    waiting = go_on(regate)
    procedures.confirm(waiting, by=town.owner, confirmed=2)
    town.accepted_there("late")
    again = go_on(regate)
    assert (again.status, visibility(town)[0]) == ("waiting", "private")
    assert tally_of_ghosts(again).undecided == 1
    drifts.record(Drift.objects.get(person__username="late"), by=town.owner, words="A colleague.")
    done = go_on(regate, 20)
    assert (done.status, visibility(town)) == ("done", ("public", "manual"))
    assert town.stands("late") == "accepted"


def test_halted_it_leaves_the_repository_as_it_is(town: Town) -> None:
    """Private and gated, and told so; called off, nothing is undone."""
    regate = haunted(town)
    go_on(regate)
    procedures.call_off(procedures.halt(factories.fresh(regate), by=town.owner), by=town.owner)
    for _round in range(3):
        settle.settle_due()
        observe.observe_all()
    assert visibility(town) == ("private", "manual")
    assert factories.fresh(regate).status == "called_off"


def test_it_reads_back_that_it_is_private(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that was not taken is no phase done."""
    regate = haunted(town)
    monkeypatch.setattr(HubClient, "set_visibility", lambda *_args: None)
    settle.settle_due()
    assert factories.fresh(regate).phase == "private"
    assert visibility(town) == ("public", False)


# --- killed


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_nothing_is_lost_around_a_setting(town: Town, when: str) -> None:
    """Killed before the Hub takes a setting, and after it did: another goes on, never past a phase."""
    regate = haunted(town)
    for _setting in range(2):
        hold = town.hub.fault("hold", "/settings", when=when, times=1)
        RepositoryWish.objects.filter(due_at__isnull=False).update(due_at=regate.prepared_at)
        pid = worker(settle.settle_due)
        try:
            caught(town, hold, pid)
        except EndedWithout:  # nothing was left to set
            break
        town.hub.release(hold)
        assert visibility(town) != ("public", "manual")
        lease_over()
    waiting = go_on(regate)
    assert (waiting.status, visibility(town)) == ("waiting", ("private", "manual"))
    procedures.confirm(waiting, by=town.owner, confirmed=2)
    assert go_on(regate, 20).status == "done"


@pytest.mark.slow
def test_nothing_is_lost_at_any_commit(town: Town) -> None:
    """Killed before each commit of settling and of reading in turn; it is public only when nobody is let in wrongly."""
    regate = haunted(town)
    for number in range(1, 10):
        for work in (settle.settle_due, observe.observe_all):
            wait(worker(lambda number=number, work=work: dying_before_commit(number, work)))  # type: ignore[misc]
            lease_over()
            hurry()
            if visibility(town)[0] == "public" and visibility(town)[1] == "manual":
                assert {town.stands(name) for name in ("old-one", "old-two")} == {"reset"}
        found = factories.fresh(regate)
        if found.status == "waiting":
            procedures.confirm(found, by=town.owner, confirmed=tally_of_ghosts(found).undecided)
    assert go_on(regate, 20).status == "done"
