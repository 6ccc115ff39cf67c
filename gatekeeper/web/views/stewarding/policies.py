"""What a stage asks and on which terms: forms and policies. Published, none of them changes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts.models import Publisher
from gatekeeper.actions import policies
from gatekeeper.catalogues.form_templates import FORM_TEMPLATES
from gatekeeper.models import Card, GateForm, Repository
from gatekeeper.models.repositories import READING
from gatekeeper.rules import hub_fields, questions
from gatekeeper.rules.refusals import Invalid
from gatekeeper.web.finding import find_publisher
from gatekeeper.web.forms.stewarding.policies import NewFormForm, TermsForm
from gatekeeper.web.pages import page, put_refusals, status_of, viewer_of

from .stages import find_worked_on


@page("GET", "POST")
def new_form(request: HttpRequest, name: str) -> HttpResponse:
    """Begin a gate form, from a card or from a template, as a draft."""
    publisher = find_publisher(request, name)
    repositories = list(Repository.objects.linked().filter(publisher=publisher).order_by("name")[:100])
    form = NewFormForm(repositories, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        asked = _questions_from(publisher, form.cleaned_data["source"])
        if asked:
            made = policies.draft_form(
                publisher, by=viewer_of(request), title=form.cleaned_data["title"], questions_asked=asked
            )
            return redirect("web:gate_form", pk=made.pk)
        form.add_error("source", _("There is no form on that card. Choose another card, or a template."))
    return render(request, "stewarding/new_form.html", {"publisher": publisher, "form": form}, status=status_of(form))


def _questions_from(publisher: Publisher, source: str) -> list[dict[str, Any]]:
    kind, _colon, key = source.partition(":")
    if kind == "template":
        return list(FORM_TEMPLATES[key]["questions"])
    card = Card.objects.filter(repository=int(key), repository__publisher=publisher).order_by("-read_at", "-pk").first()
    return hub_fields.from_hub(dict(card.gate.get("fields") or ())).questions if card else []


@page("GET", "POST", back="web:gate_form")
def gate_form(request: HttpRequest, pk: int) -> HttpResponse:
    """A gate form: what it asks, why, and for how long answers are kept. Sent, it is published."""
    publishers = viewer_of(request).publishers_with(*READING)
    found = get_object_or_404(GateForm.objects.select_related("publisher"), pk=pk, publisher__in=publishers)
    if request.method == "POST":
        policies.publish_form(found, by=viewer_of(request))
        messages.success(request, _("The form is published, and does not change any more."))
        return redirect("web:publisher", name=found.publisher.name)
    context = {"form": found, "lacking": questions.unpublishable(found.document)}
    return render(request, "stewarding/gate_form.html", context)


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
