"""After a commit a worker may be nudged, so that it does not wait for the next sweep. A lost nudge costs seconds, nothing else."""

from django.db import transaction
from django.dispatch import Signal

nudged = Signal()


def nudge(what: str, *ids: int) -> None:
    """Send `nudged` with a task's short name and ids after the commit, if there is one."""
    transaction.on_commit(lambda: nudged.send_robust(sender=None, what=what, ids=ids) and None)
