"""Whether somebody has access, asked by a script: one question, one answer, three statements."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from gatekeeper.api.serializers.common import Shape
from gatekeeper.models import Grant, Repository, RepositoryKind

from .base import Face


class AccessQuery(serializers.Serializer[Any]):
    """About whom, and where. Give `user` or `hub_user_id`."""

    repository = serializers.RegexField(r"^[^/\s]+/[^/\s]+$", max_length=200, help_text="owner/name")
    kind = serializers.ChoiceField(choices=RepositoryKind.choices, default=RepositoryKind.MODEL)
    user = serializers.CharField(max_length=200, required=False, help_text="A Hub name; case does not matter.")
    hub_user_id = serializers.RegexField(r"^[0-9a-f]{24}$", required=False, help_text="The Hub's id of the person.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a question about nobody, or about two."""
        if ("user" in attrs) == ("hub_user_id" in attrs):
            raise serializers.ValidationError({"user": _("Give either a Hub name or a Hub id.")})
        return attrs


class LicenceAccepted(Shape):
    """The licence version that was accepted."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    number = serializers.IntegerField()
    text_sha256 = serializers.CharField()


class AccessShown(Shape):
    """Whether a person has access, confirmed on the Hub."""

    access = serializers.BooleanField()
    repository = serializers.CharField()
    kind = serializers.ChoiceField(choices=RepositoryKind.choices)
    grant = serializers.IntegerField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True, help_text="Null: no end, or no access.")
    conditions = serializers.ListField(child=serializers.CharField())
    licence_version = LicenceAccepted(allow_null=True, help_text="Null: no access, or its terms are unproven.")


# The grant comes inside the row of its repository, so that both are one statement.
GRANT = JSONObject(
    grant="pk",
    until="ends_at",
    conditions="conditions",
    id="acceptance__licence_version",
    number="acceptance__licence_version__number",
    title="acceptance__licence_version__licence__title",
    text_sha256="acceptance__licence_version__text_sha256",
)
LICENCE = ("id", "number", "title", "text_sha256")


class Access(Face):
    """Access of one person to one repository; for that person, and for the people of its publisher."""

    @extend_schema(operation_id="access", parameters=[AccessQuery], responses=AccessShown)
    def get(self, request: Request) -> Response:
        """Say whether a person has access to a repository, until when, and under which conditions."""
        asked = self.asked(AccessQuery)
        known = self._is_about_me(asked)
        rows = Repository.objects.all() if known else Repository.objects.visible_to(self.viewer)
        grants = Grant.objects.giving_access(OuterRef("pk"), at=timezone.now()).filter(_person(asked))
        found = (
            rows.linked()
            .filter(kind=asked["kind"], name=asked["repository"])
            .values_list(Subquery(grants.order_by("-ends_at").values(row=GRANT)[:1]), flat=True)
        )
        [grant] = list(found) or [None if known else NotFound]
        if grant is NotFound:
            raise NotFound
        return Response(_shown(asked, grant))

    def _is_about_me(self, asked: dict[str, Any]) -> bool:
        me = self.viewer.person
        if me is None:
            return False
        if "hub_user_id" in asked:
            return bool(me.hub_user_id == asked["hub_user_id"])
        return bool(me.username.casefold() == asked["user"].casefold() and me.gone_at is None)


def _person(asked: dict[str, Any]) -> Q:
    if "hub_user_id" in asked:
        return Q(person__hub_user_id=asked["hub_user_id"])
    return Q(person__username__iexact=asked["user"], person__gone_at=None)


def _shown(asked: dict[str, Any], grant: dict[str, Any] | None) -> dict[str, Any]:
    found = grant or {"grant": None, "until": None, "conditions": [], "id": None}
    return {
        "access": grant is not None,
        "repository": asked["repository"],
        "kind": asked["kind"],
        "grant": found["grant"],
        "until": found["until"],
        "conditions": found["conditions"],
        "licence_version": {name: found[name] for name in LICENCE} if found["id"] else None,
    }
