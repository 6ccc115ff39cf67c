"""The main job at the Hub: somebody asks there, is approved here, the Hub is told and read back."""

from __future__ import annotations

from gatekeeper.hub import settle
from gatekeeper.models import Repository

from .conftest import Town, settled


def test_it_brings_in_who_waits_and_gives_access_only_when_it_was_read_back(town: Town) -> None:
    """Invariant 4: access counts only after the Hub was read back."""
    town.asks("kiri")
    stage = town.start()
    assert stage.status == "open"
    town.observe()
    assert town.case("kiri").status == "in_review"
    town.approve("kiri")
    assert town.grant("kiri").status == "pending_activation"
    assert town.stands("kiri") == "pending"
    settled()
    assert town.stands("kiri") == "accepted"
    assert town.grant("kiri").status == "active"
    row = town.row("kiri")
    assert row.due_at is None
    assert row.confirmed_at is not None
    assert row.applied_at is not None
    assert row.confirmed_at > row.applied_at


def test_it_confirms_within_one_sweep_when_the_lists_do_not_lag(town: Town) -> None:
    """An idle worker needs no second sweep."""
    town.start()
    town.approved("kiri")
    settle.settle_due()
    assert town.grant("kiri").status == "active"


def test_linking_writes_nothing_on_the_hub(town: Town) -> None:
    """Invariant 11: finding out and linking only read."""
    assert {call["method"] for call in town.hub.journal()} == {"GET"}
    assert Repository.objects.get().seen_gate == "manual"
