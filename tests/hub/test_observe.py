"""Reading the Hub's lists: who waits, who was there before us, who is gone, and what is not believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gatekeeper.actions import grants, repositories, stages
from gatekeeper.hub import adopt, budget, observe, settle
from gatekeeper.hub.bucket import Said
from gatekeeper.hub.port import Need
from gatekeeper.models import AccessRequest, Card, Drift, Grant, HubAccess, Repository
from tests import factories

from .conftest import ANSWERS, CARD, LICENCE, TOKEN, Town, calls, hurry, lease_over, settled


def second(town: Town) -> Repository:
    """Another linked repository of the same publisher."""
    town.hub.create_repo("aurora-lab/small", gated="manual", card=CARD, files={"LICENSE": LICENCE}, by="amara")
    return adopt.link_repository(town.publisher, by=town.owner, kind="model", name="aurora-lab/small")


def test_it_brings_in_each_hub_request_once(town: Town) -> None:
    """However often the lists are read, a request on the Hub is one case here, with its answers."""
    town.start()
    town.asks("kiri")
    town.observe()
    town.observe()
    case = AccessRequest.objects.get()
    assert case.submission is not None
    assert case.submission.answers == {"affiliation": "University of Hà Nội", "i_accept_the_licence": True}


def test_it_reads_a_list_of_several_pages(town: Town) -> None:
    """1,000 a page, by the Hub's own links, in a constant number of statements a page."""
    town.start()
    town.hub.seed(town.name, {"accepted": 2300})
    town.observe()
    assert HubAccess.objects.filter(seen="accepted").count() == 2300
    assert len(calls(town, "/accepted", "GET")) >= 3


def test_it_writes_a_page_in_few_statements(town: Town) -> None:
    """A thousand people cost as many statements as ten."""
    town.hub.seed(town.name, {"accepted": 10})
    town.observe()
    town.hub.seed(town.name, {"accepted": 10}, prefix="few")
    with CaptureQueriesContext(connection) as few:
        town.observe()
    town.hub.seed(town.name, {"accepted": 900}, prefix="more")
    with CaptureQueriesContext(connection) as many:
        town.observe()
    assert len(many) == len(few)


def test_it_reads_again_a_list_that_ends_at_a_full_page(town: Town) -> None:
    """A list of exactly 1,000 may have lost its next page: it is read in pages of another length."""
    town.hub.seed(town.name, {"accepted": 1500})
    town.hub.fault("no_next", "/accepted", times=1)
    town.observe()
    assert HubAccess.objects.filter(seen="accepted").count() == 1500
    assert Repository.objects.get().observed_at is not None


def test_it_takes_no_absence_from_a_list_that_cannot_be_read_whole(town: Town) -> None:
    """Where every length ends at a full page, nobody is said to be gone."""
    town.hub.seed(town.name, {"accepted": 1500})
    town.observe()
    town.hub.fault("no_next", "/accepted")
    town.observe()
    assert HubAccess.objects.filter(seen="accepted").count() == 1500


def test_it_takes_absence_as_a_fact_after_a_complete_run(town: Town) -> None:
    """Who left the lists is not accepted any more; where a settled wish says otherwise, it is looked at closely."""
    town.start()
    town.active("kiri")
    town.accepted_there("ghost")
    town.observe()
    assert [row.person.username for row in HubAccess.objects.ghosts()] == ["ghost"]
    for name in ("kiri", "ghost"):
        town.hub.set_status(town.name, name, "none")
    town.observe()
    assert not HubAccess.objects.ghosts().exists()
    assert town.row("ghost").seen == "unknown"
    assert town.row("ghost").due_at is None
    assert town.row("kiri").due_at is not None
    settled()
    assert town.row("kiri").seen == "none"
    assert town.row("kiri").due_at is None
    assert Drift.objects.get(status="open").kind == "missing_access"


def test_it_takes_no_absence_from_a_run_that_broke_off(town: Town) -> None:
    """A failure in the middle changes nothing about those who were not read."""
    town.hub.seed(town.name, {"accepted": 1200})
    town.observe()
    town.hub.fault("status", "/accepted", status=500, times=1)
    town.observe()
    assert HubAccess.objects.filter(seen="accepted").count() == 1200
    assert Repository.objects.get().observe_attempts == 1
    assert Repository.objects.get().observe_leased_until is None


def test_it_takes_a_run_up_where_it_broke_off(town: Town) -> None:
    """After a failure the same run goes on at the same page."""
    town.hub.seed(town.name, {"accepted": 2500})
    town.observe()
    run = Repository.objects.get().observe_run
    town.hub.fault("status", "cursor|/accepted", status=503, when="before", method="GET")
    town.hub.clear_faults()
    pages = {"seen": 0}
    further = observe.HubClient.further

    def stumbling(self: Any, address: str, **how: Any) -> Any:
        pages["seen"] += 1
        if pages["seen"] == 2:
            town.hub.fault("status", "/accepted", status=503, times=1)
        return further(self, address, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(observe.HubClient, "further", stumbling)
        town.observe()
    assert Repository.objects.get().observe_attempts == 1
    assert Repository.objects.get().observe_run == run + 1
    town.hub.clear_journal()
    town.observe()
    assert Repository.objects.get().observe_run == run + 1
    assert Repository.objects.get().observe_attempts == 0
    assert len(calls(town, "/accepted", "GET")) == 1
    assert not calls(town, "/pending", "GET")


def test_it_begins_again_when_nobody_remembers_where(town: Town) -> None:
    """With the cache gone a run simply begins anew."""
    town.observe()
    cache.clear()
    town.observe()
    assert Repository.objects.get().observe_run == 2


def test_one_worker_observes_a_repository_at_a_time(town: Town) -> None:
    """A repository in another's hands is left alone until that lease is over."""
    Repository.objects.update(observe_leased_until=timezone.now() + timedelta(minutes=1))
    assert observe.observe(town.repository.pk) is False
    lease_over()
    assert observe.observe(town.repository.pk) is True


def test_it_observes_what_is_due_and_comes_back_in_a_minute(town: Town) -> None:
    """Each repository is read each minute, the longest due first."""
    second(town)
    observe.observe_all()
    due = Repository.objects.values_list("observe_due_at", flat=True)
    assert all(timedelta(seconds=30) < at - timezone.now() < timedelta(seconds=60) for at in due)
    town.hub.clear_journal()
    observe.observe_all()
    assert town.hub.journal() == []


def test_it_brings_in_who_was_accepted_before_the_stage_opened(town: Town) -> None:
    """Accepted people become imported grants, terms unproven; the Hub is told nothing (invariant 11)."""
    town.accepted_there("earlier")
    town.observe()
    assert not Grant.objects.exists()
    town.start()
    town.hub.clear_journal()
    town.observe()
    settled()
    grant = town.grant("earlier")
    assert grant.is_imported
    assert grant.terms_unproven
    assert grant.status == "active"
    assert not [call for call in town.hub.journal() if call["method"] != "GET"]


def test_it_leaves_who_was_accepted_later_as_a_ghost(town: Town) -> None:
    """Accepted on the Hub's page after the stage opened, without a grant from here: shown, not brought in."""
    town.start()
    town.observe()
    town.accepted_there("later")
    town.observe()
    settled(2)
    assert not Grant.objects.exists()
    assert [row.person.username for row in HubAccess.objects.ghosts()] == ["later"]
    assert town.stands("later") == "accepted"


def test_it_brings_in_only_who_is_accepted_everywhere(town: Town) -> None:
    """With two repositories in a stage, an import would otherwise write to the Hub."""
    small = second(town)
    for name in ("both", "only-one"):
        town.accepted_there(name)
    town.accepted_there("both", small.name)
    stage = factories.planned_stage(town.repository, small, by=town.owner)
    stages.open_stage(stage, by=town.owner)
    settle.settle_due()
    for repository in (town.repository, small):
        observe.observe(repository.pk)
    observe.observe(town.repository.pk)
    assert [grant.person.username for grant in Grant.objects.all()] == ["both"]


def test_it_stops_where_names_are_hidden(town: Town) -> None:
    """Rows without a person park the repository by name; nothing opens there."""
    town.start()
    town.asks("kiri")
    town.hub.set_repo(town.name, hide_usernames="null")
    town.observe()
    assert Repository.objects.get().parked_reason == "usernames_hidden"
    assert not AccessRequest.objects.exists()
    town.hub.set_repo(town.name, hide_usernames=None)
    town.observe()
    assert Repository.objects.get().parked_reason == ""
    assert AccessRequest.objects.count() == 1


@pytest.mark.parametrize("hidden", [True, "null"])
def test_it_still_takes_access_away_where_names_are_hidden(town: Town, hidden: Any) -> None:
    """Nothing opens, but what has to be closed is closed by id, and read back by the request's own id."""
    town.start()
    grant = town.active("leaving")
    town.approved("coming")
    town.hub.set_repo(town.name, hide_usernames=hidden)
    town.observe()
    grants.revoke(grant, by=town.owner, codes=["PRIOR_BREACH"], words="You shared the weights.")
    for _sweep in range(3):
        settle.settle_due()
        hurry()
    assert town.stands("leaving") == "rejected"
    assert town.row("leaving").due_at is None
    assert town.stands("coming") == "pending"


def test_it_ignores_a_page_that_is_older_than_what_was_told(town: Town) -> None:
    """A page asked for before the Hub was told says nothing about the row."""
    town.start()
    town.approved("kiri")
    item = town.client.requests("model", town.name, "pending").items[0]
    before = timezone.now()
    settled()
    from gatekeeper.hub import sightings

    row = town.row("kiri")
    sightings.write(town.repository, 99, "pending", {row.person_id: item}, asked=before, adding=[row.person_id])
    assert town.row("kiri").seen == "accepted"


def test_it_reads_all_lists_when_many_have_to_be_found(town: Town) -> None:
    """Many removals at once are confirmed by reading the further lists, not by asking for each person."""
    town.start()
    names = [town.asks(f"person-{number}") for number in range(15)]
    town.observe()
    town.approve(*names)
    settled()
    everyone = list(Grant.objects.all())
    Grant.objects.update(ends_at=timezone.now())
    grants.expire_all(everyone)
    town.hub.clear_journal()
    settled()
    assert {town.stands(name) for name in names} == {"reset"}
    assert not HubAccess.objects.unsettled().exists()
    assert not [call for call in town.hub.journal("GET") if "q=" in call["query"]]


def test_it_says_none_of_those_in_no_list_at_all(town: Town) -> None:
    """With all four lists read, who is in none has no request: they are accepted by id."""
    stage = town.start(intake="here")
    names = [f"invited-{number}" for number in range(12)]
    for name in names:
        town.applies(stage, name)
    town.approve(*names)
    settled(20)
    assert {town.stands(name) for name in names} == {"accepted"}
    assert len(calls(town, "/grant")) == 12


def test_it_keeps_the_card_when_there_was_a_commit(town: Town) -> None:
    """A new commit's card is kept beside the older ones; one that cannot be read leaves a finding."""
    town.hub.set_repo(town.name, files={"README.md": "---\n<<<<<<< HEAD\n---\n"})
    town.observe()
    newest = Card.objects.latest("pk")
    assert Card.objects.count() == 2
    assert newest.findings[0]["code"] == "merge_conflict"
    assert Repository.objects.get().seen_commit == newest.commit


def test_it_notes_how_the_repository_is_gated(town: Town) -> None:
    """What was read of the repository stands on it."""
    town.hub.set_gated(town.name, "auto")
    town.hub.set_repo(town.name, visibility="private")
    town.observe()
    assert (Repository.objects.get().seen_gate, Repository.objects.get().seen_private) == ("auto", True)


def test_it_parks_a_refused_token_and_comes_back_later(town: Town) -> None:
    """A reading that is refused is parked with its name, and tried again after some minutes."""
    town.hub.revoke_token(TOKEN)
    town.observe()
    repository = Repository.objects.get()
    assert repository.parked_reason == "token_refused"
    assert repository.observe_due_at > timezone.now() + timedelta(minutes=4)


def test_it_gives_the_budget_to_other_calls_first(town: Town) -> None:
    """Reading lists stops while a fifth of the budget is left, until less is kept back; changes go on."""
    town.start()
    town.approved("kiri")
    town.hub.options(quota={"api": 1000})
    call = budget.spend(budget.name_of(TOKEN), Need.REMOVE)
    budget.answered(call, Said(150, 300, 1000, 300))
    town.observe()
    assert Repository.objects.get().observe_due_at > timezone.now() + timedelta(seconds=60)
    settle.settle_due()
    assert town.stands("kiri") == "accepted"


def test_it_does_not_observe_what_was_unlinked(town: Town) -> None:
    """An unlinked repository is not read any more."""
    repositories.unlink(town.repository, by=town.owner)
    assert observe.observe(town.repository.pk) is False


def test_a_reading_that_was_asked_for_meanwhile_comes_at_once(town: Town) -> None:
    """Somebody who asks for a reading during one gets another."""
    finish = observe._finish

    def asked(*args: Any) -> None:
        Repository.objects.update(observe_due_at=datetime(2020, 1, 1, tzinfo=UTC))
        finish(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(observe, "_finish", asked)
        town.observe()
    assert Repository.objects.get().observe_due_at.year == 2020


def test_somebody_who_asked_before_is_in_the_queue_when_the_stage_opens(town: Town) -> None:
    """Who pressed the button while no stage was open waits there, and comes in with the first reading after."""
    town.asks("kiri")
    town.observe()
    assert not AccessRequest.objects.exists()
    town.start()
    town.observe()
    assert AccessRequest.objects.get().person.username == "kiri"
    assert ANSWERS["Affiliation"] == AccessRequest.objects.get().submission.answers["affiliation"]  # type: ignore[union-attr,index]
