"""Several workers at once, processes of their own, over the same rows, while calls fail: one effect each.

A worker is a fork of this process, as in test_killed.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.utils import timezone

from gatekeeper.actions import decisions, drifts, hub_hooks, requests, reviews, stages
from gatekeeper.hub import hooks, observe, settle
from gatekeeper.models import AccessRequest, Drift, Event, Grant, HubAccess, HubHook, RepositoryWish, Stage
from gatekeeper.proof import sealing
from tests import factories

from .conftest import Town, calls, hurry, settled, windows_over
from .test_killed import wait, worker
from .test_settle_faults import _wait_for as wait_for
from .test_settle_faults import in_background, revoke

pytestmark = pytest.mark.slow

LINK = "https://gatekeeper.example.org/releases/aurora/"
SWEEPS = 3


def sweeps(town: Town) -> None:
    """What one worker does: tell, read, tell again."""
    for _sweep in range(SWEEPS):
        settle.settle_due()
        observe.observe(town.repository.pk)
        hooks.settle_hooks()


def applied_to(town: Town, failed_after: set[int]) -> Counter[tuple[str, str]]:
    """How often the Hub took each status for each person: also where the answer was lost."""
    taken: Counter[tuple[str, str]] = Counter()
    for call in calls(town, "/batch"):
        if call["status"] == 200 or failed_after & set(call["faults"]):
            taken.update((one["userId"], call["json"]["status"]) for one in call["json"]["requests"])
    return taken


@pytest.mark.parametrize("workers", [2, pytest.param(4, marks=pytest.mark.soak)])
def test_workers_at_once_have_one_effect_each(town: Town, workers: int, settings: Any) -> None:
    """Nobody is told twice what the Hub took once, whoever of them heard the answer; in the end all is settled."""
    settings.PUBLIC_URL, settings.PUBLIC_HOST = "http://127.0.0.1:9", "127.0.0.1"
    stage = town.start()
    coming, leaving = ([f"{what}-{number}" for number in range(6)] for what in ("coming", "leaving"))
    for name in coming + leaving:
        town.asks(name)
    town.observe()
    town.approve(*leaving)
    settled()
    town.approve(*coming)
    for name in leaving:
        revoke(town, name)
    stages.pause(stage, by=town.owner)
    stages.open_stage(stage, by=town.owner, card_link=LINK)
    hub_hooks.switch_on(town.publisher, by=town.owner)
    town.hub.set_gated(town.name, "auto")
    town.hub.clear_journal()
    town.hub.fault("latency", "/(batch|settings|commit)", ms=40)
    town.hub.fault("status", "/settings", times=1, status=502)
    lost = town.hub.fault("drop", "/batch", times=1, when="after")
    town.hub.fault("status", "/rejected", times=1, status=429, header="retry-after", seconds=1)
    for _round in range(12):
        for pid in [worker(lambda: sweeps(town)) for _number in range(workers)]:
            wait(pid, 120)
        due = HubAccess.objects.unsettled().exists() or RepositoryWish.objects.get().due_at is not None
        if not due and HubHook.objects.get().state == "registered":
            break
        windows_over()
        hurry()
        for model in (RepositoryWish, HubHook):
            model.objects.exclude(due_at=None).update(due_at=timezone.now())
    assert not HubAccess.objects.unsettled().exists()
    assert {town.stands(name) for name in coming} == {"accepted"}
    assert {town.stands(name) for name in leaving} == {"rejected"}
    once = {(factories.hub_id(name), "accepted") for name in coming}
    once |= {(factories.hub_id(name), "rejected") for name in leaving}
    assert applied_to(town, {lost}) == Counter(once)
    assert Counter(Grant.objects.values_list("status", flat=True)) == {"active": 6, "revoked": 6}
    activated = Event.objects.filter(action="grant.activate").values_list("object_id", flat=True)
    assert sorted(activated) == sorted(Grant.objects.values_list("pk", flat=True))
    assert [call["status"] for call in calls(town, "/settings", "PUT")] == [502, 200]
    assert [call["status"] for call in calls(town, "/commit/main")] == [200]
    assert (len(town.hub.webhooks()), HubHook.objects.get().state) == (1, "registered")
    assert factories.fresh(stage).status == "open"
    assert sealing.verify().sound


# A slow call, and what people decide meanwhile


def applies_again(town: Town, stage: Stage, name: str) -> AccessRequest:
    """Somebody whose access ended applies here once more, and is taken into review."""
    who = factories.account(name)
    case = requests.start(stage, by=who)
    requests.answer(case, by=who, answers={"affiliation": "ETH Zürich", "i_accept_the_licence": True})
    return reviews.take(requests.submit(case, by=who), by=town.reviewer)


def test_approved_revoked_and_approved_again_during_one_call(town: Town, hasty: None) -> None:
    """The accept of the first grant is under way all the time: in the end the second grant has what it wants."""
    stage = town.start()
    town.approved("kiri")
    hold = town.hub.fault("hold", "/batch", times=1)
    slow = in_background(settle.settle_due)
    town.hub.wait_held(hold)
    revoke(town, "kiri")
    case = applies_again(town, stage, "kiri")
    settle.settle_due()  # another worker, while the row is in the first one's hands
    decisions.approve(case, by=town.reviewer, words="Welcome back.")
    slow.join(10)
    town.hub.release(hold)
    settled(20)
    town.observe()
    settled()
    assert town.stands("kiri") == "accepted"
    assert list(Grant.objects.order_by("pk").values_list("status", flat=True)) == ["revoked", "active"]
    assert town.row("kiri").due_at is None
    assert not Drift.objects.unresolved().exists()


def test_a_rejection_that_lands_after_the_next_approval_is_shown(town: Town, hasty: None) -> None:
    """Revoked, approved again and confirmed; then the Hub applies the old rejection: somebody is asked."""
    stage = town.start()
    town.active("kiri")
    revoke(town, "kiri")
    hold = town.hub.fault("hold", "/batch", times=1)
    slow = in_background(settle.settle_due)
    town.hub.wait_held(hold)
    case = applies_again(town, stage, "kiri")
    decisions.approve(case, by=town.reviewer, words="Welcome back.")
    slow.join(10)
    settled(20)
    assert town.grant("kiri").status == "active"
    town.hub.release(hold)
    wait_for(lambda: town.stands("kiri") == "rejected")
    town.observe()
    settled()
    town.observe()
    [drift] = Drift.objects.waiting()
    assert (drift.kind, town.row("kiri").due_at) == ("missing_access", None)
    drifts.undo(drift, by=town.owner)
    settled()
    assert town.stands("kiri") == "accepted"
    assert not Drift.objects.unresolved().exists()
