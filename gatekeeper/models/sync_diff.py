"""What workers would tell the Hub if they went on now: wishes that were not read back, where the Hub says otherwise.

It is drawn from rows alone. Whoever lets the sync go on after a restore names its digest, so that nobody agrees to one
difference and gets another. What was confirmed once and stands otherwise by now is drift, which nobody is told of
without being asked.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.db.models import Q, QuerySet

from gatekeeper.rules.access import Access, Closing, Seen, Sight, Wish, closing_owed

from .drift import Drift
from .hub_access import HubAccess, RepositoryWish
from .paging import count_up_to
from .repositories import Repository
from .sync import SyncPause


class Change(StrEnum):
    """What would become of somebody: accepted, access taken away, or a request closed that gave no access."""

    ACCEPTED = "accepted"
    REMOVED = "removed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Diff:
    """How many people would be accepted, lose access, have a request closed; how many gates or cards be written.

    `unread` are the repositories whose lists were not read whole since the time that was asked for; `people` holds the
    first rows of each change. `drift` counts the findings that wait for somebody; they are no part of the digest.
    """

    digest: str
    accepted: int
    removed: int
    closed: int
    gates: int
    drift: int
    unread: tuple[Repository, ...] = ()
    people: dict[Change, list[HubAccess]] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Say whether nothing would be told."""
        return not (self.accepted or self.removed or self.closed or self.gates)


def diff_of(repository: Repository | None, *, since: datetime | None = None, most: int = 0) -> Diff:
    """Return what would be told about one repository, or (None) about all linked, with `most` people of each change."""
    linked = Repository.objects.linked()
    if repository is not None:
        linked = linked.filter(pk=repository.pk)
    digest, counted = hashlib.sha256(), Counter[Change]()
    people: dict[Change, list[HubAccess]] = {change: [] for change in Change}
    for row in _differing(linked).iterator(chunk_size=2_000):
        change = change_of(row)
        if change is None:
            continue
        counted[change] += 1
        if counted[change] <= most:
            people[change].append(row)
        how = row.closing if change is Change.CLOSED else ""
        digest.update(f"{row.repository_id} {row.person.hub_user_id} {change} {how}\n".encode())
    wishes = RepositoryWish.objects.filter(repository__in=linked, due_at__isnull=False).order_by("repository")
    gates = list(wishes.values_list("repository", "gate", "card_link", "visibility", "card_fields"))
    unread = tuple(_unread(linked, since))
    digest.update(f"{gates} {[each.pk for each in unread]}".encode())
    return Diff(
        digest.hexdigest()[:16],
        counted[Change.ACCEPTED],
        counted[Change.REMOVED],
        counted[Change.CLOSED],
        len(gates),
        count_up_to(Drift.objects.waiting().filter(repository__in=linked)),
        unread,
        people,
    )


def what_waits(held: SyncPause, *, most: int = 0) -> Diff:
    """Return what would be told if a pause were lifted now: see diff_of."""
    return diff_of(held.repository, since=held.paused_at if held.after_restore else None, most=most)


def _differing(linked: QuerySet[Repository]) -> QuerySet[HubAccess]:
    """Return the rows at these repositories that are to be told and stand otherwise on the Hub, in a settled order.

    Parked ones are among them: whoever takes them up again gets what they wish.
    """
    accepted = Q(access=Access.YES) & ~Q(seen=Seen.ACCEPTED)
    removed = Q(seen=Seen.ACCEPTED) & ~Q(access=Access.YES) & (Q(access=Access.NO) | ~Q(closing=""))
    closed = ~Q(closing="") & ~Q(access=Access.YES) & ~Q(seen__in=(Seen.ACCEPTED, Seen.NONE))
    return (
        HubAccess.objects.unsettled()
        .filter(accepted | removed | closed, repository__in=linked, confirmed_at=None)
        .select_related("person", "repository")
        .order_by("repository", "pk")
    )


def change_of(row: HubAccess) -> Change | None:
    """Return what would become of the person of a row; None for nothing after all."""
    if row.access == Access.YES:
        return None if row.seen == Seen.ACCEPTED else Change.ACCEPTED
    if row.seen == Seen.ACCEPTED:
        return Change.REMOVED
    if row.seen == Seen.UNKNOWN:
        return Change.CLOSED
    wish = Wish(Access(row.access), Closing(row.closing), row.closing_of)
    return Change.CLOSED if closing_owed(wish, Sight(Seen(row.seen), row.seen_requested_at)) else None


def _unread(linked: QuerySet[Repository], since: datetime | None) -> QuerySet[Repository]:
    never = Q(observed_at=None)
    return linked.filter(never if since is None else never | Q(observed_at__lt=since)).order_by("pk")
