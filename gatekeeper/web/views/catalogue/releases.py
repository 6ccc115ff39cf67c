"""The public catalogue, and the page of one release: what it is, where its ladder stands, on which terms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from gatekeeper.models import AccessRequest, GatePolicy, Grant, Release, Repository, RepositoryKind, Stage
from gatekeeper.models.policies import current_policies
from gatekeeper.models.repositories import STEWARDING
from gatekeeper.web.finding import find_release, find_stage, paged, words_begin
from gatekeeper.web.pages import page, viewer_of
from gatekeeper.web.texts import read

from .audience import hidden, warning_first


@page(public=True)
def catalogue(request: HttpRequest) -> HttpResponse:
    """All published releases, found by the beginnings of words, by kind of repository, and by what is open."""
    asked = {name: request.GET.get(name, "").strip() for name in ("q", "kind", "open")}
    found = (
        Release.objects.catalogue()
        .select_related("publisher")
        .prefetch_related(Prefetch("stages", Stage.objects.visible_to(viewer_of(request)).order_by("ordinal")))
    )
    if asked["q"]:
        found = found.filter(words_begin(asked["q"], "title", "slug", "publisher__name"))
    if asked["kind"] in RepositoryKind.values:
        of_kind = Repository.objects.linked().filter(stages__release=OuterRef("pk"), kind=asked["kind"])
        found = found.filter(Exists(of_kind))
    if asked["open"]:
        found = found.filter(Exists(Stage.objects.taking_requests().filter(release=OuterRef("pk"))))
    listed = paged(request, found, order="-published_at", size=25)
    for release in listed.rows:
        release.is_hidden = hidden(request, release)  # type: ignore[attr-defined]  # for the template
    return render(
        request,
        "catalogue/catalogue.html",
        {"page": listed, "asked": asked, "narrowed": any(asked.values()), "kinds": RepositoryKind.choices},
    )


@dataclass(frozen=True, slots=True)
class Rung:
    """One stage as the page of its release draws it."""

    stage: Stage
    policy: GatePolicy | None
    open: bool
    places_left: int | None
    case: AccessRequest | None
    grant: Grant | None


@page(public=True)
def release(request: HttpRequest, publisher: str, slug: str) -> HttpResponse:
    """One release: its ladder, where it stands, and the way to apply."""
    shown = find_release(request, publisher, slug)
    first = warning_first(request, shown)
    if first is not None:
        return first
    rungs = rungs_of(request, shown)
    viewer = viewer_of(request)
    context = {
        "release": shown,
        "rungs": rungs,
        "ladder": shown.ladders.published().order_by("-number").first(),
        "applicable": next((rung for rung in rungs if rung.open and not rung.grant), None),
        "licences": list(
            {rung.policy.licence_version: None for rung in rungs if rung.policy and _restricts(rung.policy)}
        ),
        "stewards": shown.publisher_id in viewer.publishers_with(*STEWARDING),
    }
    return render(request, "catalogue/release.html", context)


def _restricts(policy: GatePolicy) -> bool:
    return bool(policy.licence_version.restrictions)


def rungs_of(request: HttpRequest, shown: Release) -> list[Rung]:
    """Return the stages of a release with their terms, what is left, and what the viewer has there."""
    viewer = viewer_of(request)
    repositories = Prefetch("repositories", Repository.objects.linked().order_by("name"))
    seen = Stage.objects.visible_to(viewer).filter(release=shown)
    stages = list(seen.order_by("ordinal").prefetch_related(repositories))
    for stage in stages:
        stage.release = shown
    policies = current_policies(stages)
    openly = set(shown.stages.taking_requests().values_list("pk", flat=True))
    taken = places_taken(policies.values())
    cases = {case.stage_id: case for case in AccessRequest.objects.own(viewer).open().filter(stage__in=stages)}
    grants = {grant.stage_id: grant for grant in Grant.objects.own(viewer).live().filter(stage__in=stages)}
    return [
        Rung(
            stage,
            policies.get(stage.pk),
            stage.pk in openly and stage.pk in policies,
            places_left(policies.get(stage.pk), taken),
            cases.get(stage.pk),
            grants.get(stage.pk),
        )
        for stage in stages
    ]


def places_taken(policies: Iterable[GatePolicy]) -> dict[int, int]:
    """Return how many places are taken at each stage whose policy counts them; no statement if none does."""
    capped = [policy.stage_id for policy in policies if policy.term("cap") is not None]
    if not capped:
        return {}
    return dict(Grant.objects.live().filter(stage__in=capped).values_list("stage").annotate(Count("pk")))


def places_left(policy: GatePolicy | None, taken: dict[int, int]) -> int | None:
    """Return how many places are left, or None where they are not counted."""
    if policy is None or policy.term("cap") is None:
        return None
    return max(0, int(policy.term("cap")) - taken.get(policy.stage_id, 0))


@page(public=True)
def stage_licence(request: HttpRequest, pk: int) -> HttpResponse:
    """The licence text in force at a stage, for anybody to read before applying."""
    stage = find_stage(request, pk)
    policy = stage.policy
    if policy is None:
        raise Http404
    first = warning_first(request, stage.release)
    if first is not None:
        return first
    version = policy.licence_version
    translation = version.shown_in(request.GET.get("text", ""))
    context = {"stage": stage, "version": version, "translation": translation, **read(version, translation)}
    return render(request, "catalogue/licence.html", context)
