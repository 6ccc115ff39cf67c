"""What differs from what was decided here: how much may be undone without asking, and where nothing is.

The whole way, from the Hub to a decision and back, stands in tests/hub/test_drift.py.
"""

from __future__ import annotations

import pytest

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.actions import drifts, grants, repositories
from gatekeeper.models import Grant, HubAccess, Repository
from gatekeeper.rules.refusals import Unmet, WrongState
from tests import factories
from tests.expect import refused


@pytest.mark.parametrize(
    ("people", "accepted", "many"),
    [(1, 1, False), (5, 5, False), (6, 60, False), (6, 59, True), (20, 200, False), (21, 210, True)],
)
def test_more_than_twenty_or_a_tenth_of_all_wait_for_somebody(
    people: int, accepted: int, many: bool, aurora: Repository
) -> None:
    """And never five or fewer: a small repository is not held up by its share."""
    HubPerson.objects.see_many(
        [{"hub_user_id": factories.hub_id(f"person-{n}"), "username": f"person-{n}"} for n in range(accepted)]
    )
    HubAccess.objects.bulk_create(
        HubAccess(repository=aurora, person=person, seen="accepted")
        for person in HubPerson.objects.filter(username__startswith="person-")
    )
    assert drifts.too_many(aurora, people) is many


def test_what_is_not_linked_any_more_enforces_nothing(aurora: Repository, amara: Viewer) -> None:
    """Nor does it go back to proposing: nothing is watched there."""
    repositories.unlink(aurora, by=amara)
    for on in (True, False):
        with refused(WrongState, "not_linked"):
            drifts.enforce(aurora, by=amara, on=on)


def test_nobody_is_brought_in_beside_a_grant_that_is_suspended(grant: Grant, aurora: Repository, amara: Viewer) -> None:
    """They are accepted on the Hub although their grant here is not in force: whoever decides reinstates it."""
    grants.suspend(grant, by=amara)
    found = factories.drift(aurora, "ghost_access", grant.person)
    with refused(Unmet, "grant_exists"):
        drifts.record(found, by=amara, words="So be it.")
    assert Grant.objects.get().status == "suspended"
