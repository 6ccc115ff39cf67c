"""The way around the pages, by role: nobody is shown a door that is not theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.viewer import Viewer
from gatekeeper.models.repositories import READING, STEWARDING


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation."""

    name: str
    href: str
    here: bool = False
    apart: bool = False


def places(viewer: Viewer | None, path: str) -> list[Place]:
    """Return where this viewer can go from here."""
    wanted: list[tuple[Any, str, bool]] = [(_("Catalogue"), "web:catalogue", False)]
    if viewer is None or not viewer.is_authenticated:
        wanted.append((_("Sign in"), "account_login", True))
    else:
        if viewer.publishers_with(*READING):
            wanted.append((_("Queue"), "web:queue", False))
        if viewer.publishers_with(*STEWARDING):
            wanted.append((_("Publishers"), "web:publishers", False))
        if viewer.is_operator or viewer.publishers_with(*READING):
            wanted.append((_("Sync"), "web:sync", False))
        wanted.append((_("My requests"), "web:mine", False))
        wanted.append((_("My access"), "web:my_access", False))
        wanted.append((_("My account"), "accounts:overview", True))
    found = []
    for name, address, apart in wanted:
        href = reverse(address)
        found.append(Place(name, href, path.startswith(href), apart))
    return found
