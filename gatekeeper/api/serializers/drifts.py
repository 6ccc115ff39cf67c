"""The shape of drift: what the Hub says that nobody here decided."""

from __future__ import annotations

from rest_framework import serializers

from .common import Action, Member, Person, RepositoryName, Shape
from .words import DRIFT_KINDS, DRIFT_SEVERITIES, DRIFT_STATUSES


class DriftRow(Shape):
    """Drift in a list."""

    id = serializers.IntegerField()
    repository = RepositoryName()
    person = Person(allow_null=True)
    kind = serializers.ChoiceField(choices=DRIFT_KINDS)
    severity = serializers.ChoiceField(choices=DRIFT_SEVERITIES)
    reference = serializers.CharField(
        help_text="What tells two of a kind apart: a commit, a file, a pull request, a new name."
    )
    facts = serializers.DictField(
        help_text="What was and what is, a diff of public text, and what else its kind knows."
    )
    since = serializers.DateTimeField()
    since_is_exact = serializers.BooleanField(
        help_text="Said by the Hub; else when it was last seen to be otherwise, or of accounts and members first seen."
    )
    by_hub_name = serializers.CharField(
        source="by_username", help_text="The Hub account that did it; empty: not known."
    )
    found_at = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=DRIFT_STATUSES)
    status_at = serializers.DateTimeField()
    held_back = serializers.BooleanField(help_text="Not undone without asking, because too many would lose access.")


class DriftDetail(DriftRow):
    """Drift, with what became of it and what its viewer could do."""

    resolved_at = serializers.DateTimeField(allow_null=True)
    resolved_by = Member(allow_null=True)
    words = serializers.CharField()
    excepted_until = serializers.DateTimeField(allow_null=True)
    actions = Action(many=True)
