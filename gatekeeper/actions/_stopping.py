"""What an emergency stop does, and what lifting it does: a hundred grants at a time, each hundred in one transaction.

The newest grants come first, and the Hub hears of them in that order. Whoever dies in between leaves rows from which
the next worker goes on: what is suspended is written with the stop that did it, and nothing else is ever given back.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.models import Grant, Procedure, Stage, StoppedGrant
from gatekeeper.models.tallies import (
    covered,
    digest_of,
    is_read_back,
    proof_lines,
    tally_of_stop,
    to_be_given_back,
    to_stop,
    write_read_back,
)
from gatekeeper.rules.procedures import AT_ONCE, Outcome, Phase, ProcedureStatus
from gatekeeper.rules.refusals import Refused
from gatekeeper.rules.statuses import GrantStatus, StageStatus

from ._step import step
from .grants import give_back_all, stop_all
from .nudges import nudge
from .stages import go_on_all
from .stages import stop_all as pause_all


def begin(stop: Procedure, *, at: datetime) -> None:
    """Pause every stage of a stop that has just started, and suspend the newest grants; in its transaction."""
    running = (StageStatus.OPENING, StageStatus.OPEN)
    paused = pause_all(covered(stop).filter(status__in=running).distinct(), procedure=stop.pk, at=at)
    stop.paused.set(paused)
    _suspend(stop, at=at)
    nudge("procedures")


def carry_on(stop: Procedure, *, at: datetime | None = None) -> bool:
    """Do the next part of a stop or of its lift; False when there is nothing to do but to wait. The row is locked."""
    at = at or timezone.now()
    if stop.is_lifting:
        return _give_back(stop, at=at) or _finish(stop, at=at)
    if _suspend(stop, at=at):
        return True
    # While somebody wants it lifted it goes on to take hold; that it is in force is said once it is kept.
    return stop.status == ProcedureStatus.RUNNING and _stand(stop, at=at)


def _suspend(stop: Procedure, *, at: datetime) -> bool:
    grants = list(to_stop(stop)[:AT_ONCE])
    if not grants:
        return False
    for stopped in _all_or_each(grants, stop_all, stop, at=at):
        StoppedGrant.objects.bulk_create(
            [StoppedGrant(procedure=stop, grant=grant, suspended_at=at) for grant in stopped]
        )
    return True


def _all_or_each(grants: Sequence[Grant], verb: Any, stop: Procedure, *, at: datetime) -> Iterable[list[Grant]]:
    """Take a step with all of these grants, or with each that it can be taken with: some have moved meanwhile."""
    try:
        yield verb(grants, procedure=stop.pk, at=at)
    except Refused:
        for grant in grants:
            try:
                yield verb([grant], procedure=stop.pk, at=at)
            except Refused:
                continue


def _stand(stop: Procedure, *, at: datetime) -> bool:
    """Say that a stop is in force, once everybody is suspended and the Hub was read back everywhere."""
    if not is_read_back(stop):
        return False
    write_read_back(stop)
    tally = tally_of_stop(stop)
    proof = {
        "people": tally.people,
        "read_back": tally.confirmed,
        "kept": tally.kept,
        "digest": digest_of(line for _row, line in proof_lines(stop)),
        "at": at.isoformat(),
    }
    with step("procedure", "stand", [stop], by=Viewer.system("hub"), at=at) as moved:
        [row] = moved.rows
        row.proof = {**row.proof, "in_force": proof}
        row.save(update_fields=["proof"])
        moved.note(row, **proof)
    return False


def lift(stop: Procedure, *, at: datetime) -> None:
    """Begin to lift a stop that two people want lifted: its stages open again, where no other stop holds them."""
    stop.phase, stop.phase_at = Phase.LIFTING, at
    stop.save(update_fields=["phase", "phase_at"])
    paused = Stage.objects.filter(pk__in=stop.paused.values("pk"), status=StageStatus.PAUSED)
    for other in _other_stops(stop):
        other.paused.add(*paused.filter(pk__in=covered(other)))
    for stage in paused.exclude(pk__in=Stage.objects.stopped().values("pk")).order_by("pk"):
        try:
            go_on_all([stage], procedure=stop.pk, at=at)
        except Refused:  # a steward has closed it meanwhile, or another stop took it
            continue


def _other_stops(stop: Procedure) -> list[Procedure]:
    return list(Procedure.objects.stops().filter(publisher=stop.publisher_id).exclude(pk=stop.pk).order_by("pk"))


def _give_back(stop: Procedure, *, at: datetime) -> bool:
    """Give back the next hundred grants, those suspended first; of the others, write down why they stay as they are."""
    rows = list(
        stop.stopped.filter(outcome="")
        .select_related("grant__stage__release", "grant__person")
        .order_by("pk")[:AT_ONCE]
    )
    if not rows:
        return False
    of_it = StoppedGrant.objects.filter(pk__in=[row.pk for row in rows])
    suspended = of_it.filter(grant__status=GrantStatus.SUSPENDED)
    held = _hand_over(stop, suspended, at=at)
    fitting = set(to_be_given_back(suspended).values_list("grant", flat=True)) - held
    returned: set[int] = set()
    for given in (
        _all_or_each([row.grant for row in rows if row.grant_id in fitting], give_back_all, stop, at=at)
        if fitting
        else ()
    ):
        returned |= {grant.pk for grant in given}
    without_licence = set(suspended.values_list("grant", flat=True)) - returned - held - fitting
    for outcome, grants in (
        (Outcome.RETURNED, returned),
        (Outcome.HELD, held),
        (Outcome.LICENCE, without_licence),
        (Outcome.ENDED, {row.grant_id for row in rows} - returned - held - without_licence),
    ):
        of_it.filter(grant__in=grants).update(outcome=outcome, outcome_at=at)
    return True


def _hand_over(stop: Procedure, suspended: Any, *, at: datetime) -> set[int]:
    """Give what another stop holds as well to that one, so that it is given back with it; returns the grants."""
    held = suspended.filter(Exists(Procedure.objects.holding("grant__stage__")))
    grants = {row.grant_id: row for row in held.select_related("grant")}
    for other in _other_stops(stop) if grants else ():
        theirs = Grant.objects.filter(pk__in=grants, stage__in=covered(other))
        StoppedGrant.objects.bulk_create(
            [StoppedGrant(procedure=other, grant=grant, suspended_at=at) for grant in theirs], ignore_conflicts=True
        )
    return set(grants)


def _finish(stop: Procedure, *, at: datetime) -> bool:
    if not is_read_back(stop):
        return False
    tally = tally_of_stop(stop)
    proof = {"people": tally.people, "read_back": tally.confirmed, **tally.outcomes, "at": at.isoformat()}
    with step("procedure", "finish", [stop], by=Viewer.system("hub"), at=at) as moved:
        [row] = moved.rows
        row.proof = {**row.proof, "lifted": proof}
        row.save(update_fields=["proof"])
        moved.note(row, **proof)
    return False
