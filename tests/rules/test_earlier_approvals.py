"""A spreadsheet of earlier approvals, read line by line, and judged."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress
from datetime import date
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.rules import earlier_approvals
from gatekeeper.rules.earlier_approvals import (
    REASONS,
    Holder,
    Line,
    Sheet,
    Unreadable,
    Verdict,
    judge,
    read,
)

TODAY = date(2026, 3, 1)
HEAD = "name,date,approver,terms\n"


def sheet(text: str | bytes, *, encoding: str = "utf-8", size: int = 7) -> Sheet:
    """The sheet of a text that comes a few bytes at a time."""
    given_bytes = text.encode(encoding) if isinstance(text, str) else text
    return read((given_bytes[at : at + size] for at in range(0, len(given_bytes), size)), today=TODAY)


def lines(text: str | bytes, **how: object) -> list[Line]:
    """Its lines."""
    return list(sheet(text, **how).lines())  # type: ignore[arg-type]


def why(text: str) -> list[str]:
    """The reasons of its lines."""
    return [line.reason for line in lines(HEAD + text)]


def unreadable(text: str | bytes, **how: object) -> str:
    """The code of the refusal of the whole file."""
    with pytest.raises(Unreadable) as caught:
        lines(text, **how)
    return caught.value.refusal.code


def test_it_reads_a_plain_file() -> None:
    """Name, day, approver and terms, with the number of the line."""
    [line] = lines(HEAD + 'ha-nguyen,2025-11-03,"Lee, Ana",Licence v1\n')
    assert line == Line(2, "ha-nguyen", date(2025, 11, 3), "Lee, Ana", "Licence v1")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_it_reads_what_spreadsheets_write(encoding: str, separator: str, end: str) -> None:
    """Each encoding, each separator, each end of a line; a character may be cut in two on the way."""
    rows = [["Hub name", "Approved on", "Approved by"], ["@hà".replace("à", "a"), "3.11.2025", "Nguyễn Thị Hà"]]
    text = end.join(separator.join(row) for row in rows) + end
    [line] = lines(text, encoding=encoding, size=3)
    assert line == Line(2, "ha", date(2025, 11, 3), "Nguyễn Thị Hà")


def test_it_takes_the_separator_that_is_announced() -> None:
    """Excel's own first line."""
    [line] = lines("sep=;\nname;date;approver\nha;2025-11-03;Ana\n")
    assert (line.number, line.hub_name, line.approver) == (3, "ha", "Ana")


def test_it_knows_columns_by_several_names_and_says_which_it_leaves_out() -> None:
    """In both languages, in any order; a column without a heading is none."""
    read_sheet = sheet("Notes,Approuvé le,Nom,,Approuvé par\nx,2025-11-03,ha,,Ana\n")
    [line] = read_sheet.lines()
    assert (line.hub_name, line.approver, line.terms) == ("ha", "Ana", "")
    assert read_sheet.ignored == ["Notes"]


@pytest.mark.parametrize(
    "written",
    [
        "@ha-nguyen",
        " ha-nguyen ",
        "https://huggingface.co/ha-nguyen/",
        "hf.co/ha-nguyen",
        "'ha-nguyen",
        "ha\u200b-nguyen",
    ],
)
def test_it_normalises_names(written: str) -> None:
    """However somebody wrote one down."""
    assert lines(f"{HEAD}{written},2025-11-03,Ana,\n")[0].hub_name == "ha-nguyen"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",2025-11-03,Ana,", "name_missing"),
        ("=cmd|' /C calc'!A0,2025-11-03,Ana,", "name_malformed"),
        ("a b,2025-11-03,Ana,", "name_malformed"),
        ("ha@example.org,2025-11-03,Ana,", "name_malformed"),
        (f"{'x' * 97},2025-11-03,Ana,", "name_malformed"),
        ("ha,,Ana,", "date_missing"),
        ("ha,03/04/2025,Ana,", "date_unknown"),
        ("ha,2025-02-30,Ana,", "date_unknown"),
        ("ha,45123,Ana,", "date_unknown"),
        ("ha,yesterday,Ana,", "date_unknown"),
        ("ha,1899-12-31,Ana,", "date_unknown"),
        ("ha,2026-03-03,Ana,", "date_ahead"),
        ("ha,2025-11-03,,", "approver_missing"),
        (f"ha,2025-11-03,{'x' * 201},", "too_long"),
        (f"ha,2025-11-03,Ana,{'x' * 501}", "too_long"),
        ("ha,2025-11-03,A\x00na,", "unreadable"),
        ("ha,2025-11-03,Ana,v1,and more", "too_many_cells"),
        ("ha,2026-03-02,Ana,", ""),
        ("ha,2025/11/03,Ana,", ""),
        ("ha,2025-11-03T12:30:00Z,Ana,", ""),
        ("ha,2025-11-03,=1+1,=HYPERLINK(1)", ""),
    ],
)
def test_it_refuses_a_line_at_its_number(row: str, reason: str) -> None:
    """And reads the others."""
    first, second = lines(f"{HEAD}{row}\nother,2025-11-03,Ana,\n")
    assert (first.number, first.reason) == (2, reason)
    assert (second.number, second.reason) == (3, "")
    assert reason in REASONS


def test_it_refuses_a_name_that_comes_twice() -> None:
    """Names on the Hub ignore case. The first line stands."""
    assert why("Ha,2025-11-03,Ana,\nha,2025-11-04,Ana,\n") == ["", "duplicate"]


def test_it_keeps_words_in_one_line() -> None:
    """Also where a cell holds several."""
    [line] = lines(HEAD + 'ha,2025-11-03,"Ana\n  Lee","v1\tof 2025"\n')
    assert (line.approver, line.terms) == ("Ana Lee", "v1 of 2025")


def test_numbers_are_those_of_the_file() -> None:
    """With empty lines, and cells of several lines, between."""
    found = lines(HEAD + '\n"a",2025-11-03,"Ana\nLee",\n\nb,2025-11-03,Ana,\n')
    assert [line.number for line in found] == [3, 6]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "file_empty"),
        (b"\n\n", "file_empty"),
        (b"\xef\xbb\xbf", "file_empty"),
        (b"PK\x03\x04\x99\x99\xff", "file_not_text"),
        ("name,date,approver\nß,".encode("latin-1"), "file_not_text"),
        ("who,when\nha,2025-11-03\n", "columns_missing"),
        ("name,user,date,approver\n", "column_twice"),
        (HEAD + 'ha,2025-11-03,"Ana,\nother,2025-11-03,Ana,\n', "line_unreadable"),
    ],
)
def test_it_refuses_a_file_whose_lines_cannot_be_told_apart(text: str | bytes, code: str) -> None:
    """Nothing is guessed."""
    assert unreadable(text) == code


def test_it_stops_at_too_many_lines_and_holds_few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read as it comes: neither time nor memory grows with what nobody takes."""
    monkeypatch.setattr(earlier_approvals, "MOST_LINES", 4_000)
    rows = (b"name-%d,2025-11-03,Ana,v1\n" % number for number in range(12_000))
    tracemalloc.start()
    with pytest.raises(Unreadable) as caught:
        for _line in read(chain([HEAD.encode()], rows), today=TODAY).lines():
            pass
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.refusal.code == "too_many_lines"
    assert peak < 2**20, "holding all lines takes more"
    assert next(rows).startswith(b"name-4"), "the rest was read as well"


@given(st.binary(max_size=400))
def test_it_reads_or_refuses_whatever_comes(noise: bytes) -> None:
    """And raises nothing of its own."""
    for text in (noise, HEAD.encode() + noise):
        with suppress(Unreadable):
            found = lines(text)
            assert all(line.reason in REASONS for line in found)
            assert all("\x00" not in f"{line.hub_name}{line.approver}{line.terms}" for line in found)


SURE = {"proven": True}


@pytest.mark.parametrize(
    ("about", "stage_open", "places", "verdict", "reason"),
    [
        ({}, True, None, Verdict.WAITS, "sign_in"),
        (SURE, True, None, Verdict.GRANT, ""),
        (SURE, True, 1, Verdict.GRANT, ""),
        (SURE, True, 0, Verdict.WAITS, "stage_full"),
        (SURE, False, None, Verdict.WAITS, "stage_not_open"),
        ({**SURE, "holds_grant": True}, False, 0, Verdict.HAS_GRANT, ""),
        ({**SURE, "open_case": True}, True, None, Verdict.JOINS, ""),
        ({**SURE, "turned_away": "denied_before"}, True, None, Verdict.REFUSED, "denied_before"),
        ({**SURE, "turned_away": "revoked_before", "holds_grant": True}, True, None, Verdict.HAS_GRANT, ""),
        ({**SURE, "own": True}, True, None, Verdict.REFUSED, "own"),
        ({"own": True}, True, None, Verdict.REFUSED, "own"),
        ({**SURE, "contested": True}, True, None, Verdict.REFUSED, "name_changed_hands"),
        ({"holds_grant": True}, True, None, Verdict.WAITS, "sign_in"),
    ],
)
def test_it_judges_by_what_is_known(
    about: dict[str, object], stage_open: bool, places: int | None, verdict: Verdict, reason: str
) -> None:
    """A grant only for somebody proven, at an open stage with a place, whom nobody has turned away here."""
    assert judge(Holder(**about), stage_open=stage_open, places_left=places) == (verdict, reason)  # type: ignore[arg-type]
