"""The shape of procedures: the emergency stop and the safe re-gate, and how far each has come."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from gatekeeper.actions.procedures import LONGEST_WORDS
from gatekeeper.rules.procedures import ProcedureKind, Scope

from .arguments import LARGEST_ID, Strict
from .common import Action, Member, Shape
from .words import PHASES, PROCEDURE_KINDS, PROCEDURE_STATUSES, SCOPES

ONLY_REPOSITORIES = _("Only a repository can be gated again.")


class ProcedureRow(Shape):
    """A procedure in a list."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=PROCEDURE_KINDS)
    publisher = serializers.CharField(source="publisher.name")
    scope = serializers.ChoiceField(choices=SCOPES)
    covers = serializers.CharField(help_text="The stage, release, repository or publisher that it is about, by name.")
    stage = serializers.IntegerField(source="stage_id", allow_null=True)
    release = serializers.IntegerField(source="release_id", allow_null=True)
    repository = serializers.IntegerField(source="repository_id", allow_null=True)
    words = serializers.CharField(help_text="Why.")
    status = serializers.ChoiceField(choices=PROCEDURE_STATUSES)
    status_at = serializers.DateTimeField()
    phase = serializers.ChoiceField(choices=PHASES)
    prepared_at = serializers.DateTimeField()
    prepared_by = Member()
    started_at = serializers.DateTimeField(allow_null=True)
    started_by = Member(allow_null=True)
    ratify_until = serializers.DateTimeField(
        allow_null=True, help_text="Until when a second person has to ratify a stop that one person started."
    )
    ratified_at = serializers.DateTimeField(allow_null=True)
    ratified_by = Member(allow_null=True)
    breached_at = serializers.DateTimeField(allow_null=True, help_text="When it was noted that nobody ratified it.")
    decided_by_one_person = serializers.BooleanField(source="by_one", help_text="Nobody else was there who could.")


class StopProgress(Shape):
    """How far an emergency stop, or its lift, has come. Counted in people."""

    people = serializers.IntegerField()
    to_do = serializers.IntegerField(help_text="Still to be suspended, or to be given back.")
    confirmed = serializers.IntegerField(help_text="The Hub was read back, at every repository.")
    waiting = serializers.IntegerField(help_text="The Hub is to be told, or to be read back.")
    parked = serializers.IntegerField(help_text="Waiting for somebody to look.")
    kept = serializers.IntegerField(help_text="Having access at a repository through a stage that is not stopped.")
    again = serializers.IntegerField(help_text="Let in on the Hub by hand since.")
    returned = serializers.IntegerField(help_text="Of a lift: given back.")
    outcomes = serializers.DictField(child=serializers.IntegerField(), help_text="Of a lift: what became of grants.")


class RegateProgress(Shape):
    """Whom the Hub lets in at a repository that is gated again."""

    accepted = serializers.IntegerField()
    granted = serializers.IntegerField()
    excepted = serializers.IntegerField(help_text="Allowed until a day.")
    undecided = serializers.IntegerField(help_text="The number to confirm.")
    closing = serializers.IntegerField(help_text="Being ended.")
    parked = serializers.IntegerField(help_text="Waiting for somebody to look.")


class ProcedureDetail(ProcedureRow):
    """A procedure, with how far it has come and what its viewer could do."""

    asked_at = serializers.DateTimeField(allow_null=True, help_text="When somebody asked to lift it.")
    asked_by = Member(allow_null=True)
    confirmed_at = serializers.DateTimeField(allow_null=True)
    confirmed_by = Member(allow_null=True)
    stop = StopProgress(allow_null=True)
    regate = RegateProgress(allow_null=True)
    calls_left = serializers.IntegerField(help_text="About how many calls to the Hub are still to be made.")
    seconds_left = serializers.IntegerField(help_text="About how long that takes.")
    proof = serializers.DictField(help_text="What was read back when it came into force, and when it was done.")
    actions = Action(many=True)


class Preparing(Strict):
    """What is prepared: a stop of a stage, a release, a repository or a publisher; or a re-gate of a repository."""

    kind = serializers.ChoiceField(choices=PROCEDURE_KINDS)
    scope = serializers.ChoiceField(choices=SCOPES)
    covers = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, help_text="The id of what the scope names.")
    words = serializers.CharField(max_length=LONGEST_WORDS, help_text="Why.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return what is prepared. Raises ValidationError for a re-gate of anything but a repository."""
        if attrs["kind"] == ProcedureKind.REGATE and attrs["scope"] != Scope.REPOSITORY:
            raise serializers.ValidationError(
                {"scope": [serializers.ErrorDetail(str(ONLY_REPOSITORIES), code="invalid")]}
            )
        return attrs


class ProofLine(Shape):
    """One grant that a stop has suspended."""

    grant = serializers.IntegerField()
    hub_name = serializers.CharField()
    suspended_at = serializers.DateTimeField()
    read_back_at = serializers.DateTimeField(allow_null=True)
    line = serializers.CharField(help_text="The digest is the SHA-256 of all lines, each ended by a line feed.")


class Proof(Shape):
    """What was read back, and who was suspended."""

    procedure = serializers.IntegerField()
    proof = serializers.DictField()
    digest = serializers.CharField(help_text="Of the lines as they are now; the record holds what it was.")
    people = ProofLine(many=True)


class GoingOn(Strict):
    """What is confirmed."""

    confirmed = serializers.IntegerField(
        min_value=0, max_value=LARGEST_ID, required=False, help_text="Of a re-gate: how many people lose access."
    )
