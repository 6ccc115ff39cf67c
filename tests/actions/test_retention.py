"""Each answer goes after the days that its own question gave, every other text after its own; digests stay."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.viewer import Viewer
from gatekeeper import clock
from gatekeeper.actions import retention
from gatekeeper.models import PersonalText, Purpose, Repository, Stage, Submission
from gatekeeper.rules.statuses import RequestStatus
from tests import factories


@pytest.fixture
def submission(aurora: Repository, amara: Viewer, ha: Viewer) -> Submission:
    """Answers to questions of which each has another time."""
    days = {"affiliation": 10, "use": 30, "country": 20, "terms": 60}
    asked: list[dict[str, Any]] = [
        question | {"retention_days": days[question["key"]]} for question in factories.QUESTIONS
    ]
    stage = factories.open_stage(aurora, by=amara, asked=asked)
    case = factories.submitted(stage, ha)
    assert case.submission is not None
    return case.submission


def left(submission: Submission) -> set[str]:
    """The keys of the answers that are there."""
    return set(submission.answers or {})


def test_each_answer_goes_after_the_days_of_its_question(submission: Submission) -> None:
    """The digest of all of them stays on the submission."""
    digest = submission.answers_digest
    for days, keys in (
        (9, {"affiliation", "use", "terms"}),
        (11, {"use", "terms"}),
        (31, {"terms"}),
        (61, set()),
    ):
        clock.delete_overdue_texts(at=factories.later(days))
        assert left(submission) == keys
    assert not PersonalText.objects.filter(pk=submission.answers_id).exists()
    assert factories.fresh(submission).answers_digest == digest


def test_it_looks_again_only_when_something_is_due(submission: Submission) -> None:
    """The sweep reads a text once, and then on the day of its next answer."""
    assert retention.forget_answers(at=factories.later(1)) == 1
    assert retention.forget_answers(at=factories.later(2)) == 0
    text = PersonalText.objects.get(pk=submission.answers_id)
    assert text.trim_after is not None
    assert text.trim_after < factories.later(10)


def test_a_text_of_answers_that_nobody_submitted_is_left_whole(ha: Viewer) -> None:
    """No form says when they go; the text's own time does."""
    assert ha.person is not None
    text = PersonalText.of(ha.person, Purpose.ANSWERS, {"a": 1}, at=factories.later(0), days=30)
    text.save()
    retention.forget_answers(at=factories.later(20))
    kept = PersonalText.objects.get(pk=text.pk)
    assert (kept.body, kept.trim_after) == ({"a": 1}, None)


def test_words_of_other_purposes_go_whole(stage: Stage, ha: Viewer) -> None:
    """A draft thirty days after its person could still have finished it."""
    case = factories.draft(stage, ha)
    assert case.status == RequestStatus.DRAFT
    assert retention.delete_overdue(at=factories.later(59)) == 0
    assert retention.delete_overdue(at=factories.later(61)) == 1
    assert not retention.forget_answers(at=factories.later(61))
