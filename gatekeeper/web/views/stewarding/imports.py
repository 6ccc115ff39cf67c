"""Earlier approvals: a spreadsheet is uploaded, its dry run looked at line by line, then confirmed or discarded."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from gatekeeper.actions import earlier_approvals
from gatekeeper.models import ApprovalImport, EarlierApproval
from gatekeeper.models.paging import COUNT_LIMIT, count_up_to
from gatekeeper.rules.cells import harmless
from gatekeeper.rules.earlier_approvals import REASONS, Verdict
from gatekeeper.rules.refusals import Invalid
from gatekeeper.web.buttons import buttons_for
from gatekeeper.web.finding import paged
from gatekeeper.web.forms.stewarding.imports import ConfirmForm, UploadForm
from gatekeeper.web.pages import page, put_refusals, status_of, viewer_of
from gatekeeper.web.words import VERDICTS

from .stages import find_worked_on

EXAMPLE = """name,date,approver,terms
ha-nguyen,2025-03-31,Ana Lee,Licence v1
https://huggingface.co/ines,2025-04-02,Ethics board,"""


def find_import(request: HttpRequest, pk: int) -> ApprovalImport:
    """Return a file of earlier approvals of a publisher that the viewer works for."""
    seen = ApprovalImport.objects.visible_to(viewer_of(request)).select_related(
        "stage__release__publisher", "evidence", "created_by", "confirmed_by"
    )
    return get_object_or_404(seen, pk=pk)


@page("GET", "POST", back="web:stage_imports")
def stage_imports(request: HttpRequest, pk: int) -> HttpResponse:
    """The files of a stage, and a form to upload one. What is uploaded is rehearsed, and changes nothing."""
    stage = find_worked_on(request, pk)
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = UploadForm(*sent)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            source = earlier_approvals.upload(
                stage, by=viewer_of(request), file_name=file.name, chunks=file.chunks(), evidence=form.handed()
            )
            return redirect("web:import", pk=source.pk)
        except Invalid as refused:
            put_refusals(form, refused)
    files = ApprovalImport.objects.visible_to(viewer_of(request)).filter(stage=stage).select_related("created_by")
    context = {"stage": stage, "form": form, "page": paged(request, files, order="-id", size=25), "example": EXAMPLE}
    return render(request, "stewarding/imports.html", context, status=status_of(form))


@page()
def import_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One file: what becomes of its lines, how many of each, and what may be done with it."""
    return _import_page(request, find_import(request, pk), None)


def _import_page(request: HttpRequest, source: ApprovalImport, form: ConfirmForm | None) -> HttpResponse:
    buttons = buttons_for(source, viewer_of(request))
    chosen = request.GET.get("verdict", "")
    lines = _lines_of(source, chosen)
    context = {
        "source": source,
        "stage": source.stage,
        "counts": [(verdict, words, source.counts.get(verdict, 0)) for verdict, words in VERDICTS.items()],
        "chosen": chosen,
        "page": paged(request, lines.select_related("person", "grant", "request"), order="line"),
        "buttons": buttons,
        "form": form or (ConfirmForm(initial={"seen": source.digest}) if "confirm" in buttons else None),
        "ignored": ", ".join(source.ignored_columns),
        "unsettled": count_up_to(EarlierApproval.objects.to_settle().filter(source=source)),
        "limit": COUNT_LIMIT,
    }
    return render(request, "stewarding/import.html", context, status=status_of(form) if form else 200)


def _lines_of(source: ApprovalImport, verdict: str) -> QuerySet[EarlierApproval]:
    lines = EarlierApproval.objects.filter(source=source)
    return lines.filter(verdict=verdict) if verdict in set(Verdict) else lines


@page("POST", back="web:import")
def rehearse(request: HttpRequest, pk: int) -> HttpResponse:
    """Run the dry run again."""
    earlier_approvals.rehearse(find_import(request, pk), by=viewer_of(request))
    messages.success(request, _("The dry run was run again. Nothing was changed."))
    return redirect("web:import", pk=pk)


@page("POST", back="web:import")
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring in what the dry run showed."""
    source, form = find_import(request, pk), ConfirmForm(request.POST)
    if not form.is_valid():
        return _import_page(request, source, form)
    earlier_approvals.confirm(
        source, by=viewer_of(request), seen=form.cleaned_data["seen"], days=form.cleaned_data["days"]
    )
    messages.success(request, _("They are brought in. The Hub is told only of people who are known there by their id."))
    return redirect("web:import", pk=pk)


@page("GET", "POST", back="web:import")
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a file that was not confirmed."""
    source = find_import(request, pk)
    if request.method == "POST":
        earlier_approvals.discard(source, by=viewer_of(request))
        messages.success(request, _("The file is forgotten, with its lines and its evidence."))
        return redirect("web:stage_imports", pk=source.stage_id)
    buttons = buttons_for(source, viewer_of(request))
    if "discard" not in buttons:
        return redirect("web:import", pk=pk)
    return render(request, "stewarding/discard_import.html", {"source": source, "buttons": buttons})


class Echo:
    """What csv writes to: it hands each line on."""

    def write(self, line: str) -> str:
        """Return the line."""
        return line


@page()
def lines_file(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """What becomes of each line, as a spreadsheet in which nothing is run."""
    source = find_import(request, pk)
    writer = csv.writer(Echo())
    rows = (
        writer.writerow([harmless(str(cell)) for cell in row]) for row in _rows(source, request.GET.get("verdict", ""))
    )
    answer = StreamingHttpResponse((row.encode() for row in rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="import-{source.pk}.csv"'
    return answer


def _rows(source: ApprovalImport, verdict: str) -> Iterator[list[Any]]:
    yield ["line", "name", "date", "approver", "terms", "outcome", "reason"]
    for line in _lines_of(source, verdict).order_by("line").iterator(chunk_size=2_000):
        said = REASONS.get(line.reason, "")
        outcome = str(VERDICTS[line.verdict])
        day = line.approved_on.isoformat() if line.approved_on else ""
        yield [line.line, line.hub_name, day, line.approver, line.terms, outcome, _(said) if said else ""]


@page()
def evidence(request: HttpRequest, pk: int) -> FileResponse:
    """The file that shows the approvals: to be kept, never shown in the browser."""
    stored = find_import(request, pk).evidence
    if stored is None:
        raise Http404
    answer = FileResponse(BytesIO(stored.read()), as_attachment=True, filename=stored.name)
    answer["Content-Type"] = stored.kind
    return answer
