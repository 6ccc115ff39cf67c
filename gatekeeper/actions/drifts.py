"""Verbs of drift: find, record, undo, allow until a day; and what ends it without a person: confirm, vanish, lapse.

What differs is shown and waits for a person. Only where a repository enforces is it undone at once, by the clock, and
never many people at a time: more than a few removals wait for somebody who has seen how many they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Membership, User
from accounts.viewer import Viewer
from gatekeeper.models import Drift, Grant, HubAccess, Notice, Repository, Stage, SyncPause
from gatekeeper.models.policies import current_policies
from gatekeeper.rules.access import Access, Closing
from gatekeeper.rules.drift import KINDS, DriftKind, DriftStatus, Severity
from gatekeeper.rules.needs import NEEDS
from gatekeeper.rules.refusals import Invalid, Refusal, Unmet, WrongState
from gatekeeper.rules.refusals import gettext_noop as _
from gatekeeper.rules.statuses import LIVE_GRANT, Role

from . import grants
from ._step import Moved, acting, step, tell
from ._step import record as write_events
from ._wishes import drop_card_fields, wish_again, wish_closed, wish_gate
from .releases import require
from .repositories import NOT_LINKED, take_over
from .words import readable

WATCHED_FIRST = timedelta(days=7)
LONGEST_EXCEPTION = timedelta(days=365)
QUIET = timedelta(hours=1)
TOLD = (Membership.Role.STEWARD, Membership.Role.OWNER)

TOO_EARLY = Refusal(
    "too_early",
    _("Watch first: what differs can be undone without asking only after the repository was watched for seven days."),
)
BAD_END = Refusal("bad_end", _("An exception ends on a day between tomorrow and a year from now."))
NO_STAGE = Refusal("stage_not_open", _("No stage of this repository is open, so it makes no new grants."))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that differs: what, about whom, since when as far as the Hub tells, and the Hub account that did it."""

    kind: DriftKind
    since: datetime
    person_id: int | None = None
    since_is_exact: bool = False
    by_username: str = ""
    reference: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    severity: Severity | None = None  # that of its kind, where none is given


def find_all(repository: Repository, *, findings: Iterable[Finding], at: datetime | None = None) -> list[Drift]:
    """Write down what differs at a repository, each thing once; returns what is new. A constant number of statements.

    The publisher's stewards and owners are told once an hour at most. Where the repository enforces, what is about
    people is undone at once, unless too many would lose access by it: that is held back for a person. For workers.
    """
    at, found = at or timezone.now(), list(findings)
    if not found:
        return []
    with transaction.atomic():
        # The row of the repository orders those who find: the second one sees what the first has written.
        locked = Repository.objects.select_for_update(no_key=True, of=("self",)).get(pk=repository.pk)
        known = set(
            Drift.objects.unresolved()
            .filter(Q(person=None) | Q(person__in={one.person_id for one in found if one.person_id}), repository=locked)
            .values_list("kind", "person_id", "reference")
        )
        new = Drift.objects.bulk_create(
            [
                Drift(
                    repository=locked,
                    person_id=one.person_id,
                    kind=one.kind,
                    severity=one.severity or KINDS[one.kind].severity,
                    reference=one.reference[:100],
                    facts=one.facts,
                    since=min(one.since, at),
                    since_is_exact=one.since_is_exact,
                    by_username=one.by_username[:100],
                    found_at=at,
                    status=DriftStatus.OPEN,
                    status_at=at,
                )
                for one in found
                if (one.kind.value, one.person_id, one.reference) not in known
            ],
            batch_size=1_000,
        )
        worker = acting(Viewer.system("hub"))
        write_events((("drift.find", drift, {"kind": drift.kind}) for drift in new), by=worker, at=at)
        _tell_the_stewards(locked, new, at=at)
        # A database that was restored does not know what was decided since: it proposes.
        if locked.enforced_since is not None and not SyncPause.objects.after_restore(locked).exists():
            _enforce(locked, new, at=at)
    return new


def _tell_the_stewards(repository: Repository, new: Sequence[Drift], *, at: datetime) -> None:
    if not any(drift.severity != Severity.NOTICE for drift in new):
        return
    lately = Notice.objects.filter(kind="drift_found", object_id=repository.pk, created_at__gt=at - QUIET)
    if not lately.exists():
        people = User.objects.filter(
            memberships__publisher=repository.publisher_id, memberships__role__in=TOLD
        ).distinct()
        tell(((user, "drift_found", repository) for user in people), at=at)


def _enforce(repository: Repository, new: Sequence[Drift], *, at: datetime) -> None:
    removals = [drift for drift in new if drift.kind == DriftKind.GHOST_ACCESS]
    clock = Viewer.system("clock")
    if too_many(repository, len(removals)):
        for drift in removals:
            drift.held_back = True
        Drift.objects.filter(pk__in=[drift.pk for drift in removals]).update(held_back=True)
        write_events([("repository.hold_removals", repository, {"people": len(removals)})], by=acting(clock), at=at)
        removals = []
    others = [
        drift for drift in new if drift.kind != DriftKind.GHOST_ACCESS and drift.person_id and drift.can_be_undone
    ]
    if removals or others:
        undo_unasked_all([*removals, *others], at=at)


def too_many(repository: Repository, people: int) -> bool:
    """Say whether so many people may not lose access at one repository at once without somebody who confirmed it.

    More than GUARD_REMOVALS people, or more than GUARD_REMOVALS_PERCENT of those who are accepted there.
    """
    if people <= 1:
        return False
    if people > settings.GUARD_REMOVALS:
        return True
    accepted = HubAccess.objects.filter(repository=repository, seen="accepted").count()
    return people * 100 > accepted * settings.GUARD_REMOVALS_PERCENT and people > 5


def record(
    drift: Drift,
    *,
    by: Viewer,
    words: str,
    codes: Sequence[str] = (),
    stage: Stage | None = None,
    at: datetime | None = None,
) -> Drift:
    """Take over what the Hub says, as decided now: the reasons are kept with it.

    Ghost access becomes an imported grant of `stage` (default: the first open one), with its terms unproven; access
    that was taken away, and an account that is gone, end the grants that say otherwise, with reason `codes`. The new
    name of a repository is taken over, and so are other questions on a card. Of the rest note is taken.
    Raises NotAllowed, WrongState, Unmet, Invalid.
    """
    words = readable(words)
    with step("drift", "record", [drift], by=by, at=at) as moved:
        [row] = moved.rows
        if row.kind == DriftKind.GHOST_ACCESS:
            _bring_in(row, stage, moved)
        elif row.about.ends_grants:
            _end_grants(row, codes, words, moved)
        elif row.kind == DriftKind.REPOSITORY_MOVED and not row.facts.get("followed"):
            take_over(row.repository, name=str(row.facts["is"]), by=moved.by, at=moved.at)
        elif row.kind == DriftKind.CARD_FORM_CHANGED:
            drop_card_fields(row.repository_id)
        _resolve(moved, words=words)
    return row


def _bring_in(row: Drift, stage: Stage | None, moved: Moved) -> None:
    stages = Stage.objects.including(row.repository).taking_requests().select_related("release")
    found = stages.first() if stage is None else stages.filter(pk=stage.pk).first()
    if found is None:
        raise Unmet(NO_STAGE)
    # Whoever gives grants waits for the stage, so that the places that are counted stay free.
    Stage.objects.select_for_update(no_key=True).get(pk=found.pk)
    cap = current_policies([found])[found.pk].term("cap")
    if cap is not None and Grant.objects.live().filter(stage=found).count() >= int(cap):
        raise Unmet(NEEDS["place"][1])
    assert row.person is not None
    given = grants.bring_in_all(found, [row.person], by=moved.by, at=moved.at)
    if not given:
        raise Unmet(NEEDS["no_live_grant"][1])
    moved.note(row, grant=given[0].pk)


def _end_grants(row: Drift, codes: Sequence[str], words: str, moved: Moved) -> None:
    ending = Grant.objects.filter(
        person=row.person_id, stage__repositories=row.repository_id, status__in=LIVE_GRANT
    ).order_by("pk")
    ended = [grants.revoke(grant, by=moved.by, codes=codes, words=words, at=moved.at).pk for grant in ending]
    moved.note(row, grants=ended)


def undo(drift: Drift, *, by: Viewer, at: datetime | None = None) -> Drift:
    """Have the Hub say again what was decided here: see undo_all."""
    return undo_all([drift], by=by, at=at)[0]


def undo_all(
    drifts: Iterable[Drift], *, by: Viewer, confirmed: int | None = None, at: datetime | None = None
) -> list[Drift]:
    """Have the Hub say again what was decided here; each is repaired once that was read back.

    Where people would lose access and are too many for one step, `confirmed` has to name how many, as the preview
    showed it. Raises NotAllowed, WrongState, Unmet.
    """
    with step("drift", "undo", drifts, by=by, at=at) as moved:
        _refuse_unconfirmed(moved.rows, confirmed)
        _wish_back(moved)
    return moved.rows


def _wish_back(moved: Moved) -> None:
    for kind, wish in UNDOING.items():
        if rows := [row for row in moved.rows if row.kind == kind]:
            wish(rows, moved.at)
    _resolve(moved)


def undo_unasked_all(drifts: Iterable[Drift], *, at: datetime | None = None) -> list[Drift]:
    """Undo what a repository that enforces has found, as the clock."""
    with step("drift", "undo_unasked", drifts, by=Viewer.system("clock"), at=at) as moved:
        _wish_back(moved)
    return moved.rows


def _refuse_unconfirmed(rows: Sequence[Drift], confirmed: int | None) -> None:
    removals = [row for row in rows if row.kind == DriftKind.GHOST_ACCESS]
    many = any(
        too_many(repository, sum(row.repository_id == repository.pk for row in removals))
        for repository in {row.repository for row in removals}
    )
    if many and confirmed != len(removals):
        raise Unmet(
            Refusal(
                "confirm_count",
                _("This would end the access of %(count)s people. Confirm that number, so that it is meant."),
                {"count": len(removals)},
            )
        )


def _keys(rows: Iterable[Drift]) -> list[tuple[int, int]]:
    return [(row.repository_id, row.person_id) for row in rows if row.person_id is not None]


def _remove(rows: Sequence[Drift], at: datetime) -> None:
    wish_closed(_keys(rows), access=Access.NO, closing=Closing.RESET, cause="undone", at=at)


def _give_back(rows: Sequence[Drift], at: datetime) -> None:
    wish_again(_keys(rows), cause="undone", at=at)


def _reopen(rows: Sequence[Drift], at: datetime) -> None:
    wish_closed(_keys(rows), access=None, closing=Closing.RESET, cause="still_open", at=at)


def _gate_by_hand(rows: Sequence[Drift], at: datetime) -> None:
    """Wish the gate, the card's two lines and its questions again, as they were wished."""
    wish_gate([row.repository for row in rows], gate="manual", at=at)


UNDOING = {
    DriftKind.GHOST_ACCESS: _remove,
    DriftKind.MISSING_ACCESS: _give_back,
    DriftKind.WRONG_REJECTED: _reopen,
    DriftKind.MODE_CHANGED: _gate_by_hand,
    DriftKind.CARD_LINES_REMOVED: _gate_by_hand,
    DriftKind.CARD_FORM_CHANGED: _gate_by_hand,
}


def allow(drift: Drift, *, by: Viewer, until: datetime, words: str, at: datetime | None = None) -> Drift:
    """Leave something as it is until a day, with a reason; the owner who does is its approver.

    Raises NotAllowed, WrongState, Invalid.
    """
    words = readable(words)
    at = at or timezone.now()
    if not at < until <= at + LONGEST_EXCEPTION:
        raise Invalid(BAD_END, {"until": BAD_END})
    with step("drift", "allow", [drift], by=by, at=at) as moved:
        [row] = moved.rows
        row.excepted_until = until
        row.save(update_fields=["excepted_until"])
        _resolve(moved, words=words)
        moved.note(row, until=until.isoformat())
    return row


def lapse_all(drifts: Iterable[Drift], *, at: datetime | None = None) -> list[Drift]:
    """End exceptions whose day has come: they wait for a decision again."""
    with step("drift", "lapse", drifts, by=Viewer.system("clock"), at=at) as moved:
        pass
    return moved.rows


def repair_all(drifts: Iterable[Drift], *, procedure: int, at: datetime | None = None) -> list[Drift]:
    """Take drift into a safe re-gate, by its id: access that nobody gave here is ended, a gate is put back by it."""
    with step("drift", "repair", drifts, by=Viewer.system("clock"), at=at) as moved:
        if ghosts := [row for row in moved.rows if row.kind == DriftKind.GHOST_ACCESS]:
            _remove(ghosts, moved.at)
        for row in moved.rows:
            moved.note(row, procedure=procedure)
    return moved.rows


def reopen_all(drifts: Iterable[Drift], *, procedure: int, at: datetime | None = None) -> list[Drift]:
    """Let drift wait for a decision again, because the safe re-gate that was to repair it was called off."""
    with step("drift", "reopen", drifts, by=Viewer.system("clock"), at=at) as moved:
        for row in moved.rows:
            moved.note(row, procedure=procedure)
    return moved.rows


def confirm_all(drifts: Iterable[Drift], *, at: datetime | None = None) -> list[Drift]:
    """Say that what was undone is undone, after the Hub was read back. For workers."""
    with step("drift", "confirm", drifts, by=Viewer.system("hub"), at=at) as moved:
        Drift.objects.filter(pk__in=[row.pk for row in moved.rows]).update(resolved_at=moved.at)
    return moved.rows


def vanish_all(drifts: Iterable[Drift], *, at: datetime | None = None) -> list[Drift]:
    """Say that what differed does not differ any more, though nobody here did anything about it. For workers."""
    with step("drift", "vanish", drifts, by=Viewer.system("hub"), at=at) as moved:
        Drift.objects.filter(pk__in=[row.pk for row in moved.rows]).update(resolved_at=moved.at)
    return moved.rows


def _resolve(moved: Moved, *, words: str = "") -> None:
    """Write who decided, and why."""
    values: dict[str, Any] = {"resolved_by": moved.actor}
    if moved.step.action == "record":
        values["resolved_at"] = moved.at
    if words:
        values["words"] = words
    Drift.objects.filter(pk__in=[row.pk for row in moved.rows]).update(**values)
    for row in moved.rows:
        for name, value in values.items():
            setattr(row, name, value)


def enforce(repository: Repository, *, by: Viewer, on: bool = True, at: datetime | None = None) -> Repository:
    """Have what differs about people undone without asking, or propose it again. For owners, after seven days.

    Raises NotAllowed, Unmet.
    """
    require(by, repository.publisher_id, frozenset({Role.OWNER}))
    at = at or timezone.now()
    with transaction.atomic():
        locked = Repository.objects.select_for_update(no_key=True, of=("self",)).get(pk=repository.pk)
        if locked.unlinked_at is not None:
            raise WrongState(NOT_LINKED)
        if on and too_early(locked, at=at):
            raise Unmet(TOO_EARLY)
        if on != (locked.enforced_since is not None):
            locked.enforced_since = at if on else None
            locked.save(update_fields=["enforced_since"])
            write_events([("repository.enforce" if on else "repository.propose", locked, {})], by=acting(by), at=at)
    return locked


def too_early(repository: Repository, *, at: datetime) -> Refusal | None:
    """Return why a repository cannot enforce yet, or None."""
    watched = repository.guarded_since
    return TOO_EARLY if watched is None or watched > at - WATCHED_FIRST else None
