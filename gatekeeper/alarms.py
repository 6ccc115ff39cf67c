"""What is wrong now, for every page of those who look after releases: asked of the database once in ten seconds.

It is kept in Valkey in between. Where that is away, this is itself something to tell.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from gatekeeper import valkey
from gatekeeper.models.alarms import Alarms, alarms

KEY = "alarms"
KEPT = 10  # seconds
AWAY = "away"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the installation stands: what the database says, and whether the cache can be reached."""

    alarms: Alarms
    cache_away: bool
    at: datetime

    @property
    def worker_missing(self) -> bool:
        """Say whether no worker has been seen for a while."""
        return self.alarms.worker_missing(at=self.at)


def standing(*, fresh: bool = False, at: datetime | None = None) -> Standing:
    """Return how the installation stands; at most ten seconds old, or (fresh) as it is now."""
    at = at or timezone.now()
    kept = valkey.asked(lambda server: server.get(valkey.key(KEY)), AWAY)
    if kept and kept != AWAY and not fresh:
        return Standing(_read(kept), False, at)
    found = alarms(at=at)
    if kept != AWAY:
        valkey.asked(lambda server: server.set(valkey.key(KEY), _written(found), ex=KEPT), None)
    return Standing(found, kept == AWAY, at)


def _written(found: Alarms) -> str:
    return json.dumps(asdict(found), default=datetime.isoformat)


def _read(kept: str) -> Alarms:
    values: dict[str, Any] = json.loads(kept)
    times = ("worker_seen", "hub_away_since", "paused_since")
    return Alarms(**{**values, **{name: values[name] and datetime.fromisoformat(values[name]) for name in times}})


def forget() -> None:
    """Have the next page ask again: something was paused, or goes on."""
    valkey.asked(lambda server: server.delete(valkey.key(KEY)), None)
