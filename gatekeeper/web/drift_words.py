"""Drift in words: what differs, how grave it is, why somebody is let in, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext, gettext_lazy

from gatekeeper.models import Drift
from gatekeeper.rules.drift import GHOST_REASONS, KINDS, DriftKind, Owner, Severity
from gatekeeper.rules.drift import DriftStatus as D

from .at_the_hub import why_parked
from .words import GATES, SEEN, Standing

_ = gettext_lazy

STANDING: Mapping[str, Standing] = {
    D.OPEN: Standing(_("waits for a decision"), "warn"),
    D.REPAIRING: Standing(_("being undone"), "warn"),
    D.REPAIRED: Standing(_("undone, and read back"), "good"),
    D.RECORDED: Standing(_("recorded"), "good"),
    D.EXCEPTED: Standing(_("allowed until a day")),
    D.OVER: Standing(_("over by itself")),
}
SEVERITIES: Mapping[str, Standing] = {
    Severity.CRITICAL: Standing(_("critical"), "bad"),
    Severity.SERIOUS: Standing(_("serious"), "warn"),
    Severity.NOTICE: Standing(_("to know")),
}


def of_drift(drift: Drift) -> Standing:
    """Return where something that differs stands."""
    return STANDING[drift.status]


def of_severity(severity: str) -> Standing:
    """Return how soon somebody should look."""
    return SEVERITIES[severity]


def drift_label(kind: str) -> str:
    """Return what a kind of drift is called."""
    return gettext(KINDS[DriftKind(kind)].label)


def drift_meaning(drift: Drift) -> str:
    """Return what it means."""
    return gettext(drift.about.meaning)


def drift_reason(drift: Drift) -> str:
    """Return why the Hub lets somebody in, as far as that can be told; empty for other kinds."""
    message = GHOST_REASONS.get(drift.facts.get("why", ""))
    return gettext(message) % {"by": drift.by_username} if message else ""


TOUCHES: Mapping[str, Any] = {
    "gate": _("the gate’s text or questions"),
    "licence": _("the licence"),
    "audience": _("the audience tag"),
    "unread": _("more than we could read: look at it on the Hub"),
}


def drift_touches(drift: Drift) -> str:
    """Return what a pull request would change, in words; empty for other kinds."""
    return ", ".join(str(TOUCHES.get(each, each)) for each in drift.facts.get("touches", ()))


def drift_address(drift: Drift) -> str:
    """Return the address of a pull request on the Hub; empty for other kinds."""
    number = drift.facts.get("pull_request")
    return f"{settings.HUB_ENDPOINT}/{drift.repository.path}/discussions/{number}" if number else ""


OWNERS: Mapping[str, Any] = {
    Owner.SAME: _("the same"),
    Owner.RENAMED: _("the same, under a new name"),
    Owner.ANOTHER: _("another one"),
    Owner.UNKNOWN: _("the Hub did not say; it is asked again"),
}


def drift_owner(drift: Drift) -> str:
    """Return whose a repository with another name is; empty for other kinds."""
    return str(OWNERS[drift.facts["owner"]]) if "owner" in drift.facts else ""


def drift_names(drift: Drift) -> str:
    """Return the names of the members who pass, the newest first, and how many more; empty for other kinds."""
    names = drift.facts.get("names", [])
    more = drift.facts.get("members", 0) - len(names)
    if not names or (more <= 0 and not drift.facts.get("more")):
        return ", ".join(names)
    if drift.facts.get("more"):
        return gettext("%(names)s, and more") % {"names": ", ".join(names)}
    return gettext("%(names)s, and %(count)s more") % {"names": ", ".join(names), "count": more}


FIRST_SEEN = (DriftKind.ACCOUNT_GONE, DriftKind.ACCOUNT_RENAMED, DriftKind.MEMBERS_BYPASS)


def drift_since(drift: Drift) -> str:
    """Return what the day since when it is so means, where the Hub did not say it."""
    if drift.kind in FIRST_SEEN:
        return gettext("when it was first seen")
    return gettext("when it was last seen to be otherwise")


NAMED = (DriftKind.ACCOUNT_GONE, DriftKind.ACCOUNT_RENAMED)


def drift_said(value: str, drift: Drift) -> str:
    """Return one side of what was and what is, in words."""
    if drift.kind == DriftKind.MODE_CHANGED:
        return str(GATES.get(value, value))
    if drift.kind == DriftKind.REPOSITORY_GONE:
        return str(why_parked(value))
    if drift.kind in NAMED:
        return value or gettext("not known yet: another account has their name")
    if drift.about.of_a_person:
        return str(SEEN.get(value, value))
    return {"public": gettext("public"), "private": gettext("private")}.get(value, value)
