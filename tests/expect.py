"""What a test expects of a step: that it is refused and changes nothing, what it recorded, told and wished."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db.models import Model

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.models import (
    Acceptance,
    AccessRequest,
    Decision,
    Event,
    Grant,
    HubAccess,
    Notice,
    Repository,
    RepositoryWish,
    Review,
    Stage,
    Submission,
)
from gatekeeper.rules.access import Wish
from gatekeeper.rules.refusals import Refused


def everything() -> list[Any]:
    """What steps change: every status, every wish, and how many rows of each sort there are."""
    counted = (Acceptance, Decision, Event, Notice, Review, Submission)
    return [
        [model._default_manager.count() for model in counted],
        list(Stage.objects.order_by("pk").values_list("pk", "status", "status_at")),
        list(AccessRequest.objects.order_by("pk").values_list("pk", "status", "status_at", "submission", "assignee")),
        list(Grant.objects.order_by("pk").values_list("pk", "status", "status_at", "ends_at")),
        list(HubAccess.objects.order_by("pk").values_list("pk", "access", "closing", "generation", "due_at")),
        list(RepositoryWish.objects.order_by("pk").values_list("pk", "gate", "generation", "due_at")),
    ]


@contextmanager
def refused(kind: type[Refused], code: str, *fields: str) -> Iterator[pytest.ExceptionInfo[Refused]]:
    """Expect this refusal, at these fields if any are named, and that nothing has changed."""
    before = everything()
    with pytest.raises(kind) as caught:
        yield caught
    assert (caught.value.refusal.code, set(caught.value.fields)) == (code, set(fields))
    assert type(caught.value) is kind
    assert everything() == before


def events(row: Model) -> list[str]:
    """The actions recorded about a thing, oldest first."""
    return [event.action for event in Event.objects.about(str(row._meta.model_name), row.pk)]


def last_event(row: Model) -> Event:
    """The latest record of a thing."""
    event = Event.objects.about(str(row._meta.model_name), row.pk).last()
    assert event is not None
    return event


def told(who: Viewer) -> list[str]:
    """The kinds of notice written to somebody, oldest first."""
    return list(Notice.objects.filter(recipient=who.user).order_by("pk").values_list("kind", flat=True))


def wish(person: HubPerson | None, repository: Repository) -> Wish:
    """What is wished of the Hub for somebody at a repository."""
    return HubAccess.objects.get(person=person, repository=repository).wish


def offered(row: Any, who: Viewer, **moment: Any) -> dict[str, str | None]:
    """What somebody could do with a thing: action, and the code of what is missing."""
    return {offer.action: offer.refusal.code if offer.refusal else None for offer in row.actions_for(who, **moment)}
