"""The operator's console over the API: the same figures, the same verbs, the same refusals as on the pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.actions import sync
from gatekeeper.models import Grant, Heartbeat, HubAccess, Repository, Stage, SyncPause
from tests import factories
from tests.again import once

from .conftest import Asking, problem

WORDS = {"words": "The card is being rewritten."}


@pytest.fixture
@once
def waiting(stage: Stage, ha: Viewer, chidi: Viewer) -> Grant:
    """Hà's grant, which waits for the Hub."""
    return factories.waiting_grant(stage, ha, by=chidi)


def test_it_says_how_the_installation_stands(waiting: Grant, goran: Viewer, asking: Asking) -> None:
    """What is due, what is wrong."""
    body = asking(goran, "read").get("/api/v1/sync/").json()
    assert (body["counts"]["due"], body["counts"]["removals"], body["worker_missing"]) == (1, 0, True)
    Heartbeat.objects.beat("settle", at=timezone.now())
    assert asking(goran).get("/api/v1/sync/").json()["worker_missing"] is False


def test_it_lists_how_each_repository_stands(waiting: Grant, aurora: Repository, amara: Viewer, asking: Asking) -> None:
    """By name, filtered as on the page."""
    other = factories.linked(aurora.publisher, by=amara, name="other")
    sync.pause(other, by=amara, **WORDS)
    browser = asking(amara)
    rows = browser.get("/api/v1/sync/repositories/").json()["results"]
    assert [row["repository"]["name"] for row in rows] == [aurora.name, other.name]
    assert (rows[0]["counts"]["due"], rows[0]["token"]) == (1, aurora.token.fingerprint)
    assert rows[1]["pauses"][0]["words"] == WORDS["words"]
    for query, found in (({"state": "paused"}, other), ({"state": "waiting"}, aurora), ({"name": "xl"}, aurora)):
        [row] = browser.get("/api/v1/sync/repositories/", query).json()["results"]
        assert row["repository"]["id"] == found.pk
    problem(browser.get("/api/v1/sync/repositories/", {"state": "strange"}), 422)
    problem(browser.get("/api/v1/sync/repositories/", {"stat": "paused"}), 400)


def test_others_find_nothing(waiting: Grant, aurora: Repository, ha: Viewer, amara: Viewer, asking: Asking) -> None:
    """A requester finds no console, an owner no switch for everything."""
    for path in ("sync/", "sync/repositories/", "sync/diff/"):
        problem(asking(ha).get(f"/api/v1/{path}"), 404)
    for path in ("sync/pause/", "sync/resume/"):
        problem(asking(amara).post(f"/api/v1/{path}", WORDS), 404)
    problem(asking(amara).get("/api/v1/sync/diff/"), 404)
    assert not SyncPause.objects.exists()


def test_a_repository_is_paused_and_goes_on(
    waiting: Grant, aurora: Repository, amara: Viewer, chidi: Viewer, asking: Asking
) -> None:
    """With the scope `operate` and a role that may."""
    path = f"/api/v1/repositories/{aurora.pk}"
    problem(asking(amara, "read", "steward").post(f"{path}/pause/", WORDS), 403, "scope_missing")
    problem(asking(chidi).post(f"{path}/pause/", WORDS), 403, "not_allowed")
    browser = asking(amara)
    problem(browser.post(f"{path}/pause/", {}), 422)
    answer = browser.post(f"{path}/pause/", WORDS)
    assert (answer.status_code, answer.json()["repository"]) == (201, aurora.pk)
    problem(browser.post(f"{path}/pause/", WORDS), 409, "already_paused")
    assert browser.get(f"{path}/sync-diff/").json()["accepted"] == 1
    assert browser.post(f"{path}/resume/").json()["pauses"] == []
    problem(browser.post(f"{path}/resume/"), 409, "not_paused")


def test_after_a_restore_the_digest_is_named(waiting: Grant, goran: Viewer, asking: Asking) -> None:
    """As everywhere."""
    browser = asking(goran)
    problem(browser.post("/api/v1/sync/pause/", {}), 422, "words_missing")
    assert browser.post("/api/v1/sync/pause/", {"after_restore": True}).json()["cause"] == "restore"
    Repository.objects.update(observed_at=timezone.now())
    diff = browser.get("/api/v1/sync/diff/").json()
    assert (diff["accepted"], diff["unread"]) == (1, [])
    assert diff["people"][0]["person"]["hub_name"] == "ha-nguyen"
    problem(browser.post("/api/v1/sync/resume/"), 422, "diff_not_confirmed")
    problem(browser.post("/api/v1/sync/resume/", {"confirm": "0"}), 409, "diff_changed")
    assert browser.post("/api/v1/sync/resume/", {"confirm": diff["digest"]}).json()["pauses"] == []


def test_what_is_parked_is_tried_again(
    waiting: Grant, aurora: Repository, amara: Viewer, farid: Viewer, asking: Asking
) -> None:
    """One row, or all of a reason, wherever the viewer may or at one repository."""
    row = HubAccess.objects.get(person=waiting.person)

    def park() -> None:
        HubAccess.objects.filter(pk=row.pk).update(parked_reason="person_gone")

    park()
    browser = asking(amara)
    assert browser.get("/api/v1/sync/").json()["parked"] == [{"reason": "person_gone", "rows": 1}]
    problem(asking(farid).post(f"/api/v1/hub-access/{row.pk}/take-up-again/"), 403)
    assert browser.post(f"/api/v1/hub-access/{row.pk}/take-up-again/").json() == {"rows": 1}
    park()
    again: dict[str, Any] = {"reason": "person_gone"}
    assert browser.post("/api/v1/sync/take-up-again/", {"reason": "identity_unproven"}).json() == {"rows": 0}
    assert browser.post("/api/v1/sync/take-up-again/", {**again, "repository": aurora.pk}).json() == {"rows": 1}
    park()
    assert browser.post("/api/v1/sync/take-up-again/", again).json() == {"rows": 1}
    problem(browser.post("/api/v1/sync/take-up-again/", {**again, "repository": 999_999}), 404)


def test_the_list_costs_the_same_at_any_size(
    aurora: Repository, amara: Viewer, goran: Viewer, asking: Asking, django_assert_max_num_queries: Any
) -> None:
    """A page is a page."""
    browser = asking(goran)
    for size in (1, 12):
        for number in range(size):
            factories.linked(aurora.publisher, by=amara, name=f"other-{size}-{number}")
        with django_assert_max_num_queries(9):
            assert browser.get("/api/v1/sync/repositories/").status_code == 200
