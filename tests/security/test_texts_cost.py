"""A licence text is shown to anybody, whoever wrote it: its page costs no more than its length."""

from __future__ import annotations

import sys
import time

import pytest

from gatekeeper.web.texts import Part, licence_parts

LONG = 1_000_000


@pytest.mark.parametrize(
    "text",
    ["# a" + " " * LONG + "b", "#" + " \t" * (LONG // 2) + "b", "# " + "# " * (LONG // 2) + "b", "# a\n" * (LONG // 4),
     "I" * LONG + "a", "\n" * LONG, "\n " * (LONG // 2) + "a", "section " * (LONG // 8),
     "a\n\n" * (LONG // 6) + "### a\n" * (LONG // 12)],
)  # fmt: skip
def test_a_licence_page_costs_no_more_than_its_text(text: str) -> None:
    """One stage with such a licence would let anybody who opens it hold a worker."""
    begun = time.process_time()
    licence_parts(text)
    assert time.process_time() - begun < (3 if sys.gettrace() is None else 15)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("# Title", Part("Title", 1)),
        ("##\tTitle ##", Part("Title", 1)),
        ("### Use of C#", Part("Use of C#", 1)),
        ("# #", Part("#", 1)),
        ("#Title", Part("#Title")),
        ("####### Title", Part("####### Title")),
        ("#", Part("#")),
    ],
)
def test_marked_lines_are_headings(line: str, part: Part) -> None:
    """As they are in Markdown."""
    assert licence_parts(line) == [part]
