"""Signing in at the sandbox Hub the way a browser does."""

from __future__ import annotations

import http.cookiejar
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import Publisher, User
from gatekeeper.hub.sandbox.control import SandboxControl


class Stay(HTTPRedirectHandler):
    """A redirect is an answer to look at, not to follow."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Follow nothing."""


@pytest.fixture
def sign_in(sandbox: SandboxControl) -> Callable[..., HttpResponse]:
    """A function: sign in (or connect) at the Hub as somebody, and get the answer to the way back."""

    def through_the_hub(browser: Client, name: str, process: str = "login") -> HttpResponse:
        browser.defaults["SERVER_NAME"] = "127.0.0.1"  # the sandbox sends nobody beyond loopback
        to_hub = browser.post(f"/account/oidc/huggingface/login/?process={process}")
        assert to_hub.status_code == 302, to_hub.content
        return browser.get(chosen_at_the_hub(to_hub["Location"], name))  # type: ignore[return-value]  # a test response

    return through_the_hub


def chosen_at_the_hub(address: str, name: str) -> str:
    """The address that the Hub sends the browser back to, once this person was chosen."""
    asked = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
    assert asked["code_challenge_method"] == "S256", "PKCE is on"
    opener = build_opener(Stay, HTTPCookieProcessor(http.cookiejar.CookieJar()))
    request = Request(address.partition("?")[0], urlencode({**asked, "person": name}).encode())
    with pytest.raises(HTTPError) as sent_back, opener.open(request, timeout=10):
        pass
    with sent_back.value as answer:
        assert answer.code in (302, 303), answer.read()
        return str(answer.headers["Location"])


@pytest.fixture
def ada(db: None) -> User:
    """Somebody with a password."""
    return User.objects.create_user("ada", "ada@example.org", "correct horse battery")


@pytest.fixture
def publisher(ada: User) -> Publisher:
    """A publisher that Ada made."""
    return Publisher.objects.create(name="lab", kind="organisation", created_by=ada)
