"""ask_back and answer_back: one question of the reviewer, one answer of the requester."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.actions import requests, reviews
from gatekeeper.models import Message, Stage
from gatekeeper.rules.refusals import Invalid, NotAllowed, WrongState
from tests import factories
from tests.expect import events, last_event, refused, told

BAD_WORDS = [
    ("", "words_missing"),
    (" \n", "words_missing"),
    ("x" * 10_001, "words_too_long"),
    ("a\x00", "control_characters"),
]


def test_it_asks_and_waits_for_the_answer(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """The clock of the promise stops, and the person has a fortnight."""
    at = timezone.now()
    case = reviews.ask_back(factories.in_review(stage, ha, by=chidi), by=chidi, words=" Which streets? ", at=at)
    assert (case.status, case.owed_since, case.waits_until) == ("info_requested", at, at + timedelta(days=14))
    message = Message.objects.get(request=case)
    assert (message.kind, message.author, message.words) == ("question", chidi.user, "Which streets?")
    assert told(ha)[-1] == "question_asked"
    assert events(case)[-1] == "request.ask_back"
    assert last_event(case).data == {"message": message.pk, "digest": message.text.digest}


def test_a_question_needs_words(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """Empty, endless or unreadable words are refused at their field."""
    case = factories.in_review(stage, ha, by=chidi)
    for words, code in BAD_WORDS:
        with refused(Invalid, code, "words"):
            reviews.ask_back(case, by=chidi, words=words)


def test_it_is_refused_when_it_is_not_in_review(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """A case is taken before it is asked about, and asked one question at a time."""
    case = factories.submitted(stage, ha)
    with refused(WrongState, "wrong_state"):
        reviews.ask_back(case, by=chidi, words="Why?")
    case = reviews.ask_back(reviews.take(case, by=chidi), by=chidi, words="Why?")
    with refused(WrongState, "wrong_state"):
        reviews.ask_back(case, by=chidi, words="And why else?")


def test_it_is_refused_when_the_submission_is_not_the_one_that_was_seen(
    stage: Stage, ha: Viewer, chidi: Viewer
) -> None:
    """A question about answers that were replaced would puzzle."""
    case = factories.in_review(stage, ha, by=chidi)
    with refused(WrongState, "stale"):
        reviews.ask_back(case, by=chidi, words="Why?", seen=case.submission_id + 1)


def test_it_is_refused_for_ones_own_and_to_others(
    stage: Stage, ha: Viewer, chidi: Viewer, dana: Viewer, bram: Viewer
) -> None:
    """Only reviewers ask, and not themselves."""
    own = factories.in_review(stage, chidi, by=dana)
    with refused(NotAllowed, "own_request"):
        reviews.ask_back(own, by=chidi, words="Why?")
    for who in (bram, ha):
        with refused(NotAllowed, "not_allowed"):
            reviews.ask_back(own, by=who, words="Why?")


def test_the_answer_brings_the_case_back_and_adds_the_time_it_took(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """The promise is longer by what the requester took; the reviewer is told."""
    case = factories.info_requested(stage, ha, by=chidi)
    due, asked = case.due_at, case.owed_since
    case = requests.answer_back(case, by=ha, words="Those of Huế.", at=asked + timedelta(days=3))
    assert (case.status, case.due_at) == ("in_review", due + timedelta(days=3))
    assert (case.owed_since, case.waits_until, case.assignee) == (None, None, chidi.user)
    assert Message.objects.filter(request=case, kind="answer").get().words == "Those of Huế."
    assert told(chidi)[-1] == "question_answered"
    assert events(case)[-1] == "request.answer_back"


def test_an_answer_needs_words(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """As a question does."""
    case = factories.info_requested(stage, ha, by=chidi)
    for words, code in BAD_WORDS:
        with refused(Invalid, code, "words"):
            requests.answer_back(case, by=ha, words=words)


def test_nothing_is_answered_that_was_not_asked(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """An answer follows a question."""
    case = factories.in_review(stage, ha, by=chidi)
    with refused(WrongState, "wrong_state"):
        requests.answer_back(case, by=ha, words="By the way")


def test_nobody_answers_for_another(stage: Stage, ha: Viewer, chidi: Viewer, ines: Viewer) -> None:
    """The question was to the requester."""
    case = factories.info_requested(stage, ha, by=chidi)
    for who in (chidi, ines):
        with refused(NotAllowed, "not_allowed"):
            requests.answer_back(case, by=who, words="Trust me.")


def test_words_that_were_erased_are_gone_from_the_message(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """The message stays in the case; what it said does not."""
    case = factories.info_requested(stage, ha, by=chidi)
    message = Message.objects.get(request=case)
    message.text.delete()
    assert factories.fresh(message).words is None
