"""The shape of a grant, and of what the Hub should say and says about it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gatekeeper.models import Outcome
from gatekeeper.rules.access import Access, Closing, Seen

from .common import Action, Member, Person, RepositoryName, Shape, StageName
from .words import CODES, GRANT_STATUSES


class HubAccessRow(Shape):
    """What is wished and what was seen of one person at one repository."""

    id = serializers.IntegerField()
    repository = RepositoryName()
    person = Person()
    access = serializers.ChoiceField(choices=[(value.value, value.value) for value in Access])
    closing = serializers.ChoiceField(choices=[(value.value, value.value) for value in Closing], allow_blank=True)
    cause = serializers.CharField()
    generation = serializers.IntegerField()
    due_at = serializers.DateTimeField(allow_null=True, help_text="Null once the wish was read back.")
    attempts = serializers.IntegerField()
    parked_reason = serializers.CharField(help_text="Why it waits for somebody to look; empty if it does not.")
    applied_at = serializers.DateTimeField(allow_null=True)
    confirmed_at = serializers.DateTimeField(allow_null=True)
    seen = serializers.ChoiceField(choices=[(value.value, value.value) for value in Seen])
    seen_at = serializers.DateTimeField(allow_null=True)


class LicenceName(Shape):
    """A licence version, in short."""

    id = serializers.IntegerField()
    identifier = serializers.CharField(source="licence.identifier")
    title = serializers.CharField(source="licence.title")
    number = serializers.IntegerField()
    text_sha256 = serializers.CharField()
    digest = serializers.CharField(help_text="Over all that it says: the `version_sha256` of an acceptance.")


class DecisionMade(Shape):
    """A decision."""

    id = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    reason_codes = serializers.ListField(child=serializers.ChoiceField(choices=CODES))
    submission = serializers.IntegerField(allow_null=True)
    policy = serializers.IntegerField()
    reopened = serializers.ListField(child=serializers.CharField())
    words = serializers.CharField(allow_null=True, required=False, help_text="Null once they have been erased.")
    redress = serializers.CharField()
    automatic = serializers.BooleanField()
    decided_at = serializers.DateTimeField()
    decided_by = Member(required=False)


class GrantRow(Shape):
    """A grant in a list."""

    id = serializers.IntegerField()
    stage = StageName()
    holder = Person(required=False)
    request = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(choices=GRANT_STATUSES)
    status_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    activated_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True, help_text="Null: no end.")
    conditions = serializers.ListField(child=serializers.CharField())
    imported = serializers.BooleanField(help_text="Brought in rather than decided here.")
    licence_version = LicenceName(allow_null=True, help_text="Null: nobody has proof that the terms were accepted.")


class GrantDetail(GrantRow):
    """A grant, with what its viewer could do."""

    decisions = DecisionMade(many=True)
    hub_access = HubAccessRow(many=True, required=False)
    actions = Action(many=True)


def answered(kind: type[serializers.Serializer[Any]], row: Any) -> dict[str, Any]:
    """Return a row (or a mapping) in a shape; what a mapping lacks is left out."""
    return dict(kind(row).data)
