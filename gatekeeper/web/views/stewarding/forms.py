"""Writing gate forms: drafts with a preview beside them, published versions, and what differs between two."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Publisher
from gatekeeper.actions import gate_forms, policies
from gatekeeper.actions.releases import STEWARDS
from gatekeeper.catalogues.form_templates import FORM_TEMPLATES
from gatekeeper.models import Card, GateForm, Repository
from gatekeeper.models.repositories import READING
from gatekeeper.models.roles import roles_at
from gatekeeper.rules import hub_fields
from gatekeeper.rules.form_editing import moved, put, without
from gatekeeper.rules.gate_forms import proposed, to_review, unpublishable
from gatekeeper.rules.questions import Kind
from gatekeeper.rules.refusals import Invalid
from gatekeeper.web.answering import sections
from gatekeeper.web.finding import find_publisher, paged
from gatekeeper.web.forms.applying.answers import AnswerForm
from gatekeeper.web.forms.stewarding.gate_forms import NewFormForm, NewQuestionForm, QuestionForm
from gatekeeper.web.pages import page, put_refusals, status_of, viewer_of


def find_form(request: HttpRequest, pk: int) -> GateForm:
    """Return a form of a publisher that the viewer works for."""
    publishers = viewer_of(request).publishers_with(*READING)
    found = GateForm.objects.select_related("publisher", "supersedes")
    return get_object_or_404(found, pk=pk, publisher__in=publishers)


@page()
def listed(request: HttpRequest, name: str) -> HttpResponse:
    """Every form of a publisher in every version, newest first, with where each is used."""
    publisher = find_publisher(request, name)
    found = paged(request, GateForm.objects.filter(publisher=publisher).with_uses(), order="-id")
    return render(request, "stewarding/gate_forms.html", {"publisher": publisher, "page": found})


@page("GET", "POST")
def new_form(request: HttpRequest, name: str) -> HttpResponse:
    """Begin a gate form, from a template, a card, another form or nothing, as a draft."""
    publisher = find_publisher(request, name)
    repositories = list(Repository.objects.linked().filter(publisher=publisher).order_by("name")[:100])
    existing = list(GateForm.objects.published().filter(publisher=publisher).defer("document").order_by("-pk")[:50])
    form = NewFormForm(repositories, existing, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        kind, _colon, key = form.cleaned_data["source"].partition(":")
        asked = _questions_from(publisher, kind, key)
        if asked or kind == "empty":
            made = policies.draft_form(
                publisher, by=viewer_of(request), title=form.cleaned_data["title"], questions_asked=asked
            )
            return redirect("web:gate_form", pk=made.pk)
        form.add_error("source", _("There is no form on that card. Choose another card, or a template."))
    return render(request, "stewarding/new_form.html", {"publisher": publisher, "form": form}, status=status_of(form))


def _questions_from(publisher: Publisher, kind: str, key: str) -> list[dict[str, Any]]:
    if kind == "template":
        return list(FORM_TEMPLATES[key]["questions"])
    if kind == "form":
        return GateForm.objects.get(pk=key, publisher=publisher).questions
    if kind == "empty":
        return []
    card = Card.objects.filter(repository=int(key), repository__publisher=publisher).order_by("-read_at", "-pk").first()
    return hub_fields.from_hub(dict(card.gate.get("fields") or ())).questions if card else []


@page()
def gate_form(request: HttpRequest, pk: int) -> HttpResponse:
    """A gate form: a draft to work on, or a published version with where it is used."""
    found = find_form(request, pk)
    lacking = {} if found.is_published else {**to_review(found.document), **unpublishable(found.document)}
    next_draft = GateForm.objects.drafts().filter(supersedes=found).first() if found.is_published else None
    preview = AnswerForm(found.questions, answers={})
    context = {
        "form": found,
        "left": [(each, lacking[each["key"]]) for each in found.questions if each["key"] in lacking],
        "writes": bool(roles_at(viewer_of(request), found.publisher_id) & STEWARDS),
        "adding": NewQuestionForm(),
        "preview": sections(found.questions, preview),
        "used_at": found.used_at()[:50],
        "next_draft": next_draft,
        "superseded": found.is_published and found.is_superseded,
    }
    return render(request, "stewarding/gate_form.html", context)


@page("GET", "POST", back="web:gate_form")
def add_question(request: HttpRequest, pk: int) -> HttpResponse:
    """A new question of a kind, with what is proposed for it."""
    return _question_page(request, pk, "")


@page("GET", "POST", back="web:question")
def question(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """One question of a draft, to change it."""
    return _question_page(request, pk, key)


def _question_page(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    found = find_form(request, pk)
    if found.is_published:
        return redirect("web:gate_form", pk=pk)
    asked, earlier = _question(request, found, key)
    form = QuestionForm(asked, earlier, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = form.made({each["key"] for each in found.questions})
        try:
            _change(request, found, put(found.questions, made))
            return redirect("web:gate_form", pk=pk)
        except Invalid as refused:
            put_refusals(form, refused)
    context = {"gate_form": found, "form": form, "new": not key, "kind": asked["kind"], "groups": form.groups()}
    return render(request, "stewarding/question.html", context, status=status_of(form))


def _question(request: HttpRequest, found: GateForm, key: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the question that is worked on, and those before it. A kind or a key that is not there is 404."""
    questions = found.questions
    if not key:
        kind = request.GET.get("kind", "")
        if kind not in set(Kind):
            raise Http404
        return {"kind": kind, **proposed(Kind(kind))}, questions
    place = next((place for place, each in enumerate(questions) if each["key"] == key), None)
    if place is None:
        raise Http404
    return questions[place], questions[:place]


def _change(request: HttpRequest, found: GateForm, questions: list[dict[str, Any]], title: str | None = None) -> None:
    gate_forms.change_draft(
        found, by=viewer_of(request), questions_asked=questions, title=title, seen=request.POST.get("seen", "")
    )


@page("POST", back="web:question")
def move_question(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Move a question one place up or down."""
    found = find_form(request, pk)
    _question(request, found, key)
    _change(request, found, moved(found.questions, key, 1 if request.POST.get("way") == "down" else -1))
    return redirect(f"{reverse('web:gate_form', args=[pk])}#question-of-{key}")


@page("GET", "POST", back="web:question")
def remove_question(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Take a question out of a draft."""
    found = find_form(request, pk)
    asked, _earlier = _question(request, found, key)
    if request.method == "POST":
        _change(request, found, without(found.questions, key))
        return redirect("web:gate_form", pk=pk)
    return render(request, "stewarding/remove_question.html", {"form": found, "question": asked})


@page("POST", back="web:gate_form")
def rename_form(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a draft another title."""
    found = find_form(request, pk)
    title = " ".join(request.POST.get("title", "").split())[:200]
    _change(request, found, found.questions, title or found.title)
    return redirect("web:gate_form", pk=pk)


@page("GET", "POST", back="web:gate_form")
def publish_form(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish a draft, after a look at what that means and at what is left to review."""
    found = find_form(request, pk)
    if request.method == "POST":
        seen, confirmed = request.POST.get("seen", ""), bool(request.POST.get("confirmed"))
        policies.publish_form(found, by=viewer_of(request), confirmed=confirmed, seen=seen)
        messages.success(request, _("The form is published, and does not change any more."))
        return redirect("web:gate_form", pk=pk)
    if found.is_published:
        return redirect("web:gate_form", pk=pk)
    left = to_review(found.document)
    context = {
        "form": found,
        "lacking": unpublishable(found.document),
        "left": [each for each in found.questions if each["key"] in left],
        "differences": found.differences(),
    }
    return render(request, "stewarding/publish_form.html", context)


@page("POST", back="web:gate_form")
def next_form(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the next version of a form, or go to its draft."""
    draft = gate_forms.draft_next(find_form(request, pk), by=viewer_of(request))
    return redirect("web:gate_form", pk=draft.pk)


@page("GET", "POST", back="web:gate_form")
def discard_form(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a draft away."""
    found = find_form(request, pk)
    if request.method == "POST":
        gate_forms.discard_draft(found, by=viewer_of(request), seen=request.POST.get("seen", ""))
        messages.success(request, _("The draft is thrown away."))
        return redirect("web:gate_forms", name=found.publisher.name)
    if found.is_published:
        return redirect("web:gate_form", pk=pk)
    return render(request, "stewarding/discard_form.html", {"form": found})


@page()
def compare_forms(request: HttpRequest, pk: int) -> HttpResponse:
    """What differs between a version and the one before it."""
    found = find_form(request, pk)
    if found.supersedes is None:
        return redirect("web:gate_form", pk=pk)
    context = {"form": found, "before": found.supersedes, "differences": found.differences()}
    return render(request, "stewarding/compare_forms.html", context)
