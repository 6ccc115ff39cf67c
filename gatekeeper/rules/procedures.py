"""Guided procedures: the emergency stop and the safe re-gate. Their states, their phases, and how long one may take."""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from .refusals import gettext_noop as _

AT_ONCE = 100  # people in one call, where the Hub takes many at once
A_PAGE = 1_000  # people in one page of a list
LISTS = 4


class ProcedureKind(StrEnum):
    """What a procedure does."""

    STOP = "stop"
    REGATE = "regate"


class ProcedureStatus(StrEnum):
    """Where a procedure stands. `waiting`: it goes on once somebody has confirmed what comes next."""

    PREPARED = "prepared"
    RUNNING = "running"
    WAITING = "waiting"
    HALTED = "halted"
    IN_FORCE = "in_force"
    DONE = "done"
    CALLED_OFF = "called_off"


P = ProcedureStatus
UNFINISHED = frozenset({P.PREPARED, P.RUNNING, P.WAITING, P.HALTED, P.IN_FORCE})
# An emergency stop in one of these, and in its first phase, holds its stages.
HOLDING = frozenset({P.RUNNING, P.WAITING, P.IN_FORCE})


class Phase(StrEnum):
    """Which part of its work a procedure is in; the next one begins when this one was read back."""

    STOPPING = "stopping"
    LIFTING = "lifting"
    PRIVATE = "private"
    GATE = "gate"
    READ = "read"
    CLOSE = "close"
    PUBLIC = "public"


REGATING = (Phase.PRIVATE, Phase.GATE, Phase.READ, Phase.CLOSE, Phase.PUBLIC)
FIRST_PHASE = {ProcedureKind.STOP: Phase.STOPPING, ProcedureKind.REGATE: Phase.PRIVATE}

PHASES = {
    Phase.STOPPING: _("Grants are suspended, the newest first, and the Hub is told and read back."),
    Phase.LIFTING: _("What the stop suspended is given back, and the Hub is told and read back."),
    Phase.PRIVATE: _("The repository is made private, so that nobody gets in meanwhile."),
    Phase.GATE: _("The gate is set to “manual”, which brings back the Hub’s earlier lists."),
    Phase.READ: _("All four lists are read to their end."),
    Phase.CLOSE: _("Access that nobody gave here is ended, and read back."),
    Phase.PUBLIC: _("The repository is made public again."),
}


class Scope(StrEnum):
    """What an emergency stop covers."""

    STAGE = "stage"
    RELEASE = "release"
    REPOSITORY = "repository"
    PUBLISHER = "publisher"


class Outcome(StrEnum):
    """What became of a suspended grant when its stop was lifted."""

    RETURNED = "returned"
    ENDED = "ended"
    LICENCE = "licence"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What calls a token has left until the window ends in so many seconds, and in each window after that."""

    private: bool
    gated: bool
    wished: bool
    lists_read: bool
    undecided: int
    left: int


def next_phase(phase: Phase, seen: Sighting) -> Phase:
    """Return the phase that a safe re-gate is in by what was seen; CLOSE with people undecided waits for a person.

    Whatever somebody changes meanwhile on the Hub leads back to the phase that mends it. Public comes last, and only
    where nobody is let in whom nobody let in here.
    """
    if phase is Phase.PUBLIC and seen.gated:
        return Phase.PUBLIC
    if not seen.private:
        return Phase.PRIVATE
    if not seen.gated or not seen.wished:
        return Phase.GATE
    if not seen.lists_read:
        return Phase.READ
    return Phase.CLOSE if seen.undecided or seen.left else Phase.PUBLIC


@dataclass(frozen=True, slots=True)
class Budget:
    """What a token has: so many left until the window ends in so many seconds, then `quota` for each window."""

    left: int
    quota: int
    ends_in: float
    window: float = 300.0


# What a free account has, where the Hub has not said anything yet.
FREE = Budget(1_000, 1_000, 300.0)


def calls_to_tell(people: int, *, at_once: bool = True) -> int:
    """Return how many calls it takes to tell the Hub about so many people at one repository."""
    return ceil(people / AT_ONCE) if at_once else people


def calls_to_read(people: int) -> int:
    """Return how many calls it takes to read the lists of one repository to their end once."""
    return LISTS + ceil(people / A_PAGE)


def seconds_for(calls: int, *, each: float, budget: Budget = FREE) -> float:
    """Return about how many seconds so many calls take, if each takes `each` seconds and no window is overdrawn."""
    if calls <= budget.left:
        return calls * each
    beyond = calls - budget.left
    windows, last = divmod(beyond - 1, max(budget.quota, 1))
    whole = max(budget.window, budget.quota * each)
    return max(budget.ends_in, budget.left * each) + windows * whole + (last + 1) * each
