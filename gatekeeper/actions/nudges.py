"""After a commit a worker may be nudged, so that it need not wait for the sweep. A lost nudge costs seconds only."""

from django.db import transaction
from django.dispatch import Signal

nudged = Signal()


def nudge(what: str, *ids: int) -> None:
    """Send `nudged` with a task's short name and ids after the commit, if there is one."""
    transaction.on_commit(lambda: nudged.send_robust(sender=None, what=what, ids=ids) and None)
