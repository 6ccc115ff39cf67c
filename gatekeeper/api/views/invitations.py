"""Invitations: by link, by names, accepted. What is done with one is in verbs.py."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.viewer import Viewer
from gatekeeper.actions import invitations
from gatekeeper.api.scopes import APPLY, STEWARD
from gatekeeper.api.serializers.arguments import Nothing
from gatekeeper.api.serializers.common import actions, page_of
from gatekeeper.api.serializers.grants import answered
from gatekeeper.api.serializers.imports import (
    InvitationDetail,
    InvitationMade,
    InvitationRow,
    InvitationToken,
    InvitedShown,
    Invitee,
    NewInvitation,
    NewNames,
)
from gatekeeper.models import Invitation, Invited
from gatekeeper.models.invitations import INVITATION_PAGE, token_digest

from .base import Face, ListQuery, find
from .imports import worked_on


def invitations_of(viewer: Viewer) -> QuerySet[Invitation]:
    """Return the invitations that the viewer sees, with what a row and its roles are read from."""
    return Invitation.objects.visible_to(viewer).select_related("stage__release", "created_by")


def detailed_invitation(invitation: Invitation, viewer: Viewer) -> dict[str, Any]:
    """Return an invitation as its detail answers it."""
    return answered(InvitationRow, invitation) | {"actions": actions(invitation.actions_for(viewer))}


def invited_of(viewer: Viewer) -> QuerySet[Invited]:
    """Return who is invited by publishers that the viewer works for."""
    return Invited.objects.visible_to(viewer).select_related("stage__release", "invitation", "person")


class StageInvitations(Face):
    """The invitations to a stage."""

    scope = STEWARD

    @extend_schema(operation_id="stage_invitations_list", parameters=[ListQuery], responses=page_of(InvitationRow))
    def get(self, request: Request, pk: int) -> Response:
        """List the invitations to a stage, newest first."""
        return self.listed(
            invitations_of(self.viewer).filter(stage=worked_on(self.viewer, pk)),
            query=ListQuery,
            filters={},
            shown=lambda found: [answered(InvitationRow, one) for one in found],
        )

    @extend_schema(operation_id="stage_invitations_make", request=NewInvitation, responses={201: InvitationMade})
    def post(self, request: Request, pk: int) -> Response:
        """Make a link that invites to a stage. It is shown in this answer, and never again."""
        stage = worked_on(self.viewer, pk)
        asked = self.read(NewInvitation, request.data)
        invitation, token = invitations.invite_by_link(stage, by=self.viewer, **asked)
        detail = detailed_invitation(find(invitations_of(self.viewer), invitation.pk), self.viewer)
        return Response(detail | {"link": settings.PUBLIC_URL + INVITATION_PAGE % token}, status=201)


class OneInvitation(Face):
    """One invitation."""

    @extend_schema(operation_id="invitations_read", responses=InvitationDetail)
    def get(self, request: Request, pk: int) -> Response:
        """Read one invitation, with what the viewer could do. Its link is not known here."""
        return Response(detailed_invitation(find(invitations_of(self.viewer), pk), self.viewer))


class StageInvited(Face):
    """Who is invited to a stage."""

    scope = STEWARD

    @extend_schema(operation_id="stage_invited_list", parameters=[ListQuery], responses=page_of(InvitedShown))
    def get(self, request: Request, pk: int) -> Response:
        """List who is invited to a stage, newest first."""
        return self.listed(
            invited_of(self.viewer).filter(stage=worked_on(self.viewer, pk)),
            query=ListQuery,
            filters={},
            shown=lambda found: [answered(InvitedShown, one) for one in found],
        )

    @extend_schema(operation_id="stage_invited_add", request=NewNames, responses={201: InvitationDetail})
    def post(self, request: Request, pk: int) -> Response:
        """Invite people by their Hub names. Nobody is written to who is not known here by their Hub id."""
        stage = worked_on(self.viewer, pk)
        asked = self.read(NewNames, request.data)
        invitation = invitations.invite_names(stage, by=self.viewer, **asked)
        return Response(detailed_invitation(find(invitations_of(self.viewer), invitation.pk), self.viewer), status=201)


class Uninviting(Face):
    """One who is invited, to take that back."""

    scope = STEWARD

    @extend_schema(operation_id="invited_withdraw", request=None, responses=InvitedShown)
    def post(self, request: Request, pk: int) -> Response:
        """Take back that one name, or one person, is invited."""
        self.read(Nothing, request.data)
        invitations.withdraw_one(find(invited_of(self.viewer), pk), by=self.viewer)
        return Response(answered(InvitedShown, find(invited_of(self.viewer), pk)))


class Accepting(Face):
    """An invitation by link, to accept."""

    scope = APPLY

    @extend_schema(operation_id="invitation_accept", request=InvitationToken, responses=Invitee)
    def post(self, request: Request) -> Response:
        """Accept an invitation by its token: from then on one may ask for its stage."""
        asked = self.read(InvitationToken, request.data)
        invited = invitations.accept_invitation(token_digest(asked["token"]), by=self.viewer)
        return Response(answered(Invitee, invited))
