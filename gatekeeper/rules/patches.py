"""Differences as git writes them: which files one is about, and a file as it was before. It only reads text.

Lines are counted, as the header of each hunk says: what stands inside a file is never taken for a header.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

FILE = re.compile(r"diff --git a/(.+) b/(.+)")
MOVED = re.compile(r"(?:rename|copy) (?:from|to) (.+)")
HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
NO_NEWLINE = "\\"


class Unreadable(Exception):
    """A text that is no difference as git writes it, or one that does not fit the file."""


@dataclass(slots=True)
class Hunk:
    """Lines from one place: where they stand in the new file (1 is the first), and the old and new ones with ends."""

    start: int
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Patch:
    """What a difference says of one file; no hunks where only its name or its bytes changed."""

    hunks: list[Hunk] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def read(diff: str) -> dict[str, Patch]:
    """Return the patches by path; one of a file that was moved stands under both names. Raises Unreadable."""
    found: dict[str, Patch] = {}
    lines = iter(diff.split("\n"))
    patch: Patch | None = None
    for line in lines:
        if line.startswith("diff --git "):
            patch = Patch()
            if header := FILE.fullmatch(
                line
            ):  # a name in quotes, with characters of its own, is none that is asked for
                found[header[1]] = found[header[2]] = patch
        elif patch is not None and (moved := MOVED.fullmatch(line)):
            found[moved[1]] = patch
        elif patch is not None and (place := HUNK.match(line)):
            patch.lines.append(line)
            patch.hunks.append(_hunk(lines, patch, place))
        elif line.startswith(NO_NEWLINE) and patch is not None and patch.hunks:
            _without_newline(patch)
        elif patch is None and line:
            raise Unreadable
    return found


def _hunk(lines: Iterator[str], patch: Patch, place: re.Match[str]) -> Hunk:
    """Read as many lines as the header of a hunk says."""
    old, new = int(place[1] or 1), int(place[3] or 1)
    hunk = Hunk(int(place[2]))
    while old or new:
        line = next(lines, None)
        if line is None:
            raise Unreadable
        patch.lines.append(line)
        mark, words = line[:1], line[1:] + "\n"
        if mark == NO_NEWLINE:
            _cut(hunk, patch.lines[-2])
            continue
        if mark not in ("", " ", "-", "+"):
            raise Unreadable
        if mark != "+":
            hunk.old.append(words)
            old -= 1
        if mark != "-":
            hunk.new.append(words)
            new -= 1
        if old < 0 or new < 0:
            raise Unreadable
    return hunk


def _without_newline(patch: Patch) -> None:
    """Take the end off the last line of a hunk that was read: the mark for that comes after it."""
    _cut(patch.hunks[-1], patch.lines[-1])
    patch.lines.append("\\ No newline at end of file")


def _cut(hunk: Hunk, line: str) -> None:
    for mark, side in (("+", hunk.old), ("-", hunk.new)):
        if not line.startswith(mark) and side:
            side[-1] = side[-1].removesuffix("\n")


def before(after: str, patch: Patch) -> str:
    """Return a file as it was before a patch, from how it is after it. Raises Unreadable where the two do not fit."""
    lines = _lines(after)
    whole: list[str] = []
    at = 0
    for hunk in patch.hunks:
        begin = hunk.start - 1 if hunk.new else hunk.start
        if begin < at or lines[begin : begin + len(hunk.new)] != hunk.new:
            raise Unreadable
        whole += lines[at:begin] + hunk.old
        at = begin + len(hunk.new)
    return "".join(whole + lines[at:])


def _lines(text: str) -> list[str]:
    """Return the lines of a text as git tells them apart, each with its end."""
    *whole, rest = text.split("\n")
    return [f"{line}\n" for line in whole] + ([rest] if rest else [])
