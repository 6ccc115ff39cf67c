"""What is wished of the Hub for one person at one repository, whether what was seen settles it, and the next call.

A wish has two parts. *Access* is a state to hold: yes, no, or no opinion. *Closing* is something that happens once:
pending, reset or rejected, owed to the Hub request whose timestamp was seen at the decision. Nothing is told to the
Hub about somebody it has no request of: from *none* there is nothing to reject or to reset.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .statuses import WANTED_GRANT


class Access(StrEnum):
    """What the Hub should say of a person at a repository."""

    YES = "yes"
    NO = "no"
    NO_OPINION = "no_opinion"


class Seen(StrEnum):
    """What the Hub says of a person at a repository; `unknown` until it was read."""

    UNKNOWN = "unknown"
    NONE = "none"
    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RESET = "reset"


class Closing(StrEnum):
    """How a Hub request is closed, once."""

    PENDING = "pending"
    RESET = "reset"
    REJECTED = "rejected"


class Call(StrEnum):
    """The next thing to say to the Hub."""

    ACCEPT = "accepted"
    GRANT = "grant"
    PENDING = "pending"
    RESET = "reset"
    REJECTED = "rejected"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class Wish:
    """The wished side: `access`, and the `closing` still owed to the Hub request of `closing_of` (None: whichever)."""

    access: Access
    closing: Closing | None = None
    closing_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """The seen side: the Hub's word and the timestamp of the request it is about, as the Hub gave them."""

    seen: Seen
    requested_at: datetime | None = None


def wished_access(grant_statuses: Iterable[str], *, ended_before: bool) -> Access:
    """Return what is wished of a person at a repository, from the statuses of all grants whose stage includes it.

    Yes wins over no. *No* only where a grant of ours ended or is suspended (`ended_before`), else there is no opinion:
    the Hub's own state of somebody we never decided about is left alone.
    """
    statuses = list(grant_statuses)
    if any(status in WANTED_GRANT for status in statuses):
        return Access.YES
    return Access.NO if ended_before or statuses else Access.NO_OPINION


def closing_is_moot(wish: Wish, sight: Sight) -> bool:
    """Say whether the closing has nothing left to close: the Hub has no such request, or a later one took its place."""
    if sight.seen in (Seen.NONE, Seen.UNKNOWN):
        return sight.seen is Seen.NONE
    later = wish.closing_of is not None and sight.requested_at is not None and sight.requested_at > wish.closing_of
    return later and sight.seen is Seen.PENDING


def closing_owed(wish: Wish, sight: Sight, *, reset_known: bool = True) -> Closing | None:
    """Return the closing that is still owed to what was seen, or None.

    Where the Hub does not know *reset*, *pending* takes its place: access ends and the answers stay.
    """
    if wish.closing is None or wish.access is Access.YES or closing_is_moot(wish, sight):
        return None
    closing = Closing.PENDING if wish.closing is Closing.RESET and not reset_known else wish.closing
    return None if sight.seen.value == closing.value else closing


def settled(wish: Wish, sight: Sight, *, reset_known: bool = True) -> bool:
    """Say whether what was seen is what is wished, so that nothing is left to tell the Hub."""
    if sight.seen is Seen.UNKNOWN:
        return wish.access is Access.NO_OPINION and wish.closing is None
    if wish.access is Access.YES:
        return sight.seen is Seen.ACCEPTED
    if wish.access is Access.NO and sight.seen is Seen.ACCEPTED:
        return False
    return closing_owed(wish, sight, reset_known=reset_known) is None


def next_call(wish: Wish, sight: Sight, *, reset_known: bool = True) -> Call | None:
    """Return what to tell the Hub next, LOOK where it has to be read first, or None when all is settled."""
    if settled(wish, sight, reset_known=reset_known):
        return None
    if sight.seen is Seen.UNKNOWN:
        return Call.LOOK
    if wish.access is Access.YES:
        return Call.GRANT if sight.seen is Seen.NONE else Call.ACCEPT
    closing = closing_owed(wish, sight, reset_known=reset_known)
    return Call(closing.value) if closing else Call.PENDING
