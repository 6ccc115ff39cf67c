"""Re-acceptance campaigns: a new licence version in force, asked of everybody, reminded, lapsed, brought back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper import clock
from gatekeeper.actions import campaigns, decisions, grants, licences, stages, terms
from gatekeeper.models import Campaign, Grant, Repository, Stage
from gatekeeper.models.campaign_tallies import Preview, Tally, tally_of
from gatekeeper.rules.access import Access, Closing
from gatekeeper.rules.refusals import Invalid, NotAllowed, Unmet, WrongState
from tests import factories
from tests.expect import events, last_event, offered, refused, told, wish
from tests.verbs import accept, accept_terms


@pytest.fixture
def grant(stage: Stage, ha: Viewer, chidi: Viewer) -> Grant:
    """Hà accepted the first version, and has access."""
    return factories.active_grant(stage, ha, by=chidi)


def running(stage: Stage, by: Viewer, **more: Any) -> Campaign:
    """A campaign that has asked everybody."""
    return factories.running_campaign(stage, by=by, **more)


# Preparing and scheduling


def test_invariant_12_it_is_looked_at_before_anybody_is_asked(
    grant: Grant, ha: Viewer, ewa: Viewer, bram: Viewer
) -> None:
    """Counsel prepares, a steward schedules with the number of people that they saw; until then nothing happens."""
    before = told(ha)
    campaign = factories.prepared_campaign(grant.stage, by=ewa)
    preview = Preview(campaign)
    assert (preview.people, preview.grants, preview.stages) == (1, 1, [(grant.stage, 1)])
    with refused(NotAllowed, "not_allowed"):
        campaigns.schedule(campaign, by=ewa, confirmed=1)
    with refused(Unmet, "confirm_count"):
        campaigns.schedule(campaign, by=bram, confirmed=2)
    at = timezone.now()
    for starts_at in (at - timedelta(days=1), at + timedelta(days=366)):
        with refused(Invalid, "start_malformed", "starts_at"):
            campaigns.schedule(campaign, by=bram, confirmed=1, starts_at=starts_at)
    campaigns.schedule(campaign, by=bram, confirmed=1, starts_at=at + timedelta(days=7))
    clock.tick(at=at + timedelta(days=6))
    assert (factories.fresh(campaign).status, told(ha)) == ("scheduled", before)
    assert factories.current_licence(grant.stage).number == 1
    clock.tick(at=at + timedelta(days=7, minutes=1))
    assert factories.fresh(campaign).status == "running"
    assert told(ha)[-1] == "licence_renewed"


def test_only_the_latest_published_version_is_asked_and_once(stage: Stage, ewa: Viewer, chidi: Viewer) -> None:
    """Not by a reviewer; not a draft, not what was superseded; one campaign for a licence at a time."""
    campaign = factories.prepared_campaign(stage, by=ewa)
    version = campaign.licence_version
    with refused(WrongState, "under_way"):
        campaigns.prepare(version, by=ewa)
    with refused(NotAllowed, "not_allowed"):
        campaigns.prepare(version, by=chidi)
    for days in (0, 366):
        with refused(Invalid, "days_malformed", "grace_days"):
            campaigns.prepare(version, by=ewa, grace_days=days)
    assert version.supersedes is not None
    draft = licences.draft_licence_version(
        stage.release.publisher, by=ewa, identifier="openrail++", title="Aurora licence", text=b"Draft."
    )
    for other in (version.supersedes, draft):
        with refused(WrongState, "not_published"):
            campaigns.prepare(other, by=ewa)


def test_a_later_version_stands_in_its_way(stage: Stage, amara: Viewer, bram: Viewer) -> None:
    """It is called off, and that one is asked."""
    campaign = factories.scheduled_campaign(stage, by=amara)
    factories.licence(stage.release.publisher, by=amara, text=b"A third.")
    with refused(Unmet, "later_version"):
        campaigns.schedule(campaign, by=bram, confirmed=0)
    clock.tick(at=factories.later(1))
    assert factories.fresh(campaign).status == "scheduled"
    campaigns.call_off(campaign, by=bram)
    factories.prepared_campaign(stage, by=amara, text=b"A fourth.")


# Asking


def test_it_puts_the_version_in_force_and_asks_by_a_day(
    grant: Grant, aurora: Repository, ha: Viewer, kiri: HubPerson, amara: Viewer
) -> None:
    """Holders of decided grants and those brought in alike; access stays, and the other terms are as they were."""
    imported = factories.imported(grant.stage, kiri, by=amara)
    before, wished = grant.stage.policy, wish(ha.person, aurora)
    campaign = running(grant.stage, amara)
    policy = factories.fresh(grant.stage).policy
    assert policy is not None
    assert before is not None
    assert (policy.licence_version, policy.form, policy.number) == (campaign.licence_version, before.form, 2)
    assert {**policy.document, "licence_sha256": ""} == {**before.document, "licence_sha256": ""}
    for asked in (grant, imported):
        asked = factories.fresh(asked)
        assert (asked.status, asked.campaign) == ("active", campaign)
        assert asked.terms_due_at == campaign.ends_at
        assert (asked.terms_due_at - asked.terms_asked_at).days == 30  # type: ignore[operator]  # both are set
        assert last_event(asked).data["campaign"] == campaign.pk
    assert wish(ha.person, aurora) == wished
    assert last_event(campaign).data["stages"] == [grant.stage.pk]
    assert campaigns.carry_on_all() == 0, "nobody is asked twice"
    assert told(ha).count("licence_renewed") == 1


def test_who_accepts_is_done_and_the_last_one_ends_it(grant: Grant, ha: Viewer, amara: Viewer) -> None:
    """The numbers are kept as they were when it ended."""
    campaign = running(grant.stage, amara)
    assert tally_of(campaign) == Tally(asked=1, waiting=1)
    assert offered(factories.fresh(grant), ha)["accept"] is None
    accept_terms(factories.fresh(grant), ha, None)
    assert tally_of(campaign) == Tally(asked=1, accepted=1)
    campaigns.carry_on_all()
    campaign = factories.fresh(campaign)
    assert (campaign.status, tally_of(campaign)) == ("done", Tally(asked=1, accepted=1))
    assert last_event(campaign).data["accepted"] == 1
    assert factories.fresh(grant).accepted_version == campaign.licence_version


def test_it_reminds_at_half_a_tenth_and_a_day_and_then_lets_lapse(
    grant: Grant, aurora: Repository, ha: Viewer, amara: Viewer
) -> None:
    """Suspended here for that reason, reset on the Hub; accepting brings the person back without a new review."""
    campaign = running(grant.stage, amara)
    for days in (14.9, 15.1, 27.1, 29.1, 29.9):
        clock.tick(at=factories.later(days))
    assert told(ha).count("terms_reminder") == 3
    assert factories.fresh(grant).status == "active"
    clock.tick(at=factories.later(30.1))
    lapsed = factories.fresh(grant)
    assert (lapsed.status, lapsed.has_lapsed) == ("suspended", True)
    assert (wish(ha.person, aurora).access, wish(ha.person, aurora).closing) == (Access.NO, Closing.RESET)
    assert tally_of(campaign) == Tally(asked=1, lapsed=1, resets=1)
    clock.tick(at=factories.later(30.2))
    assert factories.fresh(campaign).status == "done"
    accept_terms(lapsed, ha, None)
    back = factories.fresh(grant)
    assert (back.status, wish(ha.person, aurora).access) == ("pending_activation", Access.YES)
    assert factories.confirmed(back).status == "active"


def test_one_click_answers_for_every_grant_that_it_asks_about(
    grant: Grant, aurora: Repository, ha: Viewer, chidi: Viewer, amara: Viewer
) -> None:
    """Also where one of them has lapsed by then; a grant of another licence is left alone."""
    second = factories.active_grant(factories.open_stage(aurora, by=amara), ha, by=chidi)
    running(grant.stage, amara)
    one, other = factories.fresh(grant), factories.fresh(second)
    assert one.campaign == other.campaign
    terms.lapse_all([other], at=factories.later(31))
    acceptance = accept_terms(one, ha, factories.later(32))
    one, other = factories.fresh(grant), factories.fresh(second)
    assert (one.acceptance, other.acceptance) == (acceptance, acceptance)
    assert (one.status, other.status) == ("active", "pending_activation")
    assert events(other)[-2:] == ["grant.accept", "grant.restore"]


def test_an_answer_waits_for_a_stage_that_has_other_terms_by_then(
    grant: Grant, aurora: Repository, ha: Viewer, chidi: Viewer, amara: Viewer
) -> None:
    """What is accepted is what is in force there, and nothing else is answered with it."""
    second = factories.active_grant(factories.open_stage(aurora, by=amara), ha, by=chidi)
    running(grant.stage, amara)
    factories.policy(second.stage, by=amara, text=b"Yet other words.")
    accept_terms(factories.fresh(grant), ha, None)
    assert factories.fresh(second).terms_due_at is not None


def test_a_change_that_asks_nothing_is_only_told(aurora: Repository, ha: Viewer, chidi: Viewer, amara: Viewer) -> None:
    """Editorial, clarifying, expanding: nobody’s access lapses, and it is done when everybody was told."""
    stage = factories.open_stage(aurora, by=amara)
    grant = factories.active_grant(stage, ha, by=chidi)
    campaign = running(stage, amara, text=factories.LICENCE_TEXT + b"\n\nThanks to all.")
    assert campaign.licence_version.change_class == "clarifying"
    assert (campaign.asks, campaign.status, campaign.ends_at) == (False, "done", None)
    assert told(ha)[-1] == "licence_changed"
    assert factories.fresh(grant).terms_due_at is None
    clock.tick(at=factories.later(400))
    assert factories.fresh(grant).status == "active"


def test_the_first_version_is_asked_of_those_who_were_brought_in(
    stage: Stage, ha: Viewer, kiri: HubPerson, chidi: Viewer, amara: Viewer
) -> None:
    """Their terms get proved the same way; whoever has accepted it is asked nothing."""
    decided = factories.active_grant(stage, ha, by=chidi)
    imported = factories.imported(stage, kiri, by=amara)
    campaign = campaigns.prepare(factories.current_licence(stage), by=amara)
    assert Preview(campaign).people == 1
    campaigns.schedule(campaign, by=amara, confirmed=1)
    clock.carry_on()
    assert factories.fresh(imported).campaign == campaign
    assert factories.fresh(decided).campaign is None
    assert len(Grant.objects.filter(stage=stage, terms_due_at__isnull=False)) == 1


def test_who_is_brought_in_later_is_asked_too_and_has_as_many_days(
    grant: Grant, kiri: HubPerson, amara: Viewer
) -> None:
    """While it runs; their day is reckoned from when they were asked."""
    campaign = running(grant.stage, amara)
    late = factories.imported(grant.stage, kiri, by=amara)
    at = factories.later(10)
    campaigns.carry_on_all(at=at)
    assert factories.fresh(late).terms_due_at == at + timedelta(days=30)
    assert tally_of(campaign).asked == 2


def test_invariant_01_whoever_is_in_review_has_to_accept_what_it_brought_into_force(
    stage: Stage, ha: Viewer, chidi: Viewer, amara: Viewer
) -> None:
    """An acceptance of the version before makes no grant any more."""
    case = factories.in_review(stage, ha, by=chidi)
    running(stage, amara)
    with refused(Unmet, "acceptance_missing"):
        decisions.approve(case, by=chidi, words="Welcome.")
    accept(case, ha, None)
    assert decisions.approve(case, by=chidi, words="Welcome.").status == "approved"


def test_invariant_06_a_stage_that_is_not_open_brings_nobody_back(
    grant: Grant, ha: Viewer, amara: Viewer, bram: Viewer
) -> None:
    """Who accepts after a lapse waits until the stage is open; then the clock brings them back, without a review."""
    running(grant.stage, amara, days=1)
    clock.tick(at=factories.later(2))
    stages.pause(grant.stage, by=bram)
    accept_terms(factories.fresh(grant), ha, factories.later(3))
    clock.tick(at=factories.later(4))
    assert factories.fresh(grant).status == "suspended"
    stages.confirm_open(stages.open_stage(grant.stage, by=bram))
    clock.tick(at=factories.later(5))
    assert factories.fresh(grant).status == "pending_activation"


# Halting, going on, calling off


def test_a_halted_one_asks_reminds_and_takes_nothing(
    grant: Grant, ha: Viewer, kiri: HubPerson, amara: Viewer, bram: Viewer
) -> None:
    """Whoever was asked has as many days left when it goes on."""
    campaign = running(grant.stage, amara)
    due = factories.fresh(grant).terms_due_at
    assert due is not None
    campaigns.halt(campaign, by=bram, at=factories.later(20))
    late = factories.imported(grant.stage, kiri, by=amara)
    clock.tick(at=factories.later(40))
    assert (factories.fresh(grant).status, factories.fresh(late).campaign) == ("active", None)
    assert told(ha).count("terms_reminder") == 0
    with refused(Unmet, "not_due"):
        terms.lapse_all([grant], at=factories.later(40))
    campaigns.resume(campaign, by=bram, at=factories.later(50))
    moved = factories.fresh(grant).terms_due_at
    assert moved is not None
    assert abs(moved - due - timedelta(days=30)) < timedelta(seconds=5)
    clock.tick(at=factories.later(59))
    assert factories.fresh(grant).status == "active"
    clock.tick(at=factories.later(61))
    assert factories.fresh(grant).has_lapsed


def test_called_off_it_waits_for_nobody(grant: Grant, amara: Viewer, bram: Viewer) -> None:
    """The version stays in force, and whoever was asked may still accept; nobody lapses."""
    campaign = running(grant.stage, amara)
    with refused(WrongState, "wrong_state"):
        campaigns.call_off(campaign, by=bram)
    campaigns.halt(campaign, by=bram)
    campaigns.call_off(campaign, by=bram)
    clock.tick(at=factories.later(60))
    assert factories.fresh(grant).status == "active"
    assert factories.current_licence(grant.stage) == campaign.licence_version
    assert tally_of(factories.fresh(campaign)).asked == 1


def test_it_goes_on_where_it_was_interrupted(
    grant: Grant, ines: Viewer, chidi: Viewer, amara: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each thousand is one transaction: what a worker did not get to, the next one does, and nothing twice."""
    second = factories.active_grant(grant.stage, ines, by=chidi)
    [campaign] = campaigns.begin_all([factories.scheduled_campaign(grant.stage, by=amara)], at=factories.later(0))
    monkeypatch.setattr(campaigns, "AT_ONCE", 1)
    assert campaigns.carry_on_all(seconds=0) == 1
    assert [factories.fresh(each).campaign_id for each in (grant, second)] == [campaign.pk, None]

    def dies(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(campaigns, "tell", dies)
        with pytest.raises(RuntimeError):
            campaigns.carry_on_all()
    assert factories.fresh(second).campaign is None
    assert campaigns.carry_on_all() == 1
    assert (told(ines).count("licence_renewed"), tally_of(campaign).asked) == (1, 2)


def test_a_campaign_that_another_worker_has_is_passed_over(grant: Grant, amara: Viewer) -> None:
    """Its row is claimed; one that has ended meanwhile is as well."""
    campaign = running(grant.stage, amara)
    campaigns.halt(campaign, by=amara)
    assert campaigns._carry_on(campaign.pk, at=timezone.now()) == 0


def test_a_closed_stage_is_left_alone(grant: Grant, aurora: Repository, amara: Viewer) -> None:
    """Nobody is asked there; at a stage without terms there is nothing to ask."""
    stages.close(grant.stage, by=amara)
    factories.bare_stage(aurora, by=amara)
    campaign = factories.prepared_campaign(grant.stage, by=amara)
    assert (Preview(campaign).stages, Preview(campaign).people) == ([], 0)


def test_what_became_of_a_grant_otherwise_is_counted(
    grant: Grant, ines: Viewer, chidi: Viewer, ha: Viewer, amara: Viewer, bram: Viewer
) -> None:
    """Given back, or suspended by a steward, while it was waited for."""
    second = factories.active_grant(grant.stage, ines, by=chidi)
    campaign = running(grant.stage, amara)
    grants.relinquish(grant, by=ha)
    grants.suspend(second, by=bram)
    assert tally_of(campaign) == Tally(asked=2, suspended=1, ended=1)
    assert tally_of(Campaign(licence_version=campaign.licence_version)) == Tally()


def test_it_costs_the_same_for_two_as_for_forty(
    stage: Stage, aurora: Repository, amara: Viewer, django_assert_num_queries: Any
) -> None:
    """A constant number of statements per thousand."""
    people = [factories.hub_person(f"person-{number}") for number in range(42)]
    for person in people:
        factories.hub_says(person, aurora, "accepted")
    grants.bring_in_all(stage, people[:2], by=amara)
    running(stage, amara)
    grants.bring_in_all(stage, people[2:4], by=amara)
    with CaptureQueriesContext(connection) as counted:
        assert campaigns.carry_on_all() == 2
    grants.bring_in_all(stage, people[4:], by=amara)
    with django_assert_num_queries(len(counted)):
        assert campaigns.carry_on_all() == 38
