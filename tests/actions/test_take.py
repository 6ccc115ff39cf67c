"""take and put_back: a reviewer takes a case into review, or puts it back into the queue."""

from __future__ import annotations

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.actions import requests, reviews
from gatekeeper.models import Repository, Stage
from gatekeeper.rules.refusals import NotAllowed, WrongState
from tests import factories
from tests.expect import events, offered, refused


def test_it_makes_the_reviewer_the_assignee(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """From then on everybody sees who has it; the requester is told nothing yet."""
    case = reviews.take(factories.submitted(stage, ha), by=chidi)
    assert (case.status, case.assignee) == ("in_review", chidi.user)
    assert events(case)[-1] == "request.take"


def test_it_is_refused_when_another_reviewer_has_it(stage: Stage, ha: Viewer, chidi: Viewer, dana: Viewer) -> None:
    """The slower one hears that it is taken."""
    case = factories.in_review(stage, ha, by=chidi)
    assert "take" not in offered(case, dana)
    for who in (chidi, dana):
        with refused(WrongState, "already_taken"):
            reviews.take(case, by=who)


def test_what_came_complete_from_the_hub_is_taken_where_it_stands(
    aurora: Repository, amara: Viewer, chidi: Viewer, dana: Viewer, kiri: HubPerson
) -> None:
    """It is in review before anybody has it: whoever takes it is its assignee, and its state does not begin anew."""
    factories.open_stage(aurora, by=amara, intake="hub_is_enough")
    case = factories.fresh(factories.brought_in(aurora, kiri))
    assert (case.status, case.assignee) == ("in_review", None)
    assert offered(case, chidi)["take"] is None
    assert "put_back" not in offered(case, chidi)
    with refused(WrongState, "not_taken"):
        reviews.put_back(case, by=chidi)
    taken = reviews.take(case, by=chidi)
    assert (taken.status, taken.assignee, taken.status_at) == ("in_review", chidi.user, case.status_at)
    assert factories.fresh(case).status_at == case.status_at
    assert events(case)[-1] == "request.take"
    with refused(WrongState, "already_taken"):
        reviews.take(case, by=dana)
    assert reviews.put_back(case, by=dana).status == "submitted"


def test_a_case_that_was_corrected_is_taken_by_anybody(stage: Stage, ha: Viewer, chidi: Viewer, dana: Viewer) -> None:
    """It was with whoever asked for the changes; being back in the queue, it does not have to wait for them."""
    case = requests.resubmit(factories.denied_correctably(stage, ha, by=chidi), by=ha)
    assert (case.status, case.assignee) == ("submitted", chidi.user)
    assert reviews.take(case, by=dana).assignee == dana.user


def test_it_is_refused_for_ones_own_request(stage: Stage, chidi: Viewer, dana: Viewer) -> None:
    """A reviewer may ask; another one decides."""
    case = factories.submitted(stage, chidi)
    assert offered(case, chidi)["take"] == "own_request"
    with refused(NotAllowed, "own_request"):
        reviews.take(case, by=chidi)
    assert reviews.take(case, by=dana).status == "in_review"


def test_it_is_refused_to_whoever_does_not_review(
    stage: Stage, ha: Viewer, amara: Viewer, bram: Viewer, farid: Viewer, goran: Viewer, clock: Viewer
) -> None:
    """Owning, stewarding, auditing or operating is not reviewing."""
    case = factories.submitted(stage, ha)
    for who in (amara, bram, farid, goran, ha, clock):
        with refused(NotAllowed, "not_allowed"):
            reviews.take(case, by=who)


def test_it_is_refused_to_reviewers_of_another_publisher(stage: Stage, ha: Viewer) -> None:
    """A role counts at its own publisher."""
    stranger = factories.account("stranger")
    publisher = factories.found(stranger, "other-lab")
    reviewer = factories.member(publisher, "their-reviewer", "reviewer", by=stranger)
    case = factories.submitted(stage, ha)
    with refused(NotAllowed, "not_allowed"):
        reviews.take(case, by=reviewer)


def test_putting_back_frees_the_case_for_anybody(stage: Stage, ha: Viewer, chidi: Viewer, dana: Viewer) -> None:
    """Another reviewer may put it back too, if somebody is away; the promise goes on."""
    case = factories.in_review(stage, ha, by=chidi)
    back = reviews.put_back(case, by=dana)
    assert (back.status, back.assignee, back.due_at) == ("submitted", None, case.due_at)
    assert events(back)[-1] == "request.put_back"
    assert reviews.take(back, by=dana).assignee == dana.user


def test_putting_back_is_refused_when_it_is_not_in_review(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """There is nothing to put back."""
    case = factories.submitted(stage, ha)
    with refused(WrongState, "wrong_state"):
        reviews.put_back(case, by=chidi)


def test_putting_back_is_refused_for_ones_own_and_to_others(
    stage: Stage, ha: Viewer, chidi: Viewer, dana: Viewer, bram: Viewer
) -> None:
    """Whoever may not take may not put back."""
    own = factories.in_review(stage, chidi, by=dana)
    with refused(NotAllowed, "own_request"):
        reviews.put_back(own, by=chidi)
    for who in (bram, ha):
        with refused(NotAllowed, "not_allowed"):
            reviews.put_back(own, by=who)
