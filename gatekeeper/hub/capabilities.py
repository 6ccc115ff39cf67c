"""What this Hub knows and does not: kept in the database, so that every worker knows it, and after a restart too.

What a Hub has forgotten is noticed in the call that it refuses. What it has learnt is noticed by asking for it about
somebody who cannot exist, each hour with the health of the tokens: that changes nothing there.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from gatekeeper.models import Capability, HubCapability, Learnt

if TYPE_CHECKING:
    from .client import HubClient

PROBED_EVERY = timedelta(minutes=50)

log = structlog.get_logger(__name__)


def knows(capability: str, endpoint: str = "") -> bool:
    """Say whether a Hub is believed to know a capability: until it was seen not to, it does."""
    here = HubCapability.objects.at(endpoint or settings.HUB_ENDPOINT)
    return not here.missing(at=timezone.now()).filter(name=capability).exists()


def are_stale(endpoint: str, *, at: datetime) -> bool:
    """Say whether it is time to ask a Hub again what it knows."""
    fresh = HubCapability.objects.at(endpoint).filter(checked_at__gt=at - PROBED_EVERY)
    return fresh.count() < len(Capability)


def probe(hub: "HubClient", kind: str, name: str, *, at: datetime | None = None) -> None:
    """Ask a Hub what it knows, at a gated repository where its token may decide, and write it down. Raises HubError."""
    learn(hub.try_capabilities(kind, name), endpoint=hub.endpoint, how=Learnt.PROBE, at=at)


def learn(found: Mapping[str, bool], *, endpoint: str, how: Learnt, at: datetime | None = None) -> None:
    """Write down which capabilities a Hub was seen to know."""
    at = at or timezone.now()
    with transaction.atomic():
        before = {row.name: row for row in HubCapability.objects.at(endpoint).filter(name__in=found)}
        rows = []
        for name, known in sorted(found.items()):
            row = before.get(name)
            changed = row is None or row.known != known
            if row is not None and changed:
                log.warning("hub changed", capability=name, known=known, endpoint=endpoint)
            since, learnt = (at, str(how)) if row is None or changed else (row.since, row.learnt)
            rows.append(
                HubCapability(endpoint=endpoint, name=name, known=known, since=since, learnt=learnt, checked_at=at)
            )
        HubCapability.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["endpoint", "name"],
            update_fields=["known", "since", "learnt", "checked_at"],
        )
