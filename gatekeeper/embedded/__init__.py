"""The real PostgreSQL and Valkey out of their wheels, for a machine that has neither: the demo, the tests, a laptop.

One keeper process per data folder owns both servers. Whoever needs them holds a connection to the keeper; when the
last one is gone, however it ended, the keeper stops the servers. Nothing listens on a network, nothing outlives its
users, and nothing here imports Django or anything of ours. In production DATABASE_URL and REDIS_URL are set instead.
"""

import atexit
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from .home import PROJECT, EmbeddedError, Home, data_folder

__all__ = ["EmbeddedError", "broker_url", "data_folder", "servers", "urls"]

PATIENCE = 60.0  # seconds in which a keeper must be found or started

_lifelines: dict[Path, tuple[socket.socket, dict[str, str]]] = {}


def urls() -> dict[str, str]:
    """Return DATABASE_URL and REDIS_URL of the servers on the data folder, starting them if nobody has.

    They run at least as long as this process. Raises EmbeddedError with a sentence where they can't be had.
    """
    home = Home(data_folder())
    if home.path not in _lifelines:
        _lifelines[home.path] = hold(home)
        atexit.register(_lifelines[home.path][0].close)
    return dict(_lifelines[home.path][1])


@contextmanager
def servers(path: Path, *, fast: bool = False) -> Iterator[dict[str, str]]:
    """Hold the servers on the data folder `path` for the length of a block; see `urls`, and `fast` in `run`."""
    lifeline, found = hold(Home(path), fast=fast)
    try:
        yield found
    finally:
        lifeline.close()


def broker_url(redis_url: str) -> str:
    """Return `redis_url` as Celery spells it: its name for a unix socket is another than redis-py's."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.netloc}{parts.path}?virtual_host={database}"


def hold(home: Home, *, fast: bool = False, throw_away: bool = False) -> tuple[socket.socket, dict[str, str]]:
    """Return a connection to the keeper, which keeps the servers up while it is open, and the URLs."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(OSError):
            return connect(home)
        command = [sys.executable, "-m", __name__, "start", "--data", str(home.path)]
        command += ["--fast"] * fast + ["--throw-away"] * throw_away
        started = subprocess.run(  # noqa: S603  our own module
            command, cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if started.returncode:
            raise EmbeddedError(started.stderr.strip() or "The embedded servers did not start.")
    raise EmbeddedError(f"The embedded servers did not answer within {PATIENCE:.0f} s; see the logs in {home.path}.")


def connect(home: Home) -> tuple[socket.socket, dict[str, str]]:
    """Connect to a keeper that is up. Raises OSError where there is none, or one that is about to leave."""
    lifeline = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        lifeline.settimeout(5)
        lifeline.connect(str(home.keeper))
        with lifeline.makefile("r", encoding="utf-8") as greeting:
            line = greeting.readline()
        if not line.endswith("\n"):
            raise ConnectionResetError("the keeper is leaving")
        found: dict[str, str] = json.loads(line)
    except BaseException:
        lifeline.close()
        raise
    return lifeline, found
