"""Receipts: the signed document of an acceptance, and whether one that somebody brings is genuine."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from gatekeeper.api.serializers.arguments import Strict
from gatekeeper.api.serializers.common import Shape
from gatekeeper.models import Receipt
from gatekeeper.proof import receipts

from .base import Face

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
