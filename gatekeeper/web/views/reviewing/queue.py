"""The queue: saved views and filters in the address, one page at a time, the same number of statements at any size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from gatekeeper.models import AccessRequest, Origin, Stage
from gatekeeper.models.paging import COUNT_LIMIT, count_up_to
from gatekeeper.models.repositories import READING
from gatekeeper.models.requests import AccessRequestQuerySet
from gatekeeper.web.finding import paged
from gatekeeper.web.pages import me, page, viewer_of

SOON = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved view: its name, which cases, what to say when it is empty, their order, and if it is counted."""

    name: Any
    cases: Callable[[AccessRequestQuerySet, User, datetime], AccessRequestQuerySet]
    empty: Any
    order: str = "queued_at"
    counted: bool = True


VIEWS: Mapping[str, Saved] = {
    "unassigned": Saved(
        _("Unassigned"),
        lambda cases, me, at: cases.waiting_for_review().filter(assignee=None),
        _("Nobody waits for a reviewer. New requests appear here by themselves."),
    ),
    "mine": Saved(
        _("Mine"),
        lambda cases, me, at: cases.waiting_for_review().filter(assignee=me),
        _("You have taken no case. Take one from “Unassigned”."),
    ),
    "requester": Saved(
        _("Waiting for the requester"),
        lambda cases, me, at: cases.waiting_for_requester(),
        _("No requester owes an answer."),
        counted=False,
    ),
    "soon": Saved(
        _("Due soon"),
        lambda cases, me, at: cases.waiting_for_review().filter(due_at__gte=at, due_at__lt=at + SOON),
        _("No promise falls due within a day."),
        order="due_at",
    ),
    "breached": Saved(
        _("Overdue"),
        lambda cases, me, at: cases.overdue(at=at),
        _("No promise is broken."),
        order="due_at",
    ),
    "all": Saved(
        _("All waiting"),
        lambda cases, me, at: cases.queued(),
        _("Nothing waits. To open a stage, see your publishers."),
        counted=False,
    ),
    "every": Saved(
        _("Every case"),
        lambda cases, me, at: cases,
        _("There is no case yet. The first appears when somebody applies, here or on the Hub."),
        order="-id",
        counted=False,
    ),
}


@page()
def queue(request: HttpRequest) -> HttpResponse:
    """The cases of the publishers that the viewer reviews for."""
    viewer, at = viewer_of(request), timezone.now()
    publishers = viewer.publishers_with(*READING)
    if not publishers:
        raise Http404
    chosen = request.GET.get("view", "unassigned")
    if chosen not in VIEWS:
        raise Http404
    stages = list(
        Stage.objects.filter(release__publisher__in=publishers)
        .select_related("release")
        .order_by("release__title", "ordinal")[:500]
    )
    asked = {name: request.GET.get(name, "").strip() for name in ("stage", "origin", "q")}
    reviewable = AccessRequest.objects.reviewable_by(viewer)
    counts = {
        key: count_up_to(saved.cases(reviewable, me(request), at)) for key, saved in VIEWS.items() if saved.counted
    }
    saved = VIEWS[chosen]
    rows = _narrowed(saved.cases(reviewable, me(request), at), asked).select_related(
        "stage__release", "person", "assignee"
    )
    context = {
        "views": [(key, each.name, _count(counts.get(key))) for key, each in VIEWS.items()],
        "chosen": chosen,
        "saved": saved,
        "page": paged(request, rows, order=saved.order),
        "stages": stages,
        "origins": [(Origin.HERE, _("here")), (Origin.HUB, _("on the Hub"))],
        "asked": asked,
        "narrowed": any(asked.values()),
        "now": at,
    }
    return render(request, "reviewing/queue.html", context)


def _narrowed(cases: AccessRequestQuerySet, asked: Mapping[str, str]) -> AccessRequestQuerySet:
    if asked["stage"].isdecimal() and len(asked["stage"]) < 19:
        cases = cases.filter(stage=int(asked["stage"]))
    if asked["origin"] in Origin.values:
        cases = cases.filter(origin=asked["origin"])
    if asked["q"]:
        cases = cases.filter(person__username__istartswith=asked["q"])
    return cases


def _count(number: int | None) -> str:
    if number is None:
        return ""
    return f"{COUNT_LIMIT:,}+" if number > COUNT_LIMIT else str(number)
