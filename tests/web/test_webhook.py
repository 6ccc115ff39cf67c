"""The page of a publisher's webhook: what it says in each state, and what it does."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.actions import drifts, hub_hooks
from gatekeeper.actions.drifts import Finding
from gatekeeper.models import HookState, HubHook, Repository
from gatekeeper.rules.drift import DriftKind
from tests import factories

from .conftest import Browse

PAGE = "/publishers/aurora-lab/webhook/"


@pytest.fixture
def public(settings: Any) -> None:
    """An installation that the Hub can call."""
    settings.PUBLIC_URL, settings.PUBLIC_HOST = "https://gatekeeper.example.org", "gatekeeper.example.org"


@pytest.fixture
def browser(browse: Browse, aurora: Repository, bram: Viewer) -> Client:
    """A steward's browser."""
    return browse(bram)


def read(browser: Client, where: str = PAGE) -> str:
    """The words of a page, with single spaces."""
    answer = browser.get(where)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_a_steward_switches_it_on_makes_a_secret_and_switches_it_off(public: None, browser: Client) -> None:
    """Each with a button, and told what happens then."""
    assert "Switch on </button>" in read(browser)
    assert "Make a new secret" not in read(browser)
    answer = browser.post(reverse("web:webhook_on", args=["aurora-lab"]), follow=True)
    hook = HubHook.objects.get()
    shown = " ".join(answer.content.decode().split())
    assert "The Hub is asked to call us" in shown
    assert "Being registered at the Hub" in shown
    assert f"https://gatekeeper.example.org/hooks/hub/{hook.public_id}/" in shown
    browser.post(reverse("web:webhook_secret", args=["aurora-lab"]))
    assert factories.fresh(hook).generation == 2
    answer = browser.post(reverse("web:webhook_off", args=["aurora-lab"]), follow=True)
    assert "The webhook is switched off" in answer.content.decode()
    assert not factories.fresh(hook).wanted
    assert browser.post(reverse("web:webhook_off", args=["aurora-lab"])).status_code == 409


def test_it_says_what_is_missing_first(settings: Any, browser: Client) -> None:
    """On a laptop there is no public address: the button is there, disabled, with the sentence."""
    settings.HUB_ENDPOINT = "https://huggingface.co"
    shown = read(browser)
    assert "disabled" in shown
    assert "The Hub cannot call this installation: its address is http://127.0.0.1:8000." in shown
    assert browser.post(reverse("web:webhook_on", args=["aurora-lab"])).status_code == 422


STATES: list[tuple[HookState, dict[str, Any], str, str]] = [
    (HookState.REGISTERED, {}, "On", ""),
    (HookState.SUSPENDED, {}, "Suspended by the Hub", "Switch on again"),
    (HookState.DISABLED, {}, "Switched off on the Hub", "Switch on again"),
    (HookState.GONE, {}, "Deleted on the Hub", "Switch on again"),
    (HookState.ABSENT, {"parked_reason": "token_read_only"}, "The token may not do this.", "Switch on again"),
    (HookState.ABSENT, {"told_generation": 0}, "Being registered at the Hub", ""),
    (HookState.REGISTERED, {"told_generation": 0}, "Being changed at the Hub", ""),
    (HookState.REGISTERED, {"wanted": False}, "Being removed from the Hub", "Switch on"),
    (HookState.ABSENT, {"wanted": False}, "Off", "Switch on"),
]


@pytest.mark.parametrize(("state", "changes", "words", "button"), STATES)
def test_it_says_where_it_stands(
    state: HookState, changes: dict[str, Any], words: str, button: str, public: None, browser: Client, bram: Viewer
) -> None:
    """And the publisher's own page says when it does not work."""
    hook = hub_hooks.switch_on(Repository.objects.get().publisher, by=bram)
    seen = {"told_generation": hook.generation, "state": state, "seen_at": timezone.now(), **changes}
    HubHook.objects.filter(pk=hook.pk).update(watched=[["model", "aurora-lab/aurora-xl"]], **seen)
    shown = read(browser)
    assert words in shown
    assert ("Switch on again </button>" in shown) is (button == "Switch on again")
    assert ("Switch on </button>" in shown) is (button == "Switch on")
    alarming = state == HookState.SUSPENDED or "parked_reason" in changes
    assert ("webhook does not work" in read(browser, "/publishers/aurora-lab/overview/")) is alarming


def test_it_says_what_was_heard_and_refused(public: None, browser: Client, bram: Viewer) -> None:
    hook = hub_hooks.switch_on(Repository.objects.get().publisher, by=bram)
    assert "something came with another secret" not in read(browser)
    HubHook.objects.filter(pk=hook.pk).update(heard_at=timezone.now(), refused_at=timezone.now())
    assert "something came with another secret" in read(browser)


@pytest.mark.parametrize("who", ["chidi", "farid"])
def test_others_of_the_publisher_look_and_change_nothing(
    who: str, public: None, browser: Client, browse: Browse, request: pytest.FixtureRequest
) -> None:
    looking = browse(request.getfixturevalue(who))
    assert "<button" not in read(looking).partition("<main")[2].partition("</main")[0]
    for page in ("webhook_on", "webhook_off", "webhook_secret"):
        answer = looking.post(reverse(f"web:{page}", args=["aurora-lab"]))
        assert answer.status_code == (403 if page == "webhook_on" else 404)
    assert not HubHook.objects.exists()


def test_a_strangers_is_not_there(public: None, browser: Client, browse: Browse, juma: Viewer) -> None:
    assert browse(juma).get(PAGE).status_code == 404
    assert browse(juma).post(reverse("web:webhook_on", args=["aurora-lab"])).status_code == 404


def test_a_pull_request_that_touches_the_gate_is_shown_with_its_lines(browser: Client) -> None:
    """What it would change, who proposes it, and where it is; its lines are text and nothing else."""
    repository = Repository.objects.get()
    facts = {"pull_request": 7, "touches": ["gate", "audience"], "diff": ["README.md", "+<script>alert(1)</script>"]}
    [drift] = drifts.find_all(
        repository,
        findings=[
            Finding(
                DriftKind.PULL_REQUEST_TOUCHES_GATE,
                timezone.now(),
                by_username="mallory",
                reference="refs/pr/7",
                facts=facts,
            )
        ],
    )
    shown = read(browser, reverse("web:drift", args=[drift.pk]))
    assert "the gate’s text or questions, the audience tag" in shown
    assert "/aurora-lab/aurora-xl/discussions/7" in shown
    assert "mallory" in shown
    assert "+&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script>alert" not in shown
