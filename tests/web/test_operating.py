"""The operator's console: who is let in, what stands there, what it costs, and what can be done from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import grants, sync
from gatekeeper.models import Grant, Heartbeat, HubAccess, Repository, Stage, SyncPause
from gatekeeper.web.troubles import removals_held
from tests import factories
from tests.again import once

from .conftest import Browse


def text(browser: Client, name: str, *args: Any, **query: Any) -> str:
    """What a page says."""
    answer = browser.get(reverse(f"web:{name}", args=args), query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def parked_row(stage: Stage, who: Viewer, by: Viewer, reason: str = "person_gone") -> HubAccess:
    """A row about which the workers stopped."""
    grant = factories.waiting_grant(stage, who, by=by)
    row = HubAccess.objects.get(person=grant.person)
    HubAccess.objects.filter(pk=row.pk).update(parked_reason=reason, attempts=8)
    return factories.fresh(row)


@pytest.fixture
@once
def revoked(grant: Grant, amara: Viewer) -> Grant:
    """Hà's grant, revoked; the Hub still says that it is accepted."""
    return grants.revoke(grant, by=amara, codes=["PRIOR_BREACH"], words="You shared the weights.")


def test_only_those_who_look_after_releases_come_in(stage: Stage, ha: Viewer, farid: Viewer, browse: Browse) -> None:
    """An auditor sees it and is offered nothing; a requester does not know it."""
    for name in ("sync", "parked"):
        assert browse(ha).get(reverse(f"web:{name}")).status_code == 404
        page = text(browse(farid), name)
        assert "/pause/" not in page
        assert "/again/" not in page
    for name in ("pause_sync", "resume_sync"):
        assert browse(farid).get(reverse(f"web:{name}")).status_code == 404


def test_a_row_says_how_a_repository_stands(
    stage: Stage,
    aurora: Repository,
    grant: Grant,
    ines: Viewer,
    juma: Viewer,
    chidi: Viewer,
    goran: Viewer,
    browse: Browse,
) -> None:
    """Due, told, confirmed, parked; the token's fingerprint, and never the token."""
    factories.waiting_grant(stage, ines, by=chidi)
    parked_row(stage, juma, chidi)
    told = factories.waiting_grant(stage, factories.account("kofi"), by=chidi)
    HubAccess.objects.filter(person=told.person).update(applied_at=timezone.now(), applied_generation=1)
    page = text(browse(goran), "sync")
    row = page[page.index(f'id="repository-{aurora.pk}"') :]
    figures = [row.split(f'data-label="{label}">')[1].split("<")[0].strip() for label in ("Due", "Told", "Confirmed")]
    assert figures == ["1", "1", "1"]
    assert f'id="parked-{aurora.pk}"' in row
    assert aurora.token.fingerprint in page
    assert aurora.token.reveal() not in page


def test_it_costs_the_same_at_any_size(
    aurora_lab: Publisher,
    stage: Stage,
    ines: Viewer,
    chidi: Viewer,
    amara: Viewer,
    goran: Viewer,
    browse: Browse,
    django_assert_max_num_queries: Any,
) -> None:
    """However many repositories there are, however much is due, parked and paused; narrowed or not."""
    parked_row(stage, ines, chidi)
    browser = browse(goran)
    for size in (1, 15):
        for number in range(size):
            other = factories.linked(aurora_lab, by=amara, name=f"other-{size}-{number}")
            factories.hub_says(factories.hub_person(f"kiri-{size}-{number}"), other, "accepted")
            sync.pause(other, by=amara, words="The card is being rewritten.")
        Repository.objects.update(failure="timeout", failing_since=timezone.now())
        for state in ("", "waiting", "parked", "paused", "failing"):
            with django_assert_max_num_queries(12):
                text(browser, "sync", state=state)


def test_filters_stand_in_the_address(
    aurora_lab: Publisher, aurora: Repository, amara: Viewer, goran: Viewer, browse: Browse
) -> None:
    """By a part of the name, and by how it stands."""
    other = factories.linked(aurora_lab, by=amara, name="other")
    sync.pause(other, by=amara, words="The card is being rewritten.")
    browser = browse(goran)
    assert aurora.name not in text(browser, "sync", q="other")
    assert aurora.name not in text(browser, "sync", state="paused")
    assert other.name in text(browser, "sync", state="paused")
    assert other.name not in text(browser, "sync", state="failing")
    assert "No repository stands so." in text(browser, "sync", state="failing")


def test_a_paused_repository_says_that_removals_wait(
    aurora: Repository, revoked: Grant, amara: Viewer, browse: Browse
) -> None:
    """In plain words, and how many."""
    browser = browse(amara)
    before = text(browser, "pause_repository", aurora.pk)
    assert "Removals wait too" in before
    assert "1 person keeps access on the Hub that was taken away here." in before
    address = reverse("web:pause_repository", args=[aurora.pk])
    assert browser.post(address, {"words": " "}).status_code == 422
    assert browser.post(address, {"words": "The card is being rewritten."}).status_code == 302
    page = text(browser, "sync")
    assert "1 person keeps access on the Hub that was taken away here." in page
    assert "The card is being rewritten." in page
    assert "Paused by amara" in page
    assert not HubAccess.objects.due(at=timezone.now()).exists()
    assert "Lose access on the Hub" in text(browser, "resume_repository", aurora.pk)
    assert browser.post(reverse("web:resume_repository", args=[aurora.pk])).status_code == 302
    assert HubAccess.objects.due(at=timezone.now()).count() == 1
    assert browser.post(reverse("web:resume_repository", args=[aurora.pk])).status_code == 409


def test_everything_is_paused_by_operators_only(
    aurora: Repository, amara: Viewer, goran: Viewer, browse: Browse
) -> None:
    """And everybody who works here reads it on every page."""
    assert browse(amara).post(reverse("web:pause_sync"), {"words": "x"}).status_code == 404
    browser = browse(goran)
    assert "Pause everything" in text(browser, "sync")
    browser.post(reverse("web:pause_sync"), {"words": "The Hub is being moved."})
    assert "The sync is paused everywhere" in text(browser, "sync")
    assert "The sync is paused for the whole installation." in text(browse(amara), "queue")
    browser.post(reverse("web:resume_sync"))
    assert not SyncPause.objects.open().exists()


def test_after_a_restore_the_page_names_the_digest(
    aurora: Repository, revoked: Grant, amara: Viewer, goran: Viewer, hub: Viewer, browse: Browse
) -> None:
    """What was looked at is what is agreed to: a stale page is refused, and changes nothing."""
    sync.pause(None, by=hub, after_restore=True)
    Repository.objects.update(observed_at=timezone.now())
    browser, address = browse(goran), reverse("web:resume_sync")
    page = text(browser, "resume_sync")
    digest = page.split('name="confirm" value="')[1].split('"')[0]
    assert page.count("ha-nguyen") == 1
    factories.hub_says(revoked.person, aurora, "rejected")
    assert browser.post(address, {"confirm": digest}).status_code == 409
    assert browser.post(address).status_code == 422
    assert SyncPause.objects.open().exists()
    digest = text(browser, "resume_sync").split('name="confirm" value="')[1].split('"')[0]
    assert browser.post(address, {"confirm": digest}).status_code == 302
    assert SyncPause.objects.get().confirmed == digest


def test_who_has_waited_longest_comes_first(
    stage: Stage, ines: Viewer, juma: Viewer, chidi: Viewer, amara: Viewer, browse: Browse
) -> None:
    """Told or not; what is parked stands elsewhere."""
    browser = browse(amara)
    assert "Nothing is on the way" in text(browser, "on_the_way")
    later = factories.waiting_grant(stage, ines, by=chidi)
    HubAccess.objects.filter(person=later.person).update(due_at=timezone.now() + timedelta(minutes=5))
    factories.waiting_grant(stage, juma, by=chidi)
    parked_row(stage, factories.account("kofi"), chidi)
    page = text(browser, "on_the_way", q="aurora")
    assert page.index("juma") < page.index("ines")
    assert "kofi" not in page


def test_what_is_parked_says_why_and_is_tried_again(
    stage: Stage, ines: Viewer, juma: Viewer, chidi: Viewer, amara: Viewer, browse: Browse
) -> None:
    """One by one, or all of a reason after a look at how many."""
    one, other = parked_row(stage, ines, chidi), parked_row(stage, juma, chidi, "identity_unproven")
    browser = browse(amara)
    page = text(browser, "parked")
    for words in ("ines", "juma", "The account does not exist on the Hub any more.", "End their grant."):
        assert words in page
    assert "juma" not in text(browser, "parked", reason="person_gone").split("The newest first")[1]
    assert "Nobody is parked so." in text(browser, "parked", q="nothing-of-this-name")
    assert browse(chidi).post(reverse("web:again", args=[one.pk])).status_code == 403
    assert browser.post(reverse("web:again", args=[one.pk])).status_code == 302
    assert factories.fresh(one).parked_reason == ""
    assert factories.fresh(other).parked_reason == "identity_unproven"
    assert "Try 1 row again?" in text(browser, "again_all", reason="identity_unproven")
    assert browser.post(reverse("web:again_all"), {"reason": "identity_unproven"}).status_code == 302
    assert factories.fresh(other).parked_reason == ""
    assert browser.get(reverse("web:again_all"), {"reason": "identity_unproven"}).status_code == 404
    assert "Nothing is parked" in text(browser, "parked")


def test_the_list_of_what_is_parked_costs_the_same_at_any_size(
    stage: Stage, chidi: Viewer, goran: Viewer, browse: Browse, django_assert_max_num_queries: Any
) -> None:
    """A page is a page."""
    browser = browse(goran)
    for size in (1, 4):
        for number in range(size):
            parked_row(stage, factories.account(f"person-{size}-{number}"), chidi)
        with django_assert_max_num_queries(8):
            text(browser, "parked")


def test_a_stopped_repository_is_tried_again(aurora: Repository, amara: Viewer, browse: Browse) -> None:
    """From its row."""
    Repository.objects.filter(pk=aurora.pk).update(parked_reason="token_refused")
    browser = browse(amara)
    assert "Once the publisher has a new token" in text(browser, "sync")
    address = reverse("web:again_repository", args=[aurora.pk])
    assert browser.post(address).status_code == 302
    assert factories.fresh(aurora).parked_reason == ""
    assert b"It is not parked any more." in browser.post(address, follow=True).content


# What is wrong with the installation


def test_no_worker_is_a_trouble_on_every_page_of_those_who_work_here(
    stage: Stage, grant: Grant, ha: Viewer, chidi: Viewer, browse: Browse
) -> None:
    """Never seen, not for a while, and there again. Requesters read nothing of it."""
    assert "No worker has been seen yet." in text(browse(chidi), "queue")
    assert "worker" not in text(browse(ha), "my_access")


@pytest.mark.parametrize(("minutes", "missed"), [(2, False), (4, True)])
def test_a_worker_is_missed_after_three_minutes(
    minutes: int, missed: bool, stage: Stage, chidi: Viewer, browse: Browse
) -> None:
    """A sweep comes every ten seconds."""
    Heartbeat.objects.beat("settle", at=timezone.now() - timedelta(minutes=minutes))
    assert ("No worker is to be seen." in text(browse(chidi), "queue")) is missed


def test_pages_go_on_without_the_cache_and_say_so(
    stage: Stage, ha: Viewer, chidi: Viewer, goran: Viewer, browse: Browse, settings: Any
) -> None:
    """People stay signed in; only those who work here read of it."""
    browsers = {who: browse(who) for who in (ha, chidi, goran)}
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    for name, who in (("queue", chidi), ("sync", goran), ("parked", goran)):
        assert "The cache (Valkey or Redis) cannot be reached." in text(browsers[who], name)
    assert "Valkey" not in text(browsers[ha], "my_access")


def test_the_hub_is_away_when_no_repository_can_be_read(
    aurora_lab: Publisher, aurora: Repository, amara: Viewer, browse: Browse
) -> None:
    """One repository that fails is its own trouble; while another is read, the Hub is there."""
    Repository.objects.update(failure="unreachable", failing_since=timezone.now())
    assert "The Hub cannot be reached." in text(browse(amara), "publishers")
    other = factories.linked(aurora_lab, by=amara, name="other")
    Repository.objects.filter(pk=other.pk).update(observed_at=timezone.now())
    page = text(browse(amara), "sync")
    assert "reading fails" in page


def test_a_requester_reads_one_calm_sentence_where_it_takes_long(
    stage: Stage, ha: Viewer, chidi: Viewer, browse: Browse
) -> None:
    """After a quarter of an hour."""
    grant = factories.waiting_grant(stage, ha, by=chidi)
    browser = browse(ha)
    assert "takes longer than usual" not in text(browser, "my_access")
    Grant.objects.filter(pk=grant.pk).update(status_at=timezone.now() - timedelta(minutes=16))
    for name, *about in (("my_access",), ("request", grant.request_id)):
        assert "takes longer than usual" in text(browser, name, *about)


@pytest.mark.parametrize(("number", "words"), [(0, "No removal"), (2, "2 people keep"), (1_001, "More than 1000")])
def test_removals_are_counted_in_words(number: int, words: str) -> None:
    """None, some, many."""
    assert removals_held(number).startswith(words)
