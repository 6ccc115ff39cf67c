"""Cards are read safely, losing no question, and written with two lines and not a byte more."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.demo.scene import WORLD
from gatekeeper.hub import card_lines, cards
from gatekeeper.hub.cards import CannotRead
from gatekeeper.rules import hub_fields

LINK = "https://gatekeeper.example.org/releases/aurora/"


def card(front: str, body: str = "# Hi\n") -> bytes:
    """A card with this front matter."""
    return f"---\n{front}---\n{body}".encode()


def refused(text: bytes) -> tuple[str, int]:
    """The code and the line for which a card is refused."""
    with pytest.raises(CannotRead) as caught:
        cards.read(text)
    assert str(caught.value)
    return caught.value.finding["code"], caught.value.finding["line"]


def codes(text: bytes) -> list[str]:
    """What was found on a card."""
    return [finding["code"] for finding in cards.read(text).findings]


def labels(text: bytes) -> list[str]:
    """The labels of a form in order."""
    return [label for label, _spec in cards.read(text).fields]


def test_it_reads_gate_licence_and_tags() -> None:
    """Everything that the gate needs, in the order of the card."""
    text = card(
        "license: other\nlicense_name: aurora\nlicense_link: LICENSE\ntags:\n- a\n- b\n"
        "extra_gated_heading: Ask\nextra_gated_prompt: Read this\nextra_gated_button_content: Go\n"
        "extra_gated_fields:\n  Z: text\n  A: checkbox\n  Job:\n    type: select\n    options:\n"
        "    - Student\n    - label: Other\n      value: other\n"
    )
    found = cards.read(text)
    assert found.fields == (
        ("Z", "text"),
        ("A", "checkbox"),
        ("Job", {"type": "select", "options": ["Student", {"label": "Other", "value": "other"}]}),
    )
    assert found.parts == {"heading": "Ask", "prompt": "Read this", "button_content": "Go"}
    assert found.licence == {"identifier": "other", "name": "aurora", "link": "LICENSE"}
    assert found.tags == ("a", "b")
    assert found.is_gated
    assert found.gate()["fields"][0] == ["Z", "text"]


@pytest.mark.parametrize(
    "text", [b"", b"# Only text\n", b"\n\n", b"---\n---\n", b"---\n# nothing\n---\n", b"----\na: 1\n---\n"]
)
def test_a_card_without_front_matter_has_no_gate(text: bytes) -> None:
    """Nothing to read is not a fault."""
    assert cards.read(text) == cards.Card()


def test_it_reads_labels_however_they_are_written() -> None:
    """Explicit keys, several lines, links and HTML, other scripts, 300 characters and more: none is lost."""
    long = "x" * 400
    text = card(
        "extra_gated_fields:\n"
        "  ? I agree to [the terms](https://example.org) and <b>more</b>\n"
        "    over two lines\n"
        "  : checkbox\n"
        f"  ? {long}\n  : text\n"
        "  'Name / الاسم / 名前': text\n"
        "  Quốc gia: country\n"
        "  2024: text\n"
    )
    assert labels(text) == [
        "I agree to [the terms](https://example.org) and <b>more</b> over two lines",
        long,
        "Name / الاسم / 名前",
        "Quốc gia",
        "2024",
    ]


def test_it_takes_an_ip_location_wherever_it_stands() -> None:
    """Nested by mistake under another field, it takes nothing of that field with it."""
    found = cards.read(card("extra_gated_fields:\n  Country:\n    type: country\n    geo: ip_location\n"))
    brought = hub_fields.from_hub(dict(found.fields))
    assert [question["label"]["en"] for question in brought.questions] == ["Country"]
    assert "nested_field" in {refusal.code for _label, refusal in brought.findings}


def test_it_asks_a_label_once_that_stands_twice() -> None:
    """The Hub keeps one answer to a label; labels that only look alike are two."""
    text = card("extra_gated_fields:\n  Name: text\n  Name: text\n  name: text\n  'Name ': text\n")
    assert labels(text) == ["Name", "name", "Name "]
    assert codes(text) == ["label_twice"]
    assert len(hub_fields.from_hub(dict(cards.read(text).fields)).questions) == 3


def test_it_takes_the_first_of_a_key_that_stands_twice() -> None:
    """And says which line repeats it."""
    found = cards.read(card("license: mit\nlicense: other\n"))
    assert found.licence == {"identifier": "mit"}
    assert (found.findings[0]["code"], found.findings[0]["line"]) == ("key_twice", 3)


@pytest.mark.parametrize("value", ["true", '"true"', "yes", "True"])
def test_it_reads_eu_disallowed_however_it_is_said(value: str) -> None:
    """True, in quotes or not, or yes."""
    assert cards.read(card(f"extra_gated_eu_disallowed: {value}\n")).eu_disallowed
    assert not cards.read(card("extra_gated_eu_disallowed: false\n")).eu_disallowed


@pytest.mark.parametrize(
    ("label", "code"),
    [("Country of work", "asks_country"), ("E-mail", "asks_email"), ("Date of birth", "asks_date")],
)
def test_it_hints_at_a_better_kind_and_changes_nothing(label: str, code: str) -> None:
    """A text question that asks for something that could be checked is a hint for the steward."""
    text = card(f"extra_gated_fields:\n  {label}:\n    type: text\n")
    assert codes(text) == [code]
    assert cards.read(text).fields == ((label, {"type": "text"}),)


@pytest.mark.parametrize("fields", ["[a, b]", "just text", "- a"])
def test_it_leaves_out_a_form_that_is_no_list_of_questions(fields: str) -> None:
    """With the line, and the rest of the card is read."""
    text = card(f"license: mit\nextra_gated_fields:\n  {fields}\n")
    assert cards.read(text).fields == ()
    assert codes(text) == ["fields_not_a_map"]


@pytest.mark.parametrize("fields", ["", "{}", "null"])
def test_an_empty_form_is_no_finding(fields: str) -> None:
    """A form without a question is a form."""
    assert cards.read(card(f"extra_gated_fields: {fields}\n")).findings == ()


def test_it_keeps_a_prompt_that_holds_a_whole_licence() -> None:
    """60 kB of it, with Windows line ends and a byte-order mark."""
    prompt = "".join(f"  Clause {number} of the licence.\r\n" for number in range(2000))
    text = b"\xef\xbb\xbf" + f"---\r\nextra_gated_prompt: |\r\n{prompt}---\r\n# Hi\r\n".encode()
    assert len(cards.read(text).parts["prompt"]) > 50_000


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (b"---\nlicense: mit\n<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> x\n---\n", "merge_conflict", 3),
        (b"---\na: 1\n=======\n---\n", "merge_conflict", 3),
        (b"---\nlicense: mit\n# never ends\n", "no_closing_line", 1),
        (b"\n\n---\nlicense: mit\n", "no_closing_line", 3),
        (b"---\na: !!python/object:os.system x\n---\n", "tag", 2),
        (b"---\na: 1\nb: !custom x\n---\n", "tag", 3),
        (b"---\na: &x [1]\nb: *x\n---\n", "alias", 3),
        (b"---\na: " + b"[" * 30 + b"]" * 30 + b"\n---\n", "too_deep", 2),
        (b"---\na: \xff\xfe\n---\n", "not_text", 2),
        (b"---\na: b: c\n---\n", "not_yaml", 2),
        (b"---\na: 'never closed\n---\n", "not_yaml", 3),
        (b"---\na: \x07\n---\n", "not_yaml", 2),
        (b"---\n- a\n- b\n---\n", "not_a_mapping", 2),
        (b"---\na: " + b"x" * 300_001 + b"\n---\n", "too_long", 2),
        (b"---\na: 1\n%YAML 9\n---\n", "not_yaml", 3),
    ],
)  # fmt: skip
def test_it_refuses_what_cannot_be_read_safely(text: bytes, code: str, line: int) -> None:
    """With a code and the line of the file."""
    assert refused(text)[0] == code
    assert abs(refused(text)[1] - line) <= 1


def test_it_refuses_a_bomb_quickly() -> None:
    """Names that explode when they are followed are never followed."""
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(20)
    )
    begun = time.monotonic()
    assert refused(card(bomb))[0] == "alias"
    assert refused(card("a: " + "[" * 100_000 + "\n"))[0] == "too_deep"
    assert time.monotonic() - begun < 30


# The two lines


def test_it_puts_two_lines_into_a_card() -> None:
    """Two lines before the end of the front matter; every other byte as it was."""
    before = card("license: mit\n", "# Hi\r\nMixed\n")
    after = card_lines.with_card_lines(before, LINK)
    added = after.splitlines(keepends=True)
    assert [line for line in added if line not in before.splitlines(keepends=True)] == [
        b"extra_gated_description: >-\n",
        f"  Apply at {LINK}. Already pressed the button? Finish there; nothing is lost.\n".encode(),
    ]
    assert cards.read(after).parts["description"] == card_lines.sentence(LINK)
    assert card_lines.without_card_lines(after) == before


@pytest.mark.parametrize(
    "before",
    [
        b"# No front matter\n",
        b"# Windows\r\n\r\nText\r\n",
        b"",
        b"\xef\xbb\xbf---\r\nlicense: mit\r\n---\r\n# Hi\r\n",
        b"\xef\xbb\xbf# Hi\n",
        b"---\nlicense: mit\n---",
        b"---\nextra_gated_fields:\n  Name: text\n---\nno newline at the end",
        b"---\rold: mac\r---\r# Hi\r",
        b"\n---\na: 1\n---\n",
    ],
)
def test_it_changes_no_other_byte(before: bytes) -> None:
    """Line ends, byte-order mark, missing newlines: in and out again gives the same bytes, and twice is once."""
    after = card_lines.with_card_lines(before, LINK)
    assert card_lines.without_card_lines(after) == before
    assert card_lines.with_card_lines(after, LINK) == after


@given(
    st.lists(st.sampled_from(["license: mit", "tags: [a]", "x: |", "  text", "# note", "", "é: ü"]), max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.text(alphabet="ab\n\r#- é", max_size=40),
    st.booleans(),
)
def test_whatever_the_card_only_two_lines_differ(front: list[str], newline: str, body: str, bom: bool) -> None:
    """For any card that can be read: two lines more, no byte less, and back again."""
    text = newline.join(["---", *front, "---", ""]) + body
    before = b"\xef\xbb\xbf" * bom + text.encode()
    try:
        after = card_lines.with_card_lines(before, LINK)
    except CannotRead:
        return
    start, end = len(after) - len(before), after.index(b"extra_gated_description")
    assert after[:end] + after[end + start :] == before
    if any(line.strip() for line in front):
        assert card_lines.without_card_lines(after) == before


def test_it_renews_only_its_own_lines() -> None:
    """Another link replaces ours, in place; anything else in the card stays."""
    first = card_lines.with_card_lines(card("license: mit\n"), "http://127.0.0.1:8000/old/") + b"more\n"
    second = card_lines.with_card_lines(first, LINK)
    assert second == first.replace(b"http://127.0.0.1:8000/old/", LINK.encode())


def test_it_replaces_no_description_of_the_cards_own() -> None:
    """Refused by name; what somebody wrote themselves is theirs."""
    with pytest.raises(CannotRead) as caught:
        card_lines.with_card_lines(card("extra_gated_description: Ask nicely.\n"), LINK)
    assert caught.value.finding["code"] == "own_description"


def test_it_writes_into_no_card_that_it_cannot_read() -> None:
    """A card with a conflict in it is left alone."""
    with pytest.raises(CannotRead):
        card_lines.with_card_lines(b"---\n<<<<<<< HEAD\n---\n", LINK)


def test_it_writes_no_lines_that_would_not_be_read_so() -> None:
    """Where the lines would become part of something else, they are refused."""
    with pytest.raises(CannotRead) as caught:
        card_lines.with_card_lines(b"---\n{license: mit}\n---\n", LINK)
    assert caught.value.finding["code"] in {"lines_do_not_fit", "not_yaml"}


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "https://a b", "https://x\nextra: 1", "", "https://" + "x" * 500]
)
def test_it_takes_only_a_plain_web_address(link: str) -> None:
    """Nothing that could be more than an address gets into a card."""
    with pytest.raises(ValueError, match="plain web address"):
        card_lines.with_card_lines(card("a: 1\n"), link)


def test_taking_out_leaves_other_cards_alone() -> None:
    """A card without our lines is returned as it is."""
    for text in (b"", b"# Hi\n", card("license: mit\n"), card("extra_gated_description: Ask nicely.\n")):
        assert card_lines.without_card_lines(text) == text


@pytest.mark.parametrize("style", [">", ">-", ">+", "|", "|-", "|+"])
def test_text_over_several_lines_is_text_in_every_style(style: str) -> None:
    """Folding leaves no marks behind that would count as characters which cannot be shown."""
    text = card(
        f"extra_gated_prompt: {style}\n  One line\n  and another.\n\n  And a third.\nextra_gated_fields:\n  Use: text\n"
    )
    read = cards.read(text)
    assert read.parts["prompt"].split() == ["One", "line", "and", "another.", "And", "a", "third."]
    assert labels(text) == ["Use"]


def test_the_cards_of_the_demo_are_read_whole() -> None:
    """Every question is asked, and nothing is found but that one of them asks for an e-mail address."""
    asked = {"pathovision.md": (8, ["asks_email"]), "aurora.md": (4, [])}
    for name, (count, found) in asked.items():
        text = (WORLD / name).read_bytes()
        assert len(labels(text)) == count
        assert codes(text) == found
