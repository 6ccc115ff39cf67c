"""How sign-in behaves here, in allauth's terms.

A Hub sign-in is known by its `sub` and by nothing else: no e-mail address, no name, ever links two accounts.
"""

from __future__ import annotations

import re
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.utils import filter_users_by_email
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base.provider import ProviderException
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import ciphers, people
from accounts.models import HUB_ID, HubPerson, User

logger = structlog.get_logger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts with a password: only where the installation allows them."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether somebody may make an account with a password."""
        return bool(settings.PASSWORD_SIGN_IN)

    def new_user(self, request: HttpRequest) -> User:
        """A user who reads the language of the page that they came from."""
        language = (translation.get_language() or "en")[:2]
        return User(language=language if language in User.Language.values else User.Language.ENGLISH)

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Refuse system users by every door, whatever their other flags say."""
        if user.is_system or not user.is_active:
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Somebody who is signed in shows their password again; also where nobody may sign in with one."""
        return bool(user.check_password(password))


class HubAdapter(DefaultSocialAccountAdapter):
    """Sign-in at the Hub."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Everybody with a Hub account may sign in: what they may do is another question."""
        return True

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> Any:
        """Take from the claims what is needed, and let go of the rest before anything is stored."""
        claims = checked_claims(sociallogin.account.extra_data)
        request.hub_claims = claims  # type: ignore[attr-defined]  # handed on to the next step
        sociallogin.account.extra_data = {
            "userinfo": {"sub": claims["sub"], "preferred_username": claims["preferred_username"]}
        }
        user = sociallogin.user
        user.username = claims["preferred_username"]
        user.email = usable_email(claims)
        sociallogin.email_addresses = [
            address for address in sociallogin.email_addresses if user.email and address.email == user.email
        ]
        return user

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """See the person, and refuse what cannot be before anything is tied together."""
        now = timezone.now()
        claims = request.hub_claims  # type: ignore[attr-defined]  # handed on to the next step
        person = HubPerson.objects.see(
            hub_user_id=claims["sub"],
            username=claims["preferred_username"],
            fullname=str(claims.get("name") or ""),
            at=now,
        )
        connecting = sociallogin.state.get("process") == "connect" and request.user.is_authenticated
        user: Any = request.user if connecting else sociallogin.user if sociallogin.is_existing else person.user
        try:
            if user is not None:
                people.refuse_connection(person=person, user=user)
                if not connecting:
                    people.connect(person=person, user=user, at=now)
                    person.user = user
        except people.CannotDo as refused:
            raise ImmediateHttpResponse(
                render(request, "accounts/sign_in_refused.html", {"sentence": str(refused)}, status=403)
            ) from None
        people.remember_orgs(person=person, claims=claims, at=now)
        if user is not None and not connecting and not sociallogin.is_existing:
            # The person is the truth; allauth's own row is missing, so it is made again.
            sociallogin.connect(request, user)

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> Any:
        """Make the user of somebody who signs in for the first time, tied to their Hub person."""
        person = HubPerson.objects.get(hub_user_id=sociallogin.account.uid)
        if not sociallogin.user.username:
            # The name is taken here: the account gets one like it, and the person keeps the name on the Hub.
            sociallogin.user.username = AccountAdapter(request).generate_unique_username([person.username, "person"])
        with transaction.atomic():
            user = super().save_user(request, sociallogin, form)
            people.connect(person=person, user=user)
        return user

    def validate_disconnect(self, account: Any, accounts: Any) -> None:
        """Never: requests, acceptances and access hang on the person."""
        raise ValidationError(_("A Hub identity is connected for good and cannot be removed."))

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Any = None,
        extra_context: Any = None,
    ) -> None:
        """Log which kind of error it was; its words may hold a code or a token, so they stay out."""
        logger.warning("hub_sign_in_failed", error=str(error), reason=type(exception).__name__)


def checked_claims(extra_data: dict[str, Any]) -> dict[str, Any]:
    """The claims about the person, from the Hub's userinfo.

    Raises ProviderException if they do not name a Hub person, or if the ID token names another than the userinfo
    (OpenID Connect Core 1.0, 5.3.2, demands that check).
    """
    claims = extra_data.get("userinfo") or extra_data.get("id_token") or {}
    sub, name = str(claims.get("sub") or ""), str(claims.get("preferred_username") or "")
    token_sub = (extra_data.get("id_token") or {}).get("sub", sub)
    if not re.fullmatch(HUB_ID, sub) or not name or token_sub != sub:
        raise ProviderException("The claims do not name a Hub person.")
    return {**claims, "sub": sub, "preferred_username": name}


def usable_email(claims: dict[str, Any]) -> str:
    """The address that the Hub has verified, unless an account here has it already."""
    email = str(claims.get("email") or "")
    if not email or claims.get("email_verified") is not True:
        return ""
    return "" if filter_users_by_email(email) else email


class SecondFactorAdapter(DefaultMFAAdapter):
    """The second factor: its seeds are encrypted like Hub tokens."""

    def encrypt(self, text: str) -> str:
        """What is stored."""
        return ciphers.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """What was stored."""
        return ciphers.decrypt(encrypted_text)
