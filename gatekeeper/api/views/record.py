"""The record, to read: one event for each step that was taken."""

from __future__ import annotations

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gatekeeper.api.serializers.arguments import LARGEST_ID
from gatekeeper.api.serializers.common import Member, Shape, page_of
from gatekeeper.api.serializers.grants import answered
from gatekeeper.models import Event

from .base import Face, ListQuery, find


class EventQuery(ListQuery):
    """What the record is filtered by."""

    action = serializers.CharField(required=False, max_length=60, help_text="Such as request.approve.")
    object_kind = serializers.CharField(required=False, max_length=30, help_text="Such as accessrequest.")
    object_id = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)


class EventShown(Shape):
    """One step that was taken. `data` holds ids, codes and digests, never personal data."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = Member()
    action = serializers.CharField()
    object_kind = serializers.CharField()
    object_id = serializers.IntegerField()
    publisher = serializers.IntegerField(source="publisher_id", allow_null=True)
    data = serializers.DictField()  # type: ignore[assignment]  # taken out of the class again
    digest = serializers.CharField()
    checkpoint = serializers.IntegerField(
        source="checkpoint_id", allow_null=True, help_text="What seals it; null: not sealed yet."
    )


class Events(Face):
    """The record of the viewer's publishers."""

    @extend_schema(operation_id="events_list", parameters=[EventQuery], responses=page_of(EventShown))
    def get(self, request: Request) -> Response:
        """Read the record, newest first."""
        return self.listed(
            Event.objects.visible_to(self.viewer).select_related("actor"),
            query=EventQuery,
            filters={
                "action": lambda action: Q(action=action),
                "object_kind": lambda kind: Q(object_kind=kind),
                "object_id": lambda pk: Q(object_id=pk),
            },
            shown=lambda found: [answered(EventShown, event) for event in found],
        )


class OneEvent(Face):
    """One event."""

    @extend_schema(operation_id="events_read", responses=EventShown)
    def get(self, request: Request, pk: int) -> Response:
        """Read one event."""
        return Response(answered(EventShown, find(Event.objects.visible_to(self.viewer), pk)))
