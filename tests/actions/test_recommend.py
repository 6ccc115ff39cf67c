"""recommend: a reviewer's opinion, where more than one is needed."""

from __future__ import annotations

from accounts.viewer import Viewer
from gatekeeper.actions import decisions, reviews
from gatekeeper.models import AccessRequest, Review, Stage
from gatekeeper.rules.refusals import Invalid, NotAllowed, Unmet, WrongState
from tests import factories
from tests.expect import events, refused, told


def test_it_records_an_opinion_and_moves_nothing(case: AccessRequest, ha: Viewer, dana: Viewer) -> None:
    """The requester is told nothing of it."""
    before = told(ha)
    assert reviews.recommend(case, by=dana, note=" Looks sound. ").status == "in_review"
    review = Review.objects.get()
    assert (review.submission, review.reviewer, review.note.body) == (case.submission, dana.user, "Looks sound.")
    assert events(case)[-1] == "request.recommend"
    assert told(ha) == before


def test_a_note_is_not_needed(case: AccessRequest, dana: Viewer) -> None:
    """An opinion may stand alone; a note that cannot be kept is refused."""
    with refused(Invalid, "control_characters", "words"):
        reviews.recommend(case, by=dana, note="a\x07b")
    reviews.recommend(case, by=dana, note="  ")
    assert Review.objects.get().note is None


def test_it_is_given_once(case: AccessRequest, dana: Viewer) -> None:
    """Twice the same opinion is one."""
    reviews.recommend(case, by=dana)
    with refused(Unmet, "already_recommended"):
        reviews.recommend(case, by=dana)


def test_it_is_refused_for_a_submission_that_was_not_seen(case: AccessRequest, dana: Viewer) -> None:
    """An opinion is on what was read."""
    with refused(WrongState, "stale"):
        reviews.recommend(case, by=dana, seen=case.submission_id + 1)


def test_it_is_refused_before_review_and_for_ones_own(stage: Stage, chidi: Viewer, dana: Viewer, bram: Viewer) -> None:
    """Nobody recommends themselves."""
    case = factories.submitted(stage, chidi)
    with refused(WrongState, "wrong_state"):
        reviews.recommend(case, by=dana)
    case = reviews.take(case, by=dana)
    with refused(NotAllowed, "own_request"):
        reviews.recommend(case, by=chidi)
    with refused(NotAllowed, "not_allowed"):
        reviews.recommend(case, by=bram)


def test_whoever_recommended_may_still_decide(case: AccessRequest, dana: Viewer) -> None:
    """Where one approval is enough, the same reviewer may give both."""
    reviews.recommend(case, by=dana, note="Sound.")
    assert decisions.approve(case, by=dana, words="Welcome.").status == "approved"
    assert Review.objects.get().note.body == "Sound."
