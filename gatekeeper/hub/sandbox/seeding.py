"""Many people with requests at once, to measure against: a million in some seconds."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from itertools import chain, islice, repeat
from typing import Any

from gatekeeper.hub.sandbox.store import Store, stamp

PIECE = 20_000


def fill(
    store: Store,
    repo: sqlite3.Row,
    statuses: dict[str, int],
    *,
    prefix: str = "person",
    fields: dict[str, Any] | None = None,
) -> int:
    """Make people `prefix-0000001` … and a request of each, spread over the last 90 days; gives how many were made."""
    count = sum(statuses.values())
    with store.write() as db:
        row = store.one("SELECT coalesce(max(id), 0) AS person FROM person")
        first = (row["person"] if row else 0) + 1
        now = time.time()
        group = secrets.token_hex(5)
        start = f"{int(now):08x}{group}"
        days, step = 90 * 86_400, 90 * 86_400 / max(count, 1)
        answers = json.dumps(fields, ensure_ascii=False) if fields else None
        created = stamp(now - days)

        def people() -> Iterator[tuple[Any, ...]]:
            for n in range(first, first + count):
                name = f"{prefix}-{n:07d}"
                yield n, f"{start}{n & 0xFFFFFF:06x}", name, f"{prefix.title()} {n}", f"{name}@example.org", created

        def requests() -> Iterator[tuple[Any, ...]]:
            kinds = chain.from_iterable(repeat(status, number) for status, number in statuses.items())
            for n, status in enumerate(kinds):
                at = stamp(now - days + n * step)
                reviewed = None if status == "pending" else at
                person = first + n
                yield (
                    f"{start[:8]}{group[::-1]}{person & 0xFFFFFF:06x}", repo["id"], person, status, at, reviewed,
                    repo["creator"] if status == "accepted" else None, answers, f"{prefix}-{person:07d}@example.org",
                )  # fmt: skip

        rows = people()
        while piece := list(islice(rows, PIECE)):
            db.executemany(
                "INSERT INTO person(id, hub_id, name, fullname, email, created_at) VALUES(?,?,?,?,?,?)", piece
            )
        rows = requests()
        while piece := list(islice(rows, PIECE)):
            db.executemany(
                "INSERT INTO request(request_id, repo, person, status, timestamp, reviewed_at, granted_by, fields,"
                " email) VALUES(?,?,?,?,?,?,?,?,?)",
                piece,
            )
    return count
