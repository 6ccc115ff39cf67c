"""Routes of verbs, generated from the step tables: every action that a person can take, and none besides.

What is written here is only which function an action is, and which arguments it takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gatekeeper.actions import (
    campaigns,
    decisions,
    drifts,
    earlier_approvals,
    grants,
    invitations,
    procedures,
    requests,
    reviews,
    stages,
    terms,
)
from gatekeeper.api.scopes import scope_of
from gatekeeper.api.serializers import arguments
from gatekeeper.api.serializers.campaigns import CampaignDetail, Scheduling
from gatekeeper.api.serializers.cases import RequestDetail
from gatekeeper.api.serializers.drifts import DriftDetail
from gatekeeper.api.serializers.grants import GrantDetail
from gatekeeper.api.serializers.imports import ImportDetail, InvitationDetail
from gatekeeper.api.serializers.procedures import GoingOn, ProcedureDetail
from gatekeeper.api.serializers.releases import StageDetail
from gatekeeper.rules.lifecycle import TABLES, Step
from gatekeeper.rules.statuses import Role

from .base import Face, find
from .campaigns import campaigns_of, detailed_campaign
from .drifts import detailed_drift, drifts_of
from .grants import detailed_grant, grants_of
from .imports import detailed_import, imports_of
from .invitations import detailed_invitation, invitations_of
from .procedures import detailed_procedure, procedures_of
from .releases import detailed_stage, stages_of
from .requests import detailed_request, requests_of

Verb = Callable[..., Any]

VERBS: dict[str, dict[str, tuple[Verb, type[serializers.Serializer[Any]]]]] = {
    "request": {
        "answer": (requests.answer, arguments.Answers),
        "accept": (requests.accept, arguments.Acceptance),
        "submit": (requests.submit, arguments.Nothing),
        "resubmit": (requests.resubmit, arguments.Nothing),
        "withdraw": (requests.withdraw, arguments.Nothing),
        "take": (reviews.take, arguments.Nothing),
        "put_back": (reviews.put_back, arguments.Nothing),
        "ask_back": (reviews.ask_back, arguments.Question),
        "note": (reviews.note, arguments.Words),
        "answer_back": (requests.answer_back, arguments.Words),
        "recommend": (reviews.recommend, arguments.Recommendation),
        "approve": (decisions.approve, arguments.Approval),
        "deny_correctably": (decisions.deny_correctably, arguments.CorrectableDenial),
        "deny_finally": (decisions.deny_finally, arguments.FinalDenial),
    },
    "grant": {
        "suspend": (grants.suspend, arguments.Suspension),
        "reinstate": (grants.reinstate, arguments.Nothing),
        "revoke": (grants.revoke, arguments.Revocation),
        "relinquish": (grants.relinquish, arguments.Nothing),
        "accept": (terms.accept, arguments.Acceptance),
        "reset": (terms.reset, arguments.Nothing),
    },
    "stage": {
        "open": (stages.open_stage, arguments.Opening),
        "pause": (stages.pause, arguments.Pausing),
        "close": (stages.close, arguments.Nothing),
        "ask_for_terms": (terms.ask_for_terms, arguments.AskingForTerms),
        "reset_imported": (terms.reset_imported, arguments.Resetting),
    },
    "drift": {
        "record": (drifts.record, arguments.Recording),
        "undo": (drifts.undo, arguments.Nothing),
        "allow": (drifts.allow, arguments.Exceptional),
    },
    "import": {
        "rehearse": (earlier_approvals.rehearse, arguments.Nothing),
        "confirm": (earlier_approvals.confirm, arguments.Confirming),
        "discard": (earlier_approvals.discard, arguments.Nothing),
    },
    "invitation": {"withdraw": (invitations.withdraw, arguments.Nothing)},
    "procedure": {
        "start": (procedures.start, arguments.Nothing),
        "call_off": (procedures.call_off, arguments.Nothing),
        "ratify": (procedures.ratify, arguments.Nothing),
        "ask_to_lift": (procedures.ask_to_lift, arguments.Nothing),
        "keep": (procedures.keep, arguments.Nothing),
        "confirm": (procedures.confirm, GoingOn),
        "halt": (procedures.halt, arguments.Nothing),
        "resume": (procedures.resume, arguments.Nothing),
    },
    "campaign": {
        "schedule": (campaigns.schedule, Scheduling),
        "halt": (campaigns.halt, arguments.Nothing),
        "resume": (campaigns.resume, arguments.Nothing),
        "call_off": (campaigns.call_off, arguments.Nothing),
    },
}
ROWS: dict[str, Callable[[Any], QuerySet[Any]]] = {
    "request": requests_of,
    "grant": grants_of,
    "stage": stages_of,
    "drift": drifts_of,
    "import": imports_of,
    "invitation": invitations_of,
    "procedure": procedures_of,
    "campaign": campaigns_of,
}
DETAILED: dict[str, Callable[..., dict[str, Any]]] = {
    "request": detailed_request,
    "grant": detailed_grant,
    "stage": detailed_stage,
    "drift": detailed_drift,
    "import": detailed_import,
    "invitation": detailed_invitation,
    "procedure": detailed_procedure,
    "campaign": detailed_campaign,
}
SHAPES: dict[str, type[serializers.Serializer[Any]]] = {
    "request": RequestDetail,
    "grant": GrantDetail,
    "stage": StageDetail,
    "drift": DriftDetail,
    "import": ImportDetail,
    "invitation": InvitationDetail,
    "procedure": ProcedureDetail,
    "campaign": CampaignDetail,
}


def taken_by_people(step: Step) -> bool:
    """Say whether a person can take this action, and not only the clock or a worker."""
    return not step.who <= {Role.CLOCK, Role.HUB}


def routes() -> list[URLPattern]:
    """Return a route for every action of every table that a person can take."""
    return [
        path(f"{table}s/<int:pk>/{step.action}/", view_of(table, step), name=f"{table}-{step.action}")
        for table, steps in TABLES.items()
        for step in steps
        if taken_by_people(step)
    ]


def view_of(table: str, step: Step) -> Callable[..., Any]:
    """Return the view that takes one action on one thing, and answers how it stands then."""
    verb, shape = VERBS[table][step.action]

    class Taken(Face):
        scope = scope_of(step)

        @extend_schema(
            operation_id=f"{table}_{step.action}",
            summary=step.label,
            tags=[f"{table}s"],
            request=None if shape is arguments.Nothing else shape,
            responses=SHAPES[table],
        )
        def post(self, request: Request, pk: int) -> Response:
            thing = find(ROWS[table](self.viewer), pk)
            verb(thing, by=self.viewer, **self.read(shape, request.data))
            return Response(DETAILED[table](find(ROWS[table](self.viewer), pk), self.viewer))

    Taken.__doc__ = f"{step.label}."
    return Taken.as_view()
