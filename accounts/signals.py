"""What happens at a sign-in."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import user_logged_in
from allauth.socialaccount.signals import social_account_added
from django.dispatch import receiver

from accounts import people
from accounts.middleware import SESSION_LANGUAGE
from accounts.models import HubPerson


@receiver(social_account_added)
def tie_person(request: Any, sociallogin: Any, **kwargs: Any) -> None:
    """An account with a password has connected a Hub identity: from now on they are one."""
    person = HubPerson.objects.get(hub_user_id=sociallogin.account.uid)
    try:
        people.connect(person=person, user=sociallogin.user)
    except people.CannotDo:
        # Only when two connections race past the first check: the later one leaves nothing behind.
        sociallogin.account.delete()
        raise


@receiver(user_logged_in)
def speak_their_language(request: Any, user: Any, **kwargs: Any) -> None:
    """The chosen language goes into the session, so that no page has to read the user for it."""
    request.session[SESSION_LANGUAGE] = user.language
