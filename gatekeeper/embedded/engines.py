"""Starting and stopping PostgreSQL and Valkey themselves."""

import ctypes
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from .home import NAME, Account, EmbeddedError, Home, own_folder, write_private
from .software import Software

START_LIMIT = 60.0  # seconds until both servers must answer; a first start makes the database
STOP_LIMIT = 15.0  # seconds for a clean stop before a server is killed
LARGE_LOG = 10_000_000  # bytes; a larger log is begun anew at the next start
PR_SET_PDEATHSIG = 1  # prctl(2): the signal sent to a process when its parent ends


class Engines:
    """The two servers of one folder, as children of this process."""

    def __init__(self, home: Home, *, fast: bool) -> None:
        self.home = home
        self.fast = fast
        self.account = Account.for_servers()
        self.running: list[tuple[subprocess.Popen[bytes], signal.Signals]] = []

    def start(self) -> None:
        """Start both and wait until they answer. Raises EmbeddedError with the end of the log of one that does not."""
        software = Software.found()
        if self.account.is_another:
            software = software.copied_to(self.home.path)
        if not self.home.postgres.exists():
            self._make_database(software)
        self._start_postgres(software)
        self._start_valkey(software)

    def look(self) -> None:
        """Raise EmbeddedError if one of them ended by itself."""
        for server, _stop in self.running:
            if server.poll() is not None:
                raise EmbeddedError(f"{_program(server)} ended by itself with status {server.returncode}; see its log.")

    def stop(self) -> None:
        """Stop both cleanly, so that the next start finds everything on disk."""
        for server, number in self.running:
            if server.poll() is None:
                server.send_signal(number)
        deadline = time.monotonic() + STOP_LIMIT
        for server, _number in self.running:
            try:
                server.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    def _make_database(self, software: Software) -> None:
        """Make the cluster beside its place and move it there whole: a start cut short leaves no half of one."""
        beside = self.home.path / "postgres.new"
        shutil.rmtree(beside, ignore_errors=True)
        own_folder(beside, 0o700, self.account.uid, self.account.gid)
        password = self.home.path / "password.once"
        password.unlink(missing_ok=True)
        words = (self.home.path / "password").read_text(encoding="ascii")
        write_private(password, words, uid=self.account.uid, gid=self.account.gid)
        try:
            # The built-in locale sorts alike on every machine, whatever locales the system has.
            options = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            options += ["--auth=scram-sha-256", f"--pwfile={password}", "--no-instructions", "--no-sync"]
            self._finish([software.initdb, f"--pgdata={beside}", f"--username={NAME}", *options])
        finally:
            password.unlink(missing_ok=True)
        single: list[str | Path] = [
            software.postgres,
            "--single",
            "-D",
            beside,
            *(["-F"] if self.fast else []),
            "template1",
        ]
        self._finish(single, said=f"CREATE DATABASE {NAME}\n")
        if not self.fast:
            os.sync()
        beside.rename(self.home.postgres)

    def _start_postgres(self, software: Software) -> None:
        _forget_dead(self.home.postgres / "postmaster.pid")
        _forget_dead(self.home.sockets / ".s.PGSQL.5432.lock")
        made_by = (self.home.postgres / "PG_VERSION").read_text(encoding="ascii").strip()
        if made_by != software.postgres_major:
            raise EmbeddedError(
                f"The data in {self.home.postgres} was made by PostgreSQL {made_by}, not {software.postgres_major}. "
                "Dump it with that version and load it into a new folder, or remove it with `make demo-reset`."
            )
        sockets = str(self.home.sockets).replace('"', '""')
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{sockets}"',
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "max_connections": "100",
        }
        if self.fast:
            settings |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
            settings |= {"wal_level": "minimal", "max_wal_senders": "0", "autovacuum_naptime": "1h"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command: list[str | Path] = [software.postgres, "-D", self.home.postgres, "-p", "5432", *options]
        server = self._launch(command, stop=signal.SIGINT, log="postgres.log")  # SIGINT: the fast shutdown
        _await(lambda: _postgres_is_ready(self.home, server.pid), server, self.home.path / "postgres.log")

    # ------------------------------------------------------------------ Valkey

    def _start_valkey(self, software: Software) -> None:
        self.home.valkey_socket.unlink(missing_ok=True)
        settings = {
            "--port": "0",
            "--unixsocket": str(self.home.valkey_socket),
            "--unixsocketperm": "700",
            "--dir": str(self.home.valkey),
            "--save": "" if self.fast else "300 1",  # also written at a clean stop
            "--daemonize": "no",
        }
        command: list[str | Path] = [software.valkey, *(word for pair in settings.items() for word in pair)]
        server = self._launch(command, stop=signal.SIGTERM, log="valkey.log")
        _await(lambda: _valkey_is_ready(self.home), server, self.home.path / "valkey.log")

    # ------------------------------------------------------------------ processes

    def _finish(self, command: Sequence[str | Path], *, said: str = "") -> None:
        """Run a command of PostgreSQL's to its end, as the servers' account."""
        done = subprocess.run(  # noqa: S603  programs from the wheel
            command,
            input=said,
            env=_environment(),
            cwd=self.home.sockets,
            capture_output=True,
            text=True,
            check=False,
            user=self.account.uid if self.account.is_another else None,
            group=self.account.gid if self.account.is_another else None,
            extra_groups=[] if self.account.is_another else None,
        )
        if done.returncode or "ERROR:" in done.stderr or "FATAL:" in done.stderr:
            raise EmbeddedError(
                f"PostgreSQL's {Path(command[0]).name} failed: {done.stderr.strip() or done.stdout.strip()}"
            )

    def _launch(self, command: Sequence[str | Path], *, stop: signal.Signals, log: str) -> subprocess.Popen[bytes]:
        path = self.home.path / log
        large = path.exists() and path.stat().st_size > LARGE_LOG
        with path.open("wb" if large else "ab") as output:
            server: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603  programs from the wheel
                command,
                env=_environment(),
                cwd=self.home.sockets,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=functools.partial(_stop_with_parent, stop, os.getpid()),  # safe: one thread
                user=self.account.uid if self.account.is_another else None,
                group=self.account.gid if self.account.is_another else None,
                extra_groups=[] if self.account.is_another else None,
            )
        self.running.insert(0, (server, stop))
        return server


def _stop_with_parent(number: signal.Signals, parent: int) -> None:
    """Between fork and exec: have the kernel send us `number` when the keeper ends, even by kill -9 (Linux).

    A change of user clears this, so it is asked for after the change: subprocess changes the user first.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def _environment() -> dict[str, str]:
    """What a server sees of our environment: nothing that could steer it, and none of our secrets."""
    return {"PATH": "/usr/bin:/bin", "LANG": "C", "LC_ALL": "C", "TZ": "UTC"}


def _await(is_ready: Callable[[], bool], server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while not is_ready():
        if server.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
            raise EmbeddedError(f"{_program(server)} did not start. Its log, {log}, ends: {' / '.join(last)}")
        time.sleep(0.01)


def _program(server: subprocess.Popen[bytes]) -> str:
    command = server.args
    return Path(os.fsdecode(command[0])).name if isinstance(command, list) else "A server"


def _postgres_is_ready(home: Home, pid: int) -> bool:
    """Read the eighth line of postmaster.pid, as pg_ctl does."""
    with suppress(OSError):
        lines = (home.postgres / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
    return False


def _valkey_is_ready(home: Home) -> bool:
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as talk:
        talk.settimeout(1)
        talk.connect(str(home.valkey_socket))
        talk.sendall(b"PING\r\n")
        return talk.recv(16).startswith(b"+PONG")
    return False


def _forget_dead(lock_file: Path) -> None:
    """Remove PostgreSQL's lock file where its process is gone and the number may belong to another program by now.

    PostgreSQL sees to the plain case itself. A server still stopping, because its keeper was killed, is waited for.
    """
    deadline = time.monotonic() + STOP_LIMIT
    while lock_file.exists() and sys.platform.startswith("linux"):
        pid = lock_file.read_text(encoding="utf-8").split("\n", 1)[0].strip().lstrip("-")
        name = ""
        with suppress(OSError):
            name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
        if name != "postgres":
            lock_file.unlink(missing_ok=True)
        elif time.monotonic() > deadline:
            return  # PostgreSQL says in its log what stands in the way
        else:
            time.sleep(0.05)
