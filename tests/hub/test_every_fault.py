"""Every fault of the sandbox Hub on every route that a worker calls: in the end all is settled, and nobody was harmed.

A cell is one fault on one route, while people are let in, somebody is let out, somebody asks, and a gate, a card and a
webhook are wished. CI strikes all routes at once, each with another fault, a few times over; `make soak` takes every
such turn, and every cell alone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import HubToken
from gatekeeper.actions import hub_hooks, stages
from gatekeeper.hub import credentials, hooks, look, observe, reasons, settle
from gatekeeper.models import (
    AccessRequest,
    Decision,
    Drift,
    Grant,
    HubAccess,
    HubHook,
    PullRequest,
    Repository,
    RepositoryWish,
    Stage,
)
from gatekeeper.proof import sealing

from .conftest import MODEL, TOKEN, Town, hurry, windows_over
from .test_pull_requests import GATED, proposes
from .test_settle_faults import revoke

LINK = "https://gatekeeper.example.org/releases/aurora/"
HERE = re.escape(MODEL)
LISTED = f"^/api/models/{HERE}/user-access-request"

# Route: its method and path. What is asked only of a Hub that lacks something stands apart.
ROUTES = {
    "whoami": ("GET", "^/api/whoami-v2$"),
    "repository": ("GET", f"^/api/models/{HERE}$"),
    "settings": ("PUT", f"^/api/models/{HERE}/settings$"),
    "pending": ("GET", f"{LISTED}/pending$"),
    "accepted": ("GET", f"{LISTED}/accepted$"),
    "rejected": ("GET", f"{LISTED}/rejected$"),
    "reset": ("GET", f"{LISTED}/reset$"),
    "grant": ("POST", f"{LISTED}/grant$"),
    "card": ("GET", f"^/{HERE}/resolve/[^/]+/README.md$"),
    "licence": ("GET", f"^/{HERE}/resolve/[^/]+/LICENSE$"),
    "commit": ("POST", f"^/api/models/{HERE}/commit/main$"),
    "discussions": ("GET", f"^/api/models/{HERE}/discussions$"),
    "pull request": ("GET", f"^/api/models/{HERE}/discussions/[0-9]+$"),
    "webhooks": ("GET", "^/api/settings/webhooks$"),
    "webhook": ("POST", "^/api/settings/webhooks$"),
}
AT_ONCE = {"batch": ("POST", f"{LISTED}/batch$")}
ONE_BY_ONE = {"handle": ("POST", f"{LISTED}/handle$"), "overview": ("GET", "^/api/users/[^/]+/overview$")}
EVERY_ROUTE = ROUTES | AT_ONCE | ONE_BY_ONE
LISTS = ("pending", "accepted", "rejected", "reset")

FAULTS: dict[str, dict[str, Any]] = {
    "slow": {"kind": "latency", "ms": 150},
    "429 ratelimit": {"kind": "status", "status": 429, "header": "ratelimit", "seconds": 5},
    "429 retry-after": {"kind": "status", "status": 429, "header": "retry-after", "seconds": 5},
    "429 bare": {"kind": "status", "status": 429, "header": None},
    "500": {"kind": "status", "status": 500},
    "502": {"kind": "status", "status": 502},
    "503": {"kind": "status", "status": 503},
    "500 after": {"kind": "status", "status": 500, "when": "after"},
    "dropped before": {"kind": "drop"},
    "dropped after": {"kind": "drop", "when": "after"},
    "401": {"kind": "status", "status": 401},
    "403": {"kind": "status", "status": 403},
    "no next": {"kind": "no_next"},
}
ON_ANY_ROUTE = [fault for fault in FAULTS if fault != "no next"]
TURNS = range(len(ON_ANY_ROUTE))
# The turns that CI waits for; in them a Hub that takes many at once, and one that does not.
IN_CI = (0, 3, 10)
ROUNDS = 30

CELLS = [(route, fault) for route in EVERY_ROUTE for fault in ON_ANY_ROUTE] + [(route, "no next") for route in LISTS]
soak = pytest.mark.soak
pytestmark = pytest.mark.slow


def turns() -> list[Any]:
    """The turns of the whole board; those that CI leaves out are marked."""
    return [pytest.param(turn, marks=() if turn in IN_CI else soak) for turn in TURNS]


@pytest.fixture
def town(town: Town, settings: Any) -> Town:
    """A town whose stage is open and whose Hub can call us, with somebody inside, and all else that the cells need."""
    settings.PUBLIC_URL, settings.PUBLIC_HOST = "http://127.0.0.1:9", "127.0.0.1"
    town.hub.options(webhook_failures=1_000_000)
    town.start()
    town.hub.add_user("mallory", token="hf_mallory")
    town.active("leaving")
    town.asks("coming")
    town.observe()
    credentials.check_tokens()
    return town


def everything_is_wished(town: Town) -> None:
    """One approval of each sort, a revocation, a request and a proposal on the Hub, a gate, a card, a webhook."""
    stage = Stage.objects.get()
    town.applies(stage, "walking-in")
    town.approve("coming", "walking-in")
    revoke(town, "leaving")
    stages.pause(stage, by=town.owner)
    stages.open_stage(stage, by=town.owner, card_link=LINK)
    hub_hooks.switch_on(town.publisher, by=town.owner)
    town.hub.set_gated(town.name, "auto")
    town.asks("asking")
    proposes(town, {"README.md": GATED})
    HubToken.objects.update(check_due_at=timezone.now())


def everybody_works() -> None:
    """One sweep of each sort."""
    Repository.objects.update(read_in_full_at=None, pull_requests_due_at=None)
    PullRequest.objects.exclude(due_at=None).update(due_at=timezone.now())
    settle.settle_due()
    for pk in Repository.objects.linked().values_list("pk", flat=True):
        observe.observe(pk)
    hooks.settle_hooks()
    credentials.check_tokens()


def time_passes() -> None:
    """Whatever was put off is due, and the Hub's windows have ended."""
    windows_over()
    hurry()
    now = timezone.now()
    RepositoryWish.objects.exclude(due_at=None).update(due_at=now)
    HubHook.objects.exclude(due_at=None).update(due_at=now)
    HubToken.objects.update(check_due_at=now)


def go_on(town: Town, rounds: int = ROUNDS) -> None:
    """Work and let time pass until everything wished is settled after a round in which nothing went wrong."""
    for _round in range(rounds):
        before = town.hub.faults()
        everybody_works()
        if is_settled() and town.hub.faults() == before:
            return
        time_passes()


def is_settled() -> bool:
    """Say whether nothing is due or parked any more."""
    return not (
        HubAccess.objects.unsettled().exists()
        or RepositoryWish.objects.exclude(due_at=None).exists()
        or Repository.objects.exclude(parked_reason="", failure="").exists()
        or not AccessRequest.objects.filter(person__username="asking").exists()
        or not Drift.objects.filter(kind="pull_request_touches_gate").exists()
        or HubHook.objects.exclude(state="registered", parked_reason="").exists()
        or HubToken.objects.exclude(health="ok").exists()
    )


def nobody_was_harmed() -> None:
    """Always: no machine denies, and the record verifies."""
    assert not Decision.objects.filter(decided_by__is_system=True, outcome__startswith="denied").exists()
    assert sealing.verify().sound


def everything_is_as_wished(town: Town) -> None:
    """At rest: every wish settled, the Hub equal to the record, nothing done twice, nobody denied by a machine."""
    nobody_was_harmed()
    rows = {
        row.person.username: (row.access, row.due_at, row.parked_reason, town.stands(row.person.username))
        for row in HubAccess.objects.select_related("person")
        if not row.person.username.startswith("crowd")
    }
    assert rows == {
        "coming": ("yes", None, "", "accepted"),
        "walking-in": ("yes", None, "", "accepted"),
        "leaving": ("no", None, "", "rejected"),
        "asking": ("no_opinion", None, "", "pending"),
    }
    ours = Grant.objects.exclude(person__username__startswith="crowd")
    assert dict(ours.values_list("person__username", "status")) == {
        "coming": "active",
        "walking-in": "active",
        "leaving": "revoked",
    }
    assert town.case("asking").status == "in_review"
    assert not Drift.objects.unresolved().filter(person__username__in=rows).exists()
    assert Stage.objects.get().status == "open"
    assert (town.hub.repo(town.name)["gated"], Repository.objects.get().parked_reason) == ("manual", "")
    card = town.client.file("model", town.name, "README.md")
    assert card is not None
    assert card.count(LINK.encode()) == 1
    [hook] = town.hub.webhooks()
    assert (HubHook.objects.get().state, HubHook.objects.get().hub_id) == ("registered", hook["id"])
    of_the_repository = Drift.objects.unresolved().filter(person=None)
    assert list(of_the_repository.values_list("kind", flat=True)) == ["pull_request_touches_gate"]
    assert HubToken.objects.get().health == "ok"


def lacks(town: Town, route: str) -> None:
    """Have the Hub lack what keeps a route from being called."""
    if route in ONE_BY_ONE:
        town.hub.capabilities(batch=False, user_id=route != "overview", request_id=route != "overview")


def long_lists(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every list go on after its first page."""
    for room in (observe, look):
        monkeypatch.setattr(room, "FULL", 11)
    monkeypatch.setattr(observe, "OTHERWISE", 10)
    town.hub.seed(town.name, dict.fromkeys(LISTS, 12), prefix="crowd")


@pytest.mark.parametrize("turn", turns())
def test_all_routes_fail_at_once_each_in_another_way(town: Town, turn: int) -> None:
    """Each route fails once; turn by turn every fault meets every route."""
    ways = AT_ONCE if turn % 2 else ONE_BY_ONE
    if turn % 2 == 0:
        lacks(town, "overview")
    everything_is_wished(town)
    struck = {}
    for number, (route, (method, path)) in enumerate((ROUTES | ways).items()):
        fault = FAULTS[ON_ANY_ROUTE[(number + turn) % len(ON_ANY_ROUTE)]]
        struck[town.hub.fault(path=path, method=method, times=1, **fault)] = route
    go_on(town)
    missed = {struck[fault["id"]] for fault in town.hub.faults() if not fault["hits"]}
    assert not missed
    town.hub.clear_faults()
    everything_is_as_wished(town)


@soak
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize(("route", "fault"), CELLS)
def test_a_fault_on_a_route(town: Town, route: str, fault: str, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cell alone: it strikes once, or up to three times in a row."""
    if fault == "no next":
        long_lists(town, monkeypatch)
    lacks(town, route)
    everything_is_wished(town)
    method, path = EVERY_ROUTE[route]
    number = town.hub.fault(path=path, method=method, times=times, **FAULTS[fault])
    go_on(town)
    assert any(one["hits"] for one in town.hub.faults() if one["id"] == number)
    town.hub.clear_faults()
    everything_is_as_wished(town)


# What lasts until somebody ends it

READING = [{"entity": {"type": "user", "name": "aurora-lab"}, "permissions": ["repo.access.read"]}]
# How it begins, how it ends, and whether a person is told: what a Hub merely lacks is done without.
LASTING: dict[str, tuple[Callable[[Town], Any], Callable[[Town], Any], bool]] = {
    "token revoked": (lambda town: town.hub.revoke_token(TOKEN), lambda town: whole(town, revoked=False), True),
    "token reads only": (lambda town: town.hub.set_token(TOKEN, role="read"), lambda town: whole(town), True),
    "token decides nothing": (
        lambda town: town.hub.set_token(TOKEN, role="fineGrained", scoped=READING),
        lambda town: whole(town),
        True,
    ),
    "names hidden": (
        lambda town: town.hub.set_repo(town.name, hide_usernames="null"),
        lambda town: town.hub.set_repo(town.name, hide_usernames=None),
        True,
    ),
    "no batch": (lambda town: town.hub.capabilities(batch=False), lambda town: None, False),
    "no ids": (lambda town: town.hub.capabilities(user_id=False), lambda town: None, False),
    "no reset": (lambda town: town.hub.capabilities(reset=False), lambda town: None, False),
    "nothing new": (
        lambda town: town.hub.capabilities(batch=False, user_id=False, request_id=False, reset=False),
        lambda town: None,
        False,
    ),
    "lists lag": (lambda town: town.hub.options(lag=1.5), lambda town: time.sleep(1.5), False),
}


def whole(town: Town, **changes: Any) -> None:
    """Let the token do everything again."""
    town.hub.set_token(TOKEN, role="write", scoped=None, **changes)


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=() if what in ("token reads only", "lists lag") else soak) for what in LASTING]
)
def test_what_lasts_is_shown_to_somebody_and_harms_nobody(town: Town, what: str) -> None:
    """While it lasts whatever waits has a reason that people can read; after it all is settled by itself."""
    begins, ends, told = LASTING[what]
    everything_is_wished(town)
    begins(town)
    for _round in range(4):
        everybody_works()
        if what != "lists lag":  # it lags in real seconds: what has passed here must have passed there
            time_passes()
    nobody_was_harmed()
    if told:
        why = {*HubAccess.objects.unsettled().values_list("parked_reason", flat=True)}
        why |= {*Repository.objects.values_list("parked_reason", flat=True)}
        assert why - {""} <= set(reasons.WHY)
        assert Repository.objects.get().parked_reason
    ends(town)
    go_on(town)
    everything_is_as_wished(town)
