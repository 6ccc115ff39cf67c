"""The publishers that somebody stewards: what each has, and its people."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts.models import HubPerson, HubToken, Membership
from gatekeeper.actions import people
from gatekeeper.actions.people import OWNERS
from gatekeeper.actions.releases import require
from gatekeeper.models import GateForm, HubHook, LicenceVersion, Repository, Stage
from gatekeeper.models.erasure import READERS
from gatekeeper.models.repositories import STEWARDING
from gatekeeper.models.roles import roles_at
from gatekeeper.web import token_words
from gatekeeper.web.announcing import wants_attention
from gatekeeper.web.finding import find_publisher, staffed
from gatekeeper.web.forms.stewarding.people import AppointForm
from gatekeeper.web.pages import page, status_of, viewer_of


@page()
def publishers(request: HttpRequest) -> HttpResponse:
    """The publishers that I steward."""
    found = staffed(request, *STEWARDING).prefetch_related("releases", "repositories").order_by("name")
    return render(request, "stewarding/publishers.html", {"publishers": found})


@page()
def publisher(request: HttpRequest, name: str) -> HttpResponse:
    """One publisher: its releases, repositories, forms and licences."""
    found = find_publisher(request, name)
    licences = LicenceVersion.objects.filter(licence__publisher=found)
    stages = Prefetch("stages", Stage.objects.order_by("ordinal"))
    context = {
        "publisher": found,
        "releases": found.releases.prefetch_related(stages).order_by("-created_at")[:100],
        "repositories": Repository.objects.linked().filter(publisher=found).order_by("name")[:100],
        "forms": GateForm.objects.filter(publisher=found).order_by("-pk")[:50],
        "licences": licences.select_related("licence").defer("text").order_by("-pk")[:50],
        "answers": found.pk in viewer_of(request).publishers_with(*READERS),
        "token": HubToken.objects.current_for(found),
        "tokens_in_trouble": token_words.wants_attention(found),
        "webhook_stopped": wants_attention(HubHook.objects.filter(publisher=found).first()),
    }
    return render(request, "stewarding/publisher.html", context)


@page("GET", "POST")
def members(request: HttpRequest, name: str) -> HttpResponse:
    """Who does what at a publisher; an owner appoints, by the name on the Hub of somebody who has signed in here."""
    found = find_publisher(request, name)
    if request.method == "POST":
        require(viewer_of(request), found.pk, OWNERS)  # before it is told who has an account here
    form = AppointForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        person = form.cleaned_data["person"]
        people.appoint(found, by=viewer_of(request), user=person.user, role=form.cleaned_data["role"])
        messages.success(request, _("%(name)s is appointed.") % {"name": person})
        return redirect("web:members", name=found.name)
    held = Membership.objects.filter(publisher=found).select_related("user").order_by("user__username", "role")
    hub_names = dict(HubPerson.objects.filter(user__memberships__publisher=found).values_list("user", "username"))
    context = {
        "publisher": found,
        "memberships": [(membership, hub_names.get(membership.user_id, "")) for membership in held],
        "form": form,
        "appoints": bool(roles_at(viewer_of(request), found.pk) & OWNERS),
    }
    return render(request, "stewarding/members.html", context, status=status_of(form))


@page("GET", "POST", back="web:dismiss")
def dismiss(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """Take a role away, after a look at what that means."""
    found = find_publisher(request, name)
    membership = get_object_or_404(Membership.objects.select_related("user"), publisher=found, pk=pk)
    if request.method == "POST":
        people.dismiss(found, by=viewer_of(request), user=membership.user, role=membership.role)
        messages.success(request, _("The role is taken away."))
        return redirect("web:members", name=found.name)
    return render(request, "stewarding/dismiss.html", {"publisher": found, "membership": membership})
