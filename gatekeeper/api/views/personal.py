"""What is kept of somebody, to read and to have erased; and the legal holds, for those who answer for them."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.actions import erasure
from gatekeeper.api.errors import sentence
from gatekeeper.api.scopes import APPLY, OPERATE, STEWARD
from gatekeeper.api.serializers.arguments import LARGEST_ID, Nothing, Strict
from gatekeeper.api.serializers.common import Shape, page_of
from gatekeeper.models import ErasureRequest, LegalHold
from gatekeeper.models.own_data import consequences, own_data
from gatekeeper.rules.erasure import Fate
from gatekeeper.rules.lifecycle import NOT_YOURS
from gatekeeper.rules.refusals import NotAllowed, Refusal, Unmet
from gatekeeper.rules.refusals import gettext_noop as _

from .base import Face, ListQuery, find

# Erasing cannot be taken back: a token that somebody else got hold of is not enough for it.
NOT_BY_TOKEN = Refusal("not_by_token", _("Sign in to have your data erased: a token cannot do that."))
HELD_ELSEWHERE = Refusal("held_elsewhere", _("Another publisher holds this person’s data back."))
FATES = [(fate.value, fate.value) for fate in Fate]


class ConsequenceShown(Shape):
    """One thing that erasing means."""

    kind = serializers.CharField()
    fate = serializers.ChoiceField(choices=FATES)
    count = serializers.IntegerField()
    what = serializers.CharField()
    why = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True, help_text="Of what stays; null: without an end.")


class Meaning(Shape):
    """What erasing means now, and what holds it back."""

    consequences = ConsequenceShown(many=True)
    held_by = serializers.ListField(child=serializers.CharField(), help_text="Why nothing is erased now, if so.")


class ErasureShown(Shape):
    """A request to erase."""

    id = serializers.IntegerField()
    person = serializers.CharField()
    asked_at = serializers.DateTimeField()
    carried_out_at = serializers.DateTimeField(allow_null=True, help_text="Null: a legal hold stands in its way.")
    held_by = serializers.ListField(child=serializers.CharField())


class LegalHoldShown(Shape):
    """A legal hold."""

    id = serializers.IntegerField()
    publisher = serializers.IntegerField(source="publisher_id")
    person = serializers.CharField()
    reason = serializers.CharField()
    set_at = serializers.DateTimeField()
    lifted_at = serializers.DateTimeField(allow_null=True)


class NewHold(Strict):
    """Whose data is held, and why."""

    person = serializers.CharField(max_length=200, help_text="A Hub name.")
    reason = serializers.CharField(max_length=erasure.LONGEST_REASON, help_text="Its person reads this.")


class NewErasure(Strict):
    """Whose data is erased."""

    person = serializers.CharField(max_length=200, help_text="A Hub name.")


class HoldQuery(ListQuery):
    """What the list of holds is filtered by."""

    publisher = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)


class OwnData(Shape):
    """All that is kept of somebody, by what it is about."""

    person = serializers.DictField()
    account = serializers.DictField(allow_null=True)
    requests = serializers.ListField(child=serializers.DictField())
    acceptances = serializers.ListField(child=serializers.DictField())
    grants = serializers.ListField(child=serializers.DictField())
    hub = serializers.ListField(child=serializers.DictField(), help_text="What the Hub should say and said.")
    invitations = serializers.ListField(child=serializers.DictField())
    earlier_approvals = serializers.ListField(child=serializers.DictField())
    notices = serializers.ListField(child=serializers.DictField())
    erasures = serializers.ListField(child=serializers.DictField())
    legal_holds = serializers.ListField(child=serializers.DictField())


class OwnFace(Face):
    """A view about the viewer's own data."""

    @property
    def person(self) -> HubPerson:
        """Return the viewer's Hub person. Raises NotFound without one: nothing is kept under no name."""
        if self.viewer.person is None:
            raise NotFound
        return self.viewer.person


class MyData(OwnFace):
    """All that is kept of the viewer."""

    @extend_schema(operation_id="my_data_read", responses=OwnData)
    def get(self, request: Request) -> Response:
        """Read all that is kept of you; the same as the page “My data” and its file."""
        return Response(own_data(self.person))


class MyErasure(OwnFace):
    """Having one's own data erased."""

    scope = APPLY

    @extend_schema(operation_id="my_data_erasure_preview", responses=Meaning)
    def get(self, request: Request) -> Response:
        """Say what ends, what goes, and what stays, until when and why. Nothing is changed."""
        meant = [
            {
                "kind": each.code,
                "fate": each.fate.value,
                "count": each.count,
                "what": gettext(each.label),
                "why": gettext(each.why),
                "until": each.until,
            }
            for each in consequences(self.person)
        ]
        return Response(Meaning({"consequences": meant, "held_by": held_by(self.person.pk)}).data)

    @extend_schema(operation_id="my_data_erase", request=None, responses={201: ErasureShown})
    def post(self, request: Request) -> Response:
        """Erase your data, at once; while a legal hold stands the request waits. Signed in only: never by a token."""
        if self.viewer.scopes is not None:
            raise NotAllowed(NOT_BY_TOKEN)
        self.read(Nothing, request.data)
        return Response(shown([erasure.ask(self.person, by=self.viewer)], self.viewer)[0], status=201)


class Erasures(Face):
    """Requests to erase: one's own, and those that one answers for."""

    scope = OPERATE

    @extend_schema(operation_id="erasures_list", parameters=[ListQuery], responses=page_of(ErasureShown))
    def get(self, request: Request) -> Response:
        """List requests to erase, newest first."""
        asked = ErasureRequest.objects.visible_to(self.viewer).select_related("person")
        return self.listed(asked, query=ListQuery, filters={}, shown=partial(shown, viewer=self.viewer))

    @extend_schema(operation_id="erasures_ask", request=NewErasure, responses={201: ErasureShown})
    def post(self, request: Request) -> Response:
        """Erase somebody's data for them, as an operator whom they asked otherwise."""
        if not self.viewer.is_operator:
            raise NotAllowed(NOT_YOURS)
        name = self.read(NewErasure, request.data)["person"]
        return Response(shown([erasure.ask(person_called(name), by=self.viewer)], self.viewer)[0], status=201)


class LegalHolds(Face):
    """The legal holds of the viewer's publishers; an operator sees all."""

    @extend_schema(operation_id="legal_holds_list", parameters=[HoldQuery], responses=page_of(LegalHoldShown))
    def get(self, request: Request) -> Response:
        """List legal holds, lifted ones too, newest first."""
        return self.listed(
            LegalHold.objects.visible_to(self.viewer).select_related("person"),
            query=HoldQuery,
            filters={"publisher": lambda publisher: Q(publisher=publisher)},
            shown=lambda found: LegalHoldShown(found, many=True).data,
        )


class PublisherHolds(Face):
    """A publisher, to hold somebody's data for it."""

    scope = STEWARD

    @extend_schema(operation_id="publisher_legal_holds_set", request=NewHold, responses={201: LegalHoldShown})
    def post(self, request: Request, pk: int) -> Response:
        """Keep what there is of a person, for a legal reason that they are told."""
        publisher = self.my_publisher(pk)
        asked = self.read(NewHold, request.data)
        made = erasure.hold(publisher, by=self.viewer, person=person_called(asked["person"]), reason=asked["reason"])
        return Response(LegalHoldShown(made).data, status=201)


class LiftingHold(Face):
    """A legal hold, to lift."""

    scope = STEWARD

    @extend_schema(operation_id="legal_hold_lift", request=None, responses=LegalHoldShown)
    def post(self, request: Request, pk: int) -> Response:
        """Lift a hold; what was asked for meanwhile is erased within a minute."""
        found = find(LegalHold.objects.visible_to(self.viewer).select_related("person"), pk)
        self.read(Nothing, request.data)
        return Response(LegalHoldShown(erasure.lift(found, by=self.viewer)).data)


def person_called(name: str) -> HubPerson:
    """Return who bears a Hub name. Raises Unmet for nobody who is known here."""
    person = HubPerson.objects.filter(username__iexact=name.strip().removeprefix("@")).first()
    if person is None:
        raise Unmet(erasure.NOBODY)
    return person


def held_by(person: int) -> list[str]:
    """Return why nothing of a person is erased now, as sentences."""
    holds = LegalHold.objects.standing().filter(person=person).select_related("publisher").order_by("pk")
    return [sentence(hold.refusal) for hold in holds]


def shown(asked: list[ErasureRequest], viewer: Viewer) -> list[Any]:
    """Return requests to erase as they are answered; three statements.

    The reason of a hold is for its person, and for those who see the hold: others read that there is one.
    """
    waiting = [row.person_id for row in asked if row.carried_out_at is None]
    holds = LegalHold.objects.standing().filter(person__in=waiting).select_related("publisher").order_by("pk")
    seen = set(LegalHold.objects.visible_to(viewer).filter(pk__in=holds.values("pk")).values_list("pk", flat=True))
    own = viewer.person.pk if viewer.person else None
    why: dict[int, list[str]] = {}
    for hold in holds:
        known = hold.pk in seen or hold.person_id == own
        why.setdefault(hold.person_id, []).append(sentence(hold.refusal if known else HELD_ELSEWHERE))
    return [
        ErasureShown(
            {
                "id": row.pk,
                "person": row.person.username,
                "asked_at": row.asked_at,
                "carried_out_at": row.carried_out_at,
                "held_by": why.get(row.person_id, []),
            }
        ).data
        for row in asked
    ]
