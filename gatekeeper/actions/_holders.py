"""Who holds a Hub name, as far as it is known here: the account by its Hub id, and how well that is known."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db.models.functions import Upper

from accounts.models import HubName, HubPerson
from gatekeeper.models import HubAccess
from gatekeeper.rules.access import Seen


@dataclass(frozen=True, slots=True)
class Known:
    """The account that has a name now; `proven` by sign-in or seen in the Hub's own lists, last under it on `seen_on`.

    `contested`: another account was seen under the same name before.
    """

    person: int
    user: int | None
    proven: bool
    contested: bool
    seen_on: date


def holders(keys: Collection[str]) -> dict[str, Known]:
    """Return the known holder of each name (given by its key), where there is one. Three statements."""
    people = {
        key: (pk, user, proven_at)
        for key, pk, user, proven_at in HubPerson.objects.annotate(key=Upper("username"))
        .filter(key__in=keys, gone_at=None)
        .values_list("key", "pk", "user", "proven_at")
    }
    ever: dict[str, set[int]] = {}
    last: dict[tuple[str, int], date] = {}
    for key, person, seen_at in (
        HubName.objects.annotate(key=Upper("username"))
        .filter(key__in=keys)
        .values_list("key", "person", "last_seen_at")
    ):
        ever.setdefault(key, set()).add(person)
        last[key, person] = max(seen_at.date(), last.get((key, person), date.min))
    listed: dict[int, date] = {}
    for person, seen, observed_at in HubAccess.objects.filter(
        person__in=[pk for pk, _user, _proven in people.values()], seen_requested_at__isnull=False
    ).values_list("person", "seen", "repository__observed_at"):
        # Those two lists are read each time, and a name that differs is written: the others were so at that time.
        read = observed_at.date() if observed_at is not None and seen in (Seen.PENDING, Seen.ACCEPTED) else date.min
        listed[person] = max(listed.get(person, date.min), read)
    return {
        key: Known(
            person=pk,
            user=user,
            proven=proven_at is not None or pk in listed,
            contested=len(ever.get(key, set()) | {pk}) > 1,
            seen_on=max(last.get((key, pk), date.min), listed.get(pk, date.min)),
        )
        for key, (pk, user, proven_at) in people.items()
    }
