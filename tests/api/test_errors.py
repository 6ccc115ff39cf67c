"""Every refusal is a problem: a status, a stable code, a sentence in the reader's language, the fields at fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings as project
from django.db import OperationalError
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import ApiToken
from accounts.viewer import Viewer
from gatekeeper.api.views.requests import Requests
from gatekeeper.models import Stage
from tests import factories

from .conftest import Asking, problem

JSON = "application/json"


def test_it_refuses_nobody_with_401(asking: Asking, nobody: Viewer) -> None:
    """With the scheme that would help."""
    answer = asking(nobody).get("/api/v1/requests/")
    problem(answer, 401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_it_refuses_a_token_that_is_none(nobody: Viewer, db: None) -> None:
    """Also on an address that needs none: a mistaken token is said, not ignored."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer gk_nothing")
    problem(client.get("/api/v1/releases/"), 401, "authentication_failed")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "parse_error"),
        (b"\xff", 400, "parse_error"),
        (b"[" * 100_000, 400, "parse_error"),
        (b'{"stage": NaN}', 400, "parse_error"),
        (b'{"stage": "\\u0000"}', 400, "parse_error"),
        (b'{"\\u0000": 1}', 400, "parse_error"),
        (b'{"stage": "\\ud800"}', 400, "parse_error"),
        (b"[]", 422, "invalid"),
        (b'"x"', 422, "invalid"),
        (b"{}", 422, "invalid"),
        (b'{"stage": 99999999999999999999}', 422, "invalid"),
        (b'{"stage": 1, "stagee": 2}', 422, "invalid"),
        (b'{"stage": 4711}', 404, "not_found"),
    ],
)
def test_it_refuses_a_body_that_cannot_be_taken(
    asking: Asking, ha: Viewer, body: bytes, status: int, code: str
) -> None:
    """What is no JSON is 400; what is JSON of the wrong shape is 422."""
    problem(asking(ha).generic("POST", "/api/v1/requests/", body, content_type=JSON), status, code)


def test_it_names_a_field_that_it_does_not_know(asking: Asking, stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """A misspelt condition is not lost in silence."""
    case = factories.in_review(stage, ha, by=chidi)
    decision = {"submission": case.submission_id, "codes": ["ELIGIBLE"], "words": "Yes.", "condition": ["Only here."]}
    refused = asking(chidi).post(f"/api/v1/requests/{case.pk}/approve/", decision)
    assert problem(refused, 422, "invalid")["fields"] == {
        "condition": {"code": "unknown_field", "detail": "This is not taken here."}
    }


def test_it_names_a_fault_inside_a_list(asking: Asking, amara: Viewer, aurora_lab: Any) -> None:
    """By the path that leads there."""
    form = {"title": "Form", "questions": [{"key": "why", "label": {"en": "Why?"}, "kind": "essay"}]}
    refused = asking(amara).post(f"/api/v1/publishers/{aurora_lab.pk}/gate-forms/", form)
    assert set(problem(refused, 422, "invalid")["fields"]) == {"questions.0.kind"}


def test_it_refuses_a_large_body(asking: Asking, ha: Viewer) -> None:
    """Before it is read whole."""
    body = b'{"stage": "' + b"x" * project.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}'
    problem(asking(ha).generic("POST", "/api/v1/requests/", body, content_type=JSON), 413, "too_large")


def test_it_refuses_another_type(asking: Asking, ha: Viewer) -> None:
    """JSON alone is read."""
    answer = asking(ha).generic("POST", "/api/v1/requests/", b"stage=1", content_type="text/plain")
    problem(answer, 415, "unsupported_media_type")


def test_it_refuses_another_method(asking: Asking, ha: Viewer) -> None:
    """And says which there are."""
    answer = asking(ha).delete("/api/v1/requests/")
    problem(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"


@pytest.mark.parametrize("address", ["", "nothing/", "nothing", "requests/0/", "requests/x/", "requests/1/admit/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "BREW"])
def test_it_says_that_there_is_nothing(asking: Asking, ha: Viewer, address: str, method: str) -> None:
    """An address that is none is a problem too, not a page."""
    status = 405 if address == "requests/0/" and method != "GET" else 404
    problem(asking(ha).generic(method, f"/api/v1/{address}"), status)


def test_it_sends_on_an_address_without_its_slash(asking: Asking, stage: Stage, ha: Viewer) -> None:
    """With method, body and query."""
    answer = asking(ha).post("/api/v1/requests?x=1", {"stage": stage.pk})
    assert (answer.status_code, answer["Location"]) == (308, "/api/v1/requests/?x=1")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("cursor=nonsense", 400, "bad_cursor"),
        ("cursor=eyJpZCI6ICJ4In0", 400, "bad_cursor"),
        ("page_size=0", 422, "invalid"),
        ("page_size=201", 422, "invalid"),
        ("page_size=x", 422, "invalid"),
        ("status=lost", 422, "invalid"),
        ("stage=99999999999999999999999", 422, "invalid"),
        ("person=%00", 422, "invalid"),
    ],
)
def test_it_refuses_a_query_that_cannot_be_taken(
    asking: Asking, ha: Viewer, query: str, status: int, code: str
) -> None:
    """A query that cannot be parsed shows nothing."""
    problem(asking(ha).get(f"/api/v1/requests/?{query}"), status, code)


def test_it_speaks_the_language_of_its_reader(asking: Asking, stage: Stage, ha: Viewer) -> None:
    """The code stays; the answer says its language may differ."""
    answer = asking(ha).get("/api/v1/requests/4711/", headers={"Accept-Language": "fr"})
    problem(answer, 404, "not_found")
    assert answer["Content-Language"] == "fr"


def test_a_busy_database_is_said_to_be_busy(asking: Asking, ha: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, with a time to come back."""

    def busy(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("canceling statement due to lock timeout: secret 4711")

    monkeypatch.setattr(Requests, "get", busy)
    answer = asking(ha).get("/api/v1/requests/")
    problem(answer, 503, "busy")
    assert answer["Retry-After"] == "5"
    assert b"4711" not in answer.content


def test_what_breaks_shows_nothing_of_itself(asking: Asking, ha: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    """500, without the exception."""

    def broken(*args: Any, **kwargs: Any) -> None:
        raise LookupError("secret 4711")

    monkeypatch.setattr(Requests, "get", broken)
    client = asking(ha)
    client.raise_request_exception = False
    answer = client.get("/api/v1/requests/")
    problem(answer, 500, "broken")
    assert b"4711" not in answer.content


@pytest.mark.parametrize("address", ["requests/", "requests/4711/", "releases/"])
def test_no_answer_is_kept_on_the_way(asking: Asking, ha: Viewer, address: str) -> None:
    """What one person sees is not served to the next from a cache."""
    assert asking(ha).get(f"/api/v1/{address}")["Cache-Control"] == "no-store"


# Sessions and tokens


def session_of(viewer: Viewer) -> Client:
    """A client with a session, whose forgeries are looked for."""
    client = Client(enforce_csrf_checks=True)
    assert viewer.user is not None
    client.force_login(viewer.user)
    return client


def test_a_session_reads_and_needs_a_csrf_token_to_change(stage: Stage, ha: Viewer) -> None:
    """Another site cannot make a browser ask for access."""
    client = session_of(ha)
    assert client.get("/api/v1/requests/").json() == {"next": None, "results": []}
    body = json.dumps({"stage": stage.pk})
    problem(client.post("/api/v1/requests/", body, content_type=JSON), 403, "permission_denied")
    client.get("/account/tokens/")
    token = client.cookies["gatekeeper_csrf"].value
    made = client.post("/api/v1/requests/", body, content_type=JSON, headers={"X-CSRFToken": token})
    assert made.status_code == 201


@pytest.mark.parametrize(
    ("method", "address", "body", "scope"),
    [
        ("get", "requests/", None, "read"),
        ("get", "releases/", None, "read"),
        ("get", "access?repository=a/b&user=ha-nguyen", None, "read"),
        ("post", "requests/", {"stage": 1}, "apply"),
        ("post", "stages/1/start/", {}, "apply"),
        ("post", "requests/1/submit/", {}, "apply"),
        ("post", "requests/1/answer_back/", {}, "apply"),
        ("post", "grants/1/relinquish/", {}, "apply"),
        ("post", "requests/1/take/", {}, "review"),
        ("post", "requests/1/approve/", {}, "review"),
        ("post", "grants/1/revoke/", {}, "steward"),
        ("post", "stages/1/open/", {}, "steward"),
        ("post", "releases/1/publish/", {}, "steward"),
        ("post", "publishers/1/repositories/", {}, "steward"),
        ("post", "publishers/1/people/", {}, "steward"),
        ("post", "publishers/1/hub-hook/", {}, "steward"),
        ("post", "hub-hooks/1/rotate-secret/", {}, "steward"),
        ("post", "hub-hooks/1/switch-off/", {}, "steward"),
        ("post", "repositories/1/take-up-again/", {}, "operate"),
        ("delete", "publishers/1/people/1/owner/", {}, "steward"),
    ],
)
def test_a_token_does_what_its_scopes_say(
    asking: Asking, ha: Viewer, method: str, address: str, body: Any, scope: str
) -> None:
    """Without the scope: 403 that names it, before anything is looked for. With it: whatever comes next."""
    others = [each for each in ApiToken.Scope.values if each != scope]
    refused = problem(getattr(asking(ha, *others), method)(f"/api/v1/{address}", body), 403, "scope_missing")
    assert f"“{scope}”" in refused["detail"]
    assert getattr(asking(ha, scope), method)(f"/api/v1/{address}", body).status_code not in (401, 403)


def test_it_asks_who_asks_too_often_to_wait(asking: Asking, ha: Viewer, nobody: Viewer, settings: Any) -> None:
    """Each account has its own count, and so has each address."""
    settings.API_PER_MINUTE, settings.API_PER_MINUTE_ANONYMOUS = 3, 1
    client = asking(ha)
    answers = [client.get("/api/v1/releases/") for _time in range(8)]  # a minute may turn in between, once
    assert [answer.status_code for answer in answers].count(200) in (3, 6)
    refused = next(answer for answer in answers if answer.status_code == 429)
    problem(refused, 429, "throttled")
    assert 0 <= int(refused["Retry-After"]) <= 60
    stranger = asking(nobody)
    assert 429 in [stranger.get("/api/v1/releases/").status_code for _time in range(3)]


def test_a_cache_that_is_away_holds_nobody_up(asking: Asking, ha: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may be done is never asked of the cache."""
    from redis.exceptions import ConnectionError as Away

    from gatekeeper.api import throttling

    class NoCache:
        def add(self, *args: Any, **kwargs: Any) -> None:
            raise Away

    monkeypatch.setattr(throttling, "cache", NoCache())
    assert asking(ha).get("/api/v1/releases/").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "requests/?satge=1&status=submitted",
        "grants/?satge=1",
        "releases/?satge=1",
        "stages/?satge=1",
        "repositories/?satge=1",
        "hub-access/?satge=1",
        "gate-forms/?satge=1",
        "licence-versions/?satge=1",
        "events/?satge=1",
        "publishers/?satge=1",
        "access?repository=a/b&user=x&satge=1",
    ],
)
def test_it_names_a_parameter_that_it_does_not_know(address: str, asking: Asking, amara: Viewer) -> None:
    """A misspelt filter would answer with everything, and the script would believe it."""
    body = problem(asking(amara).get(f"/api/v1/{address}"), 400, "unknown_parameter")
    assert set(body["fields"]) == {"satge"}


def test_a_conflict_says_in_words_where_it_stands(asking: Asking, stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """The code is for scripts; the sentence holds no name of a state."""
    case = factories.submitted(stage, ha)
    body = problem(asking(chidi).post(f"/api/v1/requests/{case.pk}/put_back/", {}), 409, "wrong_state")
    assert "“Waiting for a reviewer”" in body["detail"]
