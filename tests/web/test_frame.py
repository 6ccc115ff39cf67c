"""What every page shares: where one is, the language, refusals with a fitting head, and pages for what went wrong."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.viewer import Viewer
from gatekeeper import health
from gatekeeper.actions import grants, reviews
from gatekeeper.models import AccessRequest, Grant, Repository, Stage
from gatekeeper.web import urls
from tests import factories

from .conftest import Browse

HERE = re.compile(r'<a href="([^"]+)" aria-current="(page|true)">')


# Where one is


def test_the_navigation_says_where_one_is(
    stage: Stage, aurora: Repository, case: AccessRequest, amara: Viewer, chidi: Viewer, ha: Viewer, browse: Browse
) -> None:
    """The entry itself is the page; what belongs to its room is marked too, whatever its address begins with."""
    policy = stage.policy
    assert policy is not None
    publishers, queue, mine = reverse("web:publishers"), reverse("web:queue"), reverse("web:mine")
    for who, where, entry, how in (
        (amara, publishers, publishers, "page"),
        (amara, reverse("web:stage", args=[stage.pk]), publishers, "true"),
        (amara, reverse("web:edit_release", args=[stage.release_id]), publishers, "true"),
        (amara, reverse("web:repository", args=[aurora.pk]), publishers, "true"),
        (amara, reverse("web:gate_form", args=[policy.form_id]), publishers, "true"),
        (amara, reverse("web:licence_version", args=[policy.licence_version_id]), publishers, "true"),
        (chidi, reverse("web:case", args=[case.pk]), queue, "true"),
        (ha, reverse("web:request", args=[case.pk]), mine, "true"),
        (ha, reverse("web:my_access"), reverse("web:my_access"), "page"),
        (ha, reverse("web:release", args=["aurora-lab", stage.release.slug]), reverse("web:catalogue"), "true"),
        (ha, reverse("web:stage_licence", args=[stage.pk]), reverse("web:catalogue"), "true"),
        (ha, reverse("accounts:api_tokens"), reverse("accounts:overview"), "true"),
    ):
        page = browse(who).get(where).content.decode().partition("<main")[0]
        assert HERE.findall(page) == [(entry, how)], where
    assert HERE.findall(browse(ha).get("/").content.decode().partition("<main")[0]) == []


@pytest.mark.parametrize("name", ["queue", "sync", "api", "accounts", "account", "catalogue", "publishers", "admin"])
def test_no_name_of_a_publisher_hides_a_page(name: str, browse: Browse) -> None:
    """Whatever somebody is called on the Hub, their releases are reached, and so are the pages of that word."""
    owner = factories.account(f"owner-of-{name}")
    stage = factories.open_stage(
        factories.linked(factories.found(owner, name), by=owner, name="one"), by=owner, title="Releases"
    )
    where = reverse("web:release", args=[name, stage.release.slug])
    assert "Releases</h1>" in browse(None).get(where).content.decode()
    for address in (reverse("web:publisher", args=[name]), reverse("web:members", args=[name])):
        assert browse(owner).get(address).status_code == 200


def test_every_address_begins_with_a_word_of_ours() -> None:
    """A name that people choose never stands first."""
    for pattern in urls.urlpatterns:
        assert not str(pattern.pattern).startswith("<"), pattern


# The language


def test_the_language_is_changed_where_one_is(stage: Stage, browse: Browse) -> None:
    """One button, without a page between; a visitor's is kept in a cookie."""
    browser = browse(None)
    where = f"{reverse('web:catalogue')}?q=aurora"
    page = browser.get(where).content.decode()
    assert f'name="next" value="{where}"' in page
    answer = browser.post(reverse("accounts:language"), {"language": "fr", "next": where})
    assert answer["Location"] == where
    assert '<html lang="fr"' in browser.get(where).content.decode()


def test_the_language_of_somebody_signed_in_is_that_of_their_mails_too(ha: Viewer, browse: Browse) -> None:
    """It is kept on the account."""
    assert ha.user is not None
    browse(ha).post(reverse("accounts:language"), {"language": "fr", "next": "/"})
    assert factories.fresh(ha.user).language == "fr"


@pytest.mark.parametrize("wanted", ["", "https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_language_leads_nowhere_else(wanted: str, ha: Viewer, browse: Browse) -> None:
    """To this service only; without a page to go back to it says that it is done."""
    answer = browse(ha).post(reverse("accounts:language"), {"language": "fr", "next": wanted})
    assert answer["Location"] == reverse("accounts:overview")


def test_a_form_that_is_shown_again_leads_back_to_its_page(case: AccessRequest, chidi: Viewer, browse: Browse) -> None:
    """The address that a form was sent to shows nothing by itself, and an error page repeats no query."""
    answer = browse(chidi).post(reverse("web:deny_finally", args=[case.pk]), {"final-seen": case.submission_id})
    assert answer.status_code == 422
    assert f'name="next" value="{reverse("web:case", args=[case.pk])}"' in answer.content.decode()
    lost = browse(chidi).get("/no/such/page", {"token": "gk_secret"})
    assert 'name="next" value="/no/such/page"' in lost.content.decode()
    late = Client(enforce_csrf_checks=True).post(reverse("web:take", args=[case.pk]))
    assert 'name="next" value="/"' in late.content.decode()


# Refusals


def heading(answer: Any) -> str:
    """The first heading of a page."""
    return re.sub(r"\s+", " ", answer.content.decode().partition("<h1>")[2].partition("</h1>")[0]).strip()


def test_a_refusal_says_changed_meanwhile_only_where_it_has(
    stage: Stage, aurora: Repository, case: AccessRequest, amara: Viewer, chidi: Viewer, dana: Viewer, browse: Browse
) -> None:
    """A case that somebody else was faster with; and not a repository that a stage has used all the time."""
    taken = browse(dana).post(reverse("web:take", args=[case.pk]))
    assert (taken.status_code, heading(taken)) == (409, "This has changed meanwhile")
    unlinked = browse(amara).post(reverse("web:unlink", args=[aurora.pk]))
    assert (unlinked.status_code, heading(unlinked)) == (409, "This is not possible as things stand")
    assert "Close the stage first." in unlinked.content.decode()
    reviews.put_back(case, by=chidi)
    late = browse(chidi).post(reverse("web:put_back", args=[case.pk]))
    assert (late.status_code, heading(late)) == (409, "This has changed meanwhile")


# What went wrong


def test_a_page_that_is_not_there_and_one_that_is_not_yours(ha: Viewer, browse: Browse, rf: RequestFactory) -> None:
    """In the frame of every other page, with the way on."""
    lost = browse(ha).get("/no/such/page")
    assert (lost.status_code, heading(lost)) == (404, "There is nothing here")
    assert 'class="brand"' in lost.content.decode()
    request = rf.get("/")
    request.viewer, request.user = ha, ha.user  # type: ignore[attr-defined]  # as the middleware does
    refused = health.forbidden(request)
    assert (refused.status_code, heading(refused)) == (403, "You may not do this")


def test_the_page_for_our_own_faults_asks_no_database(rf: RequestFactory) -> None:
    """Drawn in the theme while nothing else works; the test has no database either."""
    answer = health.broken(rf.get("/"))
    page = answer.content.decode()
    assert (answer.status_code, heading(answer)) == (500, "Something went wrong")
    assert "gatekeeper/theme.css" in page
    assert "gatekeeper/icon.svg" in page


@pytest.mark.django_db
def test_a_database_that_is_away_gives_that_page() -> None:
    """Whatever page was asked for."""

    def away(*args: object) -> None:
        raise OperationalError("the database is away")

    with connection.execute_wrapper(away):
        answer = Client(raise_request_exception=False).get(reverse("web:catalogue"))
    assert (answer.status_code, heading(answer)) == (500, "Something went wrong")


def test_there_is_an_icon(client: Client, db: None) -> None:
    """Also for a browser that asks where no page named one."""
    assert client.get("/favicon.ico")["Location"].endswith(".svg")


def test_a_grant_that_was_withdrawn_has_no_time_to_come(
    grant: Grant, ha: Viewer, amara: Viewer, browse: Browse
) -> None:
    """The request tells until when and on which conditions only while there is something to hold."""
    page = browse(ha).get(reverse("web:request", args=[grant.request_id])).content.decode()
    assert "None but the licence" in page
    grants.revoke(grant, by=amara, codes=["PRIOR_BREACH"], words="No.")
    page = browse(ha).get(reverse("web:request", args=[grant.request_id])).content.decode()
    assert "None but the licence" not in page
    assert "Until when?" not in page
