"""Gate forms and licence versions: anybody reads what public releases ask and demand."""

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
    FormFindings,
    GateFormShown,
    LicenceVersionRow,
    LicenceVersionShown,
    findings_shown,
    form_shown,
    version_row,
    version_shown,
)
from gatekeeper.models import GateForm, LicenceVersion
from gatekeeper.models.repositories import READING

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


class GateFormFindings(Face):
    """What the linter says of a form, for the people of its publisher."""

    @extend_schema(operation_id="gate_form_findings", responses=FormFindings)
    def get(self, request: Request, pk: int) -> Response:
        """Lint a form: what is redundant, asks too much, or is missing, why, and what to do."""
        forms = GateForm.objects.filter(publisher__in=self.viewer.publishers_with(*READING))
        return Response({"findings": findings_shown(find(forms, pk).lint())})


class GateFormPublishing(Face):
    """A draft of a form, to publish."""

    scope = STEWARD

    @extend_schema(operation_id="gate_form_publish", request=None, responses=GateFormShown)
    def post(self, request: Request, pk: int) -> Response:
        """Publish a form; it cannot change from then on."""
        form = find(GateForm.objects.visible_to(self.viewer), pk)
        self.read(Nothing, request.data)
        return Response(form_shown(policies.publish_form(form, by=self.viewer)))


class LicenceVersions(Face):
    """The licence versions of public releases, those of the viewer's publishers, and those the viewer accepted."""

    public = True

    @extend_schema(
        operation_id="licence_versions_list", parameters=[DocumentQuery], responses=page_of(LicenceVersionRow)
    )
    def get(self, request: Request) -> Response:
        """List licence versions without their texts, newest first."""
        return self.listed(
            LicenceVersion.objects.visible_to(self.viewer).select_related("licence").defer("text"),
            query=DocumentQuery,
            filters={"publisher": lambda publisher: Q(licence__publisher=publisher)},
            shown=lambda found: [version_row(version) for version in found],
        )


class OneLicenceVersion(Face):
    """One licence version."""

    public = True

    @extend_schema(operation_id="licence_versions_read", responses=LicenceVersionShown)
    def get(self, request: Request, pk: int) -> Response:
        """Read one licence version with its text."""
        return Response(
            version_shown(find(LicenceVersion.objects.visible_to(self.viewer).select_related("licence"), pk))
        )
