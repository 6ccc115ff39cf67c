"""Draw the step tables into the README, or say whether the picture there is the tables' own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gatekeeper.rules.lifecycle import picture

BEGIN, END = "<!-- lifecycle:begin -->", "<!-- lifecycle:end -->"


class Command(BaseCommand):
    """Run it after a change of rules/lifecycle.py; CI runs it with --check."""

    help = "Write the picture of the lifecycles between its two marks in a file, or check that it is up to date."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """--check FILE compares; --write FILE draws; neither prints the picture."""
        either = parser.add_mutually_exclusive_group()
        either.add_argument("--check", metavar="FILE", type=Path, help="fail if the picture in FILE is not up to date")
        either.add_argument("--write", metavar="FILE", type=Path, help="write the picture into FILE")

    def handle(self, *args: Any, check: Path | None, write: Path | None, **options: Any) -> None:
        """Raise CommandError for a file without marks, and for a picture that differs."""
        file = check or write
        if file is None:
            self.stdout.write(picture())
            return
        before = self.read(file)
        after = drawn(before)
        if after is None:
            raise CommandError(f"{file} has no line {BEGIN} with a line {END} after it.")
        if write is not None:
            write.write_text(after, encoding="utf-8")
            self.stdout.write(f"The picture in {file} is up to date.")
        elif after != before:
            raise CommandError(
                f"The picture in {file} is not that of the tables: run manage.py lifecycle --write {file}."
            )

    def read(self, file: Path) -> str:
        """Return the text of the file. Raises CommandError."""
        try:
            return file.read_text(encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{file} cannot be read.") from error


def drawn(text: str) -> str | None:
    """Return the text with the picture between its marks, or None if a mark is missing."""
    before, begin, rest = text.partition(BEGIN)
    _old, end, after = rest.partition(END)
    return f"{before}{begin}\n\n{picture()}\n\n{end}{after}" if begin and end else None
