"""Taking a page of a list in: only what differs from what is known is written, so that a reading without news is cheap.

That somebody stood in a list is not written down for each: at the end of a run the number of rows met, and the sum of
their ids, are held against the database. Where they differ somebody is gone, and the next run marks whom it meets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Sum

from accounts.models import HubPerson
from gatekeeper.actions import arrivals, intake
from gatekeeper.models import HubAccess, Repository
from gatekeeper.rules.access import Seen

from . import sightings
from .port import HubError, ListedRequest, Person, Word

BROUGHT_IN_AT_ONCE = 500
ADDED = (Seen.PENDING, Seen.ACCEPTED)
KNOWN = """
SELECT person.hub_user_id, person.id, person.username, person.fullname, person.gone_at,
    row.seen, row.seen_requested_at, row.seen_reviewed_at, row.seen_granted_by, row.hub_request_id, row.due_at,
    row.adopted_of
FROM accounts_hubperson AS person
LEFT JOIN gatekeeper_hubaccess AS row ON row.person_id = person.id AND row.repository_id = %s
WHERE person.hub_user_id = ANY(%s)
"""


@dataclass
class Met:
    """How many rows a run met in one list, and the sum of their people's ids."""

    rows: int = 0
    ids: int = 0


@dataclass
class Tally:
    """Whom a run met, by list; `marking`: it writes its number onto every row that it meets."""

    marking: bool = True
    met: dict[str, Met] = field(default_factory=dict)
    last: Met = field(default_factory=Met)

    def add(self, status: str, people: Sequence[int]) -> None:
        """Count the people met on a page of a list."""
        self.last = Met(len(people), sum(people))
        met = self.met.setdefault(status, Met())
        met.rows += self.last.rows
        met.ids += self.last.ids

    def take_back(self, status: str) -> None:
        """Count the last page no more: it is read again."""
        self.met[status].rows -= self.last.rows
        self.met[status].ids -= self.last.ids


def take_in(
    repository: Repository, run: int, tally: Tally, status: str, items: Sequence[ListedRequest], *, asked: datetime
) -> None:
    """Write down what a page said that was not known, and bring in who waits. Raises HubError for hidden names."""
    if any(item.person is None for item in items):
        raise HubError(Word.STOP, "usernames_hidden")
    known = _known(repository, [item.person.hub_user_id for item in items if item.person])
    if status not in ADDED:  # whoever was closed there and is nobody here stays nobody here
        items = [item for item in items if item.person and (row := known.get(item.person.hub_user_id)) and row[4]]
    same = [] if tally.marking else [item for item in items if _is_known(item, status, known)]
    unchanged = {id(item) for item in same}
    news = [item for item in items if id(item) not in unchanged]
    people = [known[item.person.hub_user_id][0] for item in same if item.person]
    if news:
        people += _write(repository, run, status, news, known, asked=asked)
    tally.add(status, people)


def _known(repository: Repository, ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Return what is known of people at a repository, by Hub id: plain tuples, since there may be a million of them."""
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [repository.pk, list(ids)])
        return {row[0]: row[1:] for row in cursor.fetchall()}


def _is_known(item: ListedRequest, status: str, known: dict[str, tuple[Any, ...]]) -> bool:
    """Say whether an item says nothing that is not written already, and nothing waits for its being read."""
    person = item.person
    row = None if person is None else known.get(person.hub_user_id)
    if person is None or row is None:
        return False
    _pk, username, fullname, gone_at, seen, requested, reviewed, granter, request, due_at, adopted_of = row
    return (
        seen == status
        and due_at is None
        and gone_at is None
        and requested == item.requested_at
        and reviewed == item.reviewed_at
        and granter == item.granted_by
        and request == item.request_id
        and person.username in ("", username)
        and person.fullname in ("", fullname)
        and (status != Seen.PENDING or (adopted_of is not None and adopted_of >= item.requested_at))
    )


def _is_familiar(person: Person, row: tuple[Any, ...] | None) -> bool:
    """Say whether somebody stood in a list of this repository before, under the same names."""
    if row is None:
        return False
    _pk, username, fullname, gone_at, _seen, requested, *_rest = row
    same_names = person.username in ("", username) and person.fullname in ("", fullname)
    return requested is not None and gone_at is None and same_names


def _write(
    repository: Repository,
    run: int,
    status: str,
    items: Sequence[ListedRequest],
    known: dict[str, tuple[Any, ...]],
    *,
    asked: datetime,
) -> list[int]:
    """Write what is new, and return the ids of the people who have a row now."""
    strangers = [
        item.person
        for item in items
        if item.person and not _is_familiar(item.person, known.get(item.person.hub_user_id))
    ]
    met = HubPerson.objects.see_many(
        [{"hub_user_id": one.hub_user_id, "username": one.username, "fullname": one.fullname} for one in strangers],
        at=asked,
    )
    ids = {hub_user_id: row[0] for hub_user_id, row in known.items()}
    ids |= {hub_user_id: person.pk for hub_user_id, person in met.items()}
    by_person = {ids[item.person.hub_user_id]: item for item in items if item.person}
    added = [person.pk for person in met.values()] if status in ADDED else []
    sightings.write(repository, run, status, by_person, asked=asked, adding=added)
    arrivals.meet(met.values())  # before a case is made of what was approved long ago
    if status == Seen.PENDING:
        _bring_in(repository, by_person)
    rows = HubAccess.objects.filter(repository=repository, person__in=by_person, seen=status)
    return list(rows.values_list("person", flat=True))


def _bring_in(repository: Repository, by_person: dict[int, ListedRequest]) -> None:
    new = sightings.not_brought_in(repository, list(by_person))
    people = HubPerson.objects.in_bulk(new)
    waiting = [intake.Waiting(people[pk], by_person[pk].requested_at, by_person[pk].fields) for pk in new]
    for at in range(0, len(waiting), BROUGHT_IN_AT_ONCE):
        intake.bring_in(repository, waiting[at : at + BROUGHT_IN_AT_ONCE])


def somebody_is_gone(repository: Repository, tally: Tally, lists: Sequence[str]) -> bool:
    """Say whether the rows of these lists are not those that a run has met."""
    found = {
        row["seen"]: Met(row["rows"], row["ids"])
        for row in HubAccess.objects.filter(repository=repository, seen__in=lists)
        .order_by()
        .values("seen")
        .annotate(rows=Count("pk"), ids=Sum("person"))
    }
    return any(found.get(status, Met()) != tally.met.get(status, Met()) for status in lists)
