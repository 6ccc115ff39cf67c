"""Each page, for each person of the cast: what is not theirs is not there."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from accounts.viewer import Viewer
from gatekeeper.models import AccessRequest, Grant, Stage

from .conftest import Browse

PUBLIC = ("home", "catalogue", "release", "stage_licence")
SIGNED_IN = ("mine", "my_access", "my_data", "erase_my_data", "start", "publishers", "prove")
REQUESTERS = ("request", "relinquish")
STAFF = (
    "queue",
    "publisher",
    "members",
    "tokens",
    "webhook",
    "edit_release",
    "stage",
    "stage_grants",
    "gate_form",
    "gate_forms",
    "sync",
    "repository",
)
CAST = ("nobody", "juma", "ha", "chidi", "bram", "amara", "farid", "goran")
WORKING_THERE = {"chidi", "bram", "amara", "farid"}


def address(name: str, grant: Grant) -> str:
    """The address of a page about the things of a grant."""
    stage = grant.stage
    policy = stage.policy
    assert policy is not None
    about: dict[str, Any] = {
        "release": [stage.release.publisher.name, stage.release.slug],
        "publisher": [stage.release.publisher.name],
        "members": [stage.release.publisher.name],
        "tokens": [stage.release.publisher.name],
        "webhook": [stage.release.publisher.name],
        "request": [grant.request_id],
        "case": [grant.request_id],
        "relinquish": [grant.pk],
        "edit_release": [stage.release.pk],
        "gate_form": [policy.form_id],
        "gate_forms": [stage.release.publisher.name],
        "repository": [stage.repositories.get().pk],
        "stage_licence": [stage.pk],
        "start": [stage.pk],
        "stage": [stage.pk],
        "stage_grants": [stage.pk],
    }
    return reverse(f"web:{name}", args=about.get(name))


@pytest.fixture
def cast(request: pytest.FixtureRequest) -> dict[str, Viewer]:
    """Everybody, by name."""
    return {name: request.getfixturevalue(name) for name in CAST}


@pytest.mark.parametrize("name", PUBLIC)
def test_it_shows_what_is_public_to_everybody(name: str, grant: Grant, cast: dict[str, Viewer], browse: Browse) -> None:
    """The catalogue and the page of a release need no account."""
    seen = {who: browse(viewer).get(address(name, grant)).status_code for who, viewer in cast.items()}
    assert set(seen.values()) == {200}, seen


@pytest.mark.parametrize("name", SIGNED_IN)
def test_it_asks_a_visitor_to_sign_in(name: str, grant: Grant, cast: dict[str, Viewer], browse: Browse) -> None:
    """Pages about oneself lead a visitor to the sign-in, and back afterwards."""
    where = address(name, grant)
    answer = browse(None).get(where)
    assert (answer.status_code, answer["Location"]) == (302, f"{reverse('account_login')}?next={where}")
    assert all(browse(cast[who]).get(where).status_code == 200 for who in CAST if who != "nobody")


@pytest.mark.parametrize("name", STAFF)
def test_it_hides_a_publishers_pages_from_others(
    name: str, grant: Grant, cast: dict[str, Viewer], browse: Browse
) -> None:
    """Somebody else's object is not there."""
    may = WORKING_THERE | ({"goran"} if name in {"sync", "repository", "tokens"} else set())
    found = {who: browse(cast[who]).get(address(name, grant)).status_code for who in CAST if who != "nobody"}
    assert found == {who: 200 if who in may else 404 for who in found}


def test_it_shows_a_case_to_its_person_and_to_those_who_review_it(
    grant: Grant, cast: dict[str, Viewer], browse: Browse
) -> None:
    """Each side is led to its own page of the case; to all others there is none."""
    request, case = address("request", grant), address("case", grant)
    assert browse(cast["ha"]).get(request).status_code == 200
    assert browse(cast["ha"]).get(case)["Location"] == request
    for who in WORKING_THERE:
        assert browse(cast[who]).get(case).status_code == 200
        assert browse(cast[who]).get(request)["Location"] == case
    for who in ("juma", "goran"):
        assert browse(cast[who]).get(case).status_code == browse(cast[who]).get(request).status_code == 404


def test_it_shows_what_somebody_holds_to_them_alone(grant: Grant, cast: dict[str, Viewer], browse: Browse) -> None:
    """Giving back is for the holder."""
    found = {who: browse(cast[who]).get(address("relinquish", grant)).status_code for who in CAST if who != "nobody"}
    assert found == {who: 200 if who == "ha" else 404 for who in found}


@pytest.mark.parametrize(
    ("name", "verb"),
    [("take", "case"), ("approve", "case"), ("deny_finally", "case"), ("withdraw", "request"), ("draft", "request")],
)
def test_it_hides_others_cases_from_those_who_send_a_form(
    name: str, verb: str, case: AccessRequest, juma: Viewer, ines: Viewer, browse: Browse
) -> None:
    """A form sent about somebody else's case finds nothing, and changes nothing."""
    before = AccessRequest.objects.values("status", "status_at").get(pk=case.pk)
    for who in (juma, ines):
        assert browse(who).post(reverse(f"web:{name}", args=[case.pk])).status_code == 404
    assert AccessRequest.objects.values("status", "status_at").get(pk=case.pk) == before


def test_it_refuses_what_a_role_does_not_allow(
    stage: Stage, grant: Grant, chidi: Viewer, farid: Viewer, browse: Browse
) -> None:
    """Who sees a stage but may not move it is told so: 403, and nothing is changed."""
    for who in (chidi, farid):
        for name, thing in (("open_stage", stage), ("pause", stage), ("close", stage), ("revoke", grant)):
            answer = browse(who).post(
                reverse(f"web:{name}", args=[thing.pk]), {"codes": ["PRIOR_BREACH"], "words": "Enough."}
            )
            assert answer.status_code == 403, name
            assert b"Nothing was changed" in answer.content
    assert Stage.objects.get(pk=stage.pk).status == "open"


def test_it_takes_only_the_methods_of_a_page(case: AccessRequest, chidi: Viewer, browse: Browse) -> None:
    """Nothing is changed by following a link."""
    for name in ("take", "approve", "ask_back"):
        assert browse(chidi).get(reverse(f"web:{name}", args=[case.pk])).status_code == 405
    assert browse(None).head(reverse("web:catalogue")).status_code == 200


def test_it_keeps_what_is_personal_out_of_caches(case: AccessRequest, ha: Viewer, browse: Browse) -> None:
    """A page for one person is not stored on the way."""
    answer = browse(ha).get(reverse("web:request", args=[case.pk]))
    assert "no-store" in answer["Cache-Control"]
