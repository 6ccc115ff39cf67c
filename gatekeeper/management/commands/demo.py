"""Start the whole service with pretend people and a pretend Hub; with --once, walk through the main job and end."""

import secrets
import signal
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from gatekeeper.demo import scene, town, walk
from gatekeeper.demo.processes import DemoError, Processes


class Command(BaseCommand):
    help = "Start the whole service with pretend people and a pretend Hub (--once: walk through the main job and end)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="walk through the main job, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _interrupt)
        started = time.monotonic()
        try:
            if options["once"]:
                self._walk_once(started)
            else:
                self._stay(started)
        except DemoError as failed:
            raise CommandError(str(failed)) from failed
        except KeyboardInterrupt:
            self.stdout.write("Stopped. What you did is kept; `make demo-reset` forgets it.")

    def _walk_once(self, started: float) -> None:
        """Walk through the main job on a database and a folder of its own, which are gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="gatekeeper-") as folder, scratch_database() as url:
            data = Path(folder)
            with Processes(data / "logs") as processes:
                here = self._build(processes, data, {"DATABASE_URL": url, "CACHE_PREFIX": data.name})
                walk.main_job(here, walk.Teller(self.stdout.write, started))
        seconds = time.monotonic() - started
        self.stdout.write(self.style.SUCCESS(f"\nAll of it was so, in {seconds:.0f} seconds."))

    def _stay(self, started: float) -> None:
        """Run until somebody stops it, or a part of it ends."""
        data = Path(settings.GATEKEEPER_DATA)
        with Processes(data / "logs") as processes:
            here = self._build(processes, data, {"DATABASE_URL": settings.DATABASE_URL})
            walk.open_for_visitors(here, walk.Teller(self.stdout.write, started))
            self._greet(here, data)
            while (ended := processes.ended()) is None:
                time.sleep(0.5)
            raise DemoError(f"{ended.name} ended:\n{ended.last_lines()}")

    def _build(self, processes: Processes, data: Path, env: Mapping[str, str]) -> town.Town:
        given = {"REDIS_URL": settings.REDIS_URL, "GATEKEEPER_DATA": str(data), **env}
        return town.build(processes, project=Path(settings.BASE_DIR), data=data, env=given)

    def _greet(self, here: town.Town, data: Path) -> None:
        people = [
            (scene.STEWARD, "owns the releases"),
            (scene.REVIEWER, "reviews requests"),
            (scene.RESEARCHER, "wants access"),
            (scene.SECOND_RESEARCHER, "pressed the Hub's own button already"),
        ]
        self.stdout.write(
            f"\n  Gatekeeper    {here.web}\n  Sandbox Hub   {here.hub}\n  API           {here.web}/api/v1/docs/\n"
            f"  E-mails       {data / town.MAIL}  (a file for each)\n"
            f"  Logs          {data / 'logs'}\n\n  “Sign in with Hugging Face” and be\n"
        )
        for name, why in people:
            self.stdout.write(f"    {name:<12}{why}")
        self.stdout.write("\n  Ctrl-C stops everything.\n")


@contextmanager
def scratch_database() -> Iterator[str]:
    """Make an empty database on the server of the settings, give its address, and drop it in the end."""
    name = f"gatekeeper_once_{secrets.token_hex(4)}"
    with connection._nodb_cursor() as cursor:  # Django's own way to a server without one of its databases
        cursor.execute(f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}"))
    finally:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
