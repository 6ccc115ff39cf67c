"""expire_all and note_breaches: what the clock does to cases as time passes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.actions import requests, reviews
from gatekeeper.models import AccessRequest, HubAccess, Repository, Stage
from gatekeeper.rules.access import Access, Closing, Wish
from gatekeeper.rules.refusals import Unmet, WrongState
from tests import factories
from tests.expect import events, last_event, refused, told, wish


def test_a_draft_expires_and_the_hub_hears_nothing(stage: Stage, ha: Viewer, clock: Viewer) -> None:
    """Nobody but its person ever knew of it."""
    case = requests.start(stage, by=ha)
    assert list(AccessRequest.objects.to_expire(at=case.waits_until)) == [case]
    [expired] = requests.expire_all([case], at=case.waits_until)
    assert (expired.status, expired.waits_until) == ("expired", None)
    assert (told(ha), last_event(expired).actor) == (["request_expired"], clock.user)
    assert not HubAccess.objects.exists()


def test_an_unfinished_request_of_the_hub_expires_and_is_reset(
    stage: Stage, aurora: Repository, kiri: HubPerson
) -> None:
    """Expiry is not denial: the person can press the button again."""
    case = factories.brought_in(aurora, kiri)
    since = HubAccess.objects.get().seen_requested_at
    requests.expire_all([case], at=case.waits_until)
    assert wish(kiri, aurora) == Wish(Access.NO_OPINION, Closing.RESET, since)


@pytest.mark.parametrize("build", [factories.info_requested, factories.denied_correctably])
def test_what_its_person_left_unanswered_expires(
    build: Any, stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer
) -> None:
    """A question or a correction that nobody came back to."""
    case = build(stage, ha, by=chidi)
    [expired] = requests.expire_all([case], at=case.waits_until)
    assert (expired.status, expired.assignee) == ("expired", None)
    assert wish(ha.person, aurora).closing is Closing.RESET


def test_nothing_expires_before_its_time(stage: Stage, ha: Viewer) -> None:
    """To the second."""
    case = requests.start(stage, by=ha)
    just_before = case.waits_until - timedelta(seconds=1)
    assert not AccessRequest.objects.to_expire(at=just_before).exists()
    with refused(Unmet, "not_due"):
        requests.expire_all([case], at=just_before)


def test_what_waits_for_a_reviewer_does_not_expire(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """The slowness of a publisher takes nothing from a requester."""
    case = factories.submitted(stage, ha)
    with refused(WrongState, "wrong_state"):
        requests.expire_all([case], at=factories.later(3_000))
    case = reviews.take(case, by=chidi)
    with refused(WrongState, "wrong_state"):
        requests.expire_all([case], at=factories.later(3_000))


def test_a_breach_is_recorded_once(stage: Stage, ha: Viewer, ines: Viewer, clock: Viewer) -> None:
    """The promised time has passed while somebody here owed the answer."""
    late, fine = factories.submitted(stage, ha), requests.start(stage, by=ines)
    assert requests.note_breaches(at=late.due_at) == 0
    after = late.due_at + timedelta(seconds=1)
    assert requests.note_breaches(at=after) == 1
    assert requests.note_breaches(at=after) == 0
    assert factories.fresh(late).breached_at == after
    assert events(late)[-1] == "request.breach"
    assert last_event(late).actor == clock.user
    assert factories.fresh(fine).breached_at is None


def test_a_breach_stays_recorded_until_another_promise_is_made(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """Deciding late does not unmake it; a new submission has a promise of its own."""
    case = factories.in_review(stage, ha, by=chidi)
    requests.note_breaches(at=case.due_at + timedelta(days=1))
    case = reviews.ask_back(factories.fresh(case), by=chidi, words="Why?")
    assert factories.fresh(requests.answer_back(case, by=ha, words="So.")).breached_at is not None


def test_no_breach_while_the_requester_owes_the_answer(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """The clock stands still."""
    case = factories.info_requested(stage, ha, by=chidi)
    assert requests.note_breaches(at=case.due_at + timedelta(days=100)) == 0
