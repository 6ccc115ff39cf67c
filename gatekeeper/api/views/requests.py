"""Access requests: list, look at one, start one. What is done with one is in verbs.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.viewer import Viewer
from gatekeeper.actions import requests
from gatekeeper.api.scopes import APPLY
from gatekeeper.api.serializers.arguments import LARGEST_ID, Strict
from gatekeeper.api.serializers.cases import RequestDetail, RequestRow
from gatekeeper.api.serializers.common import page_of
from gatekeeper.api.serializers.grants import answered
from gatekeeper.api.serializers.words import REQUEST_STATUSES
from gatekeeper.models import AccessRequest, Stage

from .base import Face, ListQuery, find
from .cases import request_detail, request_row


class RequestQuery(ListQuery):
    """What the list of requests is filtered by."""

    status = serializers.ChoiceField(choices=REQUEST_STATUSES, required=False)
    stage = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    release = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    repository = serializers.CharField(required=False, max_length=200, help_text="owner/name")
    person = serializers.CharField(required=False, max_length=200, help_text="A Hub name.")


FILTERS: dict[str, Callable[[Any], Q]] = {
    "status": lambda status: Q(status=status),
    "stage": lambda stage: Q(stage=stage),
    "release": lambda release: Q(stage__release=release),
    "repository": lambda name: Q(stage__in=Stage.objects.filter(repositories__name=name)),
    "person": lambda name: Q(person__username__iexact=name),
}


class Beginning(Strict):
    """Where to begin a request."""

    stage = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)


def requests_of(viewer: Viewer) -> QuerySet[AccessRequest]:
    """Return the cases that the viewer sees, with what a row and its roles are read from."""
    return AccessRequest.objects.visible_to(viewer).select_related(
        "stage__release", "person", "assignee", "policy__licence_version__licence", "policy__form", "draft"
    )


def detailed_request(case: AccessRequest, viewer: Viewer) -> dict[str, Any]:
    """Return a case as its detail answers it."""
    return answered(RequestDetail, request_detail(case, viewer))


class Requests(Face):
    """The viewer's own requests, and those of the publishers they work for."""

    scope = APPLY

    @extend_schema(operation_id="requests_list", parameters=[RequestQuery], responses=page_of(RequestRow))
    def get(self, request: Request) -> Response:
        """List access requests, newest first."""
        return self.listed(
            AccessRequest.objects.visible_to(self.viewer).select_related("stage__release", "person", "assignee"),
            query=RequestQuery,
            filters=FILTERS,
            shown=lambda found: [answered(RequestRow, request_row(case, self.viewer)) for case in found],
        )

    @extend_schema(operation_id="requests_start", request=Beginning, responses={201: RequestDetail})
    def post(self, request: Request) -> Response:
        """Begin a request at a stage, or get the one that is open already."""
        return begin(self, self.read(Beginning, request.data)["stage"])


class OneRequest(Face):
    """One access request."""

    @extend_schema(operation_id="requests_read", responses=RequestDetail)
    def get(self, request: Request, pk: int) -> Response:
        """Read one access request, with what the viewer could do."""
        return Response(detailed_request(find(requests_of(self.viewer), pk), self.viewer))


class StageStart(Face):
    """The door of a stage."""

    scope = APPLY

    @extend_schema(operation_id="stage_start", tags=["stages"], request=None, responses={201: RequestDetail})
    def post(self, request: Request, pk: int) -> Response:
        """Begin a request at this stage, or get the one that is open already."""
        return begin(self, pk)


def begin(face: Face, stage: int) -> Response:
    """Begin a request at a stage that the viewer sees, and answer it."""
    found = find(Stage.objects.visible_to(face.viewer).select_related("release"), stage)
    case = requests.start(found, by=face.viewer)
    return Response(detailed_request(find(requests_of(face.viewer), case.pk), face.viewer), status=201)
