"""Start the whole service with pretend people and a pretend Hub; with --once, walk through the main job and end."""

import signal
import time
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gatekeeper.demo import scene, town, walk
from gatekeeper.demo.processes import DemoError, Processes


class Command(BaseCommand):
    help = "Start the whole service with pretend people and a pretend Hub (--once: walk through the main job and end)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="walk through the main job, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _interrupt)
        data = Path(settings.GATEKEEPER_DATA)
        project = Path(settings.BASE_DIR)
        env = {"DATABASE_URL": settings.DATABASE_URL, "REDIS_URL": settings.REDIS_URL}
        started = time.monotonic()
        try:
            with Processes(data / "logs") as processes:
                here = town.build(processes, project=project, data=data, env=env)
                say = walk.Teller(self.stdout.write, started)
                if options["once"]:
                    walk.main_job(here, say)
                    self.stdout.write(self.style.SUCCESS(f"All of it was so, in {time.monotonic() - started:.0f} seconds."))
                    return
                walk.open_for_visitors(here, say)
                self._greet(here, data)
                while (ended := processes.ended()) is None:
                    time.sleep(0.5)
                raise DemoError(f"{ended.name} ended:\n{ended.last_lines()}")
        except DemoError as failed:
            raise CommandError(str(failed)) from failed
        except KeyboardInterrupt:
            self.stdout.write("Stopped. What you did is kept; `make demo-reset` forgets it.")

    def _greet(self, here: town.Town, data: Path) -> None:
        people = [
            (scene.STEWARD, "owns the releases"),
            (scene.REVIEWER, "reviews requests"),
            (scene.RESEARCHER, "wants access"),
            (scene.SECOND_RESEARCHER, "pressed the Hub's own button already"),
        ]
        self.stdout.write(
            f"\n  Gatekeeper    {here.web}\n  Sandbox Hub   {here.hub}\n  API           {here.web}/api/v1/docs/\n"
            f"  Logs          {data / 'logs'}\n\n  “Sign in with Hugging Face” and be\n"
        )
        for name, why in people:
            self.stdout.write(f"    {name:<12}{why}")
        self.stdout.write("\n  Ctrl-C stops everything.\n")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
