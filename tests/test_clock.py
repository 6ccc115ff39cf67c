"""Time passes: what falls due is done by the clock, through the verbs, and what cannot be done stops nothing else."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as live
from django.db import transaction
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper import bell, clock, tasks
from gatekeeper.actions import grants, requests
from gatekeeper.actions.nudges import nudge
from gatekeeper.celery import app
from gatekeeper.models import AccessRequest, Checkpoint, Event, Grant, PersonalText, Stage
from tests import factories

pytestmark = pytest.mark.django_db


def test_it_expires_requests_and_grants_that_are_due(stage: Stage, ha: Viewer, ines: Viewer, chidi: Viewer) -> None:
    """Each by its own verb, as the clock, with what the Hub should say."""
    factories.policy(stage, by=Viewer.of(stage.release.created_by), duration_days=30)
    grant = factories.active_grant(stage, ha, by=chidi)
    draft = factories.draft(stage, ines)
    clock.tick(at=factories.later(31))
    assert factories.fresh(grant).status == "expired"
    assert factories.fresh(draft).status == "expired"
    assert {event.actor.username for event in Event.objects.filter(action__endswith="expire")} == {"clock"}


def test_it_leaves_what_is_not_due(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """A tick before its time changes nothing."""
    case = factories.in_review(stage, ha, by=chidi)
    clock.tick()
    assert factories.fresh(case).status == "in_review"


def test_it_notes_each_broken_promise_once(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """Invariant 18: a breach stays recorded."""
    factories.in_review(stage, ha, by=chidi)
    for days in (30, 31):
        clock.tick(at=factories.later(days))
    assert Event.objects.filter(action="request.breach").count() == 1


def test_it_deletes_what_was_kept_long_enough(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """Retention deletes personal texts and nothing else; what is held stays."""
    case = factories.in_review(stage, ha, by=chidi)
    texts = PersonalText.objects.filter(person=case.person)
    assert texts.count() >= 2
    texts.filter(purpose="draft").update(hold=True)
    clock.delete_overdue_texts(at=factories.later(10_000))
    assert set(texts.values_list("purpose", flat=True)) <= {"draft"}
    assert AccessRequest.objects.filter(pk=case.pk).exists()


def test_one_that_refuses_stops_no_other(
    stage: Stage, ha: Viewer, ines: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that moved meanwhile is left out, and the rest of its batch goes on."""
    moved, due = factories.draft(stage, ha), factories.draft(stage, ines)
    at = factories.later(40)
    expire = requests.expire_all

    def after_it_moved(rows: list[AccessRequest], **how: Any) -> Any:
        if factories.fresh(moved).status == "draft":
            requests.withdraw(moved, by=ha)
        return expire(rows, **how)

    monkeypatch.setattr(requests, "expire_all", after_it_moved)
    clock.tick(at=at)
    assert (factories.fresh(moved).status, factories.fresh(due).status) == ("withdrawn", "expired")


def test_it_works_through_more_than_one_batch(
    stage: Stage, ha: Viewer, ines: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any number, so many at a time."""
    monkeypatch.setattr(clock, "AT_ONCE", 1)
    for who in (ha, ines):
        factories.draft(stage, who)
    clock.tick(at=factories.later(40))
    assert set(AccessRequest.objects.values_list("status", flat=True)) == {"expired"}


def test_the_tasks_do_what_they_are_named_for(
    stage: Stage, ha: Viewer, chidi: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tick ticks, seal seals until nothing is left, send_notices sends."""
    factories.approved(stage, ha, by=chidi)
    tasks.tick()
    tasks.seal()
    assert not Event.objects.unsealed().exists()
    assert Checkpoint.objects.exists()
    sent = []
    monkeypatch.setattr("gatekeeper.notices.send_due", lambda: sent.append(1))
    tasks.send_notices()
    assert sent == [1]


def test_every_beat_rings_a_task_that_exists() -> None:
    """The schedule names tasks; a name that nobody bears would be silence."""
    app.loader.import_default_modules()
    assert {entry["task"] for entry in live.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)
    assert {bell.SETTLE, bell.OBSERVE} <= set(app.tasks)


# The bell


@pytest.fixture
def quiet() -> Any:
    """A bell that has not failed lately, before and after."""
    bell._quiet_until = 0
    yield
    bell._quiet_until = 0


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch, quiet: None) -> list[tuple[str, tuple[int, ...]]]:
    """The tasks that were rung for."""
    calls: list[tuple[str, tuple[int, ...]]] = []
    monkeypatch.setattr(bell, "_send", lambda task, ids, after: calls.append((task, ids)))
    return calls


def test_a_step_rings_after_its_commit(rung: list[Any], django_capture_on_commit_callbacks: Any) -> None:
    """Nothing is rung for what was rolled back."""
    with django_capture_on_commit_callbacks(execute=True):
        nudge("settle")
        nudge("observe", 3, 4)
        assert rung == []
    assert rung == [(bell.SETTLE, ()), (bell.OBSERVE, (3,)), (bell.OBSERVE, (4,))]


def test_it_rings_on_the_broker(quiet: None) -> None:
    """With a broker there, it is heard."""
    assert bell.ring(what="settle", after=2)


def test_a_broker_that_is_away_neither_fails_nor_delays(
    quiet: None, monkeypatch: pytest.MonkeyPatch, stage: Stage, ha: Viewer, chidi: Viewer
) -> None:
    """The step is done, within a moment; for a while the bell is not even tried."""
    monkeypatch.setattr(app.conf, "broker_url", "redis://127.0.0.1:9/0")
    begun = time.monotonic()
    assert bell.ring(what="settle") is False
    assert bell.ring(what="observe", ids=(1, 2, 3)) is False
    with transaction.atomic():
        grant = factories.waiting_grant(stage, ha, by=chidi)
    assert time.monotonic() - begun < 5
    assert Grant.objects.get(pk=grant.pk).status == "pending_activation"


def test_a_broker_that_does_not_answer_is_given_up_soon(quiet: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connected and silent: within a second."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(app.conf, "broker_url", f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        begun = time.monotonic()
        assert bell.ring(what="settle") is False
        assert time.monotonic() - begun < 1


def test_time_is_read_once_in_a_tick(stage: Stage, ha: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything of one tick happened at one time."""
    factories.draft(stage, ha)
    at = timezone.now() + timedelta(days=40)
    clock.tick(at=at)
    assert set(Event.objects.filter(action="request.expire").values_list("at", flat=True)) == {at}
    assert grants.expire_all([], at=at) == []
