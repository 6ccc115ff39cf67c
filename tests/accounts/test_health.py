"""Probes, and the pages for when something is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import structlog
from django.test import Client, RequestFactory

from gatekeeper import checks, health


def test_alive_needs_nothing(client: Client) -> None:
    """No database, no host name, no https."""
    answer = client.get("/healthz", headers={"Host": "10.0.0.1"})
    assert (answer.status_code, answer.content) == (200, b"alive\n")


@pytest.mark.django_db
def test_ready_asks_what_requests_need(client: Client) -> None:
    """Database, cache and migrations."""
    answer = client.get("/readyz", headers={"Host": "10.0.0.1"})
    assert answer.json() == {"ready": True, "database": "ok", "cache": "ok", "migrations": "ok"}


@pytest.mark.django_db
def test_ready_without_the_cache(client: Client, settings: Any) -> None:
    """Pages go on without it: a balancer that sent nobody here would take them all away. It is named."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"], answer.json()["cache"]) == (200, True, "failed")


@pytest.mark.django_db
def test_not_ready_says_what_and_not_why(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason stands in the log: an address or a password might be in it."""

    def broken() -> bool:
        raise ConnectionError("postgres://secret-host")

    monkeypatch.setitem(health.PROBES, "database", broken)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "failed"
    assert b"secret-host" not in answer.content


@pytest.mark.django_db
def test_a_missing_page_says_what_to_do(client: Client) -> None:
    """404 for people."""
    answer = client.get("/no/such/page")
    assert answer.status_code == 404
    assert b"There is nothing here" in answer.content


@pytest.mark.django_db
def test_a_form_without_its_token_says_what_to_do() -> None:
    """The usual cause is a page left open for days."""
    answer = Client(enforce_csrf_checks=True).post("/account/language/", {"language": "fr"})
    assert answer.status_code == 403
    assert b"out of date" in answer.content


def test_an_error_never_shows_the_exception(rf: RequestFactory) -> None:
    """500: fixed words, no query behind them, and the number by which the log is searched."""
    with structlog.contextvars.bound_contextvars(request_id="number-7"):
        answer = health.broken(rf.get("/"))
    assert answer.status_code == 500
    assert b"Something went wrong" in answer.content
    assert b"number-7" in answer.content


@pytest.mark.django_db
def test_a_role_that_may_empty_the_record_is_found(settings: Any) -> None:
    """Row triggers do not see TRUNCATE; the check of a production database says so, and of no other."""
    assert checks.record_is_append_only(databases=["default"]) == []
    settings.PRODUCTION = True
    assert [found.id for found in checks.record_is_append_only(databases=["default"])] == ["gatekeeper.W010"]
    assert checks.record_is_append_only(databases=None) == []


def test_readable_key_files_are_found(settings: Any, tmp_path: Path) -> None:
    """A key that others on the machine can read is no secret."""
    settings.GATEKEEPER_DATA = tmp_path
    file = tmp_path / "signing.key"
    file.write_text("key")
    file.chmod(0o644)
    assert [found.id for found in checks.key_files()] == ["gatekeeper.W009"]
    file.chmod(0o600)
    assert checks.key_files() == []
