"""A release that is not for all audiences is named by the API, and says no more until that was acknowledged."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.viewer import Viewer
from gatekeeper.models import Release, Repository
from tests import factories
from tests.again import once

pytestmark = pytest.mark.django_db


@pytest.fixture
@once
def flagged(aurora: Repository, amara: Viewer) -> Release:
    """A public release that is not for all audiences."""
    release = factories.open_stage(aurora, by=amara).release
    Release.objects.filter(pk=release.pk).update(not_for_all_audiences=True, summary="What it draws.")
    release.stages.update(audience="Who may see it.")
    return release


def words_at(address: str) -> str:
    return Client().get(address).content.decode()


@pytest.mark.parametrize("path", ["releases/", "releases/{0}/", "releases/{0}/stages/", "stages/"])
def test_invariant_29_words_are_withheld_until_acknowledged(flagged: Release, path: str) -> None:
    """In lists and details; the flag itself is told."""
    address = "/api/v1/" + path.format(flagged.pk)
    before, after = words_at(address), words_at(f"{address}?audience=acknowledged")
    for words in ("What it draws.", "Who may see it."):
        assert words not in before
    assert "What it draws." in after or "Who may see it." in after


def test_a_release_for_everybody_says_all_at_once(flagged: Release) -> None:
    """Nothing has to be acknowledged."""
    Release.objects.filter(pk=flagged.pk).update(not_for_all_audiences=False)
    answer: dict[str, Any] = Client().get(f"/api/v1/releases/{flagged.pk}/").json()
    assert answer["summary"] == "What it draws."
    assert answer["stages"][0]["audience"] == "Who may see it."
