"""The emergency stop: who may start it, what it takes, what holds it up, and what its lift gives back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import HubPerson, Publisher
from accounts.viewer import Viewer
from gatekeeper import clock
from gatekeeper.actions import _stopping, decisions, grants, people, procedures, stages
from gatekeeper.actions.grants import stop_all
from gatekeeper.actions.nudges import nudged
from gatekeeper.models import Event, Grant, HubAccess, Notice, Procedure, Repository, Stage
from gatekeeper.models.tallies import digest_of, proof_lines, tally_of_stop, what_would_return
from gatekeeper.rules.access import Access
from gatekeeper.rules.refusals import Invalid, NotAllowed, Unmet, WrongState
from tests import factories
from tests.again import once
from tests.expect import events, last_event, refused, told
from tests.races import while_blocked

WHY = "The weights leaked."


@pytest.fixture
@once
def holders(stage: Stage, ha: Viewer, ines: Viewer, juma: Viewer, chidi: Viewer) -> list[Grant]:
    """Three people who hold the stage, the first one longest."""
    return [factories.active_grant(stage, who, by=chidi) for who in (ha, ines, juma)]


def statuses(found: list[Grant]) -> list[str]:
    return [factories.fresh(grant).status for grant in found]


# --- preparing


def test_preparing_changes_nothing_but_the_record(stage: Stage, holders: list[Grant], bram: Viewer) -> None:
    """A steward may; it says what it covers and why, and nobody loses anything."""
    prepared = procedures.prepare_stop(stage, by=bram, words=f"  {WHY} ")
    assert (prepared.status, prepared.scope, prepared.covers, prepared.words) == ("prepared", "stage", stage, WHY)
    assert events(prepared) == ["procedure.prepare"]
    assert statuses(holders) == ["active"] * 3
    assert factories.fresh(stage).status == "open"


@pytest.mark.parametrize("who", ["chidi", "ewa", "farid", "ha", "nobody"])
def test_only_those_who_lead_prepare_one(stage: Stage, who: str, request: pytest.FixtureRequest) -> None:
    """Stewards, owners and operators."""
    viewer = request.getfixturevalue(who)
    with refused(NotAllowed, "sign_in" if who == "nobody" else "not_allowed"):
        procedures.prepare_stop(stage, by=viewer, words=WHY)


@pytest.mark.parametrize(("words", "code"), [(" ", "words_missing"), ("x" * 301, "words_too_long")])
def test_it_needs_words(stage: Stage, amara: Viewer, words: str, code: str) -> None:
    """Whoever ratifies it has to know why."""
    with refused(Invalid, code, "words"):
        procedures.prepare_stop(stage, by=amara, words=words)


def test_there_is_one_of_the_same_at_a_time(stage: Stage, amara: Viewer, bram: Viewer) -> None:
    """A second one of the same stage is refused; one of the release is another; after the end there may be one."""
    prepared = procedures.prepare_stop(stage, by=amara, words=WHY)
    with refused(WrongState, "under_way"):
        procedures.prepare_stop(stage, by=bram, words=WHY)
    assert procedures.prepare_stop(stage.release, by=bram, words=WHY).covers == stage.release
    assert procedures.call_off(prepared, by=bram).status == "called_off"
    procedures.prepare_stop(stage, by=bram, words=WHY)


# --- starting


def test_it_suspends_everybody_and_tells_the_hub_pending(
    stage: Stage, holders: list[Grant], amara: Viewer, bram: Viewer, ha: Viewer
) -> None:
    """From this transaction on nobody new is let in, and the Hub is to say pending of everybody, the newest first."""
    stop = factories.stop(stage, by=amara)
    assert stop.status == "running"
    assert factories.fresh(stage).status == "paused"
    assert statuses(holders) == ["suspended"] * 3
    assert {(row.access, row.closing) for row in HubAccess.objects.all()} == {("no", "pending")}
    assert "access_suspended" in told(ha)
    assert {row.grant for row in stop.stopped.all()} == set(holders)
    assert last_event(holders[0]).data["procedure"] == stop.pk
    assert "stop_started" in told(bram)


@pytest.mark.parametrize("scope", ["stage", "release", "repository", "publisher"])
def test_it_covers_a_stage_a_release_a_repository_or_a_publisher(
    scope: str, stage: Stage, aurora: Repository, aurora_lab: Publisher, holders: list[Grant], amara: Viewer
) -> None:
    """And what it does not cover goes on."""
    other = factories.linked(aurora_lab, by=amara, name="small")
    elsewhere = factories.open_stage(other, by=amara)
    covers = {"stage": stage, "release": stage.release, "repository": aurora, "publisher": aurora_lab}[scope]
    factories.stop(covers, by=amara)
    assert statuses(holders) == ["suspended"] * 3
    assert factories.fresh(elsewhere).status == ("paused" if scope == "publisher" else "open")


@pytest.mark.parametrize("who", ["amara", "goran"])
def test_an_owner_or_an_operator_starts_it_at_once(
    stage: Stage, who: str, bram: Viewer, request: pytest.FixtureRequest
) -> None:
    """Alone, and to be ratified within a day."""
    viewer = request.getfixturevalue(who)
    stop = factories.stop(stage, by=viewer)
    assert stop.started_by == viewer.user
    assert stop.ratify_until == stop.started_at + timedelta(hours=24)
    assert stop.is_unratified


def test_a_steward_prepares_it_and_an_owner_starts_it(stage: Stage, amara: Viewer, bram: Viewer) -> None:
    """Two people are behind it then, and nothing is left to be ratified."""
    prepared = procedures.prepare_stop(stage, by=bram, words=WHY)
    with refused(Unmet, "owner_starts"):
        procedures.start(prepared, by=bram)
    stop = procedures.start(prepared, by=amara)
    assert stop.by_two
    assert (stop.ratify_until, stop.is_unratified, stop.by_one) == (None, False, False)
    with refused(WrongState, "nothing_to_ratify"):
        procedures.ratify(stop, by=bram)


def test_where_there_is_one_person_it_says_so(stage: Stage, amara: Viewer) -> None:
    """Decided by one person: nobody is there who could ratify it, so nothing is left open."""
    stop = factories.stop(stage, by=amara)
    assert (stop.by_one, stop.ratify_until) == (True, None)
    assert last_event(stop).data == {"two": False, "one_person": True}


def test_no_new_grant_by_any_door_while_it_stands(
    stage: Stage, aurora: Repository, ha: Viewer, kiri: HubPerson, amara: Viewer, bram: Viewer, chidi: Viewer
) -> None:
    """No approval, no reinstating, no bringing in, and no opening of the stage, planned ones included."""
    case = factories.in_review(stage, ha, by=chidi)
    planned = factories.planned_stage(aurora, by=amara)
    factories.stop(aurora, by=amara)
    with refused(Unmet, "stage_not_open"):
        decisions.approve(case, by=chidi, words="Welcome.")
    for held in (stage, planned):
        with refused(Unmet, "stopped"):
            stages.open_stage(factories.fresh(held), by=amara)
        assert grants.bring_in_all(held, [kiri], by=amara) == []


def test_who_has_access_through_another_stage_keeps_it_and_is_counted(
    stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer, amara: Viewer
) -> None:
    """Yes wins over no: it is said, so that nobody takes the stop for more than it is."""
    other = factories.open_stage(aurora, by=amara)
    factories.active_grant(stage, ha, by=chidi)
    factories.active_grant(other, ha, by=chidi)
    stop = factories.in_force(stage, by=amara)
    assert HubAccess.objects.get(person=ha.person).access == Access.YES
    assert (stop.status, tally_of_stop(stop).kept, stop.proof["in_force"]["kept"]) == ("in_force", 1, 1)


# --- in force


def test_it_is_in_force_once_everybody_was_read_back(
    stage: Stage, aurora: Repository, holders: list[Grant], amara: Viewer
) -> None:
    """Counted from the rows: one that was not read back, or waits for somebody to look, holds it up."""
    stop = factories.stop(stage, by=amara)
    for grant in holders[:2]:
        factories.hub_says(grant.person, aurora, "pending")
    HubAccess.objects.filter(person=holders[2].person).update(parked_reason="not_found_in_lists")
    procedures.carry_on_all()
    tally = tally_of_stop(stop)
    assert (tally.people, tally.confirmed, tally.waiting, tally.parked) == (3, 2, 0, 1)
    assert factories.fresh(stop).status == "running"
    HubAccess.objects.filter(person=holders[2].person).update(parked_reason="")
    factories.hub_says(holders[2].person, aurora, "pending")
    procedures.carry_on_all()
    stood = factories.fresh(stop)
    assert stood.status == "in_force"
    assert stood.proof["in_force"]["people"] == stood.proof["in_force"]["read_back"] == 3


def test_somebody_whose_account_is_gone_holds_nothing_up(
    stage: Stage, aurora: Repository, holders: list[Grant], amara: Viewer
) -> None:
    """The Hub knows no such account, so nobody could get in by it."""
    stop = factories.stop(stage, by=amara)
    HubAccess.objects.filter(person=holders[2].person).update(parked_reason="person_gone")
    for grant in holders[:2]:
        factories.hub_says(grant.person, aurora, "pending")
    procedures.carry_on_all()
    assert factories.fresh(stop).status == "in_force"


def test_its_proof_can_be_computed_again(stage: Stage, holders: list[Grant], amara: Viewer) -> None:
    """The record holds the digest of a line for each grant: when it was suspended, and when the Hub was read back."""
    stop = factories.in_force(stage, by=amara)
    lines = [line for _row, line in proof_lines(stop)]
    assert len(lines) == 3
    assert all(row.read_back_at is not None for row, _line in proof_lines(stop))
    stood = Event.objects.about("procedure", stop.pk).get(action="procedure.stand")
    assert stood.data["digest"] == stop.proof["in_force"]["digest"] == digest_of(lines)


def test_one_whom_somebody_lets_in_again_on_the_hub_is_counted(
    stage: Stage, aurora: Repository, holders: list[Grant], amara: Viewer
) -> None:
    """That is drift; the stop says it too."""
    stop = factories.in_force(stage, by=amara)
    HubAccess.objects.filter(person=holders[0].person).update(seen="accepted")
    assert tally_of_stop(stop).again == 1


# --- a second person


@pytest.mark.parametrize("who", ["bram", "goran"])
def test_a_second_person_ratifies_it(stage: Stage, who: str, amara: Viewer, request: pytest.FixtureRequest) -> None:
    """A steward, an owner or an operator."""
    second = request.getfixturevalue(who)
    stop = procedures.ratify(factories.stop(stage, by=amara), by=second)
    assert (stop.ratified_by, stop.is_unratified, stop.by_two) == (second.user, False, True)
    assert last_event(stop).data == {"late": False}


def test_the_one_who_started_it_does_not_ratify_it(stage: Stage, amara: Viewer, bram: Viewer) -> None:
    """Not by any role."""
    stop = factories.stop(stage, by=amara)
    with refused(Unmet, "second_person"):
        procedures.ratify(stop, by=amara)


def test_unratified_after_a_day_it_stays_in_force_and_is_a_breach(
    stage: Stage, holders: list[Grant], amara: Viewer, bram: Viewer, goran: Viewer
) -> None:
    """Told to owners and operators, recorded once, never lifted by itself; a late second person undoes no breach."""
    stop = factories.in_force(stage, by=amara)
    clock.tick(at=factories.later(0.9))
    assert factories.fresh(stop).breached_at is None
    for _time in range(2):
        clock.tick(at=factories.later(1.1))
    stop = factories.fresh(stop)
    assert (stop.status, stop.is_unratified) == ("in_force", True)
    assert events(stop).count("procedure.note_breach") == 1
    assert ("stop_unratified" in told(amara), "stop_unratified" in told(goran)) == (True, True)
    assert "stop_unratified" not in told(bram)
    assert statuses(holders) == ["suspended"] * 3
    assert last_event(procedures.ratify(stop, by=bram)).data == {"late": True}


# --- lifting


def test_two_people_lift_it_and_everything_is_as_it_was(
    stage: Stage, aurora: Repository, holders: list[Grant], amara: Viewer, bram: Viewer
) -> None:
    """The stage opens again, and what the stop took is given back once the Hub was read back."""
    stop = factories.lift_asked(stage, by=amara)
    assert "stop_to_lift" in told(bram)
    assert what_would_return(stop) == {"returned": 3, "licence": 0, "held": 0, "ended": 0}
    with refused(Unmet, "second_person"):
        procedures.confirm(stop, by=amara)
    lifting = procedures.confirm(stop, by=bram)
    assert (lifting.status, lifting.phase) == ("running", "lifting")
    procedures.carry_on_all()
    assert statuses(holders) == ["pending_activation"] * 3
    assert factories.fresh(stage).status == "opening"
    assert factories.fresh(stop).status == "running"
    for grant in holders:
        factories.confirmed(factories.fresh(grant))
    procedures.carry_on_all()
    done = factories.fresh(stop)
    assert (done.status, done.proof["lifted"]["returned"]) == ("done", 3)
    assert statuses(holders) == ["active"] * 3


def test_one_person_lifts_it_where_there_is_no_other(stage: Stage, holders: list[Grant], amara: Viewer) -> None:
    """And it says so."""
    for name in ("chidi", "bram", "dana"):
        for membership in stage.release.publisher.memberships.filter(user__username=name, role="steward"):
            people.dismiss(stage.release.publisher, by=amara, user=membership.user, role="steward")
    lifted = procedures.confirm(factories.lift_asked(stage, by=amara), by=amara)
    assert lifted.lifted_by_one
    assert last_event(lifted).data["one_person"] is True


def test_it_can_be_kept_in_force(stage: Stage, holders: list[Grant], amara: Viewer, bram: Viewer) -> None:
    """Whoever is asked may say no; it stands as before."""
    stop = procedures.keep(factories.lift_asked(stage, by=amara), by=bram)
    procedures.carry_on_all()
    assert (factories.fresh(stop).status, factories.fresh(stop).asked_by) == ("in_force", None)


def test_it_can_be_lifted_before_everybody_was_read_back(
    stage: Stage, holders: list[Grant], amara: Viewer, bram: Viewer
) -> None:
    """One that was a mistake need not wait for a Hub that is away."""
    stop = procedures.ask_to_lift(factories.stop(stage, by=amara), by=bram)
    procedures.confirm(stop, by=amara)
    procedures.carry_on_all()
    assert statuses(holders) == ["pending_activation"] * 3


def test_it_gives_back_only_what_it_took_and_what_still_may(
    stage: Stage, holders: list[Grant], amara: Viewer, bram: Viewer, ines: Viewer, chidi: Viewer
) -> None:
    """Not one suspended before, one that ended meanwhile, or one whose licence was replaced."""
    before = factories.active_grant(stage, factories.account("kofi"), by=chidi)
    grants.suspend(before, by=bram)
    stop = factories.lift_asked(stage, by=amara)
    grants.relinquish(factories.fresh(holders[0]), by=Viewer.of(holders[0].person.user))
    factories.policy(stage, by=amara, text=b"Other words.")
    accepted = factories.fresh(holders[1])
    assert accepted.request is not None
    assert what_would_return(stop) == {"returned": 0, "licence": 2, "held": 0, "ended": 1}
    procedures.confirm(stop, by=bram)
    procedures.carry_on_all()
    assert statuses([before, *holders]) == ["suspended", "relinquished", "suspended", "suspended"]
    assert {row.grant_id: row.outcome for row in stop.stopped.all()} == {
        holders[0].pk: "ended",
        holders[1].pk: "licence",
        holders[2].pk: "licence",
    }
    procedures.carry_on_all()
    assert factories.fresh(stop).status == "done"


def test_what_a_second_stop_holds_waits_for_that_one(
    stage: Stage, aurora_lab: Publisher, holders: list[Grant], amara: Viewer, bram: Viewer
) -> None:
    """Lifting the first changes nothing; lifting the second gives back what both took, and opens the stage."""
    first = factories.in_force(stage, by=amara)
    second = factories.in_force(aurora_lab, by=amara)
    procedures.ask_to_lift(first, by=amara)
    assert what_would_return(first)["held"] == 3
    procedures.confirm(first, by=bram)
    procedures.carry_on_all()
    assert statuses(holders) == ["suspended"] * 3
    assert (factories.fresh(first).status, factories.fresh(stage).status) == ("done", "paused")
    procedures.confirm(procedures.ask_to_lift(second, by=amara), by=bram)
    procedures.carry_on_all()
    assert statuses(holders) == ["pending_activation"] * 3
    assert factories.fresh(stage).status == "opening"


def test_a_stage_that_was_paused_before_stays_paused(
    stage: Stage, holders: list[Grant], amara: Viewer, bram: Viewer
) -> None:
    """Its grants come back, because they were in force; that nobody new is let in was decided elsewhere."""
    stages.pause(stage, by=amara)
    procedures.confirm(factories.lift_asked(stage, by=amara), by=bram)
    procedures.carry_on_all()
    assert factories.fresh(stage).status == "paused"
    assert statuses(holders) == ["pending_activation"] * 3


# --- in hundreds


def test_it_goes_in_hundreds_and_goes_on_where_it_stood(
    stage: Stage, aurora: Repository, amara: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest first, each hundred in a transaction of its own; a second worker passes over what one has in hand."""
    from gatekeeper.actions import _stopping

    monkeypatch.setattr(_stopping, "AT_ONCE", 2)
    people_there = [factories.hub_person(f"person-{number}") for number in range(5)]
    given = [factories.imported(stage, person, by=amara) for person in people_there]
    stop = factories.stop(stage, by=amara)
    assert {row.grant for row in stop.stopped.all()} == set(given[3:])
    assert tally_of_stop(stop).to_do == 3
    assert procedures.carry_on_all() == 2
    assert statuses(given) == ["suspended"] * 5
    due = (
        HubAccess.objects.filter(repository=aurora).order_by("due_at", "pk").values_list("person__username", flat=True)
    )
    assert list(due) == ["person-3", "person-4", "person-1", "person-2", "person-0"]


def test_notices_name_what_was_stopped(stage: Stage, holders: list[Grant], amara: Viewer, bram: Viewer) -> None:
    """One to each second person."""
    stop = factories.stop(stage, by=amara)
    found = Notice.objects.filter(kind="stop_started")
    assert [(notice.recipient, notice.object_kind, notice.object_id) for notice in found] == [
        (bram.user, "procedure", stop.pk)
    ]
    assert Procedure.objects.unratified().get() == stop


def test_a_procedure_that_is_none_any_more_is_passed_over(stage: Stage, holders: list[Grant], amara: Viewer) -> None:
    """It ended, or another worker has it."""
    assert not procedures._carry_on(factories.stop(stage, by=amara).pk + 1, at=None)


def test_a_grant_that_moved_meanwhile_holds_nobody_up(
    stage: Stage, holders: list[Grant], amara: Viewer, bram: Viewer
) -> None:
    """The others of its hundred are suspended all the same, and only they belong to the stop."""
    first, second, third = holders
    stop = procedures.start(procedures.prepare_stop(stage, by=amara, words=WHY), by=amara)
    for grant in (first, third):
        Grant.objects.filter(pk=grant.pk).update(status="active")
    taken = list(_stopping._all_or_each([first, second, third], stop_all, stop, at=timezone.now()))
    assert [[grant.pk for grant in rows] for rows in taken] == [[first.pk], [third.pk]]
    assert statuses(holders) == ["suspended"] * 3


def test_a_stage_that_is_closed_at_this_moment_is_not_opened_by_the_lift(
    transactional_db: None, stage: Stage, holders: list[Grant], amara: Viewer, bram: Viewer
) -> None:
    """The lift waits for the steward who closes it, and goes on without it."""
    stop = procedures.ask_to_lift(factories.stop(stage, by=amara), by=amara)
    with while_blocked(lambda: procedures.confirm(stop, by=bram)) as other:
        stages.close(stage, by=amara)
        other.begin()
    [lifting] = other.results
    assert (lifting.status, lifting.phase) == ("running", "lifting")
    assert factories.fresh(stage).status == "closed"


def test_what_is_left_when_the_time_is_up_is_rung_for(
    stage: Stage,
    holders: list[Grant],
    amara: Viewer,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A sweep ends in time; the next one is not waited for."""
    monkeypatch.setattr(_stopping, "AT_ONCE", 1)
    stop = factories.stop(stage, by=amara)
    rung: list[str] = []

    def ring(sender: Any, *, what: str, **_about: Any) -> None:
        rung.append(what)

    nudged.connect(ring)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            assert procedures.carry_on_all(seconds=0) == 1
    finally:
        nudged.disconnect(ring)
    assert "procedures" in rung
    assert factories.fresh(stop).status == "running"
