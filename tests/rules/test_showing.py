"""Which questions are shown: depending on earlier answers, and on nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.rules.gate_forms import faulty_conditions
from gatekeeper.rules.questions import readable, validate
from gatekeeper.rules.showing import is_condition, met, shown

OPTIONS = [{"value": value, "label": {"en": value}} for value in ("research", "commercial", "other")]


def question(key: str, kind: str = "short_text", **more: Any) -> dict[str, Any]:
    """A question."""
    return {"key": key, "kind": kind, "label": {"en": key}, "required": True, **more}


def when(key: str, test: str, *values: str) -> dict[str, Any]:
    """A condition on another question's answer."""
    return {"key": key, "test": test} | ({"values": list(values)} if values else {})


FORM = {
    "questions": [
        question("use", "select", options=OPTIONS),
        question("company", show_if=when("use", "equals", "commercial")),
        question("register", "url", show_if=when("company", "answered"), required=False),
        question("tune", "assent", required=False),
        question("how", "long_text", show_if=when("tune", "ticked")),
    ]
}


@pytest.mark.parametrize(
    ("condition", "answer", "is_met"),
    [
        (None, None, True),
        (when("use", "equals", "research"), "research", True),
        (when("use", "equals", "research"), "Research", False),
        (when("use", "equals", "research"), None, False),
        (when("use", "equals", "research"), ["other", "research"], True),
        (when("use", "one_of", "research", "other"), "other", True),
        (when("use", "one_of", "research", "other"), "commercial", False),
        (when("use", "ticked"), True, True),
        (when("use", "ticked"), "on", False),
        (when("use", "answered"), "x", True),
        (when("use", "answered"), [], False),
        (when("use", "answered"), "", False),
    ],
)
def test_a_condition_compares_one_answer(condition: Any, answer: Any, is_met: bool) -> None:
    """Equal, one of several, ticked, answered; of several choices any that is named will do."""
    assert met(condition, {"use": answer}) is is_met


def test_it_shows_what_the_earlier_answers_lead_to() -> None:
    """And what hangs on a hidden question is hidden with it, whatever was answered there before."""
    before = {"company": "ACME", "register": "https://example.org"}
    assert shown(FORM["questions"], {"use": "research", **before}) == {"use", "tune"}
    assert shown(FORM["questions"], {"use": "commercial", **before}) == {"use", "company", "register", "tune"}
    assert shown(FORM["questions"], {"use": "commercial"}) == {"use", "company", "tune"}


def test_a_hidden_question_has_no_answer_and_misses_none() -> None:
    """Neither what was sent there nor what is wrong with it counts."""
    given = {"use": "research", "company": "ACME", "how": "\x00", "tune": "off"}
    checked = validate(FORM, given, complete=True)
    assert checked.answers == {"use": "research"}
    assert checked.refusals == {}


def test_a_shown_question_is_required() -> None:
    """As soon as its condition is met."""
    checked = validate(FORM, {"use": "commercial", "tune": True}, complete=True)
    assert {key: refusal.code for key, refusal in checked.refusals.items()} == {
        "company": "required",
        "how": "required",
    }


@pytest.mark.parametrize(
    "condition",
    [
        "use",
        {"key": "use"},
        {"key": "", "test": "ticked"},
        {"key": "use", "test": "matches", "values": [".*"]},
        {"key": "use", "test": "equals", "values": []},
        {"key": "use", "test": "equals", "values": ["a", "b"]},
        {"key": "use", "test": "one_of", "values": ["a", 2]},
        {"key": "use", "test": "one_of", "values": "a"},
        {"key": "use", "test": "one_of", "values": ["a"] * 51},
        {"key": "use", "test": "ticked", "values": ["on"]},
        {"key": "use", "test": "ticked", "not": True},
        {"key": "use", "test": ["ticked"]},
    ],
)
def test_a_condition_has_one_shape(condition: Any) -> None:
    """What it cannot mean is not kept, not even in a draft."""
    assert not is_condition(condition)
    assert not readable(question("q", show_if=condition))


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ([question("a", show_if=when("b", "answered"))], "condition_unknown"),
        ([question("a", show_if=when("a", "answered"))], "condition_not_earlier"),
        ([question("a", show_if=when("b", "answered")), question("b")], "condition_not_earlier"),
        (
            [question("a", show_if=when("b", "answered")), question("b", show_if=when("a", "answered"))],
            "condition_not_earlier",
        ),
        ([question("b"), question("a", show_if=when("b", "ticked"))], "condition_unfit"),
        ([question("b"), question("a", show_if=when("b", "equals", "x"))], "condition_unfit"),
        (
            [question("b", "select", options=OPTIONS), question("a", show_if=when("b", "equals", "gone"))],
            "condition_unfit",
        ),
        ([question("b", "assent"), question("a", show_if=when("b", "ticked"))], None),
        ([question("b"), question("a", show_if=when("b", "answered"))], None),
        ([question("b", "country"), question("a", show_if=when("b", "one_of", "VN", "FR"))], None),
        (
            [question("b", "multi_select", options=OPTIONS), question("a", show_if=when("b", "one_of", "other"))],
            None,
        ),
    ],
)
def test_a_condition_looks_back_and_can_be_met(asked: list[dict[str, Any]], code: str | None) -> None:
    """Unknown, later and own questions, circles, and answers that cannot be given are faults."""
    fault = faulty_conditions(asked).get("a")
    assert (fault.code if fault else None) == code
