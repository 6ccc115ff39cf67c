"""Receipts: the signed document of an acceptance, and whether one that somebody brings is genuine."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from gatekeeper.actions import evidence
from gatekeeper.api.serializers.arguments import Nothing, Strict
from gatekeeper.api.serializers.common import Shape
from gatekeeper.models import Grant, Receipt
from gatekeeper.proof import receipts

from .base import Face, find

VERDICTS = ("genuine", "not_on_record", "altered", "unknown_key", "unreadable")


class ReceiptDocument(Strict):
    """A receipt: what was accepted, and the signature over its canonical JSON (sorted names, no spaces, UTF-8)."""

    receipt = serializers.DictField(help_text="What was accepted, by whom, when, and how it was shown.")
    signature = serializers.CharField(max_length=200, help_text="Ed25519, in base64.")
    key_id = serializers.CharField(max_length=16, help_text="A key of /.well-known/gatekeeper-keys.json.")


class VerdictShown(Shape):
    """Whether this installation signed exactly this."""

    verdict = serializers.ChoiceField(choices=VERDICTS)
    genuine = serializers.BooleanField()


class OneReceipt(Face):
    """The receipt of an acceptance."""

    @extend_schema(operation_id="receipts_read", responses=ReceiptDocument)
    def get(self, request: Request, pk: int) -> Response:
        """Read a receipt: your own, or one of your publishers."""
        found = Receipt.objects.visible_to(self.viewer).filter(acceptance=pk).first()
        if found is None:
            raise Http404
        return Response(receipts.document(found))


class Verifying(Face):
    """Whether a receipt is genuine; anybody may ask."""

    permission_classes = [AllowAny]  # it changes nothing, and says only what the document says

    @extend_schema(operation_id="receipts_verify", request=ReceiptDocument, responses=VerdictShown)
    def post(self, request: Request) -> Response:
        """Say whether a receipt was signed here and is unchanged. Nothing is kept of it."""
        brought: dict[str, Any] = self.read(ReceiptDocument, request.data)
        verdict = receipts.check(json.dumps(brought))
        return Response({"verdict": verdict.code, "genuine": verdict.genuine})


class Evidence(Face):
    """The evidence of a grant, for those who answer for it."""

    @extend_schema(
        operation_id="grants_evidence",
        request=Nothing,
        responses={
            (200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, "A ZIP; verify_receipt.py checks it.")
        },
    )
    def post(self, request: Request, pk: int) -> HttpResponse:
        """Make the evidence pack of a grant; that it was made is recorded."""
        self.read(Nothing, request.data)
        made = evidence.export(find(Grant.objects.visible_to(self.viewer), pk), by=self.viewer)
        return HttpResponse(made, content_type="application/zip")
