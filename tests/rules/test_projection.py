"""What of a gate form goes to the Hub: three questions at most that its own form can ask."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.rules.projection import NO_QUESTION, NOT_OPEN, to_hub, why_not


def question(key: str, kind: str = "short_text", **more: Any) -> dict[str, Any]:
    """A question for the Hub, under its key as its label."""
    return {"key": key, "kind": kind, "label": {"en": key}, "hub_label": key} | more


def left(*questions: dict[str, Any]) -> dict[str, str]:
    """Which of them stay here, and why."""
    return {key: refused.code for key, refused in to_hub({"questions": questions}).left}


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("short_text", "text"),
        ("long_text", "text"),
        ("number", "text"),
        ("url", "text"),
        ("email", "text"),
        ("assent", "checkbox"),
        ("age_attestation", "checkbox"),
        ("country", "country"),
        ("date", "date_picker"),
    ],
)
def test_each_kind_has_its_type(kind: str, named: str) -> None:
    """As the Hub knows it."""
    assert to_hub({"questions": [question("a", kind)]}).fields == [["a", named]]


def test_a_choice_takes_its_options_along() -> None:
    """With a label where that is another than the value."""
    options = [
        {"value": "Research", "label": {"en": "Research"}},
        {"value": "o", "label": {"en": "Other", "fr": "Autre"}},
        {"value": "x", "label": {"fr": "Autre chose"}},
        {"value": "bare"},
    ]
    [[_label, asked]] = to_hub({"questions": [question("use", "select", options=options)]}).fields
    assert asked == {
        "type": "select",
        "options": ["Research", {"label": "Other", "value": "o"}, {"label": "Autre chose", "value": "x"}, "bare"],
    }


def test_what_has_no_label_there_is_not_meant_for_there() -> None:
    """Nothing is said about it."""
    asked = [question("a", hub_label=""), question("b") | {"hub_label": None}, {"key": "c", "kind": "date"}]
    assert to_hub({"questions": asked}).fields == []
    assert left(*asked) == {}


def test_it_goes_there_while_the_stage_is_open_and_asks_something() -> None:
    """Else the reason is said."""
    something, nothing = to_hub({"questions": [question("a")]}), to_hub({"questions": []})
    assert why_not("open", something) is None
    assert why_not("paused", something) is NOT_OPEN
    assert why_not("open", nothing) is NO_QUESTION


def test_what_the_hub_cannot_ask_is_asked_here_only() -> None:
    """Several options, what may stay empty, what is not always shown, a second of the same name, and a fourth."""
    asked = [
        question("many", "multi_select", options=[{"value": "a"}]),
        question("optional", required=False),
        question("sometimes", show_if={"question": "a"}),
        question("a", hub_label="  A  question "),
        question("again", hub_label="a QUESTION"),
        question("long", hub_label="x" * 501),
        question("b"),
        question("c"),
        question("d"),
    ]
    assert to_hub({"questions": asked}).fields == [["A question", "text"], ["b", "text"], ["c", "text"]]
    assert left(*asked) == {
        "many": "no_hub_type",
        "optional": "always_required",
        "sometimes": "always_required",
        "again": "same_label",
        "long": "bad_label",
        "d": "too_many",
    }


def test_a_blinded_question_stays_here() -> None:
    """On the Hub everybody who decides there reads every answer."""
    question = {"key": "d", "kind": "short_text", "label": {"en": "D"}, "hub_label": "D", "blinded": True}
    projected = to_hub({"questions": [question]})
    assert (projected.fields, projected.left[0][1].code) == ([], "blinded_there")
