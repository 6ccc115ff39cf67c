"""A time by which somebody has to act, with reminders: at half of it, at a tenth, and a day before."""

from dataclasses import dataclass
from datetime import datetime, timedelta

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Deadline:
    """When somebody was asked, by when they have to act, and when they are reminded next (None: no more)."""

    asked_at: datetime
    due_at: datetime
    remind_at: datetime | None


def deadline(at: datetime, days: int) -> Deadline:
    """Return the deadline so many days after `at`."""
    due = at + timedelta(days=days)
    return Deadline(at, due, next_reminder(at, due, after=at))


def next_reminder(asked_at: datetime, due_at: datetime, *, after: datetime) -> datetime | None:
    """Return the first reminder after a time, or None where none is left before the end."""
    whole = due_at - asked_at
    times = (due_at - whole / 2, due_at - whole / 10, due_at - ONE_DAY)
    return min((time for time in times if after < time < due_at and time > asked_at), default=None)
