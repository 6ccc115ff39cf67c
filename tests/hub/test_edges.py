"""Rows and answers that are rare: whatever is wrong with one of them, the others do not wait for it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from huggingface_hub.utils import get_session

from accounts.models import HubPerson
from gatekeeper.actions import grants, people, repositories
from gatekeeper.hub import imports, look, observe, settle, sightings, wire
from gatekeeper.hub.claims import to_do
from gatekeeper.hub.client import HubClient
from gatekeeper.hub.port import HubError
from gatekeeper.models import Event, HubAccess, Repository
from tests import factories

from .conftest import TOKEN, Town, hurry, settled
from .test_observe import second


def test_one_repository_that_breaks_stops_no_other_from_being_told(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw is logged, and the sweep goes on."""
    town.start()
    town.approved("kiri")
    perform, broken = settle.perform, [True]

    def breaking(claim: Any) -> None:
        if broken:
            broken.pop()
            raise KeyError("nobody foresaw this")
        perform(claim)

    monkeypatch.setattr(settle, "perform", breaking)
    settle.settle_due()
    assert town.grant("kiri").status == "pending_activation"
    hurry(3600)
    settled()
    assert town.grant("kiri").status == "active"


def test_one_repository_that_breaks_stops_no_other_from_being_read(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are observed in the same sweep."""
    second(town)
    read = observe._observe

    def breaking(repository: Repository) -> None:
        if repository.pk == town.repository.pk:
            raise KeyError("nobody foresaw this")
        read(repository)

    monkeypatch.setattr(observe, "_observe", breaking)
    observe.observe_all()
    assert Repository.objects.get(name="aurora-lab/small").observed_at is not None


def test_a_newer_token_is_used_in_place_of_a_refused_one(town: Town) -> None:
    """The publisher gave another token meanwhile: nothing is parked at all."""
    town.start()
    town.approved("kiri")
    town.hub.add_token("amara", "hf_amara_second")
    people.keep_token(town.publisher, by=town.owner, secret="hf_amara_second")
    town.hub.revoke_token(TOKEN)
    settled()
    assert Repository.objects.get().parked_reason == ""
    assert town.grant("kiri").status == "active"


def test_somebody_without_a_name_is_found_by_id(town: Town) -> None:
    """A person whose name was never shown is looked for in the whole lists."""
    town.start()
    town.approved("kiri")
    HubPerson.objects.filter(username="kiri").update(username="")
    settled()
    assert HubPerson.objects.get(hub_user_id=factories.hub_id("kiri")).username == "kiri"
    assert town.grant("kiri").status == "active"


def test_a_look_goes_on_to_further_pages(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody on the third page of a list is found."""
    monkeypatch.setattr(look, "FULL", 10)
    town.start()
    town.approved("kiri")
    town.hub.seed(town.name, {"accepted": 25})
    town.hub.options(order="oldest")
    HubPerson.objects.filter(username="kiri").update(username="")
    settled()
    assert town.row("kiri").seen == "accepted"


def test_a_look_stops_where_names_are_hidden(town: Town) -> None:
    """Without a name and without the request's id, nobody is guessed."""
    town.start()
    town.approved("kiri")
    HubAccess.objects.update(hub_request_id="")
    town.hub.set_repo(town.name, hide_usernames="null")
    with pytest.raises(HubError) as caught:
        look.find(town.client, town.repository, town.row("kiri"))
    assert caught.value.reason == "usernames_hidden"


def test_an_answer_that_names_no_status_is_taken_for_its_list() -> None:
    """A word of the Hub that we do not know gets into no row."""
    item = {"timestamp": "2026-10-06T10:00:00Z", "status": "strange", "grantedBy": {"user": "a\x00b"}, "fields": []}
    found = wire.listed(item, "accepted")
    assert (found.status, found.granted_by, found.fields, found.person) == ("accepted", "ab", {}, None)


def test_a_wish_of_nothing_is_done(town: Town) -> None:
    """No opinion and nothing to close: there is nothing to read for it either."""
    row = HubAccess(repository=town.repository, access="no_opinion", due_at=timezone.now(), wished_at=timezone.now())
    assert to_do(row) is None


def test_somebody_seen_at_another_repository_is_proven(town: Town) -> None:
    """Invariant 10: the Hub's own lists, of whichever linked repository, prove an id."""
    small = second(town)
    stage = town.start()
    town.accepted_there("kiri", small.name)
    observe.observe(small.pk)
    grants.bring_in_all(stage, [town.person("kiri")], by=town.owner)
    settled()
    assert town.stands("kiri") == "accepted"


def test_an_empty_page_is_no_statement(town: Town, django_assert_num_queries: Any) -> None:
    """Nothing to write, nothing asked of the database."""
    with django_assert_num_queries(0):
        sightings.write(town.repository, 1, "pending", {}, asked=timezone.now(), adding=[])


def test_who_cannot_be_brought_in_ends_the_import(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verb that takes nobody (the stage closed meanwhile) does not keep it going for ever."""
    town.accepted_there("earlier")
    town.start()
    monkeypatch.setattr(imports, "bring_in_all", lambda *args, **how: [])
    town.observe()
    assert imports.bring_in_accepted(town.repository) == 0


def test_the_clients_own_timeouts_stay(town: Town) -> None:
    """A call that asks for less than we allow gets less."""
    town.hub.fault("latency", "api/models", ms=1500)
    with pytest.raises(Exception, match="timed out"):
        get_session().get(f"{town.hub.url}/api/models", timeout=0.2)


def test_a_lease_that_another_worker_took_over_is_left_to_it(town: Town) -> None:
    """Held so long that another worker has the row: the late answer only makes it due for a look."""
    town.start()
    town.approved("kiri")
    hold = town.hub.fault("hold", "/batch", times=1)

    def work() -> None:
        settle.settle_due()
        connection.close()

    slow = threading.Thread(target=work)
    slow.start()
    town.hub.wait_held(hold)
    HubAccess.objects.update(lease="another", due_at=None)
    town.hub.release(hold)
    slow.join(20)
    row = town.row("kiri")
    assert row.lease == "another"
    assert row.due_at is not None
    assert row.applied_at is not None


def test_following_a_name_is_recorded_once(town: Town) -> None:
    """The new name, by the hub's own system person; the same name again is no step."""
    for _again in range(2):
        repositories.follow(town.repository, name="aurora-lab/aurora-two")
    [event] = Event.objects.filter(action="repository.follow")
    assert event.actor.username == "hub"
    assert Repository.objects.get().name == "aurora-lab/aurora-two"


def test_a_name_that_another_link_has_is_not_taken(town: Town) -> None:
    """Two links never bear one name."""
    small = second(town)
    repositories.follow(town.repository, name=small.name)
    assert Repository.objects.get(pk=town.repository.pk).name == town.name


def test_a_client_says_nothing_of_its_token() -> None:
    """Only where it talks to."""
    assert repr(HubClient(TOKEN, endpoint="https://hub.example/")) == "<HubClient https://hub.example>"
