"""Texts in one form, in a time that grows no faster than they do."""

import time
import unicodedata
from collections.abc import Callable

import pytest

from gatekeeper.rules import hub_fields, licensing, questions
from gatekeeper.rules.texts import composed

LONG = 200_000
PILES = ("\u0315\u0316", "\u0f73", "\u0344\u0316")  # marks of two classes, which sorting has to part
READERS: dict[str, Callable[[str], object]] = {
    "answer": lambda text: questions.read({"key": "use", "kind": "long_text", "label": {"en": "Use"}}, text),
    "words": questions.tidy,
    "label": lambda text: hub_fields.from_hub({text: "text"}),
    "licence": lambda text: licensing.normalised_hash(text.encode()),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("pile", PILES)
def test_a_pile_of_marks_costs_no_more_than_its_length(reader: str, pile: str) -> None:
    """One request that is read for minutes would take a worker away from everybody else."""
    text = "a" + pile * (LONG // len(pile))
    begun = time.process_time()
    READERS[reader](text)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("text", ["", "plain", "Ha\u0300 No\u0323\u0302i", "e" + "\u0301" * 30, "\u0f40\u0f73"])
def test_what_people_write_is_composed(text: str) -> None:
    """Also with as many marks as any writing has."""
    assert composed(text) == unicodedata.normalize("NFC", text)
