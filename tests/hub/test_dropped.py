"""The database or the broker is gone from under a worker in the middle of its work: nothing is lost by it.

The server ends the worker's connection just before a statement of each sort, and before a commit of each transaction;
the worker's sweep fails, as a task does, and the next one takes a new connection.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from django.db import connection, transaction
from django.db.utils import Error

from gatekeeper.hub import observe, settle
from gatekeeper.models import AccessRequest, Decision, Grant, HubAccess
from gatekeeper.proof import sealing
from tests.conftest import PROJECT

from .conftest import Town, lease_over, settled
from .test_killed import others_go_on
from .test_settle_faults import revoke
from .test_valkey_away import Server, approve, browser_of, rung, server

__all__ = ["server"]

pytestmark = pytest.mark.slow

COMMIT = "COMMIT"
TABLE = re.compile(r'(?:FROM|INTO|UPDATE|ONLY)\s+"?(\w+)', re.I)
# So many CI waits for: of the statements that change or lock something, those that come first.
IN_CI = 5


def sort_of(sql: str) -> str:
    """Return the sort of a statement: what it does, and to which table."""
    words = sql.split(None, 1)[0].upper()
    table = TABLE.search(sql)
    return " ".join(filter(None, (words, table and table[1], "FOR UPDATE" if " FOR NO KEY UPDATE" in sql else "")))


@contextmanager
def watched(before: Callable[[str], None]) -> Iterator[None]:
    """Call `before` with the sort of each statement of this connection, and with COMMIT before each commit."""
    leave = transaction.Atomic.__exit__

    def wrapper(execute: Any, sql: str, *args: Any) -> Any:
        before(sort_of(sql))
        return execute(sql, *args)

    def leaving(self: Any, *error: Any) -> Any:
        outermost = connection.in_atomic_block and not connection.savepoint_ids
        if outermost and error[0] is None and connection.commit_on_exit:
            before(COMMIT)
        return leave(self, *error)

    with pytest.MonkeyPatch.context() as patch, connection.execute_wrapper(wrapper):
        patch.setattr(transaction.Atomic, "__exit__", leaving)
        yield


def end_of_connection() -> None:
    """Have the server end this connection, as it does when it is restarted."""
    assert connection.connection is not None
    about = connection.get_connection_params()
    ours = connection.connection.info.backend_pid
    names = {name: about[name] for name in ("dbname", "user", "password", "host", "port") if about.get(name)}
    with psycopg.connect(**names, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [ours])


def sorts_of(work: Callable[[], Any]) -> list[str]:
    """Do work, and return the sorts of its statements in the order in which they came first."""
    found: dict[str, None] = {}
    with watched(lambda sort: found.setdefault(sort)):
        work()
    return list(found)


def dropped_at(sort: str, work: Callable[[], Any]) -> bool:
    """Do work whose connection ends before the first statement of a sort; say whether it came to that."""
    struck = []

    def strike(now: str) -> None:
        if now == sort and not struck:
            struck.append(now)
            end_of_connection()

    with suppress(Error), watched(strike):
        work()
    connection.close()
    return bool(struck)


def chosen(sorts: list[str], every: bool) -> list[str]:
    """Return the sorts to strike at: all, or first of all those that write or lock."""
    weighty = [sort for sort in sorts if not sort.startswith("SELECT") or sort.endswith("FOR UPDATE")]
    return sorts if every else [*weighty, *(sort for sort in sorts if sort not in weighty)][:IN_CI]


LENGTHS = [False, pytest.param(True, marks=pytest.mark.soak)]


@pytest.mark.parametrize("every", LENGTHS)
@pytest.mark.parametrize("step", ["approve", "revoke"])
def test_nothing_is_lost_with_the_connection_of_a_worker_that_tells(town: Town, step: str, every: bool) -> None:
    """At each sort of statement of a sweep: in the end the Hub says what was decided, and the record verifies."""
    town.start()
    names = iter(f"person-{number}" for number in range(200))

    def decided() -> str:
        name = next(names)
        town.approved(name) if step == "approve" else town.active(name)
        if step == "revoke":
            revoke(town, name)
        return name

    everybody = [decided()]
    sorts = sorts_of(settle.settle_due)
    assert COMMIT in sorts
    others_go_on()
    for sort in chosen(sorts, every):
        everybody.append(decided())
        assert dropped_at(sort, settle.settle_due), sort
        others_go_on()
    assert {town.stands(name) for name in everybody} == {"accepted" if step == "approve" else "rejected"}
    assert {grant.status for grant in Grant.objects.all()} == {"active" if step == "approve" else "revoked"}
    assert not HubAccess.objects.unsettled().exists()
    assert not Decision.objects.filter(decided_by__is_system=True).exists()
    assert sealing.verify().sound


@pytest.mark.parametrize("every", LENGTHS)
def test_nobody_is_lost_with_the_connection_of_a_worker_that_reads(town: Town, every: bool) -> None:
    """At each sort of statement of a reading: everybody is brought in, each once."""
    town.start()
    town.accepted_there("earlier")
    town.asks("person")

    def reading() -> None:
        observe.observe(town.repository.pk)

    sorts = sorts_of(reading)
    expected = 1
    for number, sort in enumerate(chosen(sorts, every)):
        town.asks(f"person-{number}")
        dropped_at(sort, reading)
        lease_over()
        town.observe()
        expected += 1
    assert AccessRequest.objects.count() == expected
    assert AccessRequest.objects.values("person").distinct().count() == expected
    assert sealing.verify().sound


def test_a_broker_that_is_emptied_while_work_is_due_loses_nothing(town: Town, server: Server, tmp_path: Path) -> None:
    """The bells that were rung are gone, and what the cache held with them: the next sweep finds the rows."""
    town.start()
    town.asks("kiri")
    town.observe()
    approve(browser_of(town.reviewer), town.case("kiri"))
    assert rung(server)
    with redis.Redis.from_url(server.url) as client:
        client.flushdb()
    assert rung(server) == []
    settled()
    assert (town.stands("kiri"), town.grant("kiri").status) == ("accepted", "active")
    assert not HubAccess.objects.unsettled().exists()


@pytest.fixture
def workers(town: Town, server: Server, settings: Any, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker with its clock, as they run in production, over this test's database and Valkey."""
    ours = urlsplit(settings.DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}")
    given = {
        "DATABASE_URL": urlunsplit(ours),
        "REDIS_URL": server.url,
        "HUB_ENDPOINT": town.hub.url,
        "GATEKEEPER_DATA": str(tmp_path),
        "GATEKEEPER_ENCRYPTION_KEYS": ",".join(settings.GATEKEEPER_ENCRYPTION_KEYS),
        "CACHE_PREFIX": settings.CACHES["default"]["KEY_PREFIX"],
    }
    command = [sys.executable, "-m", "celery", "-A", "gatekeeper", "worker", "-B", "-P", "solo", "-l", "WARNING"]
    with (tmp_path / "worker.log").open("wb") as said:
        process = subprocess.Popen(command, cwd=PROJECT, env=os.environ | given, stdout=said, stderr=said)
        yield process
        process.terminate()
        process.wait(timeout=30)


@pytest.mark.soak
def test_real_workers_outlive_a_broker_that_is_emptied_and_restarted(
    town: Town, server: Server, workers: subprocess.Popen[bytes]
) -> None:
    """Their bells were lost and their connection broke; the clock's next sweeps see everybody through all the same."""
    town.start()
    names = ("kiri", "lin", "noor")
    for name in names:
        town.asks(name)
    town.observe()

    def seen_through(name: str) -> None:
        end = time.monotonic() + 90
        while town.grant(name).status != "active":
            assert workers.poll() is None
            assert time.monotonic() < end, name
            time.sleep(0.1)
        assert town.stands(name) == "accepted"

    town.approve("kiri")
    seen_through("kiri")
    town.approve("lin")
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
    seen_through("lin")
    server.kill()
    town.approve("noor")
    time.sleep(1)
    server.start()
    seen_through("noor")
    assert not HubAccess.objects.unsettled().exists()
