"""Accounts that are gone from the Hub, or bear another name: found by id, as far as the Hub tells.

The Hub answers about a name, not about an id. But a request that was accepted leaves its list only with its account:
who stands in no list any more, and whose name nobody bears, is gone.
"""

from datetime import timedelta

import structlog
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import HubPerson
from gatekeeper.actions import drifts
from gatekeeper.actions.drifts import Finding
from gatekeeper.models import Drift, HubAccess, Repository
from gatekeeper.models.accounts_seen import gone, renamed
from gatekeeper.rules.access import Access, Seen
from gatekeeper.rules.drift import UNRESOLVED, DriftKind, DriftStatus

from .client import HubClient
from .port import HubError

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=1)
AT_ONCE = 10  # people asked after in one look; the others come with the next one
LISTED = 1_000  # people found in one look


def ask_after_the_absent(hub: HubClient, repository: Repository) -> None:
    """Ask, each hour at most, whether somebody who was accepted and stands in no list any more still has an account."""
    now = timezone.now()
    lately = Q(person__asked_after_at=None) | Q(person__asked_after_at__lt=now - EVERY)
    absent = (
        HubAccess.objects.filter(
            lately, repository=repository, access=Access.YES, seen=Seen.NONE, due_at=None, confirmed_at__isnull=False
        )
        .exclude(person__username="")
        .select_related("person")
        .order_by("person__asked_after_at", "pk")
    )
    for row in absent[:AT_ONCE]:
        try:
            holder = hub.holder_of(row.person.username)
        except HubError as failed:
            log.info("account not asked after", repository=repository.pk, reason=failed.reason)
            return
        person = HubPerson.objects.filter(pk=row.person_id)
        person.update(asked_after_at=now)
        if not holder:
            person.filter(gone_at=None).update(gone_at=now)
        elif holder == row.person.hub_user_id:
            person.update(gone_at=None)


def note_gone(people: list[int]) -> None:
    """Note that the Hub knows nobody of the ids of these people any more: a call that named them said so."""
    HubPerson.objects.filter(pk__in=people, gone_at=None).update(gone_at=timezone.now())


def compare_accounts(repository: Repository) -> int:
    """Write down which accounts of people with a live grant or an open case are gone or renamed; returns how many."""
    now = timezone.now()
    of_them = Drift.objects.filter(repository=repository, person=OuterRef("pk"))
    unresolved = {"status__in": [status.value for status in UNRESOLVED]}
    went = gone(repository).exclude(Exists(of_them.filter(kind=DriftKind.ACCOUNT_GONE, **unresolved)))
    findings = [
        Finding(DriftKind.ACCOUNT_GONE, gone_at or now, person_id=pk, facts={"was": username})
        for pk, username, gone_at in went.order_by("pk").values_list("pk", "username", "gone_at")[:LISTED]
    ]
    told = Q(**unresolved) | Q(status=DriftStatus.RECORDED, resolved_at__gte=OuterRef("named_at"))
    noted = of_them.filter(told, kind=DriftKind.ACCOUNT_RENAMED, reference=OuterRef("username"))
    others = renamed(repository).exclude(Exists(noted)).order_by("pk")
    findings += [
        Finding(
            DriftKind.ACCOUNT_RENAMED, named_at, person_id=pk, reference=username, facts={"was": was, "is": username}
        )
        for pk, username, named_at, was in others.values_list("pk", "username", "named_at", "was")[:LISTED]
    ]
    return len(drifts.find_all(repository, findings=findings))
