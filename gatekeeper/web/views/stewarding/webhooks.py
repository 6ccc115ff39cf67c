"""The webhook of a publisher: where it stands, switching it on and off, giving it another secret."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from gatekeeper.actions import hub_hooks
from gatekeeper.models import HubHook
from gatekeeper.models.repositories import STEWARDING
from gatekeeper.web.announcing import can_be_switched_on, standing_of
from gatekeeper.web.finding import find_publisher
from gatekeeper.web.pages import page, viewer_of
from gatekeeper.web.words import sentence


@page()
def webhook(request: HttpRequest, name: str) -> HttpResponse:
    """Whether the Hub announces changes to this publisher's repositories, and what was heard of it."""
    publisher = find_publisher(request, name)
    hook = HubHook.objects.filter(publisher=publisher).select_related("token").first()
    missing = hub_hooks.what_is_missing(publisher)
    context = {
        "publisher": publisher,
        "hook": hook,
        "address": settings.PUBLIC_URL + hook.path if hook is not None else "",
        "standing": standing_of(hook),
        "can_be_switched_on": can_be_switched_on(hook),
        "missing": sentence(missing) if missing is not None else "",
        "stewards": publisher.pk in viewer_of(request).publishers_with(*STEWARDING),
    }
    return render(request, "stewarding/webhook.html", context)


@page("POST", back="web:webhook")
def switch_on(request: HttpRequest, name: str) -> HttpResponse:
    """Have a webhook registered, or switched on again."""
    hub_hooks.switch_on(find_publisher(request, name), by=viewer_of(request))
    messages.success(request, _("The Hub is asked to call us; this takes a few seconds."))
    return redirect("web:webhook", name=name)


@page("POST", back="web:webhook")
def switch_off(request: HttpRequest, name: str) -> HttpResponse:
    """Have a webhook deleted."""
    hub_hooks.switch_off(_hook(request, name), by=viewer_of(request))
    messages.success(request, _("The webhook is switched off. Changes are found by asking the Hub."))
    return redirect("web:webhook", name=name)


@page("POST", back="web:webhook")
def rotate_secret(request: HttpRequest, name: str) -> HttpResponse:
    """Have the Hub take another secret."""
    hub_hooks.rotate_secret(_hook(request, name), by=viewer_of(request))
    messages.success(request, _("A new secret is made and told to the Hub. Nobody has to copy it."))
    return redirect("web:webhook", name=name)


def _hook(request: HttpRequest, name: str) -> HubHook:
    return get_object_or_404(HubHook, publisher=find_publisher(request, name))
