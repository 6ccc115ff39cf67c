"""What goes wrong between us and the Hub loses no approval and no revocation, and repeats nothing that harms."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from gatekeeper.actions import grants
from gatekeeper.hub import observe, parked, settle
from gatekeeper.models import HubAccess, Repository

from .conftest import TOKEN, Town, calls, hurry, lease_over, settled

WRITES = "user-access-request/(batch|handle|grant)"


def revoke(town: Town, name: str) -> None:
    """The owner revokes somebody's latest grant."""
    grants.revoke(town.grant(name), by=town.owner, codes=["PRIOR_BREACH"], words="You shared the weights.")


def in_background(work: Callable[[], Any]) -> threading.Thread:
    """Do something in a worker of its own, with a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 429, "header": "ratelimit", "seconds": 7},
        {"kind": "status", "status": 429, "header": "retry-after", "seconds": 7},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 502, "when": "after"},
        {"kind": "status", "status": 503},
        {"kind": "drop"},
        {"kind": "drop", "when": "after"},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
@pytest.mark.parametrize("step", ["approve", "revoke"])
def test_it_comes_through_a_call_that_failed(town: Town, fault: dict[str, Any], step: str) -> None:
    """Whether the Hub applied the call or not: in the end it says what is wished, and was read as saying so."""
    town.start()
    if step == "approve":
        town.approved("kiri")
    else:
        town.active("kiri")
        revoke(town, "kiri")
    town.hub.fault(path=WRITES, times=1, **fault)
    settle.settle_due()
    assert town.row("kiri").lease == ""
    town.hub.clear_faults()
    cache.clear()  # the budget remembers the 429 for as long as it said
    settled()
    assert town.stands("kiri") == ("accepted" if step == "approve" else "rejected")
    assert town.row("kiri").due_at is None
    assert town.grant("kiri").status == ("active" if step == "approve" else "revoked")


def test_it_comes_through_a_look_that_failed(town: Town) -> None:
    """Told and not read back: nothing is confirmed before the Hub can be read again."""
    town.start()
    town.approved("kiri")
    town.hub.fault("status", f"{town.name}/user-access-request/", method="GET", status=503)
    settle.settle_due()
    hurry()
    settle.settle_due()
    row = town.row("kiri")
    assert (town.stands("kiri"), town.grant("kiri").status, row.confirmed_at) == (
        "accepted",
        "pending_activation",
        None,
    )
    assert (row.lease, row.due_at is not None, row.parked_reason) == ("", True, "")
    town.hub.clear_faults()
    settled()
    assert town.grant("kiri").status == "active"


@pytest.mark.parametrize("header", ["ratelimit", "retry-after"])
def test_it_comes_back_when_the_hub_said(town: Town, header: str) -> None:
    """A 429 in either form puts the row off for that long, and nobody sleeps."""
    town.start()
    town.approved("kiri")
    town.hub.fault("status", WRITES, status=429, header=header, seconds=40, times=1)
    before = timezone.now()
    settle.settle_due()
    assert timezone.now() - before < timedelta(seconds=10)
    due = town.row("kiri").due_at
    assert due is not None
    assert timedelta(seconds=38) < due - before < timedelta(seconds=75)


def test_it_asks_the_token_for_nothing_after_a_429(town: Town) -> None:
    """One 429 is known to all workers of that token: the next call is not even made."""
    town.start()
    town.approved("kiri")
    town.hub.fault("status", WRITES, status=429, header="ratelimit", seconds=40, times=1)
    settle.settle_due()
    hurry()
    town.hub.clear_journal()
    assert settle.settle_due() is None
    assert town.hub.journal() == []
    assert town.row("kiri").attempts == 1


def test_it_goes_on_after_the_hub_was_down(town: Town, settings: Any) -> None:
    """A Hub that is away for a day loses nothing: the rows wait, and are told when it is back."""
    town.start()
    town.active("leaving")
    town.approved("coming")
    revoke(town, "leaving")
    there, settings.HUB_ENDPOINT = settings.HUB_ENDPOINT, "http://127.0.0.1:9"
    for _sweep in range(3):
        settle.settle_due()
        observe.observe_all()
        hurry()
    assert HubAccess.objects.unsettled().count() == 2
    assert not HubAccess.objects.parked().exists()
    settings.HUB_ENDPOINT = there
    Repository.objects.update(observe_due_at=timezone.now())
    settled()
    assert (town.stands("leaving"), town.stands("coming")) == ("rejected", "accepted")
    assert town.grant("coming").status == "active"


def test_it_parks_a_repository_whose_token_was_revoked_and_heals(town: Town) -> None:
    """A refused token stops everything about its repository with a name, and nothing is forgotten."""
    town.start()
    town.approved("kiri")
    town.hub.revoke_token(TOKEN)
    settle.settle_due()
    assert Repository.objects.get().parked_reason == "token_refused"
    assert Repository.objects.get().token.health == "refused"
    hurry()
    town.hub.clear_journal()
    settle.settle_due()
    assert town.hub.journal() == []
    town.hub.set_token(TOKEN, revoked=False)
    assert parked.take_up_again() == 1
    settled()
    assert town.grant("kiri").status == "active"


def test_it_parks_a_repository_whose_token_may_only_read_and_heals_by_itself(town: Town) -> None:
    """Reading goes on, and once the token may write again nobody has to do anything."""
    town.start()
    town.approved("kiri")
    scoped = [{"entity": {"type": "user", "name": "aurora-lab"}, "permissions": ["repo.access.read"]}]
    town.hub.set_token(TOKEN, role="fineGrained", scoped=scoped)
    settle.settle_due()
    assert Repository.objects.get().parked_reason == "token_read_only"
    town.observe()
    assert Repository.objects.get().parked_reason == "token_read_only"
    town.hub.set_token(TOKEN, role="write")
    town.observe()
    assert Repository.objects.get().parked_reason == ""
    settled()
    assert town.grant("kiri").status == "active"


def test_it_parks_a_repository_that_is_not_gated_any_more(town: Town) -> None:
    """Somebody opened the gate by hand: nothing can be decided there until it is closed again."""
    town.start()
    town.approved("kiri")
    town.hub.set_gated(town.name, False)
    settle.settle_due()
    assert Repository.objects.get().parked_reason == "not_gated"
    town.observe()
    assert Repository.objects.get().parked_reason == "not_gated"
    town.hub.set_gated(town.name, "manual")
    town.observe()
    settled()
    assert town.grant("kiri").status == "active"


def test_it_parks_a_repository_that_is_gone(town: Town) -> None:
    """A deleted repository is named so, and the rows wait."""
    town.start()
    town.approved("kiri")
    town.hub.delete_repo(town.name)
    settle.settle_due()
    assert Repository.objects.get().parked_reason == "repository_gone"
    assert town.row("kiri").due_at is not None


def test_it_parks_a_repository_without_a_token(town: Town) -> None:
    """With its last token revoked here, a repository says so."""
    town.start()
    town.approved("kiri")
    Repository.objects.get().token.__class__.objects.update(revoked_at=timezone.now())
    settle.settle_due()
    assert Repository.objects.get().parked_reason == "token_missing"


def test_it_says_when_no_key_opens_the_token(town: Town, settings: Any) -> None:
    """A token that cannot be decrypted is a named reason, not an exception."""
    town.start()
    town.approved("kiri")
    from cryptography.fernet import Fernet

    settings.GATEKEEPER_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    settle.settle_due()
    assert Repository.objects.get().parked_reason == "token_unreadable"


@pytest.mark.parametrize("capability", ["batch", "user_id"])
def test_it_takes_the_slower_way_where_the_hub_lacks_one(town: Town, capability: str) -> None:
    """Without batch or userId people are told one by one, and the Hub is not asked for it twice."""
    town.start()
    names = [town.asks(f"person-{number}") for number in range(12)]
    town.observe()
    town.approve(*names)
    town.hub.capabilities(**{capability: False})
    settled()
    assert {town.stands(name) for name in names} == {"accepted"}
    assert len(calls(town, "/batch")) == 1
    assert len(calls(town, "/handle")) >= 12


def test_it_grants_by_name_only_to_who_bears_it(town: Town) -> None:
    """Without userId, a name counts only while the Hub says that it belongs to that id."""
    stage = town.start(intake="here")
    for name in ("ines", "juma"):
        town.applies(stage, name)
    town.hub.capabilities(user_id=False)
    town.hub.rename_user("juma", "juma-renamed")
    town.hub.add_user("juma", id="e" * 24)
    town.approve("ines", "juma")
    settled(3)
    assert town.stands("ines") == "accepted"
    assert town.stands("juma") is None
    assert town.row("juma").parked_reason == "person_not_addressable"


def test_it_takes_pending_where_the_hub_knows_no_reset(town: Town) -> None:
    """Access ends and the answers stay, where a reset is not possible."""
    town.start()
    grant = town.active("kiri")
    town.hub.capabilities(reset=False)
    grants.relinquish(grant, by=_as(town, "kiri"))
    settled()
    assert town.stands("kiri") == "pending"
    assert town.row("kiri").due_at is None


def _as(town: Town, name: str) -> Any:
    from accounts import people
    from accounts.models import User
    from accounts.viewer import Viewer

    user = User.objects.create_user(name)
    people.connect(person=town.person(name), user=user)
    return Viewer.of(user)


# Races


def test_a_revocation_overtakes_an_approval_that_is_held(town: Town, hasty: None) -> None:
    """Invariant 9: a late accept never overwrites a newer wish here, and is undone on the Hub by the next read."""
    town.start()
    town.approved("kiri")
    hold = town.hub.fault("hold", "/batch", times=1)
    worker = in_background(settle.settle_due)
    town.hub.wait_held(hold)
    revoke(town, "kiri")
    worker.join(10)
    town.hub.clear_faults(hold)  # the Hub applies the accept only now, long after we gave up on it
    _wait_for(lambda: town.stands("kiri") == "accepted")
    town.observe()
    settled()
    assert town.stands("kiri") == "rejected"
    assert town.row("kiri").due_at is None
    assert town.grant("kiri").status == "revoked"


def test_a_late_accept_is_undone_after_all_was_settled(town: Town, hasty: None) -> None:
    """Even when the revocation was read back first, the next reading of the lists finds the late accept."""
    town.start()
    town.approved("kiri")
    hold = town.hub.fault("hold", "/batch", times=1)
    in_background(settle.settle_due).join(10)
    revoke(town, "kiri")
    settled()
    assert town.row("kiri").due_at is None
    town.hub.clear_faults(hold)
    _wait_for(lambda: town.stands("kiri") == "accepted")
    town.observe()
    assert town.row("kiri").due_at is not None
    settled()
    assert town.stands("kiri") != "accepted"


def test_a_removal_in_doubt_waits_for_a_later_read(town: Town, hasty: None) -> None:
    """After a worker vanished, a removal is confirmed only by a read begun after its lease and its call were over."""
    town.start()
    town.approved("kiri")
    hold = town.hub.fault("hold", "/batch", times=1)
    worker = in_background(settle.settle_due)
    town.hub.wait_held(hold)
    revoke(town, "kiri")
    lease_over()
    HubAccess.objects.update(leased_until=timezone.now())
    settle.settle_due()
    row = town.row("kiri")
    assert row.doubt_until is not None
    assert row.confirmed_at is None
    worker.join(10)
    town.hub.clear_faults(hold)
    settled()
    assert town.stands("kiri") == "rejected"


def test_two_workers_tell_it_once(town: Town) -> None:
    """Rows are leased: two workers that sweep together make one call."""
    town.start()
    town.approved("kiri")
    hold = town.hub.fault("hold", "/batch", times=1)
    first = in_background(settle.settle_due)
    town.hub.wait_held(hold)
    settle.settle_due()
    assert len(calls(town, "/batch")) == 0
    town.hub.clear_faults(hold)
    first.join(20)
    settled()
    assert len(calls(town, "/batch")) == 1
    assert town.grant("kiri").status == "active"


def test_many_workers_share_the_work(town: Town) -> None:
    """Six workers at once tell every row of twenty, and each person stands where they should."""
    town.start()
    names = [town.asks(f"person-{number}") for number in range(20)]
    town.observe()
    town.approve(*names)
    for worker in [in_background(settle.settle_due) for _number in range(6)]:
        worker.join(60)
    settled()
    assert {town.stands(name) for name in names} == {"accepted"}


def test_a_broker_that_lost_everything_loses_nothing(town: Town) -> None:
    """No bell is needed: the sweep finds what is due in the rows."""
    town.start()
    town.approved("kiri")
    cache.clear()
    from gatekeeper.hub import tasks

    tasks.settle_due()
    settled()
    assert town.grant("kiri").status == "active"


def test_a_wish_renewed_during_the_call_stays_due(town: Town) -> None:
    """What was told for an older wish closes nothing of the newer one."""
    town.start()
    town.approved("kiri")
    hold = town.hub.fault("hold", "/batch", times=1)
    worker = in_background(settle.settle_due)
    town.hub.wait_held(hold)
    grants.suspend(town.grant("kiri"), by=town.owner)
    town.hub.clear_faults(hold)
    worker.join(30)
    settled()
    assert town.stands("kiri") == "pending"
    assert town.grant("kiri").status == "suspended"


def test_a_row_that_is_never_understood_is_parked(town: Town) -> None:
    """An answer that nobody foresaw is tried a few times, then shown to a person."""
    town.start()
    town.approved("kiri")
    town.hub.fault("status", WRITES, status=418)
    settled(30)
    assert town.row("kiri").parked_reason == "refused_as_sent"


def test_somebody_who_cannot_be_found_is_parked_and_not_guessed(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """In lists too long for one person nobody is said to be gone; what has to end is ended by id all the same."""
    from gatekeeper.hub import look

    monkeypatch.setattr(look, "PAGES_IN_ALL", 1)
    monkeypatch.setattr(look, "FULL", 10)
    town.start()
    grant = town.active("kiri")
    town.hub.rename_user("kiri", "somebody-else")
    town.hub.seed(town.name, dict.fromkeys(("pending", "accepted", "rejected", "reset"), 12), prefix="crowd")
    town.hub.options(order="oldest")
    town.hub.fault("status", WRITES, status=418, times=1)
    grants.suspend(grant, by=town.owner)
    for _sweep in range(12):
        settle.settle_due()
        hurry()
    assert town.stands("somebody-else") == "pending"
    assert town.row("kiri").parked_reason == "not_found_in_lists"


def _wait_for(met: Callable[[], bool], seconds: float = 5) -> None:
    import time

    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
