"""Entrances for workers: ids in, nothing out. A failure is written on its row, which is the queue."""

from celery import shared_task

from gatekeeper import bell

from . import observe, settle


@shared_task(name="gatekeeper.hub.tasks.settle_due")
def settle_due() -> None:
    """Tell the Hub and read back what is due; ring once more if something is due in a moment."""
    soon = settle.settle_due()
    if soon is not None and settle.first_to_ring(soon):
        bell.ring(what="settle", after=soon)


@shared_task(name="gatekeeper.hub.tasks.observe_all")
def observe_all() -> None:
    """Observe the repositories that are due."""
    observe.observe_all()


@shared_task(name="gatekeeper.hub.tasks.observe_repository")
def observe_repository(repository_id: int) -> None:
    """Observe one repository now."""
    observe.observe(repository_id)
