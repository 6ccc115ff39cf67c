"""Figures for Prometheus: who may read them, what they say, and what a scrape costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from accounts.viewer import Viewer
from gatekeeper import metrics
from gatekeeper.actions import sync
from gatekeeper.hub import budget, tally
from gatekeeper.hub.bucket import Said
from gatekeeper.hub.port import Need
from gatekeeper.models import Heartbeat, HubAccess, Repository, Stage
from tests import factories

TOKEN = "a-token-of-some-length"


@pytest.fixture
def switched_on(settings: Any) -> None:
    """An installation that is watched."""
    settings.METRICS_TOKEN = TOKEN


def scrape(client: Client) -> dict[tuple[str, ...], float]:
    """What the figures say, by name and labels."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return {
        (sample.name.removeprefix("gatekeeper_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


@pytest.mark.django_db
def test_there_is_no_such_address_without_a_token(client: Client, settings: Any) -> None:
    """Switched off is as if it were not there."""
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("sent", ["", "Bearer ", "Bearer wrong", "Bearer tökén", f"Basic {TOKEN}", f"bearer {TOKEN}x"])
def test_a_wrong_token_reads_nothing(client: Client, switched_on: None, sent: str) -> None:
    """And asks nothing of the database."""
    answer = client.get("/metrics", headers={"Authorization": sent})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert b"gatekeeper_" not in answer.content


def test_it_says_how_the_installation_stands(
    stage: Stage,
    aurora: Repository,
    ha: Viewer,
    ines: Viewer,
    juma: Viewer,
    chidi: Viewer,
    amara: Viewer,
    client: Client,
    switched_on: None,
) -> None:
    """Due and for how long, parked and why, read and when, who waits, what tokens have left."""
    now = timezone.now()
    factories.active_grant(stage, ha, by=chidi)
    grant = factories.waiting_grant(stage, ines, by=chidi)
    HubAccess.objects.filter(person=grant.person).update(due_at=now - timedelta(minutes=5))
    parked = factories.waiting_grant(stage, juma, by=chidi)
    HubAccess.objects.filter(person=parked.person).update(parked_reason="person_gone")
    factories.submitted(stage, factories.account("kofi"))
    Repository.objects.update(observed_at=now - timedelta(seconds=90), failure="timeout")
    Heartbeat.objects.beat("settle", at=now)
    sync.pause(aurora, by=amara, words="The card is being rewritten.")
    call = budget.spend(budget.name_of(aurora.token.reveal()), Need.REMOVE)
    budget.answered(call, Said(412, 180, 1_000, 300))
    tally.called("/api/models/aurora-lab/aurora-xl/user-access-request/batch", 200)
    tally.called("/api/models/aurora-lab/aurora-xl/user-access-request/batch", 200)
    tally.called("/api/whoami-v2", 429)
    tally.confirmed(3)
    found = scrape(client)
    assert found["sync_due", "accepting"] == 1
    assert found["sync_due", "removing"] == 0
    assert 300 <= found["sync_oldest_due_seconds", "accepting"] < 310
    assert found["sync_parked", "person_gone"] == 1
    assert 90 <= found["observe_age_seconds",] < 100
    assert found["repositories_failing",] == 1
    assert found["sync_pauses", "by_hand"] == 1
    assert found["sync_paused",] == 0
    assert found["requests_waiting",] == 1
    assert found["requests_breached",] == 0
    assert found["notices_unsent",] > 0
    assert found["worker_last_seen_timestamp_seconds", "settle"] == pytest.approx(now.timestamp())
    assert found["hub_budget_left", aurora.token.fingerprint] == 412
    assert found["hub_calls_total", "user-access-request/batch", "200"] == 2
    assert found["hub_rate_limited_total",] == 1
    assert found["sync_confirmed_total",] == 3
    assert (found["database_up",], found["cache_up",]) == (1, 1)


def test_a_scrape_names_nobody_and_costs_the_same(
    stage: Stage, chidi: Viewer, client: Client, switched_on: None, django_assert_max_num_queries: Any
) -> None:
    """However much there is."""
    for size in (1, 6):
        for number in range(size):
            factories.waiting_grant(stage, factories.account(f"person-{size}-{number}"), by=chidi)
        with django_assert_max_num_queries(15):
            text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    for name in ("person-", "aurora", "hf_"):
        assert name not in text


@pytest.mark.django_db
def test_what_is_away_is_said(
    client: Client, switched_on: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one does not hide the other."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    found = scrape(client)
    assert (found["database_up",], found["cache_up",]) == (1, 0)

    def broken(at: Any) -> Any:
        raise OperationalError("postgres://secret-host")

    monkeypatch.setattr(metrics, "PARTS", (broken,))
    found = scrape(client)
    assert (found["database_up",], found["cache_up",]) == (0, 0)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/api/models/a/b", "repository"),
        ("/api/datasets/a/b/user-access-request/pending", "user-access-request/pending"),
        ("/api/models/a/b/user-access-request/somebody", "other"),
        ("/api/models/a/b/commit/main", "commit"),
        ("/api/models/a/b/auth-check/write", "auth-check/write"),
        ("/api/users/kiri/overview", "users"),
        ("/api/whoami-v2", "whoami-v2"),
        ("/a/b/resolve/main/README.md", "file"),
        ("/a/b", "other"),
    ],
)
def test_a_route_names_neither_repository_nor_person(path: str, route: str) -> None:
    """There are few of them, whatever is asked."""
    assert tally.route_of(path) == route
