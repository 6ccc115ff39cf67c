"""open, confirm_open, pause, close: what becomes of a stage."""

from __future__ import annotations

import pytest

from accounts.viewer import Viewer
from gatekeeper.actions import grants, releases, repositories, requests, stages
from gatekeeper.models import Grant, HubAccess, Repository, RepositoryWish, Stage
from gatekeeper.rules.access import Access
from gatekeeper.rules.refusals import NotAllowed, Unmet, WrongState
from tests import factories
from tests.again import once
from tests.expect import events, last_event, offered, refused


@pytest.fixture
@once
def planned(aurora: Repository, amara: Viewer) -> Stage:
    """A stage with its terms, not opened yet."""
    return factories.planned_stage(aurora, by=amara)


def test_opening_wishes_the_gate_and_waits_for_it(planned: Stage, aurora: Repository, bram: Viewer) -> None:
    """The stage is opening until `manual` was read back; without a word of the steward no card is touched."""
    opening = stages.open_stage(planned, by=bram)
    gate = RepositoryWish.objects.get(repository=aurora)
    assert opening.status == "opening"
    assert (gate.gate, gate.card_link, gate.generation) == ("manual", "", 1)
    assert gate.due_at is not None
    assert (opening.tells_the_card, events(opening)[-1]) == (False, "stage.open")
    assert last_event(opening).data == {"repositories": [aurora.pk], "card": False}


def test_opening_may_tell_the_card_where_to_apply(planned: Stage, aurora: Repository, bram: Viewer) -> None:
    """The two lines are wished with their address, and stay wished when another stage opens without them."""
    stages.open_stage(planned, by=bram, card_link="https://gate.example.org/aurora")
    assert factories.fresh(planned).tells_the_card
    other = factories.planned_stage(aurora, by=bram)
    stages.open_stage(other, by=bram)
    gate = RepositoryWish.objects.get(repository=aurora)
    assert (gate.card_link, gate.generation) == ("https://gate.example.org/aurora", 2)


def test_opening_again_without_the_card_wishes_the_lines_no_more(
    planned: Stage, aurora: Repository, bram: Viewer
) -> None:
    """A card that could not take them holds nothing up, once the steward opens without them."""
    stages.open_stage(planned, by=bram, card_link="https://gate.example.org/aurora")
    stages.pause(factories.fresh(planned), by=bram)
    stages.open_stage(factories.fresh(planned), by=bram)
    assert RepositoryWish.objects.get(repository=aurora).card_link == ""


def test_opening_needs_terms_and_a_linked_repository(aurora: Repository, planned: Stage, amara: Viewer) -> None:
    """Nothing opens without a policy to agree to and something to give."""
    bare = factories.bare_stage(aurora, by=amara)
    assert offered(bare, amara)["open"] == "stage_not_ready"
    with refused(Unmet, "stage_not_ready"):
        stages.open_stage(bare, by=amara)
    repositories.unlink(aurora, by=amara)
    with refused(Unmet, "stage_not_ready"):
        stages.open_stage(planned, by=amara)


def test_opening_leaves_unlinked_repositories_alone(aurora: Repository, amara: Viewer) -> None:
    """Only linked repositories are written to."""
    gone = factories.linked(aurora.publisher, by=amara, name="aurora-old")
    stage = factories.planned_stage(aurora, gone, by=amara)
    repositories.unlink(gone, by=amara)
    stages.open_stage(stage, by=amara)
    assert RepositoryWish.objects.get().repository == aurora


def test_confirming_opens_the_stage(planned: Stage, bram: Viewer, hub: Viewer) -> None:
    """The Hub's worker says that the gate was read back."""
    with refused(WrongState, "wrong_state"):
        stages.confirm_open(planned)
    opened = stages.confirm_open(stages.open_stage(planned, by=bram))
    assert opened.status == "open"
    assert last_event(opened).actor == hub.user
    assert opened in Stage.objects.taking_requests()


def test_pausing_stops_new_grants_and_leaves_old_ones(stage: Stage, ha: Viewer, chidi: Viewer, bram: Viewer) -> None:
    """Nothing is submitted and no grant is made until it is opened again."""
    grant = factories.active_grant(stage, ha, by=chidi)
    assert stages.pause(stage, by=bram).status == "paused"
    assert last_event(stage).data == {"suspending": False}
    assert factories.fresh(grant).status == "active"
    assert stages.confirm_open(stages.open_stage(stage, by=bram)).status == "open"


def test_pausing_with_suspension_suspends_every_grant(
    stage: Stage, ha: Viewer, ines: Viewer, chidi: Viewer, bram: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In batches, the steward's own included; grants of another stage go on."""
    monkeypatch.setattr(stages, "AT_ONCE", 2)
    other = factories.active_grant(factories.open_stage(*stage.repositories.all(), by=bram), ines, by=chidi)
    for who in (ha, bram):
        factories.active_grant(stage, who, by=chidi)
    factories.waiting_grant(stage, ines, by=chidi)
    ended = grants.relinquish(factories.active_grant(stage, factories.account("gone"), by=chidi), by=_last())
    stages.pause(stage, by=bram, suspending=True)
    assert last_event(stage).data == {"suspending": True}
    assert set(Grant.objects.filter(stage=stage).values_list("status", flat=True)) == {"suspended", "relinquished"}
    assert Grant.objects.live().filter(stage=stage, status="suspended").count() == 3
    assert factories.fresh(ended).status == "relinquished"
    assert factories.fresh(other).status == "active"
    assert HubAccess.objects.get(person=ines.person).access == Access.YES
    assert set(HubAccess.objects.exclude(person=ines.person).values_list("access", flat=True)) == {"no"}


def test_pausing_with_suspension_where_nobody_has_access(stage: Stage, bram: Viewer) -> None:
    """There is nobody to suspend."""
    assert stages.pause(stage, by=bram, suspending=True).status == "paused"


def _last() -> Viewer:
    return Viewer.of(Grant.objects.order_by("-pk")[0].person.user)


def test_pausing_before_it_opened_calls_the_opening_off(planned: Stage, bram: Viewer) -> None:
    """A late confirmation finds nothing to confirm."""
    paused = stages.pause(stages.open_stage(planned, by=bram), by=bram)
    with refused(WrongState, "wrong_state"):
        stages.confirm_open(paused)


def test_closing_is_for_good_and_leaves_grants(stage: Stage, ha: Viewer, chidi: Viewer, bram: Viewer) -> None:
    """Grants go on until their end; nothing opens it again."""
    grant = factories.active_grant(stage, ha, by=chidi)
    closed = stages.close(stage, by=bram)
    assert (closed.status, events(closed)[-1]) == ("closed", "stage.close")
    assert factories.fresh(grant).status == "active"
    for verb in (stages.open_stage, stages.pause, stages.close):
        with refused(WrongState, "wrong_state"):
            verb(closed, by=bram)


def test_what_cannot_be_paused(planned: Stage, bram: Viewer) -> None:
    """What never opened cannot pause."""
    with refused(WrongState, "wrong_state"):
        stages.pause(planned, by=bram)


def test_only_stewards_and_owners_may(
    stage: Stage, chidi: Viewer, ewa: Viewer, farid: Viewer, goran: Viewer, ha: Viewer, nobody: Viewer, clock: Viewer
) -> None:
    """Reviewers, counsel and operators open and close nothing."""
    for verb in (stages.open_stage, stages.pause, stages.close):
        for who in (chidi, ewa, farid, goran, ha, clock):
            with refused(NotAllowed, "not_allowed"):
                verb(stage, by=who)
        with refused(NotAllowed, "sign_in"):
            verb(stage, by=nobody)


def test_a_paused_stage_keeps_drafts(stage: Stage, ha: Viewer, bram: Viewer) -> None:
    """People may go on writing while they wait."""
    case = requests.start(stage, by=ha)
    stages.pause(stage, by=bram)
    assert requests.answer(case, by=ha, answers={"affiliation": "Uni"}).answers == {"affiliation": "Uni"}
    assert releases.publish_ladder(stage.release, by=bram).number == 1
