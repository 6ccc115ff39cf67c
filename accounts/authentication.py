"""The API's door: a bearer token, and the viewer that it makes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.viewer import Viewer


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer gk_…`; `request.auth` is the ApiToken."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The user and token, None without a bearer header; raises AuthenticationFailed (401) for a bad one."""
        scheme, _space, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() != self.keyword.lower().encode():
            return None
        token = ApiToken.objects.find(secret.decode("ascii", "replace").strip())
        if token is None:
            raise AuthenticationFailed(_("This token is unknown, expired or revoked. Make a new one on your account."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Makes the answer 401 with WWW-Authenticate, not 403."""
        return f'{self.keyword} realm="gatekeeper"'


def viewer_of(request: Any) -> Viewer:
    """The viewer of a request of the API: one per request, with the token's scopes if it came with a token."""
    http_request = getattr(request, "_request", request)
    known = getattr(http_request, "_api_viewer", None)
    if known is None:
        token = request.auth if isinstance(getattr(request, "auth", None), ApiToken) else None
        known = Viewer.of(request.user, scopes=None if token is None else token.scopes)
        http_request._api_viewer = known
    return known
