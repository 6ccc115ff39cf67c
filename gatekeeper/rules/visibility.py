"""Who may see which field of a case. Pages, the API, exports, e-mail, search and packs ask here and nowhere else."""

from collections.abc import Iterable, Mapping
from typing import Any

from .statuses import Role as R

STAFF = frozenset({R.REVIEWER, R.STEWARD, R.OWNER, R.COUNSEL, R.APPEALS_OFFICER, R.AUDITOR})

SEEN_BY: dict[str, frozenset[R]] = {
    "answers": STAFF | {R.REQUESTER},
    "messages": STAFF | {R.REQUESTER},
    "decision_words": STAFF | {R.REQUESTER},
    "requester_name": STAFF | {R.REQUESTER},
    "requester_email": STAFF | {R.REQUESTER},
    "private_notes": STAFF,
    "reviews": STAFF,
    "staff_names": STAFF,
    "assignee": STAFF,
    "hub_access": STAFF | {R.OPERATOR},
    "history": STAFF,
}


def may_see(field: str, roles: Iterable[R]) -> bool:
    """Say whether somebody with these roles towards a case sees this field of it. An unknown field is seen by nobody.

    Somebody who stands on both sides (a member who applied) sees their own case as a requester only.
    """
    held = frozenset(roles)
    if R.REQUESTER in held:
        held = frozenset({R.REQUESTER})
    return bool(SEEN_BY.get(field, frozenset()) & held)


def visible_fields(roles: Iterable[R]) -> frozenset[str]:
    """Return the names of all fields that somebody with these roles sees."""
    held = tuple(roles)
    return frozenset(field for field in SEEN_BY if may_see(field, held))


DECIDING = frozenset({R.REVIEWER, R.APPEALS_OFFICER})


def sees_blinded(roles: Iterable[R]) -> bool:
    """Say whether somebody with these roles sees blinded answers: whoever decides does not, whatever else they are."""
    held = frozenset(roles)
    return may_see("answers", held) and (R.REQUESTER in held or not DECIDING & held)


def answers_seen(
    questions: Iterable[Mapping[str, Any]], answers: Mapping[str, Any] | None, roles: Iterable[R]
) -> dict[str, Any] | None:
    """Return the answers that somebody with these roles sees; None if they are erased. A blinded one is not there."""
    held = frozenset(roles)
    if answers is None:
        return None
    if not may_see("answers", held):
        return {}
    blinded = set() if sees_blinded(held) else {each["key"] for each in questions if each.get("blinded")}
    return {key: value for key, value in answers.items() if key not in blinded}
