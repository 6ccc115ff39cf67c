"""On which terms a stage gives access: licences and policies. Published, none of them changes."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from gatekeeper.actions import licences, policies
from gatekeeper.models import LicenceVersion
from gatekeeper.models.repositories import READING
from gatekeeper.rules.refusals import Invalid
from gatekeeper.web.finding import find_publisher
from gatekeeper.web.forms.stewarding.policies import LicenceForm, TermsForm
from gatekeeper.web.pages import page, put_refusals, status_of, viewer_of
from gatekeeper.web.texts import licence_parts

from .stages import find_worked_on


@page("GET", "POST")
def new_licence(request: HttpRequest, name: str) -> HttpResponse:
    """Publish a licence text, or the next version of one."""
    publisher = find_publisher(request, name)
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = LicenceForm(*sent)
    if request.method == "POST" and form.is_valid():
        try:
            version = licences.publish_licence_version(
                publisher,
                by=viewer_of(request),
                identifier=form.cleaned_data["identifier"],
                title=form.cleaned_data["title"],
                text=form.text_bytes,
                restrictions=form.cleaned_data["restrictions"],
            )
            messages.success(request, _("%(licence)s is published.") % {"licence": version})
            return redirect("web:licence_version", pk=version.pk)
        except Invalid as refused:
            put_refusals(form, refused)
    return render(
        request, "stewarding/new_licence.html", {"publisher": publisher, "form": form}, status=status_of(form)
    )


@page()
def licence_version(request: HttpRequest, pk: int) -> HttpResponse:
    """A licence version: the exact text, its hash, what it forbids."""
    seen = LicenceVersion.objects.visible_to(viewer_of(request)).select_related("licence__publisher")
    found = get_object_or_404(seen, pk=pk)
    publisher = found.licence.publisher
    works_there = publisher.pk in viewer_of(request).publishers_with(*READING)
    context = {"version": found, "parts": licence_parts(found.words), "publisher": publisher if works_there else None}
    return render(request, "stewarding/licence.html", context)


@page("GET", "POST", back="web:terms")
def terms(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish the terms of a stage; the terms in force are filled in."""
    stage = find_worked_on(request, pk)
    publisher, current = stage.release.publisher, stage.policy
    initial = (
        {**current.document, "form": current.form_id, "licence_version": current.licence_version_id} if current else {}
    )
    form = TermsForm(publisher, request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            policies.publish_policy(
                stage,
                by=viewer_of(request),
                form=form.cleaned_data["form"],
                licence_version=form.cleaned_data["licence_version"],
                terms=form.terms,
            )
            messages.success(request, _("The terms are published. Open requests follow them from now on."))
            return redirect("web:stage", pk=pk)
        except Invalid as refused:
            put_refusals(form, refused)
    context = {"stage": stage, "publisher": publisher, "current": current, "form": form}
    return render(request, "stewarding/terms.html", context, status=status_of(form))
