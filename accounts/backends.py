"""Who may sign in with a password, and whose session counts."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.http import HttpRequest

from accounts.models import User


class PeopleBackend(AuthenticationBackend):
    """Passwords only where the installation allows them; a system user never, by no door."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Any:
        """The user of these credentials, or None."""
        return super().authenticate(request, **credentials) if settings.PASSWORD_SIGN_IN else None

    def user_can_authenticate(self, user: Any) -> bool:
        """Also asked for every request of a session, so closing an account ends its sessions."""
        return isinstance(user, User) and user.is_active and not user.is_system
