"""Emergency stops and safe re-gates: the list, one with its progress, what is decided about it, and its proof."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gatekeeper.actions import procedures
from gatekeeper.models import Event, Procedure
from gatekeeper.models.procedures import ProcedureQuerySet
from gatekeeper.models.repositories import READING
from gatekeeper.models.tallies import covered, undecided, what_would_return, would_keep
from gatekeeper.progress import progress_of, proof_of
from gatekeeper.web.buttons import buttons_for
from gatekeeper.web.finding import paged
from gatekeeper.web.pages import View, page, viewer_of

SHOWN = 100
FIRST = ("start", "ratify", "confirm", "resume")
WITH = ("publisher", "stage__release", "release", "repository", "prepared_by", "started_by", "ratified_by", "asked_by",
        "confirmed_by")  # fmt: skip


def _seen(request: HttpRequest) -> ProcedureQuerySet:
    viewer = viewer_of(request)
    if not (viewer.is_operator or viewer.publishers_with(*READING)):
        raise Http404
    return Procedure.objects.visible_to(viewer).select_related(*WITH)


def _find(request: HttpRequest, pk: int) -> Procedure:
    return get_object_or_404(_seen(request), pk=pk)


@page()
def listed(request: HttpRequest) -> HttpResponse:
    """The procedures that the viewer sees, newest first."""
    shown = paged(request, _seen(request), order="-id")
    return render(request, "operating/procedures.html", {"page": shown, "rows": shown.rows})


@page()
def procedure(request: HttpRequest, pk: int) -> HttpResponse:
    """One procedure: what it would do or does, how far it has come, who decided what, and what may be decided now."""
    found = _find(request, pk)
    progress, buttons = progress_of(found), buttons_for(found, viewer_of(request))
    prepared = found.started_at is None and Procedure.objects.unfinished().filter(pk=pk).exists()
    context = {
        "procedure": found,
        "progress": progress,
        "moving": Procedure.objects.running().filter(pk=pk).exists(),
        "going_on": Procedure.objects.going_on().filter(pk=pk).exists(),
        "prepared": prepared,
        "buttons": buttons,
        "primary": next((each.action for each in buttons.values() if each.allowed and each.action in FIRST), ""),
        "stages": list(_stages(found)[: SHOWN + 1]) if found.is_stop else [],
        "keep": would_keep(found) if found.is_stop and prepared else 0,
        "repository": found.repository,
        "history": Event.objects.about("procedure", found.pk).select_related("actor")[:SHOWN],
    }
    return render(request, "operating/procedure.html", context)


def _stages(found: Procedure) -> Any:
    return covered(found).distinct().select_related("release").order_by("release__title", "ordinal")


@page()
def proof(request: HttpRequest, pk: int) -> HttpResponse:
    """The proof of a procedure as a file."""
    answer = JsonResponse(proof_of(_find(request, pk)), json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="procedure-{pk}.json"'
    return answer


def _taken(verb: Callable[..., Procedure], said: Any) -> View:
    """Return the view of an action that is taken at once."""

    @page("POST", back="web:procedure")
    def taken(request: HttpRequest, pk: int) -> HttpResponse:
        verb(_find(request, pk), by=viewer_of(request))
        messages.success(request, str(said))
        return redirect("web:procedure", pk=pk)

    return taken


start = _taken(procedures.start, gettext_lazy("Started. This page says how far it has come."))
call_off = _taken(procedures.call_off, gettext_lazy("Called off."))
ratify = _taken(procedures.ratify, gettext_lazy("Ratified: two people stand behind it."))
keep = _taken(procedures.keep, gettext_lazy("The stop stays in force."))
resume = _taken(procedures.resume, gettext_lazy("It goes on."))


@page("GET", "POST", back="web:procedure")
def ask_to_lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask that a stop be lifted, after a look at what that gives back."""
    found = _find(request, pk)
    if request.method == "POST":
        procedures.ask_to_lift(found, by=viewer_of(request))
        messages.success(request, _("Asked. A second person has to confirm it; until then the stop holds on."))
        return redirect("web:procedure", pk=pk)
    return _look(request, found, "ask_to_lift", "operating/lift.html", counts=what_would_return(found))


@page("GET", "POST", back="web:confirm_procedure")
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm that a stop is lifted, or whose access a re-gate ends, after a look at whom that is."""
    found = _find(request, pk)
    if request.method == "POST":
        told = request.POST.get("confirmed", "")
        number = int(told) if told.isascii() and told.isdecimal() and len(told) < 10 else None
        procedures.confirm(found, by=viewer_of(request), confirmed=number)
        messages.success(request, _("Confirmed. The Hub is being told."))
        return redirect("web:procedure", pk=pk)
    if found.is_stop:
        return _look(request, found, "confirm", "operating/lift.html", counts=what_would_return(found))
    ghosts = undecided(found)
    first = ghosts.select_related("person", "repository").order_by("-since", "-pk")[:SHOWN]
    return _look(
        request, found, "confirm", "operating/close_ghosts.html", ghosts=list(first), number=ghosts.count(), shown=SHOWN
    )


@page("GET", "POST", back="web:procedure")
def halt(request: HttpRequest, pk: int) -> HttpResponse:
    """Halt a re-gate, after a look at what it leaves behind."""
    found = _find(request, pk)
    if request.method == "POST":
        procedures.halt(found, by=viewer_of(request))
        messages.success(request, _("Halted. The repository stays as it is."))
        return redirect("web:procedure", pk=pk)
    return _look(request, found, "halt", "operating/halt.html")


def _look(request: HttpRequest, found: Procedure, action: str, template: str, **more: Any) -> HttpResponse:
    buttons = buttons_for(found, viewer_of(request))
    if action not in buttons:
        return redirect("web:procedure", pk=found.pk)
    return render(request, template, {"procedure": found, "action": action, "buttons": buttons, **more})
