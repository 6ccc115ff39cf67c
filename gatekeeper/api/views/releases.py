"""Releases and their stages: anybody reads what is published; stewards add and publish."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.viewer import Viewer
from gatekeeper.actions import policies, releases
from gatekeeper.api.scopes import STEWARD
from gatekeeper.api.serializers.arguments import LARGEST_ID, Nothing, Strict
from gatekeeper.api.serializers.common import actions, in_short, page_of
from gatekeeper.api.serializers.grants import answered
from gatekeeper.api.serializers.releases import (
    LadderShown,
    NewTerms,
    ReleaseDetail,
    ReleaseRow,
    StageDetail,
    StageRow,
)
from gatekeeper.api.serializers.words import STAGE_STATUSES
from gatekeeper.models import GateForm, GatePolicy, LicenceVersion, Release, Repository, Stage

from .base import Face, ListQuery, find


class Acknowledgement(serializers.Serializer[Any]):
    """Whether what is not for all audiences is shown."""

    audience = serializers.ChoiceField(
        choices=["acknowledged"],
        required=False,
        help_text="Say so to read the words of releases that are not for all audiences; else they are null.",
    )


class AudienceQuery(Acknowledgement, ListQuery):
    """A list in which something may not be for all audiences."""


class ReleaseQuery(AudienceQuery):
    """What the list of releases is filtered by."""

    publisher = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    repository = serializers.CharField(required=False, max_length=200, help_text="owner/name")


class StageQuery(AudienceQuery):
    """What the list of stages is filtered by."""

    status = serializers.ChoiceField(choices=STAGE_STATUSES, required=False)
    release = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    repository = serializers.CharField(required=False, max_length=200, help_text="owner/name")


class NewStage(Strict):
    """The next rung of a ladder."""

    title = serializers.CharField(max_length=200)
    audience = serializers.CharField(max_length=5_000, required=False)
    repositories = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), min_length=1, max_length=100
    )


class NewPolicy(Strict):
    """The terms of a stage from now on. Terms that are not named have their defaults."""

    form = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    licence_version = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    terms = NewTerms(required=False)


def stages_of(viewer: Viewer) -> QuerySet[Stage]:
    """Return the stages that the viewer sees, with what a row is read from."""
    return Stage.objects.visible_to(viewer).select_related("release").prefetch_related("repositories")


def releases_of(viewer: Viewer) -> QuerySet[Release]:
    """Return the releases that the viewer sees, with what a row is read from."""
    return Release.objects.visible_to(viewer).select_related("publisher")


def acknowledged(request: Request) -> bool:
    """Say whether the caller asks for what is not for all audiences; whoever changes something has seen it."""
    return request.method != "GET" or request.query_params.get("audience") == "acknowledged"


def release_row(release: Release, *, all_of_it: bool) -> dict[str, Any]:
    """Return a release as a row of a list; of one that is not for all audiences only what names it."""
    row = answered(ReleaseRow, release)
    return row | {"summary": row["summary"] if all_of_it or not release.not_for_all_audiences else None}


def stage_row(stage: Stage, *, all_of_it: bool = True) -> dict[str, Any]:
    """Return a stage as a row of a list; of a release that is not for all audiences only what names it."""
    names = ("id", "ordinal", "title", "status", "status_at", "promised_on")
    row = {name: getattr(stage, name) for name in names}
    row["audience"] = stage.audience if all_of_it or not stage.release.not_for_all_audiences else None
    return row | {"release": stage.release_id, "repositories": in_short(stage.repositories.all())}


def detailed_stage(stage: Stage, viewer: Viewer, *, all_of_it: bool = True) -> dict[str, Any]:
    """Return a stage as its detail answers it."""
    policy = stage.policy
    detail = stage_row(stage, all_of_it=all_of_it) | {
        "policy": policy_shown(policy) if policy else None,
        "actions": actions(stage.actions_for(viewer)),
    }
    return answered(StageDetail, detail)


def policy_shown(policy: GatePolicy) -> dict[str, Any]:
    """Return a policy as it is answered."""
    return {
        "id": policy.pk,
        "number": policy.number,
        "form": policy.form_id,
        "licence_version": policy.licence_version_id,
        "terms": {name: policy.term(name) for name in GatePolicy.DEFAULTS},
        "sha256": policy.sha256,
        "published_at": policy.published_at,
    }


def detailed_release(release: Release, viewer: Viewer, *, all_of_it: bool = True) -> dict[str, Any]:
    """Return a release as its detail answers it."""
    stages = stages_of(viewer).filter(release=release).order_by("ordinal")
    ladder = release.ladders.published().order_by("-number").first()
    return release_row(release, all_of_it=all_of_it) | {
        "ladder": answered(LadderShown, ladder) if ladder else None,
        "stages": [answered(StageRow, stage_row(stage, all_of_it=all_of_it)) for stage in stages],
    }


def _including(repository: str, viewer: Viewer) -> QuerySet[Stage]:
    return Stage.objects.visible_to(viewer).filter(repositories__name=repository)


class Releases(Face):
    """The published releases, and the drafts of the viewer's publishers."""

    public = True

    @extend_schema(operation_id="releases_list", parameters=[ReleaseQuery], responses=page_of(ReleaseRow))
    def get(self, request: Request) -> Response:
        """List releases, newest first."""
        return self.listed(
            releases_of(self.viewer),
            query=ReleaseQuery,
            filters={
                "publisher": lambda publisher: Q(publisher=publisher),
                "repository": lambda name: Q(pk__in=_including(name, self.viewer).values("release")),
            },
            shown=lambda found: [release_row(one, all_of_it=acknowledged(request)) for one in found],
        )


class OneRelease(Face):
    """One release."""

    public = True

    @extend_schema(operation_id="releases_read", parameters=[Acknowledgement], responses=ReleaseDetail)
    def get(self, request: Request, pk: int) -> Response:
        """Read one release with its stages."""
        release = find(releases_of(self.viewer), pk)
        return Response(detailed_release(release, self.viewer, all_of_it=acknowledged(request)))


class ReleasePublishing(Face):
    """The ladder of a release, to publish."""

    scope = STEWARD

    @extend_schema(operation_id="release_publish", request=None, responses=ReleaseDetail)
    def post(self, request: Request, pk: int) -> Response:
        """Publish the ladder as it stands; the release becomes public with it."""
        self.read(Nothing, request.data)
        releases.publish_ladder(find(releases_of(self.viewer), pk), by=self.viewer)
        return Response(detailed_release(find(releases_of(self.viewer), pk), self.viewer))


class Stages(Face):
    """The stages of the releases that the viewer sees."""

    public = True

    @extend_schema(operation_id="stages_list", parameters=[StageQuery], responses=page_of(StageRow))
    def get(self, request: Request) -> Response:
        """List stages."""
        return self.listed(
            stages_of(self.viewer),
            query=StageQuery,
            filters={
                "status": lambda status: Q(status=status),
                "release": lambda release: Q(release=release),
                "repository": lambda name: Q(pk__in=_including(name, self.viewer).values("pk")),
            },
            order="id",
            shown=lambda found: [answered(StageRow, stage_row(one, all_of_it=acknowledged(request))) for one in found],
        )


class ReleaseStages(Face):
    """The rungs of one release."""

    public = True
    scope = STEWARD

    @extend_schema(operation_id="release_stages_list", parameters=[AudienceQuery], responses=page_of(StageRow))
    def get(self, request: Request, pk: int) -> Response:
        """List the stages of a release, first rung first."""
        release = find(releases_of(self.viewer), pk)
        return self.listed(
            stages_of(self.viewer).filter(release=release),
            query=AudienceQuery,
            filters={},
            order="ordinal",
            shown=lambda found: [answered(StageRow, stage_row(one, all_of_it=acknowledged(request))) for one in found],
        )

    @extend_schema(operation_id="release_stages_add", request=NewStage, responses={201: StageDetail})
    def post(self, request: Request, pk: int) -> Response:
        """Add the next rung."""
        release = find(releases_of(self.viewer), pk)
        asked = self.read(NewStage, request.data)
        included = [find(Repository.objects.visible_to(self.viewer), one) for one in asked.pop("repositories")]
        stage = releases.add_stage(release, by=self.viewer, repositories=included, **asked)
        return Response(detailed_stage(find(stages_of(self.viewer), stage.pk), self.viewer), status=201)


class OneStage(Face):
    """One stage."""

    public = True

    @extend_schema(operation_id="stages_read", parameters=[Acknowledgement], responses=StageDetail)
    def get(self, request: Request, pk: int) -> Response:
        """Read one stage with its policy, and what the viewer could do."""
        stage = find(stages_of(self.viewer), pk)
        return Response(detailed_stage(stage, self.viewer, all_of_it=acknowledged(request)))


class StagePolicies(Face):
    """The terms of a stage."""

    scope = STEWARD

    @extend_schema(operation_id="stage_policies_publish", request=NewPolicy, responses={201: StageDetail})
    def post(self, request: Request, pk: int) -> Response:
        """Publish the terms of a stage; they are in force when this returns."""
        stage = find(stages_of(self.viewer), pk)
        asked = self.read(NewPolicy, request.data)
        policies.publish_policy(
            stage,
            by=self.viewer,
            form=find(GateForm.objects.visible_to(self.viewer), asked["form"]),
            licence_version=find(LicenceVersion.objects.visible_to(self.viewer), asked["licence_version"]),
            terms=asked.get("terms", {}),
        )
        return Response(detailed_stage(find(stages_of(self.viewer), pk), self.viewer), status=201)
