"""Who sees which field of a case; written out by hand, so that a change has to be meant."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from gatekeeper.rules.statuses import Role
from gatekeeper.rules.visibility import SEEN_BY, answers_seen, may_see, visible_fields

ALL = set(SEEN_BY)
OWN = {"answers", "messages", "decision_words", "requester_name", "requester_email"}


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        (Role.REQUESTER, OWN),
        (Role.REVIEWER, ALL),
        (Role.STEWARD, ALL),
        (Role.OWNER, ALL),
        (Role.COUNSEL, ALL),
        (Role.APPEALS_OFFICER, ALL),
        (Role.AUDITOR, ALL),
        (Role.OPERATOR, {"hub_access"}),
        (Role.CLOCK, set()),
        (Role.HUB, set()),
    ],
)
def test_each_role_sees_its_fields_and_no_other(role: Role, sees: set[str]) -> None:
    """The requester never sees notes, reviews, names of staff or the history; an operator only what is synced."""
    assert visible_fields([role]) == sees
    assert {field for field in SEEN_BY if may_see(field, [role])} == sees


def test_nobody_sees_a_field_of_a_case_without_a_role() -> None:
    """Fail closed."""
    assert visible_fields([]) == frozenset()


def test_nobody_sees_an_unknown_field() -> None:
    """A field that nobody put into the table is seen by nobody."""
    assert not any(may_see("shoe_size", [role]) for role in Role)


def test_whoever_asked_sees_their_own_case_as_a_requester_whatever_else_they_are() -> None:
    """A reviewer who applied does not read what colleagues say about them."""
    others = [role for role in Role if role is not Role.REQUESTER]
    for held in chain.from_iterable(combinations(others, size) for size in range(4)):
        assert visible_fields([Role.REQUESTER, *held]) == OWN


BLINDED = [{"key": "name", "blinded": True}, {"key": "use"}]
GIVEN = {"name": "Hà", "use": "To count."}


@pytest.mark.parametrize(
    ("roles", "seen"),
    [
        ({Role.REQUESTER}, GIVEN),
        ({Role.REQUESTER, Role.REVIEWER}, GIVEN),
        ({Role.REVIEWER}, {"use": "To count."}),
        ({Role.APPEALS_OFFICER}, {"use": "To count."}),
        ({Role.OWNER, Role.REVIEWER}, {"use": "To count."}),
        ({Role.STEWARD}, GIVEN),
        ({Role.AUDITOR}, GIVEN),
        ({Role.OPERATOR}, {}),
        (set(), {}),
    ],
)
def test_a_blinded_answer_is_not_there_for_whoever_decides(roles: set[Role], seen: dict[str, str]) -> None:
    """Whatever else they are; and who sees no answers sees none of them."""
    assert answers_seen(BLINDED, GIVEN, roles) == seen
    assert answers_seen(BLINDED, None, roles) is None
