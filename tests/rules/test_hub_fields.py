"""The Hub's own form fields become questions, and the answers given there become answers here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from gatekeeper.rules.gate_forms import unpublishable
from gatekeeper.rules.hub_fields import from_hub, hub_answers, unique_key
from gatekeeper.rules.questions import readable, validate

FORMS: dict[str, Any] = YAML(typ="safe").load(Path(__file__).parent.parent / "fixtures" / "gate_forms.yaml")


def kinds(fields: Any) -> dict[str, str]:
    """The kinds of the questions made from these fields, by label."""
    return {question["label"]["en"]: question["kind"] for question in from_hub(fields).questions}


def findings(fields: Any) -> list[tuple[str, str]]:
    """What was mended or left out: label and code."""
    return [(label, refused.code) for label, refused in from_hub(fields).findings]


@pytest.mark.parametrize("name", FORMS)
def test_it_brings_in_every_question_of_a_well_known_form(name: str) -> None:
    """Each label once and in order, but for what the Hub derives by itself; each can be published and answered."""
    fields = FORMS[name]["fields"]
    brought = from_hub(fields)
    asked = [label for label, spec in fields.items() if spec != "ip_location"]
    assert [question["hub_label"] for question in brought.questions] == asked
    assert all(readable(question) and question["to_review"] for question in brought.questions)
    form = {"questions": brought.questions}
    assert unpublishable(form) == {}
    on_the_hub = {question["hub_label"]: an_answer(question) for question in brought.questions}
    checked = validate(form, hub_answers(form, on_the_hub), complete=True)
    assert checked.refusals == {}
    assert set(checked.answers) == {question["key"] for question in brought.questions}


def an_answer(question: dict[str, Any]) -> str:
    """What the Hub would send for somebody who filled the field in."""
    if question["kind"] == "select":
        return str(question["options"][-1]["value"])
    return {"assent": "on", "country": "VN", "date": "2026-03-01"}.get(question["kind"], "Some words")


def test_it_knows_the_kinds_of_the_hub() -> None:
    """Five types of the Hub, and one that it fills in itself."""
    fields = {
        "Name": "text",
        "Terms": "checkbox",
        "Born": "date_picker",
        "Country": "country",
        "Use": {"type": "select", "options": ["Research", {"label": "Other", "value": "other"}]},
        "geo": "ip_location",
    }
    assert kinds(fields) == {
        "Name": "short_text",
        "Terms": "assent",
        "Born": "date",
        "Country": "country",
        "Use": "select",
    }
    assert findings(fields) == [("Use", "options_mixed"), ("geo", "ip_location")]


def test_it_takes_a_type_alone_or_in_a_mapping_and_in_any_case() -> None:
    """`text`, `{type: text}` and ` Text ` are the same."""
    assert kinds({"a": "text", "b": {"type": "text"}, "c": " Text "}) == dict.fromkeys("abc", "short_text")
    assert findings({"a": "text", "b": {"type": "text"}, "c": " Text "}) == []


def test_it_mixes_plain_options_and_labelled_ones() -> None:
    """A labelled option answers with its value; an empty one is dropped, and one that is there already."""
    [question] = from_hub(
        {
            "Use": {
                "type": "select",
                "options": ["Research ", {"label": "Other", "value": "other"}, {"label": "L"}, "", "L"],
            }
        }
    ).questions
    assert question["options"] == [
        {"value": "Research", "label": {"en": "Research"}},
        {"value": "other", "label": {"en": "Other"}},
        {"value": "L", "label": {"en": "L"}},
    ]


def test_an_option_in_decomposed_letters_can_be_chosen() -> None:
    """A card may be written in decomposed letters; people's keyboards are not."""
    [question] = from_hub({"Use": {"type": "select", "options": ["Hà Nội ".encode().decode(), "Ha\u0300"]}}).questions
    form = {"questions": [question]}
    assert validate(form, {question["key"]: "Hà"}, complete=True).answers == {question["key"]: "Hà"}


@pytest.mark.parametrize("spec", ["riddle", None, 3, ["text"], {}, {"type": None}, {"type": "select"}, {"options": []}])
def test_a_field_of_unknown_type_is_asked_as_a_short_text(spec: Any) -> None:
    """No question is lost; the steward is told."""
    assert kinds({"What?": spec}) == {"What?": "short_text"}
    [(label, code)] = findings({"What?": spec})
    assert label == "What?"
    assert code in ("unknown_type", "no_options")


def test_options_without_a_type_are_a_choice() -> None:
    """A card that forgot `type: select` still asks to choose."""
    assert kinds({"Use": {"options": ["a"]}}) == {"Use": "select"}
    assert kinds({"Use": {"type": "text", "options": ["a"]}}) == {"Use": "short_text"}


def test_a_field_that_stands_inside_another_by_mistake_is_not_lost() -> None:
    """`geo` under another field is what the Hub fills in; a question there becomes a question."""
    fields = {"Job title": {"type": "select", "options": ["Student"], "geo": "ip_location", "Country ": "country"}}
    assert kinds(fields) == {"Job title": "select", "Country": "country"}
    assert findings(fields) == [
        ("geo", "nested_field"),
        ("geo", "ip_location"),
        ("Country", "nested_field"),
    ]


def test_long_and_marked_up_labels_in_any_language_are_kept() -> None:
    """Over several lines, with links, of 400 characters, in two languages: the words are the words."""
    labels = [
        "I have read\n   the [licence](https://example.org)",
        "<b>Tên</b> / Name",
        "x" * 400,
        "我同意许可证条款",
        "أوافق على الشروط",
    ]
    brought = from_hub(dict.fromkeys(labels, "checkbox"))
    assert [question["hub_label"] for question in brought.questions] == [" ".join(label.split()) for label in labels]
    keys = [question["key"] for question in brought.questions]
    assert len(set(keys)) == len(keys)
    assert all(len(key) <= 45 and key.isascii() for key in keys)


def test_labels_that_differ_only_in_case_are_two_questions_with_their_own_answers() -> None:
    """What was given to the one is not taken for the other; a change of case on the card still finds the answer."""
    brought = from_hub({"Email": "text", "email": "text"})
    form = {"questions": brought.questions}
    assert hub_answers(form, {"Email": "a@example.org", "email": "b@example.org"}) == {
        "email": "a@example.org",
        "email_2": "b@example.org",
    }
    assert hub_answers({"questions": brought.questions[:1]}, {"EMAIL ": "a@example.org"}) == {"email": "a@example.org"}


def test_labels_that_are_no_text_are_asked_all_the_same() -> None:
    """YAML reads `yes:` and `2026:` as something else than words."""
    assert list(kinds({True: "text", 2026: "text", None: "text"})) == ["True", "2026", "None"]


def test_it_takes_no_more_questions_than_anybody_answers() -> None:
    """A form of thousands is no form; where it was cut is said."""
    brought = from_hub({f"Question {number}": "text" for number in range(300)})
    assert len(brought.questions) == 200
    assert [(label, refused.code) for label, refused in brought.findings] == [("Question 200", "too_many_questions")]


@pytest.mark.parametrize("fields", [None, {}])
def test_a_card_without_fields_asks_nothing(fields: Any) -> None:
    """An empty map, or none, is a form without questions and nothing to mend."""
    assert from_hub(fields).questions == []
    assert from_hub(fields).findings == []


@pytest.mark.parametrize("fields", [["Name"], "Name", 3, [{"Name": "text"}]])
def test_fields_that_are_no_map_are_left_out_with_a_finding(fields: Any) -> None:
    """Nothing is guessed."""
    assert from_hub(fields).questions == []
    assert findings(fields) == [("extra_gated_fields", "fields_not_a_map")]


def test_answers_of_the_hub_that_do_not_fit_are_left_out() -> None:
    """What cannot stand here is asked here."""
    form = {"questions": from_hub({"Name": "text", "Country": "country", "Terms": "checkbox"}).questions}
    given_there = {"Name": "Hà", "Country": "Atlantis", "Terms": "off", "Removed since": "x"}
    assert hub_answers(form, given_there) == {"name": "Hà"}
    assert hub_answers(form, None) == {}
    assert hub_answers({"questions": [{"key": "own", "kind": "short_text"}]}, {"": "x"}) == {}


def test_keys_are_short_stable_and_never_twice() -> None:
    """The same label gives the same key; a second one gets a number."""
    taken: set[str] = set()
    assert [unique_key(label, taken) for label in ("Hà Nội?", "ha noi", "日本", "中国")] == [
        "ha_noi",
        "ha_noi_2",
        "question",
        "question_2",
    ]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from(["text", "select", "ip_location"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(), max_size=30) | st.integers() | st.none(), values, max_size=6) | values)
@settings(max_examples=150, deadline=1_000)
def test_it_makes_readable_questions_of_anything(fields: Any) -> None:
    """Whatever stands on a card, each label becomes a question that can be kept, or a finding."""
    brought = from_hub(fields)
    assert all(readable(question) for question in brought.questions)
    keys = [question["key"] for question in brought.questions]
    assert len(set(keys)) == len(keys)
    if isinstance(fields, dict):
        assert len(brought.questions) + len(brought.findings) >= len(fields)
