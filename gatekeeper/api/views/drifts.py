"""Drift: list, look at one. What is done about one is in verbs.py."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.viewer import Viewer
from gatekeeper.actions import drifts
from gatekeeper.api.scopes import STEWARD
from gatekeeper.api.serializers.arguments import Strict
from gatekeeper.api.serializers.common import actions, page_of
from gatekeeper.api.serializers.drifts import DriftDetail, DriftRow
from gatekeeper.api.serializers.grants import answered
from gatekeeper.api.serializers.releases import RepositoryShown
from gatekeeper.api.serializers.words import DRIFT_KINDS, DRIFT_SEVERITIES, DRIFT_STATUSES
from gatekeeper.models import Drift, Repository

from .base import Face, ListQuery, find


class DriftQuery(ListQuery):
    """What the list of drift is filtered by."""

    repository = serializers.CharField(required=False, max_length=200, help_text="owner/name")
    person = serializers.CharField(required=False, max_length=200, help_text="A Hub name.")
    kind = serializers.ChoiceField(choices=DRIFT_KINDS, required=False)
    severity = serializers.ChoiceField(choices=DRIFT_SEVERITIES, required=False)
    status = serializers.ChoiceField(choices=DRIFT_STATUSES, required=False)


def drifts_of(viewer: Viewer) -> QuerySet[Drift]:
    """Return the drift that the viewer sees."""
    return Drift.objects.visible_to(viewer).select_related("repository", "person", "resolved_by")


def detailed_drift(drift: Drift, viewer: Viewer) -> dict[str, Any]:
    """Return drift as its detail answers it."""
    drift.actions = actions(drift.actions_for(viewer))  # type: ignore[attr-defined]  # read by the shape
    return answered(DriftDetail, drift)


class Drifts(Face):
    """What differs at the repositories that the viewer sees."""

    @extend_schema(operation_id="drifts_list", parameters=[DriftQuery], responses=page_of(DriftRow))
    def get(self, request: Request) -> Response:
        """List drift, newest first."""
        return self.listed(
            drifts_of(self.viewer),
            query=DriftQuery,
            filters={
                "repository": lambda name: Q(repository__name=name),
                "person": lambda name: Q(person__username__iexact=name),
                "kind": lambda kind: Q(kind=kind),
                "severity": lambda severity: Q(severity=severity),
                "status": lambda status: Q(status=status),
            },
            shown=lambda found: [answered(DriftRow, drift) for drift in found],
        )


class OneDrift(Face):
    """One thing that differs."""

    @extend_schema(operation_id="drifts_read", responses=DriftDetail)
    def get(self, request: Request, pk: int) -> Response:
        """Read one, with what the viewer could do about it."""
        return Response(detailed_drift(find(drifts_of(self.viewer), pk), self.viewer))


class Enforcement(Strict):
    """Whether what differs about people is undone without asking."""

    on = serializers.BooleanField()


class Enforcing(Face):
    """How a repository treats drift."""

    scope = STEWARD

    @extend_schema(operation_id="repository_enforce", request=Enforcement, responses=RepositoryShown)
    def post(self, request: Request, pk: int) -> Response:
        """Have what differs about people undone without asking, or propose it again."""
        repository = find(Repository.objects.visible_to(self.viewer), pk)
        asked = self.read(Enforcement, request.data)
        return Response(answered(RepositoryShown, drifts.enforce(repository, by=self.viewer, on=asked["on"])))
