"""Proving a namespace, linking a repository, and starting from what is there. The Hub is only read by these pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import HubToken
from accounts.people import namespaces_of_token, provable_namespaces
from gatekeeper.actions import drifts, people, repositories
from gatekeeper.hub import adopt
from gatekeeper.models import Drift, Procedure, Repository, Stage
from gatekeeper.models.paging import count_up_to
from gatekeeper.models.repositories import STEWARDING
from gatekeeper.rules.procedures import ProcedureKind
from gatekeeper.rules.refusals import Invalid, Refused, Unmet, WrongState
from gatekeeper.web.finding import find_publisher, find_repository
from gatekeeper.web.forms.stewarding.repositories import LinkForm, ProveForm, StartForm, TokenForm
from gatekeeper.web.pages import me, page, put_refusals, status_of, viewer_of
from gatekeeper.web.words import sentence

View = Callable[..., HttpResponse]


def asking_the_hub(view: View) -> View:
    """Turn “the Hub could not be asked” into a refusal with its sentence."""

    @wraps(view)
    def asked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except adopt.CannotAsk as failed:
            raise Unmet(failed.refusal) from failed

    return asked


@page("GET", "POST")
def prove(request: HttpRequest) -> HttpResponse:
    """Become a publisher: the namespace, and what proves that it is one's own."""
    proven = [namespace.name for namespace in provable_namespaces(me(request))]
    form = ProveForm(proven, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            secret = form.cleaned_data["token"].strip()
            publisher = people.found_publisher(
                by=viewer_of(request),
                namespace=form.cleaned_data["namespace"].strip(),
                proof=adopt.prove_namespace(secret) if secret else None,
                secret=secret,
            )
            messages.success(request, _("%(name)s is a publisher here, and you own it.") % {"name": publisher})
            return redirect("web:link" if secret else "web:token", name=publisher.name)
        except (Refused, adopt.CannotAsk) as refused:
            form.add_error("token" if form.cleaned_data["token"] else "namespace", sentence(refused.refusal))
    return render(request, "stewarding/prove.html", {"form": form, "proven": proven}, status=status_of(form))


@page("GET", "POST")
def token(request: HttpRequest, name: str) -> HttpResponse:
    """Give a publisher a Hub token. It is kept beside those in use, and speaks where there is none that works."""
    publisher = find_publisher(request, name, *STEWARDING)
    form = TokenForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        secret = form.cleaned_data["token"].strip()
        try:
            proof = adopt.prove_namespace(secret)
            if publisher.name.lower() in {each.name.lower() for each in namespaces_of_token(proof)}:
                people.keep_token(publisher, by=viewer_of(request), secret=secret, **people.told_of_token(proof))
                messages.success(request, _("The token is kept, encrypted, and being checked."))
                return redirect("web:tokens", name=publisher.name)
            form.add_error("token", sentence(adopt.NOT_THEIRS))
        except (WrongState, adopt.CannotAsk) as refused:
            form.add_error("token", sentence(refused.refusal))
    return render(request, "stewarding/token.html", {"publisher": publisher, "form": form}, status=status_of(form))


@page("GET", "POST")
def link(request: HttpRequest, name: str) -> HttpResponse:
    """Link a repository. It is read, and nothing on the Hub is changed."""
    publisher = find_publisher(request, name, *STEWARDING)
    form = LinkForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            linked = adopt.link_repository(
                publisher,
                by=viewer_of(request),
                kind=form.cleaned_data["kind"],
                name=form.cleaned_data["name"].strip(),
            )
            return redirect("web:repository", pk=linked.pk)
        except Invalid as refused:
            put_refusals(form, refused)
        except (Refused, adopt.CannotAsk) as refused:
            form.add_error("name", sentence(refused.refusal))
    context = {
        "publisher": publisher,
        "form": form,
        "token": HubToken.objects.current_for(publisher),
    }
    return render(request, "stewarding/link.html", context, status=status_of(form))


@page()
def repository(request: HttpRequest, pk: int) -> HttpResponse:
    """A linked repository: what it has on the Hub now, and what can be started from it."""
    found = find_repository(request, pk)
    stages = list(Stage.objects.including(found).select_related("release__publisher"))
    there, cannot = None, ""
    if not stages and found.unlinked_at is None:
        try:
            there = adopt.what_a_link_has(found)
        except adopt.CannotAsk as failed:
            cannot = sentence(failed.refusal)
    context = {
        "repository": found,
        "stages": stages,
        "there": there,
        "cannot": cannot,
        "form": StartForm(),
        "card": found.cards.order_by("-read_at", "-pk").first(),
        "drifts": count_up_to(Drift.objects.visible_to(viewer_of(request)).waiting().filter(repository=found)),
        "too_early": drifts.too_early(found, at=timezone.now()),
        "owners": found.publisher_id in viewer_of(request).publishers_with("owner"),
        "stewards": found.publisher_id in viewer_of(request).publishers_with(*STEWARDING),
        "in_use": in_use(found),
        "regate": Procedure.objects.unfinished().filter(repository=found, kind=ProcedureKind.REGATE).first(),
    }
    return render(request, "stewarding/repository.html", context)


@page("POST", back="web:repository")
@asking_the_hub
def start_from_it(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a release of one stage from what the repository has, and open it."""
    found = find_repository(request, pk)
    there = adopt.what_to_start_from(found)
    stage = repositories.start_from_what_is_there(
        found,
        by=viewer_of(request),
        questions_asked=there.questions,
        licence=there.licence or {},
        intake=request.POST.get("intake", ""),
    )
    messages.success(
        request, _("The stage opens as soon as the Hub was read back; who waits there is in the queue then.")
    )
    return redirect("web:stage", pk=stage.pk)


@page("GET", "POST", back="web:repository")
def unlink(request: HttpRequest, pk: int) -> HttpResponse:
    """Unlink a repository, after a look at what that means."""
    found: Repository = find_repository(request, pk)
    if request.method == "POST":
        repositories.unlink(found, by=viewer_of(request))
        messages.success(request, _("The repository is unlinked. Nothing changed on the Hub."))
        return redirect("web:publisher", name=found.publisher.name)
    context = {"repository": found, "in_use": in_use(found)}
    return render(request, "stewarding/unlink.html", context)


def in_use(found: Repository) -> str:
    """Return why a repository cannot be unlinked now, as a sentence; empty if it can."""
    stages = Stage.objects.including(found)
    if stages.in_use().exists():
        return sentence(repositories.IN_USE)
    return sentence(repositories.STOPPED) if stages.stopped().exists() else ""
