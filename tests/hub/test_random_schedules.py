"""Random schedules: people act here, others act on the Hub by hand, calls fail, workers come and go.

Whatever the order, at rest every wish is settled or somebody is asked, nobody was denied without a person, and the
record verifies.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gatekeeper.actions import decisions, drifts, grants, repositories
from gatekeeper.hub import adopt, observe, settle
from gatekeeper.models import AccessRequest, Decision, Drift, Grant, HubAccess, HubCapability, Repository
from gatekeeper.proof import sealing
from gatekeeper.rules.refusals import Refused

from .conftest import ANSWERS, CARD, LICENCE, TOKEN, Town, hurry, windows_over

# A few walks for every run of the tests, many for `make soak`; SCHEDULES=n for another number.
FEW, MANY = (int(os.environ.get("SCHEDULES", walks)) for walks in ("4", "200"))
STEPS = 25
NAMES = ("anna", "bela", "caro")
numbers = itertools.count(1)


def attempt(verb: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Take a step; that it is refused is as good as that it is taken."""
    try:
        verb(*args, **kwargs)
    except Refused:
        return


class Schedule(RuleBasedStateMachine):
    """One repository with three people, and everybody who may touch them."""

    town: Town

    @initialize()
    def begin(self) -> None:
        """A repository of its own for each walk, its stage open."""
        number = next(numbers)
        self.name = f"aurora-lab/walk-{number}"
        self.people = [f"{name}{number}" for name in NAMES]
        town = self.town
        self.all_is_well()
        windows_over()
        town.hub.create_repo(self.name, gated="manual", card=CARD, files={"LICENSE": LICENCE}, by="amara")
        for name in self.people:
            town.someone(name)
        self.repository = adopt.link_repository(town.publisher, by=town.owner, kind="model", name=self.name)
        found = adopt.what_is_there(TOKEN, "model", self.name)
        assert found.licence is not None
        repositories.start_from_what_is_there(
            self.repository, by=town.owner, questions_asked=found.questions, licence=found.licence
        )
        settle.settle_due()
        self.by_hand: set[str] = set()

    who = st.integers(0, len(NAMES) - 1)

    # On the Hub

    @rule(who=who)
    def asks(self, who: int) -> None:
        """Somebody presses the button."""
        if self.town.stands(self.people[who], self.name) in (None, "reset"):
            self.town.hub.set_status(self.name, self.people[who], "pending", fields=ANSWERS)

    @rule(who=who, status=st.sampled_from(["accepted", "rejected", "pending", "reset"]))
    def is_decided_by_hand(self, who: int, status: str) -> None:
        """Somebody with write access decides on the Hub's own page."""
        if self.town.stands(self.people[who], self.name) is not None:
            self.by_hand.add(self.people[who])
            self.town.hub.set_status(self.name, self.people[who], status, by="amara")

    @rule(kind=st.sampled_from(["drop", "500", "429"]), when=st.sampled_from(["before", "after"]))
    def fails(self, kind: str, when: str) -> None:
        """The next call about requests goes wrong, before or after it was applied."""
        about: dict[str, Any] = {"times": 1, "when": when}
        if kind == "drop":
            self.town.hub.fault("drop", "user-access-request", **about)
        else:
            self.town.hub.fault("status", "user-access-request", status=int(kind), seconds=1, **about)

    @rule(change=st.sampled_from([{"revoked": True}, {"role": "read"}, {"role": "write", "revoked": False}]))
    def the_token_changes(self, change: dict[str, Any]) -> None:
        """Somebody revokes it, makes it a lesser one, or puts it right again."""
        self.town.hub.set_token(TOKEN, **change)

    @rule(gate=st.sampled_from(["manual", "auto", False]))
    def the_gate_is_changed_by_hand(self, gate: str | bool) -> None:
        """Whoever waits when it becomes automatic goes on waiting; who asks then is let in."""
        self.town.hub.set_gated(self.name, gate)

    @rule(lacks=st.sampled_from(["batch", "user_id", "reset", ""]))
    def the_hub_forgets(self, lacks: str) -> None:
        """Something that it knew, or it knows all again."""
        known = {name: name != lacks for name in ("batch", "user_id", "reset")}
        self.town.hub.capabilities(**known)

    # Here

    @rule(who=who)
    def is_approved(self, who: int) -> None:
        """The reviewer approves whatever is in review."""
        for case in self.cases(who):
            attempt(decisions.approve, case, by=self.town.reviewer, words="Welcome.")

    @rule(who=who, verb=st.sampled_from(["revoke", "suspend", "reinstate"]))
    def is_changed_here(self, who: int, verb: str) -> None:
        """A steward changes a grant."""
        for grant in Grant.objects.filter(stage__repositories=self.repository, person__username=self.people[who]):
            if verb == "revoke":
                attempt(grants.revoke, grant, by=self.town.owner, codes=["PRIOR_BREACH"], words="No.")
            else:
                attempt(getattr(grants, verb), grant, by=self.town.owner)

    @rule(undo=st.booleans())
    def is_asked_about(self, undo: bool) -> None:
        """A steward decides what differs."""
        for drift in Drift.objects.waiting().filter(repository=self.repository):
            if undo:
                attempt(drifts.undo, drift, by=self.town.owner)
            else:
                attempt(drifts.record, drift, by=self.town.owner, words="So be it.", codes=["PRIOR_BREACH"])

    # The workers

    @rule()
    def settles(self) -> None:
        """A worker tells the Hub what is due."""
        settle.settle_due()

    @rule()
    def observes(self) -> None:
        """A worker reads the lists."""
        observe.observe(self.repository.pk)

    @rule()
    def time_passes(self) -> None:
        """What was put off is due, and what a 429 closed is open."""
        windows_over()
        hurry()

    # Always, and at rest

    @invariant()
    def nobody_is_denied_by_a_machine(self) -> None:
        """Whatever the Hub says."""
        assert not Decision.objects.filter(decided_by__is_system=True, outcome__startswith="denied").exists()

    def teardown(self) -> None:
        """Let it come to rest, and hold the Hub against the record."""
        if not hasattr(self, "by_hand"):
            return
        self.all_is_well()
        for _round in range(10):
            windows_over()
            settle.settle_due()
            hurry()
            Repository.objects.filter(pk=self.repository.pk).update(read_in_full_at=None)
            observe.observe(self.repository.pk)
        rows = HubAccess.objects.filter(repository=self.repository).select_related("person")
        open_drift = set(Drift.objects.unresolved().filter(repository=self.repository).values_list("person", flat=True))
        for row in rows:
            stands = self.town.stands(row.person.username, self.name)
            assert row.due_at is None, (row, row.access, stands, row.parked_reason, row.closing)
            agreed = (stands == "accepted") == (row.access == "yes")
            assert agreed or row.person_id in open_drift, (row, row.access, stands)
            if stands == "rejected" and row.person.username not in self.by_hand:
                assert Decision.objects.filter(grant__person=row.person).exists(), row
        assert sealing.verify().sound

    def all_is_well(self) -> None:
        """End whatever is wrong with the Hub, and have its capabilities asked for as they are each hour."""
        hub = self.town.hub
        hub.clear_faults()
        hub.set_token(TOKEN, role="write", revoked=False)
        hub.capabilities(batch=True, user_id=True, reset=True)
        HubCapability.objects.all().delete()
        if hasattr(self, "repository"):
            hub.set_gated(self.name, "manual")

    def cases(self, who: int) -> list[AccessRequest]:
        """The cases of somebody."""
        return list(
            AccessRequest.objects.filter(stage__repositories=self.repository, person__username=self.people[who])
        )


@pytest.mark.slow
@pytest.mark.parametrize("walks", [pytest.param(FEW, id="few"), pytest.param(MANY, id="many", marks=pytest.mark.soak)])
def test_at_rest_the_hub_equals_the_record_or_somebody_is_asked(town: Town, walks: int) -> None:
    """After any walk of acts here, acts on the Hub, and failures."""

    class Here(Schedule):
        pass

    Here.town = town
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=walks,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=walks < 10,
            suppress_health_check=list(HealthCheck),
        ),
    )
