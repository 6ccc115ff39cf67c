"""remind_unfinished: what began on the Hub and waits to be finished here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.actions import intake, requests
from gatekeeper.models import HubAccess, Repository, Stage
from gatekeeper.rules.access import Closing
from tests import factories
from tests.expect import events, last_event, told, wish


def test_it_reminds_after_three_days_and_after_ten(
    stage: Stage, aurora: Repository, ha: Viewer, kiri: HubPerson, clock: Viewer
) -> None:
    """Once each; whoever has no account here is counted, and reached by nobody."""
    case = factories.brought_in(aurora, ha.person)
    factories.brought_in(aurora, kiri)
    for days, due in ((2.9, 0), (3.1, 2), (9.9, 0), (10.1, 2), (13.9, 0)):
        assert intake.remind_unfinished(at=case.status_at + timedelta(days=days)) == due, days
    assert told(ha) == ["finish_here", "finish_soon", "finish_soon"]
    assert events(case) == ["request.bring_in", "request.remind", "request.remind"]
    assert (last_event(case).actor, last_event(case).data) == (clock.user, {"number": 2})


def test_a_clock_that_stood_still_sends_one_reminder(stage: Stage, aurora: Repository, ha: Viewer) -> None:
    """Nobody gets two mails in one minute."""
    factories.brought_in(aurora, ha.person)
    assert intake.remind_unfinished(at=factories.later(11)) == 1
    assert intake.remind_unfinished(at=factories.later(11)) == 0
    assert told(ha) == ["finish_here", "finish_soon"]


def test_it_reminds_nobody_of_what_is_finished_or_over(
    stage: Stage, aurora: Repository, ha: Viewer, ines: Viewer
) -> None:
    """A draft begun here has no Hub page that waits; after the last day nothing can be finished."""
    requests.start(stage, by=ines)
    requests.withdraw(factories.brought_in(aurora, ha.person), by=ha)
    assert intake.remind_unfinished(at=factories.later(4)) == 0
    factories.brought_in(aurora, ha.person)
    assert intake.remind_unfinished(at=factories.later(15)) == 0


def test_a_shorter_intake_has_fewer_reminders(aurora: Repository, amara: Viewer, ha: Viewer) -> None:
    """Where a stage waits five days, there is no tenth."""
    factories.open_stage(aurora, by=amara, intake_days=5)
    factories.brought_in(aurora, ha.person)
    assert [intake.remind_unfinished(at=factories.later(days)) for days in (3.1, 4.9, 10.1)] == [1, 0, 0]


def test_a_draft_that_a_hub_request_joined_is_reset_when_it_expires(
    stage: Stage, aurora: Repository, ha: Viewer
) -> None:
    """Else the Hub would say “awaiting review” for ever, of a case that is over."""
    case = requests.start(stage, by=ha)
    assert intake.bring_in(aurora, [factories.waiting(aurora, case.person)]) == []
    since = HubAccess.objects.get().seen_requested_at
    assert since is not None
    requests.expire_all([case], at=case.waits_until)
    assert (wish(ha.person, aurora).closing, wish(ha.person, aurora).closing_of) == (Closing.RESET, since)


def test_it_costs_the_same_for_two_as_for_forty(
    stage: Stage, aurora: Repository, clock: Viewer, django_assert_num_queries: Any
) -> None:
    """A constant number of statements."""
    pressed = [factories.waiting(aurora, factories.hub_person(f"person-{n}")) for n in range(42)]
    intake.bring_in(aurora, pressed)
    with CaptureQueriesContext(connection) as few:
        assert intake.remind_unfinished(at=factories.later(4), limit=2) == 2
    with django_assert_num_queries(len(few)):
        assert intake.remind_unfinished(at=factories.later(4)) == 40
