"""Grants: list, look at one. What is done with one is in verbs.py."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.viewer import Viewer
from gatekeeper.api.serializers.common import page_of
from gatekeeper.api.serializers.grants import GrantDetail, GrantRow, answered
from gatekeeper.api.serializers.words import GRANT_STATUSES
from gatekeeper.models import Grant

from .base import Face, find
from .cases import grant_detail, grant_row
from .requests import FILTERS, RequestQuery


class GrantQuery(RequestQuery):
    """What the list of grants is filtered by."""

    status = serializers.ChoiceField(choices=GRANT_STATUSES, required=False)


def grants_of(viewer: Viewer) -> QuerySet[Grant]:
    """Return the grants that the viewer sees, with what a row and its roles are read from."""
    return Grant.objects.visible_to(viewer).select_related(
        "stage__release", "person", "acceptance__licence_version__licence"
    )


def detailed_grant(grant: Grant, viewer: Viewer) -> dict[str, Any]:
    """Return a grant as its detail answers it."""
    return answered(GrantDetail, grant_detail(grant, viewer))


class Grants(Face):
    """The viewer's own grants, and those of the publishers they work for."""

    @extend_schema(operation_id="grants_list", parameters=[GrantQuery], responses=page_of(GrantRow))
    def get(self, request: Request) -> Response:
        """List grants, newest first."""
        return self.listed(
            grants_of(self.viewer),
            query=GrantQuery,
            filters=FILTERS,
            shown=lambda found: [answered(GrantRow, grant_row(grant, self.viewer)) for grant in found],
        )


class OneGrant(Face):
    """One grant."""

    @extend_schema(operation_id="grants_read", responses=GrantDetail)
    def get(self, request: Request, pk: int) -> Response:
        """Read one grant, with what the viewer could do."""
        return Response(detailed_grant(find(grants_of(self.viewer), pk), self.viewer))
