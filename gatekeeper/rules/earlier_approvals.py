"""Earlier approvals as a spreadsheet holds them: read line by line, and judged for what would become of each.

Reading is streamed and bounded; a line that cannot be taken is refused at its number, with a reason from REASONS. A
file as a whole is refused (Unreadable) where its lines cannot be told apart.
"""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from . import hub_names
from .refusals import Refusal
from .refusals import gettext_noop as _


class Verdict(StrEnum):
    """What becomes of a line, or would."""

    GRANT = "grant"
    HAS_GRANT = "has_grant"
    WAITS = "waits"
    JOINS = "joins"
    REFUSED = "refused"


REASONS: dict[str, str] = {
    # Refused as it is read
    "name_missing": _("There is no Hub name."),
    "name_malformed": _("This is no name that the Hub gives out."),
    "duplicate": _("This name stands on an earlier line already."),
    "date_missing": _("There is no date of approval."),
    "date_unknown": _("This date cannot be read for certain. Write it as 2024-03-31."),
    "date_ahead": _("This date has not come yet."),
    "approver_missing": _("It does not say who approved."),
    "too_long": _("A text of this line is too long."),
    "unreadable": _("A text of this line holds a character that no text can have."),
    "too_many_cells": _("This line has more cells than the first one; perhaps a comma stands without quotation marks."),
    # Refused for what is known here
    "own": _("This is the name of somebody who brings the list in: nobody approves themselves."),
    "name_changed_hands": _("More than one account of the Hub has had this name, so it does not say who was approved."),
    "denied_before": _("This person was denied finally here. An import does not undo that."),
    "revoked_before": _("This person’s access was revoked here. An import does not undo that."),
    # Waits
    "sign_in": _("Until the holder of the name signs in, or the Hub’s own lists show them."),
    "stage_not_open": _("Until the stage is open: only then grants are made."),
    "stage_full": _("Until there is a place: every place of the stage is taken."),
    "": "",
}

COLUMNS: dict[str, tuple[str, ...]] = {
    "name": (
        *("name", "hub name", "hub username", "username", "user name", "user", "hub user", "hf username", "account"),
        *("huggingface", "hugging face", "nom", "nom hub", "utilisateur", "nom d'utilisateur", "compte"),
    ),
    "date": (
        *("date", "approved", "approved on", "approval date", "date of approval", "decided on", "date approved"),
        *("approuvé le", "date d'approbation"),
    ),
    "approver": ("approver", "approved by", "by", "decided by", "approbateur", "approuvé par"),
    "terms": ("terms", "licence", "license", "terms version", "licence version", "license version", "termes"),
}
REQUIRED = ("name", "date", "approver")
LONGEST = {"approver": 200, "terms": 500}
MOST_LINES = 20_000
MOST_COLUMNS = 50
SEPARATORS = (",", ";", "\t")
OLDEST = date(2000, 1, 1)

ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?)?")
DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


class Unreadable(Exception):
    """The file as a whole cannot be taken. `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was read; `reason` is why it is refused, or empty."""

    number: int
    hub_name: str
    approved_on: date | None = None
    approver: str = ""
    terms: str = ""
    reason: str = ""


@dataclass(slots=True)
class Sheet:
    """A spreadsheet being read: its lines come once, and what was found of its columns is there after the first."""

    rows: Iterator[tuple[int, list[str]]]
    today: date
    columns: dict[str, int] = field(default_factory=dict)
    width: int = 0
    ignored: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[Line]:
        """Yield the lines, in order. Raises Unreadable."""
        named: set[str] = set()
        for count, (number, cells) in enumerate(self.rows):
            if not self.columns:
                self._read_heading(cells)
            elif count > MOST_LINES:
                raise Unreadable(
                    Refusal("too_many_lines", _("A file holds at most %(most)s lines."), {"most": MOST_LINES})
                )
            else:
                yield self._line(number, cells, named)
        if not self.columns:
            raise Unreadable(Refusal("file_empty", _("The file is empty.")))

    def _read_heading(self, cells: list[str]) -> None:
        for place, cell in enumerate(cells[:MOST_COLUMNS]):
            heading = re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFKC", cell)).strip().casefold()
            meant = next((column for column, names in COLUMNS.items() if heading in names), None)
            if meant is None:
                if cell.strip():
                    self.ignored.append(_shortened(cell, 60))
            elif meant in self.columns:
                raise Unreadable(Refusal("column_twice", _("Two columns could be the %(column)s."), {"column": meant}))
            else:
                self.columns[meant] = place
        missing = [column for column in REQUIRED if column not in self.columns]
        if missing:
            said = _("The first line has to name the columns; there is none for: %(columns)s.")
            raise Unreadable(Refusal("columns_missing", said, {"columns": ", ".join(missing)}))
        self.width = len(cells)

    def _line(self, number: int, cells: list[str], named: set[str]) -> Line:
        given = {name: cells[place].strip() if place < len(cells) else "" for name, place in self.columns.items()}
        name = hub_names.normalised(given["name"])
        shown = name or _shortened(given["name"], 200)
        if any(cell.strip() for cell in cells[self.width :]):
            return Line(number, shown, reason="too_many_cells")
        if name is None:
            return Line(number, shown, reason="name_malformed" if shown else "name_missing")
        if hub_names.key(name) in named:
            return Line(number, name, reason="duplicate")
        named.add(hub_names.key(name))
        texts = {column: _text(given.get(column, "")) for column in LONGEST}
        if None in texts.values():
            return Line(number, name, reason="unreadable")
        approver, terms = texts["approver"] or "", texts["terms"] or ""
        if len(approver) > LONGEST["approver"] or len(terms) > LONGEST["terms"]:
            return Line(number, name, reason="too_long")
        if not approver:
            return Line(number, name, terms=terms, reason="approver_missing")
        day, wrong = _day(given["date"], self.today)
        return Line(number, name, day, approver, terms, reason=wrong)


def read(chunks: Iterable[bytes], *, today: date) -> Sheet:
    """Return the sheet that these bytes hold: UTF-8 or UTF-16, with commas, semicolons or tabs between the cells."""
    return Sheet(_cells(_text_lines(chunks)), today)


def _text_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of the text, each with its end. Raises Unreadable where it is no text."""
    decoder, kept = None, ""
    try:
        for chunk in chunks:
            if decoder is None:
                utf16 = chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
                known = codecs.getincrementaldecoder("utf-16" if utf16 else "utf-8-sig")()
                decoder = io.IncrementalNewlineDecoder(known, translate=True)
            *whole, kept = (kept + decoder.decode(chunk)).split("\n")
            for line in whole:
                yield line + "\n"
        if decoder is not None:
            kept += decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise Unreadable(
            Refusal("file_not_text", _("The file is no text in UTF-8. Save it as “CSV UTF-8”."))
        ) from error
    if kept:
        yield kept


def _cells(lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line of each row, and its cells; rows without anything are left out."""
    first, separator, begun = "", "", 1
    for first in lines:
        if first.strip().lower().startswith("sep=") and not separator:  # what spreadsheets write of their own
            separator, begun = first.strip()[4:5] or ",", 2
            continue
        break
    if not separator:
        separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(_again(first, lines), delimiter=separator, strict=True)
    number = begun
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            said = _("Line %(line)s cannot be read: perhaps a quotation mark is not closed.")
            raise Unreadable(Refusal("line_unreadable", said, {"line": number})) from error
        if any(cell.strip() for cell in cells):
            yield number, cells
        number = begun + reader.line_num


def _again(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


def _text(cell: str) -> str | None:
    """Return a text in one line, or None if it holds what no text can hold."""
    words = " ".join(unicodedata.normalize("NFC", cell).split())
    return None if any(unicodedata.category(each) in ("Cc", "Cs") for each in words) else words


def _shortened(cell: str, longest: int) -> str:
    """Return what can be shown of a cell that could not be taken."""
    return "".join(each for each in " ".join(cell.split()) if unicodedata.category(each) not in ("Cc", "Cs"))[:longest]


def _day(cell: str, today: date) -> tuple[date | None, str]:
    if not cell:
        return None, "date_missing"
    iso, dotted = ISO.fullmatch(cell), DOTTED.fullmatch(cell)
    try:
        if iso:
            day = date(int(iso[1]), int(iso[3]), int(iso[4]))
        elif dotted:
            day = date(int(dotted[3]), int(dotted[2]), int(dotted[1]))
        else:
            return None, "date_unknown"
    except ValueError:
        return None, "date_unknown"
    if day < OLDEST:
        return None, "date_unknown"
    # Somewhere it may be tomorrow already.
    return (day, "") if day <= today + timedelta(days=1) else (None, "date_ahead")


@dataclass(frozen=True, slots=True)
class Holder:
    """What is known of the account that has a name; every default is the cautious one.

    `proven`: by sign-in, or seen in the Hub's own lists, under this name on the day of the approval or later.
    """

    proven: bool = False
    contested: bool = False
    own: bool = False
    holds_grant: bool = False
    open_case: bool = False
    turned_away: str = ""


def judge(holder: Holder, *, stage_open: bool, places_left: int | None) -> tuple[Verdict, str]:
    """Return what becomes of a line about this holder, and the reason. `places_left` None: as many as come."""
    if holder.own or holder.contested:
        return Verdict.REFUSED, "own" if holder.own else "name_changed_hands"
    if not holder.proven:
        return Verdict.WAITS, "sign_in"
    if holder.holds_grant:
        return Verdict.HAS_GRANT, ""
    if holder.open_case:
        return Verdict.JOINS, ""
    if holder.turned_away:
        return Verdict.REFUSED, holder.turned_away
    if not stage_open:
        return Verdict.WAITS, "stage_not_open"
    if places_left is not None and places_left <= 0:
        return Verdict.WAITS, "stage_full"
    return Verdict.GRANT, ""
