"""bring_in: what began with the Hub's own button comes into the same queue, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.actions import decisions, intake, requests, stages
from gatekeeper.actions.repositories import keep_card
from gatekeeper.models import Acceptance, AccessRequest, Card, HubAccess, PersonalText, Repository, Stage
from gatekeeper.rules.refusals import Unmet
from tests import factories
from tests.again import once
from tests.expect import events, last_event, refused, told
from tests.factories import ANSWERS, HUB_ANSWERS


@pytest.fixture
@once
def enough(aurora: Repository, amara: Viewer) -> Stage:
    """A stage that takes what was answered on the Hub as it is."""
    return factories.open_stage(aurora, by=amara, intake="hub_is_enough")


def test_somebody_who_waits_on_the_hub_gets_a_case(
    stage: Stage, aurora: Repository, kiri: HubPerson, clock: Viewer
) -> None:
    """With the answers given there as a draft, and a fortnight to finish here."""
    at = timezone.now()
    [case] = intake.bring_in(aurora, [factories.waiting(aurora, kiri)], at=at)
    assert (case.status, case.person, case.stage, case.origin) == ("brought_in", kiri, stage, "hub")
    assert case.answers == {"affiliation": ANSWERS["affiliation"], "use": HUB_ANSWERS["Intended use"], "terms": True}
    assert (case.waits_until, case.submission) == (at + timedelta(days=14), None)
    assert case.draft.delete_after > case.waits_until
    assert events(case) == ["request.bring_in"]
    assert last_event(case).actor == clock.user
    assert not HubAccess.objects.exclude(access="no_opinion").exists()


def test_whoever_has_an_account_is_asked_to_finish_here(stage: Stage, aurora: Repository, ha: Viewer) -> None:
    """Others are reached through the Hub."""
    factories.brought_in(aurora, ha.person)
    assert told(ha) == ["finish_here"]


def test_each_hub_request_comes_in_once(stage: Stage, aurora: Repository, kiri: HubPerson, ha: Viewer) -> None:
    """Reading the same list again brings nothing; a new press of the button after an end does."""
    waiting = factories.waiting(aurora, kiri)
    [case] = intake.bring_in(aurora, [waiting])
    assert intake.bring_in(aurora, [waiting]) == []
    requests.expire_all([case], at=case.waits_until)
    assert intake.bring_in(aurora, [waiting]) == []
    [again] = intake.bring_in(aurora, [factories.waiting(aurora, kiri)])
    assert again != case


def test_it_joins_the_open_or_correctable_case_of_its_person(
    stage: Stage, aurora: Repository, ha: Viewer, ines: Viewer, chidi: Viewer
) -> None:
    """Whoever began here is not asked twice, at whichever repository of the stage the button was pressed."""
    factories.denied_correctably(stage, ha, by=chidi)
    requests.start(stage, by=ines)
    pressed = [factories.waiting(aurora, who.person) for who in (ha, ines)]
    assert intake.bring_in(aurora, pressed) == []
    assert AccessRequest.objects.count() == 2


def test_the_holder_of_a_grant_gets_no_case(stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer) -> None:
    """There is nothing to decide."""
    factories.active_grant(stage, ha, by=chidi)
    assert intake.bring_in(aurora, [factories.waiting(aurora, ha.person)]) == []


def test_nobody_is_brought_in_who_was_not_seen_in_the_list(stage: Stage, aurora: Repository, kiri: HubPerson) -> None:
    """Only ids of the Hub's own lists."""
    assert intake.bring_in(aurora, [intake.Waiting(kiri, timezone.now(), HUB_ANSWERS)]) == []


def test_it_waits_while_no_stage_is_open(stage: Stage, aurora: Repository, kiri: HubPerson, bram: Viewer) -> None:
    """The request stays where it is, and comes in when a stage opens."""
    waiting = factories.waiting(aurora, kiri)
    stages.pause(stage, by=bram)
    assert intake.bring_in(aurora, [waiting]) == []
    stages.confirm_open(stages.open_stage(stage, by=bram))
    assert len(intake.bring_in(aurora, [waiting])) == 1


def test_it_goes_to_the_first_open_rung(stage: Stage, aurora: Repository, kiri: HubPerson, amara: Viewer) -> None:
    """Of several open stages with the repository, the lowest one takes new people."""
    factories.open_stage(aurora, by=amara)
    assert factories.brought_in(aurora, kiri).stage == stage


def test_nobody_waiting_costs_nothing(aurora: Repository, django_assert_num_queries: Any) -> None:
    """An empty list asks the database nothing."""
    with django_assert_num_queries(0):
        assert intake.bring_in(aurora, []) == []


# Intake hub_is_enough


def test_what_was_answered_and_ticked_on_the_hub_may_be_enough(
    enough: Stage, aurora: Repository, ha: Viewer, chidi: Viewer
) -> None:
    """Submission and acceptance of the weaker kind, bound to the card of that time; the case is in review."""
    case = factories.fresh(factories.brought_in(aurora, ha.person))
    assert (case.status, case.waits_until) == ("in_review", None)
    assert (case.submission.origin, case.submission.number) == ("hub", 1)
    assert case.submission.answers["use"] == HUB_ANSWERS["Intended use"]
    acceptance = Acceptance.objects.get()
    assert (acceptance.kind, acceptance.card, acceptance.person) == ("on_the_hub", Card.objects.get(), ha.person)
    assert acceptance == case.submission.acceptance
    assert events(case) == ["request.bring_in", "request.admit"]
    assert "finish_here" not in told(ha)
    assert decisions.approve(case, by=chidi, words="Welcome.").status == "approved"


def test_what_is_incomplete_on_the_hub_is_finished_here(enough: Stage, aurora: Repository, ha: Viewer) -> None:
    """A box that was not ticked is no acceptance."""
    answers = {**HUB_ANSWERS, "I accept the licence": "off"}
    case = factories.brought_in(aurora, ha.person, answers=answers)
    assert (case.status, told(ha)) == ("brought_in", ["finish_here"])
    assert not Acceptance.objects.exists()


def test_the_acceptance_names_the_card_that_was_there(
    enough: Stage, aurora: Repository, kiri: HubPerson, ha: Viewer
) -> None:
    """A card that was read after the button was pressed is not what was agreed to."""
    first = Card.objects.get()
    later = keep_card(aurora, commit="c2", text=b"New words", gate={}, at=factories.later(1))
    factories.brought_in(aurora, kiri)
    assert Acceptance.objects.get().card == first
    long_ago = first.read_at - timedelta(days=300)
    factories.hub_says(ha.person, aurora, "pending", requested_at=long_ago)
    intake.bring_in(aurora, [intake.Waiting(ha.person, long_ago, HUB_ANSWERS)])
    assert Acceptance.objects.get(person=ha.person).card == first
    new = factories.hub_person("new")
    factories.hub_says(new, aurora, "pending", requested_at=factories.later(2))
    intake.bring_in(aurora, [intake.Waiting(new, factories.later(2), HUB_ANSWERS)])
    assert Acceptance.objects.get(person=new).card == later


def test_without_a_card_nothing_was_accepted(enough: Stage, aurora: Repository, kiri: HubPerson) -> None:
    """An acceptance on the Hub names what was shown there."""
    Card.objects.all().delete()
    assert factories.brought_in(aurora, kiri).status == "brought_in"


def test_admitting_is_for_stages_that_say_so(stage: Stage, aurora: Repository, kiri: HubPerson) -> None:
    """With intake `here` the person completes the request."""
    case = factories.brought_in(aurora, kiri)
    with refused(Unmet, "finish_here"):
        requests.admit_all([case])


@pytest.mark.parametrize("where", ["here", "hub_is_enough"])
def test_it_costs_the_same_for_two_as_for_forty(
    aurora: Repository, amara: Viewer, clock: Viewer, where: str, django_assert_num_queries: Any
) -> None:
    """A constant number of statements, however many wait."""
    factories.open_stage(aurora, by=amara, intake=where)
    pressed = [factories.waiting(aurora, factories.hub_person(f"person-{n}")) for n in range(42)]
    with CaptureQueriesContext(connection) as few:
        intake.bring_in(aurora, pressed[:2])
    with django_assert_num_queries(len(few)):
        intake.bring_in(aurora, pressed[2:])
    assert AccessRequest.objects.count() == 42
    assert PersonalText.objects.filter(purpose="draft").count() == 42
