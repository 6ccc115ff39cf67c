"""What real cards do to a parser: each oddity is taken without losing a question, and the report says what was done."""

from __future__ import annotations

import ast
import time
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

import gatekeeper
from gatekeeper.hub import adopt, card_findings, card_lines, cards
from gatekeeper.hub.cards import CannotRead
from gatekeeper.rules import hub_fields
from gatekeeper.rules.card_report import GROUP_OF, Group, grouped

FORMS: dict[str, Any] = YAML(typ="safe").load(Path(__file__).parent.parent / "fixtures" / "gate_forms.yaml")
LINK = "https://gatekeeper.example.org/releases/aurora/"


def card(*lines: str, newline: str = "\n") -> bytes:
    """A card with these lines of front matter."""
    return newline.join(["---", *lines, "---", "# Hi", ""]).encode()


def imported(text: bytes) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The kinds of the questions by label, and the codes of the report by group, as an adoption would show them."""
    found, findings = adopt.read_card(text)
    brought = hub_fields.from_hub(dict(found.fields))
    findings += card_findings.about(found)
    findings += [cards.finding(refusal.code, refusal.message) for _label, refusal in brought.findings]
    asked = {question["label"]["en"]: question["kind"] for question in brought.questions}
    report = {group.value: [finding["code"] for finding in of] for group, of in grouped(findings).items()}
    return asked, report


def fields(*lines: str) -> bytes:
    """A card with these lines under `extra_gated_fields`."""
    return card("extra_gated_fields:", *(f"  {line}" for line in lines))


def test_an_explicit_key_is_a_label_like_another() -> None:
    """A long label after `? `, its type after `: `."""
    assert imported(fields("? I agree to all of it", ": checkbox")) == ({"I agree to all of it": "assent"}, {})


def test_a_label_over_several_lines_is_joined() -> None:
    """And that is said."""
    asked = imported(fields("? I agree to this", "  and to that", ": checkbox"))
    assert asked == ({"I agree to this and to that": "assent"}, {"mended": ["label_joined"]})
    assert imported(fields("? |", "    One", "    two", ": text"))[1] == {"mended": ["label_joined"]}
    assert imported(fields("? |", "    One", ": text"))[1] == {}


def test_a_label_keeps_its_markup() -> None:
    """A Markdown link and HTML are characters like others."""
    label = "I accept [the terms](https://x.example) and <b>more</b>"
    assert imported(fields(f"{label}: checkbox")) == ({label: "assent"}, {})


def test_a_label_of_more_than_300_characters_is_kept_whole() -> None:
    """Every character of it."""
    assert imported(fields(f"? {'x' * 400}", ": text"))[0] == {"x" * 400: "short_text"}


def test_geo_under_another_field_takes_nothing_of_that_field() -> None:
    """It is filled in by the Hub, and is not asked here."""
    asked, report = imported(fields("Country:", "  type: country", "  geo: ip_location"))
    assert asked == {"Country": "country"}
    assert report == {"left": ["ip_location"], "mended": ["nested_field"]}


def test_labels_in_two_languages_on_one_line_are_one_label() -> None:
    """What belongs to which language is for a person to say."""
    assert imported(fields("Tên / Name: text"))[0] == {"Tên / Name": "short_text"}


def test_labels_in_other_scripts_are_kept() -> None:
    """Chinese, Arabic, Vietnamese."""
    assert list(imported(fields("姓名: text", "الاسم: text", "Họ và tên: text"))[0]) == ["姓名", "الاسم", "Họ và tên"]


def test_nothing_is_taken_of_a_card_with_a_merge_in_it() -> None:
    """The line is named."""
    text = card("license: mit", "extra_gated_fields:", "  Name: text", "<<<<<<< HEAD")
    assert imported(text) == ({}, {"dangerous": ["merge_conflict"]})
    assert adopt.read_card(text)[1][0]["line"] == 5


def test_options_of_two_kinds_are_taken_each_as_it_is_meant() -> None:
    """Plain strings and `{label, value}`."""
    text = fields("Use:", "  type: select", "  options:", "  - Research", "  - label: Other", "    value: other")
    assert imported(text) == ({"Use": "select"}, {"mended": ["options_mixed"]})


def test_a_type_alone_and_a_type_in_a_mapping_are_the_same() -> None:
    """Both mean the same, so nothing was mended."""
    assert imported(fields("A: text", "B:", "  type: text")) == ({"A": "short_text", "B": "short_text"}, {})


def test_an_unknown_type_is_asked_as_a_short_text() -> None:
    """No question is lost."""
    assert imported(fields("A: riddle")) == ({"A": "short_text"}, {"mended": ["unknown_type"]})


def test_a_prompt_that_holds_a_licence_is_dangerous() -> None:
    """It stays on the card, where any commit changes it."""
    text = card("extra_gated_prompt: |", *["  A clause of the licence."] * 2_000)
    assert imported(text)[1] == {"dangerous": ["prompt_long"], "left": ["words_stay"]}


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    """The same questions as without."""
    text = b"\xef\xbb\xbf" + card("extra_gated_fields:", "  Name: text", newline="\r\n")
    assert imported(text) == ({"Name": "short_text"}, {})


def test_a_front_matter_without_an_end_is_refused() -> None:
    """Nothing is guessed of where it would end."""
    assert imported(b"---\nextra_gated_fields:\n  Name: text\n")[1] == {"dangerous": ["no_closing_line"]}


@pytest.mark.parametrize("spelling", ["", " {}", " null"])
def test_an_empty_field_map_asks_nothing(spelling: str) -> None:
    """And nothing was mended."""
    assert imported(card(f"extra_gated_fields:{spelling}")) == ({}, {})


def test_a_form_of_check_boxes_only_is_a_form() -> None:
    """Each is an assent of its own."""
    assert imported(fields("I read it: checkbox", "I agree: checkbox"))[0] == {
        "I read it": "assent",
        "I agree": "assent",
    }


def test_a_prompt_without_a_field_stays_on_the_card() -> None:
    """It is named as what is left there."""
    assert imported(card("extra_gated_prompt: Read this.")) == ({}, {"left": ["words_stay"]})


def test_a_custom_button_and_nothing_else_stays_on_the_card() -> None:
    """The key is named."""
    text = card("extra_gated_button_content: Go")
    assert imported(text) == ({}, {"left": ["words_stay"]})
    [finding] = card_findings.about(cards.read(text))
    assert finding["values"]["keys"] == "extra_gated_button_content"


@pytest.mark.parametrize(
    ("label", "code"), [("Country", "asks_country"), ("Your e-mail", "asks_email"), ("Date of birth", "asks_date")]
)
def test_a_text_that_asks_for_more_is_only_hinted_at(label: str, code: str) -> None:
    """The steward decides."""
    assert imported(fields(f"{label}: text")) == ({label: "short_text"}, {"worth_a_look": [code]})


def test_a_label_that_stands_twice_is_asked_once() -> None:
    """The Hub keeps one answer to a label."""
    assert imported(fields("Name: text", "Name: text")) == ({"Name": "short_text"}, {"mended": ["label_twice"]})


@pytest.mark.parametrize("other", ["name: text", "'Name ': text"])
def test_labels_that_only_look_alike_are_dangerous(other: str) -> None:
    """They stay two questions, whose answers are easily mixed up."""
    text = fields("Name: text", other)
    assert len(hub_fields.from_hub(dict(cards.read(text).fields)).questions) == 2
    assert imported(text)[1] == {"dangerous": ["labels_alike"]}


@pytest.mark.parametrize(("said", "mended"), [("true", []), ('"true"', ["eu_spelled"]), ("yes", ["eu_spelled"])])
def test_eu_disallowed_is_understood_however_it_is_said(said: str, mended: list[str]) -> None:
    """It stays on the card."""
    _asked, report = imported(card(f"extra_gated_eu_disallowed: {said}"))
    assert report == {"left": ["eu_disallowed"]} | ({"mended": mended} if mended else {})


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["a: !!python/object:os.system x"], "tag"),
        (["a: &a [x]", "b: *a"], "alias"),
        (["a: [" + "x," * 50_000 + "x]"], "too_many_parts"),
        (["a: |", *["  " + "x" * 98] * 100_000], "too_long"),
    ],
)
def test_what_is_not_safe_is_refused(lines: list[str], code: str) -> None:
    """Objects, names that explode, too many parts, ten megabytes: with a sentence, and nothing of the card is taken."""
    assert imported(card(*lines)) == ({}, {"dangerous": [code]})


def test_a_label_that_is_no_text_is_left_out() -> None:
    """A list as a label; the questions beside it are asked."""
    assert imported(fields("? [a, b]", ": text", "Name: text")) == ({"Name": "short_text"}, {"left": ["key_no_text"]})


def test_keys_of_a_gate_that_nobody_knows_are_named() -> None:
    """They stay on the card."""
    assert imported(card("extra_gated_new_thing: 1"))[1] == {"left": ["unknown_key"]}


@pytest.mark.parametrize("name", FORMS)
def test_a_well_known_form_is_imported_from_a_card(name: str, tmp_path: Path) -> None:
    """Written into a card as YAML and read from it again, each question is asked once, in order."""
    path = tmp_path / "front"
    yaml = YAML()
    yaml.width = 10_000  # else it breaks keys where no reader takes that
    yaml.dump({"extra_gated_fields": FORMS[name]["fields"]}, path)
    asked, report = imported(b"---\n" + path.read_bytes() + b"---\n")
    assert list(asked) == [label for label, spec in FORMS[name]["fields"].items() if spec != "ip_location"]
    assert "dangerous" not in report


def test_every_finding_has_its_group() -> None:
    """Each code that reading a card may give stands in the table once, and the table holds no other."""
    given_away = set()
    root = Path(gatekeeper.__file__).parent
    for path in ("hub/front_matter.py", "hub/cards.py", "hub/card_findings.py", "hub/adopt.py", "rules/hub_fields.py"):
        for node in ast.walk(ast.parse((root / path).read_text())):
            named = node.func if isinstance(node, ast.Call) else None
            called = getattr(named, "id", getattr(named, "attr", ""))
            first = node.args[0] if isinstance(node, ast.Call) and node.args else None
            if called in ("finding", "CannotRead", "Refusal") and isinstance(first, ast.Constant):
                given_away.add(first.value)
    adopting = {"bad_name", "token_missing", "token_of_others", "token_read_only"}
    hints = set(cards.HINTS)
    assert (given_away - adopting) | hints == set(GROUP_OF)
    assert grouped([{"code": "never_heard_of"}]) == {Group.WORTH_A_LOOK: [{"code": "never_heard_of"}]}


# Anything at all


def do_all(text: bytes) -> None:
    """Do all that is done with a card; nothing is raised but the project's own refusal."""
    imported(text)
    with suppress(CannotRead):
        assert isinstance(card_lines.without_card_lines(text), bytes)
    with suppress(CannotRead):
        card_lines.with_card_lines(text, LINK)


PIECES = st.sampled_from(
    ["extra_gated_fields:", "extra_gated_prompt:", "extra_gated_eu_disallowed:", "Name", "text", "select", "type:",
     "options:", "- ", "? ", ": ", "  ", "\n", "\r\n", "\r", "---", "|", ">-", "{", "}", "[", "]", ",", "'", '"', "#",
     "&a", "*a", "!!str", "!x", "%YAML 1.1", "<<<<<<<", "=======", "\t", "\ufeff", "\x85", "\u2028", "é", "日本",
     "\x00", "null", "yes", "~", "geo: ip_location", "checkbox", "<b>", "[x](y)"]
)  # fmt: skip
FRONTS = st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join)
CARDS = st.builds(
    lambda bom, front, body: b"\xef\xbb\xbf" * bom + b"---\n" + front.encode("utf-8", "replace") + b"\n---\n" + body,
    st.booleans(),
    FRONTS,
    st.binary(max_size=20),
)


@given(st.binary(max_size=200) | CARDS)
@settings(max_examples=150, deadline=None)
def test_no_card_breaks_the_reader(text: bytes) -> None:
    """Any bytes, and anything that looks like a card."""
    do_all(text)


@pytest.mark.soak
@given(st.binary(max_size=2_000) | CARDS)
@settings(max_examples=20_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_card_breaks_the_reader_in_a_long_run(text: bytes) -> None:
    """The same, many times."""
    do_all(text)


HEAVY = {
    "a prompt of 290 kB": card("extra_gated_prompt: |", *["  words of a licence in a line of its own"] * 7_000),
    "one plain scalar": card("a: " + "x " * 145_000),
    "one quoted scalar": card('a: "' + "x\\n" * 95_000 + '"'),
    "comments": card(*["#"] * 145_000),
    "blank lines": card("\n" * 290_000),
    "keys": card(*[f"k{number}: v" for number in range(9_900)]),
    "keys that stand twice": card(*["k: v"] * 9_900),
    "questions": card("extra_gated_fields:", *[f"  ? {number}\n  : text" for number in range(9_900)]),
    "questions alike": card(
        "extra_gated_fields:", *[f"  '{' ' * (n % 9)}日{'!' * (n % 97)}': t" for n in range(9_000)]
    ),
    "options": card("extra_gated_fields:", "  A:", "    type: select", "    options:", *["    - x"] * 19_900),
    "one label": card("extra_gated_fields:", f"  ? {'e-mail country ' * 18_000}", "  : text"),
    "a flow": card("a: [" + "x," * 140_000 + "x]"),
    "nested": card("a: " + "[" * 290_000),
    "nested maps": card("a: " + "{a: " * 70_000),
    "names": card("a: &a [x]", *["b: [*a, *a]"] * 20_000),
    "a pile of marks": card("extra_gated_fields:", "  ? e" + "\u0301" * 100_000, "  : text"),
    "ten megabytes of text": card("a: 1") + b"\n" * 10_000_000,
    "ten megabytes of front matter": card(*["a: 1"] * 2_000_000),
    "ten megabytes of nothing": b"\n" * 10_000_000,
    "ten megabytes without an end": b"---\n" + b"\n" * 10_000_000,
}


@pytest.mark.parametrize("name", HEAVY)
def test_no_card_takes_a_second(name: str) -> None:
    """Not the heaviest that anybody could think of either: all that is done with it, in process time."""
    begun = time.process_time()
    imported(HEAVY[name])
    assert time.process_time() - begun < 1


@pytest.mark.soak
@pytest.mark.parametrize("name", HEAVY)
def test_no_card_takes_fifty_megabytes(name: str) -> None:
    """Besides the text itself, which the client takes up to a megabyte of. Counting takes ten times the time."""
    tracemalloc.start()
    try:
        do_all(HEAVY[name])
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
