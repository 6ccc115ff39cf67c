"""The shape of what is brought in: files of earlier approvals and their lines, invitations, and who is invited."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from gatekeeper.models import InvitationKind
from gatekeeper.rules.earlier_approvals import Verdict

from .arguments import Strict
from .common import Action, Member, Person, Shape
from .grants import GrantRow
from .words import IMPORT_STATUSES, INVITATION_STATUSES

VERDICTS = [(verdict.value, verdict.value) for verdict in Verdict]


class Evidence(Shape):
    """A file that shows the approvals. Its bytes are at `evidence/`."""

    name = serializers.CharField()
    kind = serializers.CharField(help_text="As told from its bytes.")
    size = serializers.IntegerField(help_text="In bytes.")
    sha256 = serializers.CharField()


class ImportRow(Shape):
    """A file of earlier approvals in a list."""

    id = serializers.IntegerField()
    stage = serializers.IntegerField(source="stage_id")
    status = serializers.ChoiceField(choices=IMPORT_STATUSES)
    status_at = serializers.DateTimeField()
    file_name = serializers.CharField()
    file_sha256 = serializers.CharField()
    lines = serializers.IntegerField()
    ignored_columns = serializers.ListField(child=serializers.CharField())
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="How many lines, by verdict.")
    digest = serializers.CharField(help_text="Of the dry run: to name when it is confirmed.")
    rehearsed_at = serializers.DateTimeField()
    waits_until = serializers.DateTimeField(
        help_text="Until when a dry run can be confirmed, or names of a confirmed file wait for their holders."
    )
    evidence = Evidence(allow_null=True)
    created_at = serializers.DateTimeField()
    created_by = Member()
    confirmed_at = serializers.DateTimeField(allow_null=True)
    confirmed_by = Member(allow_null=True)


class ImportDetail(ImportRow):
    """A file of earlier approvals, with what its viewer could do."""

    actions = Action(many=True)


class EarlierApprovalShown(Shape):
    """One line, and what becomes (or would become) of it."""

    line = serializers.IntegerField()
    hub_name = serializers.CharField()
    approved_on = serializers.DateField(allow_null=True)
    approver = serializers.CharField()
    terms = serializers.CharField()
    verdict = serializers.ChoiceField(choices=VERDICTS)
    reason = serializers.CharField(help_text="A code; empty where there is nothing to say.")
    detail = serializers.CharField(help_text="The reason as a sentence.")
    person = Person(allow_null=True, help_text="Null while nobody is known for certain to have the name.")
    grant = serializers.IntegerField(allow_null=True)
    request = serializers.IntegerField(allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)


class NewEvidence(Strict):
    """A file, as base64."""

    name = serializers.CharField(max_length=200)
    base64 = serializers.CharField()

    def validate_base64(self, value: str) -> bytes:
        """Return the bytes. Raises ValidationError."""
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise serializers.ValidationError(_("This is no base64.")) from error


class NewImport(Strict):
    """A file of earlier approvals: columns for name, date and approver, and perhaps terms."""

    file_name = serializers.CharField(max_length=200, default="approvals.csv")
    csv = serializers.CharField(trim_whitespace=False, help_text="The whole text; its first line names the columns.")
    evidence = NewEvidence(required=False)


class InvitationRow(Shape):
    """An invitation in a list."""

    id = serializers.IntegerField()
    stage = serializers.IntegerField(source="stage_id")
    kind = serializers.ChoiceField(choices=InvitationKind.choices)
    status = serializers.ChoiceField(choices=INVITATION_STATUSES)
    status_at = serializers.DateTimeField()
    label = serializers.CharField()  # type: ignore[assignment]  # taken out of the class again
    uses = serializers.IntegerField(help_text="How many have accepted the link.")
    most_uses = serializers.IntegerField()
    expires_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    created_by = Member()


class InvitationDetail(InvitationRow):
    """An invitation, with what its viewer could do."""

    actions = Action(many=True)


class InvitationMade(InvitationDetail):
    """An invitation by link, with the link: it is shown once."""

    link = serializers.URLField()


class NewInvitation(Strict):
    """A link that invites to a stage."""

    label = serializers.CharField(  # type: ignore[assignment]  # taken out of the class again
        max_length=200, help_text="For whom it is; seen by the publisher's people only."
    )
    days = serializers.IntegerField(help_text="How long it lasts, in days.")
    uses = serializers.IntegerField(default=1, help_text="How many people can accept it.")


class NewNames(Strict):
    """A list of Hub names to invite."""

    label = serializers.CharField(  # type: ignore[assignment]  # taken out of the class again
        max_length=200, help_text="For whom it is; seen by the publisher's people only."
    )
    days = serializers.IntegerField(help_text="How long names wait for their holders, in days.")
    names = serializers.CharField(max_length=600_000, help_text="With commas, spaces or lines between.")


class InvitedShown(Shape):
    """A name or a person who is invited."""

    id = serializers.IntegerField()
    invitation = serializers.IntegerField(source="invitation_id")
    hub_name = serializers.CharField(help_text="As it was invited.")
    person = Person(allow_null=True, help_text="Null while the name waits for its holder.")
    created_at = serializers.DateTimeField()
    met_at = serializers.DateTimeField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)


class InvitationToken(Strict):
    """The token of a link."""

    token = serializers.CharField(max_length=200)


class Invitee(Shape):
    """What one is invited to."""

    stage = serializers.IntegerField(source="stage_id")


class ImportedPage(Shape):
    """People who were brought in with their terms unproven, and the digest to name when something is asked of them."""

    digest = serializers.CharField()
    days = serializers.IntegerField(
        allow_null=True, help_text="In how many days they have to accept; null: by no date."
    )
    next = serializers.URLField(allow_null=True)
    results = GrantRow(many=True)


def bytes_of(evidence: dict[str, Any] | None) -> tuple[str, list[bytes]] | None:
    """Return a file as the verb takes it."""
    return None if evidence is None else (evidence["name"], [evidence["base64"]])
