"""The address that the Hub calls: who is let in, how much is read, and that nothing which is sent does harm."""

from __future__ import annotations

import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.viewer import Viewer
from gatekeeper import hooks
from gatekeeper.actions import hub_hooks
from gatekeeper.models import Event, HubHook, PullRequest, Repository
from gatekeeper.rules.announcements import LONGEST
from tests import factories

SECRET = "what only the Hub and its digest know"
LATER = timezone.now() + timedelta(days=1)


@pytest.fixture
def hook(settings: Any, aurora: Repository, amara: Viewer) -> HubHook:
    """A webhook that the Hub was told the secret of."""
    settings.PUBLIC_HOST = "gatekeeper.example.org"
    Repository.objects.filter(pk=aurora.pk).update(hub_id=factories.hub_id("aurora-xl"), observe_due_at=LATER)
    hook = hub_hooks.switch_on(aurora.publisher, by=amara)
    hook.offer(SECRET, at=timezone.now())
    hook.save(update_fields=["digests"])
    return hook


def payload(**changes: Any) -> dict[str, Any]:
    """A commit, as the Hub tells of it."""
    said = {
        "event": {"action": "update", "scope": "repo.content"},
        "repo": {"type": "model", "name": "aurora-lab/aurora-xl", "id": factories.hub_id("aurora-xl")},
        "updatedRefs": [{"ref": "refs/heads/main", "oldSha": None, "newSha": "575db8b7"}],
        "webhook": {"id": "6390e855e30d9209411de93b", "version": 3},
    }
    return said | changes


def call(hook: HubHook, body: Any = None, *, secret: str | None = SECRET, **about: Any) -> HttpResponse:
    """What the Hub would send, as one who is checked like a browser and has no session."""
    raw = body if isinstance(body, bytes) else json.dumps(body if body is not None else payload()).encode()
    headers = {} if secret is None else {"X-Webhook-Secret": secret}
    client = Client(enforce_csrf_checks=True)
    answer = client.post(hook.path, raw, content_type="application/json", headers=headers, **about)
    assert not client.cookies
    return answer  # type: ignore[return-value]  # the client's answer is one


def looked() -> bool:
    """Whether a look was asked for."""
    return Repository.objects.exclude(look_planned_at=None).exists()


def test_the_address_is_where_it_says_it_is(hook: HubHook) -> None:
    assert hook.path == reverse("hooks:hub", args=[hook.public_id])


def test_it_takes_what_comes_with_the_secret(hook: HubHook, django_assert_max_num_queries: Any) -> None:
    """In a few statements, with an answer that says nothing, and nothing for the record."""
    recorded = Event.objects.count()
    with django_assert_max_num_queries(12):
        answer = call(hook)
    assert (answer.status_code, answer.content, answer["Cache-Control"]) == (202, b"", "no-store")
    assert looked()
    assert Event.objects.count() == recorded


@pytest.mark.parametrize(
    "secret", [None, "", "guessed", SECRET[:-1], SECRET + "x", SECRET.upper(), "é" * 9, "x" * 9_000]
)
def test_it_refuses_any_other_secret(secret: str | None, hook: HubHook) -> None:
    """Nothing is looked at; that somebody tried is noted."""
    assert call(hook, secret=secret).status_code == 403
    assert not looked()
    assert factories.fresh(hook).refused_at is not None
    assert factories.fresh(hook).heard_at is None


def test_a_webhook_without_a_secret_yet_takes_nothing(hook: HubHook) -> None:
    """Also not the secret that is none."""
    HubHook.objects.update(digests=[])
    for secret in ("", SECRET, None):
        assert call(hook, secret=secret).status_code == 403


def test_one_that_is_unknown_or_off_is_not_there(hook: HubHook, amara: Viewer) -> None:
    other = HubHook(public_id="x" * 32)
    assert call(other).status_code == 404
    assert Client().post("/hooks/hub/%00/", b"{}", content_type="application/json").status_code == 404
    hub_hooks.switch_off(hook, by=amara)
    assert call(hook).status_code == 404
    assert not looked()


def test_secrets_are_compared_in_constant_time(hook: HubHook, monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests of one length, every one that is taken, also where the first fits or the webhook is none."""
    compared: list[tuple[str, str]] = []
    compare_digest = hmac.compare_digest

    def comparing(one: str, other: str) -> bool:
        compared.append((one, other))
        return compare_digest(one, other)

    monkeypatch.setattr(hooks.hmac, "compare_digest", comparing)
    hook.offer("newer", at=timezone.now())
    hook.save(update_fields=["digests"])
    for asked, secret in ((hook, "newer"), (hook, SECRET), (hook, "wrong"), (HubHook(public_id="none"), SECRET)):
        compared.clear()
        call(asked, secret=secret)
        assert len(compared) == (2 if asked is hook else 1)
        assert {len(text) for pair in compared for text in pair} == {64}


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_it_takes_only_posts(method: str, hook: HubHook) -> None:
    assert getattr(Client(), method)(hook.path).status_code == 405


def test_it_reads_so_much_and_no_more(hook: HubHook) -> None:
    """By what the sender says, and by what comes."""
    big = payload(comment={"content": "x" * LONGEST})
    assert call(hook, big).status_code == 413
    assert call(hook, b"{}", CONTENT_LENGTH="nonsense").status_code == 413
    assert call(hook, payload(), CONTENT_LENGTH=str(LONGEST + 1)).status_code == 413
    fits = json.dumps(payload(comment={"content": "x" * (LONGEST - 1_000)})).encode()
    assert call(hook, fits).status_code == 202


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 50_000, b'{"a":' * 40 + b"1" + b"}" * 40])
def test_garbage_is_refused(body: bytes, hook: HubHook) -> None:
    assert call(hook, body).status_code == 400
    assert not looked()


@pytest.mark.parametrize(
    "changes",
    [
        {"event": {"scope": "repo.gate", "action": "opened"}},
        {"event": {"scope": "access-request"}},
        {"webhook": {"version": 99}},
        {"event": None, "updatedRefs": "all"},
    ],
)
def test_what_is_not_known_is_looked_at(changes: dict[str, Any], hook: HubHook) -> None:
    """As a change of the repository."""
    assert call(hook, payload(**changes)).status_code == 202
    assert looked()


def test_a_repository_that_is_not_linked_is_nobodys(hook: HubHook) -> None:
    """The sender is not told so."""
    assert call(hook, payload(repo={"id": factories.hub_id("other"), "type": "model"})).status_code == 202
    assert not looked()


def test_nothing_but_ids_is_believed(hook: HubHook, aurora: Repository) -> None:
    """Whatever it says of the gate, of names and of commits."""
    lie = {"private": True, "name": "evil-lab/x", "tags": [], "headSha": "f" * 40, "id": factories.hub_id("aurora-xl")}
    before = Repository.objects.values().get(pk=aurora.pk)
    assert call(hook, payload(repo=lie, updatedConfig={"gated": False})).status_code == 202
    after = Repository.objects.values().get(pk=aurora.pk)
    assert {name for name in before if before[name] != after[name]} == {"observe_due_at", "look_planned_at"}


def test_a_replay_makes_one_look_that_comes_later(hook: HubHook) -> None:
    """Whoever has overheard a call can make no more than that of it."""
    for _time in range(20):
        assert call(hook).status_code == 202
    planned = Repository.objects.get().look_planned_at
    assert planned is not None
    assert 25 < (planned - timezone.now()).total_seconds() <= 30
    discussion = {"num": 7, "isPullRequest": True}
    assert call(hook, payload(discussion=discussion)).status_code == 202
    sooner = Repository.objects.get().look_planned_at
    assert sooner is not None
    assert (sooner - timezone.now()).total_seconds() <= 3


def test_a_flood_of_news_counts_as_a_repetition(hook: HubHook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "A_MINUTE", 3)
    again = [hooks._again(hook, str(number).encode()) for number in range(12)]
    assert again.count(True) in (6, 9)  # a minute may turn in between, once


def test_without_a_cache_it_still_hears(hook: HubHook, settings: Any) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    assert call(hook).status_code == 202
    assert call(hook).status_code == 202
    assert looked()


KEYS = st.sampled_from(["event", "repo", "discussion", "comment", "webhook", "updatedRefs", "movedTo"])
INNER = st.sampled_from(["scope", "id", "type", "name", "num", "isPullRequest", "version", "ref"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(INNER, inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300) | st.dictionaries(KEYS, anything).map(lambda found: payload(**found)))
def test_nothing_that_is_sent_breaks_it(body: Any, hook: HubHook) -> None:
    """202 or 400, and no row of a pull request that cannot be."""
    cache.clear()
    assert call(hook, body).status_code in (202, 400)
    assert not PullRequest.objects.filter(number__lt=1).exists()
