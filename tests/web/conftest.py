"""Browsing as somebody, without a browser: Django's client, signed in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.viewer import Viewer
from gatekeeper.actions.releases import change_release
from gatekeeper.models import AccessRequest, Grant, Repository, Stage
from tests import factories
from tests.again import once

Browse = Callable[[Viewer | None], Client]


@pytest.fixture
def browse(db: None) -> Browse:
    """A function: the pages as somebody sees them (None: a visitor)."""

    def as_somebody(who: Viewer | None) -> Client:
        client = Client()
        if who is not None and who.user is not None:
            client.force_login(who.user)
        return client

    return as_somebody


@pytest.fixture
@once
def case(stage: Stage, ha: Viewer, chidi: Viewer) -> AccessRequest:
    """Hà's request, in review by Chidi."""
    return factories.in_review(stage, ha, by=chidi)


@pytest.fixture
@once
def grant(stage: Stage, ha: Viewer, chidi: Viewer) -> Grant:
    """Hà's grant, active."""
    return factories.active_grant(stage, ha, by=chidi)


@pytest.fixture
@once
def flagged(aurora: Repository, amara: Viewer) -> Stage:
    """An open stage of a release that is not for all eyes."""
    stage = factories.open_stage(aurora, by=amara, title="Night faces")
    release = stage.release
    change_release(release, by=amara, title=release.title, summary="A dataset of faces.", not_for_all_audiences=True)
    return factories.fresh(stage)
