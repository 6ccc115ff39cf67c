"""Files of earlier approvals: upload, look at the dry run line by line. What is done with one is in verbs.py."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.db.models import Q, QuerySet
from django.http import FileResponse
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.viewer import Viewer
from gatekeeper.actions import earlier_approvals
from gatekeeper.api.scopes import STEWARD
from gatekeeper.api.serializers.common import actions, page_of
from gatekeeper.api.serializers.grants import GrantRow, answered
from gatekeeper.api.serializers.imports import (
    VERDICTS,
    EarlierApprovalShown,
    ImportDetail,
    ImportedPage,
    ImportRow,
    NewImport,
    bytes_of,
)
from gatekeeper.models import ApprovalImport, EarlierApproval, Grant, Stage
from gatekeeper.models.repositories import READING
from gatekeeper.rules.earlier_approvals import REASONS

from .base import Face, ListQuery, find
from .cases import grant_row
from .grants import grants_of
from .releases import stages_of


class LineQuery(ListQuery):
    """What the lines of a file are filtered by."""

    verdict = serializers.ChoiceField(choices=VERDICTS, required=False)


def imports_of(viewer: Viewer) -> QuerySet[ApprovalImport]:
    """Return the files of earlier approvals that the viewer sees, with what a row and its roles are read from."""
    return ApprovalImport.objects.visible_to(viewer).select_related(
        "stage__release__publisher", "evidence", "created_by", "confirmed_by"
    )


def detailed_import(source: ApprovalImport, viewer: Viewer) -> dict[str, Any]:
    """Return a file of earlier approvals as its detail answers it."""
    row = answered(ImportRow, source)
    return row | {"actions": actions(source.actions_for(viewer))}


def worked_on(viewer: Viewer, pk: int) -> Stage:
    """Return a stage of a publisher that the viewer works for. Raises NotFound."""
    return find(stages_of(viewer).filter(release__publisher__in=viewer.publishers_with(*READING)), pk)


def line_shown(line: EarlierApproval) -> dict[str, Any]:
    """Return a line as it is answered, in the reader's language."""
    names = ("line", "hub_name", "approved_on", "approver", "terms", "verdict", "reason", "person", "settled_at")
    said = REASONS.get(line.reason, "")
    return answered(
        EarlierApprovalShown,
        {name: getattr(line, name) for name in names}
        | {"detail": gettext(said) if said else "", "grant": line.grant_id, "request": line.request_id},
    )


class StageImports(Face):
    """The files of earlier approvals of a stage."""

    scope = STEWARD

    @extend_schema(operation_id="stage_imports_list", parameters=[ListQuery], responses=page_of(ImportRow))
    def get(self, request: Request, pk: int) -> Response:
        """List the files of a stage, newest first."""
        return self.listed(
            imports_of(self.viewer).filter(stage=worked_on(self.viewer, pk)),
            query=ListQuery,
            filters={},
            shown=lambda found: [answered(ImportRow, one) for one in found],
        )

    @extend_schema(operation_id="stage_imports_upload", request=NewImport, responses={201: ImportDetail})
    def post(self, request: Request, pk: int) -> Response:
        """Read a file and rehearse it: a dry run, which changes nothing. Larger files are uploaded on the page."""
        stage = worked_on(self.viewer, pk)
        asked = self.read(NewImport, request.data)
        source = earlier_approvals.upload(
            stage,
            by=self.viewer,
            file_name=asked["file_name"],
            chunks=[asked["csv"].encode()],
            evidence=bytes_of(asked.get("evidence")),
        )
        return Response(detailed_import(find(imports_of(self.viewer), source.pk), self.viewer), status=201)


class OneImport(Face):
    """One file of earlier approvals."""

    @extend_schema(operation_id="imports_read", responses=ImportDetail)
    def get(self, request: Request, pk: int) -> Response:
        """Read one file with the counts of its dry run, and what the viewer could do."""
        return Response(detailed_import(find(imports_of(self.viewer), pk), self.viewer))


class ImportLines(Face):
    """The lines of a file."""

    @extend_schema(operation_id="import_lines_list", parameters=[LineQuery], responses=page_of(EarlierApprovalShown))
    def get(self, request: Request, pk: int) -> Response:
        """List what becomes of each line, in the order of the file."""
        source = find(imports_of(self.viewer), pk)
        return self.listed(
            EarlierApproval.objects.visible_to(self.viewer).filter(source=source).select_related("person"),
            query=LineQuery,
            filters={"verdict": lambda verdict: Q(verdict=verdict)},
            order="line",
            shown=lambda found: [line_shown(one) for one in found],
        )


class ImportEvidence(Face):
    """The file that shows the approvals."""

    @extend_schema(
        operation_id="import_evidence_read", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, pk: int) -> FileResponse:
        """Hand out the bytes, to be kept and not shown."""
        stored = find(imports_of(self.viewer), pk).evidence
        if stored is None:
            raise NotFound
        answer = FileResponse(BytesIO(stored.read()), as_attachment=True, filename=stored.name)
        answer["Content-Type"] = stored.kind
        return answer


class StageImported(Face):
    """Who was brought in to a stage with their terms unproven."""

    @extend_schema(operation_id="stage_imported_list", parameters=[ListQuery], responses=ImportedPage)
    def get(self, request: Request, pk: int) -> Response:
        """List their grants, and the digest to name when they are asked to accept or are not carried over."""
        stage = worked_on(self.viewer, pk)
        found = Grant.objects.imported_unproven().filter(stage=stage)
        answer = self.listed(
            grants_of(self.viewer).filter(pk__in=found.values("pk")),
            query=ListQuery,
            filters={},
            order="id",
            shown=lambda rows: [answered(GrantRow, grant_row(grant, self.viewer)) for grant in rows],
        )
        answer.data = {"digest": found.digest(), "days": stage.imported_terms_days, **answer.data}
        return answer
