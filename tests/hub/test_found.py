"""What a linked repository has, as page and API show it: the report of an import, and what the linter says."""

from __future__ import annotations

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import ApiToken
from accounts.viewer import Viewer

from .conftest import Town

MESSY = """---
license: other
extra_gated_prompt: Read this.
extra_gated_fields:
  Date of birth: date_picker
  Use:
    type: select
    options: [Research, {label: Other, value: other}]
  use: text
  geo: ip_location
---
"""


def api_of(viewer: Viewer) -> APIClient:
    """The API as somebody asks it."""
    client = APIClient()
    _row, secret = ApiToken.objects.issue(user=viewer.user, name="test", scopes=ApiToken.Scope.values)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


@pytest.fixture
def messy(town: Town) -> Town:
    """A repository whose card has some of everything."""
    town.hub.set_repo(town.name, files={"README.md": MESSY})
    return town


def test_the_page_shows_the_report_and_the_linter(messy: Town) -> None:
    """In groups with their titles; why and what to do for each finding of the linter. The Hub is only read."""
    client = Client()
    client.force_login(messy.owner.user)  # type: ignore[arg-type]  # the owner has an account
    shown = client.get(f"/repositories/{messy.repository.pk}/").content.decode()
    for words in ("Dangerous", "Not carried over", "Mended", "differ only in case", "network address"):
        assert words in shown
    assert "Ask for an age attestation" in shown
    assert messy.client.file("model", messy.name, "README.md") == MESSY.encode()


def test_the_api_answers_the_same(messy: Town) -> None:
    """The report in its groups, the questions, and the findings of the linter."""
    answer = api_of(messy.owner).get(f"/api/v1/repositories/{messy.repository.pk}/found/")
    assert answer.status_code == 200
    found = answer.json()
    assert [each["code"] for each in found["dangerous"]] == ["labels_alike"]
    assert {each["code"] for each in found["left"]} == {"words_stay", "ip_location", "no_licence_file"} - (
        {"no_licence_file"} if messy.client.file("model", messy.name, "LICENSE") else set()
    )
    assert [each["code"] for each in found["mended"]] == ["options_mixed"]
    assert "birth_date" in {each["code"] for each in found["findings"]}
    assert [question["kind"] for question in found["questions"]] == ["date", "select", "short_text"]


def test_only_stewards_have_the_hub_asked(messy: Town) -> None:
    """It is asked with the publisher's token."""
    assert api_of(messy.reviewer).get(f"/api/v1/repositories/{messy.repository.pk}/found/").status_code == 403
