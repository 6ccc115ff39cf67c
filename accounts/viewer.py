"""Who is asking: one Viewer per request, which loads roles once, when they are first asked for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from accounts.models import HubPerson, Membership, User


class Viewer:
    """A user (or nobody) with roles, and the scopes of the token that they came with.

    `scopes` is None for a full session and for a system user, else the scopes of an API token.
    """

    def __init__(self, user: User | None, scopes: frozenset[str] | None = None) -> None:
        self.user = user
        self.scopes = scopes

    @classmethod
    def anonymous(cls) -> Viewer:
        """Nobody: sees what is public."""
        return cls(None)

    @classmethod
    def of(cls, user: Any, scopes: Iterable[str] | None = None) -> Viewer:
        """A signed-in user, or nobody if the user is None, anonymous or no longer active."""
        known = isinstance(user, User) and (user.is_active or user.is_system)
        return cls(user if known else None, None if scopes is None else frozenset(scopes))

    @classmethod
    def system(cls, name: str) -> Viewer:
        """The system user of this name: the clock, the Hub."""
        return cls(User.objects.system(name))

    @property
    def is_authenticated(self) -> bool:
        """Whether this is somebody."""
        return self.user is not None

    @property
    def is_operator(self) -> bool:
        """Whether this person looks after the installation."""
        return self.user is not None and self.user.is_operator and not self.user.is_system

    @property
    def is_system(self) -> bool:
        """Whether this is a system user and not a person."""
        return self.user is not None and self.user.is_system

    @property
    def system_name(self) -> str:
        """The name of the system user; empty for people."""
        return self.user.username if self.user is not None and self.user.is_system else ""

    @cached_property
    def person(self) -> HubPerson | None:
        """The Hub person of this user, if one is connected."""
        return None if self.user is None else HubPerson.objects.filter(user=self.user).first()

    @cached_property
    def _roles(self) -> dict[int, frozenset[str]]:
        roles: dict[int, set[str]] = {}
        if self.user is not None:
            for publisher, role in Membership.objects.filter(user=self.user).values_list("publisher_id", "role"):
                roles.setdefault(publisher, set()).add(role)
        return {publisher: frozenset(held) for publisher, held in roles.items()}

    def roles_at(self, publisher_id: int) -> frozenset[str]:
        """The roles held at this publisher."""
        return self._roles.get(publisher_id, frozenset())

    def publishers_with(self, *roles: str) -> frozenset[int]:
        """The ids of the publishers where any of these roles is held; of all where any role is, if none is named."""
        return frozenset(at for at, held in self._roles.items() if not roles or held.intersection(roles))

    def __repr__(self) -> str:
        return f"<Viewer {self.user.pk if self.user else 'nobody'}>"
