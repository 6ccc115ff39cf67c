"""What is wrong with the installation, in words, for those who look after releases. Requesters read none of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.viewer import Viewer
from gatekeeper.alarms import Standing, standing
from gatekeeper.models.alarms import MOST_REMOVALS
from gatekeeper.models.repositories import READING


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong: what, since when if that is known, what it means, and where to look."""

    title: str
    since: datetime | None
    meaning: str
    href: str = ""
    grave: bool = False


def troubles(viewer: Viewer | None, *, fresh: bool = False) -> list[Trouble]:
    """Return what a viewer who works here is told on every page; nothing to anybody else."""
    if viewer is None or not (viewer.is_operator or viewer.publishers_with(*READING)):
        return []
    return list(in_words(standing(fresh=fresh)))


def in_words(found: Standing) -> list[Trouble]:
    """Return how the installation stands as troubles, the gravest first."""
    now, told = found.alarms, []
    if now.paused_since is not None:
        told.append(
            Trouble(
                _("After a restore, the sync is paused until somebody has confirmed what would be told.")
                if now.after_restore
                else _("The sync is paused for the whole installation."),
                now.paused_since,
                " ".join([_("Nothing is told to the Hub."), removals_held(now.removals_waiting)]),
                reverse("web:sync"),
                grave=True,
            )
        )
    if found.worker_missing:
        told.append(
            Trouble(
                _("No worker is to be seen.") if now.worker_seen else _("No worker has been seen yet."),
                now.worker_seen,
                _("Until one runs, nothing is told to the Hub and no mail is sent. Nothing is lost meanwhile."),
                grave=True,
            )
        )
    if now.hub_away_since is not None:
        told.append(
            Trouble(
                _("The Hub cannot be reached."),
                now.hub_away_since,
                _("Whatever is decided here counts, and the Hub is told once it is back."),
            )
        )
    if found.cache_away:
        told.append(
            Trouble(
                _("The cache (Valkey or Redis) cannot be reached."),
                None,
                _("Pages go on and nothing is lost, but workers are not woken: what is decided here waits for them."),
            )
        )
    return told


def removals_held(number: int) -> str:
    """Return how many removals wait, in plain words."""
    if not number:
        return _("No removal of access waits.")
    if number > MOST_REMOVALS:
        return _("More than %(number)s people keep access on the Hub that was taken away here.") % {
            "number": MOST_REMOVALS
        }
    return ngettext(
        "%(number)s person keeps access on the Hub that was taken away here.",
        "%(number)s people keep access on the Hub that was taken away here.",
        number,
    ) % {"number": number}
