"""The files an installation is started with: an environment file, and secrets each in a file of its own.

Nothing that is there is replaced unless somebody agreed to it.
"""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError

MAKE_SECRETS = settings.BASE_DIR / "docs" / "deploy" / "make-secrets"
# The settings that docker-compose.yml and an environment file read out of files, and the names of these.
IN_FILES = {
    "SECRET_KEY": "secret_key",
    "GATEKEEPER_ENCRYPTION_KEYS": "encryption_keys",
    "GATEKEEPER_SIGNING_KEY": "signing_key",
    "HUB_OAUTH_CLIENT_SECRET": "hub_oauth_client_secret",
    "EMAIL_URL": "email_url",
    "DATABASE_URL": "database_url",
    "REDIS_URL": "redis_url",
}
PLAIN = re.compile(r"[\w@%+=:,./-]+")
HEAD = """# Written by manage.py go_live. docker compose reads it by itself where it is called .env; for anything else:
#   set -a; . ./.env; set +a        or, for systemd, EnvironmentFile=
# It holds no secret: those stand in the files that it names.
"""

Agrees = Callable[[str], bool]


def refuse_what_stays(file: Path, secrets_in: Path, secrets_given: Mapping[str, str], agrees: Agrees) -> None:
    """Ask about each file that is there and would be replaced. Raises CommandError for one that is to stay.

    It is asked before anything is written, so that a refusal leaves everything as it was.
    """
    for name, value in secrets_given.items():
        there = _text_of(secrets_in / name)
        if there not in ("", value) and not agrees(f"{secrets_in / name} holds another value. Replace it?"):
            raise CommandError(f"{secrets_in / name} holds another value, and stays. Nothing was written.")
    if _text_of(file) and not agrees(f"{file} is there. Replace it?"):
        raise CommandError(f"{file} is there, and stays. Name another with --to, or agree with --replace.")


def keep_secrets(folder: Path, values: Mapping[str, str]) -> None:
    """Put secrets into files of their own. Raises CommandError where that cannot be done."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)  # it may have been there, and open
    except OSError as failed:
        raise CommandError(f"{folder} could not be made: {failed.strerror}.") from failed
    for name, value in values.items():
        if _text_of(folder / name) != value:
            # Containers read it as accounts of their own; the folder is closed to all others.
            _replace(folder / name, value, 0o444)


def make_secrets(folder: Path) -> None:
    """Make the secrets that are missing. Raises CommandError where the script that makes them cannot run."""
    if not MAKE_SECRETS.exists():
        raise CommandError("docs/deploy/make-secrets is not here: run this from a whole copy of the project.")
    done = subprocess.run([MAKE_SECRETS, folder], capture_output=True, text=True, check=False)  # noqa: S603  # our own
    if done.returncode:
        raise CommandError(f"The secrets could not be made: {done.stderr.strip()}")


def write_environment(file: Path, values: Mapping[str, str]) -> None:
    """Write an environment file that its owner alone can read. Raises CommandError where that cannot be done."""
    lines = [f"{name}={value}" if PLAIN.fullmatch(value) else f"{name}='{value}'" for name, value in values.items()]
    _replace(file, HEAD + "\n".join(lines) + "\n", 0o600)


def named_in(folder: Path) -> dict[str, str]:
    """Return NAME_FILE for each setting that stands in a file of this folder and is not empty."""
    found = {}
    for setting, name in IN_FILES.items():
        file = (folder / name).absolute()
        if file.exists() and file.stat().st_size:
            found[f"{setting}_FILE"] = str(file)
    return found


def what_is_wrong(values: Mapping[str, str]) -> str:
    """Read the settings from these values and nothing else of this environment; return what stops the start, or ""."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", "import gatekeeper.settings"],
        env=kept | dict(values), capture_output=True, text=True, check=False, cwd=settings.BASE_DIR,
    )  # fmt: skip
    return done.stderr.strip() if done.returncode else ""


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError):
        raise CommandError(f"{file} is there and cannot be read. Nothing was written.") from None


def _replace(file: Path, text: str, mode: int) -> None:
    """Write a file in one piece: whoever reads it meanwhile finds the old one or the new one."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
        draft.chmod(mode)
        draft.replace(file)
    except OSError as failed:
        draft.unlink(missing_ok=True)
        raise CommandError(f"{file} could not be written: {failed.strerror}.") from failed
