"""Sessions live in the database; the cache before them may go away at any time."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.sessions import LONGEST, SessionStore

NOWHERE = "redis://127.0.0.1:9/0"


@pytest.fixture
def ada(db: None) -> Client:
    """Somebody who is signed in."""
    client = Client()
    client.force_login(User.objects.create_user("ada", "ada@example.org", "correct horse battery"))
    return client


def test_people_stay_signed_in_without_the_cache(ada: Client, settings: Any) -> None:
    """And can sign out."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": NOWHERE}}
    assert ada.get("/account/").status_code == 200
    assert ada.post("/account/logout/").status_code == 302
    assert not Session.objects.exists()
    assert ada.get("/account/").status_code == 302


def test_a_session_stands_in_the_cache_for_minutes_only(ada: Client) -> None:
    """Whoever signs out while the cache is away is signed out soon after it is back, whatever it kept."""
    key = SessionStore.cache_key_prefix + ada.cookies["gatekeeper_session"].value
    assert cache.get(key) is not None
    assert 0 < cache._cache.get_client(None).ttl(cache.make_key(key)) <= LONGEST  # type: ignore[attr-defined]  # private on purpose


def test_a_page_asks_the_cache_and_not_the_database(ada: Client, django_assert_num_queries: Any) -> None:
    """While it is there."""
    with django_assert_num_queries(0):
        assert SessionStore(ada.cookies["gatekeeper_session"].value).load()


def test_a_session_that_is_nowhere_is_none(db: None) -> None:
    """An old cookie."""
    store = SessionStore("nothing")
    assert store.load() == {}
    assert not store.exists("nothing")
