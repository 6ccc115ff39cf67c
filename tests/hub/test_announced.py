"""From a change on the Hub to a look at it, over HTTP: the Hub calls a live server, a worker is woken and reads.

Nothing polls here unless a test says so: what was read was announced. It takes about half a second; the limits below
are for a machine that does ten other things.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from django.utils import timezone

from gatekeeper.actions import hub_hooks
from gatekeeper.hub import observe, tasks
from gatekeeper.models import Card, HookState, HubHook, Repository
from tests import factories

from .conftest import CARD, MODEL, Town

CHANGED = CARD.replace("# Aurora XL", "# Aurora XL, second edition")


@pytest.fixture(scope="module")
def celery_worker() -> Iterator[None]:
    """A Celery worker in a thread, on the broker of the tests, where nobody took what other tests rang for."""
    from gatekeeper.celery import app

    app.loader.import_default_modules()
    app.control.purge()
    with start_worker(app, perform_ping_check=False, pool="solo", loglevel="ERROR"):
        yield


@pytest.fixture
def worker(celery_worker: None) -> Iterator[None]:
    """The worker hears the bells that are rung from here on, and none before or after the test."""
    from gatekeeper import bell
    from gatekeeper.celery import app

    bell._quiet_until = 0
    yield
    bell._quiet_until = math.inf
    app.control.purge()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Nobody is woken by what only prepares a test."""
    from gatekeeper import bell

    bell._quiet_until = math.inf
    yield
    bell._quiet_until = 0


@pytest.fixture
def announced(town: Town, live_server: Any, settings: Any) -> Town:
    """A town whose Hub calls this process."""
    settings.PUBLIC_URL, settings.PUBLIC_HOST = live_server.url, "localhost"
    town.observe()
    hub_hooks.switch_on(town.publisher, by=town.owner)
    tasks.settle_hooks()
    assert HubHook.objects.get().state == HookState.REGISTERED
    return town


def within(seconds: float, holds: Callable[[], Any]) -> float:
    """Wait until something holds, and return for how long; AssertionError when it takes too long."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, "it took too long"
        time.sleep(0.02)
    return time.monotonic() - begun


def kept() -> bool:
    """Whether the changed card was read."""
    return Card.objects.filter(text=CHANGED.encode()).exists()


def test_a_commit_is_read_at_once(announced: Town, worker: None) -> None:
    """Made by hand on the Hub: nobody here knew of it."""
    announced.hub.set_repo(MODEL, files={"README.md": CHANGED})
    within(10, kept)
    assert [one["status"] for one in announced.hub.sent(1)] == [202]
    assert factories.fresh(announced.repository).seen_commit == announced.hub.repo(MODEL)["sha"]


def test_a_change_of_the_gate_is_seen_at_once(announced: Town, worker: None) -> None:
    """The Hub does not say what changed; it is looked up."""
    announced.hub.set_gated(MODEL, "auto")
    within(10, lambda: factories.fresh(announced.repository).seen_gate == "auto")


def test_what_happens_during_a_look_is_looked_at_too(announced: Town, worker: None) -> None:
    """A second commit comes while the first one is being read."""
    held = announced.hub.fault("hold", "user-access-request/pending", times=1)
    announced.hub.set_repo(MODEL, files={"README.md": CARD + "first"})
    announced.hub.wait_held(held)
    announced.hub.set_repo(MODEL, files={"README.md": CHANGED})
    announced.hub.sent(2)
    announced.hub.release(held)
    within(10, kept)


def test_a_flood_is_a_look_every_few_seconds(announced: Town, worker: None) -> None:
    """However often the Hub, or somebody with its secret, repeats itself."""
    [hook] = announced.hub.webhooks()
    announced.hub.clear_journal()
    announced.hub.set_repo(MODEL, files={"README.md": CHANGED})
    announced.hub.sent(1)
    announced.hub.replay(hook["id"], times=40)
    announced.hub.sent(41)
    within(10, kept)
    assert len(announced.hub.journal("GET", "user-access-request/pending")) == 1
    assert {one["status"] for one in announced.hub.sent()} == {202}


def test_without_a_webhook_the_next_poll_finds_it(town: Town) -> None:
    """Within a minute: whatever becomes of an announcement, nothing depends on it."""
    town.observe()
    town.hub.set_repo(MODEL, files={"README.md": CHANGED})
    assert not kept()
    assert observe.EVERY.total_seconds() <= 60
    Repository.objects.update(observe_due_at=timezone.now())
    tasks.observe_all()
    assert kept()


def test_a_webhook_that_nobody_hears_loses_nothing(announced: Town, settings: Any) -> None:
    """The server was away: the Hub gives up, the page says so, the poll goes on."""
    announced.hub.options(webhook_failures=1)
    [hook] = announced.hub.webhooks()
    announced.hub.send(hook["id"], json.dumps({}).encode(), secret="guessed")
    assert announced.hub.sent(1)[0]["status"] == 403
    announced.hub.set_repo(MODEL, files={"README.md": CHANGED})
    HubHook.objects.update(due_at=timezone.now())
    tasks.settle_hooks()
    seen = HubHook.objects.get()
    assert seen.state == HookState.SUSPENDED
    assert seen.refused_at is not None
    Repository.objects.update(observe_due_at=timezone.now())
    tasks.observe_all()
    assert kept()
