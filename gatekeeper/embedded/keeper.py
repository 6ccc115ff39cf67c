"""The process that owns the servers of one folder for as long as somebody is connected to it."""

import fcntl
import json
import os
import selectors
import shutil
import signal
import socket
import time
import traceback
from contextlib import suppress
from pathlib import Path

from . import connect
from .engines import LARGE_LOG, START_LIMIT, STOP_LIMIT, Engines
from .home import EmbeddedError, Home

FIRST_USER_LIMIT = 5.0  # seconds in which the process that asked for the servers must have connected
LINGER = 1.0  # seconds without a user before the servers stop, so that one command after another finds them warm


def start(home: Home, *, fast: bool, throw_away: bool) -> None:
    """Return once a keeper serves `home`: the one that is there already, or a new one in a session of its own."""
    lock = home.lock()
    deadline = time.monotonic() + START_LIMIT
    while not _locked(lock):
        with suppress(OSError):
            connect(home)[0].close()
            return
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"Another process has held {home.path} for {START_LIMIT:.0f} s without answering; end it."
            )
        time.sleep(0.05)

    home.prepare()
    read_end, write_end = os.pipe()
    if os.fork():
        os.close(write_end)
        with os.fdopen(read_end, encoding="utf-8") as report:
            said = report.read()
        if said != "ready":
            raise EmbeddedError(said or f"The keeper of the embedded servers ended early; see {home.path}/keeper.log.")
        return

    os.setsid()  # ctrl-C in the terminal is for the command, not for the database under it
    os.close(read_end)
    os.chdir("/")
    os.umask(0o077)
    _log_to(home.path / "keeper.log")
    keeper = Keeper(home, fast=fast)
    status = 0
    try:
        with os.fdopen(write_end, "w", encoding="utf-8") as report:
            try:
                keeper.start()
                report.write("ready")
            except Exception as error:
                report.write(str(error))
                raise
        keeper.serve()
    except Exception:
        traceback.print_exc()  # into the log: nobody waits for this process any more
        status = 1
    finally:
        keeper.stop()
        if throw_away:
            _remove(home)
            shutil.rmtree(home.path, ignore_errors=True)
        os._exit(status)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _log_to(path: Path) -> None:
    """Send what this process and its children say to `path`, begun anew when it has grown large."""
    large = path.exists() and path.stat().st_size > LARGE_LOG
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if large else 0), 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(nothing)
    os.close(log)


class Keeper:
    """Greets those who use the servers, and stops these when the last one is gone."""

    def __init__(self, home: Home, *, fast: bool) -> None:
        self.home = home
        self.engines = Engines(home, fast=fast)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.leaving = False

    def start(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._leave)
        self.engines.start()
        self.home.keeper.unlink(missing_ok=True)  # left by a keeper that was killed; the lock says that none is alive
        self.listener.bind(str(self.home.keeper))
        self.home.keeper.chmod(0o600)
        self.listener.listen(64)

    def _leave(self, *_: object) -> None:
        self.leaving = True

    def serve(self) -> None:
        """Greet those who come, and return when the last one is gone or the keeper was told to leave."""
        greeting = json.dumps(self.home.urls()).encode() + b"\n"
        users: set[socket.socket] = set()
        alone_until = time.monotonic() + FIRST_USER_LIMIT
        with selectors.DefaultSelector() as selector:
            selector.register(self.listener, selectors.EVENT_READ)
            while not self.leaving and (users or time.monotonic() < alone_until):
                for key, _ in selector.select(timeout=0.25):
                    if key.fileobj is self.listener:
                        user, _address = self.listener.accept()
                        with suppress(OSError):
                            user.sendall(greeting)
                        selector.register(user, selectors.EVENT_READ)
                        users.add(user)
                    elif isinstance(key.fileobj, socket.socket) and not _still_there(key.fileobj):
                        selector.unregister(key.fileobj)
                        users.discard(key.fileobj)
                        key.fileobj.close()
                        alone_until = time.monotonic() + LINGER
                self.engines.look()

    def stop(self) -> None:
        if self.listener.getsockname():  # ours is bound: nobody new comes from here on
            self.home.keeper.unlink(missing_ok=True)
        self.listener.close()
        self.engines.stop()


def _still_there(user: socket.socket) -> bool:
    try:
        return bool(user.recv(4096))
    except OSError:
        return False


def _remove(home: Home) -> None:
    """Remove what we made in the data folder, but for the lock: somebody may be waiting for it."""
    for folder in (*(home.path / name for name in ("postgres", "postgres.new", "valkey", "software")), home.sockets):
        shutil.rmtree(folder, ignore_errors=True)
    for name in ("password", "password.once", "keeper.log", "postgres.log", "valkey.log"):
        (home.path / name).unlink(missing_ok=True)
    if home.runtime != home.path:
        shutil.rmtree(home.runtime, ignore_errors=True)


def reset(home: Home) -> None:
    """Remove the data. Raises EmbeddedError while somebody uses it."""
    if not home.path.exists():
        return
    lock = home.lock()
    deadline = time.monotonic() + LINGER + STOP_LIMIT
    while not _locked(lock):
        if time.monotonic() > deadline:
            raise EmbeddedError(f"The servers on {home.path} are in use: stop what runs on them, then try again.")
        time.sleep(0.1)
    _remove(home)
