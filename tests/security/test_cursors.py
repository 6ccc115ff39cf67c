"""Cursors that nobody was given: each is refused as a cursor, and none reaches a query."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.db import models
from django.test import Client

from gatekeeper.models import Release, Repository, Stage
from gatekeeper.models.paging import BadCursor, page

FOREIGN: tuple[Any, ...] = (
    None, True, 1, 1.5, float("inf"), "", "x", "\x00", "2026-01-01", "2026-01-01T00:00:00", [], {},
)  # fmt: skip
LISTS = [(Release, "-id"), (Release, "-published_at"), (Repository, "name"), (Stage, "ordinal")]


def cursor_of(value: Any) -> str:
    """A cursor that holds this."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "order"), LISTS)
@pytest.mark.parametrize("value", FOREIGN)
def test_a_crafted_key_breaks_nothing(model: type[models.Model], order: str, value: Any) -> None:
    """The page is refused, or, where the value could be one, is a page like another."""
    column = order.removeprefix("-")
    for held in ({"id": value}, {column: value, "id": "1"}, {column: "1", "id": value}):
        try:
            assert page(model._default_manager.all(), order=order, cursor=cursor_of(held)).rows == []
        except BadCursor:
            continue


@pytest.mark.django_db
@pytest.mark.parametrize("sent", [b"[" * 5_000, b"[]", b"1", b"\xff", b"{", b"\x00"])
def test_what_is_no_cursor_is_a_bad_one(sent: bytes) -> None:
    """Also where it is nested deeper than can be read."""
    with pytest.raises(BadCursor):
        page(Release.objects.all(), order="-id", cursor=base64.urlsafe_b64encode(sent).decode())


@pytest.mark.django_db
@pytest.mark.parametrize("value", FOREIGN)
def test_the_public_pages_refuse_it(value: Any) -> None:
    """404 on pages, 400 in the API; never an error of ours."""
    browser = Client()
    cursor = cursor_of({"published_at": value, "id": "1"})
    assert browser.get("/catalogue/", {"after": cursor}).status_code == 404
    answer = browser.get("/api/v1/releases/", {"cursor": cursor_of({"id": value})})
    assert answer.status_code == 400, answer.content
