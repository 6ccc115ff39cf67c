"""Verbs of procedures: what people decide about an emergency stop and a safe re-gate.

The work itself is done by _stopping.py and _regating.py, some of it in the same transaction, the rest by workers; what
is left to do stands in the rows, so that it goes on where it was interrupted. An emergency stop never ends by itself.
"""

import time
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from accounts.models import Membership, Publisher, User
from accounts.viewer import Viewer
from gatekeeper.models import Procedure, Release, Repository, Stage
from gatekeeper.models.procedures import RATIFIED_WITHIN, others
from gatekeeper.models.tallies import undecided
from gatekeeper.rules.procedures import FIRST_PHASE, ProcedureKind, ProcedureStatus, Scope
from gatekeeper.rules.refusals import Invalid, Refusal, Unmet, WrongState
from gatekeeper.rules.refusals import gettext_noop as _
from gatekeeper.rules.statuses import Role

from . import _regating, _stopping
from ._step import Moved, acting, record, step, tell
from .nudges import nudge
from .releases import STEWARDS, require

LEADING = STEWARDS | {Role.OPERATOR}
LONGEST_WORDS = 300

NO_WORDS = Refusal("words_missing", _("Say why: whoever confirms it has to know."))
LONG_WORDS = Refusal("words_too_long", _("Say it in at most 300 characters."))
NOT_LINKED = Refusal("not_linked", _("This repository is not linked any more."))
NOT_WATCHED = Refusal(
    "not_watched", _("No stage of this repository was opened yet: opening one sets the gate to “manual”.")
)
UNDER_WAY = Refusal("under_way", _("There is one under way already. Open it among the procedures."))

Covered = Stage | Release | Repository | Publisher


def prepare_stop(covers: Covered, *, by: Viewer, words: str, at: datetime | None = None) -> Procedure:
    """Prepare an emergency stop of a stage, a release, a repository or a publisher. Nothing is stopped by it yet.

    Raises NotAllowed, Invalid without words, WrongState where one of the same is under way.
    """
    publisher = _publisher_of(covers)
    require(by, publisher.pk, LEADING)
    scope = Scope(str(covers._meta.model_name))
    return _prepare(ProcedureKind.STOP, scope, covers, publisher, by=by, words=words, at=at or timezone.now())


def prepare_regate(repository: Repository, *, by: Viewer, words: str, at: datetime | None = None) -> Procedure:
    """Prepare the safe re-gate of a repository. Nothing is changed by it yet.

    Raises NotAllowed, Invalid without words, Unmet where no stage was opened yet, WrongState.
    """
    require(by, repository.publisher_id, STEWARDS)
    if repository.unlinked_at is not None:
        raise WrongState(NOT_LINKED)
    if repository.guarded_since is None:
        raise Unmet(NOT_WATCHED)
    of_it = (ProcedureKind.REGATE, Scope.REPOSITORY, repository, repository.publisher)
    return _prepare(*of_it, by=by, words=words, at=at or timezone.now())


def _publisher_of(covers: Covered) -> Publisher:
    if isinstance(covers, Publisher):
        return covers
    return covers.release.publisher if isinstance(covers, Stage) else covers.publisher


def _prepare(
    kind: ProcedureKind, scope: Scope, covers: Covered, publisher: Publisher, *, by: Viewer, words: str, at: datetime
) -> Procedure:
    said = words.strip()
    wrong = NO_WORDS if not said else LONG_WORDS if len(said) > LONGEST_WORDS else None
    if wrong is not None:
        raise Invalid(wrong, {"words": wrong})
    about = {} if scope is Scope.PUBLISHER else {scope.value: covers}
    with transaction.atomic():
        Publisher.objects.select_for_update(no_key=True).get(pk=publisher.pk)  # who prepares the same waits here
        wanted = {"stage": None, "release": None, "repository": None, **about}
        if Procedure.objects.unfinished().filter(kind=kind, publisher=publisher, **wanted).exists():
            raise WrongState(UNDER_WAY)
        procedure = Procedure.objects.create(
            kind=kind,
            scope=scope,
            publisher=publisher,
            words=said,
            phase=FIRST_PHASE[kind],
            phase_at=at,
            status=ProcedureStatus.PREPARED,
            status_at=at,
            prepared_at=at,
            prepared_by=acting(by),
            **about,
        )
        record([("procedure.prepare", procedure, {"kind": kind, "scope": scope})], by=acting(by), at=at)
    return procedure


def start(procedure: Procedure, *, by: Viewer, at: datetime | None = None) -> Procedure:
    """Start what was prepared.

    A stop holds its stages from this transaction on; the newest grants are suspended in it, the others by workers. If
    the same person prepared and started it, another has to ratify it within 24 hours, or is told that nobody is there
    who could. Raises NotAllowed, WrongState, Unmet.
    """
    with transaction.atomic():
        with step("procedure", "start", [procedure], by=by, at=at) as moved:
            [row] = moved.rows
            _start(row, moved)
        (_stopping.begin if row.is_stop else _regating.begin)(row, at=moved.at)
    return row


def _start(row: Procedure, moved: Moved) -> None:
    user = moved.actor
    row.started_at, row.started_by, row.phase_at = moved.at, user, moved.at
    if row.is_stop:
        alone = not others(row.publisher_id, user).exists()
        if user.pk == row.prepared_by_id and not alone:
            row.ratify_until = moved.at + RATIFIED_WITHIN
        moved.note(row, two=user.pk != row.prepared_by_id, one_person=row.by_one)
        tell(((user, "stop_started", row) for user in _others(row, but=user)), at=moved.at)
    row.save(update_fields=["started_at", "started_by", "phase_at", "ratify_until"])


def _others(row: Procedure, *, but: User) -> QuerySet[User]:
    """Return who could be the second person."""
    return others(row.publisher_id, but).distinct().order_by("pk")


def _owners(row: Procedure, *, but: User) -> QuerySet[User]:
    """Return the owners and operators among them."""
    owning = Membership.objects.filter(publisher=row.publisher_id, role=Membership.Role.OWNER).values("user")
    return _others(row, but=but).filter(Q(pk__in=owning) | Q(is_operator=True))


def call_off(procedure: Procedure, *, by: Viewer, at: datetime | None = None) -> Procedure:
    """Call off what was prepared or halted. What was done by it stays as it is."""
    with step("procedure", "call_off", [procedure], by=by, at=at) as moved:
        [row] = moved.rows
        if row.started_by_id is not None:
            _regating.leave(row, at=moved.at)
    return row


def ratify(procedure: Procedure, *, by: Viewer, at: datetime | None = None) -> Procedure:
    """Ratify, as the second person, a stop that one person started. One that comes too late stays a breach."""
    with step("procedure", "ratify", [procedure], by=by, at=at) as moved:
        [row] = moved.rows
        row.ratified_at, row.ratified_by = moved.at, moved.actor
        row.save(update_fields=["ratified_at", "ratified_by"])
        moved.note(row, late=row.breached_at is not None)
    return row


def ask_to_lift(procedure: Procedure, *, by: Viewer, at: datetime | None = None) -> Procedure:
    """Ask that a stop be lifted; it holds on until a second person has confirmed it."""
    with step("procedure", "ask_to_lift", [procedure], by=by, at=at) as moved:
        [row] = moved.rows
        row.asked_at, row.asked_by = moved.at, moved.actor
        row.save(update_fields=["asked_at", "asked_by"])
        tell(((user, "stop_to_lift", row) for user in _others(row, but=moved.actor)), at=moved.at)
    return row


def keep(procedure: Procedure, *, by: Viewer, at: datetime | None = None) -> Procedure:
    """Keep a stop in force of which somebody has asked that it be lifted."""
    with step("procedure", "keep", [procedure], by=by, at=at) as moved:
        [row] = moved.rows
        row.asked_at = row.asked_by = None
        row.save(update_fields=["asked_at", "asked_by"])
    nudge("procedures")
    return row


def confirm(procedure: Procedure, *, by: Viewer, confirmed: int | None = None, at: datetime | None = None) -> Procedure:
    """Confirm what comes next: that a stop is lifted, or how many people lose access by a re-gate.

    `confirmed` is that number, as the preview showed it. Raises NotAllowed, WrongState, Unmet where the number is
    another by now.
    """
    with transaction.atomic():
        with step("procedure", "confirm", [procedure], by=by, at=at) as moved:
            [row] = moved.rows
            row.confirmed_at, row.confirmed_by = moved.at, moved.actor
            row.people, row.up_to = (None, None) if row.is_stop else _counted(row, confirmed)
            row.save(update_fields=["confirmed_at", "confirmed_by", "people", "up_to"])
            moved.note(row, people=row.people, one_person=row.lifted_by_one)
        if row.is_stop:
            _stopping.lift(row, at=moved.at)
        nudge("procedures")
    return row


def _counted(row: Procedure, confirmed: int | None) -> tuple[int, int]:
    """Return how many people it is about, and the last drift that says so."""
    found = undecided(row).aggregate(people=Count("pk"), last=Max("pk"))
    people, last = found["people"], found["last"]
    if confirmed != people:
        message = _("This would end the access of %(count)s people. Confirm that number, so that it is meant.")
        raise Unmet(Refusal("confirm_count", message, {"count": people}))
    return people, last or 0


def halt(procedure: Procedure, *, by: Viewer, at: datetime | None = None) -> Procedure:
    """Halt a safe re-gate: the repository stays as it is by now, until somebody goes on or calls it off."""
    with step("procedure", "halt", [procedure], by=by, at=at) as moved:
        [row] = moved.rows
        _regating.leave(row, at=moved.at)
    return row


def resume(procedure: Procedure, *, by: Viewer, at: datetime | None = None) -> Procedure:
    """Go on with a safe re-gate where it was halted, beginning with a look at how the repository is now."""
    with transaction.atomic():
        with step("procedure", "resume", [procedure], by=by, at=at) as moved:
            [row] = moved.rows
        _regating.go_on(row, at=moved.at)
    return row


def note_breaches(procedures: Iterable[Procedure], *, at: datetime | None = None) -> list[Procedure]:
    """Write down that nobody has ratified stops in time, and tell owners and operators. They stay in force."""
    with step("procedure", "note_breach", procedures, by=Viewer.system("clock"), at=at) as moved:
        Procedure.objects.filter(pk__in=[row.pk for row in moved.rows]).update(breached_at=moved.at)
        for row in moved.rows:
            row.breached_at = moved.at
            tell(((user, "stop_unratified", row) for user in _owners(row, but=moved.actor)), at=moved.at)
    return moved.rows


def carry_on_all(*, seconds: float = 20.0, at: datetime | None = None) -> int:
    """Do what is next in every procedure that runs, for so many seconds at most; returns how many steps that were.

    For workers and the clock. Each step is one transaction; a procedure that somebody else carries on is passed over.
    """
    end, done = time.monotonic() + seconds, 0
    for pk in Procedure.objects.running().order_by("pk").values_list("pk", flat=True):
        while _carry_on(pk, at=at):
            done += 1
            if time.monotonic() > end:
                nudge("procedures")
                return done
    return done


def _carry_on(pk: int, *, at: datetime | None) -> bool:
    with transaction.atomic():
        running = Procedure.objects.running().filter(pk=pk)
        row = running.select_for_update(no_key=True, skip_locked=True).first()
        if row is None:
            return False
        return (_stopping.carry_on if row.is_stop else _regating.carry_on)(row, at=at)
