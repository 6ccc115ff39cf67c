"""One budget for each person of the Hub, kept where all workers find it: nobody waits, and nobody is told to."""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
import time
from collections import Counter
from typing import Any

import pytest
from django.core.cache import cache

from gatekeeper import valkey
from gatekeeper.hub import bucket, budget
from gatekeeper.hub.bucket import Said
from gatekeeper.hub.client import HubClient
from gatekeeper.hub.port import HubError, Need, Word
from gatekeeper.hub.sandbox.control import SandboxControl
from tests.factories import hub_id

TOKEN, SECOND, OTHER = "hf_amara_writes", "hf_amara_second", "hf_bram_writes"
MODEL = "amara/aurora"


@pytest.fixture
def hub(sandbox: SandboxControl) -> SandboxControl:
    """A Hub with a gated model, an owner with two tokens, and somebody else."""
    sandbox.add_user("amara", id=hub_id("amara"), token=TOKEN)
    sandbox.add_token("amara", SECOND)
    sandbox.add_user("bram", id=hub_id("bram"), token=OTHER)
    sandbox.create_repo(MODEL, gated="manual", by="amara")
    return sandbox


def left(token: str = TOKEN) -> int:
    """How many calls a token is believed to have left."""
    name = budget.name_of(token)
    return budget.standing([name])[name].left


def failure(token: str = TOKEN, need: Need = Need.REMOVE, kind: str = "api") -> HubError:
    """How a call is refused here, without the Hub being asked."""
    with pytest.raises(HubError) as caught:
        budget.spend(budget.name_of(token, kind), need)
    return caught.value


def test_a_bucket_does_not_show_its_token() -> None:
    """Two tokens have two buckets; neither name tells the token."""
    assert budget.name_of("hf_one_secret") != budget.name_of("hf_two_secret")
    assert "hf_one_secret" not in str(budget.name_of("hf_one_secret"))


def test_it_follows_what_the_hub_says(hub: SandboxControl) -> None:
    """Every answer says how much is left; the next worker knows. Files have a budget of their own."""
    hub.options(quota={"api": 1000, "resolvers": 50})
    client = HubClient(TOKEN)
    client.whoami()
    assert left() == 999
    client.file("model", MODEL, "README.md")
    assert left() == 999
    of_files = budget.name_of(TOKEN, "resolvers")
    assert budget.standing([of_files, budget.name_of(OTHER)])[of_files].quota == 50


def test_a_token_nobody_knows_yet_begins_with_a_cautious_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the Hub has said anything, half of a free account's quota is believed, and nothing is shown."""
    monkeypatch.setattr(bucket, "FIRST_QUOTA", 20)
    name = budget.name_of("hf_new")
    budget.spend(name, Need.READ)
    assert budget.standing([name]) == {}
    assert budget.wait_of(name, Need.READ) == 0
    for _call in range(19):
        budget.spend(name, Need.REMOVE)
    assert failure("hf_new").reason == "budget"


def test_the_tokens_of_a_person_have_one_budget(hub: SandboxControl) -> None:
    """The Hub counts people, not tokens; whose a token is is learnt from the Hub, or known from the database."""
    hub.options(quota={"api": 1000})
    HubClient(TOKEN).whoami()
    HubClient(SECOND).whoami()
    assert left(TOKEN) == left(SECOND) == 998
    HubClient(OTHER).whoami()
    assert (left(OTHER), left(TOKEN)) == (999, 998)
    cache.clear()
    HubClient(TOKEN, owner=hub_id("amara")).repository("model", MODEL)
    HubClient(SECOND, owner=hub_id("amara")).repository("model", MODEL)
    assert left(TOKEN) == left(SECOND) == 996


def test_what_a_token_had_left_becomes_its_persons(hub: SandboxControl) -> None:
    """Nothing is forgotten when it turns out whose it is."""
    hub.options(quota={"api": 100})
    client = HubClient(TOKEN)
    for _call in range(3):
        client.repository("model", MODEL)
    assert left() == 97
    budget.belongs(TOKEN, hub_id("amara"))
    assert left() == 97
    assert budget.standing([budget.name_of("hf_third", owner=hub_id("amara"))])


def test_a_redirect_is_a_call_too(hub: SandboxControl) -> None:
    """The Hub counts it, so it is taken out before it leaves."""
    hub.rename_repo(MODEL, "amara/borealis")
    hub.options(quota={"api": 1000})
    hub.clear_journal()
    assert HubClient(TOKEN).repository("model", MODEL).name == "amara/borealis"
    assert len(hub.journal()) == 2
    assert left() == 998


@pytest.mark.parametrize("header", ["ratelimit", "retry-after", None])
def test_a_429_stops_every_worker(hub: SandboxControl, header: str | None) -> None:
    """Whatever headers it has: all the person's calls wait until then, and nobody sleeps."""
    fault = hub.fault("status", "/pending", status=429, header=header, seconds=40)
    begun = time.monotonic()
    with pytest.raises(HubError) as caught:
        HubClient(TOKEN, owner=hub_id("amara")).requests("model", MODEL, "pending", need=Need.REMOVE)
    assert caught.value.reason == "rate_limited"
    hub.clear_faults(fault)
    hub.clear_journal()
    for token in (TOKEN, SECOND):
        with pytest.raises(HubError) as refused:
            HubClient(token, owner=hub_id("amara")).requests("model", MODEL, "pending", need=Need.REMOVE)
        assert (refused.value.word, refused.value.reason) == (Word.LATER, "budget")
        assert (refused.value.retry_after or 0) > (25 if header is None else 35)
    assert hub.journal() == []
    assert left() == 0
    assert time.monotonic() - begun < 5
    HubClient(OTHER).repository("model", MODEL)


def test_asking_whose_a_token_is_too_often_stops_nothing_else(hub: SandboxControl) -> None:
    """The Hub keeps that call shorter than others, and has no header that says so."""
    hub.fault("status", "/whoami-v2", status=429, header="retry-after", seconds=40, times=1)
    client = HubClient(TOKEN)
    for reason in ("rate_limited", "budget"):
        with pytest.raises(HubError) as caught:
            client.whoami()
        assert caught.value.reason == reason
    client.requests("model", MODEL, "pending", need=Need.READ)
    hub.fault("status", "/whoami-v2", status=429, header="ratelimit", seconds=40, times=1)
    cache.clear()
    with pytest.raises(HubError):
        client.whoami()
    assert failure().reason == "budget"


def test_a_call_that_did_not_leave_is_given_back(hub: SandboxControl, settings: Any) -> None:
    """And one that was not answered is not: it may have arrived."""
    hub.options(quota={"api": 1000})
    client = HubClient(TOKEN)
    client.repository("model", MODEL)
    with pytest.raises(HubError):
        HubClient(TOKEN, endpoint="http://127.0.0.1:9").repository("model", MODEL)
    assert left() == 999
    hub.fault("drop", "/api/models", times=1)
    with pytest.raises(HubError):
        client.repository("model", MODEL)
    assert left() == 998


def test_without_redis_each_process_asks_for_little(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis away: some calls a minute, removals the most; nothing waits."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    monkeypatch.setattr(budget, "_alone", type(budget._alone)())
    monkeypatch.setattr(budget, "_closed", {})
    name = budget.name_of("hf_alone")
    for _call in range(budget.ALONE_A_MINUTE[Need.READ]):
        call = budget.spend(name, Need.READ)
    assert failure("hf_alone", Need.READ).retry_after == 10
    budget.spend(name, Need.REMOVE)
    budget._alone.extendleft([time.monotonic() - 61] * 3)
    budget.spend(name, Need.TELL)
    budget.answered(call, Said(1, 1, 1, 1))
    budget.not_sent(call)
    budget.belongs("hf_alone", hub_id("amara"))
    assert budget.wait_of(name, Need.READ) == 0
    assert budget.standing([name]) == {}
    budget.refused(call, None, again_in=30)
    assert 25 < (failure("hf_alone").retry_after or 0) <= 30
    budget.spend(budget.name_of("hf_another"), Need.REMOVE)


def test_a_command_without_servers_counts_for_itself(hub: SandboxControl, settings: Any) -> None:
    """What `hub audit` has left stands in its own memory."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    hub.options(quota={"api": 3})
    client = HubClient("hf_amara_writes")
    for _call in range(3):
        client.repository("model", MODEL, need=Need.REMOVE)
    with pytest.raises(HubError) as caught:
        client.repository("model", MODEL, need=Need.REMOVE)
    assert caught.value.reason == "budget"
    assert budget.wait_of(budget.name_of(TOKEN), Need.REMOVE) > 0


def test_what_cannot_be_read_is_begun_anew() -> None:
    """Another release may have kept it in another shape."""
    name = budget.name_of("hf_old")
    key = f"{valkey.key('hub-budget')}:api:token:{name.token}"
    valkey.asked(lambda server: server.set(key, '{"left": 0, "until": 12}'), None)
    budget.spend(name, Need.READ)


def test_a_bucket_that_everybody_wants_at_once_is_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody tries for ever."""
    monkeypatch.setattr(budget, "TRIES", 0)
    assert failure("hf_wanted").retry_after == 1.0


# Races


def call_until(until: float, token: str, owner: str = "") -> None:
    """Call as often as the budget lets one, until a time of the clock."""
    client, name = HubClient(token, owner=owner), budget.name_of(token, owner=owner)
    while time.time() < until:
        wait = budget.wait_of(name, Need.TELL)
        if wait:
            time.sleep(min(wait, 0.05))
            continue
        with contextlib.suppress(HubError):
            client.requests("model", MODEL, "pending", limit=10, need=Need.TELL)


def counted(hub: SandboxControl, window: int) -> tuple[int, int]:
    """How many calls the Hub counted in the fullest of its windows, and how many it refused."""
    calls = hub.journal()
    windows = Counter(int(call["at"] // window) for call in calls)
    return max(windows.values()), sum(call["status"] == 429 for call in calls)


def test_threads_never_ask_for_more_than_there_is(hub: SandboxControl) -> None:
    """Eight at once, who begin with knowing nothing: however they cross, not one call is refused."""
    window, quota = 2, 40
    hub.options(quota={"api": quota}, window=window)
    until = time.time() + 2 * window
    threads = [threading.Thread(target=call_until, args=(until, TOKEN)) for _worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used, refused = counted(hub, window)
    assert (refused, used > 8) == (0, True)


def test_processes_with_two_tokens_share_it_too(hub: SandboxControl) -> None:
    """Three workers of their own, two tokens of one person: no call is refused, and 95 % of a window is used."""
    window, quota = 3, 60
    hub.options(quota={"api": quota}, window=window)
    until = time.time() // window * window + 3 * window
    forked = multiprocessing.get_context("fork")
    workers = [
        forked.Process(target=call_until, args=(until, token, hub_id("amara"))) for token in (TOKEN, SECOND, TOKEN)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    used, refused = counted(hub, window)
    assert refused == 0
    assert used >= quota * 0.95
