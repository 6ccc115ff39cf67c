"""Who may see which field of a case. Pages, the API, exports, e-mail, search and packs ask here and nowhere else."""

from collections.abc import Iterable

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
