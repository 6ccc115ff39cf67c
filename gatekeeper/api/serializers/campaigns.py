"""The shape of re-acceptance campaigns: whom they would ask, and how far they have come."""

from __future__ import annotations

from rest_framework import serializers

from gatekeeper.rules.campaigns import GRACE_DAYS, MOST_DAYS

from .arguments import LARGEST_ID, Strict
from .common import Action, Member, Shape, StageName
from .words import CAMPAIGN_STATUSES


class CampaignRow(Shape):
    """A campaign in a list."""

    id = serializers.IntegerField()
    publisher = serializers.IntegerField(source="publisher_id")
    licence_version = serializers.IntegerField(source="licence_version_id")
    asks = serializers.BooleanField(help_text="People have to accept it; else they are only told.")
    grace_days = serializers.IntegerField(help_text="Within how many days.")
    status = serializers.ChoiceField(choices=CAMPAIGN_STATUSES)
    status_at = serializers.DateTimeField()
    prepared_at = serializers.DateTimeField()
    prepared_by = Member()
    starts_at = serializers.DateTimeField(allow_null=True)
    scheduled_by = Member(allow_null=True)
    people = serializers.IntegerField(allow_null=True, help_text="How many were confirmed when it was scheduled.")
    counts_from = serializers.DateTimeField(allow_null=True, help_text="From when the days count.")
    ends_at = serializers.DateTimeField(allow_null=True, help_text="By when those who were asked first have to accept.")


class CampaignStage(Shape):
    """A stage that a campaign is about."""

    stage = StageName()
    grants = serializers.IntegerField(help_text="Whose people are asked.")


class CampaignPreview(Shape):
    """Whom a campaign would ask."""

    people = serializers.IntegerField(help_text="The number to confirm.")
    grants = serializers.IntegerField()
    stages = CampaignStage(many=True)


class CampaignProgress(Shape):
    """How far a campaign has come, in grants."""

    asked = serializers.IntegerField()
    accepted = serializers.IntegerField()
    waiting = serializers.IntegerField()
    lapsed = serializers.IntegerField(help_text="Not accepted in time. They come back by accepting.")
    suspended = serializers.IntegerField(help_text="For another reason.")
    ended = serializers.IntegerField()
    to_ask = serializers.IntegerField()
    resets = serializers.IntegerField(help_text="Of which the Hub is still to be told.")


class CampaignDetail(CampaignRow):
    """A campaign, with what it would do or has done, and what its viewer could do."""

    preview = CampaignPreview(allow_null=True, help_text="While it has not begun.")
    progress = CampaignProgress(allow_null=True, help_text="From when it has begun.")
    actions = Action(many=True)


class NewCampaign(Strict):
    """Which version is asked, and within how many days."""

    licence_version = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    grace_days = serializers.IntegerField(default=GRACE_DAYS, min_value=1, max_value=MOST_DAYS)


class Scheduling(Strict):
    """When it begins, and how many people the preview said."""

    starts_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Left out: now.")
    confirmed = serializers.IntegerField(min_value=0, max_value=LARGEST_ID, help_text="People, as the preview said.")
