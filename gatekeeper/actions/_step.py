"""The one place where rows are locked, checked, moved and recorded, one or many in a constant number of statements.

Locks are taken in one order everywhere (procedure, campaign, drift, stage, request, grant, Hub access; ascending id;
FOR NO KEY UPDATE, so that children can still be inserted), role is asked before state before needs, all or nothing is
moved.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from accounts.models import HubPerson, User
from accounts.viewer import Viewer
from gatekeeper.models import (
    AccessRequest,
    ApprovalImport,
    Campaign,
    Drift,
    Event,
    Grant,
    Invitation,
    Notice,
    PersonalText,
    Procedure,
    Purpose,
    Stage,
    grants,
)
from gatekeeper.models.record import event_digest
from gatekeeper.models.requests import facts_of
from gatekeeper.rules import lifecycle, needs
from gatekeeper.rules.access import Closing
from gatekeeper.rules.refusals import NotAllowed, Refusal, Refused, Unmet, WrongState
from gatekeeper.rules.refusals import gettext_noop as _

from ._wishes import wish_access

STALE = Refusal("stale", _("This has changed since you opened it. Look again, then decide."))
SIGN_IN = Refusal("sign_in", _("Sign in first."))
NO_IDENTITY = Refusal("no_hub_identity", _("Connect your Hugging Face account first: access is given to a Hub name."))

CLAIM_RETENTION_DAYS = 6 * 365


@dataclass
class Moved:
    """The rows of a step while it happens, and what the record shall hold about each."""

    table: str
    step: lifecycle.Step
    rows: list[Any]
    by: Viewer
    at: datetime
    details: dict[int, dict[str, Any]] = field(default_factory=dict)
    wishes: list[tuple[list[tuple[int, int]], Closing | None, str]] = field(default_factory=list)

    def wish(self, *, closing: Closing | None, cause: str, rows: Iterable[Any] | None = None) -> None:
        """Have the wish of these rows' people (default: all) worked out anew once their status has moved."""
        pairs = [(row.stage_id, row.person_id) for row in (self.rows if rows is None else rows)]
        self.wishes.append((pairs, closing, cause))

    @property
    def actor(self) -> User:
        """Return the account that acts."""
        return acting(self.by)

    def note(self, row: Model, **values: Any) -> None:
        """Add ids, codes or digests (never personal data) to the event of one row."""
        self.details.setdefault(row.pk, {}).update(values)


def acting(by: Viewer) -> User:
    """Return the account behind a viewer. Raises NotAllowed for nobody."""
    if by.user is None:
        raise NotAllowed(SIGN_IN)
    return by.user


def acting_person(by: Viewer) -> HubPerson:
    """Return the Hub person behind a viewer. Raises NotAllowed for nobody, and without a connected Hub account."""
    acting(by)
    if by.person is None:
        raise NotAllowed(NO_IDENTITY)
    return by.person


@contextmanager
def step(
    table: str,
    action: str,
    rows: Iterable[Any],
    *,
    by: Viewer,
    seen: Mapping[int, int | None] | int | None = None,
    at: datetime | None = None,
) -> Iterator[Moved]:
    """Lock, check, let the caller do what is particular, then move and record, in one transaction.

    `seen` is the submission that the caller saw: one id, or ids by request. Raises NotAllowed, WrongState, Unmet.
    """
    taken = lifecycle.find(table, action)
    at = at or timezone.now()
    acting(by)
    with transaction.atomic():
        locked = LOCKS[table]([row.pk for row in rows])
        _refuse(table, taken, locked, by=by, at=at)
        _refuse_stale(locked, seen)
        moved = Moved(table, taken, locked, by, at)
        yield moved
        if taken.to is not None:
            _move(moved)
        for pairs, closing, cause in moved.wishes:
            wish_access(pairs, closing=closing, cause=cause, at=at)
        if taken.recorded:
            record(
                [(f"{table}.{action}", row, moved.details.get(row.pk, {})) for row in moved.rows],
                by=moved.actor,
                at=at,
            )


def _lock_stages(ids: Sequence[int]) -> list[Stage]:
    return list(
        Stage.objects.select_for_update(no_key=True, of=("self",))
        .select_related("release")
        .filter(pk__in=ids)
        .order_by("pk")
    )


def _lock_requests(ids: Sequence[int]) -> list[AccessRequest]:
    _lock_stages(sorted(set(AccessRequest.objects.filter(pk__in=ids).values_list("stage", flat=True))))
    return list(
        AccessRequest.objects.select_for_update(no_key=True, of=("self",))
        .select_related("stage__release", "person__user", "draft", "policy__form", "submission")
        .filter(pk__in=ids)
        .order_by("pk")
    )


def _lock_grants(ids: Sequence[int]) -> list[Grant]:
    stages = _lock_stages(sorted(set(Grant.objects.filter(pk__in=ids).values_list("stage", flat=True))))
    known = {stage.pk: stage for stage in stages}
    grants = list(
        Grant.objects.select_for_update(no_key=True, of=("self",))
        .select_related("person__user")
        .filter(pk__in=ids)
        .order_by("pk")
    )
    for grant in grants:
        grant.stage = known[grant.stage_id]
    return grants


def _lock_drifts(ids: Sequence[int]) -> list[Drift]:
    return list(
        Drift.objects.select_for_update(no_key=True, of=("self",))
        .select_related("repository__publisher", "person")
        .filter(pk__in=ids)
        .order_by("pk")
    )


def _lock_imports(ids: Sequence[int]) -> list[ApprovalImport]:
    return list(
        ApprovalImport.objects.select_for_update(no_key=True, of=("self",))
        .select_related("stage__release", "evidence")
        .filter(pk__in=ids)
        .order_by("pk")
    )


def _lock_invitations(ids: Sequence[int]) -> list[Invitation]:
    return list(
        Invitation.objects.select_for_update(no_key=True, of=("self",))
        .select_related("stage__release")
        .filter(pk__in=ids)
        .order_by("pk")
    )


def _lock_procedures(ids: Sequence[int]) -> list[Procedure]:
    return list(
        Procedure.objects.select_for_update(no_key=True, of=("self",))
        .select_related("publisher", "repository", "stage", "release")
        .filter(pk__in=ids)
        .order_by("pk")
    )


def _lock_campaigns(ids: Sequence[int]) -> list[Campaign]:
    return list(
        Campaign.objects.select_for_update(no_key=True, of=("self",))
        .select_related("publisher", "licence_version__licence")
        .filter(pk__in=ids)
        .order_by("pk")
    )


LOCKS: dict[str, Callable[[Sequence[int]], list[Any]]] = {
    "stage": _lock_stages,
    "request": _lock_requests,
    "grant": _lock_grants,
    "drift": _lock_drifts,
    "import": _lock_imports,
    "invitation": _lock_invitations,
    "procedure": _lock_procedures,
    "campaign": _lock_campaigns,
}


def _refuse(table: str, taken: lifecycle.Step, rows: list[Any], *, by: Viewer, at: datetime) -> None:
    for row in rows:  # role and state, before anything is loaded to judge the needs
        refused = lifecycle.out_of_place(taken, row.status, row.roles_of(by))
        if refused is not None:
            raise _about(row, refused)
    ids = [row.pk for row in rows]
    if table == "request":
        facts = facts_of(rows, by, at=at)
    elif table == "grant":
        facts = grants.facts_of(rows, by, at=at)
    elif table == "drift":
        facts = Drift.objects.filter(pk__in=ids).facts(by, at=at)
    elif table == "import":
        facts = ApprovalImport.objects.filter(pk__in=ids).facts(by, at=at)
    elif table == "invitation":
        facts = Invitation.objects.filter(pk__in=ids).facts(by)
    elif table == "procedure":
        facts = Procedure.objects.filter(pk__in=ids).facts(by, at=at)
    elif table == "campaign":
        facts = Campaign.objects.filter(pk__in=ids).facts(by, at=at)
    else:
        facts = Stage.objects.filter(pk__in=ids).facts(by)
    asked_places: dict[int, int] = {}
    for row in rows:
        known = facts[row.pk]
        refused = lifecycle.refusal(taken, row.status, row.roles_of(by), known)
        if refused is None and "place" in taken.needs and known.places_left is not None:
            asked_places[row.stage_id] = asked_places.get(row.stage_id, 0) + 1
            if asked_places[row.stage_id] > known.places_left:
                refused = Unmet(needs.NEEDS["place"][1])
        if refused is not None:
            raise _about(row, refused)


def _about(row: Model, refused: Refused) -> Refused:
    refused.row = row  # type: ignore[attr-defined]  # a bulk caller names the row at fault
    return refused


def _refuse_stale(rows: list[Any], seen: Mapping[int, int | None] | int | None) -> None:
    if seen is None:
        return
    for row in rows:
        expected = seen.get(row.pk) if isinstance(seen, Mapping) else seen
        if row.submission_id != expected:
            raise WrongState(STALE)


def _move(moved: Moved) -> None:
    rows = [row for row in moved.rows if row.status != moved.step.to]
    if not rows:
        return
    type(rows[0])._default_manager.filter(pk__in=[row.pk for row in rows]).update(
        status=moved.step.to, status_at=moved.at
    )
    for row in rows:
        row.status, row.status_at = str(moved.step.to), moved.at


def record(steps: Iterable[tuple[str, Any, dict[str, Any]]], *, by: User, at: datetime) -> None:
    """Write one event per (action, row, values) to the append-only record, in one statement."""
    events = []
    for action, row, values in steps:
        kind, publisher = row._meta.model_name, publisher_of(row)
        events.append(
            Event(
                at=at,
                actor=by,
                action=action,
                object_kind=kind,
                object_id=row.pk,
                publisher_id=publisher,
                data=values,
                digest=event_digest(at, by.pk, action, kind, row.pk, publisher, values),
            )
        )
    Event.objects.bulk_create(events, batch_size=2_000)


def publisher_of(row: Any) -> int | None:
    """Return the id of the publisher that a row belongs to, or None for what belongs to the installation."""
    if row._meta.model_name == "publisher":
        return int(row.pk)
    found = getattr(row, "publisher_id", None)
    return None if found is None else int(found)


def tell(people: Iterable[tuple[User | None, str, Model]], *, at: datetime, **values: Any) -> None:
    """Write a notice per (recipient, kind, row) to the outbox; people without an account here are told nothing."""
    Notice.objects.bulk_create(
        [
            Notice(
                recipient=user,
                kind=kind,
                object_kind=str(row._meta.model_name),
                object_id=row.pk,
                data=values,
                created_at=at,
                due_at=at,
            )
            for user, kind, row in people
            if user is not None and not user.is_system
        ],
        batch_size=2_000,
    )


def write_texts(
    texts: Iterable[tuple[HubPerson, Purpose, Any]], *, at: datetime, days: int = CLAIM_RETENTION_DAYS
) -> list[PersonalText]:
    """Write personal texts in one statement, and return them in order."""
    return PersonalText.objects.bulk_create(
        [PersonalText.of(person, purpose, body, at=at, days=days) for person, purpose, body in texts], batch_size=2_000
    )


def days_after(at: datetime, days: int | None) -> datetime | None:
    """Return the time that many days later, or None for no end."""
    return None if days is None else at + timedelta(days=days)
