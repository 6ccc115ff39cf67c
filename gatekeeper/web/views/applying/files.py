"""Files among the answers: to be kept, never shown in the browser, and only for whoever may see the answer."""

from __future__ import annotations

from io import BytesIO

from django.http import FileResponse, Http404, HttpRequest

from gatekeeper.models.answers import file_seen
from gatekeeper.web.finding import find_case
from gatekeeper.web.pages import page, viewer_of


@page()
def draft_file(request: HttpRequest, pk: int, key: str) -> FileResponse:
    """A file of one's own draft."""
    return _file(request, pk, key, None)


@page()
def submitted_file(request: HttpRequest, pk: int, number: int, key: str) -> FileResponse:
    """A file that was submitted."""
    return _file(request, pk, key, number)


def _file(request: HttpRequest, pk: int, key: str, number: int | None) -> FileResponse:
    stored = file_seen(find_case(request, pk), viewer_of(request), key=key, number=number)
    if stored is None:
        raise Http404
    answer = FileResponse(BytesIO(stored.read()), as_attachment=True, filename=stored.name)
    answer["Content-Type"] = stored.kind
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
