"""Gate forms: anybody reads what public releases ask."""

from __future__ import annotations

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gatekeeper.actions import gate_forms, policies
from gatekeeper.api.scopes import STEWARD
from gatekeeper.api.serializers.arguments import LARGEST_ID, Nothing
from gatekeeper.api.serializers.common import page_of
from gatekeeper.api.serializers.documents import (
    ChangedForm,
    Confirmation,
    DifferenceShown,
    FormFindings,
    GateFormShown,
    findings_shown,
    form_shown,
)
from gatekeeper.models import GateForm
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
    scope = STEWARD

    @extend_schema(operation_id="gate_forms_read", responses=GateFormShown)
    def get(self, request: Request, pk: int) -> Response:
        """Read one gate form."""
        return Response(form_shown(find(GateForm.objects.visible_to(self.viewer), pk)))

    @extend_schema(operation_id="gate_form_discard", request=None, responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Throw a draft away."""
        gate_forms.discard_draft(find(GateForm.objects.visible_to(self.viewer), pk), by=self.viewer)
        return Response(status=204)


class GateFormQuestions(Face):
    """The questions of a draft, to replace."""

    scope = STEWARD

    @extend_schema(operation_id="gate_form_change", request=ChangedForm, responses=GateFormShown)
    def put(self, request: Request, pk: int) -> Response:
        """Replace the questions of a draft, and its title if one is given."""
        form = find(GateForm.objects.visible_to(self.viewer), pk)
        asked = self.read(ChangedForm, request.data)
        changed = gate_forms.change_draft(
            form, by=self.viewer, questions_asked=asked["questions"], title=asked.get("title"), seen=asked["seen"]
        )
        return Response(form_shown(changed))


class GateFormNext(Face):
    """The next version of a form, to draft."""

    scope = STEWARD

    @extend_schema(operation_id="gate_form_draft_next", request=None, responses={201: GateFormShown})
    def post(self, request: Request, pk: int) -> Response:
        """Begin the next version of a form with the questions of this one, or get the draft that is there."""
        form = find(GateForm.objects.visible_to(self.viewer), pk)
        self.read(Nothing, request.data)
        return Response(form_shown(gate_forms.draft_next(form, by=self.viewer)), status=201)


class GateFormDifferences(Face):
    """What differs between a version of a form and the one before it."""

    @extend_schema(operation_id="gate_form_differences", responses=DifferenceShown(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """Tell what was added, removed, changed and moved; nothing of a first version."""
        publishers = self.viewer.publishers_with(*READING)
        form = find(GateForm.objects.filter(publisher__in=publishers).select_related("supersedes"), pk)
        return Response([dict(DifferenceShown(each).data) for each in form.differences() or ()])


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

    @extend_schema(operation_id="gate_form_publish", request=Confirmation, responses=GateFormShown)
    def post(self, request: Request, pk: int) -> Response:
        """Publish a form; it cannot change from then on."""
        form = find(GateForm.objects.visible_to(self.viewer), pk)
        asked = self.read(Confirmation, request.data)
        return Response(form_shown(policies.publish_form(form, by=self.viewer, **asked)))
