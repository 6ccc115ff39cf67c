"""A stage, for its steward: what it is, what it needs, and opening, pausing and closing it with a look before."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from gatekeeper.actions import projections, releases, stages
from gatekeeper.actions.releases import require
from gatekeeper.models import AccessRequest, Grant, HubAccess, Procedure, Repository, RepositoryWish, Stage
from gatekeeper.models.paging import COUNT_LIMIT, count_up_to
from gatekeeper.models.repositories import READING
from gatekeeper.rules import projection
from gatekeeper.rules.refusals import Invalid
from gatekeeper.web.at_the_hub import plan_for, refuse_unseen
from gatekeeper.web.buttons import buttons_for
from gatekeeper.web.forms.stewarding.releases import StageForm
from gatekeeper.web.pages import page, put_refusals, status_of, viewer_of


def find_worked_on(request: HttpRequest, pk: int) -> Stage:
    """Return a stage of a publisher that the viewer works for."""
    viewer = viewer_of(request)
    seen = Stage.objects.visible_to(viewer).select_related("release__publisher")
    return get_object_or_404(seen, pk=pk, release__publisher__in=viewer.publishers_with(*READING))


@page()
def stage(request: HttpRequest, pk: int) -> HttpResponse:
    """One stage: standing, terms, repositories, how many hold it, and what may be done with it now."""
    found = find_worked_on(request, pk)
    repositories = list(Repository.objects.linked().filter(stages=found).order_by("name"))
    wishes = {wish.repository_id: wish for wish in RepositoryWish.objects.filter(repository__in=repositories)}
    context = {
        "stage": found,
        "on_the_way": any(_on_the_way(each, wishes.get(each.pk), found) for each in repositories),
        "policy": found.policy,
        "repositories": repositories,
        "wishes": wishes,
        "holders": count_up_to(Grant.objects.live().filter(stage=found)),
        "waiting": count_up_to(AccessRequest.objects.waiting_for_review().filter(stage=found)),
        "limit": COUNT_LIMIT,
        "stops": list(Procedure.objects.of_stage(found)),
        "buttons": buttons_for(found, viewer_of(request)),
        "card_link": card_link(request, found),
    }
    return render(request, "stewarding/stage.html", context)


def _on_the_way(repository: Repository, wish: RepositoryWish | None, found: Stage) -> bool:
    """Say whether the workers have still to tell the Hub about a repository, or to read who waits there."""
    if wish is None or wish.parked_reason or repository.parked_reason:
        return False
    return wish.due_at is not None or repository.observed_at is None or repository.observed_at < found.status_at


def card_link(request: HttpRequest, found: Stage) -> str:
    """Return the address where people apply, as the card of a repository names it."""
    return settings.PUBLIC_URL + reverse("web:release", args=[found.release.publisher.name, found.release.slug])


@page("GET", "POST", back="web:stage")
def edit_stage(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a stage that is still planned."""
    found = find_worked_on(request, pk)
    initial = {
        "title": found.title,
        "audience": found.audience,
        "promised_on": found.promised_on,
        "repositories": [repository.pk for repository in found.repositories.all()],
    }
    form = StageForm(found.release.publisher, request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            releases.change_stage(found, by=viewer_of(request), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("web:stage", pk=pk)
        except Invalid as refused:
            put_refusals(form, refused)
    return render(request, "stewarding/edit_stage.html", {"stage": found, "form": form}, status=status_of(form))


@page("GET", "POST", back="web:stage")
def open_stage(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a stage, after a dry run: what will be written on the Hub, and nothing else."""
    found = find_worked_on(request, pk)
    link = card_link(request, found)
    if request.method == "POST":
        stages.open_stage(found, by=viewer_of(request), card_link=link if request.POST.get("card") else "")
        messages.success(request, _("The Hub is being told. The stage is open as soon as the Hub was read back."))
        return redirect("web:stage", pk=pk)
    repositories = list(
        Repository.objects.linked().filter(stages=found).select_related("token", "publisher").order_by("name")
    )
    context = {
        "stage": found,
        "policy": found.policy,
        "buttons": buttons_for(found, viewer_of(request)),
        "plans": [plan_for(repository, link) for repository in repositories],
        "accepted": count_up_to(HubAccess.objects.ghosts().filter(repository__in=repositories)),
        "limit": COUNT_LIMIT,
    }
    return render(request, "stewarding/open_stage.html", context)


@page("GET", "POST", back="web:stage")
def project_form(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the Hub’s form ask the first questions of the gate form, after a dry run: each line that would change."""
    found = find_worked_on(request, pk)
    policy, link = found.policy, card_link(request, found)
    repositories = list(
        Repository.objects.linked().filter(stages=found).select_related("token", "publisher").order_by("name")
    )
    require(viewer_of(request), found.release.publisher_id)  # before the Hub is asked anything
    if request.method == "POST":
        refuse_unseen(repositories, {each.pk: request.POST.get(f"seen_{each.pk}", "") for each in repositories})
        projections.project_form(found, by=viewer_of(request), card_link=link)
        messages.success(request, _("The cards are being written. The stage says when they were read back."))
        return redirect("web:stage", pk=pk)
    projected = projection.to_hub(policy.form.document if policy else {"questions": []})
    labels = {question["key"]: question["label"] for question in policy.form.questions} if policy else {}
    context = {
        "stage": found,
        "fields": projected.fields,
        "left": [(labels[key], refusal) for key, refusal in projected.left],
        "plans": [plan_for(repository, link, projected.fields) for repository in repositories]
        if projected.fields
        else [],
        "refused": projection.why_not(found.status, projected),
    }
    return render(request, "stewarding/project_form.html", context)


@page("GET", "POST", back="web:stage")
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Pause a stage, with or without suspending everybody who holds it."""
    found = find_worked_on(request, pk)
    if request.method == "POST":
        stages.pause(found, by=viewer_of(request), suspending=bool(request.POST.get("suspending")))
        messages.success(request, _("The stage is paused."))
        return redirect("web:stage", pk=pk)
    context = {
        "stage": found,
        "buttons": buttons_for(found, viewer_of(request)),
        "holders": count_up_to(Grant.objects.to_suspend().filter(stage=found)),
        "limit": COUNT_LIMIT,
    }
    return render(request, "stewarding/pause.html", context)


@page("GET", "POST", back="web:stage")
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a stage for good."""
    found = find_worked_on(request, pk)
    if request.method == "POST":
        stages.close(found, by=viewer_of(request))
        messages.success(request, _("The stage is closed."))
        return redirect("web:stage", pk=pk)
    context = {"stage": found, "buttons": buttons_for(found, viewer_of(request))}
    return render(request, "stewarding/close.html", context)
