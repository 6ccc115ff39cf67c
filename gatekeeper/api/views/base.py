"""What every view of the API shares: its viewer, how it finds, how it lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.db.models import Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import viewer_of
from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.api.errors import UnknownParameter
from gatekeeper.models import paging

M = TypeVar("M", bound=Model)

PAGE, LARGEST_PAGE = 50, 200


class ListQuery(serializers.Serializer[Any]):
    """What every list takes in its query string; lists add what they filter by."""

    cursor = serializers.CharField(
        required=False, max_length=500, help_text="Where the page begins: as the page before said in `next`."
    )
    page_size = serializers.IntegerField(
        required=False, default=PAGE, min_value=1, max_value=LARGEST_PAGE, help_text="How many rows at most."
    )


class Face(APIView):
    """A view with a viewer. `public` ones are read without signing in; `scope` is what a change needs of a token."""

    public = False

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer, for this viewer alone: no cache on the way keeps it."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer["Cache-Control"] = "no-store"
        return answer

    @property
    def viewer(self) -> Viewer:
        """Return who is asking."""
        return viewer_of(self.request)

    def read(self, kind: type[serializers.Serializer[Any]], given: Any) -> dict[str, Any]:
        """Return what was sent, once its shape is right. Raises ValidationError naming the fields at fault."""
        asked = kind(data=given, context={"viewer": self.viewer})
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)

    def asked(self, kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """Return what the query string asks. Raises UnknownParameter naming what is not taken, ValidationError."""
        unknown = set(self.request.query_params) - set(kind().fields)
        if unknown:
            raise UnknownParameter(unknown)
        return self.read(kind, self.request.query_params)

    def listed(
        self,
        rows: QuerySet[M],
        *,
        query: type[ListQuery],
        filters: Mapping[str, Callable[[Any], Q]],
        shown: Any,
        order: str = "-id",
    ) -> Response:
        """Answer one page of rows. `filters` maps a name of the query to the condition that its value stands for.

        `shown` turns the rows of the page into what is answered.
        """
        asked = self.asked(query)
        rows = rows.filter(*(filters[name](value) for name, value in asked.items() if name in filters))
        page = paging.page(rows, order=order, cursor=asked.get("cursor"), size=asked["page_size"])
        return Response({"next": self._next(page.next), "results": shown(page.rows)})

    def _next(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        kept = {name: value for name, value in self.request.query_params.items() if name != "cursor"}
        return self.request.build_absolute_uri(f"{self.request.path}?{urlencode({**kept, 'cursor': cursor})}")

    def my_publisher(self, pk: int) -> Publisher:
        """Return a publisher that the viewer works for. Raises NotFound."""
        return find(Publisher.objects.filter(pk__in=self.viewer.publishers_with()), pk)


def find(rows: QuerySet[M], pk: int) -> M:
    """Return the row with this id among those that the viewer sees. Raises NotFound."""
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found
