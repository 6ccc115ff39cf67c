"""Preparing an emergency stop or a safe re-gate: what, and why. Nothing is changed before it is started."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from gatekeeper.actions import procedures
from gatekeeper.models import Procedure
from gatekeeper.models.tallies import coverable
from gatekeeper.rules.procedures import Scope
from gatekeeper.rules.refusals import Invalid
from gatekeeper.web.finding import find_repository
from gatekeeper.web.forms.operating.procedures import RegateForm, StopForm
from gatekeeper.web.pages import page, put_refusals, status_of, viewer_of

SHOWN = 200


@page()
def choose(request: HttpRequest) -> HttpResponse:
    """The publishers of which the viewer may stop something."""
    theirs = coverable(Scope.PUBLISHER, viewer_of(request)).order_by("name")[: SHOWN + 1]
    if not theirs:
        raise Http404
    if len(theirs) == 1:
        return redirect("web:prepare_stop", name=theirs[0].name)
    return render(request, "operating/choose.html", {"publishers": theirs[:SHOWN]})


@page("GET", "POST", back="web:prepare_stop")
def prepare_stop(request: HttpRequest, name: str) -> HttpResponse:
    """What of a publisher is to be stopped, and why; the page after this says what that would do."""
    viewer = viewer_of(request)
    publisher = get_object_or_404(coverable(Scope.PUBLISHER, viewer), name__iexact=name)
    form = StopForm(
        publisher,
        request.POST if request.method == "POST" else None,
        initial={"covers": request.GET.get("covers", "")[:40]},
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = procedures.prepare_stop(form.covered, by=viewer, words=form.cleaned_data["words"])
            return redirect("web:procedure", pk=made.pk)
        except Invalid as refused:
            put_refusals(form, refused)
    stops = Procedure.objects.visible_to(viewer).unfinished().filter(publisher=publisher, kind="stop")
    context = {"publisher": publisher, "form": form, "stops": stops.select_related("stage__release", "release")[:20]}
    return render(request, "operating/prepare_stop.html", context, status=status_of(form))


@page("GET", "POST", back="web:repository")
def prepare_regate(request: HttpRequest, pk: int) -> HttpResponse:
    """Why a repository is gated again, and in which steps."""
    repository = find_repository(request, pk)
    viewer = viewer_of(request)
    form = RegateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = procedures.prepare_regate(repository, by=viewer, words=form.cleaned_data["words"])
            return redirect("web:procedure", pk=made.pk)
        except Invalid as refused:
            put_refusals(form, refused)
    under_way = Procedure.objects.visible_to(viewer).unfinished().filter(repository=repository, kind="regate").first()
    context = {"repository": repository, "form": form, "under_way": under_way}
    return render(request, "operating/prepare_regate.html", context, status=status_of(form))
