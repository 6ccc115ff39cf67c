"""A publisher's Hub tokens: how each stands, for which repository it speaks, and changing that without a pause."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import HubToken, Publisher
from gatekeeper.actions import hub_tokens
from gatekeeper.actions.releases import STEWARDS
from gatekeeper.models import HubCapability, Repository
from gatekeeper.models.hub_tokens import tokens_visible_to
from gatekeeper.models.roles import roles_at
from gatekeeper.web.finding import find_publisher
from gatekeeper.web.pages import page, viewer_of
from gatekeeper.web.token_words import kept_at


@page()
def tokens(request: HttpRequest, name: str) -> HttpResponse:
    """Every token that a publisher has, and which repository goes with which."""
    viewer, publisher = viewer_of(request), _publisher(request, name)
    kept, places = kept_at(publisher, at=timezone.now())
    roles = roles_at(viewer, publisher.pk)
    context = {
        "publisher": publisher,
        "kept": kept,
        "places": places,
        "checking": any(one.checking for one in kept),
        "owners": bool(roles & hub_tokens.OWNERS),
        "checks": viewer.is_operator or bool(roles & STEWARDS),
        "works_there": publisher.pk in viewer.publishers_with(),
        "endpoint": settings.HUB_ENDPOINT,
        "capabilities": HubCapability.objects.visible_to(viewer).at(settings.HUB_ENDPOINT).order_by("name"),
    }
    return render(request, "stewarding/tokens.html", context)


@page("POST")
def check_token(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """Have a token checked now."""
    hub_tokens.check_token(_token(request, name, pk), by=viewer_of(request))
    messages.success(request, _("The token is checked now; this takes a few seconds."))
    return redirect("web:tokens", name=name)


@page("POST", back="web:tokens")
def use_tokens(request: HttpRequest, name: str) -> HttpResponse:
    """Let a token speak for one repository (`repository`), or for all that it reaches."""
    sent = request.POST
    token = _token(request, name, _number(sent.get("token")))
    only = None
    if sent.get("repository"):
        seen = Repository.objects.visible_to(viewer_of(request)).linked()
        only = [get_object_or_404(seen, publisher=token.publisher_id, pk=_number(sent["repository"]))]
    taken = hub_tokens.use_token(token, by=viewer_of(request), repositories=only)
    said = ngettext(
        "The token %(fingerprint)s speaks for %(number)s repository more.",
        "The token %(fingerprint)s speaks for %(number)s repositories more.",
        len(taken),
    )
    messages.success(request, said % {"fingerprint": token.fingerprint, "number": len(taken)})
    return redirect("web:tokens", name=name)


@page("GET", "POST")
def retire_token(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """Delete a token here, after a look at what that means."""
    token = _token(request, name, pk)
    if request.method == "POST":
        hub_tokens.retire_token(token, by=viewer_of(request))
        messages.success(request, _("The token is deleted here. Delete it on the Hub too."))
        return redirect("web:tokens", name=name)
    context: dict[str, Any] = {"publisher": token.publisher, "token": token}
    return render(request, "stewarding/retire_token.html", context)


def _publisher(request: HttpRequest, name: str) -> Publisher:
    """Return a publisher that the viewer works for; an operator looks after the tokens of all."""
    if viewer_of(request).is_operator:
        return get_object_or_404(Publisher, name__iexact=name)
    return find_publisher(request, name)


def _token(request: HttpRequest, name: str, pk: int) -> HubToken:
    seen = tokens_visible_to(viewer_of(request)).select_related("publisher")
    return get_object_or_404(seen, publisher__name__iexact=name, pk=pk)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
