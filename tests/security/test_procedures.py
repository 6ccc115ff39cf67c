"""Ways around the second person of an emergency stop."""

from __future__ import annotations

import pytest

from accounts import people as accounts_people
from accounts.models import Publisher, User
from accounts.viewer import Viewer
from gatekeeper.actions import _stopping, procedures, repositories, stages
from gatekeeper.models import Grant, Repository, Stage
from gatekeeper.rules.refusals import Unmet, WrongState
from tests import factories
from tests.expect import offered, refused


def test_asking_to_lift_a_stop_does_not_hold_it_up(
    stage: Stage, amara: Viewer, bram: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until a second person has confirmed the lift, whoever was not suspended yet still is."""
    monkeypatch.setattr(_stopping, "AT_ONCE", 2)
    given = [factories.imported(stage, factories.hub_person(f"person-{number}"), by=amara) for number in range(5)]
    stop = factories.stop(stage, by=amara)
    procedures.ask_to_lift(stop, by=bram)
    procedures.carry_on_all()
    assert not Grant.objects.wanted().exists()
    assert stop.stopped.count() == len(given)
    assert factories.fresh(stop).status == "waiting"
    procedures.keep(stop, by=amara)
    assert factories.fresh(stop).status == "running"


def test_who_started_a_stop_does_not_ratify_it_when_the_others_are_gone(
    stage: Stage, aurora_lab: Publisher, amara: Viewer, bram: Viewer
) -> None:
    """An owner who dismisses the steward is no second person by that."""
    stop = factories.stop(stage, by=amara)
    assert bram.user is not None
    accounts_people.dismiss(publisher=aurora_lab, user=bram.user, role="steward", by=amara.user)
    with refused(Unmet, "second_person"):
        procedures.ratify(stop, by=amara)
    assert offered(factories.fresh(stop), amara)["ratify"] == "second_person"


def test_what_a_stop_takes_away_cannot_be_unlinked_from_under_it(
    stage: Stage, aurora: Repository, amara: Viewer, bram: Viewer, chidi: Viewer, ha: Viewer
) -> None:
    """Otherwise one steward ends the telling, and the stop is said to be in force while everybody is still let in."""
    grant = factories.active_grant(stage, ha, by=chidi)
    stop = factories.stop(stage, by=amara)
    stages.close(stage, by=bram)
    with refused(WrongState, "stopped"):
        repositories.unlink(aurora, by=bram)
    procedures.carry_on_all()
    assert factories.fresh(stop).status == "running"
    factories.hub_says(grant.person, aurora, "pending")
    procedures.carry_on_all()
    assert factories.fresh(stop).status == "in_force"


def test_a_steward_alone_does_not_lift_a_stop(stage: Stage, amara: Viewer, bram: Viewer, goran: Viewer) -> None:
    """That one person decides where nobody else is there is for owners; a closed account is nobody."""
    stop = procedures.ask_to_lift(factories.stop(stage, by=amara), by=bram)
    for gone in (amara, goran):
        assert gone.user is not None
        User.objects.filter(pk=gone.user.pk).update(is_active=False)
    with refused(Unmet, "second_person"):
        procedures.confirm(stop, by=bram)
