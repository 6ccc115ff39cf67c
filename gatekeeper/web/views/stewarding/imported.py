"""People who were brought in with their terms unproven: honoured, asked to accept by a day, or not carried over."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from gatekeeper.actions import terms
from gatekeeper.models import Grant, Stage
from gatekeeper.models.grants import GrantQuerySet
from gatekeeper.models.paging import COUNT_LIMIT, count_up_to
from gatekeeper.web.buttons import buttons_for
from gatekeeper.web.finding import find_grant, paged
from gatekeeper.web.forms.stewarding.imports import AskForTermsForm
from gatekeeper.web.pages import page, status_of, viewer_of

from .stages import find_worked_on


def _imported(request: HttpRequest, stage: Stage) -> GrantQuerySet:
    return Grant.objects.visible_to(viewer_of(request)).imported_unproven().filter(stage=stage).select_related("person")


@page("GET", "POST", back="web:imported")
def imported(request: HttpRequest, pk: int) -> HttpResponse:
    """Who they are, and the choice: a day by which they accept the licence, or none."""
    stage = find_worked_on(request, pk)
    found = _imported(request, stage)
    form = AskForTermsForm(
        request.POST if request.method == "POST" else None,
        initial={"seen": found.digest(), "days": stage.imported_terms_days},
    )
    if request.method == "POST" and form.is_valid():
        days = form.cleaned_data["days"]
        terms.ask_for_terms(stage, by=viewer_of(request), days=days, seen=form.cleaned_data["seen"])
        said = _("They are asked to accept the licence.") if days else _("They are honoured without a day.")
        messages.success(request, said)
        return redirect("web:imported", pk=pk)
    context = {
        "stage": stage,
        "form": form,
        "buttons": buttons_for(stage, viewer_of(request)),
        "page": paged(request, found, order="id"),
        "count": count_up_to(found),
        "limit": COUNT_LIMIT,
    }
    return render(request, "stewarding/imported.html", context, status=status_of(form))


@page("GET", "POST", back="web:imported")
def reset_imported(request: HttpRequest, pk: int) -> HttpResponse:
    """End the access of all of them, after a look at how many and who."""
    stage = find_worked_on(request, pk)
    if request.method == "POST":
        terms.reset_imported(stage, by=viewer_of(request), seen=request.POST.get("seen", ""))
        messages.success(request, _("Their access has ended here. The Hub is being told, a hundred at a time."))
        return redirect("web:stage_grants", pk=pk)
    found = _imported(request, stage)
    context = {
        "stage": stage,
        "buttons": buttons_for(stage, viewer_of(request)),
        "page": paged(request, found, order="id"),
        "count": count_up_to(found),
        "limit": COUNT_LIMIT,
        "seen": found.digest(),
    }
    return render(request, "stewarding/reset_imported.html", context)


@page("GET", "POST", back="web:reset")
def reset(request: HttpRequest, pk: int) -> HttpResponse:
    """End the access of one who was brought in."""
    grant = find_grant(request, pk)
    if request.method == "POST":
        terms.reset(grant, by=viewer_of(request))
        messages.success(request, _("The access has ended here. The Hub is being told."))
        return redirect("web:stage_grants", pk=grant.stage_id)
    buttons = buttons_for(grant, viewer_of(request))
    if "reset" not in buttons:
        return redirect("web:stage_grants", pk=grant.stage_id)
    return render(request, "stewarding/reset.html", {"grant": grant, "buttons": buttons})
