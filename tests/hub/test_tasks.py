"""Entrances for workers: they call and end, and arrange for the next sweep only where something is due soon."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from gatekeeper import bell
from gatekeeper.hub import settle, tasks
from gatekeeper.models import HubAccess

from .conftest import Town, hurry


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the bell was rung for."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(bell, "ring", lambda **how: calls.append(how))
    return calls


def test_the_workers_do_the_whole_job(town: Town, rung: list[dict[str, Any]]) -> None:
    """Observed by the sweep or by id, settled by the sweep."""
    town.start()
    town.asks("kiri")
    tasks.observe_all()
    town.approve("kiri")
    tasks.settle_due()
    tasks.observe_repository(town.repository.pk)
    assert town.grant("kiri").status == "active"
    assert rung == []


def test_a_row_that_is_due_in_a_moment_is_rung_for_once(town: Town, rung: list[dict[str, Any]]) -> None:
    """Lists that lag: the next look comes by the bell, not by the next sweep, and only one is arranged."""
    town.start()
    town.approved("kiri")
    town.hub.options(lag=3)
    tasks.settle_due()
    tasks.settle_due()
    assert [call["what"] for call in rung] == ["settle"]
    assert 1 <= rung[0]["after"] < 10


def test_a_row_that_is_due_in_less_than_a_second_is_rung_for_once(town: Town, rung: list[dict[str, Any]]) -> None:
    """The cache remembers nothing for a part of a second, so the bell waits for a whole one."""
    town.start()
    town.approved("kiri")
    now = timezone.now()
    HubAccess.objects.update(due_at=now + timedelta(seconds=0.9))
    with time_machine.travel(now, tick=False):  # however busy the machine is, nothing falls due meanwhile
        tasks.settle_due()
        tasks.settle_due()
    assert rung == [{"what": "settle", "after": 1}]


def test_a_row_that_is_due_much_later_is_left_to_the_sweep(town: Town, rung: list[dict[str, Any]]) -> None:
    """Put off for a minute: nobody needs a bell."""
    town.start()
    town.approved("kiri")
    town.hub.fault("status", "batch", status=429, seconds=60)
    tasks.settle_due()
    assert rung == []


def test_without_a_cache_the_sweep_is_relied_on(town: Town, rung: list[dict[str, Any]], settings: Any) -> None:
    """Bells must not multiply when nobody can remember them."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    assert settle.first_to_ring(1) is False


def test_the_whole_job_is_done_without_a_cache(town: Town, settings: Any) -> None:
    """Redis away: slower, and nothing is lost."""
    town.start()
    town.asks("kiri")
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    town.observe()
    town.approve("kiri")
    for _sweep in range(3):
        settle.settle_due()
        hurry()
    assert town.grant("kiri").status == "active"


def test_a_sweep_ends_in_time(town: Town) -> None:
    """However much is due, a sweep leaves the rest to the next."""
    town.start()
    town.approved("kiri")
    settle.settle_due(seconds=0)
    assert HubAccess.objects.due(at=timezone.now()).count() == 1
