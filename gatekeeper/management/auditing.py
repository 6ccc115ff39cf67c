"""`manage.py hub audit`: asks for a token, reads a namespace, and writes a page and its JSON beside it."""

import getpass
import os
import re
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from itertools import chain, count
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import CommandError

from gatekeeper.hub.audit import document, page
from gatekeeper.hub.audit.facts import Audit
from gatekeeper.hub.audit.findings import SEVERITIES, Finding, findings
from gatekeeper.hub.audit.gather import Bounds, CannotAudit, Gathering
from gatekeeper.hub.audit.spool import Spool
from gatekeeper.hub.directory import Directory
from gatekeeper.hub.port import HubError
from gatekeeper.hub.reasons import explain

VARIABLE = "GATEKEEPER_HUB_TOKEN"
NAMESPACE = re.compile(r"[A-Za-z0-9][\w.-]{0,95}", re.ASCII)


def add_arguments(parser: ArgumentParser) -> None:
    """Take what the audit is about, and where it goes."""
    parser.add_argument("namespace", metavar="NAMESPACE", help="a person or an organisation of the Hub")
    parser.add_argument("--token-file", metavar="FILE", help=f"file of the token, - for standard input ({VARIABLE})")
    parser.add_argument("--to", metavar="DIR", type=Path, default=Path(), help="folder of the page and its JSON")
    parser.add_argument("--without-people", action="store_true", help="counts only: name nobody")
    parser.add_argument("--rows", metavar="N", type=int, default=100, help="people of each list on the page (100)")
    parser.add_argument("--commits", metavar="N", type=int, default=200, help="commits of each card to read (200)")
    parser.add_argument(
        "--language", choices=[code for code, _name in settings.LANGUAGES], default="en", help="of the page"
    )


def run(say: Callable[[str], object], tell: Callable[[str], object], **options: Any) -> None:
    """Audit a namespace. Raises CommandError for a bad token, an unknown namespace, or a folder that takes no file."""
    name = options["namespace"]
    if not NAMESPACE.fullmatch(name):
        raise CommandError("Write the namespace as in its address on the Hub, without a slash.")
    folder: Path = options["to"]
    if not folder.is_dir():
        raise CommandError(f"{folder} is no folder.")
    hub = Directory(token_of(options["token_file"], f"Hub token to read {name} with: "))
    bounds = Bounds(commits=max(options["commits"], 1), rows=max(options["rows"], 0))
    with Spool() as spool:
        gathering = Gathering(hub, tell=tell, spool=None if options["without_people"] else spool, bounds=bounds)
        try:
            audit = gathering.audit(name)
        except CannotAudit as refused:
            raise CommandError(f"{name}: {refused}") from refused
        except HubError as failed:
            raise CommandError(str(explain(failed))) from failed
        except KeyboardInterrupt:
            raise CommandError("Stopped. Nothing was written.") from None
        stem = f"{name}-audit-{audit.begun_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"  # as asked: the answer may name anything
        _keep(audit, findings(audit), _free(folder, stem), options["language"], say)


def _keep(
    audit: Audit, found: list[Finding], files: tuple[Path, Path], language: str, say: Callable[[str], object]
) -> None:
    shown, kept = files
    try:
        with written(shown) as file:
            file.write(page.page(audit, found, language=language))
        with written(kept) as file:
            document.write(audit, found, file)
    except OSError as failed:
        raise CommandError(f"The page could not be written: {failed.strerror}.") from failed
    counted = ", ".join(f"{sum(one.severity == level for one in found)} {level}" for level in SEVERITIES)
    accepted = sum(one.accepted.total for one in audit.repositories)
    waiting = sum(one.pending.total for one in audit.repositories)
    say(f"{audit.namespace.name}: {len(audit.repositories)} of {audit.seen} repositories have a gate or a form.")
    say(f"Accepted: {accepted}. Waiting: {waiting}. Findings: {counted}.")
    if audit.gaps:
        say(f"Not everything could be read ({len(audit.gaps)}); the page says what.")
    say("The page names people: see what it says about that." if audit.with_people else "The page names nobody.")
    say(f"Page: {shown}\nJSON: {kept}")


def _free(folder: Path, stem: str) -> tuple[Path, Path]:
    """Return names for a page and its JSON that nothing has yet."""
    for name in chain([stem], (f"{stem}-{number}" for number in count(2))):
        pair = folder / f"{name}.html", folder / f"{name}.json"
        if not any(path.exists() for path in pair):
            break
    return pair


def token_of(file: str | None, prompt: str) -> str:
    """Return a token from a file, from the environment, or typed unseen: never from the command line, which is kept.

    Raises CommandError where there is none.
    """
    if file == "-":
        token = sys.stdin.readline().strip()
    elif file or os.environ.get(f"{VARIABLE}_FILE"):
        token = _in_file(Path(file or os.environ[f"{VARIABLE}_FILE"]))
    else:
        token = os.environ.get(VARIABLE, "").strip()
        if not token and sys.stdin.isatty():
            token = getpass.getpass(prompt).strip()
    if not token:
        raise CommandError(f"No token. Set {VARIABLE}, or name a file with --token-file (- for standard input).")
    if not re.fullmatch(r"[\x21-\x7e]{1,400}", token):
        raise CommandError("This is no token: a token is one word.")
    return token


def _in_file(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise CommandError(f"{file} cannot be read.") from None


@contextmanager
def written(path: Path) -> Iterator[TextIO]:
    """Give a new file that only its owner can read; it has its name once it is whole. Raises OSError."""
    draft = path.with_name(f".{path.name}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
        os.link(draft, path)  # unlike a rename it never takes the place of what is there
    finally:
        draft.unlink()
