"""A worker may be killed at any moment: around each call to the Hub, and before each commit. Nothing is lost by it.

The worker is a process of its own (a fork of this one), ended with SIGKILL. Afterwards the leases end, as they do in
time, and another worker goes on with what it finds in the rows.
"""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from gatekeeper.actions import grants
from gatekeeper.hub import observe, settle
from gatekeeper.models import AccessRequest, Grant, HubAccess

from .conftest import Town, lease_over, settled

pytestmark = pytest.mark.slow

COMMITS = 8  # more than any of these sweeps makes
PATIENCE = 90.0  # seconds: a sweep takes less than one, and twenty where ten others want the same two cores


def worker(work: Callable[[], Any]) -> int:
    """Begin work in a process of its own; returns its id. It leaves nothing of this one's connections behind."""
    connection.close()
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    except BaseException:
        traceback.print_exc()  # nobody hears of it otherwise: pytest is in the other process
    finally:
        os.kill(os.getpid(), signal.SIGKILL)
    return 0


class EndedWithout(AssertionError):
    """A worker ended and did not make the call that was to be held."""


def caught(town: Town, hold: int, pid: int) -> None:
    """Wait until the Hub holds a call of a worker, however slow this machine is, and then kill the worker.

    Raises EndedWithout at once for a worker that has ended, with what it did instead.
    """
    end = time.monotonic() + PATIENCE
    while not any(fault["id"] == hold and fault["waiting"] for fault in town.hub.faults()):
        done = [(call["method"], call["path"], call["status"]) for call in town.hub.journal()[-10:]]
        if os.waitpid(pid, os.WNOHANG) != (0, 0):
            raise EndedWithout(f"no such call, after {done}")
        assert time.monotonic() < end, f"no such call after {PATIENCE} s, but {done}"
        time.sleep(0.02)
    kill(pid)


def kill(pid: int) -> None:
    """End a worker as the kernel does, and wait until it is gone."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def wait(pid: int, seconds: float = PATIENCE) -> None:
    """Wait until a worker has ended by itself."""
    end = time.monotonic() + seconds
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        assert time.monotonic() < end
        time.sleep(0.01)


def dying_before_commit(number: int, work: Callable[[], Any]) -> None:
    """Do work that is killed just before the so-manieth commit of an outermost transaction."""
    leave = transaction.Atomic.__exit__
    left = {"commits": number}

    def leave_or_die(self: Any, *error: Any) -> Any:
        outermost = connection.in_atomic_block and not connection.savepoint_ids
        if outermost and error[0] is None and connection.commit_on_exit:
            left["commits"] -= 1
            if not left["commits"]:
                os.kill(os.getpid(), signal.SIGKILL)
        return leave(self, *error)

    transaction.Atomic.__exit__ = leave_or_die  # type: ignore[method-assign]  # in a process of its own
    work()


def others_go_on() -> None:
    """Let time pass, and another worker do what is left."""
    lease_over()
    settled(20)


def revoke(town: Town, name: str) -> None:
    grants.revoke(town.grant(name), by=town.owner, codes=["PRIOR_BREACH"], words="You shared the weights.")


@pytest.mark.parametrize("path", ["/batch", "/accepted"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_no_approval_is_lost_with_a_worker(town: Town, path: str, when: str) -> None:
    """Killed before the Hub hears the call, after it did and before we know, and while reading it back."""
    town.start()
    town.approved("kiri")
    hold = town.hub.fault("hold", path, when=when, times=1)
    pid = worker(settle.settle_due)
    caught(town, hold, pid)
    town.hub.release(hold)
    others_go_on()
    assert town.stands("kiri") == "accepted"
    assert town.grant("kiri").status == "active"
    assert not HubAccess.objects.unsettled().exists()


@pytest.mark.parametrize("path", ["/batch", "/rejected"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_no_revocation_is_lost_with_a_worker(town: Town, path: str, when: str) -> None:
    """The same for what takes access away."""
    town.start()
    town.active("kiri")
    revoke(town, "kiri")
    hold = town.hub.fault("hold", path, when=when, times=1)
    pid = worker(settle.settle_due)
    caught(town, hold, pid)
    town.hub.release(hold)
    others_go_on()
    assert town.stands("kiri") == "rejected"
    assert not HubAccess.objects.unsettled().exists()


@pytest.mark.parametrize("step", ["approve", "revoke"])
def test_nothing_is_lost_at_any_commit(town: Town, step: str) -> None:
    """Killed before the first commit, the second, and so on, until a sweep comes through whole."""
    town.start()
    names = []
    for number in range(1, COMMITS):
        name = f"person-{number}"
        names.append(name)
        town.approved(name) if step == "approve" else town.active(name)
        if step == "revoke":
            revoke(town, name)
        wait(worker(lambda number=number: dying_before_commit(number, settle.settle_due)))  # type: ignore[misc]
        others_go_on()
    assert {town.stands(name) for name in names} == {"accepted" if step == "approve" else "rejected"}
    assert {grant.status for grant in Grant.objects.all()} == {"active" if step == "approve" else "revoked"}


@pytest.mark.parametrize("path", ["models/aurora-lab/aurora-xl$", "/pending", "/accepted"])
def test_nobody_is_lost_with_a_worker_that_reads(town: Town, path: str) -> None:
    """Killed while reading: the next run reads everybody, and each is brought in once."""
    town.start()
    town.asks("kiri")
    hold = town.hub.fault("hold", path, times=1)
    pid = worker(lambda: observe.observe(town.repository.pk))
    caught(town, hold, pid)
    town.hub.release(hold)
    assert not observe.observe(town.repository.pk)
    lease_over()
    town.observe()
    assert AccessRequest.objects.count() == 1


def test_nobody_is_lost_at_any_commit_of_a_reading(town: Town) -> None:
    """Killed before each commit of a reading in turn: everybody is brought in, each once."""
    town.start()
    town.accepted_there("earlier")
    for number in range(1, 12):
        town.asks(f"person-{number}")
        wait(worker(lambda number=number: dying_before_commit(number, lambda: observe.observe(town.repository.pk))))  # type: ignore[misc]
        lease_over()
        town.observe()
    assert AccessRequest.objects.count() == 11
    assert AccessRequest.objects.values("person").distinct().count() == 11


def test_a_stage_opens_although_the_worker_that_gated_it_was_killed(town: Town) -> None:
    """Killed after the Hub took the setting: it is read back by another."""
    town.hub.set_gated(town.name, "auto")
    hold = town.hub.fault("hold", "/settings", when="after", times=1)
    from tests import factories

    stage = factories.planned_stage(town.repository, by=town.owner)
    from gatekeeper.actions import stages

    stages.open_stage(stage, by=town.owner)
    pid = worker(settle.settle_due)
    caught(town, hold, pid)
    town.hub.release(hold)
    lease_over()
    settle.settle_due()
    assert factories.fresh(stage).status == "open"
