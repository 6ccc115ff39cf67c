"""What waits for a person to look: rows, wishes and repositories that were stopped with a named reason."""

from accounts.viewer import Viewer
from gatekeeper.actions import repositories
from gatekeeper.models import Repository


def take_up_again(repository: Repository | None = None) -> int:
    """Try again what was parked, of one repository or of all that are linked; returns how many rows."""
    linked = Repository.objects.linked() if repository is None else [repository]
    worker = Viewer.system("hub")
    return sum(repositories.take_up_again(one, by=worker) for one in linked)
