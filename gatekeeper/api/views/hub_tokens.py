"""Hub tokens: how each stands, where it may act, and letting one speak for another. No secret is ever answered."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import HubToken
from gatekeeper.actions import hub_tokens
from gatekeeper.api.scopes import STEWARD
from gatekeeper.api.serializers.arguments import Nothing, Strict
from gatekeeper.api.serializers.common import Shape, page_of
from gatekeeper.api.serializers.grants import answered
from gatekeeper.models import Repository
from gatekeeper.models.hub_tokens import tokens_visible_to

from .base import Face, ListQuery, find


class ReachShown(Shape):
    """What a token was seen to be allowed at a repository; null where it could not be asked."""

    repository = serializers.IntegerField()
    name = serializers.CharField()
    may_read = serializers.BooleanField(allow_null=True)
    may_decide = serializers.BooleanField(allow_null=True)
    reason = serializers.CharField(help_text="Why not; empty if it may.")
    checked_at = serializers.DateTimeField()


class HubTokenShown(Shape):
    """A Hub token that a publisher has given. The token itself is never answered."""

    id = serializers.IntegerField()
    publisher = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]  # what it is called in the answer
    fingerprint = serializers.CharField(help_text="The first twelve hexadecimal digits of its SHA-256.")
    hub_username = serializers.CharField(help_text="Whose token it is; empty while that is not known.")
    role_seen = serializers.CharField()
    health = serializers.ChoiceField(choices=HubToken.Health.choices)
    checked_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True, help_text="When it ends, where the Hub says so.")
    created_at = serializers.DateTimeField()
    retired_at = serializers.DateTimeField(allow_null=True)
    repositories = serializers.ListField(
        child=serializers.IntegerField(), help_text="The linked repositories for which it was chosen to speak."
    )
    reaches = ReachShown(many=True)


class Speaking(Strict):
    """For which repositories a token is to speak."""

    repositories = serializers.ListField(
        child=serializers.IntegerField(), required=False, help_text="Ids; without it, all that it was seen to reach."
    )


def tokens_of(view: Face) -> Any:
    """Return the tokens that the viewer sees, with all that is answered about them."""
    return tokens_visible_to(view.viewer).prefetch_related("repositories", "reaches__repository")


def token_shown(token: HubToken) -> dict[str, Any]:
    """Return a token as it is answered."""
    names = ("id", "label", "fingerprint", "hub_username", "role_seen", "health", "checked_at", "expires_at")
    row = {name: getattr(token, name) for name in (*names, "created_at")} | {
        "publisher": token.publisher_id,
        "retired_at": token.revoked_at,
        "repositories": sorted(each.pk for each in token.repositories.all() if each.unlinked_at is None),
        "reaches": [
            {
                "repository": reach.repository_id,
                "name": reach.repository.name,
                "may_read": reach.may_read,
                "may_decide": reach.may_decide,
                "reason": reach.reason,
                "checked_at": reach.checked_at,
            }
            for reach in token.reaches.all()
            if reach.repository.unlinked_at is None
        ],
    }
    return answered(HubTokenShown, row)


class HubTokens(Face):
    """The Hub tokens of the viewer's publishers; an operator sees all."""

    @extend_schema(operation_id="hub_tokens_list", parameters=[ListQuery], responses=page_of(HubTokenShown))
    def get(self, request: Request) -> Response:
        """List tokens, newest first, retired ones too."""
        return self.listed(
            tokens_of(self), query=ListQuery, filters={}, shown=lambda found: [token_shown(one) for one in found]
        )


class OneHubToken(Face):
    """One Hub token."""

    @extend_schema(operation_id="hub_tokens_read", responses=HubTokenShown)
    def get(self, request: Request, pk: int) -> Response:
        """Read how one token stands."""
        return Response(token_shown(find(tokens_of(self), pk)))


class Checking(Face):
    """A Hub token, to be checked."""

    scope = STEWARD

    @extend_schema(operation_id="hub_token_check", request=None, responses=HubTokenShown)
    def post(self, request: Request, pk: int) -> Response:
        """Have a token checked now; `checked_at` moves when that is done. Nothing changes on the Hub."""
        token = find(tokens_of(self), pk)
        self.read(Nothing, request.data)
        hub_tokens.check_token(token, by=self.viewer)
        return Response(token_shown(find(tokens_of(self), pk)))


class Using(Face):
    """A Hub token, to speak for repositories."""

    scope = STEWARD

    @extend_schema(operation_id="hub_token_use", request=Speaking, responses=HubTokenShown)
    def post(self, request: Request, pk: int) -> Response:
        """Let a token speak for repositories of its publisher. It has to have been seen to reach what is named."""
        token = find(tokens_of(self), pk)
        named = self.read(Speaking, request.data).get("repositories")
        hub_tokens.use_token(token, by=self.viewer, repositories=None if named is None else self._places(token, named))
        return Response(token_shown(find(tokens_of(self), pk)))

    def _places(self, token: HubToken, named: list[int]) -> list[Repository]:
        theirs = Repository.objects.visible_to(self.viewer).linked().filter(publisher=token.publisher_id)
        found = list(theirs.filter(pk__in=named))
        if {each.pk for each in found} != set(named):
            raise NotFound
        return found


class Retiring(Face):
    """A Hub token, to delete here."""

    scope = STEWARD

    @extend_schema(operation_id="hub_token_retire", request=None, responses=HubTokenShown)
    def post(self, request: Request, pk: int) -> Response:
        """Delete a token here that speaks for nothing any more. On the Hub it goes on to exist."""
        token = find(tokens_of(self), pk)
        self.read(Nothing, request.data)
        hub_tokens.retire_token(token, by=self.viewer)
        return Response(token_shown(find(tokens_of(self), pk)))
