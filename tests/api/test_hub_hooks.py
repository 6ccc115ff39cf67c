"""Webhooks over the API: switched on and off as on the pages, and no secret in any answer."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.viewer import Viewer
from gatekeeper.models import HookState, HubHook, Repository

from .conftest import Asking, problem


@pytest.fixture(autouse=True)
def public(settings: Any) -> None:
    """An installation that the Hub can call."""
    settings.PUBLIC_URL, settings.PUBLIC_HOST = "https://gatekeeper.example.org", "gatekeeper.example.org"


def test_a_script_switches_it_on_and_off(asking: Asking, aurora: Repository, bram: Viewer) -> None:
    """And reads where it stands in between."""
    client, publisher = asking(bram), aurora.publisher_id
    made = client.post(f"/api/v1/publishers/{publisher}/hub-hook/").json()
    hook = HubHook.objects.get()
    assert made == {
        "id": hook.pk,
        "publisher": publisher,
        "wanted": True,
        "told": False,
        "state": "absent",
        "address": f"https://gatekeeper.example.org/hooks/hub/{hook.public_id}/",
        "hub_id": "",
        "watched": [],
        "parked_reason": "",
        "seen_at": None,
        "heard_at": None,
        "refused_at": None,
    }
    hook.digests = [{"sha256": "d" * 64, "until": None}]
    hook.state, hook.watched, hook.told_generation = HookState.REGISTERED, [["model", aurora.name]], hook.generation
    hook.save()
    read = client.get(f"/api/v1/hub-hooks/{hook.pk}/")
    assert read.json()["watched"] == [{"kind": "model", "name": aurora.name}]
    assert read.json()["told"] is True
    assert "d" * 64 not in read.content.decode()
    assert [row["id"] for row in client.get("/api/v1/hub-hooks/").json()["results"]] == [hook.pk]
    assert client.post(f"/api/v1/hub-hooks/{hook.pk}/rotate-secret/").json()["told"] is False
    assert client.post(f"/api/v1/hub-hooks/{hook.pk}/switch-off/").json()["wanted"] is False
    problem(client.post(f"/api/v1/hub-hooks/{hook.pk}/switch-off/"), 409, "hook_off")


def test_it_says_what_is_missing(asking: Asking, aurora: Repository, bram: Viewer, settings: Any) -> None:
    settings.PUBLIC_HOST = "localhost"
    address = f"/api/v1/publishers/{aurora.publisher_id}/hub-hook/"
    problem(asking(bram).post(address), 422, "no_public_address")
