"""Which questions of a form are shown: those without a condition, and those whose condition the earlier answers meet.

Page, page without JavaScript and API ask here. The script of the page compares values and knows nothing more.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

MOST_VALUES = 50


class Comparison(StrEnum):
    """What a condition asks about the answer to another question."""

    EQUALS = "equals"
    ONE_OF = "one_of"
    TICKED = "ticked"
    ANSWERED = "answered"


WITH_VALUES = frozenset({Comparison.EQUALS, Comparison.ONE_OF})


def is_condition(condition: Any) -> bool:
    """Say whether this has the shape of a condition: {"key", "test", "values"}, values only where they are compared."""
    if not isinstance(condition, Mapping) or set(condition) - {"key", "test", "values"}:
        return False
    key, test, values = condition.get("key"), condition.get("test"), condition.get("values", [])
    if not isinstance(key, str) or not key or not isinstance(test, str) or test not in set(Comparison):
        return False
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        return False
    least, most = {Comparison.EQUALS: (1, 1), Comparison.ONE_OF: (1, MOST_VALUES)}.get(Comparison(test), (0, 0))
    return least <= len(values) <= most


def met(condition: Mapping[str, Any] | None, answers: Mapping[str, Any]) -> bool:
    """Say whether answers meet a condition; none is met always. Of a choice of several, any that is named will do."""
    if condition is None:
        return True
    answer, test = answers.get(condition["key"]), Comparison(condition["test"])
    if test in WITH_VALUES:
        given = answer if isinstance(answer, list) else [answer]
        return any(value in given for value in condition["values"])
    return answer is True if test is Comparison.TICKED else answer not in (None, "", [])


def shown(questions: Iterable[Mapping[str, Any]], answers: Mapping[str, Any]) -> frozenset[str]:
    """Return the keys of the questions that are shown. What was answered to a hidden one meets no condition."""
    keys: set[str] = set()
    counted: dict[str, Any] = {}
    for question in questions:
        key = question["key"]
        if met(question.get("show_if"), counted):
            keys.add(key)
            if key in answers:
                counted[key] = answers[key]
    return frozenset(keys)
