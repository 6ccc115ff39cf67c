"""The operator's console over the API: how things stand, pausing and letting go on, trying again."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.viewer import Viewer
from gatekeeper import alarms
from gatekeeper.actions import sync
from gatekeeper.api.scopes import OPERATE
from gatekeeper.api.serializers.arguments import Nothing
from gatekeeper.api.serializers.common import page_of
from gatekeeper.api.serializers.grants import answered
from gatekeeper.api.serializers.sync import (
    DiffShown,
    PauseShown,
    PausingAllSync,
    PausingSync,
    Resuming,
    SyncRow,
    SyncShown,
    TakingUp,
)
from gatekeeper.console import Row, console_of
from gatekeeper.models import HubAccess, Repository, SyncPause
from gatekeeper.models.repositories import READING
from gatekeeper.models.sync import may_hold
from gatekeeper.models.sync_counts import STATES, counts_for, parked_by_reason, standing
from gatekeeper.models.sync_diff import Diff, diff_of, what_waits

from .base import Face, ListQuery, find
from .repositories import TakenUp

SHOWN = 100


class SyncQuery(ListQuery):
    """What the console is filtered by."""

    name = serializers.CharField(required=False, max_length=200, help_text="A part of owner/name.")
    state = serializers.ChoiceField(choices=[(state, state) for state in STATES], required=False)


class Operating(Face):
    """A view of the sync: for operators and publishers' people; others find nothing here."""

    scope = OPERATE

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find nothing for somebody who looks after no release."""
        super().initial(request, *args, **kwargs)
        if not (self.viewer.is_operator or self.viewer.publishers_with(*READING)):
            raise NotFound

    def of_all(self) -> None:
        """Find nothing for somebody who may not hold everything back."""
        if not may_hold(self.viewer, None):
            raise NotFound

    def place(self, pk: int) -> Repository:
        """Return a linked repository that the viewer sees."""
        return find(Repository.objects.visible_to(self.viewer).linked().select_related("publisher", "token"), pk)


class Sync(Operating):
    """How the installation stands."""

    @extend_schema(operation_id="sync_read", responses=SyncShown)
    def get(self, request: Request) -> Response:
        """Read what is due, told, confirmed and parked, and what is wrong."""
        return Response(answered(SyncShown, _installation(self.viewer)))


class SyncRepositories(Operating):
    """How each repository stands."""

    @extend_schema(operation_id="sync_repositories_list", parameters=[SyncQuery], responses=page_of(SyncRow))
    def get(self, request: Request) -> Response:
        """List linked repositories by name, with what is due there, who paused them, what their tokens have left."""
        state = self.asked(SyncQuery).get("state", "")
        return self.listed(
            standing(Repository.objects.visible_to(self.viewer).linked(), state).select_related("token"),
            query=SyncQuery,
            filters={"name": lambda part: Q(name__icontains=part)},
            shown=lambda found: [answered(SyncRow, _row(row)) for row in console_of(found).rows],
            order="name",
        )


class SyncDiff(Operating):
    """What would be told."""

    @extend_schema(operation_id="sync_diff", responses=DiffShown)
    def get(self, request: Request) -> Response:
        """Read what would be told to the Hub if the sync went on now; nothing is written."""
        self.of_all()
        return Response(answered(DiffShown, _waiting(None)))


class RepositoryDiff(Operating):
    """What would be told about one repository."""

    @extend_schema(operation_id="repository_sync_diff", responses=DiffShown)
    def get(self, request: Request, pk: int) -> Response:
        """Read what would be told to the Hub about one repository if its sync went on now; nothing is written."""
        return Response(answered(DiffShown, _waiting(self.place(pk))))


class Pause(Operating):
    """All sync, to pause."""

    @extend_schema(operation_id="sync_pause", request=PausingAllSync, responses={201: PauseShown})
    def post(self, request: Request) -> Response:
        """Tell the Hub nothing more about any repository; removals wait too, and reading goes on."""
        self.of_all()
        return _paused(sync.pause(None, by=self.viewer, **self.read(PausingAllSync, request.data)))


class RepositoryPause(Operating):
    """The sync of one repository, to pause."""

    @extend_schema(operation_id="repository_pause", request=PausingSync, responses={201: PauseShown})
    def post(self, request: Request, pk: int) -> Response:
        """Tell the Hub nothing more about one repository; removals wait too, and reading goes on."""
        return _paused(sync.pause(self.place(pk), by=self.viewer, **self.read(PausingSync, request.data)))


class Resume(Operating):
    """All sync, to let go on."""

    @extend_schema(operation_id="sync_resume", request=Resuming, responses=SyncShown)
    def post(self, request: Request) -> Response:
        """Let the sync go on; after a restore, with the digest of what would be told."""
        self.of_all()
        sync.resume(None, by=self.viewer, **self.read(Resuming, request.data))
        alarms.forget()
        return Response(answered(SyncShown, _installation(self.viewer)))


class RepositoryResume(Operating):
    """The sync of one repository, to let go on."""

    @extend_schema(operation_id="repository_resume", request=Resuming, responses=SyncRow)
    def post(self, request: Request, pk: int) -> Response:
        """Let the sync of one repository go on; after a restore, with the digest of what would be told."""
        place = self.place(pk)
        sync.resume(place, by=self.viewer, **self.read(Resuming, request.data))
        return Response(answered(SyncRow, _row(console_of([place]).rows[0])))


class TakeUpAgain(Operating):
    """What was parked for one reason, to try again."""

    @extend_schema(operation_id="sync_take_up_again", request=TakingUp, responses=TakenUp)
    def post(self, request: Request) -> Response:
        """Try again all that was parked for one reason; what still fails parks again."""
        asked = self.read(TakingUp, request.data)
        place = self.place(asked["repository"]) if "repository" in asked else None
        return Response({"rows": sync.take_up_again_all(asked["reason"], by=self.viewer, repository=place)})


class HubAccessAgain(Operating):
    """What was parked about one person at one repository, to try again."""

    @extend_schema(operation_id="hub_access_take_up_again", request=None, responses=TakenUp)
    def post(self, request: Request, pk: int) -> Response:
        """Try again what was parked about one person at one repository."""
        row = find(HubAccess.objects.visible_to(self.viewer).select_related("repository"), pk)
        self.read(Nothing, request.data)
        return Response({"rows": sync.take_up_again_one(row, by=self.viewer)})


def _paused(held: SyncPause) -> Response:
    alarms.forget()
    return Response(answered(PauseShown, held), status=201)


def _installation(viewer: Viewer) -> dict[str, Any]:
    stands = alarms.standing(fresh=True)
    people = HubAccess.objects.visible_to(viewer).filter(repository__unlinked_at=None)
    return {
        "counts": counts_for(viewer),
        "parked": [{"reason": reason, "rows": rows} for reason, rows in parked_by_reason(people)],
        "pauses": SyncPause.objects.open().of(None).select_related("paused_by").order_by("pk"),
        "worker_seen_at": stands.alarms.worker_seen,
        "worker_missing": stands.worker_missing,
        "hub_away_since": stands.alarms.hub_away_since,
        "cache_away": stands.cache_away,
    }


def _row(row: Row) -> dict[str, Any]:
    place, wish = row.repository, row.wish
    return {
        "repository": place,
        "counts": row.counts,
        "seen_gate": place.seen_gate,
        "observed_at": place.observed_at,
        "failure": place.failure,
        "failing_since": place.failing_since,
        "parked_reason": place.parked_reason,
        "gate_due_at": wish.due_at if wish else None,
        "gate_parked_reason": wish.parked_reason if wish else "",
        "pauses": row.pauses,
        "token": row.token.fingerprint if row.token else None,
        "budget": row.budget,
    }


def _waiting(repository: Repository | None) -> dict[str, Any]:
    held = SyncPause.objects.open().of(repository).order_by("-cause").first()
    diff: Diff = what_waits(held, most=SHOWN) if held is not None else diff_of(repository, most=SHOWN)
    return {
        "digest": diff.digest,
        "accepted": diff.accepted,
        "removed": diff.removed,
        "closed": diff.closed,
        "gates": diff.gates,
        "drift": diff.drift,
        "unread": diff.unread,
        "people": [
            {"change": change, "repository": row.repository, "person": row.person}
            for change, rows in diff.people.items()
            for row in rows
        ],
    }
