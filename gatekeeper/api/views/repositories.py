"""Linked repositories, and what the Hub should say and says about people there."""

from __future__ import annotations

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gatekeeper.actions import repositories
from gatekeeper.api.scopes import OPERATE, STEWARD
from gatekeeper.api.serializers.arguments import LARGEST_ID, Nothing
from gatekeeper.api.serializers.common import Shape, page_of
from gatekeeper.api.serializers.grants import HubAccessRow, answered
from gatekeeper.api.serializers.releases import RepositoryShown
from gatekeeper.models import HubAccess, Repository, RepositoryKind

from .base import Face, ListQuery, find


class RepositoryQuery(ListQuery):
    """What the list of repositories is filtered by."""

    publisher = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    kind = serializers.ChoiceField(choices=RepositoryKind.choices, required=False)
    name = serializers.CharField(required=False, max_length=200, help_text="owner/name")


class HubAccessQuery(ListQuery):
    """What the state of the Hub is filtered by."""

    repository = serializers.CharField(required=False, max_length=200, help_text="owner/name")
    person = serializers.CharField(required=False, max_length=200, help_text="A Hub name.")
    state = serializers.ChoiceField(
        choices=[("unsettled", "unsettled"), ("parked", "parked"), ("ghost", "ghost")],
        required=False,
        help_text="Not read back yet; waiting for somebody to look; accepted on the Hub with no wish here.",
    )


STATES = {"unsettled": "unsettled", "parked": "parked", "ghost": "ghosts"}


class Repositories(Face):
    """The repositories of the viewer's publishers; an operator sees all."""

    @extend_schema(operation_id="repositories_list", parameters=[RepositoryQuery], responses=page_of(RepositoryShown))
    def get(self, request: Request) -> Response:
        """List repositories, newest first."""
        return self.listed(
            Repository.objects.visible_to(self.viewer),
            query=RepositoryQuery,
            filters={
                "publisher": lambda publisher: Q(publisher=publisher),
                "kind": lambda kind: Q(kind=kind),
                "name": lambda name: Q(name=name),
            },
            shown=lambda found: [answered(RepositoryShown, repository) for repository in found],
        )


class OneRepository(Face):
    """One repository."""

    @extend_schema(operation_id="repositories_read", responses=RepositoryShown)
    def get(self, request: Request, pk: int) -> Response:
        """Read one repository as it was last seen."""
        return Response(answered(RepositoryShown, find(Repository.objects.visible_to(self.viewer), pk)))


class Unlinking(Face):
    """A repository, to unlink."""

    scope = STEWARD

    @extend_schema(operation_id="repository_unlink", request=None, responses=RepositoryShown)
    def post(self, request: Request, pk: int) -> Response:
        """Unlink a repository; nothing changes on the Hub."""
        repository = find(Repository.objects.visible_to(self.viewer), pk)
        self.read(Nothing, request.data)
        return Response(answered(RepositoryShown, repositories.unlink(repository, by=self.viewer)))


class TakenUp(Shape):
    """What is tried again."""

    rows = serializers.IntegerField(help_text="How many rows had stopped.")


class TakingUp(Face):
    """What stopped at a repository, to try again."""

    scope = OPERATE

    @extend_schema(operation_id="repository_take_up_again", request=None, responses=TakenUp)
    def post(self, request: Request, pk: int) -> Response:
        """Try again what waits for somebody to look; what still fails stops again."""
        repository = find(Repository.objects.visible_to(self.viewer), pk)
        self.read(Nothing, request.data)
        return Response({"rows": repositories.take_up_again(repository, by=self.viewer)})


class HubAccesses(Face):
    """What is wished and what was seen, at the repositories that the viewer sees."""

    @extend_schema(operation_id="hub_access_list", parameters=[HubAccessQuery], responses=page_of(HubAccessRow))
    def get(self, request: Request) -> Response:
        """List what the Hub should say and says, newest first."""
        rows = HubAccess.objects.visible_to(self.viewer)
        return self.listed(
            rows.select_related("repository", "person"),
            query=HubAccessQuery,
            filters={
                "repository": lambda name: Q(repository__name=name),
                "person": lambda name: Q(person__username__iexact=name),
                "state": lambda state: Q(pk__in=getattr(rows, STATES[state])().values("pk")),
            },
            shown=lambda found: [answered(HubAccessRow, row) for row in found],
        )


class OneHubAccess(Face):
    """One person at one repository."""

    @extend_schema(operation_id="hub_access_read", responses=HubAccessRow)
    def get(self, request: Request, pk: int) -> Response:
        """Read what the Hub should say and says of one person at one repository."""
        rows = HubAccess.objects.visible_to(self.viewer).select_related("repository", "person")
        return Response(answered(HubAccessRow, find(rows, pk)))
