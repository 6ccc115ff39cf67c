"""On which terms a stage gives access: policies. Published, none of them changes."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from gatekeeper.actions import policies
from gatekeeper.rules.refusals import Invalid
from gatekeeper.web.forms.stewarding.policies import TermsForm
from gatekeeper.web.pages import page, put_refusals, status_of, viewer_of

from .stages import find_worked_on


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
