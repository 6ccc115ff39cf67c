"""Nouns of people: users, Hub persons, publishers, memberships, tokens. Nothing here knows a gate.

A person of the Hub is known by the Hub's id, never by name or e-mail address.
"""

from accounts.models.hub_people import HUB_ID, HubName, HubPerson
from accounts.models.publishers import Membership, Publisher
from accounts.models.tokens import ApiToken, HubToken
from accounts.models.users import User

__all__ = ["HUB_ID", "ApiToken", "HubName", "HubPerson", "HubToken", "Membership", "Publisher", "User"]
