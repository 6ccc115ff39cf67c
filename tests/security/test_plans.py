"""A stage that is planned on a published release is its publisher's own until the ladder is published again."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import releases
from gatekeeper.models import Stage
from tests import factories

SECRET = "aurora-next"


@pytest.fixture
def planned(stage: Stage, aurora_lab: Publisher, amara: Viewer) -> Stage:
    """The next stage of an open release, with a repository that nobody has heard of."""
    repository = factories.linked(aurora_lab, by=amara, name=SECRET)
    return releases.add_stage(stage.release, by=amara, title="Stage for the next model", repositories=[repository])


def addresses(planned: Stage) -> list[str]:
    """Where its name could be read."""
    release = planned.release
    return [
        "/",
        "/catalogue/",
        f"/catalogue/{release.publisher.name}/{release.slug}/",
        "/api/v1/stages/",
        f"/api/v1/releases/{release.pk}/",
        f"/api/v1/releases/{release.pk}/stages/",
    ]


def told(browser: Client, planned: Stage) -> list[str]:
    """The addresses that tell of it."""
    pages = {where: browser.get(where).content.decode() for where in addresses(planned)}
    return [where for where, page in pages.items() if SECRET in page or planned.title in page]


def test_a_plan_is_told_to_nobody_else(planned: Stage, ha: Viewer) -> None:
    """Neither to a visitor nor to somebody who is signed in; nor is its name confirmed to who guesses it."""
    browser = Client()
    assert told(browser, planned) == []
    assert browser.get(f"/api/v1/stages/{planned.pk}/").status_code == 404
    assert browser.get(f"/stages/{planned.pk}/licence/").status_code == 404
    name = f"{planned.release.publisher.name}/{SECRET}"
    assert browser.get("/api/v1/releases/", {"repository": name}).json()["results"] == []
    assert browser.get("/api/v1/stages/", {"repository": name}).json()["results"] == []
    assert ha.user is not None
    browser.force_login(ha.user)
    assert told(browser, planned) == []
    assert browser.get(f"/stages/{planned.pk}/apply/").status_code == 404


def test_its_publishers_people_see_it(planned: Stage, chidi: Viewer) -> None:
    """They work on it."""
    browser = Client()
    assert chidi.user is not None
    browser.force_login(chidi.user)
    assert f"/api/v1/releases/{planned.release_id}/" in told(browser, planned)


def test_it_is_public_once_the_ladder_says_it(planned: Stage, amara: Viewer) -> None:
    """Publishing the ladder announces it."""
    releases.publish_ladder(planned.release, by=amara)
    assert told(Client(), planned)
    assert Client().get(f"/api/v1/stages/{planned.pk}/").status_code == 200
