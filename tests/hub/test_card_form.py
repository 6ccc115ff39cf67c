"""The questions of a card are written under their key, and no other byte of the card changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.hub import card_form, card_lines, cards
from gatekeeper.hub.card_form import with_our_keys
from gatekeeper.hub.cards import CannotRead

LINK = "https://gatekeeper.example.org/releases/aurora/"
LONG = "I accept: all of it, “really”, it’s \\ and 'so' on, " * 3
FIELDS: list[list[Any]] = [
    ["Affiliation", "text"],
    [LONG.strip(), "checkbox"],
    ["Use?", {"type": "select", "options": ["yes", {"label": "Other: thing", "value": "o"}]}],
]

FORM = "extra_gated_fields:\n  Name: text\n  Use:\n    type: select\n    options:\n    - a\n    - b  # the last\n"
OLD = {
    "none": "",
    "block": FORM,
    "flow": "extra_gated_fields: {Name: text, Use: {type: select, options: [a, b]}}  # mine\n",
    "empty": "extra_gated_fields:\n",
    "explicit": "extra_gated_fields:\n  ? A long label\n  : checkbox\n",
    "quoted": "'extra_gated_fields':\n  \"Name\": 'text'\n",
    "block scalar": "extra_gated_fields:\n  Name: |\n    text\n\n",
    "text": "extra_gated_fields: nothing\n",
    "a list at its own column": "extra_gated_fields:\n- a\n- b\n",
    "in several lines": "extra_gated_fields: {\n  Name: text,\n  }\n",
}
BEFORE = "# a comment\nlicense: 'mit'   # odd  space\nextra_gated_heading: \"Ask \\u00e9\"\n"
AFTER = "\n# about the tags\ntags: [a,   b]\nextra_gated_prompt: >-\n  One\n  two\n"


@pytest.mark.parametrize("after", ["", AFTER])
@pytest.mark.parametrize("before", ["", BEFORE])
@pytest.mark.parametrize("old", OLD)
@pytest.mark.parametrize(("newline", "bom"), [("\n", b""), ("\r\n", b"\xef\xbb\xbf"), ("\r", b"")])
def test_every_other_byte_stands(old: str, before: str, after: str, newline: str, bom: bytes) -> None:
    """Comments, quoting, odd space, line ends, a byte-order mark; what was under the key is gone, and twice is once."""
    start, end = (f"---\n{before}", f"{after}---\n# Body\n---\nmore")
    text = bom + (start + OLD[old] + end).replace("\n", newline).encode()
    written = card_form.with_card_form(text, FIELDS)
    kept_start, kept_end = (bom + start.replace("\n", newline).encode(), end.replace("\n", newline).encode())
    if OLD[old]:
        kept_end = (newline if old == "block scalar" else "").encode() + kept_end
        assert written.startswith(kept_start + b"extra_gated_fields:")
        assert written.endswith(kept_end)
        assert b"the last" not in written
    else:  # it is put behind all the others
        assert written.startswith(kept_start + after.replace("\n", newline).encode() + b"extra_gated_fields:")
    assert card_form.asks(written) == FIELDS
    assert card_form.asks_so(written, FIELDS)
    assert card_form.with_card_form(written, FIELDS) == written


@pytest.mark.parametrize("text", [b"", b"# Hi\n", b"# Hi\r\nthere", b"\xef\xbb\xbf# Hi\n", b"---\n---\n", b"---\n---"])
def test_a_card_without_front_matter_gets_one(text: bytes) -> None:
    """In the newlines that it uses, behind its byte-order mark."""
    written = card_form.with_card_form(text, FIELDS)
    assert card_form.asks(written) == FIELDS
    assert written.removeprefix(cards.BOM).startswith(b"---")
    assert written.startswith(cards.BOM) is text.startswith(cards.BOM)
    if b"Hi" in text:
        assert written.endswith(text.removeprefix(cards.BOM))
        assert (b"\r\n" in written) is (b"\r\n" in text)


@pytest.mark.parametrize(
    ("front", "code"),
    [
        ("{license: mit}\n", "form_does_not_fit"),
        ("extra_gated_fields:\n  A: text\nextra_gated_fields:\n  B: text\n", "form_does_not_fit"),
        ("? extra_gated_fields\n: A: text\n", "form_does_not_fit"),
        ("  license: mit\n", "not_yaml"),
        ("license: mit\n...\n", "not_yaml"),
        ("license: mit\n<<<<<<< HEAD\n", "merge_conflict"),
        ("a: &x [1]\nb: *x\n", "alias"),
    ],
)
def test_it_writes_into_no_card_where_it_would_not_fit(front: str, code: str) -> None:
    """Rather than guess; the card stays as it is."""
    with pytest.raises(CannotRead) as caught:
        card_form.with_card_form(f"---\n{front}---\n".encode(), FIELDS)
    assert caught.value.finding["code"] == code
    assert not card_form.asks_so(f"---\n{front}---\n".encode(), FIELDS)


def test_the_two_lines_and_the_questions_go_together() -> None:
    """Both keys are ours; taking the lines out again leaves the questions."""
    text = f"---\nlicense: mit\n{FORM}---\n# Hi\n".encode()
    both = with_our_keys(text, LINK, FIELDS)
    assert cards.read(both).parts == {"description": card_lines.sentence(LINK)}
    assert card_form.asks(both) == FIELDS
    assert card_lines.without_card_lines(both) == card_form.with_card_form(text, FIELDS)
    assert with_our_keys(text, "", None) == text


@given(
    st.lists(
        st.sampled_from(
            ["license: mit", "tags: [a]", "x: |", "  text", "# note", "", "é: ü", "extra_gated_fields:", "  A: text",
             "    type: text", "extra_gated_fields: {}", "  ? B", "  : text", "- a", "'q': \"r\""]
        ),
        max_size=9,
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.text(alphabet="ab\n\r#- é", max_size=30),
    st.booleans(),
)  # fmt: skip
def test_whatever_the_card_only_the_questions_differ(front: list[str], newline: str, body: str, bom: bool) -> None:
    """For any card that can be read: one stretch of bytes is another, and it asks what it should."""
    text = cards.BOM * bom + newline.join(["---", *front, "---", ""]).encode() + body.encode()
    try:
        written = card_form.with_card_form(text, FIELDS)
    except CannotRead:
        return
    assert card_form.asks(written) == FIELDS
    begin = written.index(b"extra_gated_fields:\n".replace(b"\n", newline.encode()))
    lines = card_form._lines(FIELDS, newline.encode())  # what was put in
    assert written[begin:].startswith(lines)
    assert text.startswith(written[:begin])
    assert text.endswith(written[begin + len(lines) :])
