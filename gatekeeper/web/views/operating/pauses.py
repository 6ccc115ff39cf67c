"""Pausing the sync, of one repository or of everything, and letting it go on, each with a look at what that means."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from gatekeeper import alarms
from gatekeeper.actions import sync
from gatekeeper.models import Repository, SyncPause
from gatekeeper.models.sync import may_hold
from gatekeeper.models.sync_counts import counts_for, counts_of
from gatekeeper.models.sync_diff import Change, Diff, diff_of, what_waits
from gatekeeper.rules.refusals import Invalid
from gatekeeper.web.finding import find_repository
from gatekeeper.web.forms.operating.pauses import PauseForm
from gatekeeper.web.pages import page, put_refusals, status_of, viewer_of
from gatekeeper.web.troubles import removals_held

SHOWN = 25


@page("GET", "POST", back="web:pause_repository")
def pause_repository(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell the Hub nothing more about one repository."""
    return _pause(request, find_repository(request, pk))


@page("GET", "POST", back="web:pause_sync")
def pause_sync(request: HttpRequest) -> HttpResponse:
    """Tell the Hub nothing more about any repository."""
    if not may_hold(viewer_of(request), None):
        raise Http404
    return _pause(request, None)


@page("GET", "POST", back="web:resume_repository")
def resume_repository(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the sync of one repository go on."""
    return _resume(request, find_repository(request, pk))


@page("GET", "POST", back="web:resume_sync")
def resume_sync(request: HttpRequest) -> HttpResponse:
    """Let the sync go on, everywhere but where a repository is paused by itself."""
    if not may_hold(viewer_of(request), None):
        raise Http404
    return _resume(request, None)


def _pause(request: HttpRequest, repository: Repository | None) -> HttpResponse:
    form = PauseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            sync.pause(repository, by=viewer_of(request), words=form.cleaned_data["words"])
            alarms.forget()
            messages.success(request, _("Paused. Nothing is told to the Hub until it goes on; reading goes on."))
            return redirect("web:sync")
        except Invalid as refused:
            put_refusals(form, refused)
    counts = counts_for(viewer_of(request)) if repository is None else counts_of([repository])[repository.pk]
    context = {"repository": repository, "form": form, "counts": counts, "removals": removals_held(counts.removals)}
    return render(request, "operating/pause.html", context, status=status_of(form))


def _resume(request: HttpRequest, repository: Repository | None) -> HttpResponse:
    if request.method == "POST":
        sync.resume(repository, by=viewer_of(request), confirm=request.POST.get("confirm", ""))
        alarms.forget()
        messages.success(request, _("The sync goes on. The Hub is being told what waited."))
        return redirect("web:sync")
    held = list(SyncPause.objects.open().of(repository).select_related("paused_by", "repository").order_by("pk"))
    restored = next((one for one in held if one.after_restore), None)
    diff = what_waits(restored, most=SHOWN) if restored else diff_of(repository, most=SHOWN)
    context = {
        "repository": repository,
        "held": held,
        "restored": restored,
        "diff": diff,
        "sections": list(_sections(diff)),
        "may_confirm": may_hold(viewer_of(request), None if restored else repository),
        "here": reverse("web:resume_repository", args=[repository.pk]) if repository else reverse("web:resume_sync"),
        "shown": SHOWN,
    }
    return render(request, "operating/resume.html", context)


def _sections(diff: Diff) -> Any:
    """Yield title, number and first people of each change that there is."""
    said = (
        (Change.REMOVED, _("Lose access on the Hub"), diff.removed),
        (Change.ACCEPTED, _("Are accepted on the Hub"), diff.accepted),
        (Change.CLOSED, _("Have a request closed that gives no access"), diff.closed),
    )
    for change, title, number in said:
        if number:
            yield {"key": str(change), "title": title, "number": number, "people": diff.people.get(change, [])}
