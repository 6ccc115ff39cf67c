"""submit and resubmit: a draft is handed in, and is in the queue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.actions import grants, requests, stages
from gatekeeper.models import Decision, Grant, PersonalText, Repository, Stage
from gatekeeper.rules.refusals import NotAllowed, Unmet, WrongState
from tests import factories
from tests.again import once
from tests.expect import events, last_event, refused, told
from tests.factories import ANSWERS


def test_it_freezes_the_answers_and_queues_the_case(stage: Stage, ha: Viewer) -> None:
    """A submission keeps answers, form, policy and acceptance; the promise runs from now."""
    at = timezone.now()
    case = requests.submit(factories.draft(stage, ha), by=ha, at=at)
    submission = case.submission
    assert (case.status, case.queued_at, case.due_at) == ("submitted", at, at + timedelta(days=5))
    assert (submission.number, submission.answers, submission.origin) == (1, ANSWERS, "here")
    assert (submission.policy, submission.form) == (stage.policy, stage.policy.form)
    assert submission.acceptance.person == ha.person
    assert case.waits_until is None
    assert events(case)[-1] == "request.submit"
    assert told(ha) == ["request_received"]


def test_the_record_holds_a_digest_and_no_answer(stage: Stage, ha: Viewer) -> None:
    """An answer can be erased; the digest still proves what it was."""
    case = factories.submitted(stage, ha)
    event = last_event(case)
    assert event.data == {"submission": case.submission_id, "answers_digest": case.submission.answers_digest}
    text = PersonalText.objects.get(pk=case.submission.answers_id)
    assert text.digest == case.submission.answers_digest
    assert text.delete_after == case.submission.submitted_at + timedelta(days=365)


def test_it_is_refused_while_the_stage_is_not_open(stage: Stage, ha: Viewer, bram: Viewer) -> None:
    """The answers are kept; nothing is handed in."""
    case = factories.draft(stage, ha)
    stages.pause(stage, by=bram)
    with refused(Unmet, "stage_not_open"):
        requests.submit(case, by=ha)


def test_it_is_refused_when_the_terms_have_changed(stage: Stage, ha: Viewer, amara: Viewer) -> None:
    """What was read is not what would be agreed to."""
    case = factories.draft(stage, ha)
    factories.policy(stage, by=amara)
    with refused(Unmet, "policy_changed"):
        requests.submit(case, by=ha)


def test_it_is_refused_with_an_answer_missing(stage: Stage, ha: Viewer) -> None:
    """Every required question needs its answer."""
    case = requests.answer(factories.draft(stage, ha), by=ha, answers={"terms": False})
    with refused(Unmet, "answers_missing"):
        requests.submit(case, by=ha)


def test_it_is_refused_without_the_acceptance(stage: Stage, ha: Viewer) -> None:
    """The licence is accepted before the request is handed in."""
    case = requests.answer(requests.start(stage, by=ha), by=ha, answers=ANSWERS)
    with refused(Unmet, "acceptance_missing"):
        requests.submit(case, by=ha)


def test_an_acceptance_of_somebody_else_does_not_count(stage: Stage, ha: Viewer, ines: Viewer) -> None:
    """Everybody accepts for themselves."""
    factories.draft(stage, ines)
    case = requests.answer(requests.start(stage, by=ha), by=ha, answers=ANSWERS)
    with refused(Unmet, "acceptance_missing"):
        requests.submit(case, by=ha)


def test_it_is_refused_twice(stage: Stage, ha: Viewer) -> None:
    """What is handed in is handed in."""
    case = factories.submitted(stage, ha)
    with refused(WrongState, "wrong_state"):
        requests.submit(case, by=ha)


def test_nobody_hands_in_for_another(stage: Stage, ha: Viewer, amara: Viewer, chidi: Viewer, clock: Viewer) -> None:
    """Not an owner, not a reviewer, not the clock."""
    case = factories.draft(stage, ha)
    for who in (amara, chidi, clock):
        with refused(NotAllowed, "not_allowed"):
            requests.submit(case, by=who)


def test_somebody_brought_in_from_the_hub_completes_the_request_here(
    stage: Stage, aurora: Repository, ha: Viewer
) -> None:
    """With intake `here`, the answers given on the Hub are the draft."""
    case = factories.brought_in(aurora, ha.person)
    assert case.answers["affiliation"] == ANSWERS["affiliation"]
    requests.accept(case, by=ha, text_sha256=factories.current_licence(stage).text_sha256)
    case = requests.submit(case, by=ha)
    assert (case.status, case.waits_until) == ("submitted", None)


def test_it_costs_the_same_whatever_was_answered(
    stage: Stage, ha: Viewer, ines: Viewer, juma: Viewer, django_assert_max_num_queries: Any
) -> None:
    """A submission is a constant number of statements, for the first person as for the third."""
    cases = [factories.draft(stage, who) for who in (ha, ines, juma)]
    for case, who in zip(cases, (ha, ines, juma), strict=True):
        with django_assert_max_num_queries(24):
            requests.submit(case, by=who)


# Correcting what was denied with the way to mend it


@pytest.fixture
@once
def denied(stage: Stage, ha: Viewer, chidi: Viewer) -> Any:
    """Hà's request, denied correctably: one question is open again, and answered."""
    case = factories.denied_correctably(stage, ha, by=chidi, reopened=("use",))
    return requests.answer(case, by=ha, answers={"use": "To measure bias, in three sentences."})


def test_resubmitting_makes_a_new_submission(denied: Any, ha: Viewer) -> None:
    """The first stays what it was; the case is in the queue again, with nothing left to correct."""
    case = requests.resubmit(denied, by=ha)
    first, second = case.submissions.order_by("number")
    assert (case.status, case.submission, second.number) == ("submitted", second, 2)
    assert first.answers["use"] == ANSWERS["use"]
    assert second.answers["use"] == "To measure bias, in three sentences."
    assert (case.reopened, case.waits_until, case.breached_at) == ([], None, None)
    assert events(case)[-1] == "request.resubmit"


def test_submitting_is_not_resubmitting(denied: Any, ha: Viewer) -> None:
    """Each action starts from its own state."""
    with refused(WrongState, "wrong_state"):
        requests.submit(denied, by=ha)
    case = requests.resubmit(denied, by=ha)
    with refused(WrongState, "wrong_state"):
        requests.resubmit(case, by=ha)


def test_resubmitting_needs_what_submitting_needs(denied: Any, stage: Stage, ha: Viewer, amara: Viewer) -> None:
    """New terms are read and accepted first."""
    factories.policy(stage, by=amara, text=b"Other words.")
    with refused(Unmet, "policy_changed"):
        requests.resubmit(denied, by=ha)
    case = requests.answer(denied, by=ha, answers={})
    with refused(Unmet, "acceptance_missing"):
        requests.resubmit(case, by=ha)


def test_nobody_resubmits_for_another(denied: Any, ines: Viewer, chidi: Viewer) -> None:
    """Corrections are the requester's."""
    for who in (ines, chidi):
        with refused(NotAllowed, "not_allowed"):
            requests.resubmit(denied, by=who)


# Automatic approval


@pytest.fixture
@once
def click_through(aurora: Repository, amara: Viewer) -> Stage:
    """A stage that approves every complete request, with two places."""
    return factories.open_stage(aurora, by=amara, automatic="always", cap=2, approvals_required=3)


def test_a_stage_may_approve_by_rule(click_through: Stage, ha: Viewer, clock: Viewer) -> None:
    """The clock decides at once, and the decision says that it was a rule."""
    case = requests.submit(factories.draft(click_through, ha), by=ha)
    assert case.status == "approved"
    decision = Decision.objects.get(request=case)
    assert (decision.automatic, decision.decided_by, decision.reason_codes) == (True, clock.user, ["ELIGIBLE"])
    assert events(case)[-2:] == ["request.submit", "request.approve_automatically"]
    assert Grant.objects.get(request=case).status == "pending_activation"
    assert told(ha) == ["request_received", "decided_approved"]


def test_what_the_rule_cannot_approve_waits_for_a_person(
    click_through: Stage, ha: Viewer, ines: Viewer, juma: Viewer
) -> None:
    """With every place taken the request is in the queue: nothing is denied by rule."""
    for who in (ha, ines):
        requests.submit(factories.draft(click_through, who), by=who)
    case = requests.submit(factories.draft(click_through, juma), by=juma)
    assert case.status == "submitted"
    assert Grant.objects.count() == 2
    grants.relinquish(Grant.objects.get(person=ha.person), by=ha)
    assert factories.fresh(case).status == "submitted"


def test_a_draft_whose_time_was_over_is_submitted_where_no_answer_is_demanded(
    aurora: Repository, amara: Viewer, ha: Viewer
) -> None:
    """The submission holds no answers, as the draft holds none any more."""
    stage = factories.open_stage(aurora, by=amara, asked=[{**factories.QUESTIONS[0], "required": False}])
    case = requests.start(stage, by=ha)
    requests.accept(case, by=ha, text_sha256=factories.current_licence(stage).text_sha256)
    PersonalText.objects.filter(pk=case.draft_id).delete()
    case.refresh_from_db()
    submitted = requests.submit(case, by=ha)
    assert submitted.submission is not None
    assert factories.fresh(submitted.submission).answers == {}
