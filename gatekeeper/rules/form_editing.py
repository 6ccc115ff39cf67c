"""Changing the questions of a form's draft: each returns new questions and leaves the old ones as they are."""

from typing import Any

Questions = list[dict[str, Any]]


def moved(questions: Questions, key: str, by: int) -> Questions:
    """Return the questions with one moved by so many places, at most to an end."""
    place = next(place for place, question in enumerate(questions) if question["key"] == key)
    others = questions[:place] + questions[place + 1 :]
    target = max(0, min(len(others), place + by))
    return [*others[:target], questions[place], *others[target:]]


def put(questions: Questions, question: dict[str, Any]) -> Questions:
    """Return the questions with this one in the place of the one with its key, or at the end."""
    if not any(each["key"] == question["key"] for each in questions):
        return [*questions, question]
    return [question if each["key"] == question["key"] else each for each in questions]


def without(questions: Questions, key: str) -> Questions:
    """Return the questions without one."""
    return [question for question in questions if question["key"] != key]
