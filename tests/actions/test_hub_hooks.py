"""The webhook of a publisher: switched on and off, given another secret, and what is heard by it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import hearing, hub_hooks, repositories
from gatekeeper.actions.nudges import nudged
from gatekeeper.models import Event, HubHook, PullRequest, Repository
from gatekeeper.models.hub_hooks import digest_of
from gatekeeper.rules.announcements import Announcement
from gatekeeper.rules.refusals import NotAllowed, Unmet, WrongState
from tests import factories
from tests.again import once
from tests.races import race

NOW = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
ADDRESS = "https://gatekeeper.example.org"


@pytest.fixture(autouse=True)
def public(settings: Any) -> None:
    """An installation that the Hub can call."""
    settings.PUBLIC_URL, settings.PUBLIC_HOST = ADDRESS, "gatekeeper.example.org"


@pytest.fixture
@once
def hook(aurora: Repository, bram: Viewer) -> HubHook:
    """A webhook that a steward switched on."""
    Repository.objects.filter(pk=aurora.pk).update(hub_id=factories.hub_id("aurora-xl"))
    return hub_hooks.switch_on(aurora.publisher, by=bram)


def about(repository: Repository, *numbers: int, **changes: Any) -> Announcement:
    """What the Hub would say of a repository."""
    return Announcement(**{"hub_id": factories.fresh(repository).hub_id, "pull_requests": numbers, **changes})


# --- switched


def test_a_steward_switches_it_on_and_a_worker_does_the_rest(hook: HubHook, bram: Viewer) -> None:
    """It is wished, due, recorded; the address cannot be guessed, and no secret is there yet."""
    assert (hook.wanted, hook.state, hook.generation, hook.told_generation) == (True, "absent", 1, 0)
    assert hook.due_at is not None
    assert len(hook.public_id) == 32
    assert hook.digests == []
    event = Event.objects.get(action="hubhook.switch_on")
    assert (event.object_id, event.actor, event.publisher) == (hook.pk, bram.user, hook.publisher)


@pytest.mark.parametrize("who", ["chidi", "ewa", "farid", "goran", "juma", "nobody"])
def test_nobody_else_does(who: str, hook: HubHook, request: pytest.FixtureRequest) -> None:
    viewer = request.getfixturevalue(who)
    for act in (hub_hooks.switch_on, hub_hooks.switch_off, hub_hooks.rotate_secret):
        with pytest.raises(NotAllowed):
            act(hook.publisher if act is hub_hooks.switch_on else hook, by=viewer)  # type: ignore[operator,arg-type]  # the first takes a publisher
    assert factories.fresh(hook).generation == 1


@pytest.mark.parametrize(
    ("host", "endpoint", "reachable"),
    [
        ("gatekeeper.example.org", "https://huggingface.co", True),
        ("127.0.0.1", "https://huggingface.co", False),
        ("localhost", "https://huggingface.co", False),
        ("gatekeeper", "https://huggingface.co", False),
        ("gatekeeper.local", "https://huggingface.co", False),
        ("10.1.2.3", "https://huggingface.co", False),
        ("8.8.8.8", "https://huggingface.co", True),
        ("127.0.0.1", "http://127.0.0.1:8900", True),
    ],
)
def test_the_hub_has_to_reach_it(settings: Any, host: str, endpoint: str, reachable: bool) -> None:
    """Only a Hub on this machine calls this machine."""
    settings.PUBLIC_HOST, settings.HUB_ENDPOINT = host, endpoint
    assert hub_hooks.hub_can_call() is reachable


def test_it_says_what_is_missing(settings: Any, aurora_lab: Publisher, amara: Viewer) -> None:
    """A token, something to watch, an address; each in turn."""

    def code() -> str:
        with pytest.raises(Unmet) as caught:
            hub_hooks.switch_on(aurora_lab, by=amara)
        return caught.value.refusal.code

    settings.PUBLIC_HOST = "localhost"
    assert code() == "no_public_address"
    settings.PUBLIC_HOST = "gatekeeper.example.org"
    assert code() == "token_missing"
    factories.people_verbs.keep_token(aurora_lab, by=amara, secret="hf_x")
    assert code() == "nothing_linked"
    factories.linked(aurora_lab, by=amara, name="aurora-xl")
    assert hub_hooks.switch_on(aurora_lab, by=amara).wanted


def test_switched_off_it_takes_nothing_more(hook: HubHook, amara: Viewer) -> None:
    """At once, whether the Hub has heard of it or not; its address is nobody's."""
    hook.offer("s", at=NOW)
    hook.save(update_fields=["digests"])
    hub_hooks.switch_off(hook, by=amara)
    off = factories.fresh(hook)
    assert (off.wanted, off.digests, off.generation) == (False, [], 2)
    assert not HubHook.objects.listening().exists()
    for act in (hub_hooks.switch_off, hub_hooks.rotate_secret):
        with pytest.raises(WrongState):
            act(hook, by=amara)
    again = hub_hooks.switch_on(hook.publisher, by=amara)
    assert (again.pk, again.wanted, again.generation) == (hook.pk, True, 3)
    assert [event.action for event in Event.objects.about("hubhook", hook.pk)] == [
        "hubhook.switch_on",
        "hubhook.switch_off",
        "hubhook.switch_on",
    ]


def test_a_new_secret_is_wished_and_nobody_knows_it(hook: HubHook, bram: Viewer) -> None:
    """The worker makes it: until then the old one is taken."""
    hook.offer("old", at=NOW)
    hook.save(update_fields=["digests"])
    hub_hooks.rotate_secret(hook, by=bram)
    asked = factories.fresh(hook)
    assert (asked.generation, asked.digests_at(NOW)) == (2, [digest_of("old")])
    assert Event.objects.filter(action="hubhook.rotate_secret").exists()


def test_secrets_overlap_until_the_hub_has_the_newest() -> None:
    """And ten minutes longer; no more than five are ever taken."""
    hook = HubHook()
    hook.offer("one", at=NOW)
    hook.offer("two", at=NOW)
    assert hook.digests_at(NOW + timedelta(days=9)) == [digest_of("two"), digest_of("one")]
    hook.settle_on_newest(at=NOW)
    assert hook.digests_at(NOW + timedelta(minutes=9)) == [digest_of("two"), digest_of("one")]
    assert hook.digests_at(NOW + timedelta(minutes=11)) == [digest_of("two")]
    for number in range(9):
        hook.offer(str(number), at=NOW)
    assert len(hook.digests) == 5
    assert "two" not in str(hook.digests)


def test_what_is_linked_later_is_watched_too(hook: HubHook, amara: Viewer) -> None:
    """Linked, renamed, unlinked: the webhook is due."""
    for act in ("link", "follow", "unlink"):
        HubHook.objects.update(due_at=None)
        if act == "link":
            repository = factories.linked(hook.publisher, by=amara, name="later")
        elif act == "follow":
            repositories.follow(repository, name="aurora-lab/renamed")
        else:
            repositories.unlink(repository, by=amara)
        assert HubHook.objects.get().due_at is not None, act


# --- heard


def test_what_is_heard_makes_a_look_come_now(hook: HubHook, aurora: Repository) -> None:
    Repository.objects.update(observe_due_at=NOW + timedelta(seconds=40))
    assert hearing.hear(hook, about=about(aurora), at=NOW) == 1
    looked = factories.fresh(aurora)
    assert (looked.observe_due_at, looked.look_planned_at) == (NOW, NOW)
    assert factories.fresh(hook).heard_at == NOW


def test_a_flood_is_one_look_every_few_seconds(
    hook: HubHook, aurora: Repository, django_capture_on_commit_callbacks: Any
) -> None:
    """The first now, the next after the gap; the bell is rung for those and for no other."""
    heard: list[float] = []

    def ring(*, what: str, after: float, **_signal: Any) -> None:
        heard.append(after)

    nudged.connect(ring)
    planned = set()
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(200):
            at = NOW + timedelta(seconds=number / 20)  # ten seconds of it
            hearing.hear(hook, about=about(aurora), at=at)
            planned.add(factories.fresh(aurora).look_planned_at)
    nudged.disconnect(ring)
    assert sorted(planned) == [NOW + timedelta(seconds=3 * number) for number in range(5)]
    assert heard == [0.0, 3.0, 3.0, 3.0, 3.0]


def test_a_repetition_makes_a_look_that_comes_later(hook: HubHook, aurora: Repository) -> None:
    """So nothing is lost where two changes are told in the same words; and news come before it all the same."""
    hearing.hear(hook, about=about(aurora), at=NOW)
    hearing.hear(hook, about=about(aurora), again=True, at=NOW + timedelta(seconds=5))
    assert factories.fresh(aurora).look_planned_at == NOW + timedelta(seconds=30)
    hearing.hear(hook, about=about(aurora), again=True, at=NOW + timedelta(seconds=6))
    assert factories.fresh(aurora).look_planned_at == NOW + timedelta(seconds=30)
    hearing.hear(hook, about=about(aurora), at=NOW + timedelta(seconds=7))
    assert factories.fresh(aurora).look_planned_at == NOW + timedelta(seconds=10)


def test_a_look_is_never_put_off_by_what_is_heard(hook: HubHook, aurora: Repository) -> None:
    """One that was due before stays due."""
    early = NOW - timedelta(seconds=9)
    Repository.objects.update(observe_due_at=early, look_planned_at=NOW)
    hearing.hear(hook, about=about(aurora), at=NOW + timedelta(seconds=1))
    assert factories.fresh(aurora).observe_due_at == early


def test_what_is_not_its_own_is_not_looked_at(hook: HubHook, aurora: Repository, amara: Viewer) -> None:
    """Not of another publisher, not unlinked, not unknown, not named like one whose id is another."""
    other = factories.found(factories.account("other"), "other-lab")
    foreign = factories.linked(other, by=Viewer.of(other.created_by), name="x", hub_id=factories.hub_id("x"))
    gone = factories.linked(hook.publisher, by=amara, name="gone", hub_id=factories.hub_id("gone"))
    repositories.unlink(gone, by=amara)
    named = {"kind": "model", "name": aurora.name}
    for announced in (
        about(foreign),
        about(gone),
        Announcement(),
        Announcement(hub_id=factories.hub_id("another"), **named),
        Announcement(kind="dataset", name=aurora.name),
    ):
        assert hearing.hear(hook, about=announced) == 0
    assert not Repository.objects.exclude(look_planned_at=None).exists()
    assert hearing.hear(hook, about=Announcement(**named)) == 1


def test_one_that_was_linked_without_an_id_is_found_by_name(hook: HubHook, aurora: Repository) -> None:
    Repository.objects.filter(pk=aurora.pk).update(hub_id="")
    named = Announcement(hub_id=factories.hub_id("new"), kind="model", name=aurora.name.upper())
    assert hearing.hear(hook, about=named) == 1


def test_pull_requests_are_marked_to_be_looked_at(hook: HubHook, aurora: Repository) -> None:
    """Once each, however often they are named; where people only talk nothing is marked."""
    hearing.hear(hook, about=about(aurora, 9, 7), at=NOW)
    hearing.hear(hook, about=about(aurora, 7), at=NOW + timedelta(seconds=9))
    hearing.hear(hook, about=about(aurora, scope="discussion.comment"), at=NOW + timedelta(seconds=20))
    found = PullRequest.objects.order_by("number").values_list("number", "due_at")
    assert list(found) == [(7, NOW + timedelta(seconds=9)), (9, NOW)]
    assert factories.fresh(hook).heard_at == NOW + timedelta(seconds=20)


def test_what_is_refused_is_noted_and_no_flood_of_writes(hook: HubHook, django_assert_num_queries: Any) -> None:
    hearing.note_refused(hook, at=NOW)
    hearing.note_refused(hook, at=NOW + timedelta(seconds=1))
    assert factories.fresh(hook).refused_at == NOW
    with django_assert_num_queries(1):
        hearing.note_refused(hook, at=timezone.now())


@pytest.mark.race
def test_announcements_at_the_same_moment_plan_one_look(
    transactional_db: None, hook: HubHook, aurora: Repository
) -> None:
    """Over many connections: one now, one after the gap, and no other; each pull request once."""
    bells: list[float] = []

    def ring(*, what: str, after: float, **_signal: Any) -> None:
        bells.append(after)

    nudged.connect(ring)
    announced = about(aurora, 9, 7)
    results = race(lambda _index: hearing.hear(hook, about=announced, at=NOW), times=8)
    nudged.disconnect(ring)
    assert results == [1] * 8
    assert sorted(bells) == [0.0, 3.0]
    assert factories.fresh(aurora).look_planned_at == NOW + hearing.GAP
    assert sorted(PullRequest.objects.values_list("number", flat=True)) == [7, 9]
