"""Files among the answers: hand one in, and get those that the viewer may see."""

from __future__ import annotations

from io import BytesIO

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.viewer import Viewer
from gatekeeper.actions import requests
from gatekeeper.api.scopes import APPLY
from gatekeeper.api.serializers.cases import RequestDetail
from gatekeeper.api.serializers.imports import NewEvidence
from gatekeeper.models.answers import file_seen

from .base import Face, find
from .requests import detailed_request, requests_of

BYTES = {(200, "application/pdf"): OpenApiTypes.BINARY}


class DraftFile(Face):
    """A file of one's own draft."""

    scope = APPLY

    @extend_schema(operation_id="request_file_read", tags=["requests"], responses=BYTES)
    def get(self, request: Request, pk: int, key: str) -> FileResponse:
        """Hand out a file of one's own draft, to be kept and not shown."""
        return handed_out(self.viewer, pk, key)

    @extend_schema(operation_id="request_file_hand_in", tags=["requests"], request=NewEvidence, responses=RequestDetail)
    def put(self, request: Request, pk: int, key: str) -> Response:
        """Hand in a PDF as the answer to a question. Larger ones than a body may be are handed in on the page."""
        case = find(requests_of(self.viewer), pk)
        asked = self.read(NewEvidence, request.data)
        requests.answer(case, by=self.viewer, answers={}, files={key: (asked["name"], [asked["base64"]])})
        return Response(detailed_request(find(requests_of(self.viewer), pk), self.viewer))


class SubmittedFile(Face):
    """A file that was submitted."""

    @extend_schema(operation_id="request_submitted_file_read", tags=["requests"], responses=BYTES)
    def get(self, request: Request, pk: int, number: int, key: str) -> FileResponse:
        """Hand out a file that was submitted to whoever may see the answer, to be kept and not shown."""
        return handed_out(self.viewer, pk, key, number)


def handed_out(viewer: Viewer, pk: int, key: str, number: int | None = None) -> FileResponse:
    """Return the bytes of a file that the viewer sees. Raises NotFound."""
    stored = file_seen(find(requests_of(viewer), pk), viewer, key=key, number=number)
    if stored is None:
        raise NotFound
    answer = FileResponse(BytesIO(stored.read()), as_attachment=True, filename=stored.name)
    answer["Content-Type"] = stored.kind
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
