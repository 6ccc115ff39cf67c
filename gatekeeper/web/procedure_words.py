"""Procedures in words: what each is, what it covers, where it stands, its phases, and how long it still takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, gettext_lazy, ngettext

from gatekeeper.models import Event, Procedure
from gatekeeper.rules.procedures import PHASES, REGATING, Outcome, Phase, ProcedureKind, Scope
from gatekeeper.rules.procedures import ProcedureStatus as P

from .words import Standing, named

_ = gettext_lazy

TITLES = {ProcedureKind.STOP: _("Emergency stop"), ProcedureKind.REGATE: _("Safe re-gate")}
COVERS: Mapping[str, Any] = {
    Scope.STAGE: _("the stage %(name)s"),
    Scope.RELEASE: _("the release %(name)s, with all its stages"),
    Scope.REPOSITORY: _("the repository %(name)s, with every stage that gives access to it"),
    Scope.PUBLISHER: _("everything of %(name)s"),
}
STANDING: Mapping[str, Standing] = {
    P.PREPARED: Standing(_("prepared; nothing has changed yet"), "warn"),
    P.RUNNING: Standing(named(P.RUNNING), "warn"),
    P.WAITING: Standing(named(P.WAITING), "warn"),
    P.HALTED: Standing(named(P.HALTED), "warn"),
    P.IN_FORCE: Standing(_("in force, read back on the Hub"), "bad"),
    P.DONE: Standing(named(P.DONE), "good"),
    P.CALLED_OFF: Standing(named(P.CALLED_OFF)),
}
LIFTING: Mapping[str, Standing] = {
    P.RUNNING: Standing(_("being lifted"), "warn"),
    P.DONE: Standing(_("lifted"), "good"),
}
LIFT_ASKED = Standing(_("in force; somebody asks to lift it"), "bad")
STEPS: Mapping[str, Any] = {
    "prepare": _("Prepared"),
    "start": _("Started"),
    "call_off": _("Called off"),
    "ratify": _("Ratified by a second person"),
    "ask_to_lift": _("Asked to be lifted"),
    "keep": _("Kept in force"),
    "confirm": _("Confirmed"),
    "halt": _("Halted"),
    "resume": _("Gone on with"),
    "ask": _("Waited for somebody to confirm whose access ends"),
    "stand": _("In force: everybody was read back on the Hub"),
    "finish": _("Done, and read back on the Hub"),
    "note_breach": _("Not ratified in time"),
}
OUTCOMES: Mapping[str, Any] = {
    Outcome.RETURNED: _("have their access again, or are about to"),
    Outcome.LICENCE: _("stay suspended: the licence in force has changed, and they have not accepted it"),
    Outcome.HELD: _("stay suspended: another emergency stop holds their stage, and gives them back"),
    Outcome.ENDED: _("ended meanwhile, by their end, by themselves or by a decision"),
}
SHORT: Mapping[str, Any] = {
    Phase.PRIVATE: _("Private"),
    Phase.GATE: _("Gated by hand"),
    Phase.READ: _("Lists read"),
    Phase.CLOSE: _("Ghost access ended"),
    Phase.PUBLIC: _("Public again"),
}


def procedure_title(procedure: Procedure) -> str:
    """Return what kind of procedure it is."""
    return str(TITLES[ProcedureKind(procedure.kind)])


def procedure_covers(procedure: Procedure) -> str:
    """Return what a procedure covers."""
    if not procedure.is_stop:
        return str(procedure.covers)
    return str(COVERS[procedure.scope]) % {"name": procedure.covers}


def of_procedure(procedure: Procedure) -> Standing:
    """Return where a procedure stands."""
    lifting = LIFTING.get(procedure.status) if procedure.is_lifting else None
    return lifting or (LIFT_ASKED if procedure.lift_is_asked else STANDING[procedure.status])


def phase_meaning(procedure: Procedure) -> str:
    """Return what is done in the phase that a procedure is in."""
    return gettext(PHASES[Phase(procedure.phase)])


@dataclass(frozen=True, slots=True)
class PhaseShown:
    """One phase of a re-gate: its name, what is done in it, and whether it is past, under way, or to come."""

    name: str
    meaning: str
    past: bool
    here: bool


def phases_of(procedure: Procedure) -> list[PhaseShown]:
    """Return the phases of a re-gate in order."""
    at = REGATING.index(Phase(procedure.phase))
    begun, ended = procedure.started_at is not None, bool(procedure.proof)
    return [
        PhaseShown(
            str(SHORT[phase]),
            gettext(PHASES[phase]),
            past=ended or (begun and number < at),
            here=begun and not ended and number == at,
        )
        for number, phase in enumerate(REGATING)
        if phase is not Phase.PUBLIC or not procedure.was_private
    ]


def outcome_words(outcome: str) -> str:
    """Return what became of some of the grants of a stop that was lifted."""
    return str(OUTCOMES[outcome])


def about_seconds(seconds: int) -> str:
    """Return a time span as people say it: about so many seconds, minutes or hours."""
    if seconds < 90:
        return ngettext("about %(count)s second", "about %(count)s seconds", seconds) % {"count": seconds}
    minutes = round(seconds / 60)
    if minutes < 90:
        return ngettext("about %(count)s minute", "about %(count)s minutes", minutes) % {"count": minutes}
    hours = round(seconds / 3600)
    return ngettext("about %(count)s hour", "about %(count)s hours", hours) % {"count": hours}


def step_words(event: Event) -> str:
    """Return what a step of a procedure is called in its history."""
    _table, _dot, action = event.action.partition(".")
    if action == "advance":
        phase = Phase(event.data["to"])
        return gettext("Next phase: %(phase)s") % {"phase": SHORT[phase]}
    return str(STEPS[action])
