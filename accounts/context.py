"""What every template knows about who is looking."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def viewer(request: HttpRequest) -> dict[str, Any]:
    """The viewer, and which doors of sign-in are open."""
    return {
        "viewer": getattr(request, "viewer", None),
        "password_sign_in": settings.PASSWORD_SIGN_IN,
        "hub_sign_in": bool(settings.HUB_OAUTH_CLIENT_ID),
        "hub_name": "Hugging Face",
    }
