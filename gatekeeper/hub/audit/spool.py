"""Rows that are too many to hold: written to a nameless file as they come, read back once in the end."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self


class Spool:
    """A file without a name that only this process can open; it is gone with the `with` it stands in."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def put(self, row: dict[str, Any]) -> None:
        """Add a row."""
        self._file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")

    def place(self) -> int:
        """Return where the next row will stand."""
        return self._file.seek(0, 2)

    def rewind(self, place: int) -> None:
        """Forget what was put since a place."""
        self._file.seek(place)
        self._file.truncate()

    def between(self, start: int, end: int) -> Iterator[str]:
        """Yield the rows between two places, each as JSON."""
        self._file.seek(start)
        while start < end:
            line = self._file.readline()
            start += len(line)
            yield line.decode().rstrip("\n")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one repository in a spool."""

    spool: Spool
    start: int
    end: int

    def __iter__(self) -> Iterator[str]:
        return self.spool.between(self.start, self.end)
