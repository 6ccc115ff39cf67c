"""Verbs of review: take, put back, ask back, note, recommend."""

from datetime import datetime

from accounts.viewer import Viewer
from gatekeeper.models import AccessRequest, MessageKind, Purpose, Review

from ._step import Moved, days_after, step, tell, write_texts
from .words import readable, say


def take(request: AccessRequest, *, by: Viewer, at: datetime | None = None) -> AccessRequest:
    """Take a case into review, as its assignee. Raises NotAllowed for one's own, WrongState if somebody has it."""
    with step("request", "take", [request], by=by, at=at) as moved:
        [case] = moved.rows
        case.assignee = moved.actor
        case.save(update_fields=["assignee"])
    return case


def put_back(request: AccessRequest, *, by: Viewer, at: datetime | None = None) -> AccessRequest:
    """Put a case back into the queue, for anybody to take. The clock of its promise goes on.

    Whoever reviews may put back what another has taken. Raises WrongState if nobody has it.
    """
    with step("request", "put_back", [request], by=by, at=at) as moved:
        [case] = moved.rows
        case.assignee = None
        case.save(update_fields=["assignee"])
    return case


def ask_back(
    request: AccessRequest, *, by: Viewer, words: str, seen: int | None = None, at: datetime | None = None
) -> AccessRequest:
    """Ask the requester a question; the clock of the promise stops while the answer is owed."""
    words = readable(words)
    with step("request", "ask_back", [request], by=by, seen=seen, at=at) as moved:
        [case] = moved.rows
        say(case, MessageKind.QUESTION, words, moved)
        case.owed_since = moved.at
        case.waits_until = days_after(moved.at, case.policy.term("info_wait_days"))
        case.save(update_fields=["owed_since", "waits_until"])
        tell([(case.person.user, "question_asked", case)], at=moved.at)
    return case


def note(request: AccessRequest, *, by: Viewer, words: str, at: datetime | None = None) -> AccessRequest:
    """Keep a note about a case for the publisher's people; its requester never reads it, and nobody is written to.

    Decided cases take notes too. Raises NotAllowed for one's own case, Invalid for words that cannot be kept.
    """
    words = readable(words)
    with step("request", "note", [request], by=by, at=at) as moved:
        [case] = moved.rows
        say(case, MessageKind.NOTE, words, moved)
    return case


def recommend(
    request: AccessRequest, *, by: Viewer, note: str = "", seen: int | None = None, at: datetime | None = None
) -> AccessRequest:
    """Give one's opinion that a submission should be approved, where more than one is needed."""
    note = readable(note) if note.strip() else ""
    with step("request", "recommend", [request], by=by, seen=seen, at=at) as moved:
        [case] = moved.rows
        opine(moved, note=note)
    return case


def opine(moved: Moved, *, note: str = "") -> None:
    """Record the actor's approving review of each submission that is moved."""
    notes = write_texts(((row.person, Purpose.NOTE, note) for row in moved.rows), at=moved.at) if note else []
    Review.objects.bulk_create(
        [
            Review(
                submission_id=row.submission_id,
                reviewer=moved.actor,
                reviewed_at=moved.at,
                note=notes[index] if notes else None,
            )
            for index, row in enumerate(moved.rows)
        ],
        ignore_conflicts=True,
    )
