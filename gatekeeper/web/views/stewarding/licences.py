"""Licences: their versions, a draft that is read before it is published, and what a version changes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from gatekeeper.actions import licences
from gatekeeper.actions.licences import PUBLISHERS
from gatekeeper.hub import adopt
from gatekeeper.models import Licence, LicenceVersion, Repository
from gatekeeper.models.repositories import READING
from gatekeeper.models.roles import roles_at
from gatekeeper.rules.licence_changes import SEEN, Kind
from gatekeeper.rules.refusals import Invalid, Refused
from gatekeeper.web.finding import find_publisher, paged
from gatekeeper.web.forms.stewarding.licences import LicenceForm, ProfileForm, PublishingForm
from gatekeeper.web.licence_words import reasons
from gatekeeper.web.pages import page, put_refusals, status_of, viewer_of
from gatekeeper.web.texts import read
from gatekeeper.web.words import sentence

SHOWN = 300  # clauses of a comparison


def _find(request: HttpRequest, pk: int) -> LicenceVersion:
    """Return a version that the viewer sees."""
    seen = LicenceVersion.objects.visible_to(viewer_of(request)).select_related("licence__publisher")
    return get_object_or_404(seen, pk=pk)


def _find_draft(request: HttpRequest, pk: int) -> LicenceVersion:
    """Return a draft of a publisher that the viewer works for."""
    found = _find(request, pk)
    if found.is_published:
        raise Http404
    return found


@page()
def listed(request: HttpRequest, name: str) -> HttpResponse:
    """The licences of a publisher and all their versions, newest first."""
    publisher = find_publisher(request, name)
    versions = LicenceVersion.objects.filter(licence__publisher=publisher).select_related("licence").defer("text")
    shown = paged(request, versions, order="-id")
    return render(request, "stewarding/licences.html", {"publisher": publisher, "page": shown})


@page("GET", "POST")
def new_licence(request: HttpRequest, name: str) -> HttpResponse:
    """Begin a licence, or the next version of one, with its exact text."""
    publisher = find_publisher(request, name)
    repositories = Repository.objects.linked().filter(publisher=publisher).order_by("name")
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    after = request.GET.get("after", "")
    before = Licence.objects.filter(publisher=publisher, pk=after).first() if _is_number(after) else None
    initial = {"title": before.title, "identifier": before.identifier} if before else {}
    form = LicenceForm(repositories, *sent, initial=initial)
    if request.method == "POST" and form.is_valid():
        repository = form.cleaned_data["repository"]
        try:
            taken: dict[str, Any] = adopt.licence_of(repository) if repository else {"text": form.text_bytes}
            draft = licences.draft_licence_version(
                publisher,
                by=viewer_of(request),
                identifier=form.cleaned_data["identifier"],
                title=form.cleaned_data["title"],
                text=taken["text"],
                language=form.cleaned_data["language"],
                source_repository=repository,
                source_commit=taken.get("commit", ""),
                source_path=taken.get("path", ""),
            )
            return redirect("web:licence_facts", pk=draft.pk)
        except Invalid as refused:
            put_refusals(form, refused)
        except adopt.CannotAsk as failed:
            form.add_error("repository", sentence(failed.refusal))
        except Refused as refused:
            if repository is None:
                raise
            form.add_error("repository", sentence(refused.refusal))
    context = {"publisher": publisher, "form": form}
    return render(request, "stewarding/new_licence.html", context, status=status_of(form))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 18


@page("GET", "POST", back="web:licence_version")
def facts(request: HttpRequest, pk: int) -> HttpResponse:
    """What is said of a draft's text: restrictions, profile, translations."""
    draft = _find_draft(request, pk)
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = ProfileForm(draft, *sent)
    if request.method == "POST" and form.is_valid():
        try:
            licences.draft_licence_version(
                draft.licence.publisher,
                by=viewer_of(request),
                identifier=draft.licence.identifier,
                title=draft.licence.title,
                text=bytes(draft.text),
                restrictions=form.cleaned_data["restrictions"],
                profile=form.profile,
                language=draft.language,
                translations=form.translations(draft),
                source_repository=draft.source_repository,
                source_commit=draft.source_commit,
                source_path=draft.source_path,
            )
            return redirect("web:licence_version", pk=pk)
        except Invalid as refused:
            put_refusals(form, refused, translations="translation", language="translation_language")
    context = {"version": draft, "publisher": draft.licence.publisher, "form": form}
    return render(request, "stewarding/licence_facts.html", context, status=status_of(form))


@page()
def licence_version(request: HttpRequest, pk: int) -> HttpResponse:
    """A licence version: the exact text, its hashes, what it says in plain words; of a draft, how it is published."""
    found = _find(request, pk)
    return render(request, "stewarding/licence.html", _version(request, found))


def _version(request: HttpRequest, found: LicenceVersion, form: PublishingForm | None = None) -> dict[str, object]:
    viewer, publisher = viewer_of(request), found.licence.publisher
    translation = found.shown_in(request.GET.get("text", ""))
    context: dict[str, object] = {
        "version": found,
        "translation": translation,
        **read(found, translation),
        "publisher": publisher if publisher.pk in viewer.publishers_with(*READING) else None,
        "may_publish": bool(roles_at(viewer, publisher.pk) & PUBLISHERS),
    }
    if not found.is_published:
        last = found.before()
        texts, least = found.compared_with(last) if last else (None, None)
        form = form or PublishingForm(least, initial={"seen": found.digest})
        context |= {"last": last, "texts": texts, "reasons": reasons(least) if least else [], "form": form}
    return context


@page("POST", back="web:licence_version")
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish a draft that was read."""
    draft = _find(request, pk)
    seen, given = request.POST.get("seen", ""), request.POST.get("change_class", "")
    version = licences.publish_draft(draft, by=viewer_of(request), seen=seen, change_class=given)
    messages.success(request, _("%(licence)s is published.") % {"licence": version})
    return redirect("web:licence_version", pk=pk)


@page("GET", "POST", back="web:licence_version")
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a draft away, after a look at which."""
    draft = _find_draft(request, pk)
    if request.method == "POST":
        licences.discard_draft(draft, by=viewer_of(request))
        messages.success(request, _("The draft is gone."))
        return redirect("web:publisher", name=draft.licence.publisher.name)
    return render(request, "stewarding/discard_licence.html", {"version": draft})


@page()
def changes(request: HttpRequest, pk: int) -> HttpResponse:
    """What a version changes of the one before, clause by clause."""
    found = _find(request, pk)
    last = found.before()
    if last is None or not LicenceVersion.objects.visible_to(viewer_of(request)).filter(pk=last.pk).exists():
        raise Http404
    texts, least = found.compared_with(last)
    changed = texts.of(*SEEN)
    context = {
        "version": found,
        "last": last,
        "least": least,
        "reasons": reasons(least),
        "changed": changed[:SHOWN],
        "more": len(changed) - SHOWN,
        "unchanged": len(texts.of(Kind.SAME)),
        "whole": texts.whole,
        "publisher": found.licence.publisher,
    }
    return render(request, "stewarding/licence_changes.html", context)
