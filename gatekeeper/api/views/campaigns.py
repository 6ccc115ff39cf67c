"""Re-acceptance campaigns: list, prepare, look at one. What is done with one is in verbs.py."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.viewer import Viewer
from gatekeeper.actions import campaigns
from gatekeeper.api.scopes import STEWARD
from gatekeeper.api.serializers.arguments import LARGEST_ID
from gatekeeper.api.serializers.campaigns import CampaignDetail, CampaignRow, NewCampaign
from gatekeeper.api.serializers.common import actions, page_of
from gatekeeper.api.serializers.grants import answered
from gatekeeper.api.serializers.words import CAMPAIGN_STATUSES
from gatekeeper.models import Campaign, LicenceVersion
from gatekeeper.models.campaign_tallies import Preview, tally_of

from .base import Face, ListQuery, find


class CampaignQuery(ListQuery):
    """What the list of campaigns is filtered by."""

    publisher = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    status = serializers.ChoiceField(choices=CAMPAIGN_STATUSES, required=False)


def campaigns_of(viewer: Viewer) -> QuerySet[Campaign]:
    """Return the campaigns that the viewer sees."""
    return (
        Campaign.objects.visible_to(viewer)
        .select_related("licence_version__licence", "prepared_by", "scheduled_by")
        .defer("licence_version__text")
    )


def detailed_campaign(campaign: Campaign, viewer: Viewer) -> dict[str, Any]:
    """Return a campaign as its detail answers it."""
    shown: Any = campaign
    begun = campaign.counts_from is not None
    preview = Preview(campaign)
    shown.preview = (
        None
        if begun
        else {
            "people": preview.people,
            "grants": preview.grants,
            "stages": [{"stage": stage, "grants": number} for stage, number in preview.stages],
        }
    )
    shown.progress = tally_of(campaign) if begun else None
    shown.actions = actions(campaign.actions_for(viewer))
    return answered(CampaignDetail, campaign)


class Campaigns(Face):
    """The campaigns of the publishers that the viewer works for."""

    scope = STEWARD

    @extend_schema(operation_id="campaigns_list", parameters=[CampaignQuery], responses=page_of(CampaignRow))
    def get(self, request: Request) -> Response:
        """List campaigns, newest first."""
        return self.listed(
            campaigns_of(self.viewer),
            query=CampaignQuery,
            filters={
                "publisher": lambda publisher: Q(publisher=publisher),
                "status": lambda status: Q(status=status),
            },
            shown=lambda found: [answered(CampaignRow, campaign) for campaign in found],
        )

    @extend_schema(operation_id="campaigns_prepare", request=NewCampaign, responses={201: CampaignDetail})
    def post(self, request: Request) -> Response:
        """Prepare a campaign for a published version; nobody is asked anything before it is scheduled."""
        asked = self.read(NewCampaign, request.data)
        versions = LicenceVersion.objects.visible_to(self.viewer).select_related("licence__publisher")
        version = find(versions, asked["licence_version"])
        made = campaigns.prepare(version, by=self.viewer, grace_days=asked["grace_days"])
        return Response(detailed_campaign(find(campaigns_of(self.viewer), made.pk), self.viewer), status=201)


class OneCampaign(Face):
    """One campaign."""

    @extend_schema(operation_id="campaigns_read", responses=CampaignDetail)
    def get(self, request: Request, pk: int) -> Response:
        """Read one, with whom it would ask or how far it has come, and what the viewer could do about it."""
        return Response(detailed_campaign(find(campaigns_of(self.viewer), pk), self.viewer))
