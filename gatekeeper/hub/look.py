"""Reading back where one person stands at a repository. People are told apart by their Hub id, never by their name.

A name narrows the lists (`q=`), but names change: that a name is not found says little. Where it matters, the lists are
read without it, as far as they are short enough for that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.models import HubPerson
from gatekeeper.models import HubAccess, Repository
from gatekeeper.rules.access import Access, Seen

from .client import HubClient
from .port import HubError, ListedRequest, Need, Word

LISTS = (Seen.ACCEPTED, Seen.PENDING, Seen.REJECTED, Seen.RESET)
PAGES_BY_NAME = 3
PAGES_IN_ALL = 20
FULL = 1_000


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a look found: the item, or None for nobody; `complete` says that nobody means nobody."""

    begun: datetime
    item: ListedRequest | None
    complete: bool

    def onto(self, row: HubAccess) -> None:
        """Write what was found onto a row. The time of a request that is gone stays: it proves that it was shown."""
        row.seen, row.seen_at = Seen.NONE.value, self.begun
        row.seen_reviewed_at, row.seen_granted_by, row.hub_request_id = None, "", ""
        if self.item is not None:
            row.seen, row.seen_requested_at = self.item.status, self.item.requested_at
            row.seen_reviewed_at, row.seen_granted_by = self.item.reviewed_at, self.item.granted_by
            row.hub_request_id = self.item.request_id


def find(hub: HubClient, repository: Repository, row: HubAccess) -> Sighting:
    """Look for one person in the lists, the likely one first. Raises HubError."""
    lists = _likely_first(row, reset_known=hub.can("reset"))
    begun = timezone.now()
    if row.person.username:
        found, _complete = _search(hub, repository, row, lists, prefix=row.person.username, pages=PAGES_BY_NAME)
        if found is not None:
            return Sighting(begun, found, complete=True)
        if row.access == Access.YES and row.applied_at is None:
            # Nobody is known by that name: they are accepted by their id, which shows whether that was so.
            return Sighting(begun, None, complete=True)
        begun = timezone.now()
    found, complete = _search(hub, repository, row, lists, prefix="", pages=PAGES_IN_ALL)
    return Sighting(begun, found, complete)


def _likely_first(row: HubAccess, *, reset_known: bool) -> list[Seen]:
    expected = Seen.ACCEPTED if row.access == Access.YES else Seen(row.closing or Seen.PENDING)
    known = [one for one in LISTS if one is not Seen.RESET or reset_known]
    return sorted(known, key=lambda one: one is not expected)


def _search(
    hub: HubClient, repository: Repository, row: HubAccess, lists: list[Seen], *, prefix: str, pages: int
) -> tuple[ListedRequest | None, bool]:
    complete = True
    for status in lists:
        for item, last in _items(hub, repository, status, prefix=prefix, pages=pages):
            if _is(item, row):
                _meet(item)
                return item, True
            complete = complete and last
    return None, complete


def _items(
    hub: HubClient, repository: Repository, status: Seen, *, prefix: str, pages: int
) -> Iterator[tuple[ListedRequest, bool]]:
    """Yield the items of a list, each with whether the list does not break off at the page it stands on.

    A list that ends at exactly a full page may be one that lost its next page (client issue 3591).
    """
    page = hub.requests(repository.kind, repository.name, status.value, prefix=prefix, limit=FULL, need=Need.TELL)
    for number in range(1, pages + 1):
        whole = len(page.items) < FULL if not page.next else number < pages
        for item in page.items:
            yield item, whole
        if not page.next or number == pages:
            return
        page = hub.further(page.next, need=Need.TELL)


def _is(item: ListedRequest, row: HubAccess) -> bool:
    if item.person is not None:
        return item.person.hub_user_id == row.person.hub_user_id
    if row.hub_request_id:
        return item.request_id == row.hub_request_id
    raise HubError(Word.STOP, "usernames_hidden")


def _meet(item: ListedRequest) -> None:
    """Remember the name under which somebody was seen."""
    if item.person is not None:
        HubPerson.objects.see(
            hub_user_id=item.person.hub_user_id, username=item.person.username, fullname=item.person.fullname
        )
