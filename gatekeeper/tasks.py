"""Entrances for the clock: they call, and end. What is due stands in the rows; a task that was lost is run again."""

from celery import shared_task

from gatekeeper import clock
from gatekeeper.proof import sealing


@shared_task(name="gatekeeper.tasks.tick")
def tick() -> None:
    """Do what has fallen due."""
    clock.tick()


@shared_task(name="gatekeeper.tasks.seal")
def seal() -> None:
    """Seal what was recorded, in batches, until nothing is left."""
    while sealing.seal():
        pass


@shared_task(name="gatekeeper.tasks.send_notices")
def send_notices() -> None:
    """Send the notices that are due."""
    from gatekeeper import notices

    notices.send_due()
