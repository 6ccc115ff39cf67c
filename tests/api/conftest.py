"""How the tests of the API ask: as somebody, with a token of some scopes, or with a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import ApiToken
from accounts.viewer import Viewer

Asking = Callable[..., APIClient]


@pytest.fixture
def asking(db: None) -> Asking:
    """A client of somebody: with a token of all scopes, or of those named."""

    def client_of(viewer: Viewer, *scopes: str) -> APIClient:
        client = APIClient()
        client.default_format = "json"
        if viewer.user is not None:
            _row, secret = ApiToken.objects.issue(user=viewer.user, name="test", scopes=scopes or ApiToken.Scope.values)
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return client_of


def problem(answer: Any, status: int, code: str = "") -> dict[str, Any]:
    """The problem that was answered, after a look at its shape."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert {"type", "title", "detail", "code"} <= set(body)
    assert all(body[name] for name in ("type", "title", "detail", "code"))
    if code:
        assert body["code"] == code
    return body
