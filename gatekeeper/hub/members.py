"""Members of an organisation pass its gates without a request: who they are is looked at each hour, and no oftener.

One reading serves all repositories of a publisher. Where the token may not read the members, nothing is said.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Publisher
from gatekeeper.actions import drifts
from gatekeeper.actions.drifts import Finding
from gatekeeper.models import Drift, OrganisationMember, Repository
from gatekeeper.rules.drift import DriftKind, DriftStatus

from . import drift, tokens
from .claims import outside
from .directory import Directory
from .port import HubError, Member

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=1)
PAGES = 10
MOST = 5_000
NAMED = 20
OUTSIDE = "no_access"  # the role of a member who is let into nothing


def look(repository: Repository) -> None:
    """Read the members of the organisation whose repository this is, if that is due, and hold them against each one."""
    if repository.guarded_since is None or repository.publisher.kind != Publisher.Kind.ORGANISATION:
        return
    now = timezone.now()
    if not _is_mine(repository, at=now):
        return
    outside()
    try:
        members, whole = _members(tokens.directory_for(repository), repository.name.partition("/")[0])
    except HubError as failed:
        log.info("members not read", repository=repository.pk, reason=failed.reason)
        return
    except Exception:  # whatever the list holds, the repository is observed
        log.exception("members not read", repository=repository.pk)
        return
    _keep(repository.publisher, members, whole=whole, at=now)
    for each in _watched(repository.publisher):
        _compare(each, whole=whole, at=now)


def _is_mine(repository: Repository, *, at: datetime) -> bool:
    """Say whether the members are due to be read, and put the next time off for all repositories of the publisher."""
    due = Q(members_due_at=None) | Q(members_due_at__lte=at)
    if not Repository.objects.filter(due, pk=repository.pk).update(members_due_at=at + EVERY):
        return False
    _watched(repository.publisher).update(members_due_at=at + EVERY)
    return True


def _watched(publisher: Publisher) -> QuerySet[Repository]:
    return Repository.objects.linked().filter(publisher=publisher, guarded_since__isnull=False)


def _members(hub: Directory, organisation: str) -> tuple[list[Member], bool]:
    """Return the members, as far as a few pages go, and whether those are all. Raises HubError."""
    found: list[Member] = []
    at = ""
    for _page in range(PAGES):
        portion = hub.members(organisation, at=at)
        found += portion.items
        at = portion.next
        if not at or len(found) > MOST:
            break
    return found[:MOST], not at and len(found) <= MOST


def _keep(publisher: Publisher, members: Iterable[Member], *, whole: bool, at: datetime) -> None:
    """Write down who is there. Who was not met is forgotten, unless the list went on where it was not read."""
    met = {one.person.hub_user_id: one for one in members if one.role != OUTSIDE}
    with transaction.atomic():
        Publisher.objects.select_for_update(no_key=True).get(pk=publisher.pk)
        rows = OrganisationMember.objects.filter(publisher=publisher)
        known = {row.hub_user_id: row for row in rows}
        if whole:
            rows.filter(hub_user_id__in=known.keys() - met.keys()).delete()
        changed = []
        for hub_user_id in met.keys() & known.keys():
            row, seen = known[hub_user_id], met[hub_user_id]
            if (row.username, row.role) != (seen.person.username, seen.role):
                row.username, row.role = seen.person.username, seen.role
                changed.append(row)
        OrganisationMember.objects.bulk_update(changed, ["username", "role"], batch_size=1_000)
        OrganisationMember.objects.bulk_create(
            [
                OrganisationMember(
                    publisher=publisher,
                    hub_user_id=hub_user_id,
                    username=met[hub_user_id].person.username,
                    role=met[hub_user_id].role,
                    first_seen_at=at,
                )
                for hub_user_id in sorted(met.keys() - known.keys())
            ],
            batch_size=1_000,
        )


def _compare(repository: Repository, *, whole: bool, at: datetime) -> None:
    """Write down who passes there. What somebody has accepted is open again once there is somebody new."""
    of_it = Drift.objects.filter(repository=repository, kind=DriftKind.MEMBERS_BYPASS)
    passing = OrganisationMember.objects.passing(repository.publisher_id)
    accepted = of_it.filter(status=DriftStatus.RECORDED).order_by("-resolved_at").first()
    new = passing if accepted is None else passing.filter(first_seen_at__gt=accepted.resolved_at)
    newest = list(passing.order_by("-first_seen_at", "username", "pk").values_list("username", flat=True)[:NAMED])
    facts = {"members": passing.count(), "new": new.count(), "names": newest, "more": not whole}
    standing = of_it.unresolved().first()
    if not newest:
        drift.end(of_it.unresolved())
    elif standing is not None:
        if standing.facts != facts:
            Drift.objects.filter(pk=standing.pk).update(facts=facts)
    elif facts["new"]:
        since = new.order_by("first_seen_at").values_list("first_seen_at", flat=True).first() or at
        drifts.find_all(repository, findings=[Finding(DriftKind.MEMBERS_BYPASS, since, facts=facts)], at=at)
