"""What differs between two versions of a form."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.rules.form_diff import PARTS, asked_anew, differences
from gatekeeper.rules.questions import FIELDS


def question(key: str, **more: Any) -> dict[str, Any]:
    """A question."""
    return {"key": key, "kind": "short_text", "label": {"en": key}, "required": True, "purpose": "P", **more}


def told(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[tuple[str, str, tuple[str, ...]]]:
    """The differences, in short."""
    return [(each.change.value, each.key, each.parts) for each in differences(old, new)]


A, B, C, D = (question(key) for key in "abcd")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([A, B], [A, B], []),
        ([], [A], [("added", "a", ())]),
        ([A, B], [B], [("removed", "a", ())]),
        ([A, B, C], [C, A, B], [("moved", "c", ())]),
        ([A, B, C, D], [A, D, C, B], [("moved", "c", ()), ("moved", "b", ())]),
        ([A, B], [B, D, A], [("added", "d", ()), ("moved", "a", ())]),
        ([A], [question("a", label={"en": "A?"}, max_length=9)], [("changed", "a", ("label", "max_length"))]),
        ([A], [question("a", help={}, show_if=None, blinded=False, sensitivity="ordinary", min=None)], []),
        (
            [A, B],
            [question("b", min="1"), A],
            [("changed", "b", ("min",)), ("moved", "a", ())],
        ),
    ],
)
def test_it_tells_each_difference_once(old: list[Any], new: list[Any], expected: list[Any]) -> None:
    """Added, removed, changed with the parts, moved; a part that is left out is its default."""
    assert told(old, new) == expected


def test_it_shows_both_texts() -> None:
    """Before and after, or None."""
    changed, removed = differences([A, B], [question("a", label={"en": "A?"})])
    assert (changed.before, changed.after) == (A, question("a", label={"en": "A?"}))
    assert (removed.before, removed.after) == (B, None)


def test_it_knows_every_part_of_a_question() -> None:
    """But the key, by which a question is known."""
    assert set(PARTS) == FIELDS - {"key"}


def test_only_what_its_person_sees_is_asked_anew() -> None:
    """A question that was moved, or has another name on the Hub, is not."""
    new = [C, question("b", hub_label="B", to_review=True), question("a", purpose="Another"), D]
    assert {key: change.value for key, change in asked_anew([A, B, C], new).items()} == {"a": "changed", "d": "added"}
