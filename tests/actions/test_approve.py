"""approve: a reviewer approves one submission or many, and grants are made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.actions import decisions, requests, reviews, stages
from gatekeeper.models import AccessRequest, Decision, Grant, Repository, Review, Stage
from gatekeeper.rules.access import Access, Wish
from gatekeeper.rules.licensing import raw_hash
from gatekeeper.rules.refusals import Invalid, NotAllowed, Unmet, WrongState
from tests import factories
from tests.again import once
from tests.expect import events, last_event, offered, refused, told, wish


def test_it_decides_grants_wishes_and_tells(
    case: AccessRequest, stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer
) -> None:
    """Decision, grant and wish come in one step; access is not confirmed before the Hub was read back."""
    at = timezone.now()
    approved = decisions.approve(case, by=chidi, words=" Welcome. ", conditions=["Cite us."], at=at)
    decision, grant = Decision.objects.get(), Grant.objects.get()
    assert approved.status == "approved"
    assert (decision.outcome, decision.reason_codes, decision.words) == ("approved", ["ELIGIBLE"], "Welcome.")
    assert (decision.submission, decision.policy, decision.decided_by) == (case.submission, stage.policy, chidi.user)
    assert (decision.automatic, decision.redress, decision.decided_at) == (False, "ask_the_publisher", at)
    assert (grant.status, grant.person, grant.stage, grant.ends_at) == ("pending_activation", ha.person, stage, None)
    assert (grant.decision, grant.acceptance.person, grant.conditions) == (decision, ha.person, ["Cite us."])
    assert wish(ha.person, aurora) == Wish(Access.YES)
    assert told(ha)[-1] == "decided_approved"
    assert events(case)[-1] == "request.approve"
    assert last_event(case).data == {
        "decision": decision.pk,
        "submission": case.submission_id,
        "codes": ["ELIGIBLE"],
        "words_digest": decision.words_digest,
        "grant": grant.pk,
    }


def test_the_grant_lasts_as_long_as_the_terms_say(aurora: Repository, amara: Viewer, ha: Viewer, chidi: Viewer) -> None:
    """Duration and conditions are those of the policy in force."""
    stage = factories.open_stage(aurora, by=amara, duration_days=90, conditions=["Keep the safety checker on."])
    grant = factories.waiting_grant(stage, ha, by=chidi)
    assert grant.ends_at == grant.created_at + timedelta(days=90)
    assert grant.conditions == ["Keep the safety checker on."]


def test_it_may_name_conditions_as_its_reason(case: AccessRequest, chidi: Viewer) -> None:
    """Approval has codes of its own; a code given twice counts once."""
    codes = ["ELIGIBLE_WITH_CONDITIONS", "ELIGIBLE_WITH_CONDITIONS"]
    decisions.approve(case, by=chidi, codes=codes, words="Under conditions.")
    assert Decision.objects.get().reason_codes == ["ELIGIBLE_WITH_CONDITIONS"]


def test_it_is_refused_without_fitting_reasons_and_words(case: AccessRequest, chidi: Viewer) -> None:
    """A decision says why, in a code and in words."""
    for codes, words, code, field in (
        ([], "Welcome.", "reason_missing", "codes"),
        (["USE_THIN"], "Welcome.", "reason_does_not_fit", "codes"),
        (["ELIGIBLE", "NONSENSE"], "Welcome.", "reason_does_not_fit", "codes"),
        (["ELIGIBLE"], " ", "words_missing", "words"),
    ):
        with refused(Invalid, code, field):
            decisions.approve(case, by=chidi, codes=codes, words=words)


def test_it_is_refused_before_the_case_was_taken(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """A case is read before it is decided."""
    case = factories.submitted(stage, ha)
    with refused(WrongState, "wrong_state"):
        decisions.approve(case, by=chidi, words="Welcome.")


def test_it_is_refused_twice(case: AccessRequest, chidi: Viewer, dana: Viewer) -> None:
    """A decision is never made again."""
    decisions.approve(case, by=chidi, words="Welcome.")
    with refused(WrongState, "wrong_state"):
        decisions.approve(case, by=dana, words="Welcome.")


def test_it_is_refused_for_a_submission_that_was_replaced(
    stage: Stage, ha: Viewer, chidi: Viewer, case: AccessRequest
) -> None:
    """Whoever looked at older answers looks again."""
    seen = case.submission_id
    case = decisions.deny_correctably(case, by=chidi, codes=["USE_THIN"], words="Say more.")
    case = reviews.take(requests.resubmit(case, by=ha), by=chidi)
    for stale in (seen, {case.pk: seen}, {}):
        with refused(WrongState, "stale"):
            decisions.approve(case, by=chidi, words="Welcome.", seen=stale)
    assert decisions.approve(case, by=chidi, words="Welcome.", seen=case.submission_id).status == "approved"


def test_it_is_refused_for_ones_own_request(stage: Stage, chidi: Viewer, dana: Viewer) -> None:
    """Reviewer and requester are never one."""
    case = factories.in_review(stage, chidi, by=dana)
    with refused(NotAllowed, "own_request"):
        decisions.approve(case, by=chidi, words="I deserve it.")


def test_it_is_refused_to_whoever_does_not_review(
    case: AccessRequest,
    ha: Viewer,
    ines: Viewer,
    amara: Viewer,
    bram: Viewer,
    ewa: Viewer,
    farid: Viewer,
    goran: Viewer,
) -> None:
    """Not the requester, not an owner, not an operator."""
    for who in (ha, ines, amara, bram, ewa, farid, goran):
        with refused(NotAllowed, "not_allowed"):
            decisions.approve(case, by=who, words="Welcome.")
    with refused(NotAllowed, "sign_in"):
        decisions.approve(case, by=Viewer.anonymous(), words="Welcome.")


def test_it_is_refused_while_the_stage_is_not_open(
    case: AccessRequest, stage: Stage, bram: Viewer, chidi: Viewer
) -> None:
    """A paused stage makes no grant; the button says so."""
    stages.pause(stage, by=bram)
    assert offered(case, chidi)["approve"] == "stage_not_open"
    with refused(Unmet, "stage_not_open"):
        decisions.approve(case, by=chidi, words="Welcome.")


def test_it_is_refused_when_the_licence_in_force_was_not_accepted(
    case: AccessRequest, stage: Stage, amara: Viewer, chidi: Viewer, ha: Viewer
) -> None:
    """A licence that changed since is accepted anew; then the same submission can be approved."""
    factories.policy(stage, by=amara, text=b"Other words.")
    with refused(Unmet, "acceptance_missing"):
        decisions.approve(case, by=chidi, words="Welcome.")
    requests.accept(case, by=ha, text_sha256=raw_hash(b"Other words."))
    decisions.approve(case, by=chidi, words="Welcome.")
    assert bytes(Grant.objects.get().acceptance.licence_version.text) == b"Other words."


def test_it_is_refused_with_every_place_taken(
    aurora: Repository, amara: Viewer, ha: Viewer, ines: Viewer, chidi: Viewer
) -> None:
    """A cap is a promise about the cohort; a place that is given back is free again."""
    stage = factories.open_stage(aurora, by=amara, cap=1)
    first, second = factories.waiting_grant(stage, ha, by=chidi), factories.in_review(stage, ines, by=chidi)
    with refused(Unmet, "stage_full"):
        decisions.approve(second, by=chidi, words="Welcome.")
    factories.relinquished(first, ha)
    assert decisions.approve(second, by=chidi, words="Welcome.").status == "approved"


def test_it_is_refused_to_somebody_who_came_in_as_an_import_meanwhile(
    case: AccessRequest, stage: Stage, ha: Viewer, chidi: Viewer, amara: Viewer
) -> None:
    """One live grant per person and stage."""
    factories.imported(stage, ha.person, by=amara)
    with refused(Unmet, "grant_exists"):
        decisions.approve(case, by=chidi, words="Welcome.")


# Two reviewers


def test_two_independent_reviewers_are_two_people(two_eyes: Stage, ha: Viewer, chidi: Viewer, dana: Viewer) -> None:
    """One person's opinion and approval are one; the second person completes it."""
    case = factories.in_review(two_eyes, ha, by=chidi)
    with refused(Unmet, "quorum_missing"):
        decisions.approve(case, by=chidi, words="Welcome.")
    reviews.recommend(case, by=chidi)
    with refused(Unmet, "quorum_missing"):
        decisions.approve(case, by=chidi, words="Welcome.")
    decisions.approve(case, by=dana, words="Welcome.")
    assert set(Review.objects.values_list("reviewer__username", flat=True)) == {"chidi", "dana"}


def test_a_recommendation_counts_for_the_submission_it_was_given_on(
    two_eyes: Stage, ha: Viewer, chidi: Viewer, dana: Viewer
) -> None:
    """Other answers need another opinion."""
    case = reviews.recommend(factories.in_review(two_eyes, ha, by=chidi), by=dana)
    case = decisions.deny_correctably(case, by=chidi, codes=["USE_THIN"], words="Say more.")
    case = reviews.take(requests.resubmit(case, by=ha), by=chidi)
    with refused(Unmet, "quorum_missing"):
        decisions.approve(case, by=chidi, words="Welcome.")


def test_a_recommendation_that_was_withdrawn_does_not_count(
    two_eyes: Stage, ha: Viewer, chidi: Viewer, dana: Viewer
) -> None:
    """Only standing opinions make a quorum."""
    case = reviews.recommend(factories.in_review(two_eyes, ha, by=chidi), by=dana)
    Review.objects.update(withdrawn_at=timezone.now())
    with refused(Unmet, "quorum_missing"):
        decisions.approve(case, by=chidi, words="Welcome.")


# Many at once


@pytest.fixture
@once
def enough(aurora: Repository, amara: Viewer) -> Stage:
    """A stage that takes what was answered on the Hub as it is, with forty places."""
    return factories.open_stage(aurora, by=amara, intake="hub_is_enough", cap=40)


def test_it_approves_many_at_once(enough: Stage, chidi: Viewer) -> None:
    """Each gets a decision, a grant, an event and a notice of their own."""
    cases = factories.many_in_review(enough, 3)
    seen = {case.pk: case.submission_id for case in cases}
    moved = decisions.approve_all(reversed(cases), by=chidi, words="Welcome.", seen=seen)
    assert [case.pk for case in moved] == [case.pk for case in cases]
    assert {case.status for case in moved} == {"approved"}
    assert Decision.objects.count() == Grant.objects.count() == 3
    assert all(Grant.objects.get(request=case).decision.submission == case.submission for case in cases)
    assert all(events(case)[-1] == "request.approve" for case in cases)


def test_all_or_nothing_is_approved(enough: Stage, ha: Viewer, chidi: Viewer) -> None:
    """One that cannot be approved stops all, and is named."""
    cases = [*factories.many_in_review(enough, 2), factories.submitted(enough, ha)]
    with refused(WrongState, "wrong_state") as caught:
        decisions.approve_all(cases, by=chidi, words="Welcome.")
    assert caught.value.row == cases[-1]  # type: ignore[attr-defined]  # set by the step


def test_approving_nobody_is_no_error(chidi: Viewer) -> None:
    """An empty selection does nothing."""
    assert decisions.approve_all([], by=chidi, words="Welcome.") == []


def test_it_costs_the_same_for_two_as_for_forty(
    enough: Stage, chidi: Viewer, clock: Viewer, django_assert_num_queries: Any
) -> None:
    """A constant number of statements, however many are approved at once; the cap counts every one of them."""
    cases = factories.many_in_review(enough, 42)
    with refused(Unmet, "stage_full"):
        decisions.approve_all(cases[1:], by=chidi, words="Welcome.")
    with CaptureQueriesContext(connection) as few:
        decisions.approve_all(cases[:2], by=chidi, words="Welcome.")
    with django_assert_num_queries(len(few)):
        decisions.approve_all(cases[2:40], by=chidi, words="Welcome.")
    assert len(few) <= 30
    assert not any('"gatekeeper_licenceversion"."text",' in query["sql"] for query in few)
