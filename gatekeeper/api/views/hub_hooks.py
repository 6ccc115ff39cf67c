"""Webhooks at the Hub: where each stands, and switching them on and off. No secret is ever answered."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gatekeeper.actions import hub_hooks
from gatekeeper.api.scopes import STEWARD
from gatekeeper.api.serializers.arguments import Nothing
from gatekeeper.api.serializers.common import Shape, page_of
from gatekeeper.api.serializers.grants import answered
from gatekeeper.models import HookState, HubHook, RepositoryKind

from .base import Face, ListQuery, find


class WatchedShown(Shape):
    """A repository that the Hub was last seen to watch."""

    kind = serializers.ChoiceField(choices=RepositoryKind.choices)
    name = serializers.CharField()


class HubHookShown(Shape):
    """The webhook of a publisher: what is wished, and what was seen of it at the Hub."""

    id = serializers.IntegerField()
    publisher = serializers.IntegerField()
    wanted = serializers.BooleanField(help_text="Whether it is switched on here.")
    told = serializers.BooleanField(help_text="Whether the Hub has been told of the last change of that.")
    state = serializers.ChoiceField(choices=HookState.choices, help_text="Where it was last seen to stand at the Hub.")
    address = serializers.CharField(help_text="What the Hub calls.")
    hub_id = serializers.CharField(help_text="Its id at the Hub; empty where it has none.")
    watched = WatchedShown(many=True)
    parked_reason = serializers.CharField(help_text="Why it could not be seen to; empty if it could.")
    seen_at = serializers.DateTimeField(allow_null=True)
    heard_at = serializers.DateTimeField(allow_null=True, help_text="When the Hub last called with the right secret.")
    refused_at = serializers.DateTimeField(allow_null=True, help_text="When somebody last called with another one.")


def hook_shown(hook: HubHook) -> dict[str, Any]:
    """Return a webhook as it is answered."""
    names = ("id", "wanted", "state", "hub_id", "parked_reason", "seen_at", "heard_at", "refused_at")
    row = {name: getattr(hook, name) for name in names} | {
        "publisher": hook.publisher_id,
        "told": hook.told_generation == hook.generation,
        "address": settings.PUBLIC_URL + hook.path,
        "watched": [{"kind": kind, "name": name} for kind, name in hook.watched],
    }
    return answered(HubHookShown, row)


class HubHooks(Face):
    """The webhooks of the viewer's publishers; an operator sees all."""

    @extend_schema(operation_id="hub_hooks_list", parameters=[ListQuery], responses=page_of(HubHookShown))
    def get(self, request: Request) -> Response:
        """List webhooks, newest first."""
        return self.listed(
            HubHook.objects.visible_to(self.viewer),
            query=ListQuery,
            filters={},
            shown=lambda found: [hook_shown(hook) for hook in found],
        )


class OneHubHook(Face):
    """One webhook."""

    @extend_schema(operation_id="hub_hooks_read", responses=HubHookShown)
    def get(self, request: Request, pk: int) -> Response:
        """Read where one webhook stands."""
        return Response(hook_shown(find(HubHook.objects.visible_to(self.viewer), pk)))


class PublisherHubHook(Face):
    """The webhook of a publisher, to switch on."""

    scope = STEWARD

    @extend_schema(operation_id="publisher_hub_hook_switch_on", request=None, responses=HubHookShown)
    def post(self, request: Request, pk: int) -> Response:
        """Switch the webhook of a publisher on, or on again after the Hub suspended or somebody deleted it."""
        publisher = self.my_publisher(pk)
        self.read(Nothing, request.data)
        return Response(hook_shown(hub_hooks.switch_on(publisher, by=self.viewer)))


class SwitchingOff(Face):
    """A webhook, to switch off."""

    scope = STEWARD

    @extend_schema(operation_id="hub_hook_switch_off", request=None, responses=HubHookShown)
    def post(self, request: Request, pk: int) -> Response:
        """Switch a webhook off; changes are found by asking the Hub."""
        hook = find(HubHook.objects.visible_to(self.viewer), pk)
        self.read(Nothing, request.data)
        return Response(hook_shown(hub_hooks.switch_off(hook, by=self.viewer)))


class Rotating(Face):
    """A webhook, to give another secret."""

    scope = STEWARD

    @extend_schema(operation_id="hub_hook_rotate_secret", request=None, responses=HubHookShown)
    def post(self, request: Request, pk: int) -> Response:
        """Have a new secret made and told to the Hub. It is not answered: nobody has to know it."""
        hook = find(HubHook.objects.visible_to(self.viewer), pk)
        self.read(Nothing, request.data)
        return Response(hook_shown(hub_hooks.rotate_secret(hook, by=self.viewer)))
