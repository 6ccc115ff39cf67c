"""Two texts of a licence, clause by clause, and the least class of the change between them."""

from __future__ import annotations

import time

import pytest

from gatekeeper.rules import licence_changes
from gatekeeper.rules.clauses import clauses
from gatekeeper.rules.licence_changes import ChangeClass, Comparison, Facts, Kind, Least, compare, least_class

TEXT = """AURORA LICENCE

1. Grant

You may use the model, worldwide and for ever.

2. Use

You may not use the model to harm people.
(a) Give a copy of this licence to whoever receives the model.
(b) Keep the notices.

3. End

This licence ends when you break it.
"""


GRANT = "You may use the model, worldwide and for ever."


def seen(before: str, after: str) -> list[tuple[str, str, str]]:
    """What is not the same."""
    return [(c.kind.value, c.before, c.after) for c in compare(before, after).changes if c.kind is not Kind.SAME]


def class_of(before: str, after: str) -> ChangeClass:
    """The least class by the texts alone."""
    return least_class(Facts(), Facts(), compare(before, after)).change_class


def test_a_clause_is_a_paragraph_or_an_item_under_its_heading() -> None:
    """Headings are clauses too; typesetting is none."""
    found = clauses(TEXT)
    assert [each.under for each in found if each.words.startswith(("(a)", "This"))] == ["2. Use", "3. End"]
    assert len(found) == 9
    assert [each.key for each in clauses("You  MAY use,\nit. \n\n***\n")] == ["you may use", "it"]


def test_the_same_text_in_another_dress_is_the_same() -> None:
    """Line ends, breaks of lines, case and punctuation: editorial."""
    dressed = TEXT.replace("\n", "\r\n").replace("1. Grant", "1 — Grant:").replace("harm people", "harm  People")
    assert {kind for kind, _before, _after in seen(TEXT, dressed)} == {"retouched"}
    assert seen(TEXT, TEXT.replace("\n", "\r\n").replace("harm people", "harm  people")) == []
    assert class_of(TEXT, dressed) is ChangeClass.EDITORIAL


def test_a_sign_that_says_how_much_is_no_punctuation() -> None:
    """Five is not five per cent, and at most is not at least."""
    assert class_of("Pay 5 of it.", "Pay 5% of it.") is ChangeClass.CLARIFYING
    assert class_of("With users < 700.", "With users > 700.") is ChangeClass.CLARIFYING


def test_it_says_what_became_of_each_clause() -> None:
    """Added, removed, reworded with its words, moved."""
    after = TEXT.replace("(b) Keep the notices.\n", "").replace("for ever", "for a year")
    after += "\n4. Names\nCall it Aurora.\n"
    assert seen(TEXT, after) == [
        ("reworded", GRANT, GRANT.replace("for ever", "for a year")),
        ("removed", "(b) Keep the notices.", ""),
        ("added", "", "4. Names"),
        ("added", "", "Call it Aurora."),
    ]  # fmt: skip
    [reworded] = compare(TEXT, after).of(Kind.REWORDED)
    assert [(run.what, run.words) for run in reworded.runs if run.what] == [
        ("removed", "ever."),
        ("added", "a year."),
    ]
    assert "".join(run.words for run in reworded.runs if run.what != "removed") == reworded.after


def test_a_clause_that_only_moved_is_neither_added_nor_removed() -> None:
    """What it says was said before."""
    moved = TEXT.replace("(b) Keep the notices.\n", "") + "\n(b) Keep the notices.\n"
    assert [kind for kind, _before, _after in seen(TEXT, moved)] == ["moved"]
    assert class_of(TEXT, moved) is ChangeClass.EDITORIAL


def test_a_clause_beside_one_that_was_swapped_is_found_again() -> None:
    """Two neighbours that changed places within what was replaced are the same clauses."""
    one, other = "First we say this about the model.", "Then we say that about the data."
    found = compare(f"{one}\n\n{other}", f"{other}\n\n{one}")
    assert {change.kind for change in found.changes} <= {Kind.SAME, Kind.MOVED}


def test_a_clause_that_stands_in_many_places_is_found_again_too() -> None:
    """Comparing passes such clauses over; between two that changed, one is still the same."""
    many = [f"Clause {n}." if n % 2 else "As above, so below." for n in range(300)]
    after = [words.replace("Clause", "Part") for words in many]
    kinds = {
        change.kind for change in compare("\n\n".join(many), "\n\n".join(after)).changes if "above" in change.after
    }
    assert kinds == {Kind.SAME}


@pytest.mark.parametrize(
    ("before", "after", "codes"),
    [
        ("Be good.", "Be good.\n\nYou shall not use it for weapons.", ["clause_forbids"]),
        ("You may use it freely here.", "You may not use it freely here.", ["rewording_forbids", "permission_gone"]),
        ("Be good.\n\nYou may sell it.", "Be good.", ["permission_gone"]),
        ("A perpetual, irrevocable licence to the model.", "A perpetual licence to the model.", ["permission_gone"]),
        ("Soyez sages.", "Soyez sages.\n\nVous ne pouvez le vendre.", ["clause_forbids"]),
    ],
)
def test_words_that_forbid_or_no_longer_permit_are_material(before: str, after: str, codes: list[str]) -> None:
    """Even where nobody ticked a restriction."""
    least = least_class(Facts(), Facts(), compare(before, after))
    assert (least.change_class, [each.code for each in least.reasons]) == (ChangeClass.MATERIAL, codes)


LISTS = """You may use the model for:

- research in hospitals
- teaching of students

You may not use the model for:

- weapons of war
"""
ATTACHMENT = """Attachment A

You agree not to use the Model:

1. To harm minors

- To deceive people
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LISTS, LISTS.replace("- teaching of students\n", "") + "- teaching of students\n"),
        (LISTS, LISTS.replace("- teaching of students\n", "")),
        (LISTS, LISTS.replace("teaching of students", "teaching of some students")),
        (LISTS, LISTS + "\nWeather forecasts\n"),
        (ATTACHMENT, ATTACHMENT + "- To provide medical advice\n"),
        (ATTACHMENT, ATTACHMENT.replace("To deceive", "To deceive or tire")),
        (ATTACHMENT, ATTACHMENT.replace("\n- To deceive people", "\n2. To rule people")),
        ("Selling is permitted here.", "Selling is not permitted here."),
        ("Selling is allowed here.", "Selling isn’t allowed here."),
        ("It is for any use.", "It is for any non-commercial use."),
        ("You agree to use it well.", "You agree not to use it for hiring."),
        ("On peut le vendre ici.", "On ne peut le vendre ici."),
        ("Restrictions\n\nTo be read well.", "To be read well."),
    ],
)
def test_invariant_22_a_clause_that_limits_or_stood_for_a_permission_is_material(before: str, after: str) -> None:
    """By its words, its heading or the line that leads in, before or after; wherever it stands."""
    assert class_of(before, after) is ChangeClass.MATERIAL


def test_a_new_number_alone_asks_nothing_more() -> None:
    """Nor does what else is said in a part that limits nothing."""
    assert class_of(LISTS, LISTS.replace("- weapons", "(a) weapons")) is ChangeClass.CLARIFYING
    assert class_of(ATTACHMENT, f"{ATTACHMENT}\nThat is it.\n\n2. Names\n\nAurora.") is ChangeClass.MATERIAL
    assert class_of("1. Names\n\nAurora.", "1. Names\n\nAurora.\n\n2. Thanks\n\nTo Ha.") is ChangeClass.CLARIFYING


def test_other_words_are_at_least_clarifying() -> None:
    """Somebody has to read them; and a long clause is named by its beginning."""
    assert class_of("Be good to all.", "Be kind to all.") is ChangeClass.CLARIFYING
    long = "You must not " + "harm " * 60
    least = least_class(Facts(), Facts(), compare("Be good.", f"Be good.\n\n{long}"))
    assert len(least.reasons[0].about) == 160


def test_invariant_22_an_added_restriction_or_a_narrower_territory_is_at_least_material() -> None:
    """Whatever the words say, and together with what got easier."""
    same = compare(TEXT, TEXT)
    for after in (
        Facts(restrictions=["law", "malware"]),
        Facts({"territory_except": ["EU"]}, ["law"]),
        Facts({"revocable": "yes"}, []),
        Facts({"conditions": ["non-commercial"]}, ["law"]),
    ):
        assert least_class(Facts(restrictions=["law"]), after, same).change_class is ChangeClass.MATERIAL


def test_what_only_gives_more_is_expanding() -> None:
    """A restriction less, with the clause that held it."""
    before, after = Facts(restrictions=["law", "malware"]), Facts(restrictions=["law"])
    least = least_class(before, after, compare(TEXT, TEXT.replace("(b) Keep the notices.\n", "")))
    assert least.change_class is ChangeClass.EXPANDING
    assert [(each.code, each.about) for each in least.reasons] == [("freer", "malware")]


def test_a_class_is_raised_and_never_lowered() -> None:
    """The order: editorial, clarifying, expanding, material."""
    for number, least in enumerate(ChangeClass):
        assert [Least(least).allows(given) for given in ChangeClass] == [rank >= number for rank in range(4)]


def test_too_many_clauses_are_compared_as_a_whole() -> None:
    """What is new is still found, and so is a prohibition in it."""
    before = "\n\n".join(f"Clause {number} says so." for number in range(1_500))
    after = "\n\n".join(f"Clause {number} says so indeed." for number in range(1_500)) + "\n\nYou must not."
    found = compare(before, after)
    assert found.whole
    assert len(found.of(Kind.ADDED)) == 1_501
    assert least_class(Facts(), Facts(), found).change_class is ChangeClass.MATERIAL


def test_words_beyond_the_budget_are_shown_without_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clause is still found to be reworded."""
    monkeypatch.setattr(licence_changes, "BUDGET", 10)
    [change] = compare("Be good to all people.", "Be good to all beings.").changes
    assert (change.kind, change.runs) == (Kind.REWORDED, ())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\n\n" * 10_000, "b\n\n" * 10_000),
        ("x y " * 60_000, "x z " * 60_000),
        ("\n\n".join(f"{n % 97} a {n}" for n in range(1_000)), "\n\n".join(f"{n % 89} a {n * 7}" for n in range(999))),
        ("\n\n".join(f"{'w ' * 100}{n}" for n in range(900)), "\n\n".join(f"{'w ' * 100}{n} v" for n in range(900))),
        ("\n\n".join(str(n) for n in range(1_000)), "\n\n".join(str(n) for n in reversed(range(1_000)))),
    ],
    ids=["one letter", "one clause", "alike", "long and alike", "upside down"],
)  # fmt: skip
def test_no_texts_take_long(before: str, after: str) -> None:
    """Whatever stands in them; what a million bytes take is in proportion."""
    began = time.process_time()
    assert isinstance(compare(before, after), Comparison)
    assert time.process_time() - began < 1.5
