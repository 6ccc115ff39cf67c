"""Licence versions: anybody reads what public releases demand; publishers draft, compare and publish theirs."""

from __future__ import annotations

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from gatekeeper.actions import licences
from gatekeeper.actions.releases import require
from gatekeeper.api.scopes import STEWARD
from gatekeeper.api.serializers.arguments import Nothing
from gatekeeper.api.serializers.common import page_of
from gatekeeper.api.serializers.licences import (
    LicenceChanges,
    LicenceVersionRow,
    LicenceVersionShown,
    NewLicenceVersion,
    PublishingDraft,
    changes_shown,
    version_row,
    version_shown,
)
from gatekeeper.hub import adopt
from gatekeeper.models import LicenceVersion, Repository

from .base import Face, find
from .documents import DocumentQuery
from .linking import asking_the_hub


class LicenceVersions(Face):
    """The licence versions of public releases, those of the viewer's publishers, and those the viewer accepted."""

    public = True

    @extend_schema(
        operation_id="licence_versions_list", parameters=[DocumentQuery], responses=page_of(LicenceVersionRow)
    )
    def get(self, request: Request) -> Response:
        """List licence versions without their texts, newest first."""
        return self.listed(
            LicenceVersion.objects.visible_to(self.viewer).select_related("licence").defer("text"),
            query=DocumentQuery,
            filters={"publisher": lambda publisher: Q(licence__publisher=publisher)},
            shown=lambda found: [version_row(version) for version in found],
        )


class OneLicenceVersion(Face):
    """One licence version."""

    public = True

    @extend_schema(operation_id="licence_versions_read", responses=LicenceVersionShown)
    def get(self, request: Request, pk: int) -> Response:
        """Read one licence version with its text and its translations."""
        return Response(version_shown(self.found(pk)))

    def found(self, pk: int) -> LicenceVersion:
        """Return a version that the viewer sees. Raises NotFound."""
        return find(LicenceVersion.objects.visible_to(self.viewer).select_related("licence"), pk)


class LicenceVersionChanges(OneLicenceVersion):
    """What a version changes."""

    @extend_schema(operation_id="licence_versions_changes", responses=LicenceChanges)
    def get(self, request: Request, pk: int) -> Response:
        """Compare a version with the one before, clause by clause; a draft with the version in force."""
        version = self.found(pk)
        last = version.before()
        if last is None:
            raise NotFound
        before = self.found(last.pk)
        return Response(changes_shown(before, version, *version.compared_with(before)))


class LicenceVersionPublishing(OneLicenceVersion):
    """A draft, to publish."""

    public = False
    scope = STEWARD
    http_method_names = ("post", "options")

    @extend_schema(operation_id="licence_versions_publish", request=PublishingDraft, responses=LicenceVersionShown)
    def post(self, request: Request, pk: int) -> Response:
        """Publish a draft that was read; it cannot change from then on."""
        draft = self.found(pk)
        asked = self.read(PublishingDraft, request.data)
        return Response(version_shown(licences.publish_draft(draft, by=self.viewer, **asked)))


class LicenceVersionDiscarding(OneLicenceVersion):
    """A draft, to throw away."""

    public = False
    scope = STEWARD
    http_method_names = ("post", "options")

    @extend_schema(operation_id="licence_versions_discard", request=None, responses={204: None})
    def post(self, request: Request, pk: int) -> Response:
        """Throw a draft away."""
        draft = self.found(pk)
        self.read(Nothing, request.data)
        licences.discard_draft(draft, by=self.viewer)
        return Response(status=204)


class PublisherLicences(Face):
    """The licence versions of a publisher, to draft or publish."""

    scope = STEWARD

    @extend_schema(
        operation_id="publisher_licence_versions_publish",
        request=NewLicenceVersion,
        responses={201: LicenceVersionShown},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Publish the exact text of a licence as its next version, or keep it as the draft of that.

        What the version in force says already gives that version.
        """
        publisher = self.my_publisher(pk)
        asked = self.read(NewLicenceVersion, request.data)
        if "repository" in asked:
            repository = find(Repository.objects.linked().filter(publisher=publisher), asked.pop("repository"))
            require(self.viewer, publisher.pk, licences.PUBLISHERS)  # before anything is asked of the Hub
            asked |= _taken_from(repository)
        else:
            asked["text"] = asked["text"].encode()
        asked["translations"] = {name: text.encode() for name, text in asked.pop("translations", {}).items()}
        if asked.pop("draft"):
            asked.pop("change_class", None)
            return Response(version_shown(licences.draft_licence_version(publisher, by=self.viewer, **asked)), 201)
        version = licences.publish_licence_version(publisher, by=self.viewer, **asked)
        return Response(version_shown(version), status=201)


def _taken_from(repository: Repository) -> dict[str, object]:
    with asking_the_hub():
        taken = adopt.licence_of(repository)
    return {
        "text": taken["text"],
        "source_repository": repository,
        "source_commit": taken["commit"],
        "source_path": taken["path"],
    }
