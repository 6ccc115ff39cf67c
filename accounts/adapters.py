"""How sign-in behaves here, in allauth's terms."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """Accounts."""


class HubAdapter(DefaultSocialAccountAdapter):
    """Sign-in at the Hub."""


class SecondFactorAdapter(DefaultMFAAdapter):
    """The second factor."""
