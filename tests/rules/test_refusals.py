"""A refusal: a code for scripts, a sentence for people, and the fields at fault."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.rules.refusals import Invalid, NotAllowed, Refusal, Refused, Unmet, WrongState, gettext_noop

ROOMS = ("rules", "actions")
PACKAGE = Path(__file__).resolve().parent.parent.parent / "gatekeeper"


def test_it_says_its_sentence_with_the_values() -> None:
    """Values stand where the sentence names them; without any, a per cent sign is only a sign."""
    assert str(Refusal("late", "It is %(days)s days late.", {"days": 3})) == "It is 3 days late."
    assert str(Refusal("full", "It is 100% full.")) == "It is 100% full."


@pytest.mark.parametrize("kind", [NotAllowed, WrongState, Unmet, Invalid])
def test_every_refusal_carries_its_reason_and_its_fields(kind: type[Refused]) -> None:
    """A face needs nothing else to answer."""
    reason = Refusal("late", "It is late.")
    refused = kind(reason, {"days": reason})
    assert isinstance(refused, Refused)
    assert (refused.refusal, refused.fields, str(refused)) == (reason, {"days": reason}, "It is late.")
    assert kind(reason).fields == {}


def test_marking_a_sentence_changes_nothing() -> None:
    """It is translated by the faces."""
    assert gettext_noop("It is late.") == "It is late."


def refusals_written() -> Iterator[tuple[str, ast.Call]]:
    """Every `Refusal(…)` in the rules and the verbs, with the place where it stands."""
    for room in ROOMS:
        for file in sorted((PACKAGE / room).glob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal":
                    yield f"{file.name}:{node.lineno}", node


@pytest.mark.parametrize("call", [pytest.param(call, id=place) for place, call in refusals_written()])
def test_every_refusal_has_a_plain_code_and_a_sentence_marked_for_translation(call: ast.Call) -> None:
    """Scripts get a word in small letters; people a sentence that ends, in whatever language they read."""
    code, message = call.args[0], call.args[1]
    assert isinstance(code, ast.Constant)
    assert set(code.value) <= set(string.ascii_lowercase + "_")
    if isinstance(message, ast.Name):  # a sentence that was marked where it is named
        return
    assert isinstance(message, ast.Call)
    assert getattr(message.func, "id", "") == "_"
    [words] = message.args
    assert isinstance(words, ast.Constant)
    assert words.value[0].isupper() or words.value[0] == "“"
    assert words.value.endswith(".")
