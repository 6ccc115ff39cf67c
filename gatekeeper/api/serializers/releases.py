"""The shape of releases, stages, policies, repositories."""

from __future__ import annotations

from rest_framework import serializers

from gatekeeper.models import Intake, RepositoryKind

from .arguments import Strict
from .common import Action, RepositoryName, Shape
from .words import AUTOMATIC, CODES, ENTRY, STAGE_STATUSES


class Terms(Shape):
    """The terms of a gate policy."""

    entry = serializers.ChoiceField(choices=ENTRY)
    intake = serializers.ChoiceField(choices=Intake.choices)
    automatic = serializers.ChoiceField(choices=AUTOMATIC)
    approvals_required = serializers.IntegerField()
    duration_days = serializers.IntegerField(allow_null=True)
    cap = serializers.IntegerField(allow_null=True)
    sla_days = serializers.IntegerField()
    info_wait_days = serializers.IntegerField()
    correction_days = serializers.IntegerField()
    intake_days = serializers.IntegerField()
    reason_codes = serializers.ListField(child=serializers.ChoiceField(choices=CODES))
    conditions = serializers.ListField(child=serializers.CharField())


class NewTerms(Strict):
    """The terms of a gate policy to publish; what is not named has its default."""

    entry = serializers.ChoiceField(choices=ENTRY, required=False)
    intake = serializers.ChoiceField(choices=Intake.choices, required=False)
    automatic = serializers.ChoiceField(choices=AUTOMATIC, required=False)
    approvals_required = serializers.IntegerField(required=False)
    duration_days = serializers.IntegerField(required=False, allow_null=True)
    cap = serializers.IntegerField(required=False, allow_null=True)
    sla_days = serializers.IntegerField(required=False)
    info_wait_days = serializers.IntegerField(required=False)
    correction_days = serializers.IntegerField(required=False)
    intake_days = serializers.IntegerField(required=False)
    reason_codes = serializers.ListField(child=serializers.ChoiceField(choices=CODES), required=False)
    conditions = serializers.ListField(child=serializers.CharField(max_length=500), required=False, max_length=50)


class PolicyShown(Shape):
    """A published gate policy."""

    id = serializers.IntegerField()
    number = serializers.IntegerField()
    form = serializers.IntegerField()
    licence_version = serializers.IntegerField()
    terms = Terms()
    sha256 = serializers.CharField()
    published_at = serializers.DateTimeField()


class StageRow(Shape):
    """A stage in a list."""

    id = serializers.IntegerField()
    release = serializers.IntegerField()
    ordinal = serializers.IntegerField()
    title = serializers.CharField()
    audience = serializers.CharField(
        allow_null=True, help_text="Null: not for all audiences, and that was not acknowledged."
    )
    status = serializers.ChoiceField(choices=STAGE_STATUSES)
    status_at = serializers.DateTimeField()
    promised_on = serializers.DateField(allow_null=True)
    repositories = RepositoryName(many=True)


class StageDetail(StageRow):
    """A stage, with its policy in force and what its viewer could do."""

    policy = PolicyShown(allow_null=True)
    actions = Action(many=True)


class LadderShown(Shape):
    """The published ladder."""

    id = serializers.IntegerField()
    number = serializers.IntegerField()
    sha256 = serializers.CharField()
    published_at = serializers.DateTimeField()


class ReleaseRow(Shape):
    """A release in a list."""

    id = serializers.IntegerField()
    publisher = serializers.IntegerField(source="publisher_id")
    publisher_name = serializers.CharField(source="publisher.name")
    slug = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField(
        allow_null=True, help_text="Null: not for all audiences, and that was not acknowledged."
    )
    not_for_all_audiences = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField(allow_null=True, help_text="Null: seen by its publisher's people only.")


class ReleaseDetail(ReleaseRow):
    """A release, with its stages and its ladder."""

    ladder = LadderShown(allow_null=True)
    stages = StageRow(many=True)


class RepositoryShown(Shape):
    """A linked repository, as its publisher's people see it."""

    id = serializers.IntegerField()
    publisher = serializers.IntegerField(source="publisher_id")
    kind = serializers.ChoiceField(choices=RepositoryKind.choices)
    name = serializers.CharField()
    linked_at = serializers.DateTimeField()
    unlinked_at = serializers.DateTimeField(allow_null=True)
    seen_gate = serializers.CharField()
    seen_private = serializers.BooleanField()
    seen_licence = serializers.CharField()
    seen_commit = serializers.CharField()
    seen_tags = serializers.ListField(child=serializers.CharField())
    seen_at = serializers.DateTimeField(allow_null=True)
    observed_at = serializers.DateTimeField(allow_null=True, help_text="When the Hub's lists were last read whole.")
    parked_reason = serializers.CharField(help_text="Why reading stopped; empty if it did not.")
