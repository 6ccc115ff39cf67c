"""Changing the questions of a draft."""

from __future__ import annotations

import pytest

from gatekeeper.rules.form_editing import moved, put, without

QUESTIONS = [{"key": key} for key in "abc"]


def keys(questions: list[dict[str, str]]) -> str:
    """The keys in order."""
    return "".join(question["key"] for question in questions)


@pytest.mark.parametrize(
    ("key", "by", "order"), [("b", -1, "bac"), ("b", 1, "acb"), ("a", -1, "abc"), ("c", 1, "abc"), ("c", -9, "cab")]
)
def test_a_question_moves_at_most_to_an_end(key: str, by: int, order: str) -> None:
    """The others keep their order, and the draft that it was stays as it was."""
    assert keys(moved(QUESTIONS, key, by)) == order
    assert keys(QUESTIONS) == "abc"


def test_a_question_is_replaced_added_or_left_out() -> None:
    """By its key."""
    assert put(QUESTIONS, {"key": "b", "kind": "url"})[1] == {"key": "b", "kind": "url"}
    assert keys(put(QUESTIONS, {"key": "d"})) == "abcd"
    assert keys(without(QUESTIONS, "b")) == "ac"
