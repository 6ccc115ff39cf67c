"""start: somebody begins a request."""

from __future__ import annotations

from datetime import timedelta

from accounts.viewer import Viewer
from gatekeeper.actions import decisions, requests, stages
from gatekeeper.models import AccessRequest, Stage
from gatekeeper.rules.refusals import NotAllowed, Unmet
from tests import factories
from tests.expect import events, last_event, refused


def test_it_begins_a_draft_under_the_terms_in_force(stage: Stage, ha: Viewer) -> None:
    """The draft is the person's own, empty, and waits for a month."""
    case = requests.start(stage, by=ha)
    assert (case.status, case.person, case.policy, case.answers) == ("draft", ha.person, stage.policy, {})
    assert case.waits_until == case.created_at + timedelta(days=30)
    assert events(case) == ["request.start"]
    assert last_event(case).data == {"policy": case.policy_id}
    assert last_event(case).actor == ha.user


def test_it_returns_the_request_that_is_open_already(stage: Stage, ha: Viewer) -> None:
    """One open request per person and stage; pressing twice is pressing once."""
    first = requests.start(stage, by=ha)
    assert requests.start(stage, by=ha) == first
    assert events(first) == ["request.start"]


def test_it_is_refused_to_nobody(stage: Stage, nobody: Viewer) -> None:
    """Sign in first."""
    with refused(NotAllowed, "sign_in"):
        requests.start(stage, by=nobody)


def test_it_is_refused_without_a_hub_identity(stage: Stage) -> None:
    """Access is given to a Hub name: one has to be connected."""
    with refused(NotAllowed, "no_hub_identity"):
        requests.start(stage, by=factories.account("mail-only", on_the_hub=False))


def test_it_is_refused_while_the_stage_is_not_open(stage: Stage, bram: Viewer, ha: Viewer) -> None:
    """A paused stage takes no request."""
    paused = stages.pause(stage, by=bram)
    with refused(Unmet, "stage_not_open"):
        requests.start(paused, by=ha)


def test_it_is_refused_at_a_stage_without_terms(stage: Stage, ha: Viewer, amara: Viewer) -> None:
    """A stage that was only planned has nothing to agree to."""
    planned = factories.planned_stage(*stage.repositories.all(), by=amara)
    with refused(Unmet, "stage_not_open"):
        requests.start(planned, by=ha)


def test_it_is_refused_to_the_holder_of_a_grant(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """Who has access does not ask for it."""
    factories.active_grant(stage, ha, by=chidi)
    with refused(Unmet, "grant_exists"):
        requests.start(stage, by=ha)


def test_it_is_refused_after_a_final_denial(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """A final denial is not asked around."""
    factories.denied_finally(stage, ha, by=chidi)
    with refused(Unmet, "denied_finally"):
        requests.start(stage, by=ha)


def test_it_begins_again_after_a_withdrawal(stage: Stage, ha: Viewer) -> None:
    """Somebody who took a request back may ask anew."""
    first = requests.withdraw(requests.start(stage, by=ha), by=ha)
    assert requests.start(stage, by=ha) != first


def test_it_prefills_what_the_person_answered_elsewhere(stage: Stage, ha: Viewer, amara: Viewer) -> None:
    """Answers that still fit are there already; boxes are always ticked anew."""
    factories.submitted(stage, ha)
    other = factories.open_stage(*stage.repositories.all(), by=amara)
    begun = requests.start(other, by=ha).answers
    assert begun == {key: value for key, value in factories.ANSWERS.items() if key != "terms"}


def test_it_prefills_nothing_of_somebody_else(stage: Stage, ha: Viewer, ines: Viewer) -> None:
    """Another person's answers stay theirs."""
    factories.submitted(stage, ha)
    assert requests.start(stage, by=ines).answers == {}


def test_it_prefills_nothing_that_was_erased(stage: Stage, ha: Viewer, amara: Viewer, chidi: Viewer) -> None:
    """When the answers of the last submission are gone, the form is empty."""
    case = decisions.approve(factories.in_review(stage, ha, by=chidi), by=chidi, words="Welcome.")
    factories.erase(case.submission)
    other = factories.open_stage(*stage.repositories.all(), by=amara)
    assert requests.start(other, by=ha).answers == {}


def test_anybody_with_a_hub_identity_may_ask(
    stage: Stage, amara: Viewer, bram: Viewer, chidi: Viewer, ewa: Viewer, farid: Viewer, goran: Viewer, juma: Viewer
) -> None:
    """Those who work here may ask too; others decide on it."""
    everybody = (amara, bram, chidi, ewa, farid, goran, juma)
    cases = [requests.start(stage, by=who) for who in everybody]
    assert set(AccessRequest.objects.all()) == set(cases)
    assert len(cases) == len(everybody)
