"""The drift inbox: what the Hub says that nobody here decided, and what is done about it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gatekeeper.actions import drifts
from gatekeeper.models import AccessRequest, Drift, Repository
from gatekeeper.models.drift import DriftQuerySet
from gatekeeper.models.paging import COUNT_LIMIT, count_up_to
from gatekeeper.models.repositories import READING
from gatekeeper.rules.drift import DriftKind, Severity
from gatekeeper.rules.refusals import Invalid
from gatekeeper.rules.statuses import Role
from gatekeeper.web.buttons import buttons_for
from gatekeeper.web.finding import find_repository, paged
from gatekeeper.web.forms.stewarding.drifts import AllowForm, RecordForm
from gatekeeper.web.pages import page, put_refusals, status_of, viewer_of

HISTORY = "history"
AT_MOST = 500


def _seen(request: HttpRequest) -> DriftQuerySet:
    viewer = viewer_of(request)
    if not (viewer.is_operator or viewer.publishers_with(*READING)):
        raise Http404
    return Drift.objects.visible_to(viewer).select_related("repository__publisher", "person", "resolved_by")


def _asked(request: HttpRequest) -> tuple[DriftQuerySet, dict[str, Any]]:
    """Return what the address asks for, and how it asked."""
    rows = _seen(request)
    asked: dict[str, Any] = {"view": request.GET.get("view", ""), "kind": request.GET.get("kind", "")}
    if asked["kind"] in set(DriftKind):
        rows = rows.filter(kind=asked["kind"])
    repository = request.GET.get("repository", "")
    if repository:
        found = Repository.objects.visible_to(viewer_of(request)).filter(
            pk=int(repository) if repository.isascii() and repository.isdecimal() and len(repository) < 19 else 0
        )
        asked["repository"] = get_object_or_404(found)
        rows = rows.filter(repository=asked["repository"])
    return rows, asked


@page()
def inbox(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, or with `view=history` what there was; narrowed by kind and repository."""
    rows, asked = _asked(request)
    now = timezone.now()
    listed = paged(request, rows if asked["view"] == HISTORY else rows.unresolved(), order="-id")
    waiting = rows.waiting()
    context = {
        "page": listed,
        "rows": listed.rows,
        "asked": asked,
        "kinds": list(DriftKind),
        "waiting": count_up_to(waiting),
        "critical": count_up_to(waiting.filter(severity=Severity.CRITICAL)),
        "limit": COUNT_LIMIT,
        "hours": int(rows.over_exposure(at=now).total_seconds() // 3600),
        "undoable": count_up_to(waiting.filter(kind=DriftKind.GHOST_ACCESS)) if asked.get("repository") else 0,
    }
    return render(request, "stewarding/drifts.html", context)


def _find(request: HttpRequest, pk: int) -> Drift:
    return get_object_or_404(_seen(request), pk=pk)


@page()
def drift(request: HttpRequest, pk: int) -> HttpResponse:
    """One thing that differs: what, since when, by whom, and the ways out."""
    found = _find(request, pk)
    viewer = viewer_of(request)
    cases = AccessRequest.objects.reviewable_by(viewer).open().filter(stage__repositories=found.repository)
    context = {
        "drift": found,
        "case": cases.filter(person=found.person).first() if found.person else None,
        "buttons": buttons_for(found, viewer),
        "regates": found.kind == DriftKind.MODE_CHANGED,
    }
    return render(request, "stewarding/drift.html", context)


@page("GET", "POST", back="web:drift")
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """Take over what the Hub says."""
    found = _find(request, pk)
    form = RecordForm(found.about.ends_grants, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        form.full_clean()
        try:
            drifts.record(
                found,
                by=viewer_of(request),
                words=form.cleaned_data.get("words", ""),
                codes=form.cleaned_data.get("codes", ()),
            )
            messages.success(request, _("Recorded."))
            return redirect("web:drift", pk=pk)
        except Invalid as refused:
            put_refusals(form, refused)
    return _confirm(request, found, "record", form)


@page("GET", "POST", back="web:drift")
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the Hub say again what was decided here."""
    found = _find(request, pk)
    if request.method == "POST":
        drifts.undo(found, by=viewer_of(request))
        messages.success(request, _("The Hub is being told. It is repaired once that was read back."))
        return redirect("web:drift", pk=pk)
    return _confirm(request, found, "undo", None)


@page("GET", "POST", back="web:drift")
def allow(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave it as it is until a day."""
    found = _find(request, pk)
    form = AllowForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            drifts.allow(found, by=viewer_of(request), until=form.end, words=form.cleaned_data["words"])
            messages.success(request, _("Allowed until that day."))
            return redirect("web:drift", pk=pk)
        except Invalid as refused:
            put_refusals(form, refused)
    return _confirm(request, found, "allow", form)


def _confirm(request: HttpRequest, found: Drift, action: str, form: Any) -> HttpResponse:
    buttons = buttons_for(found, viewer_of(request))
    if action not in buttons:
        return redirect("web:drift", pk=found.pk)
    context = {"drift": found, "action": action, "form": form, "buttons": buttons}
    return render(request, f"stewarding/drift_{action}.html", context, status=status_of(form) if form else 200)


@page("GET", "POST", back="web:undo_ghosts")
def undo_ghosts(request: HttpRequest, pk: int) -> HttpResponse:
    """End all ghost access at a repository at once, after a look at whom that is."""
    repository = find_repository(request, pk)
    viewer = viewer_of(request)
    if not {Role.STEWARD, Role.OWNER} & {Role(role) for role in viewer.roles_at(repository.publisher_id)}:
        raise Http404
    waiting = Drift.objects.visible_to(viewer).waiting().filter(repository=repository, kind=DriftKind.GHOST_ACCESS)
    ghosts = list(waiting.select_related("person", "repository").order_by("pk")[: AT_MOST + 1])
    more, ghosts = len(ghosts) > AT_MOST, ghosts[:AT_MOST]
    if request.method == "POST":
        told = request.POST.get("confirmed", "")
        last = request.POST.get("last", "")
        known = last.isascii() and last.isdecimal() and len(last) < 19
        meant = [found for found in ghosts if known and found.pk <= int(last)]
        drifts.undo_all(meant, by=viewer, confirmed=int(told) if told.isdecimal() and len(told) < 9 else None)
        messages.success(
            request,
            ngettext(
                "The Hub is being told about %(count)s person.",
                "The Hub is being told about %(count)s people.",
                len(meant),
            )
            % {"count": len(meant)},
        )
        return redirect("web:repository", pk=pk)
    context = {"repository": repository, "ghosts": ghosts, "more": more, "last": ghosts[-1].pk if ghosts else 0}
    return render(request, "stewarding/undo_ghosts.html", context)


@page("POST", back="web:repository")
def enforce(request: HttpRequest, pk: int) -> HttpResponse:
    """Have what differs about people undone without asking, or propose it again."""
    repository = find_repository(request, pk)
    on = request.POST.get("on") == "yes"
    drifts.enforce(repository, by=viewer_of(request), on=on)
    messages.success(
        request,
        _("What differs about people is undone without asking from now on.")
        if on
        else _("What differs is shown, and waits for a decision."),
    )
    return redirect("web:repository", pk=pk)
