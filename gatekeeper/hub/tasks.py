"""Entrances for workers: ids in, nothing out. A failure is written on its row, which is the queue."""

from celery import shared_task
from django.utils import timezone

from gatekeeper import bell
from gatekeeper.models import Heartbeat

from . import credentials, hooks, observe, settle


@shared_task(name="gatekeeper.hub.tasks.settle_due")
def settle_due() -> None:
    """Tell the Hub and read back what is due; ring once more if something is due in a moment."""
    Heartbeat.objects.beat("settle", at=timezone.now())
    soon = settle.settle_due()
    if soon is not None and settle.first_to_ring(soon):
        bell.ring(what="settle", after=soon)


@shared_task(name="gatekeeper.hub.tasks.observe_all")
def observe_all() -> None:
    """Observe the repositories that are due."""
    Heartbeat.objects.beat("observe", at=timezone.now())
    observe.observe_all()


@shared_task(name="gatekeeper.hub.tasks.observe_repository")
def observe_repository(repository_id: int) -> None:
    """Observe one repository now."""
    Heartbeat.objects.beat("observe", at=timezone.now())
    observe.observe(repository_id)
    soon = observe.wanted_again_in(repository_id)
    if soon is not None:  # somebody asked for another look meanwhile
        bell.ring(what="observe", ids=[repository_id], after=soon)


@shared_task(name="gatekeeper.hub.tasks.settle_hooks")
def settle_hooks() -> None:
    """See the webhooks that are due through."""
    hooks.settle_hooks()


@shared_task(name="gatekeeper.hub.tasks.check_tokens")
def check_tokens() -> None:
    """Check the Hub tokens that are due."""
    Heartbeat.objects.beat("tokens", at=timezone.now())
    credentials.check_tokens()
