"""A form as a whole: what it lacks before it can be published, and what is proposed."""

from __future__ import annotations

import pytest

from gatekeeper.rules.gate_forms import faulty_conditions, proposed, to_review, unpublishable
from gatekeeper.rules.questions import Kind, readable

OPTIONS = [{"value": "a", "label": {"en": "A"}}]


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_proposed_can_be_published_but_is_to_be_reviewed(kind: Kind) -> None:
    """A purpose, a retention time and a sensitivity for every kind."""
    question = {"key": "q", "kind": kind.value, "label": {"en": "Q"}, "options": OPTIONS, **proposed(kind)}
    assert readable(question)
    assert unpublishable({"questions": [question]}) == {}
    assert [refusal.code for refusal in to_review({"questions": [question]}).values()] == ["to_review"]


def test_it_names_what_each_question_lacks() -> None:
    """No purpose, no retention, or a condition on what does not come before."""
    later = {"key": "later", "test": "answered"}
    questions = [
        {"key": "bare", "kind": "short_text", "label": {"en": "Q"}, "purpose": " ", "retention_days": 1},
        {"key": "brief", "kind": "short_text", "label": {"en": "Q"}, "purpose": "To ask.", "retention_days": 0},
        {"key": "ahead", "kind": "short_text", "label": {"en": "Q"}, **proposed(Kind.SHORT_TEXT), "show_if": later},
        {"key": "later", "kind": "short_text", "label": {"en": "Q"}, **proposed(Kind.SHORT_TEXT)},
    ]
    assert {key: refusal.code for key, refusal in unpublishable({"questions": questions}).items()} == {
        "bare": "purpose_missing",
        "brief": "purpose_missing",
        "ahead": "condition_not_earlier",
    }


def test_a_blinded_answer_is_given_away_by_no_other_question() -> None:
    """What is shown only after it is blinded as well, or the form is not published."""
    first = {
        "key": "disability",
        "kind": "select",
        "label": {"en": "D"},
        "options": [{"value": "yes"}],
        "blinded": True,
    }
    asked = {"key": "needs", "kind": "short_text", "label": {"en": "N"}}
    condition = {"show_if": {"key": "disability", "test": "equals", "values": ["yes"]}}
    assert faulty_conditions([first, asked | condition])["needs"].code == "condition_blinded"
    assert faulty_conditions([first, asked | condition | {"blinded": True}]) == {}
