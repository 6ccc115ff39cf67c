"""Hub tokens: checked without changing anything, found out when they lose their rights, changed without a pause."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from accounts.models import HubToken
from accounts.viewer import Viewer
from gatekeeper.actions import grants, hub_tokens, people
from gatekeeper.hub import adopt, credentials, observe, settle, tokens
from gatekeeper.models import Event, HubCapability, Notice, Repository, TokenReach
from gatekeeper.rules.refusals import Unmet
from tests import factories

from .conftest import CARD, MODEL, TOKEN, Town, calls, hurry, settled

SECOND = "hf_bram_writes"


@pytest.fixture
def goran(town: Town) -> Viewer:
    """An operator."""
    return factories.account("goran", operator=True)


def check() -> HubToken:
    """Have every token checked now; returns the town's first one."""
    HubToken.objects.update(check_due_at=timezone.now())
    credentials.check_tokens()
    return HubToken.objects.order_by("pk").first()  # type: ignore[return-value]


def second(town: Town) -> HubToken:
    """A token of another account that may write there, kept beside the first."""
    town.hub.add_user("bram", id=factories.hub_id("bram"), token=SECOND)
    town.hub.add_org("aurora-lab", {"amara": "admin", "bram": "write"})
    return people.keep_token(town.publisher, by=town.owner, secret=SECOND)


def told() -> list[tuple[str, str]]:
    """Who is told what, of tokens."""
    rows = Notice.objects.filter(object_kind="hubtoken").order_by("pk").select_related("recipient")
    return sorted((notice.recipient.username, notice.kind) for notice in rows)


def test_a_token_that_works_is_found_to_work(town: Town) -> None:
    """Whose it is, which role it has, what it reaches, what the Hub knows; the Hub is as it was before."""
    town.asks("kiri")
    before = town.hub.people(town.name), town.hub.repo(town.name)
    begun = timezone.now()
    token = check()
    assert (token.health, token.role_seen, token.hub_user_id) == ("ok", "write", factories.hub_id("amara"))
    assert token.checked_at is not None
    assert token.checked_at >= begun
    assert token.check_due_at is not None
    assert timedelta(minutes=50) < token.check_due_at - begun < timedelta(minutes=70)
    reach = TokenReach.objects.get()
    assert (reach.token, reach.may_read, reach.may_decide, reach.is_refused) == (token, True, True, False)
    assert set(HubCapability.objects.values_list("name", "known", "learnt")) == {
        (name, True, "probe") for name in ("batch", "reset", "user_id", "request_id")
    }
    assert (town.hub.people(town.name), town.hub.repo(town.name)) == before
    assert told() == []
    town.hub.clear_journal()
    credentials.check_tokens()
    assert town.hub.journal() == []


@pytest.mark.parametrize(
    ("change", "health", "notice"),
    [
        ({"revoked": True}, "refused", "token_refused"),
        ({"role": "read"}, "read_only", "token_narrowed"),
        ({"role": "fineGrained", "scoped": []}, "read_only", "token_narrowed"),
        (
            {
                "role": "fineGrained",
                "scoped": [{"entity": {"name": "aurora-lab/aurora-data"}, "permissions": ["repo.write"]}],
            },
            "narrow",
            "token_narrowed",
        ),
    ],
    ids=["rolled", "read", "fine-grained-none", "fine-grained-some"],
)
def test_a_token_that_lost_its_rights_is_told_of_once(
    town: Town, goran: Viewer, change: dict[str, Any], health: str, notice: str
) -> None:
    """To the owners and the operators, when it changes, and not with every check; and the record says when."""
    town.hub.create_repo("aurora-lab/aurora-data", "dataset", gated="manual", card=CARD, by="amara")
    adopt.link_repository(town.publisher, by=town.owner, kind="dataset", name="aurora-lab/aurora-data")
    assert check().health == "ok"
    town.hub.set_token(TOKEN, **change)
    for _again in range(2):
        assert check().health == health
    assert told() == [("amara", notice), ("goran", notice)]
    event = Event.objects.filter(action="hubtoken.change").latest("pk")
    assert event.data == {"fingerprint": check().fingerprint, "health": health, "before": "ok"}
    town.hub.set_token(TOKEN, revoked=False, role="write", scoped=[])
    assert check().health == "ok"
    assert len(told()) == 2


def test_a_token_that_may_read_but_not_decide_is_found_out(town: Town) -> None:
    """A fine-grained one that may see who asks: nothing could be decided with it."""
    scoped = [{"entity": {"name": MODEL}, "permissions": ["repo.access.read"]}]
    town.hub.set_token(TOKEN, role="fineGrained", scoped=scoped)
    assert check().health == "read_only"
    reach = TokenReach.objects.get()
    assert (reach.may_read, reach.may_decide, reach.reason) == (True, False, "token_read_only")


def test_a_repository_that_is_gone_is_no_tokens_fault(town: Town) -> None:
    """Unless another token still sees it."""
    town.hub.set_repo(town.name, visibility="private")
    other = second(town)
    assert check().health == "ok"
    town.hub.set_token(TOKEN, role="fineGrained", scoped=[])
    assert check().health == "narrow"
    town.hub.delete_repo(town.name)
    check()  # the other one was thought to see it still
    assert check().health == "ok"
    assert factories.fresh(other).health == "ok"


def test_what_cannot_be_asked_while_the_gate_is_off_is_asked_otherwise(town: Town) -> None:
    """Whether it may write is what is left to ask."""
    town.hub.set_gated(town.name, False)
    assert check().health == "ok"
    assert TokenReach.objects.get().may_decide is True
    assert not HubCapability.objects.exists()
    town.hub.add_org("aurora-lab", {"amara": "read"})
    cache.clear()
    assert check().health == "read_only"


def test_a_token_that_ends_soon_is_told_of(town: Town, goran: Viewer) -> None:
    """Where the Hub says when."""
    ends = time.time() + 5 * 86_400
    town.hub.set_token(TOKEN, expires=ends)
    token = check()
    assert token.health == "expiring"
    assert token.expires_at is not None
    assert abs(token.expires_at - datetime.fromtimestamp(ends, UTC)) < timedelta(seconds=2)
    assert told() == [("amara", "token_ends"), ("goran", "token_ends")]
    town.hub.set_token(TOKEN, expires=time.time() + 90 * 86_400)
    assert check().health == "ok"


@pytest.mark.parametrize("header", ["ratelimit", "retry-after"])
def test_a_token_that_the_hub_holds_back_is_told_of(town: Town, goran: Viewer, header: str) -> None:
    """Once is a coincidence; twice in a row, and somebody else is using the account."""
    town.hub.fault("status", "/whoami-v2", status=429, header=header, seconds=60)
    token = check()
    assert (token.health, token.held_back) == ("unknown", 1)
    assert token.check_due_at is not None
    assert token.check_due_at > timezone.now() + timedelta(seconds=29)
    cache.clear()
    assert check().health == "limited"
    assert told() == [("amara", "token_held_back"), ("goran", "token_held_back")]
    town.hub.clear_faults()
    cache.clear()
    token = check()
    assert (token.health, token.held_back) == ("ok", 0)


def test_a_hub_that_is_away_says_nothing_of_a_token(town: Town, settings: Any) -> None:
    """It is asked again in a while."""
    assert check().health == "ok"
    settings.HUB_ENDPOINT = "http://127.0.0.1:9"
    token = check()
    assert (token.health, token.held_back, told()) == ("ok", 0, [])
    assert token.check_due_at is not None
    assert timedelta(seconds=20) < token.check_due_at - timezone.now() < timedelta(minutes=2)


def test_a_check_that_breaks_stops_no_other(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is logged, and the next token is checked."""
    other = second(town)
    whose = credentials._keep_identity

    def breaks(token: HubToken, identity: Any) -> None:
        if token.pk != other.pk:
            raise RuntimeError("Nobody foresaw this.")
        whose(token, identity)

    monkeypatch.setattr(credentials, "_keep_identity", breaks)
    assert check().health == "unknown"
    assert factories.fresh(other).health == "ok"


def test_a_token_that_no_key_opens_is_told_of_and_given_again(town: Town, settings: Any) -> None:
    """It is not the Hub that refuses it; the same token, given again, speaks at once."""
    town.start()
    town.approved("kiri")
    keys, settings.GATEKEEPER_ENCRYPTION_KEYS = settings.GATEKEEPER_ENCRYPTION_KEYS, [Fernet.generate_key().decode()]
    settle.settle_due()
    assert Repository.objects.get().parked_reason == "token_unreadable"
    old = HubToken.objects.get()
    assert (old.health, told()) == ("unreadable", [("amara", "token_unreadable")])
    assert check().health == "unreadable"
    people.keep_token(town.publisher, by=town.owner, secret=TOKEN, health="ok")
    assert tokens.token_for(Repository.objects.get()) != old
    Repository.objects.update(observe_due_at=timezone.now())
    observe.observe_all()
    settled()
    assert town.stands("kiri") == "accepted"
    settings.GATEKEEPER_ENCRYPTION_KEYS = [*settings.GATEKEEPER_ENCRYPTION_KEYS, *keys]
    assert check().health == "ok"


def test_who_asked_for_a_check_meanwhile_gets_another(town: Town) -> None:
    """The wish is newer than the check that was under way."""
    token = HubToken.objects.get()
    fault = town.hub.fault("hold", "/whoami-v2", times=1)
    HubToken.objects.update(check_due_at=timezone.now())
    worker = threading.Thread(target=in_a_worker)
    worker.start()
    town.hub.wait_held(fault)
    assert credentials._take() is None  # nobody else checks it at the same time
    asked = hub_tokens.check_token(token, by=town.owner)
    town.hub.release(fault)
    worker.join(30)
    assert len(town.hub.journal("GET", "/whoami-v2")) == 2
    assert factories.fresh(token).check_due_at != asked.check_due_at


def in_a_worker() -> None:
    """Check what is due, with a connection of one's own."""
    try:
        credentials.check_tokens(seconds=0.5)
    finally:
        connection.close()


# What work meets


def test_work_that_meets_a_refusal_rings_for_a_check(town: Town, goran: Viewer) -> None:
    """A 401 in the middle of the work is told at once, and not only within the hour."""
    town.start()
    check()
    town.hub.revoke_token(TOKEN)
    town.observe()
    token = HubToken.objects.get()
    assert token.health == "refused"
    assert token.check_due_at is not None
    assert token.check_due_at <= timezone.now()
    assert told() == [("amara", "token_refused"), ("goran", "token_refused")]
    town.hub.set_token(TOKEN, revoked=False)
    observe.observe(town.repository.pk)
    assert factories.fresh(token).health == "ok"


def test_another_token_stands_in_for_one_that_lost_a_repository(town: Town) -> None:
    """Nothing is parked, and nobody waits, while the publisher has another that works there."""
    town.start()
    second(town)
    check()
    town.approved("kiri")
    scoped = [{"entity": {"name": "aurora-lab/another"}, "permissions": ["repo.write"]}]
    town.hub.set_token(TOKEN, role="fineGrained", scoped=scoped)
    settled()
    assert town.stands("kiri") == "accepted"
    assert Repository.objects.get().parked_reason == ""
    assert calls(town, "user-access-request/batch")[-1]["user"] == "bram"
    assert HubToken.objects.order_by("pk").first().health == "narrow"  # type: ignore[union-attr]
    town.hub.set_token(TOKEN, role="write", scoped=[])
    check()
    assert tokens.token_for(Repository.objects.get()) == HubToken.objects.order_by("pk").first()


def test_the_one_token_that_lost_a_repository_heals(town: Town) -> None:
    """Parked with its name; given back, the reading notices, and the check says that all is well."""
    town.start()
    check()
    town.approved("kiri")
    town.hub.set_token(TOKEN, role="fineGrained", scoped=[])
    settle.settle_due()
    assert Repository.objects.get().parked_reason == "token_read_only"
    assert HubToken.objects.get().health == "narrow"
    town.hub.set_token(TOKEN, role="write")
    Repository.objects.update(observe_due_at=timezone.now())
    observe.observe_all()
    assert not TokenReach.objects.refused().exists()
    credentials.check_tokens()
    assert HubToken.objects.get().health == "ok"
    settled()
    assert town.stands("kiri") == "accepted"


# Changing it


def test_a_token_is_changed_without_a_pause(town: Town) -> None:
    """Kept beside, checked, used, and the old one retired, while people are approved all the time: nobody waits."""
    town.start()
    old = check()
    town.approved("first")
    new = second(town)
    assert tokens.token_for(Repository.objects.get()) == old
    with pytest.raises(Unmet, match="was not checked yet"):
        hub_tokens.use_token(new, by=town.owner)
    check()
    town.approved("second")
    assert hub_tokens.use_token(new, by=town.owner) == [town.repository]
    hub_tokens.retire_token(old, by=town.owner)
    town.hub.revoke_token(TOKEN)
    town.hub.clear_journal()
    town.approved("third")
    settled()
    assert [town.stands(name) for name in ("first", "second", "third")] == ["accepted"] * 3
    assert {call["user"] for call in town.hub.journal() if "user-access-request" in call["path"]} == {"bram"}
    assert 401 not in {call["status"] for call in town.hub.journal()}
    assert Repository.objects.get().parked_reason == ""
    assert not Notice.objects.filter(object_kind="hubtoken").exists()


def test_a_publisher_whose_token_is_gone_goes_on_with_another(town: Town) -> None:
    """What was parked for it goes on as soon as the new one speaks."""
    town.start()
    check()
    town.approved("kiri")
    town.hub.revoke_token(TOKEN)
    settle.settle_due()
    assert Repository.objects.get().parked_reason == "token_refused"
    new = second(town)
    credentials.check_tokens()
    assert hub_tokens.use_token(new, by=town.owner) == [town.repository]
    observe.observe_all()
    settled()
    assert town.stands("kiri") == "accepted"


# What the Hub knows


def test_a_hub_that_learns_something_is_noticed_by_asking(town: Town) -> None:
    """Not known today, known next month: the hourly check asks again, whatever was believed."""
    town.hub.capabilities(batch=False, reset=False, user_id=False, request_id=False)
    check()
    known = dict(HubCapability.objects.values_list("name", "known"))
    assert known == dict.fromkeys(("batch", "reset", "user_id", "request_id"), False)
    assert town.client.can("reset") is False
    town.hub.capabilities(batch=True, reset=True, user_id=True, request_id=True)
    check()
    assert town.client.can("reset") is False  # not asked again for a while
    HubCapability.objects.update(checked_at=timezone.now() - timedelta(hours=1))
    check()
    rows = HubCapability.objects.filter(known=True, learnt="probe")
    assert rows.count() == 4
    assert all(row.since > timezone.now() - timedelta(minutes=1) for row in rows)
    assert town.client.can("reset")


def test_a_hub_that_forgets_something_is_noticed_at_once(town: Town) -> None:
    """In the first call that it refuses; the work goes on another way, and since when is known."""
    town.start()
    check()
    town.active("kiri")
    town.hub.capabilities(batch=False)
    grant = town.grant("kiri")
    grants.suspend(grant, by=town.owner)
    hurry()
    settled()
    assert town.stands("kiri") == "pending"
    row = HubCapability.objects.get(name="batch")
    assert (row.known, row.learnt) == (False, "call")
    assert row.since > timezone.now() - timedelta(minutes=2)


@pytest.mark.parametrize(
    "missing",
    [("batch",), ("batch", "reset"), ("user_id",), ("batch", "user_id"), ("batch", "reset", "user_id", "request_id")],
    ids="-".join,
)
def test_everything_is_done_whatever_the_hub_lacks(town: Town, missing: tuple[str, ...]) -> None:
    """Let in, suspended, granted without a request, ended: by a slower way, or in other words."""
    town.start()
    town.hub.capabilities(**dict.fromkeys(missing, False))
    town.active("kiri")
    assert town.stands("kiri") == "accepted"
    grants.suspend(town.grant("kiri"), by=town.owner)
    settled()
    assert town.stands("kiri") == "pending"
    stage = town.repository.stages.get()
    town.applies(stage, "ines")
    town.approve("ines")
    settled()
    assert town.stands("ines") == "accepted"
    grants.relinquish(town.grant("ines"), by=Viewer.of(town.person("ines").user))
    settled()
    assert town.stands("ines") == ("pending" if "reset" in missing else "reset")
