"""Where the servers of one data folder keep what is theirs, and who may reach it."""

import hashlib
import os
import pwd
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parents[2]
NAME = "gatekeeper"  # of the database and of its role
SOCKET_LIMIT = 103  # bytes of a unix socket's path: 107 on Linux, 103 on macOS


class EmbeddedError(RuntimeError):
    """The embedded servers can't be had; the message says why and what to do."""


def data_folder() -> Path:
    """Return the servers' folder: `servers` in GATEKEEPER_DATA, else in the project's `.data`.

    PostgreSQL refuses to run as root, and the account that it then runs as can enter neither a clone in root's home nor
    a data folder that holds keys: for root the servers' folder lies in /var/lib, named after the data folder's path.
    """
    data = Path(os.environ.get("GATEKEEPER_DATA") or PROJECT / ".data").absolute()
    return Path("/var/lib") / f"gatekeeper-{_digest(data)}" if os.geteuid() == 0 else data / "servers"


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
        return Path("/tmp") / f"gk-{os.geteuid()}-{_digest(self.path)}"  # noqa: S108  made 0700 and checked by own_folder

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
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.path.is_dir() and not (self.path / "lock").exists() and any(self.path.iterdir()):
            raise EmbeddedError(
                f"{self.path} holds other files, and would be closed to others. Name a folder of its own."
            )
        # In root's folder the servers' account may pass, by name, to what is its own; it can't list or change anything.
        own_folder(self.path, 0o711 if os.geteuid() == 0 else 0o700, os.geteuid(), os.getegid())
        return os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def prepare(self) -> None:
        """Make the folders, or check that those found are ours and closed to others. Called under the lock."""
        account = Account.for_servers()
        own_folder(self.runtime, 0o711 if account.is_another else 0o700, os.geteuid(), os.getegid())
        if account.is_another:
            for folder in (*self.path.parents, *self.runtime.parents):
                if not folder.stat().st_mode & stat.S_IXOTH:
                    raise EmbeddedError(
                        f"PostgreSQL can't run as root, and the account it runs as instead may not enter {folder}, "
                        f"where {self.path} lies. Name a folder under open ones."
                    )
        for folder in (self.sockets, self.valkey):
            own_folder(folder, 0o700, account.uid, account.gid)
        password = self.path / "password"
        if not password.exists():
            write_private(password, secrets.token_hex(24))


def own_folder(folder: Path, mode: int, uid: int, gid: int) -> None:
    """Make `folder` with exactly this mode and owner; refuse one that somebody else made, or a link in its place."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        os.chown(folder, uid, gid)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid:
        raise EmbeddedError(f"{folder} is not a folder of ours: somebody else made it. Remove it, or name another.")
    if stat.S_IMODE(found.st_mode) != mode:
        folder.chmod(mode)


def write_private(path: Path, text: str, *, uid: int = -1, gid: int = -1) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        os.fchown(file.fileno(), uid, gid)
        file.write(text)
