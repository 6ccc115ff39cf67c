"""Times as signed documents write them."""

from datetime import UTC, datetime
from typing import overload


@overload
def utc(moment: datetime) -> str: ...
@overload
def utc(moment: None) -> None: ...
def utc(moment: datetime | None) -> str | None:
    """Return a time in UTC to the microsecond, as 2026-01-31T12:00:00.000000Z; None for none."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
