"""What pages ask of the Hub’s room: what opening a stage would write, and what its findings and failures mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from gatekeeper.hub import previews
from gatekeeper.hub.adopt import WHY, CannotAsk, explain
from gatekeeper.hub.port import HubError
from gatekeeper.hub.reasons import NO_REMEDY, REMEDIES
from gatekeeper.models import Repository
from gatekeeper.rules.refusals import Refusal, Unmet

from .words import sentence

KINDS = {"+": "added", "-": "removed"}


@dataclass(frozen=True, slots=True)
class Plan:
    """One repository: whether its gate changes, and which lines of its card would, or why they cannot."""

    repository: Repository
    gate_changes: bool
    lines: list[tuple[str, str]]
    cannot: str = ""
    commit: str = ""


def plan_for(repository: Repository, link: str, fields: Sequence[Any] | None = None) -> Plan:
    """Return what opening, or projecting a form, would write there, from the card as it stands on the Hub now."""
    gate_changes = repository.seen_gate != "manual"
    try:
        preview = previews.card_preview(repository, link, fields)
    except HubError as failed:
        return Plan(repository, gate_changes, [], sentence(explain(failed)))
    if preview.finding is not None:
        return Plan(repository, gate_changes, [], sentence(about(preview.finding)))
    return Plan(repository, gate_changes, list(_drawn(preview.diff)), commit=preview.commit)


def refuse_unseen(repositories: Iterable[Repository], seen: Mapping[int, str]) -> None:
    """Raise WrongState unless each card still stands at the commit that was seen; Unmet if the Hub cannot be asked."""
    try:
        previews.refuse_unseen(repositories, seen)
    except CannotAsk as failed:
        raise Unmet(failed.refusal) from failed


def why_parked(reason: str) -> str:
    """Return why something is parked: the sentence if there is one, else the name of the reason in plain letters."""
    return gettext(WHY[reason]) if reason in WHY else reason.replace("_", " ")


def remedy(reason: str) -> str:
    """Return what somebody can do about what is parked for this reason."""
    return gettext(REMEDIES.get(reason, NO_REMEDY))


def about(finding: Mapping[str, Any]) -> Refusal:
    """Return a finding about a card as a sentence that can be translated."""
    return Refusal(finding["code"], finding["message"], finding.get("values") or {})


def _drawn(diff: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Yield the lines of a unified diff, without its head, each with “added”, “removed” or nothing."""
    for number, line in enumerate(diff):
        if number > 1 and not line.startswith("@@"):
            yield KINDS.get(line[:1], ""), line
