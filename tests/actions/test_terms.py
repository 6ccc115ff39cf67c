"""The licence, asked of people who were brought in: honoured, accepted by a day, lapsed, or not carried over."""

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
from gatekeeper.actions import grants, stages, terms
from gatekeeper.models import Acceptance, Grant, Repository, Stage
from gatekeeper.rules.access import Access, Closing
from gatekeeper.rules.deadlines import deadline, next_reminder
from gatekeeper.rules.refusals import Invalid, NotAllowed, Unmet, WrongState
from tests import factories
from tests.again import once
from tests.expect import events, last_event, offered, refused, told, wish
from tests.verbs import accept_terms


@pytest.fixture
@once
def imported(stage: Stage, ha: Viewer, amara: Viewer) -> Grant:
    """Hà was accepted on the Hub before the stage opened here."""
    return factories.imported(stage, ha.person, by=amara)


def digest(stage: Stage) -> str:
    """What a steward saw."""
    return Grant.objects.imported_unproven().filter(stage=stage).digest()


# Accepting


def test_its_person_proves_the_terms_by_accepting(imported: Grant, ha: Viewer) -> None:
    """The acceptance is bound to the version in force; nothing changes on the Hub."""
    before = wish(ha.person, imported.stage.repositories.get())
    acceptance = accept_terms(imported, ha, None)
    grant = factories.fresh(imported)
    assert (grant.acceptance, grant.status, grant.terms_unproven) == (acceptance, "active", False)
    assert acceptance.licence_version == factories.current_licence(grant.stage)
    assert last_event(grant).data["text_sha256"] == acceptance.text_sha256
    assert wish(ha.person, grant.stage.repositories.get()) == before
    assert "accept" not in offered(grant, ha)
    with refused(WrongState, "already_accepted"):
        accept_terms(grant, ha, None)


def test_another_text_or_a_missing_restriction_is_refused(aurora: Repository, ha: Viewer, amara: Viewer) -> None:
    """As for a request."""
    stage = factories.open_stage(aurora, by=amara, restrictions=("harm",))
    grant = factories.imported(stage, ha.person, by=amara)
    with refused(WrongState, "licence_changed"):
        terms.accept(grant, by=ha, text_sha256="0" * 64)
    with refused(Invalid, "restrictions_missing", "acknowledged"):
        terms.accept(grant, by=ha, text_sha256=factories.current_licence(stage).text_sha256)


def test_nobody_accepts_for_another(imported: Grant, amara: Viewer, ines: Viewer) -> None:
    """Not a steward either."""
    for who in (amara, ines):
        with refused(NotAllowed, "not_allowed"):
            accept_terms(imported, who, None)


def test_an_acceptance_elsewhere_does_not_stand_in_the_way(
    imported: Grant, aurora: Repository, ha: Viewer, amara: Viewer
) -> None:
    """The same version, accepted for another stage, proves nothing about this grant."""
    other = factories.planned_stage(aurora, by=amara)
    factories.draft(stages.confirm_open(stages.open_stage(other, by=amara)), ha)
    assert accept_terms(imported, ha, None) in Acceptance.objects.filter(person=ha.person)


# Asking by a day


def test_honour_is_the_default(imported: Grant, ha: Viewer) -> None:
    """Nobody is asked by a day, and nothing lapses."""
    assert (imported.terms_due_at, imported.stage.imported_terms_days) == (None, None)
    clock.tick(at=factories.later(4_000))
    assert factories.fresh(imported).status == "active"
    assert told(ha) == ["access_confirmed"]


def test_it_asks_who_is_there_and_who_comes_later(
    imported: Grant, aurora: Repository, ha: Viewer, ines: Viewer, kiri: HubPerson, amara: Viewer, bram: Viewer
) -> None:
    """The choice is the stage's: whoever is brought in afterwards has as many days."""
    at = timezone.now()
    stage = terms.ask_for_terms(imported.stage, by=bram, days=30, seen=digest(imported.stage), at=at)
    grant = factories.fresh(imported)
    assert grant.terms_due_at == at + timedelta(days=30)
    assert (told(ha)[-1], events(grant)[-1]) == ("terms_asked", "grant.ask_for_terms")
    assert last_event(stage).data["days"] == 30
    later = factories.imported(stage, ines.person, by=amara)
    assert later.terms_due_at is not None
    assert later.terms_due_at > grant.terms_due_at
    assert "terms_asked" in told(ines)


def test_it_can_be_taken_back(imported: Grant, ha: Viewer, bram: Viewer) -> None:
    """Then they are honoured without a day again."""
    terms.ask_for_terms(imported.stage, by=bram, days=30)
    stage = terms.ask_for_terms(imported.stage, by=bram, days=None)
    grant = factories.fresh(imported)
    assert (grant.terms_due_at, grant.terms_remind_at, stage.imported_terms_days) == (None, None, None)
    assert told(ha).count("terms_asked") == 1


@pytest.mark.parametrize("days", [0, 366, -1])
def test_days_have_bounds(imported: Grant, bram: Viewer, days: int) -> None:
    """Refused at the field."""
    with refused(Invalid, "days_malformed", "days"):
        terms.ask_for_terms(imported.stage, by=bram, days=days)


def test_whoever_saw_others_is_refused(imported: Grant, kiri: HubPerson, amara: Viewer, bram: Viewer) -> None:
    """Invariant 12: both choices name whom the steward saw."""
    seen = digest(imported.stage)
    factories.imported(imported.stage, kiri, by=amara)
    with refused(WrongState, "stale"):
        terms.ask_for_terms(imported.stage, by=bram, days=30, seen=seen)
    with refused(WrongState, "stale"):
        terms.reset_imported(imported.stage, by=bram, seen=seen)


def test_it_reminds_at_half_at_a_tenth_and_a_day_before(imported: Grant, ha: Viewer, bram: Viewer) -> None:
    """Each once, and nobody who has accepted."""
    terms.ask_for_terms(imported.stage, by=bram, days=30)
    for days, due in ((14.9, 0), (15.1, 1), (15.2, 0), (27.1, 1), (28.9, 0), (29.1, 1), (29.9, 0)):
        assert terms.remind_of_terms(at=factories.later(days)) == due, days
    assert told(ha).count("terms_reminder") == 3
    terms.ask_for_terms(imported.stage, by=bram, days=30)
    accept_terms(imported, ha, None)
    assert terms.remind_of_terms(at=factories.later(16)) == 0


def test_a_short_time_has_fewer_reminders() -> None:
    """Never before it was asked, never at the end."""
    at = timezone.now()
    asked = deadline(at, 1)
    assert asked.remind_at == at + timedelta(hours=12)
    assert next_reminder(at, asked.due_at, after=at + timedelta(hours=13)) == asked.due_at - timedelta(hours=2.4)
    assert next_reminder(at, asked.due_at, after=asked.due_at - timedelta(hours=1)) is None


# The day has come


def test_the_clock_lets_lapse_who_did_not_accept(imported: Grant, aurora: Repository, ha: Viewer, bram: Viewer) -> None:
    """Suspended here, reset on the Hub, and nobody was denied."""
    terms.ask_for_terms(imported.stage, by=bram, days=30)
    clock.tick(at=factories.later(29.9))
    assert factories.fresh(imported).status == "active"
    clock.tick(at=factories.later(30.1))
    grant = factories.fresh(imported)
    assert (grant.status, grant.has_lapsed, grant.terms_due_at) == ("suspended", True, None)
    assert (wish(ha.person, aurora).access, wish(ha.person, aurora).closing) == (Access.NO, Closing.RESET)
    assert told(ha)[-1] == "access_lapsed"
    assert last_event(grant).action == "grant.lapse"


def test_whoever_accepts_late_is_back_without_a_review(
    imported: Grant, aurora: Repository, ha: Viewer, amara: Viewer
) -> None:
    """In the same step; it counts again when the Hub was read back."""
    grant = factories.lapsed(imported, by=amara)
    accept_terms(grant, ha, None)
    grant = factories.fresh(grant)
    assert (grant.status, grant.lapsed_at) == ("pending_activation", None)
    assert wish(ha.person, aurora).access is Access.YES
    assert factories.confirmed(grant).status == "active"
    assert events(grant)[-3:] == ["grant.accept", "grant.restore", "grant.activate"]


def test_at_a_paused_stage_they_wait_until_it_opens(imported: Grant, ha: Viewer, amara: Viewer, bram: Viewer) -> None:
    """Invariant 6: a paused stage gives nothing back; the clock does once it is open."""
    grant = factories.lapsed(imported, by=amara)
    stages.pause(grant.stage, by=bram)
    accept_terms(grant, ha, factories.later(3))
    clock.tick()
    assert factories.fresh(grant).status == "suspended"
    stages.confirm_open(stages.open_stage(grant.stage, by=bram))
    clock.tick()
    assert factories.fresh(grant).status == "pending_activation"


def test_accepting_undoes_no_suspension_for_another_reason(imported: Grant, ha: Viewer, amara: Viewer) -> None:
    """What a steward has stopped stays stopped; a lapse that was reinstated is over."""
    stopped = grants.suspend(imported, by=amara)
    accept_terms(stopped, ha, None)
    assert factories.fresh(stopped).status == "suspended"
    with refused(Unmet, "not_lapsed"):
        terms.restore_all([stopped])


def test_what_lapsed_is_suspended_with_its_stage_and_takes_a_steward_to_come_back(
    imported: Grant, aurora: Repository, ha: Viewer, amara: Viewer, bram: Viewer
) -> None:
    """Accepting alone brought it back before; it is no less asked for when people reinstate it."""
    grant = factories.lapsed(imported, by=amara)
    stages.pause(grant.stage, by=bram, suspending=True)
    stages.confirm_open(stages.open_stage(grant.stage, by=bram))
    grant = factories.fresh(grant)
    assert (grant.status, grant.lapsed_at, last_event(grant).action) == ("suspended", None, "grant.suspend")
    assert (wish(ha.person, aurora).access, wish(ha.person, aurora).closing) == (Access.NO, Closing.PENDING)
    with refused(Unmet, "acceptance_missing"):
        grants.reinstate(grant, by=bram)
    accept_terms(grant, ha, factories.later(3))
    clock.tick(at=factories.later(4))
    assert factories.fresh(grant).status == "suspended"
    assert grants.reinstate(grant, by=bram).status == "pending_activation"


def test_a_steward_suspends_one_that_lapsed_and_only_once(imported: Grant, ha: Viewer, amara: Viewer) -> None:
    """Suspended for no other reason than a lapse, it can be; by a steward already, it cannot."""
    grant = grants.suspend(factories.lapsed(imported, by=amara), by=amara)
    assert "suspend" not in offered(grant, amara)
    with refused(WrongState, "wrong_state"):
        grants.suspend(grant, by=amara)
    accept_terms(grant, ha, factories.later(3))
    assert factories.fresh(grant).status == "suspended"


def test_a_steward_reinstates_a_lapse_only_after_an_acceptance(
    imported: Grant, aurora: Repository, ha: Viewer, amara: Viewer, bram: Viewer
) -> None:
    """Else the question would be moot."""
    grant = factories.lapsed(imported, by=amara)
    with refused(Unmet, "acceptance_missing"):
        grants.reinstate(grant, by=bram)
    stages.pause(grant.stage, by=bram)
    accept_terms(grant, ha, factories.later(3))
    stages.confirm_open(stages.open_stage(grant.stage, by=bram))
    assert factories.fresh(grants.reinstate(grant, by=bram)).lapsed_at is None


# Not carried over


def test_not_carrying_over_resets_on_the_hub(
    imported: Grant, aurora: Repository, ha: Viewer, ines: Viewer, kiri: HubPerson, chidi: Viewer, amara: Viewer
) -> None:
    """Everybody who was brought in unproven; nobody else, and nobody who has accepted since."""
    proven = factories.imported(imported.stage, ines.person, by=amara)
    accept_terms(proven, ines, None)
    decided = factories.active_grant(imported.stage, factories.account("juma"), by=chidi)
    other = factories.imported(imported.stage, kiri, by=amara)
    stage = terms.reset_imported(imported.stage, by=amara, seen=digest(imported.stage))
    assert [factories.fresh(each).status for each in (imported, other, proven, decided)] == [
        "expired",
        "expired",
        "active",
        "active",
    ]
    assert (wish(ha.person, aurora).access, wish(ha.person, aurora).closing) == (Access.NO, Closing.RESET)
    assert factories.fresh(imported).was_not_carried_over
    assert told(ha)[-1] == "access_not_carried_over"
    assert last_event(stage).data["count"] == 2
    with refused(Unmet, "nobody_imported"):
        terms.reset_imported(imported.stage, by=amara, seen=digest(imported.stage))


def test_one_alone_can_be_left_behind(
    imported: Grant, kiri: HubPerson, amara: Viewer, bram: Viewer, ha: Viewer
) -> None:
    """The same step; and none for a grant that rests on a decision or an acceptance."""
    other = factories.imported(imported.stage, kiri, by=amara)
    assert terms.reset(other, by=bram).status == "expired"
    assert factories.fresh(imported).status == "active"
    accept_terms(imported, ha, None)
    with refused(WrongState, "not_imported"):
        terms.reset(imported, by=bram)


def test_only_stewards_choose(imported: Grant, chidi: Viewer, ewa: Viewer) -> None:
    """Not a reviewer, not counsel."""
    for who in (chidi, ewa):
        with refused(NotAllowed, "not_allowed"):
            terms.ask_for_terms(imported.stage, by=who, days=30)
        with refused(NotAllowed, "not_allowed"):
            terms.reset_imported(imported.stage, by=who, seen=digest(imported.stage))


@pytest.mark.parametrize("choice", ["ask", "reset"])
def test_it_costs_the_same_for_two_as_for_forty(
    stage: Stage, aurora: Repository, amara: Viewer, choice: str, django_assert_num_queries: Any
) -> None:
    """A constant number of statements per thousand."""
    second = factories.open_stage(aurora, by=amara)

    def bring(to: Stage, count: int) -> str:
        people = [factories.hub_person(f"person-{to.pk}-{n}") for n in range(count)]
        for person in people:
            factories.hub_says(person, aurora, "accepted")
        grants.bring_in_all(to, people, by=amara)
        return digest(to)

    def act(to: Stage, seen: str) -> None:
        if choice == "ask":
            terms.ask_for_terms(to, by=amara, days=30, seen=seen)
        else:
            terms.reset_imported(to, by=amara, seen=seen)

    few, many = bring(stage, 2), bring(second, 40)
    assert amara.person is not None  # loaded once for each viewer
    with CaptureQueriesContext(connection) as counted:
        act(stage, few)
    with django_assert_num_queries(len(counted)):
        act(second, many)
