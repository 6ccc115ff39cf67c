"""Names that wait meet their holders: when somebody signs in, when the Hub's lists show them, and as the clock sweeps.

Nothing is told to the Hub about a name: only about somebody whose Hub id was proven so. Until then nobody is written.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Upper
from django.utils import timezone

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.models import EarlierApproval, HubAccess, Invited, Notice, Stage
from gatekeeper.rules import hub_names
from gatekeeper.rules.statuses import StageStatus

from ._holders import holders
from ._judging import settle_lines
from ._step import acting, record, tell

AT_ONCE = 1_000
QUIET = timedelta(days=1)  # between two mails by which one publisher invites one person


def meet(people: Iterable[HubPerson], *, at: datetime | None = None) -> None:
    """Let the names that wait for these people find them. Two cheap statements where no name waits at all."""
    keys = {hub_names.key(person.username) for person in people if person.username}
    if keys:
        _meet(Q(name_key__in=keys), at=at or timezone.now())


def meet_all(*, at: datetime | None = None) -> None:
    """Let every name that waits find its holder, if that is known by now. For the clock: whatever was missed."""
    at = at or timezone.now()
    listed = HubAccess.objects.filter(person=OuterRef("pk"), seen_requested_at__isnull=False)
    known = (
        HubPerson.objects.annotate(key=Upper("username"))
        .filter(key=OuterRef("name_key"), gone_at=None)
        .filter(Q(proven_at__isnull=False) | Exists(listed))
    )
    _meet(Q(Exists(known)), at=at)
    # Where a confirmed import was broken off, the rest of its lines is settled now.
    for source in _sources(EarlierApproval.objects.to_settle()):
        while settle_lines(EarlierApproval.objects.to_settle().filter(source=source), by=_clock(), at=at):
            pass


def _meet(waiting: Q, *, at: datetime) -> None:
    every_line = EarlierApproval.objects.waiting(at=at).filter(source__stage__status=StageStatus.OPEN)
    lines = every_line.filter(waiting)
    for source in _sources(lines) if every_line.exists() else ():
        last = 0
        while batch := list(
            lines.filter(source=source, pk__gt=last).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
        ):
            last = batch[-1]
            settle_lines(EarlierApproval.objects.waiting(at=at).filter(pk__in=batch), by=_clock(), at=at)
    every_name = Invited.objects.waiting(at=at)
    if not every_name.exists():
        return
    invited, last = every_name.filter(waiting), 0
    while names := list(invited.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        last = names[-1]
        meet_invited(names, at=at)


def _sources(lines: QuerySet[EarlierApproval]) -> list[int]:
    return list(lines.order_by("source").values_list("source", flat=True).distinct())


def _clock() -> Viewer:
    return Viewer.system("clock")


def meet_invited(ids: Collection[int], *, at: datetime | None = None) -> int:
    """Tie invited names (by id) to their holders where these are known by their Hub id; returns how many were met."""
    try:
        with transaction.atomic():
            return _meet_invited(ids, at=at or timezone.now())
    except IntegrityError:  # one of them accepts a link at this moment: the next look finds the others
        return 0


def _meet_invited(ids: Collection[int], *, at: datetime) -> int:
    rows = list(
        Invited.objects.waiting(at=at)
        .filter(pk__in=ids)
        .select_for_update(no_key=True, of=("self",))
        .select_related("stage__release", "invitation__stage__release")
        .order_by("pk")
    )
    known = holders({row.name_key for row in rows})
    sure = {key: each.person for key, each in known.items() if each.proven and not each.contested}
    taken = set(
        Invited.objects.standing()
        .filter(stage__in={row.stage_id for row in rows}, person__in=sure.values())
        .values_list("stage", "person")
    )
    met: list[Invited] = []
    twice: list[Invited] = []
    for row in rows:
        person = sure.get(row.name_key)
        if person is None:
            continue
        if (row.stage_id, person) in taken:
            row.withdrawn_at = at
            twice.append(row)
        else:
            taken.add((row.stage_id, person))
            row.person_id, row.met_at = person, at
            met.append(row)
    Invited.objects.bulk_update([*met, *twice], ["person", "met_at", "withdrawn_at"], batch_size=AT_ONCE)
    people = HubPerson.objects.select_related("user").in_bulk([row.person_id for row in met])
    record((("invitation.meet", row.invitation, {"invited": row.pk}) for row in met), by=acting(_clock()), at=at)
    lately = _invited_lately({person.user_id for person in people.values()} - {None}, at=at)
    told = (row for row in met if (row.publisher_id, people[row.person_id].user_id) not in lately)
    tell(((people[row.person_id].user, "invited", row.stage) for row in told), at=at)
    return len(met)


def _invited_lately(users: Collection[int | None], *, at: datetime) -> set[tuple[int, int]]:
    """Return by which publisher which of these accounts was told of an invitation a moment ago: one mail is enough."""
    publisher = Stage.objects.filter(pk=OuterRef("object_id")).values("release__publisher")
    lately = Notice.objects.filter(kind="invited", recipient__in=users, created_at__gt=at - QUIET)
    return set(lately.annotate(publisher=Subquery(publisher[:1])).values_list("publisher", "recipient"))
