"""What a publisher's people do: appoint and dismiss, link repositories, found releases, publish forms and licences."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import HubPerson, Membership, Publisher, User
from gatekeeper.actions import people, policies, releases
from gatekeeper.actions.releases import require
from gatekeeper.api.scopes import STEWARD
from gatekeeper.api.serializers.arguments import Strict
from gatekeeper.api.serializers.common import Member, Shape, page_of
from gatekeeper.api.serializers.documents import (
    GateFormShown,
    NewForm,
    form_shown,
)
from gatekeeper.api.serializers.grants import answered
from gatekeeper.api.serializers.releases import ReleaseDetail

from .base import Face, ListQuery, find
from .releases import detailed_release, releases_of


class PublisherShown(Shape):
    """A publisher that the viewer works for."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Publisher.Kind.choices)
    display_name = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Membership.Role.choices))


class RoleHeld(Shape):
    """Somebody's role at a publisher."""

    user = Member()
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    added_at = serializers.DateTimeField()


class RoleGiven(Strict):
    """Whom to give which role."""

    user = serializers.CharField(max_length=150, help_text="The name on the Hub of somebody who has signed in here.")
    role = serializers.ChoiceField(choices=Membership.Role.choices)


class NewRelease(Strict):
    """A release to found."""

    title = serializers.CharField(max_length=200)
    summary = serializers.CharField(max_length=10_000, required=False)
    not_for_all_audiences = serializers.BooleanField(default=False)


class Publishers(Face):
    """The publishers that the viewer works for."""

    @extend_schema(operation_id="publishers_list", parameters=[ListQuery], responses=page_of(PublisherShown))
    def get(self, request: Request) -> Response:
        """List the publishers that the viewer works for, with the roles held there."""
        return self.listed(
            Publisher.objects.filter(pk__in=self.viewer.publishers_with()),
            query=ListQuery,
            filters={},
            order="id",
            shown=lambda found: [self._shown(publisher) for publisher in found],
        )

    def _shown(self, publisher: Publisher) -> dict[str, Any]:
        names = ("id", "name", "kind", "display_name")
        row = {name: getattr(publisher, name) for name in names}
        return answered(PublisherShown, row | {"roles": sorted(self.viewer.roles_at(publisher.pk))})


class People(Face):
    """Who holds which role at a publisher; owners appoint and dismiss."""

    scope = STEWARD

    @extend_schema(operation_id="publisher_people_list", parameters=[ListQuery], responses=page_of(RoleHeld))
    def get(self, request: Request, pk: int) -> Response:
        """List the people of a publisher."""
        return self.listed(
            Membership.objects.filter(publisher=self.my_publisher(pk)).select_related("user"),
            query=ListQuery,
            filters={},
            order="id",
            shown=lambda found: [answered(RoleHeld, one) for one in found],
        )

    @extend_schema(operation_id="publisher_people_appoint", request=RoleGiven, responses={201: RoleHeld})
    def post(self, request: Request, pk: int) -> Response:
        """Give somebody a role."""
        publisher = self.my_publisher(pk)
        asked = self.read(RoleGiven, request.data)
        require(self.viewer, publisher.pk, people.OWNERS)  # before it is told who has an account here
        held = people.appoint(publisher, by=self.viewer, user=_account(asked["user"]), role=asked["role"])
        return Response(answered(RoleHeld, held), status=201)


class OneRole(Face):
    """One role of one person."""

    scope = STEWARD

    @extend_schema(operation_id="publisher_people_dismiss", request=None, responses={204: None})
    def delete(self, request: Request, pk: int, user: int, role: str) -> Response:
        """Take a role away. The last owner stays."""
        publisher = self.my_publisher(pk)
        held = Membership.objects.filter(publisher=publisher, role=role, user=user).select_related("user").first()
        if held is None:
            raise NotFound
        people.dismiss(publisher, by=self.viewer, user=held.user, role=role)
        return Response(status=204)


class PublisherReleases(Face):
    """The releases of a publisher, to found."""

    scope = STEWARD

    @extend_schema(operation_id="publisher_releases_create", request=NewRelease, responses={201: ReleaseDetail})
    def post(self, request: Request, pk: int) -> Response:
        """Found a release; its publisher's people alone see it until its ladder is published."""
        publisher = self.my_publisher(pk)
        release = releases.create_release(publisher, by=self.viewer, **self.read(NewRelease, request.data))
        return Response(detailed_release(find(releases_of(self.viewer), release.pk), self.viewer), status=201)


class PublisherForms(Face):
    """The gate forms of a publisher, to draft."""

    scope = STEWARD

    @extend_schema(operation_id="publisher_gate_forms_draft", request=NewForm, responses={201: GateFormShown})
    def post(self, request: Request, pk: int) -> Response:
        """Keep a form as a draft."""
        publisher = self.my_publisher(pk)
        asked = self.read(NewForm, request.data)
        form = policies.draft_form(publisher, by=self.viewer, title=asked["title"], questions_asked=asked["questions"])
        return Response(form_shown(form), status=201)


def _account(name: str) -> User:
    """Return the account of whoever holds this name on the Hub now. Raises NotFound.

    An account's own name is no proof of anybody: it stays when its person takes another name on the Hub.
    """
    person = HubPerson.objects.named(name).filter(user__is_active=True).select_related("user").first()
    if person is None or person.user is None:
        raise NotFound
    return person.user
