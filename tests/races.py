"""The same thing done at the same moment over many database connections."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections, transaction

AT_ONCE = 16
PATIENCE = 60


def race(act: Callable[[int], Any], *, times: int = AT_ONCE) -> list[Any]:
    """Call `act(0)`, `act(1)` … at the same moment; returns what each returned or raised, in that order."""
    gate = threading.Barrier(times, timeout=PATIENCE)

    def run(index: int) -> Any:
        try:
            connection.ensure_connection()
            gate.wait()
            return act(index)
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=times) as pool:
        return list(pool.map(run, range(times), timeout=PATIENCE))


def outcomes(results: list[Any]) -> Counter[str]:
    """How often each sort of thing came out: the class of a refusal, or the class of what was returned."""
    return Counter(type(result).__name__ for result in results)


class Other:
    """What happens on the other connection of `while_blocked`."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.results: list[Any] = []
        self.thread = threading.Thread(target=lambda: self.results.extend(race(lambda _index: act(), times=1)))

    def begin(self) -> None:
        """Begin there, and return when it waits for a lock that is held here."""
        self.thread.start()
        for _attempt in range(PATIENCE * 50):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_stat_clear_snapshot()")  # inside a transaction the view is read once
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
                if cursor.fetchone()[0]:
                    return
            time.sleep(0.02)
        raise AssertionError("nobody waits for a lock")


@contextmanager
def while_blocked(act: Callable[[], Any]) -> Iterator[Other]:
    """Run the block in a transaction; after `begin`, `act` runs on another connection and waits for this commit."""
    other = Other(act)
    try:
        with transaction.atomic():
            yield other
    finally:
        other.thread.join(PATIENCE)
    assert not other.thread.is_alive()
