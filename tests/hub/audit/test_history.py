"""What a card asked people to agree to, compared commit by commit."""

from __future__ import annotations

from datetime import UTC, datetime

from gatekeeper.hub.audit.history import history, question
from gatekeeper.hub.port import Commit


def commit(number: int) -> Commit:
    """The commit of a day in March."""
    return Commit(f"{number:040d}", datetime(2026, 3, number, tzinfo=UTC), ("amara",), f"Commit {number}")


def card(*lines: str) -> bytes:
    """A card with a front matter."""
    return "\n".join(["---", *lines, "---", "# Words", ""]).encode()


def told(versions: list[bytes | None], *, whole: bool = True) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """The changes of versions given oldest first."""
    newest_first = [(commit(number), text) for number, text in enumerate(versions, 1)][::-1]
    return [
        (change.commit.title, [(shift.part, shift.before, shift.after) for shift in change.shifts])
        for change in history(newest_first, whole=whole).changes
    ]


def test_it_names_the_commit_that_changed_a_part() -> None:
    """The one with which it came, not the last one that still had it."""
    old, new = card("extra_gated_prompt: Old."), card("extra_gated_prompt: New.")
    assert told([old, old, new, new]) == [
        ("Commit 3", [("prompt", "Old.", "New.")]),
        ("Commit 1", [("prompt", "", "Old.")]),
    ]


def test_a_change_and_its_undoing_are_two() -> None:
    """Whoever asked in between agreed to something else."""
    old, new = card("license: openrail"), card("license: mit")
    assert [title for title, _shifts in told([old, new, old])] == ["Commit 3", "Commit 2", "Commit 1"]


def test_what_nobody_agrees_to_is_no_change() -> None:
    """Words of the page, other keys, the order of lines."""
    first = card("extra_gated_prompt: Please.", "library_name: a")
    second = card("library_name: b", "extra_gated_prompt: Please.") + b"More words.\n"
    assert [title for title, _shifts in told([first, second])] == ["Commit 1"]


def test_the_beginning_is_known_only_of_a_whole_history() -> None:
    """Where it breaks off, nobody can say what was there before."""
    assert told([card("license: mit")], whole=False) == []
    assert told([card("license: mit")]) == [("Commit 1", [("licence", "", "mit")])]


def test_a_card_may_come_and_go() -> None:
    """A repository without a README asks nothing."""
    assert told([None, card("license: mit"), None]) == [
        ("Commit 3", [("licence", "mit", "")]),
        ("Commit 2", [("licence", "", "mit")]),
    ]


def test_what_cannot_be_read_is_counted_and_passed_over() -> None:
    """The change belongs to the next version that can be read."""
    versions = [(commit(3), card("license: mit")), (commit(2), b"---\nnever closed\n"), (commit(1), card("license: a"))]
    found = history(versions, whole=True)
    assert found.unreadable == 1
    assert [change.commit.title for change in found.changes] == ["Commit 3", "Commit 1"]


def test_a_question_is_one_line() -> None:
    """Its label, its type, its options."""
    assert question("Affiliation", "text") == "Affiliation (text)"
    options = ["Research", {"label": "Teaching", "value": "t"}]
    assert question("Why", {"type": "select", "options": options}) == "Why (select: Research, Teaching)"
    assert question("Two\nlines", None) == "Two lines (text)"
