"""The pages of re-acceptance campaigns: whom one would ask, from when, how far it has come."""

from __future__ import annotations

import re
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.viewer import Viewer
from gatekeeper import clock
from gatekeeper.actions import campaigns
from gatekeeper.models import Acceptance, Campaign, Grant, Stage
from tests import factories

from .conftest import Browse


def go(browser: Client, page: str, /, *args: Any, **sent: Any) -> str:
    """Open a page, or send its form and read the page that follows; its words, without marks."""
    where = reverse(f"web:{page}", args=args)
    answer = browser.post(where, sent, follow=True) if sent else browser.get(where)
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_a_steward_asks_everybody_and_follows_it(
    stage: Stage, grant: Grant, ha: Viewer, amara: Viewer, browse: Browse
) -> None:
    """Prepare, look, schedule, follow, halt, go on, call off: by forms, without JavaScript."""
    browser = browse(amara)
    version = factories.licence(stage.release.publisher, by=amara, text=factories.NEW_TEXT)
    assert "Ask everybody to accept it" in go(browser, "licence_version", version.pk)
    assert "Access of people who do not accept in time lapses" in go(browser, "prepare_campaign", version.pk)
    preview = go(browser, "prepare_campaign", version.pk, grace_days=30)
    campaign = Campaign.objects.get()
    assert "1 person , who holds 1 grant" in preview
    where = reverse("web:schedule_campaign", args=[campaign.pk])
    assert browser.post(where, {"confirmed": 4}).status_code == 422
    assert browser.post(where, {"confirmed": "x"}).status_code == 422
    assert browser.post(where, {"confirmed": 1, "starts_at": "2001-01-01T00:00"}).status_code == 422
    assert "Scheduled." in go(browser, "schedule_campaign", campaign.pk, confirmed=1)
    clock.carry_on()
    page = go(browser, "campaign", campaign.pk)
    assert "0 of 1 grant accepted" in page
    assert "Nobody’s access lapses by it" in go(browser, "halt_campaign", campaign.pk, yes="1")
    assert "as many days left as before" in go(browser, "resume_campaign", campaign.pk, yes="1")
    browser.post(reverse("web:halt_campaign", args=[campaign.pk]))
    assert "Nobody is waited for any more" in go(browser, "call_off_campaign", campaign.pk, yes="1")
    assert "Called off" in go(browser, "campaigns")


def test_its_person_reads_what_changed_and_is_back_with_one_click(
    stage: Stage, grant: Grant, ha: Viewer, amara: Viewer, browse: Browse
) -> None:
    """From my access to the licence, with the version that they accepted before, and what lapses without it."""
    campaign = factories.running_campaign(stage, by=amara)
    browser = browse(ha)
    page = go(browser, "grant_licence", grant.pk)
    assert "You accepted version 1." in page
    assert "Without it your access lapses on" in page
    assert "Added You must not sell it." in go(browser, "licence_changes", campaign.licence_version_id)
    where = reverse("web:grant_licence", args=[grant.pk])
    assert browser.post(where, factories.hashes(campaign.licence_version)).status_code == 302
    assert Acceptance.objects.filter(person=ha.person).count() == 2


def test_it_is_its_publishers_alone(
    stage: Stage, grant: Grant, amara: Viewer, chidi: Viewer, juma: Viewer, browse: Browse
) -> None:
    """A reviewer reads it and may not; a stranger finds nothing, and has no list."""
    campaign = factories.prepared_campaign(stage, by=amara)
    for page in ("campaign", "campaigns"):
        args = [campaign.pk] if page == "campaign" else []
        assert browse(juma).get(reverse(f"web:{page}", args=args)).status_code == 404
        assert browse(chidi).get(reverse(f"web:{page}", args=args)).status_code == 200
    assert browse(juma).get(reverse("web:prepare_campaign", args=[campaign.licence_version_id])).status_code == 404
    for page in ("schedule_campaign", "call_off_campaign"):
        assert browse(juma).post(reverse(f"web:{page}", args=[campaign.pk]), {"confirmed": 1}).status_code == 404
        assert browse(chidi).post(reverse(f"web:{page}", args=[campaign.pk]), {"confirmed": 1}).status_code == 403


def test_the_lists_cost_the_same_for_one_as_for_four(
    stage: Stage, amara: Viewer, browse: Browse, django_assert_num_queries: Any
) -> None:
    """Of campaigns and of licence versions, on pages and over the API."""
    browser = browse(amara)
    places = ("/campaigns/", "/publishers/aurora-lab/licences/", "/api/v1/campaigns/", "/api/v1/licence-versions/")
    campaigns.call_off(factories.prepared_campaign(stage, by=amara), by=amara)
    counts = []
    for place in places:
        browser.get(place)  # what is kept in the cache for everybody is there by then
        with CaptureQueriesContext(connection) as counted:
            assert browser.get(place).status_code == 200
        counts.append(len(counted))
    for number in range(3):
        made = factories.prepared_campaign(stage, by=amara, text=b"You must not sell it %d times." % number)
        campaigns.call_off(made, by=amara)
    for place, count in zip(places, counts, strict=True):
        with django_assert_num_queries(count):
            browser.get(place)
