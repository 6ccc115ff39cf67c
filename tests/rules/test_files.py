"""What a file is, by its bytes; its name, made harmless; and cells that no spreadsheet runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.rules.cells import FORMULA, harmless
from gatekeeper.rules.files import HEAD, JPEG, LONGEST_NAME, PDF, PNG, TEXT, ZIP, kind_of, plain_name


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7\n\x00", PDF),
        (b"\x89PNG\r\n\x1a\n\x00", PNG),
        (b"\xff\xd8\xff\xe0\x00", JPEG),
        (b"PK\x03\x04\x14\x00", ZIP),
        ("Approved by Nguyễn".encode(), TEXT),
        (b"", None),
        (b"text\x00with a zero byte", None),
        (b"\xff\xfe no UTF-8", None),
        (b"x" * 10 + "é".encode()[:1], None),
    ],
)
def test_a_file_is_what_its_first_bytes_say(head: bytes, kind: str | None) -> None:
    """And nothing where they say nothing that is taken."""
    assert kind_of(head) == kind


def test_a_character_may_be_cut_off_where_the_reading_ended() -> None:
    """A long text is still a text; the same bytes wrong earlier are not."""
    cut = b"x" * (HEAD - 2) + "€".encode()[:2]
    assert kind_of(cut) == TEXT
    assert kind_of(cut[::-1]) is None


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("board.pdf", "board.pdf"),
        ("../../etc/passwd", "passwd"),
        (r"C:\minutes\board.pdf", "board.pdf"),
        ('a"b;c\r\nd.pdf', "abcd.pdf"),
        ("\u202efdp.exe", "fdp.exe"),
        ("...", "file"),
        ("", "file"),
        ("x" * 300, "x" * LONGEST_NAME),
    ],
)
def test_a_name_holds_nothing_to_stumble_over(name: str, plain: str) -> None:
    """No folder, no control or direction sign, nothing that ends a header; and it is never empty."""
    assert plain_name(name) == plain


@given(st.text())
def test_no_cell_is_run(cell: str) -> None:
    """What begins like a formula is shown as text, all else as it is."""
    assert not harmless(cell).startswith(FORMULA)
    assert harmless(cell).removeprefix("'") == cell.removeprefix("'")
