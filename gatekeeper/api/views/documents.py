"""Gate forms: anybody reads what public releases ask."""

from __future__ import annotations

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gatekeeper.actions import policies
from gatekeeper.api.scopes import STEWARD
from gatekeeper.api.serializers.arguments import LARGEST_ID, Nothing
from gatekeeper.api.serializers.common import page_of
from gatekeeper.api.serializers.documents import (
    GateFormShown,
    form_shown,
)
from gatekeeper.models import GateForm

from .base import Face, ListQuery, find


class DocumentQuery(ListQuery):
    """What the lists of documents are filtered by."""

    publisher = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)


class GateForms(Face):
    """The gate forms of public releases, and all of the viewer's publishers."""

    public = True

    @extend_schema(operation_id="gate_forms_list", parameters=[DocumentQuery], responses=page_of(GateFormShown))
    def get(self, request: Request) -> Response:
        """List gate forms, newest first."""
        return self.listed(
            GateForm.objects.visible_to(self.viewer),
            query=DocumentQuery,
            filters={"publisher": lambda publisher: Q(publisher=publisher)},
            shown=lambda found: [form_shown(form) for form in found],
        )


class OneGateForm(Face):
    """One gate form."""

    public = True

    @extend_schema(operation_id="gate_forms_read", responses=GateFormShown)
    def get(self, request: Request, pk: int) -> Response:
        """Read one gate form."""
        return Response(form_shown(find(GateForm.objects.visible_to(self.viewer), pk)))


class GateFormPublishing(Face):
    """A draft of a form, to publish."""

    scope = STEWARD

    @extend_schema(operation_id="gate_form_publish", request=None, responses=GateFormShown)
    def post(self, request: Request, pk: int) -> Response:
        """Publish a form; it cannot change from then on."""
        form = find(GateForm.objects.visible_to(self.viewer), pk)
        self.read(Nothing, request.data)
        return Response(form_shown(policies.publish_form(form, by=self.viewer)))
