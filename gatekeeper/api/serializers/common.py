"""Shapes that several nouns share."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext
from rest_framework import serializers

from gatekeeper.api.errors import sentence
from gatekeeper.models import Repository, RepositoryKind
from gatekeeper.rules.lifecycle import Offer


class Shape(serializers.Serializer[Any]):
    """Something answered; a field that its viewer does not see is left out."""

    def to_representation(self, instance: Any) -> Any:
        """Return what is shown. What a mapping lacks is left out, even where null is allowed: null says *none*."""
        shown = super().to_representation(instance)
        if not isinstance(instance, Mapping):
            return shown
        return {name: value for name, value in shown.items() if self.fields[name].source in instance}


class Person(Shape):
    """A Hub person."""

    hub_user_id = serializers.CharField()
    hub_name = serializers.CharField(source="username")


class Member(Shape):
    """Somebody with an account here."""

    id = serializers.IntegerField()
    name = serializers.CharField(source="username")


class StageName(Shape):
    """A stage, in short."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    release = serializers.IntegerField(source="release_id")
    release_title = serializers.CharField(source="release.title")


class RepositoryName(Shape):
    """A repository, in short."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=RepositoryKind.choices)
    name = serializers.CharField()


class Why(Shape):
    """Why something is not possible now."""

    code = serializers.CharField()
    detail = serializers.CharField()


class Action(Shape):
    """Something that the viewer could do: allowed, or with what is missing."""

    action = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # taken out of the class again
    allowed = serializers.BooleanField()
    why = Why(allow_null=True)


def actions(offers: Iterable[Offer]) -> list[dict[str, Any]]:
    """Return offers as they are answered, in the reader's language."""
    return [
        {
            "action": offer.action,
            "label": gettext(offer.label),
            "allowed": offer.allowed,
            "why": {"code": offer.refusal.code, "detail": sentence(offer.refusal)} if offer.refusal else None,
        }
        for offer in offers
    ]


def in_short(repositories: Iterable[Repository]) -> list[dict[str, Any]]:
    """Return linked repositories in short, in the order of their names."""
    linked = [repository for repository in repositories if repository.unlinked_at is None]
    return [
        {"id": repository.pk, "kind": repository.kind, "name": repository.name}
        for repository in sorted(linked, key=lambda repository: repository.name)
    ]


@functools.cache
def page_of(kind: type[Shape]) -> type[serializers.Serializer[Any]]:
    """Return the shape of a page of these."""
    fields = {
        "next": serializers.URLField(allow_null=True, help_text="The next page, or null on the last."),
        "results": kind(many=True),
    }
    return type(f"{kind.__name__}Page", (Shape,), {**fields, "__doc__": "One page of a list."})
