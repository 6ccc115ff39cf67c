"""The sandbox's storage: one SQLite file in WAL mode, so that state outlives the process, also a killed one."""

from __future__ import annotations

import itertools
import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS setting(name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS person(
    id INTEGER PRIMARY KEY, hub_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    fullname TEXT NOT NULL, email TEXT, email_verified INTEGER NOT NULL DEFAULT 1, is_pro INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS org(
    id INTEGER PRIMARY KEY, hub_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    fullname TEXT NOT NULL, plan TEXT);
CREATE TABLE IF NOT EXISTS membership(
    org INTEGER NOT NULL, person INTEGER NOT NULL, role TEXT NOT NULL, PRIMARY KEY(org, person));
CREATE INDEX IF NOT EXISTS membership_person ON membership(person);
CREATE TABLE IF NOT EXISTS token(
    token TEXT PRIMARY KEY, person INTEGER NOT NULL, role TEXT NOT NULL, display_name TEXT NOT NULL,
    created_at TEXT NOT NULL, can_read_gated INTEGER NOT NULL DEFAULT 1, scoped TEXT NOT NULL DEFAULT '[]',
    scopes TEXT, expires REAL, revoked INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS token_person ON token(person);
CREATE TABLE IF NOT EXISTS repo(
    id INTEGER PRIMARY KEY, hub_id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, namespace TEXT NOT NULL COLLATE NOCASE,
    name TEXT NOT NULL COLLATE NOCASE, visibility TEXT NOT NULL DEFAULT 'public', gated TEXT,
    org_members_gated INTEGER NOT NULL DEFAULT 0, hide_usernames TEXT, settings TEXT NOT NULL DEFAULT '{}',
    creator INTEGER, created_at TEXT NOT NULL, modified_at TEXT NOT NULL, head INTEGER,
    UNIQUE(type, namespace, name));
CREATE TABLE IF NOT EXISTS moved(
    type TEXT NOT NULL, namespace TEXT NOT NULL COLLATE NOCASE, name TEXT NOT NULL COLLATE NOCASE,
    repo INTEGER NOT NULL, PRIMARY KEY(type, namespace, name));
CREATE TABLE IF NOT EXISTS revision(
    id INTEGER PRIMARY KEY, repo INTEGER NOT NULL, sha TEXT NOT NULL, title TEXT NOT NULL, message TEXT NOT NULL,
    author TEXT NOT NULL, date TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS revision_repo ON revision(repo, id);
CREATE TABLE IF NOT EXISTS blob(oid TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS file(
    revision INTEGER NOT NULL, path TEXT NOT NULL, oid TEXT NOT NULL, size INTEGER NOT NULL,
    PRIMARY KEY(revision, path)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS request(
    id INTEGER PRIMARY KEY, request_id TEXT NOT NULL, repo INTEGER NOT NULL, person INTEGER NOT NULL,
    status TEXT NOT NULL, timestamp TEXT NOT NULL, reviewed_at TEXT, granted_by INTEGER, fields TEXT, email TEXT,
    rejection_reason TEXT, reset_reason TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS request_person ON request(repo, person);
CREATE INDEX IF NOT EXISTS request_list ON request(repo, status, timestamp, id);
CREATE UNIQUE INDEX IF NOT EXISTS request_key ON request(request_id);
CREATE INDEX IF NOT EXISTS request_of ON request(person);
CREATE TABLE IF NOT EXISTS past(
    id INTEGER NOT NULL, request_id TEXT NOT NULL, repo INTEGER NOT NULL, person INTEGER NOT NULL, status TEXT NOT NULL,
    timestamp TEXT NOT NULL, reviewed_at TEXT, granted_by INTEGER, fields TEXT, email TEXT, rejection_reason TEXT,
    reset_reason TEXT, replaced REAL NOT NULL);
CREATE INDEX IF NOT EXISTS past_list ON past(repo, replaced);
CREATE TABLE IF NOT EXISTS app(
    client_id TEXT PRIMARY KEY, secret TEXT, name TEXT NOT NULL, redirect_uris TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS code(
    code TEXT PRIMARY KEY, client_id TEXT NOT NULL, person INTEGER NOT NULL, redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL, nonce TEXT, challenge TEXT, expires REAL NOT NULL);
CREATE TABLE IF NOT EXISTS refresh(
    token TEXT PRIMARY KEY, client_id TEXT NOT NULL, person INTEGER NOT NULL, scope TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS discussion(
    id INTEGER PRIMARY KEY, repo INTEGER NOT NULL, num INTEGER NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL,
    author INTEGER, created_at TEXT NOT NULL, UNIQUE(repo, num));
CREATE TABLE IF NOT EXISTS happening(
    id INTEGER PRIMARY KEY, hub_id TEXT NOT NULL, discussion INTEGER NOT NULL, kind TEXT NOT NULL, author INTEGER,
    created_at TEXT NOT NULL, content TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS happening_discussion ON happening(discussion, id);
CREATE TABLE IF NOT EXISTS pull(
    discussion INTEGER PRIMARY KEY, base INTEGER NOT NULL, head INTEGER NOT NULL, merged TEXT);
CREATE TABLE IF NOT EXISTS webhook(
    id INTEGER PRIMARY KEY, hub_id TEXT NOT NULL UNIQUE, person INTEGER NOT NULL, url TEXT NOT NULL,
    watched TEXT NOT NULL, domains TEXT NOT NULL, secret TEXT, disabled TEXT NOT NULL DEFAULT '',
    failures INTEGER NOT NULL DEFAULT 0);
"""
_EVERY_TABLE = (
    "setting person org membership token repo moved revision blob file request past app code refresh discussion "
    "happening pull webhook"
)
EVERY_TABLE = _EVERY_TABLE.split()

_counter = itertools.count(secrets.randbelow(1 << 24))


def new_id() -> str:
    """A fresh identifier in the Hub's form: 24 hexadecimal digits, the first eight of them the time."""
    return f"{int(time.time()):08x}{secrets.token_hex(5)}{next(_counter) & 0xFFFFFF:06x}"


def stamp(at: float | None = None) -> str:
    """A moment as the Hub writes it: UTC, milliseconds, `Z`."""
    moment = datetime.fromtimestamp(time.time() if at is None else at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


class Store:
    """The SQLite file of one sandbox: a connection for each thread, one writer at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "hub.sqlite3"
        self._own = threading.local()
        self._writing = threading.RLock()
        self.db.executescript("PRAGMA journal_mode=WAL;" + TABLES)

    @property
    def db(self) -> sqlite3.Connection:
        """This thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.file, timeout=30, isolation_level=None, cached_statements=256)
            connection.row_factory = sqlite3.Row
            # In WAL mode NORMAL is safe against a killed process; only a power cut may lose the last steps.
            connection.executescript("PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY;")
            self._own.connection = connection
        return connection

    def close(self) -> None:
        """Close this thread's connection, if it has one."""
        connection = getattr(self._own, "connection", None)
        if connection is not None:
            connection.close()
            self._own.connection = None

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, all or nothing; within another one it is part of that one."""
        with self._writing:
            db = self.db
            if db.in_transaction:
                yield db
                return
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.db.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        return self.db.execute(sql, values).fetchall()

    def run(self, sql: str, *values: Any) -> int:
        """Execute one statement of a transaction; gives the id of the row it made, if it made one."""
        return self.db.execute(sql, values).lastrowid or 0

    def setting(self, name: str, default: Any = None) -> Any:
        row = self.one("SELECT value FROM setting WHERE name=?", name)
        return default if row is None else json.loads(row["value"])

    def keep(self, name: str, value: Any) -> None:
        self.run("INSERT OR REPLACE INTO setting VALUES(?,?)", name, json.dumps(value))

    def empty(self) -> None:
        """Forget everything."""
        with self.write() as db:
            for table in EVERY_TABLE:
                db.execute(f"DELETE FROM {table}")  # noqa: S608  # names from the list above
