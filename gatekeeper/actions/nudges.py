"""After a commit a worker may be nudged, so that it need not wait for the sweep. A lost nudge costs seconds only."""

from django.db import transaction
from django.dispatch import Signal

nudged = Signal()


def nudge(what: str, *ids: int, after: float = 0) -> None:
    """Send `nudged` with a task's short name and ids (to be begun `after` so many seconds) after the commit."""
    transaction.on_commit(lambda: nudged.send_robust(sender=None, what=what, ids=ids, after=after) and None)
