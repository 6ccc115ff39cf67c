"""Procedures: list, prepare, look at one, and its proof. What is done about one is in verbs.py."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.viewer import Viewer
from gatekeeper.actions import procedures
from gatekeeper.api.scopes import OPERATE
from gatekeeper.api.serializers.arguments import LARGEST_ID
from gatekeeper.api.serializers.common import actions, page_of
from gatekeeper.api.serializers.grants import answered
from gatekeeper.api.serializers.procedures import Preparing, ProcedureDetail, ProcedureRow, Proof
from gatekeeper.api.serializers.words import PROCEDURE_KINDS, PROCEDURE_STATUSES
from gatekeeper.models import Procedure
from gatekeeper.models.tallies import coverable
from gatekeeper.progress import progress_of, proof_of
from gatekeeper.rules.procedures import ProcedureKind, Scope

from .base import Face, ListQuery, find

PREPARE = {ProcedureKind.STOP: procedures.prepare_stop, ProcedureKind.REGATE: procedures.prepare_regate}
WITH = (
    "publisher", "stage__release", "release", "repository", "prepared_by", "started_by", "ratified_by", "asked_by",
    "confirmed_by",
)  # fmt: skip


class ProcedureQuery(ListQuery):
    """What the list of procedures is filtered by."""

    publisher = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    kind = serializers.ChoiceField(choices=PROCEDURE_KINDS, required=False)
    status = serializers.ChoiceField(choices=PROCEDURE_STATUSES, required=False)


def procedures_of(viewer: Viewer) -> QuerySet[Procedure]:
    """Return the procedures that the viewer sees."""
    return Procedure.objects.visible_to(viewer).select_related(*WITH)


def detailed_procedure(procedure: Procedure, viewer: Viewer) -> dict[str, Any]:
    """Return a procedure as its detail answers it."""
    progress = progress_of(procedure)
    shown: Any = procedure
    shown.stop, shown.regate = progress.stop, progress.ghosts
    shown.calls_left, shown.seconds_left = progress.calls, progress.seconds
    shown.actions = actions(procedure.actions_for(viewer))
    return answered(ProcedureDetail, procedure)


class Procedures(Face):
    """The emergency stops and safe re-gates that the viewer sees."""

    scope = OPERATE

    @extend_schema(operation_id="procedures_list", parameters=[ProcedureQuery], responses=page_of(ProcedureRow))
    def get(self, request: Request) -> Response:
        """List procedures, newest first."""
        return self.listed(
            procedures_of(self.viewer),
            query=ProcedureQuery,
            filters={
                "publisher": lambda publisher: Q(publisher=publisher),
                "kind": lambda kind: Q(kind=kind),
                "status": lambda status: Q(status=status),
            },
            shown=lambda found: [answered(ProcedureRow, procedure) for procedure in found],
        )

    @extend_schema(operation_id="procedures_prepare", request=Preparing, responses={201: ProcedureDetail})
    def post(self, request: Request) -> Response:
        """Prepare an emergency stop or a safe re-gate; nothing is changed before it is started."""
        asked = self.read(Preparing, request.data)
        covers = find(coverable(Scope(asked["scope"]), self.viewer), asked["covers"])
        made = PREPARE[ProcedureKind(asked["kind"])](covers, by=self.viewer, words=asked["words"])
        return Response(detailed_procedure(find(procedures_of(self.viewer), made.pk), self.viewer), status=201)


class OneProcedure(Face):
    """One procedure."""

    @extend_schema(operation_id="procedures_read", responses=ProcedureDetail)
    def get(self, request: Request, pk: int) -> Response:
        """Read one, with how far it has come and what the viewer could do about it."""
        return Response(detailed_procedure(find(procedures_of(self.viewer), pk), self.viewer))


class ProcedureProof(Face):
    """The proof of a procedure."""

    @extend_schema(operation_id="procedures_proof", responses=Proof)
    def get(self, request: Request, pk: int) -> Response:
        """Read what was read back, with a line for each grant of a stop, and the digest of these lines."""
        return Response(answered(Proof, proof_of(find(procedures_of(self.viewer), pk))))
