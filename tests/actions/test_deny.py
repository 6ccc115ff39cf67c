"""deny_correctably and deny_finally: the two ways to say no, each with reasons, words and redress."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.actions import decisions, requests, reviews
from gatekeeper.models import AccessRequest, Decision, Grant, PersonalText, Repository, Stage
from gatekeeper.rules.access import Access, Closing, Wish
from gatekeeper.rules.refusals import Invalid, NotAllowed, WrongState
from tests import factories
from tests.expect import events, refused, told, wish

THIN: dict[str, Any] = {"codes": ["USE_THIN"], "words": "Say more."}
RESTRICTED: dict[str, Any] = {"codes": ["USE_RESTRICTED"], "words": "The licence forbids this."}


def test_a_correctable_denial_names_what_to_mend(
    case: AccessRequest, stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer
) -> None:
    """The named questions are open again for ninety days, and the Hub request is reset."""
    at = timezone.now()
    denied = decisions.deny_correctably(case, by=chidi, reopened=["use"], at=at, **THIN)
    assert (denied.status, denied.reopened, denied.waits_until) == (
        "denied_correctable",
        ["use"],
        at + timedelta(days=90),
    )
    decision = Decision.objects.get()
    assert (decision.outcome, decision.reason_codes, decision.reopened) == ("denied_correctable", ["USE_THIN"], ["use"])
    assert (decision.words, decision.redress, decision.decided_by) == ("Say more.", "correct_and_resubmit", chidi.user)
    assert wish(ha.person, aurora) == Wish(Access.NO_OPINION, Closing.RESET)
    assert told(ha)[-1] == "decided_denied_correctable"
    assert events(case)[-1] == "request.deny_correctably"
    assert not Grant.objects.exists()


def test_a_final_denial_says_where_to_turn(case: AccessRequest, aurora: Repository, ha: Viewer, chidi: Viewer) -> None:
    """The Hub request is rejected, so that it cannot be repeated there."""
    denied = decisions.deny_finally(case, by=chidi, **RESTRICTED)
    decision = Decision.objects.get()
    assert (denied.status, decision.outcome, decision.redress) == (
        "denied_final",
        "denied_final",
        "write_to_the_publisher",
    )
    assert wish(ha.person, aurora) == Wish(Access.NO_OPINION, Closing.REJECTED)
    assert told(ha)[-1] == "decided_denied_final"
    assert events(case)[-1] == "request.deny_finally"


def test_the_closing_is_owed_to_the_hub_request_that_was_seen(
    case: AccessRequest, aurora: Repository, ha: Viewer, chidi: Viewer
) -> None:
    """A request that is made on the Hub later is another one."""
    seen = factories.hub_says(ha.person, aurora, "pending")
    decisions.deny_correctably(case, by=chidi, **THIN)
    assert wish(ha.person, aurora).closing_of == seen.seen_requested_at


def test_somebody_with_access_by_another_stage_keeps_it(
    case: AccessRequest, aurora: Repository, amara: Viewer, ha: Viewer, chidi: Viewer
) -> None:
    """With several stages, yes wins."""
    other = factories.open_stage(aurora, by=amara)
    factories.active_grant(other, ha, by=chidi)
    decisions.deny_finally(case, by=chidi, **RESTRICTED)
    assert wish(ha.person, aurora) == Wish(Access.YES)


def test_answers_that_were_erased_from_the_draft_are_there_to_be_corrected(
    stage: Stage, ha: Viewer, chidi: Viewer
) -> None:
    """A draft goes after a month, a review may take longer: what was submitted is at hand again."""
    case = factories.submitted(stage, ha)
    PersonalText.objects.filter(pk=case.draft_id).delete()
    case = reviews.take(factories.fresh(case), by=chidi)
    denied = decisions.deny_correctably(case, by=chidi, reopened=["use"], **THIN)
    assert denied.answers == factories.ANSWERS
    assert requests.resubmit(denied, by=ha).status == "submitted"


def test_where_everything_was_erased_the_form_is_empty(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """An erased answer does not come back."""
    case = factories.submitted(stage, ha)
    factories.erase(case.submission)
    PersonalText.objects.filter(pk=case.draft_id).delete()
    case = reviews.take(factories.fresh(case), by=chidi)
    assert decisions.deny_correctably(case, by=chidi, **THIN).answers == {}


def test_a_denial_needs_reasons_of_its_kind(case: AccessRequest, chidi: Viewer) -> None:
    """A final reason does not fit a correctable denial; what could be mended is not denied for good."""
    for codes, code in (
        ([], "reason_missing"),
        (["ELIGIBLE"], "reason_does_not_fit"),
        (["NONSENSE"], "reason_does_not_fit"),
    ):
        for deny in (decisions.deny_correctably, decisions.deny_finally):
            with refused(Invalid, code, "codes"):
                deny(case, by=chidi, codes=codes, words="No.")
    with refused(Invalid, "reason_does_not_fit", "codes"):
        decisions.deny_correctably(case, by=chidi, codes=["USE_RESTRICTED"], words="No.")
    for reason in ("USE_THIN", "CAPACITY"):
        with refused(Invalid, "reason_does_not_fit", "codes"):
            decisions.deny_finally(case, by=chidi, codes=[reason], words="No.")


def test_a_policy_may_narrow_the_reasons(aurora: Repository, amara: Viewer, ha: Viewer, chidi: Viewer) -> None:
    """Only codes that the policy allows; approving is never closed off."""
    stage = factories.open_stage(aurora, by=amara, reason_codes=["FORM_INCOMPLETE", "TERRITORY"])
    case = factories.in_review(stage, ha, by=chidi)
    with refused(Invalid, "reason_does_not_fit", "codes"):
        decisions.deny_correctably(case, by=chidi, **THIN)
    with refused(Invalid, "reason_does_not_fit", "codes"):
        decisions.deny_finally(case, by=chidi, **RESTRICTED)
    decisions.deny_correctably(case, by=chidi, codes=["FORM_INCOMPLETE"], words="Fill it in.")
    case = reviews.take(requests.resubmit(case, by=ha), by=chidi)
    assert decisions.approve(case, by=chidi, words="Welcome.").status == "approved"


def test_only_questions_of_the_form_are_reopened(case: AccessRequest, chidi: Viewer) -> None:
    """A question that is not asked cannot be answered again."""
    with refused(Invalid, "not_asked", "reopened"):
        decisions.deny_correctably(case, by=chidi, reopened=["use", "shoe_size"], **THIN)


DENIALS = [(decisions.deny_correctably, THIN), (decisions.deny_finally, RESTRICTED)]
either = pytest.mark.parametrize(("deny", "reasons"), DENIALS, ids=["correctably", "finally"])


@either
def test_a_denial_needs_words(case: AccessRequest, chidi: Viewer, deny: Any, reasons: dict[str, Any]) -> None:
    """People get reasons, not codes alone."""
    with refused(Invalid, "words_missing", "words"):
        deny(case, by=chidi, codes=reasons["codes"], words="")


@either
def test_a_denial_is_refused_when_stale_or_not_in_review(
    stage: Stage, ha: Viewer, chidi: Viewer, deny: Any, reasons: dict[str, Any]
) -> None:
    """A denial is on what was read, once."""
    case = factories.submitted(stage, ha)
    with refused(WrongState, "wrong_state"):
        deny(case, by=chidi, **reasons)
    case = reviews.take(case, by=chidi)
    with refused(WrongState, "stale"):
        deny(case, by=chidi, seen=case.submission_id + 1, **reasons)
    deny(case, by=chidi, seen=case.submission_id, **reasons)
    with refused(WrongState, "wrong_state"):
        deny(case, by=chidi, **reasons)


@either
def test_a_denial_is_refused_to_whoever_may_not_decide(
    stage: Stage,
    chidi: Viewer,
    dana: Viewer,
    bram: Viewer,
    goran: Viewer,
    clock: Viewer,
    hub: Viewer,
    deny: Any,
    reasons: dict[str, Any],
) -> None:
    """Not for one's own request, not as an operator, never by a machine."""
    case = factories.in_review(stage, chidi, by=dana)
    with refused(NotAllowed, "own_request"):
        deny(case, by=chidi, **reasons)
    for who in (bram, goran, clock, hub):
        with refused(NotAllowed, "not_allowed"):
            deny(case, by=who, **reasons)


def test_words_that_were_erased_leave_the_decision_and_its_digest(case: AccessRequest, chidi: Viewer) -> None:
    """The decision stands; what was said is gone."""
    decisions.deny_finally(case, by=chidi, **RESTRICTED)
    decision = Decision.objects.get()
    PersonalText.objects.filter(pk=decision.words_id).delete()
    assert decision.words is None
    assert len(decision.words_digest) == 64
