"""An audit as one HTML page that stands by itself: no script, nothing fetched, fit for print and for a small screen."""

import base64
import difflib
import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .facts import Audit, CardChange, Gap, Listed, RepositoryFacts, Shift
from .findings import SEVERITIES, Finding

LINES = 12  # of a change that are shown
WIDEST = 400  # characters of such a line
GRANTERS = 50
CHANGES = 50

STATUSES = {"accepted": _("Accepted"), "pending": _("Waiting"), "rejected": _("Rejected"), "reset": _("Reset")}
LEVELS = {"high": _("High"), "medium": _("Medium"), "low": _("Low")}
GATES = {"manual": _("by hand"), "auto": _("automatic"), "": _("not gated")}
KINDS = {"model": _("Model"), "dataset": _("Data set")}
PARTS = {
    "heading": _("Heading"),
    "prompt": _("Text"),
    "description": _("Description"),
    "questions": _("Questions"),
    "button": _("Button"),
    "eu_disallowed": _("European Union refused"),
    "licence": _("Licence"),
    "audience_tag": _("Tag not-for-all-audiences"),
}


def page(audit: Audit, found: Sequence[Finding], *, language: str = "en") -> str:
    """Return the page in a language."""
    with translation.override(language):
        style = render_to_string("audit/page.css")
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        told = {
            "audit": audit,
            "language": language,
            "style": style,
            "style_digest": digest,
            "levels": [(LEVELS[level], level, sum(one.severity == level for one in found)) for level in SEVERITIES],
            "findings": _grouped(found),
            "gaps": [_gap(one) for one in audit.gaps],
            "roles": [(role or gettext("not shown"), number) for role, number in audit.insiders.roles.items()],
            "insiders": len(audit.insiders.people),
            "accepted": sum(one.accepted.total for one in audit.repositories),
            "waiting": sum(one.pending.total for one in audit.repositories),
            "gated": sum(bool(one.state.gate) for one in audit.repositories),
            "scopes": audit.told_scopes,
            "repositories": [_repository(audit, one, number) for number, one in enumerate(audit.repositories, 1)],
        }
        return render_to_string("audit/page.html", told)


def _grouped(found: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the findings by code, each with the sentences of its repositories, in the order in which they stand."""
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for one in found:
        group = groups.setdefault(
            (one.code, one.severity),
            {
                "level": LEVELS[one.severity],
                "severity": one.severity,
                "code": one.code,
                "why": gettext(one.why),
                "todo": gettext(one.todo),
                "said": [],
            },
        )
        group["said"].append((gettext(one.message) % one.values, one.repository))
    return list(groups.values())


def _gap(gap: Gap) -> dict[str, str]:
    values = dict(gap.values)
    if "status" in values:
        values["status"] = STATUSES[values["status"]]
    return {"repository": gap.repository, "message": gettext(gap.message) % values}


def _repository(audit: Audit, facts: RepositoryFacts, number: int) -> dict[str, Any]:
    accepted, pending = facts.accepted, facts.pending
    return {
        "anchor": f"r{number}",
        "facts": facts,
        "kind": KINDS[facts.state.kind],
        "gate": GATES[facts.state.gate],
        "lists": [(STATUSES[status], listed) for status, listed in facts.lists.items()],
        "granters": _granters(audit, accepted),
        "in": accepted.rows if audit.with_people else [],
        "queue": [(row, (audit.begun_at - row.requested_at).days) for row in pending.rows] if audit.with_people else [],
        "queue_days": _days(audit.begun_at, pending.oldest),
        "changes": [_change(audit, change) for change in facts.changes[:CHANGES]],
        "more_changes": max(len(facts.changes) - CHANGES, 0),
    }


def _days(now: datetime, then: datetime | None) -> int | None:
    return (now - then).days if then is not None else None


def _granters(audit: Audit, accepted: Listed) -> list[tuple[str, str, int]]:
    """Return who let people in, the busiest first: the name (or none), what they are here, and how many."""
    counted: dict[tuple[str, str], int] = {}
    for (hub_id, name), number in accepted.granters.items():
        role = audit.insiders.people.get(hub_id, ("", ""))[1]
        inside = hub_id in audit.insiders.people
        standing = (role or gettext("member")) if inside else gettext("no member now")
        if not inside and not audit.insiders.complete:
            standing = gettext("not known")
        who = (name if audit.with_people else "", standing)
        counted[who] = counted.get(who, 0) + number
    told = [(name, standing, number) for (name, standing), number in counted.items()]
    return sorted(told, key=lambda one: -one[2])[:GRANTERS]


def _change(audit: Audit, change: CardChange) -> dict[str, Any]:
    return {
        "commit": change.commit,
        "by": ", ".join(change.commit.authors) if audit.with_people else "",
        "title": change.commit.title if audit.with_people else "",
        "before": change.accepted_before,
        "shifts": [(PARTS[shift.part], list(_lines(shift))) for shift in change.shifts],
    }


def _lines(shift: Shift) -> Iterator[tuple[str, str]]:
    """Yield what went and what came, line by line: (“-” or “+”, words); in the end how much is not shown."""
    if shift.before == "yes" or shift.after == "yes":
        yield ("+", gettext("set")) if shift.after else ("-", gettext("taken out"))
        return
    compared = difflib.ndiff(shift.before.splitlines(), shift.after.splitlines())
    changed = [(line[0], line[2:]) for line in compared if line[0] in "+-"]
    for sign, words in changed[:LINES]:
        yield sign, words if len(words) <= WIDEST else f"{words[:WIDEST]}…"
    if len(changed) > LINES:
        yield "", gettext("and %(count)s more lines") % {"count": len(changed) - LINES}
