"""The OpenAPI document, a page to try it, and the answer at an address that is none."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.urls import Resolver404, resolve
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

import gatekeeper.api.schema  # noqa: F401  (the document learns there how people sign in)


class Schema(SpectacularAPIView):
    """The OpenAPI document of this service."""

    permission_classes = [AllowAny]


class Docs(SpectacularSwaggerSplitView):
    """The document as a page to try things on; its script and style are our own files, as the content policy asks."""

    permission_classes = [AllowAny]
    url_name = "api:schema"
    template_name = "api/docs.html"
    title = "Gatekeeper"


@extend_schema(exclude=True)
class NothingHere(APIView):
    """Every other address: a problem, not a page; an address that lacks only its slash is sent on."""

    permission_classes = [AllowAny]

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer any method alike."""
        self.http_method_not_allowed = self.answer  # type: ignore[method-assign]  # every method is answered alike
        return super().dispatch(request, *args, **kwargs)

    def answer(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Send on with the slash (308 keeps method and body), or raise NotFound."""
        if not request.path.endswith("/"):
            try:
                found = resolve(f"{request.path}/")
            except Resolver404:
                raise NotFound from None
            if getattr(found.func, "cls", None) is not NothingHere:
                query = request.META["QUERY_STRING"]
                return Response(status=308, headers={"Location": f"{request.path}/{'?' if query else ''}{query}"})
        raise NotFound
