"""Entrances for the clock: they call, and end. What is due stands in the rows; a task that was lost is run again."""

from celery import shared_task
from django.utils import timezone

from gatekeeper import clock
from gatekeeper.models import Heartbeat
from gatekeeper.proof import sealing


@shared_task(name="gatekeeper.tasks.tick")
def tick() -> None:
    """Do what has fallen due."""
    Heartbeat.objects.beat("tick", at=timezone.now())
    clock.tick()


@shared_task(name="gatekeeper.tasks.carry_on")
def carry_on() -> None:
    """Do what is next in the procedures that run."""
    Heartbeat.objects.beat("tick", at=timezone.now())
    clock.carry_on()


@shared_task(name="gatekeeper.tasks.seal")
def seal() -> None:
    """Seal what was recorded, in batches, until nothing is left."""
    Heartbeat.objects.beat("seal", at=timezone.now())
    while sealing.seal():
        pass


@shared_task(name="gatekeeper.tasks.send_notices")
def send_notices() -> None:
    """Send the notices that are due."""
    from gatekeeper import notices

    Heartbeat.objects.beat("notices", at=timezone.now())
    notices.send_due()
