"""How pages find things: only among what the viewer sees. What is invisible is not there (404)."""

from __future__ import annotations

import re

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import Publisher
from gatekeeper.models import AccessRequest, Grant, Release, Repository, Stage
from gatekeeper.models.paging import BadCursor, M, Page, page
from gatekeeper.models.repositories import READING

from .pages import viewer_of


def find_release(request: HttpRequest, publisher: str, slug: str) -> Release:
    """Return the release at its public address."""
    seen = Release.objects.visible_to(viewer_of(request)).select_related("publisher")
    return get_object_or_404(seen, publisher__name__iexact=publisher, slug=slug)


def find_stage(request: HttpRequest, pk: int) -> Stage:
    """Return a stage of a release that the viewer sees."""
    seen = Stage.objects.visible_to(viewer_of(request)).select_related("release__publisher")
    return get_object_or_404(seen, pk=pk)


def find_case(request: HttpRequest, pk: int) -> AccessRequest:
    """Return a request of the viewer's own, or a case of a publisher they work for."""
    seen = AccessRequest.objects.visible_to(viewer_of(request)).select_related(
        "stage__release__publisher", "person", "draft", "policy__form", "policy__licence_version", "submission__form"
    )
    return get_object_or_404(seen, pk=pk)


def find_own_case(request: HttpRequest, pk: int) -> AccessRequest:
    """Return a request of the viewer's own."""
    viewer = viewer_of(request)
    own = AccessRequest.objects.own(viewer).select_related(
        "stage__release__publisher", "person", "draft", "policy__form", "policy__licence_version", "submission__form"
    )
    return get_object_or_404(own, pk=pk)


def find_grant(request: HttpRequest, pk: int) -> Grant:
    """Return a grant of the viewer's own, or one of a publisher they work for."""
    seen = Grant.objects.visible_to(viewer_of(request)).select_related("stage__release__publisher", "person", "request")
    return get_object_or_404(seen, pk=pk)


def staffed(request: HttpRequest, *roles: str) -> QuerySet[Publisher]:
    """Return the publishers where the viewer holds one of these roles (default: any)."""
    return Publisher.objects.filter(pk__in=viewer_of(request).publishers_with(*(roles or READING)))


def find_publisher(request: HttpRequest, name: str, *roles: str) -> Publisher:
    """Return a publisher that the viewer works for."""
    return get_object_or_404(staffed(request, *roles), name__iexact=name)


def find_repository(request: HttpRequest, pk: int) -> Repository:
    """Return a repository of a publisher that the viewer works for."""
    seen = Repository.objects.visible_to(viewer_of(request)).select_related("publisher", "token")
    return get_object_or_404(seen, pk=pk)


def words_begin(text: str, *fields: str) -> Q:
    """Return the condition that each word of a search begins a word of one of these fields."""
    found = Q()
    for word in text.split()[:8]:
        begins = r"\m" if word[0].isalnum() else ""  # only a letter or a digit can begin a word
        either = Q()
        for field in fields:
            either |= Q(**{f"{field}__iregex": begins + re.escape(word)})
        found &= either
    return found


def paged(request: HttpRequest, rows: QuerySet[M], *, order: str, size: int = 50) -> Page[M]:
    """Return the page of rows that the address asks for; a cursor that is not ours is not there (404)."""
    try:
        return page(rows, order=order, cursor=request.GET.get("after"), size=size)
    except BadCursor as bad:
        raise Http404 from bad
