"""Hearing the Hub: what it announces becomes a look, sooner than it would have come. Nothing else is done with it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Least
from django.utils import timezone

from gatekeeper.models import HubHook, PullRequest, Repository
from gatekeeper.models.repositories import RepositoryQuerySet
from gatekeeper.rules.announcements import Announcement

from .nudges import nudge

GAP = timedelta(seconds=3)  # between two looks at one repository
LONG_GAP = timedelta(seconds=30)  # where the sender repeats itself
NOTED_EVERY = timedelta(seconds=10)


def hear(hook: HubHook, *, about: Announcement, again: bool = False, at: datetime | None = None) -> int:
    """Plan a look at what was announced, and return at how many repositories. What is not linked is not looked at.

    However many announcements come, a repository is looked at once every few seconds; `again` says that the sender
    repeats itself.
    """
    at = at or timezone.now()
    _note(hook, "heard_at", at=at)
    if not about.asks_for_a_look:
        return 0
    with transaction.atomic():
        found = list(_meant(hook, about).order_by("pk"))
        for repository in found:
            _mark_pull_requests(repository, about.pull_requests, at=at)
            _plan_look(repository, gap=LONG_GAP if again else GAP, at=at)
    return len(found)


def note_refused(hook: HubHook, *, at: datetime | None = None) -> None:
    """Write down that something came with another secret, for the people who look after the webhook."""
    _note(hook, "refused_at", at=at or timezone.now())


def _note(hook: HubHook, field: str, *, at: datetime) -> None:
    """Write down a time, unless one was written a moment ago: a flood is not one of writes."""
    stale = Q(**{field: None}) | Q(**{f"{field}__lt": at - NOTED_EVERY})
    HubHook.objects.filter(stale, pk=hook.pk).update(**{field: at})


def _meant(hook: HubHook, about: Announcement) -> RepositoryQuerySet:
    """Return the linked repositories of the webhook's own publisher that an announcement is about."""
    linked = Repository.objects.linked().filter(publisher=hook.publisher_id)
    named = Q(kind=about.kind, name__iexact=about.name)
    if not about.hub_id:
        return linked.filter(named)
    return linked.filter(Q(hub_id=about.hub_id) | named & Q(hub_id=""))


def _mark_pull_requests(repository: Repository, numbers: Sequence[int], *, at: datetime) -> None:
    PullRequest.objects.bulk_create(
        [PullRequest(repository=repository, number=number, due_at=at) for number in sorted(numbers)],
        update_conflicts=True,
        unique_fields=["repository", "number"],
        update_fields=["due_at"],
    )


def _plan_look(repository: Repository, *, gap: timedelta, at: datetime) -> None:
    """Plan a look: now, or a gap after the one before; not where one is planned already that comes as soon."""
    row = Repository.objects.filter(pk=repository.pk)
    if row.filter(Q(look_planned_at=None) | Q(look_planned_at__lte=at - gap)).update(
        look_planned_at=at, observe_due_at=at
    ):
        nudge("observe", repository.pk)
        return
    after_it = F("look_planned_at") + gap
    moved = row.filter(look_planned_at__lte=at).update(
        look_planned_at=after_it, observe_due_at=Least(F("observe_due_at"), after_it)
    ) or row.filter(look_planned_at__gt=at + gap).update(
        look_planned_at=at + gap, observe_due_at=Least(F("observe_due_at"), at + gap)
    )
    if moved:
        nudge("observe", repository.pk, after=gap.total_seconds())
