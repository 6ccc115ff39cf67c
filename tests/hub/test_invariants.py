"""The invariants that only the Hub itself can show; the others stand in tests/test_invariants.py."""

from __future__ import annotations

import time

from gatekeeper.actions import grants
from gatekeeper.hub import settle

from .conftest import Town, settled
from .test_settle_faults import in_background


def test_invariant_09_a_late_write_never_overwrites_a_newer_wish(town: Town, hasty: None) -> None:
    """An accept that is applied after the revocation is found by the next reading, and undone."""
    town.start()
    town.approved("kiri")
    hold = town.hub.fault("hold", "/batch", times=1)
    worker = in_background(settle.settle_due)
    town.hub.wait_held(hold)
    generation = town.row("kiri").generation
    grants.revoke(town.grant("kiri"), by=town.owner, codes=["PRIOR_BREACH"], words="No.")
    worker.join(10)
    row = town.row("kiri")
    assert (row.generation, row.access) == (generation + 1, "no")
    assert row.due_at is not None
    town.hub.clear_faults(hold)
    for _attempt in range(100):
        if town.stands("kiri") == "accepted":
            break
        time.sleep(0.05)
    town.observe()
    settled()
    assert town.stands("kiri") == "rejected"
    assert town.grant("kiri").status == "revoked"


def test_invariant_11_linking_and_bringing_in_write_nothing_to_the_hub(town: Town) -> None:
    """From the link to an active import, the Hub is only read."""
    town.accepted_there("earlier")
    town.start()
    town.hub.clear_journal()
    town.observe()
    settled()
    assert town.grant("earlier").status == "active"
    assert {call["method"] for call in town.hub.journal()} == {"GET"}
