"""What waits for a person to look: rows, wishes and repositories that were stopped with a named reason."""

from django.utils import timezone

from gatekeeper.actions.nudges import nudge
from gatekeeper.models import HubAccess, Repository, RepositoryWish


def take_up_again(repository: Repository | None = None) -> int:
    """Try again what was parked, of one repository or of all; returns how many rows. What still fails parks again."""
    now = timezone.now()
    linked = Repository.objects.linked()
    if repository is not None:
        linked = linked.filter(pk=repository.pk)
    again = {"parked_reason": "", "attempts": 0, "due_at": now}
    freed = HubAccess.objects.parked().filter(repository__in=linked).update(**again)
    freed += RepositoryWish.objects.exclude(parked_reason="").filter(repository__in=linked).update(**again)
    stopped = linked.exclude(parked_reason="")
    ids = list(stopped.values_list("pk", flat=True))
    freed += stopped.update(parked_reason="", observe_attempts=0, observe_due_at=now)
    nudge("settle")
    nudge("observe", *ids)
    return freed
