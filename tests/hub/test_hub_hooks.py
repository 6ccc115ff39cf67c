"""Webhooks at the sandbox Hub, registered, changed and removed by a worker, whatever goes wrong in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from huggingface_hub import HfApi

from gatekeeper.actions import hub_hooks, people, repositories, sync
from gatekeeper.hub import adopt, hooks, tasks
from gatekeeper.models import Event, HookState, HubHook
from gatekeeper.models.hub_hooks import digest_of
from tests import factories
from tests.expect import told

from .conftest import MODEL, TOKEN, Town, calls

SETTINGS = "/api/settings/webhooks"


@pytest.fixture
def town(town: Town, settings: Any) -> Town:
    """A town whose Hub can call us: both are on this machine."""
    settings.PUBLIC_URL, settings.PUBLIC_HOST = "http://127.0.0.1:9", "127.0.0.1"
    return town


@pytest.fixture
def hook(town: Town) -> HubHook:
    """A webhook that was switched on and registered."""
    return settled(hub_hooks.switch_on(town.publisher, by=town.owner))


def settled(hook: HubHook) -> HubHook:
    """The webhook, after a worker has seen it through."""
    HubHook.objects.update(due_at=timezone.now() - timedelta(seconds=1), leased_until=None)
    tasks.settle_hooks()
    return factories.fresh(hook)


def there(town: Town) -> list[dict[str, Any]]:
    """The webhooks at the Hub."""
    return town.hub.webhooks()


def test_it_registers_one_for_what_is_linked(town: Town, hook: HubHook) -> None:
    """With a secret that stands nowhere here, under the account of the token."""
    [kept] = there(town)
    assert kept["url"] == f"http://127.0.0.1:9{hook.path}"
    assert kept["watched"] == [{"type": "model", "name": MODEL}]
    assert (kept["domains"], kept["disabled"], kept["person"]) == (["repo", "discussion"], False, "amara")
    assert (hook.state, hook.hub_id, hook.watched) == (HookState.REGISTERED, kept["id"], [["model", MODEL]])
    assert hook.token == town.repository.token
    assert hook.told_generation == hook.generation
    assert len(kept["secret"]) > 40
    assert hook.digests_at(timezone.now()) == [digest_of(kept["secret"])]
    assert kept["secret"] not in str(vars(hook))
    [event] = Event.objects.filter(action="hubhook.registered")
    assert event.actor.username == "hub"
    assert kept["secret"] not in str(event.data)


def test_once_registered_it_is_only_looked_at(town: Town, hook: HubHook) -> None:
    """An hour later, by one list read twice; nothing is told and nothing recorded."""
    assert hook.due_at is not None
    assert hook.due_at - timezone.now() > timedelta(minutes=59)
    town.hub.clear_journal()
    recorded = Event.objects.count()
    settled(hook)
    assert {(call["method"], call["path"]) for call in town.hub.journal()} == {("GET", SETTINGS)}
    assert Event.objects.count() == recorded


def test_a_new_secret_is_told_and_the_old_one_runs_out(town: Town, hook: HubHook) -> None:
    before = there(town)[0]["secret"]
    hub_hooks.rotate_secret(hook, by=town.owner)
    after = settled(hook)
    [kept] = there(town)
    assert (kept["id"], kept["secret"] != before) == (hook.hub_id, True)
    now = timezone.now()
    assert after.digests_at(now) == [digest_of(kept["secret"]), digest_of(before)]
    assert after.digests_at(now + timedelta(minutes=11)) == [digest_of(kept["secret"])]


def test_it_watches_what_is_linked_now(town: Town, hook: HubHook) -> None:
    """One that is linked is added, one that is renamed too; without any there is no webhook at all."""
    town.hub.create_repo("aurora-lab/data", "dataset", gated="manual", by="amara")
    data = adopt.link_repository(town.publisher, by=town.owner, kind="dataset", name="aurora-lab/data")
    hook = settled(hook)
    assert there(town)[0]["watched"] == [
        {"type": "dataset", "name": "aurora-lab/data"},
        {"type": "model", "name": MODEL},
    ]
    assert hook.watched == [["dataset", "aurora-lab/data"], ["model", MODEL]]
    for repository in (data, town.repository):
        repositories.unlink(repository, by=town.owner)
    assert settled(hook).state == HookState.ABSENT
    assert there(town) == []


def test_switched_off_it_is_deleted_there(town: Town, hook: HubHook) -> None:
    hub_hooks.switch_off(hook, by=town.owner)
    off = settled(hook)
    assert (off.state, off.due_at, off.hub_id) == (HookState.ABSENT, None, "")
    assert there(town) == []
    assert Event.objects.filter(action="hubhook.absent").count() == 1
    on = settled(hub_hooks.switch_on(town.publisher, by=town.owner))
    assert (on.state, len(there(town))) == (HookState.REGISTERED, 1)


def test_webhooks_of_other_addresses_are_left_alone(town: Town, hook: HubHook) -> None:
    """They belong to the same person, and are none of our business."""
    theirs = HfApi(endpoint=town.hub.url, token=TOKEN).create_webhook(url="http://127.0.0.1:9/own/", watched=[])
    hub_hooks.switch_off(hook, by=town.owner)
    settled(hook)
    assert [one["id"] for one in there(town)] == [theirs.id]


def test_what_was_suspended_or_deleted_is_shown_until_somebody_switches_it_on(town: Town, hook: HubHook) -> None:
    """It is not put back unasked: something made the Hub give up, or somebody wanted it so."""
    town.hub.options(webhook_failures=1)
    town.hub.set_gated(MODEL, "auto")
    town.hub.sent(1)  # nobody listens there
    assert settled(hook).state == HookState.SUSPENDED
    assert settled(hook).state == HookState.SUSPENDED
    assert Event.objects.filter(action="hubhook.suspended").count() == 1
    assert told(town.owner).count("webhook_silent") == 1
    hub_hooks.switch_on(town.publisher, by=town.owner)
    assert settled(hook).state == HookState.REGISTERED
    assert there(town)[0]["disabled"] is False

    api = HfApi(endpoint=town.hub.url, token=TOKEN)
    api.disable_webhook(hook.hub_id)
    assert settled(hook).state == HookState.DISABLED
    api.delete_webhook(hook.hub_id)
    assert settled(hook).state == HookState.GONE
    assert settled(hook).state == HookState.GONE
    assert there(town) == []
    hub_hooks.switch_on(town.publisher, by=town.owner)
    assert settled(hook).state == HookState.REGISTERED
    assert len(there(town)) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_reply_makes_no_second_webhook(town: Town, when: str) -> None:
    """Whether the Hub had done it or not, the list is read first the next time."""
    hook = hub_hooks.switch_on(town.publisher, by=town.owner)
    town.hub.fault("drop", f"{SETTINGS}$", method="POST", when=when, times=1)
    tried = settled(hook)
    assert (tried.state, tried.attempts, tried.parked_reason) == (HookState.ABSENT, 1, "")
    again = settled(hook)
    [kept] = there(town)
    assert (again.state, again.attempts) == (HookState.REGISTERED, 0)
    assert again.digests_at(timezone.now())[0] == digest_of(kept["secret"])


def test_a_webhook_that_is_there_twice_is_made_one(town: Town, hook: HubHook) -> None:
    """As two workers at once may leave it."""
    HfApi(endpoint=town.hub.url, token=TOKEN).create_webhook(url=f"http://127.0.0.1:9{hook.path}", watched=[])
    settled(hook)
    assert [one["id"] for one in there(town)] == [hook.hub_id]


def test_a_secret_that_the_hub_may_have_is_taken_before_it_is_told(town: Town, hook: HubHook) -> None:
    """The Hub took it over and its reply was lost: what it sends meanwhile is heard."""
    hub_hooks.rotate_secret(hook, by=town.owner)
    town.hub.fault("drop", f"{SETTINGS}/", method="POST", when="after", times=1)
    tried = settled(hook)
    assert tried.told_generation != tried.generation
    assert digest_of(there(town)[0]["secret"]) in tried.digests_at(timezone.now())


@pytest.mark.parametrize("case", ["revoked", "reads", "missing"])
def test_a_token_that_may_not_is_named_and_tried_again(town: Town, case: str) -> None:
    """With a better one it goes on by itself."""
    hook = hub_hooks.switch_on(town.publisher, by=town.owner)
    if case == "revoked":
        town.hub.revoke_token(TOKEN)
    elif case == "reads":
        town.hub.set_token(TOKEN, role="read")
    else:
        town.repository.token.__class__.objects.update(revoked_at=timezone.now())
    parked = settled(hook)
    reasons = {"revoked": "token_refused", "reads": "token_read_only", "missing": "token_missing"}
    assert parked.parked_reason == reasons[case]
    assert parked.due_at is not None
    town.hub.add_token("amara", "hf_better")
    town.repository.token.__class__.objects.update(revoked_at=timezone.now())
    people.keep_token(town.publisher, by=town.owner, secret="hf_better")
    assert settled(hook).state == HookState.REGISTERED
    assert factories.fresh(hook).parked_reason == ""


def test_the_hub_is_asked_again_later_when_it_is_away(town: Town) -> None:
    hook = hub_hooks.switch_on(town.publisher, by=town.owner)
    town.hub.fault("status", SETTINGS, status=503)
    tried = settled(hook)
    assert (tried.state, tried.attempts, tried.parked_reason) == (HookState.ABSENT, 1, "")
    assert tried.due_at is not None
    assert timedelta() < tried.due_at - timezone.now() < timedelta(minutes=5)


def test_a_wish_that_changes_during_the_call_stays_due(town: Town, hook: HubHook) -> None:
    """Whoever switches it off while a worker registers it is heard by the next one."""
    hub_hooks.rotate_secret(hook, by=town.owner)
    taken = hooks._take()
    assert taken is not None
    hub_hooks.switch_off(hook, by=town.owner)
    hooks._settle(taken)
    left = factories.fresh(hook)
    assert left.due_at is not None
    assert left.due_at <= timezone.now()
    assert left.digests == []
    assert settled(hook).state == HookState.ABSENT
    assert there(town) == []


def test_two_workers_take_one_each(town: Town, hook: HubHook) -> None:
    HubHook.objects.update(due_at=timezone.now())
    assert hooks._take() is not None
    assert hooks._take() is None


def test_while_the_sync_is_paused_nothing_is_told(town: Town, hook: HubHook) -> None:
    """Of the whole installation."""
    operator = factories.account("goran", operator=True)
    sync.pause(None, by=operator, words="Looking.")
    hub_hooks.switch_off(hook, by=town.owner)
    settled(hook)
    assert len(there(town)) == 1


def test_a_list_that_cannot_be_read_changes_nothing(town: Town, hook: HubHook) -> None:
    """Half an answer is tried again, and nothing is concluded from it."""
    town.hub.fault("status", SETTINGS, status=200, message="surprise")
    tried = settled(hook)
    assert (tried.state, tried.attempts) == (HookState.REGISTERED, 1)
    assert len(there(town)) == 1
    assert calls(town, SETTINGS, "DELETE") == []


def test_a_new_public_address_is_told(town: Town, hook: HubHook, settings: Any) -> None:
    """The webhook is known by the part of its address that nobody guesses."""
    settings.PUBLIC_URL = "http://localhost:9"
    assert settled(hook).state == HookState.REGISTERED
    assert [(one["id"], one["url"]) for one in there(town)] == [(hook.hub_id, f"http://localhost:9{hook.path}")]


def test_what_the_hub_does_not_take_is_shown_after_some_tries(town: Town) -> None:
    """And tried again each hour."""
    hook = hub_hooks.switch_on(town.publisher, by=town.owner)
    town.hub.fault("status", f"{SETTINGS}$", method="POST", status=400)
    for _try in range(4):
        assert settled(hook).parked_reason == ""
    parked = settled(hook)
    assert parked.parked_reason == "refused_as_sent"
    assert parked.due_at is not None
    assert parked.due_at > timezone.now() + timedelta(minutes=59)
    town.hub.clear_faults()
    assert settled(hook).state == HookState.REGISTERED
