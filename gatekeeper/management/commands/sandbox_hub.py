"""Start a sandbox Hub: a local stand-in for the Hugging Face Hub, for the demo and the tests."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from gatekeeper.hub.sandbox import cli


class Command(BaseCommand):
    help = "Start a sandbox Hub: a local stand-in for the Hugging Face Hub, for the demo and the tests."
    # It uses nothing of the project, so nothing of the project has to be in order.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        cli.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        cli.serve(options)
