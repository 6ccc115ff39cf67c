"""What a file is, by its bytes; names and cells made harmless."""

from __future__ import annotations

import pytest

from gatekeeper.rules.cells import harmless
from gatekeeper.rules.files import HEAD, kind_of, plain_name


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\x00", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"PK\x03\x04\x14\x00", "application/zip"),
        (b"From: ana@example.org\n", "text/plain"),
        (b"<svg onload=alert(1)>", "text/plain"),
        ("é".encode() * (HEAD // 2), "text/plain"),
        (b"x" + "é".encode() * (HEAD // 2), "text/plain"),
        (b"", None),
        (b"MZ\x00\x01", None),
        (b"\x7fELF\x02", None),
        ("é".encode("latin-1"), None),
        (b"caf\xe9 " * HEAD, None),
    ],
)
def test_it_is_told_by_its_first_bytes(head: bytes, kind: str | None) -> None:
    """A character may be cut in two where the reading ended, and nowhere else."""
    assert kind_of(head[:HEAD]) == kind


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("minutes.pdf", "minutes.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ana\\minutes.pdf", "minutes.pdf"),
        ('a"b;c\r\nSet-Cookie: x.pdf', "abcSet-Cookie x.pdf"),
        ("\u202efdp.exe", "fdp.exe"),
        ("...", "file"),
        ("", "file"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_name_is_made_harmless(given: str, kept: str) -> None:
    """No folder, no end of a line, nothing that turns the writing round."""
    assert plain_name(given) == kept


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"])
def test_a_cell_that_begins_like_a_formula_is_written_as_text(cell: str) -> None:
    """Whoever opens the file runs nothing."""
    assert harmless(cell) == f"'{cell}"
    assert harmless("Ana") == "Ana"
