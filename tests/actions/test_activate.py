"""activate: the Hub was read back; only now somebody has access."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.actions import grants, repositories, stages
from gatekeeper.models import Grant, Repository, Stage
from gatekeeper.rules.refusals import Unmet, WrongState
from tests import factories
from tests.again import once
from tests.expect import events, last_event, offered, refused, told


@pytest.fixture
@once
def waiting(stage: Stage, ha: Viewer, chidi: Viewer) -> Grant:
    """Hà's grant, waiting for the Hub."""
    return factories.waiting_grant(stage, ha, by=chidi)


def test_it_is_active_once_the_hub_was_read_back(waiting: Grant, aurora: Repository, ha: Viewer, hub: Viewer) -> None:
    """The Hub's worker confirms, and only then the person is told."""
    assert grants.activate_confirmed() == 0
    assert "access_confirmed" not in told(ha)
    factories.hub_says(ha.person, aurora, "accepted")
    at = timezone.now()
    assert grants.activate_confirmed(at=at) == 1
    grant = factories.fresh(waiting)
    assert (grant.status, grant.activated_at) == ("active", at)
    assert told(ha)[-1] == "access_confirmed"
    assert last_event(grant).action == "grant.activate"
    assert last_event(grant).actor == hub.user
    assert grants.activate_confirmed() == 0


def test_it_is_refused_whatever_else_the_hub_says(waiting: Grant, aurora: Repository, ha: Viewer) -> None:
    """The verb itself asks what was read back, whoever calls it."""
    for seen in ("unknown", "none", "pending", "rejected", "reset"):
        factories.hub_says(ha.person, aurora, seen)
        with refused(Unmet, "not_read_back"):
            grants.activate_all([waiting])
        assert grants.activate_confirmed() == 0


def test_it_is_refused_while_a_newer_wish_was_not_read_back(
    waiting: Grant, aurora: Repository, amara: Viewer, ha: Viewer
) -> None:
    """What was read before the last change says nothing about it."""
    factories.hub_says(ha.person, aurora, "accepted")
    grants.reinstate(grants.suspend(waiting, by=amara), by=amara)
    with refused(Unmet, "not_read_back"):
        grants.activate_all([waiting])


def test_it_waits_for_every_repository_of_the_stage(
    aurora: Repository, amara: Viewer, ha: Viewer, chidi: Viewer
) -> None:
    """Access to one of two is not access to the stage; an unlinked repository is not waited for."""
    second = factories.linked(aurora.publisher, by=amara, name="aurora-small")
    third = factories.linked(aurora.publisher, by=amara, name="aurora-old")
    stage = factories.open_stage(aurora, second, third, by=amara)
    grant = factories.waiting_grant(stage, ha, by=chidi)
    factories.hub_says(ha.person, aurora, "accepted")
    factories.hub_says(ha.person, third, "accepted")
    assert grants.activate_confirmed() == 0
    factories.hub_says(ha.person, second, "accepted")
    assert grants.activate_confirmed() == 1
    assert factories.fresh(grant).status == "active"


def test_it_never_confirms_a_stage_without_a_linked_repository(
    waiting: Grant, stage: Stage, aurora: Repository, amara: Viewer
) -> None:
    """Nothing was read back, so nothing is confirmed."""
    stages.close(stage, by=amara)
    repositories.unlink(aurora, by=amara)
    assert grants.activate_confirmed() == 0


def test_it_is_refused_for_a_grant_that_is_not_waiting(waiting: Grant, amara: Viewer) -> None:
    """A suspended grant is not activated by a late reading."""
    grants.suspend(waiting, by=amara)
    with refused(WrongState, "wrong_state"):
        grants.activate_all([waiting])


def test_nobody_but_the_hubs_worker_is_offered_it(
    waiting: Grant, aurora: Repository, ha: Viewer, amara: Viewer, hub: Viewer
) -> None:
    """The button exists for the worker alone."""
    assert offered(waiting, hub) == {"activate": "not_read_back"}
    factories.hub_says(ha.person, aurora, "accepted")
    assert offered(waiting, hub) == {"activate": None}
    assert "activate" not in offered(waiting, amara) | offered(waiting, ha)


# People whom the Hub had accepted already


def test_bringing_in_makes_imported_grants(stage: Stage, aurora: Repository, kiri: HubPerson, amara: Viewer) -> None:
    """Terms unproven, no decision, and nothing new for the Hub to be told: it says yes already."""
    factories.hub_says(kiri, aurora, "accepted")
    [grant] = grants.bring_in_all(stage, [kiri], by=amara)
    assert (grant.is_imported, grant.terms_unproven, grant.imported_by) == (True, True, amara.user)
    assert grant.status == "pending_activation"
    assert events(grant) == ["grant.bring_in"]
    assert factories.confirmed(grant).status == "active"


def test_bringing_in_takes_each_person_once(
    stage: Stage, kiri: HubPerson, ha: Viewer, chidi: Viewer, hub: Viewer
) -> None:
    """Holders of a live grant are left out, however often they are named."""
    factories.active_grant(stage, ha, by=chidi)
    people = [kiri, kiri, ha.person]
    assert [grant.person for grant in grants.bring_in_all(stage, iter(people), by=hub)] == [kiri]
    assert grants.bring_in_all(stage, people, by=hub) == []


def test_bringing_in_leaves_out_a_stage_that_is_paused_closed_or_without_terms(
    stage: Stage, aurora: Repository, kiri: HubPerson, amara: Viewer
) -> None:
    """No new grant by any door."""
    stages.pause(stage, by=amara)
    assert grants.bring_in_all(stage, [kiri], by=amara) == []
    stages.close(stage, by=amara)
    assert grants.bring_in_all(stage, [kiri], by=amara) == []
    bare = factories.bare_stage(aurora, by=amara)
    assert grants.bring_in_all(bare, [kiri], by=amara) == []
    assert not Grant.objects.exists()


def test_an_import_ends_when_the_terms_say(aurora: Repository, kiri: HubPerson, amara: Viewer, clock: Viewer) -> None:
    """A duration counts from the day of the import."""
    stage = factories.open_stage(aurora, by=amara, duration_days=30)
    [grant] = grants.bring_in_all(stage, [kiri], by=clock)
    assert grant.ends_at is not None
    assert (grant.ends_at - grant.created_at).days == 30
