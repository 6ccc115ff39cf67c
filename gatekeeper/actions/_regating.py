"""What a safe re-gate does: private, gated by hand, lists read, ghost access ended, public again, each read back first.

It wishes and waits; workers tell the Hub and read it back. Which phase it is in follows each time from what was read,
so that whatever a person changes on the Hub meanwhile leads back to the phase that mends it.
"""

from datetime import datetime

from django.utils import timezone

from accounts.models import Membership, User
from accounts.viewer import Viewer
from gatekeeper.models import Drift, Procedure, Repository, RepositoryWish
from gatekeeper.models.tallies import is_read_back, sighting_of, tally_of_ghosts, to_close
from gatekeeper.rules.drift import DriftKind, DriftStatus
from gatekeeper.rules.procedures import Phase, ProcedureStatus, next_phase

from ._step import step, tell
from ._wishes import drop_wish, wish_gate
from .drifts import reopen_all, repair_all
from .nudges import nudge

AT_ONCE = 500
LEADING = (Membership.Role.STEWARD, Membership.Role.OWNER)


def begin(regate: Procedure, *, at: datetime) -> None:
    """Begin a re-gate that has just started; in its transaction."""
    regate.was_private = Repository.objects.values_list("seen_private", flat=True).get(pk=regate.covers.pk)
    regate.save(update_fields=["was_private"])
    go_on(regate, at=at)


def go_on(regate: Procedure, *, at: datetime) -> None:
    """Wish the repository private and gated by hand, and take the drift of its gate into the procedure."""
    changed = Drift.objects.waiting().filter(repository=regate.repository_id, kind=DriftKind.MODE_CHANGED)
    regate.repaired.add(*repair_all(changed, procedure=regate.pk, at=at))
    _enter(regate, Phase.PRIVATE, at=at)


def leave(regate: Procedure, *, at: datetime) -> None:
    """Leave the repository as it is by now; what is wished of its visibility, and not done yet, is wished no more."""
    drop_wish(regate.covers.pk)
    undone = Drift.objects.filter(
        repository=regate.repository_id, kind=DriftKind.MODE_CHANGED, status=DriftStatus.REPAIRING
    )
    reopen_all(undone, procedure=regate.pk, at=at)


def carry_on(regate: Procedure, *, at: datetime | None = None) -> bool:
    """Do the next part of a re-gate; False when there is nothing to do but to wait. The row is locked."""
    at = at or timezone.now()
    seen = sighting_of(regate)
    phase = next_phase(Phase(regate.phase), seen)
    waits = regate.status == ProcedureStatus.WAITING
    if phase is Phase.CLOSE and seen.undecided:
        return False if waits else _ask(regate, at=at)
    if waits or phase != regate.phase:
        return _advance(regate, phase, at=at)
    if phase is Phase.CLOSE:
        return _close(regate, at=at)
    if phase is Phase.PUBLIC and is_read_back(regate):
        return _finish(regate, at=at)
    if phase in (Phase.PRIVATE, Phase.GATE) and seen.wished:  # it was so, and somebody changed it on the Hub
        _enter(regate, phase, at=at)
    return False


def _advance(regate: Procedure, phase: Phase, *, at: datetime) -> bool:
    with step("procedure", "advance", [regate], by=Viewer.system("hub"), at=at) as moved:
        [row] = moved.rows
        moved.note(row, **{"from": row.phase, "to": phase.value})
        _enter(row, phase, at=at)
    return True


def _enter(regate: Procedure, phase: Phase, *, at: datetime) -> None:
    """Write down which phase begins, and wish what belongs to it."""
    before, regate.phase, regate.phase_at = regate.phase, phase, at
    regate.save(update_fields=["phase", "phase_at"])
    repository = Repository.objects.get(pk=regate.covers.pk)
    if phase is Phase.PRIVATE or (phase is Phase.GATE and before != Phase.PRIVATE):
        wish_gate([repository], gate="manual", visibility="private", at=at)
    elif phase is Phase.READ:
        Repository.objects.filter(pk=repository.pk).update(observe_due_at=at, read_in_full_at=None)
        nudge("observe", repository.pk)
    elif phase is Phase.PUBLIC and not regate.was_private:
        wish_gate([repository], gate="manual", visibility="public", at=at)


def _ask(regate: Procedure, *, at: datetime) -> bool:
    """Wait for somebody to confirm how many people lose access, and tell those who could."""
    with step("procedure", "ask", [regate], by=Viewer.system("hub"), at=at) as moved:
        [row] = moved.rows
        row.phase, row.phase_at = Phase.CLOSE, moved.at
        row.save(update_fields=["phase", "phase_at"])
        moved.note(row, people=tally_of_ghosts(row).undecided)
        stewards = User.objects.filter(memberships__publisher=row.publisher_id, memberships__role__in=LEADING)
        tell(((user, "regate_waits", row) for user in stewards.distinct().order_by("pk")), at=moved.at)
    return False


def _close(regate: Procedure, *, at: datetime) -> bool:
    """End the next part of the access that was confirmed to be ended."""
    ghosts = list(to_close(regate)[:AT_ONCE])
    if ghosts:
        regate.repaired.add(*repair_all(ghosts, procedure=regate.pk, at=at))
    return bool(ghosts)


def _finish(regate: Procedure, *, at: datetime) -> bool:
    ghosts = tally_of_ghosts(regate)
    proof = {
        "closed": regate.repaired.filter(kind=DriftKind.GHOST_ACCESS).count(),
        "accepted": ghosts.accepted,
        "granted": ghosts.granted,
        "excepted": ghosts.excepted,
        "ghosts": ghosts.left,
        "public": not regate.was_private,
        "at": at.isoformat(),
    }
    with step("procedure", "finish", [regate], by=Viewer.system("hub"), at=at) as moved:
        [row] = moved.rows
        row.proof = {**row.proof, "done": proof}
        row.save(update_fields=["proof"])
        moved.note(row, **proof)
        # From here on nobody wishes anything of its visibility: what changes is drift.
        RepositoryWish.objects.filter(repository=row.repository_id).update(visibility="")
    return False
