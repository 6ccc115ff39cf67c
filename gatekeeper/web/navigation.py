"""The way around the pages, by role: nobody is shown a door that is not theirs.

A page belongs to the entry of its room: its view stands in gatekeeper/web/views/ under those it is for.
"""

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
    here: str = ""
    apart: bool = False


VIEWS = "gatekeeper.web.views."
ROOMS = {
    f"{VIEWS}catalogue": "web:catalogue",
    f"{VIEWS}reviewing": "web:queue",
    f"{VIEWS}stewarding.drifts": "web:drifts",
    f"{VIEWS}stewarding": "web:publishers",
    f"{VIEWS}operating": "web:sync",
    f"{VIEWS}applying.grants": "web:my_access",
    f"{VIEWS}applying": "web:mine",
    "accounts": "accounts:overview",
    "allauth": "accounts:overview",
}


def room_of(module: str) -> str:
    """Return the name of the entry that a page belongs to, by the module of its view; empty if to none."""
    return next((place for room, place in ROOMS.items() if f"{module}.".startswith(f"{room}.")), "")


def places(viewer: Viewer | None, path: str, module: str = "") -> list[Place]:
    """Return where this viewer can go from the page at this path, whose view stands in this module.

    `here` is “page” for the page itself and “true” for one that belongs to it, as aria-current says it.
    """
    wanted: list[tuple[Any, str, bool]] = [(_("Catalogue"), "web:catalogue", False)]
    if viewer is None or not viewer.is_authenticated:
        wanted.append((_("Sign in"), "account_login", True))
    else:
        if viewer.publishers_with(*READING):
            wanted.append((_("Queue"), "web:queue", False))
        if viewer.publishers_with(*STEWARDING):
            wanted.append((_("Publishers"), "web:publishers", False))
        if viewer.is_operator or viewer.publishers_with(*READING):
            wanted.append((_("Drift"), "web:drifts", False))
            wanted.append((_("Sync"), "web:sync", False))
        wanted.append((_("My requests"), "web:mine", False))
        wanted.append((_("My access"), "web:my_access", False))
        wanted.append((_("My account"), "accounts:overview", True))
    found = []
    for name, address, apart in wanted:
        href = reverse(address)
        here = "page" if path == href else "true" if address == room_of(module) else ""
        found.append(Place(name, href, here, apart))
    return found
