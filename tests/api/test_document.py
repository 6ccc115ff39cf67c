"""The OpenAPI document, the page to try it on, and answers to whatever anybody sends."""

from __future__ import annotations

import json
import re
from collections import Counter
from io import StringIO
from typing import Any
from urllib.parse import urlencode

import hypothesis
import pytest
import schemathesis
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import translation
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from rest_framework.test import APIClient
from schemathesis.core import NotSet

from accounts import people
from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper import models
from gatekeeper.api import urls
from gatekeeper.api.views import linking
from gatekeeper.hub import adopt
from gatekeeper.hub.port import HubError, Word
from gatekeeper.models import Stage
from tests import factories
from tests.conftest import PROJECT

from .conftest import Asking

DOCUMENT = PROJECT / "docs" / "openapi.yaml"


def test_the_document_is_that_of_the_code() -> None:
    """`make openapi` writes it anew."""
    fresh = StringIO()
    with translation.override("en"):
        call_command("spectacular", "--validate", "--fail-on-warn", stdout=fresh)
    assert fresh.getvalue() == DOCUMENT.read_text()
    assert DOCUMENT.read_text().startswith("openapi: 3.1.0\n")


def test_every_address_stands_in_the_document() -> None:
    """None is forgotten, and every operation can be refused as a problem."""
    document = schemathesis.openapi.from_path(DOCUMENT).raw_schema
    known = {re.sub(r"\{\w+\}", "*", path) for path in document["paths"]}
    routed = {
        "/api/v1/" + re.sub(r"<[\w:]+>", "*", str(pattern.pattern))
        for pattern in urls.urlpatterns
        if pattern.name not in (None, "schema", "docs")
    }
    assert known == routed
    for operations in document["paths"].values():
        for operation in operations.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]


@pytest.mark.django_db
def test_the_page_to_try_it_asks_nobody_else() -> None:
    """Script, style and document are our own files, and the content policy stays as strict as elsewhere."""
    client = Client()
    page = client.get("/api/v1/docs/")
    policy = page["Content-Security-Policy"]
    assert "unsafe" not in policy
    text = page.content.decode()
    assert "<style" not in text
    assert re.search(r"<script(?! src=)", text) is None
    loaded = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(loaded) == 5
    for address in loaded:
        assert address.startswith("/")
        file = client.get(address)
        file.close()
        assert file.status_code == 200
    script = client.get("/api/v1/docs/?script=")
    assert "javascript" in script["Content-Type"]
    assert b"/api/v1/schema/" in script.content


# Whatever anybody sends

EXAMPLES = 5


@pytest.fixture
def owner(asking: Asking, stage: Stage, amara: Viewer, chidi: Viewer, ha: Viewer) -> APIClient:
    """Somebody who may do almost everything, in a world with a case and a grant."""
    factories.active_grant(stage, ha, by=chidi)
    assert amara.user is not None
    people.appoint(publisher=stage.release.publisher, user=amara.user, role="reviewer", by=amara.user)
    client = asking(amara)
    client.raise_request_exception = False
    return client


@pytest.mark.slow
def test_nothing_that_fits_the_document_breaks_it(
    owner: APIClient, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bodies, queries and ids of every shape that the document allows, on things that are there and that are not."""
    settings.API_PER_MINUTE = 10**6
    monkeypatch.setattr(linking.adopt, "link_repository", no_hub)
    monkeypatch.setattr(linking.adopt, "what_to_start_from", no_hub)
    monkeypatch.setattr(linking.adopt, "licence_of", no_hub)
    monkeypatch.setattr(linking.adopt, "prove_namespace", no_hub)
    monkeypatch.setattr(linking.adopt, "what_a_link_has", no_hub)
    monkeypatch.setattr(linking.previews, "asked_preview", no_hub)
    monkeypatch.setattr(linking.previews, "refuse_unseen", no_hub)
    there = {noun: model.objects.latest("pk").pk for noun, model in THINGS.items()}
    broken: list[Any] = []
    answers: Counter[int] = Counter()

    def try_out(operation: Any) -> None:
        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), real=st.integers(0, 3))
        def send(case: Any, real: int) -> None:
            noun = case.path.split("/")[3]
            if real and "id" in case.path_parameters:
                case.path_parameters["id"] = there.get(noun, 1)  # of the others there is none here
            with transaction.atomic():
                answer = sent(owner, case)
                transaction.set_rollback(True)
            answers[answer.status_code] += 1
            if answer.status_code >= 500 and answer.json()["code"] != "hub_away":
                broken.append((case.method, case.formatted_path, case.query, case.body, answer.content))

        send()

    for found in schemathesis.openapi.from_path(DOCUMENT).get_all_operations():
        try_out(found.ok())
    assert broken == []
    assert {200, 404, 422} <= set(answers), "hardly anything was reached"


THINGS: dict[str, Any] = {
    "requests": models.AccessRequest,
    "grants": models.Grant,
    "stages": models.Stage,
    "releases": models.Release,
    "repositories": models.Repository,
    "hub-access": models.HubAccess,
    "gate-forms": models.GateForm,
    "licence-versions": models.LicenceVersion,
    "events": models.Event,
    "publishers": Publisher,
}


def sent(client: APIClient, case: Any) -> Any:
    """Send a case of the document as it is."""
    query = urlencode(case.query or {}, doseq=True, errors="replace")
    body = b"" if isinstance(case.body, NotSet) else json.dumps(case.body).encode()
    return client.generic(case.method, f"{case.formatted_path}?{query}", body, content_type="application/json")


def no_hub(*args: Any, **kwargs: Any) -> None:
    """The Hub is not what is tried out here."""
    raise adopt.CannotAsk(HubError(Word.STOP, "token_refused"))
