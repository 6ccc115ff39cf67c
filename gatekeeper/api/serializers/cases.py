"""The shape of an access request: a row of a list, and the whole case."""

from __future__ import annotations

from rest_framework import serializers

from gatekeeper.models import AcceptanceKind, MessageKind, Origin

from .common import Action, Member, Person, Shape, StageName
from .grants import DecisionMade, HubAccessRow, LicenceName
from .words import GRANT_STATUSES, REQUEST_STATUSES


class RequestRow(Shape):
    """An access request in a list."""

    id = serializers.IntegerField()
    stage = StageName()
    requester = Person(required=False)
    origin = serializers.ChoiceField(choices=Origin.choices)
    status = serializers.ChoiceField(choices=REQUEST_STATUSES)
    status_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    queued_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(help_text="When an answer is promised.")
    breached_at = serializers.DateTimeField(allow_null=True)
    waits_until = serializers.DateTimeField(allow_null=True, help_text="When it expires if nothing is done.")
    submission = serializers.IntegerField(allow_null=True, help_text="The latest submission: name it in a decision.")
    assignee = Member(required=False, allow_null=True)


class SubmissionMade(Shape):
    """One version of the answers."""

    id = serializers.IntegerField()
    number = serializers.IntegerField()
    form = serializers.IntegerField()
    policy = serializers.IntegerField()
    origin = serializers.ChoiceField(choices=Origin.choices)
    submitted_at = serializers.DateTimeField()
    answers_digest = serializers.CharField()
    answers = serializers.DictField(
        required=False,
        allow_null=True,
        help_text="Null once they have been erased; without those that are not for you.",
    )


class HintGiven(Shape):
    """What might come back if it is submitted as it is. It never keeps anybody from submitting."""

    code = serializers.CharField(help_text="The reason code that it would come back with.")
    question = serializers.CharField()
    detail = serializers.CharField()
    way_out = serializers.CharField()
    guiding = serializers.ListField(child=serializers.CharField(), help_text="Questions that help to answer.")


class AcceptanceGiven(Shape):
    """An acceptance of a licence version."""

    id = serializers.IntegerField()
    licence_version = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=AcceptanceKind.choices)
    text_sha256 = serializers.CharField()
    acknowledged = serializers.ListField(child=serializers.CharField())
    accepted_at = serializers.DateTimeField()


class MessageSent(Shape):
    """A message about the case. `author` is left out where the viewer does not see the publisher's names."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=MessageKind.choices)
    author = Member(required=False)
    words = serializers.CharField(allow_null=True, help_text="Null once they have been erased.")
    sent_at = serializers.DateTimeField()


class ReviewGiven(Shape):
    """A reviewer's opinion on a submission."""

    id = serializers.IntegerField()
    submission = serializers.IntegerField()
    reviewer = Member(required=False)
    recommendation = serializers.CharField()
    note = serializers.CharField(allow_null=True, required=False)
    reviewed_at = serializers.DateTimeField()


class GrantName(Shape):
    """A grant, in short."""

    id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=GRANT_STATUSES)
    ends_at = serializers.DateTimeField(allow_null=True)


class RequestDetail(RequestRow):
    """The whole case, as far as its viewer sees it."""

    form = serializers.IntegerField(help_text="The gate form that is being answered.")
    policy = serializers.IntegerField()
    licence_version = LicenceName(help_text="The version in force: what has to be accepted.")
    draft = serializers.DictField(required=False, help_text="Answers as they are being written; for the requester.")
    asked_anew = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Questions that are new or changed since the draft was begun; for the requester.",
    )
    hints = HintGiven(many=True, required=False)
    reopened = serializers.ListField(child=serializers.CharField())
    submissions = SubmissionMade(many=True)
    acceptances = AcceptanceGiven(many=True)
    messages = MessageSent(many=True, required=False)
    reviews = ReviewGiven(many=True, required=False)
    decisions = DecisionMade(many=True)
    grants = GrantName(many=True)
    hub_access = HubAccessRow(many=True, required=False)
    actions = Action(many=True)
