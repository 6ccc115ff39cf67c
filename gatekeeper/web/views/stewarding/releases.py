"""Releases and their ladders: found one, add stages, publish."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from gatekeeper.actions import releases
from gatekeeper.models import Release, Repository
from gatekeeper.models.policies import current_policies
from gatekeeper.models.repositories import READING
from gatekeeper.rules.refusals import Invalid
from gatekeeper.web.finding import find_publisher
from gatekeeper.web.forms.stewarding.releases import ReleaseForm, StageForm
from gatekeeper.web.pages import page, put_refusals, status_of, viewer_of


def find_worked_on(request: HttpRequest, pk: int) -> Release:
    """Return a release of a publisher that the viewer works for."""
    seen = Release.objects.visible_to(viewer_of(request)).select_related("publisher")
    return get_object_or_404(seen, pk=pk, publisher__in=viewer_of(request).publishers_with(*READING))


@page("GET", "POST")
def new_release(request: HttpRequest, name: str) -> HttpResponse:
    """Found a release."""
    publisher = find_publisher(request, name)
    form = ReleaseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = releases.create_release(publisher, by=viewer_of(request), **form.cleaned_data)
            return redirect("web:edit_release", pk=made.pk)
        except Invalid as refused:
            put_refusals(form, refused)
    return render(
        request, "stewarding/new_release.html", {"publisher": publisher, "form": form}, status=status_of(form)
    )


@page("GET", "POST")
def edit_release(request: HttpRequest, pk: int) -> HttpResponse:
    """One release and its stages, with what each still needs; sent, it changes what the release says of itself."""
    release = find_worked_on(request, pk)
    initial = {name: getattr(release, name) for name in ReleaseForm.base_fields}
    form = ReleaseForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            releases.change_release(release, by=viewer_of(request), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("web:edit_release", pk=pk)
        except Invalid as refused:
            put_refusals(form, refused)
    linked = Prefetch("repositories", Repository.objects.linked().order_by("name"))
    stages = list(release.stages.order_by("ordinal").prefetch_related(linked))
    policies = current_policies(stages)
    ladder = release.ladders.published().order_by("-number").first()
    context = {
        "release": release,
        "form": form,
        "stages": [(stage, policies.get(stage.pk)) for stage in stages],
        "ladder": ladder,
        "unchanged": ladder is not None and ladder.document == release.ladder_document(),
    }
    return render(request, "stewarding/release.html", context, status=status_of(form))


@page("POST", back="web:edit_release")
def publish_ladder(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish the ladder as it stands."""
    ladder = releases.publish_ladder(find_worked_on(request, pk), by=viewer_of(request))
    messages.success(request, _("Ladder version %(number)d is published.") % {"number": ladder.number})
    return redirect("web:edit_release", pk=pk)


@page("GET", "POST")
def new_stage(request: HttpRequest, pk: int) -> HttpResponse:
    """Add the next stage to a ladder."""
    release = find_worked_on(request, pk)
    form = StageForm(release.publisher, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            stage = releases.add_stage(release, by=viewer_of(request), **form.cleaned_data)
            return redirect("web:stage", pk=stage.pk)
        except Invalid as refused:
            put_refusals(form, refused)
    return render(request, "stewarding/new_stage.html", {"release": release, "form": form}, status=status_of(form))
