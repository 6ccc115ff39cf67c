"""Re-acceptance campaigns: whom one would ask, from when, how far it has come, and how it is halted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gatekeeper.actions import campaigns
from gatekeeper.models import Campaign, Event, LicenceVersion
from gatekeeper.models.campaign_tallies import Preview, tally_of
from gatekeeper.models.campaigns import CampaignQuerySet
from gatekeeper.models.repositories import READING
from gatekeeper.rules.refusals import Invalid
from gatekeeper.web.buttons import buttons_for
from gatekeeper.web.finding import paged
from gatekeeper.web.forms.stewarding.campaigns import PrepareForm, ScheduleForm
from gatekeeper.web.pages import View, page, put_refusals, status_of, viewer_of

SHOWN = 100


def _seen(request: HttpRequest) -> CampaignQuerySet:
    viewer = viewer_of(request)
    if not viewer.publishers_with(*READING):
        raise Http404
    with_version = Campaign.objects.visible_to(viewer).select_related("licence_version__licence", "publisher")
    return with_version.defer("licence_version__text")


def _find(request: HttpRequest, pk: int) -> Campaign:
    return get_object_or_404(_seen(request), pk=pk)


@page()
def listed(request: HttpRequest) -> HttpResponse:
    """The campaigns that the viewer sees, newest first."""
    return render(request, "stewarding/campaigns.html", {"page": paged(request, _seen(request), order="-id")})


@page("GET", "POST", back="web:licence_version")
def prepare(request: HttpRequest, pk: int) -> HttpResponse:
    """Prepare a campaign for a published version."""
    publishers = viewer_of(request).publishers_with(*READING)
    published = LicenceVersion.objects.published().filter(licence__publisher__in=publishers)
    version = get_object_or_404(published.select_related("licence__publisher"), pk=pk)
    form = PrepareForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = campaigns.prepare(version, by=viewer_of(request), grace_days=form.cleaned_data["grace_days"])
        return redirect("web:campaign", pk=made.pk)
    asks = Campaign(licence_version=version).asks
    context = {"version": version, "form": form, "asks": asks}
    return render(request, "stewarding/prepare_campaign.html", context, status=status_of(form))


@page()
def campaign(request: HttpRequest, pk: int) -> HttpResponse:
    """One campaign: whom it would ask, or how far it has come, and what may be decided now."""
    return _page(request, _find(request, pk))


def _page(request: HttpRequest, found: Campaign, form: ScheduleForm | None = None) -> HttpResponse:
    begun = found.counts_from is not None
    preview = Preview(found)
    buttons = buttons_for(found, viewer_of(request))
    context = {
        "campaign": found,
        "buttons": buttons,
        "begun": begun,
        "preview": None if begun else preview,
        "tally": tally_of(found) if begun else None,
        "moving": Campaign.objects.running().filter(pk=found.pk).exists(),
        "form": form or (ScheduleForm(initial={"confirmed": preview.people}) if "schedule" in buttons else None),
        "history": Event.objects.about("campaign", found.pk).select_related("actor")[:SHOWN],
    }
    return render(request, "stewarding/campaign.html", context, status=status_of(form) if form else 200)


@page("POST", back="web:campaign")
def schedule(request: HttpRequest, pk: int) -> HttpResponse:
    """Schedule a campaign, with the number of people that the preview said."""
    found, form = _find(request, pk), ScheduleForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    try:
        campaigns.schedule(found, by=viewer_of(request), **form.cleaned_data)
    except Invalid as refused:
        put_refusals(form, refused)
        return _page(request, found, form)
    messages.success(request, _("Scheduled. This page says how far it has come."))
    return redirect("web:campaign", pk=pk)


def _taken(verb: Callable[..., Campaign], said: Any) -> View:
    """Return the view of an action that is taken at once."""

    @page("POST", back="web:campaign")
    def taken(request: HttpRequest, pk: int) -> HttpResponse:
        verb(_find(request, pk), by=viewer_of(request))
        messages.success(request, str(said))
        return redirect("web:campaign", pk=pk)

    return taken


halt = _taken(campaigns.halt, gettext_lazy("Halted. Nobody’s access lapses by it until it goes on."))
resume = _taken(campaigns.resume, gettext_lazy("It goes on. Whoever was asked has as many days left as before."))
call_off = _taken(campaigns.call_off, gettext_lazy("Called off. Nobody is waited for any more."))
