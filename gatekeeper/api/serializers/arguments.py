"""What an action takes: one small shape for each; actions that take nothing share an empty one."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gatekeeper.actions.acceptances import AUTHORITY, LONGEST_NAME, Shown
from gatekeeper.actions.words import LONGEST_WORDS
from gatekeeper.api.errors import NOT_TAKEN

from .words import CODES

LARGEST_ID = 2**63 - 1


class Strict(serializers.Serializer[Any]):
    """A shape that refuses names it does not know: a misspelt condition must not be lost in silence."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values. Raises ValidationError, also for a name that is not taken here."""
        values = super().to_internal_value(data)
        unknown = set(data) - set(self.fields)
        if unknown:
            refused = serializers.ErrorDetail(str(NOT_TAKEN), code="unknown_field")
            raise serializers.ValidationError({str(name): [refused] for name in sorted(unknown)})
        return values


def words(required: bool = True) -> serializers.CharField:
    """Return a field for what somebody writes to somebody."""
    return serializers.CharField(max_length=LONGEST_WORDS, required=required, help_text="Plain text.")


def codes() -> serializers.ListField:
    """Return a field for reason codes."""
    return serializers.ListField(
        child=serializers.ChoiceField(choices=CODES), min_length=1, help_text="Reason codes; at least one."
    )


def submission() -> serializers.IntegerField:
    """Return the field for the submission that was seen; another one in the meantime is a conflict (409)."""
    return serializers.IntegerField(
        source="seen",
        min_value=1,
        max_value=LARGEST_ID,
        help_text="The id of the submission that you saw. If there is a newer one, nothing is done: 409.",
    )


class Nothing(Strict):
    """No arguments."""


class Answers(Strict):
    """Answers by the key of their question."""

    answers = serializers.DictField(child=serializers.JSONField(allow_null=True))


class Acceptance(Strict):
    """The licence text that was shown, by its hash, and the use restrictions that were acknowledged."""

    text_sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", help_text="SHA-256 of the exact bytes that were shown.")
    version_sha256 = serializers.RegexField(
        r"^[0-9a-f]{64}$",
        allow_null=True,
        default=None,
        help_text="Digest of the version that was shown: 409 if another is in force, though its text be the same.",
    )
    acknowledged = serializers.ListField(
        child=serializers.CharField(max_length=100), default=list, help_text="Slugs of the use restrictions."
    )
    language = serializers.CharField(source="shown.language", max_length=10, default="en")
    text_language = serializers.CharField(
        source="shown.text_language",
        max_length=10,
        default="",
        allow_blank=True,
        help_text="Of the translation that was shown besides; empty: the text that binds alone.",
    )
    organisation = serializers.CharField(
        source="shown.organisation",
        max_length=LONGEST_NAME,
        default="",
        allow_blank=True,
        help_text="Legal name; empty: for oneself.",
    )
    may_accept = serializers.BooleanField(
        source="shown.authority", default=False, help_text=f"Of an organisation: “{AUTHORITY}”"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return what the verbs take: a script is shown nothing, and says what it acknowledges by its slug."""
        said, slugs = attrs["shown"], attrs["acknowledged"]
        controls = [{"control": f"restriction:{slug}", "words": "API"} for slug in slugs]
        attrs["shown"] = Shown(
            language=said["language"],
            controls=[*controls, {"control": "call", "words": "API"}],
            organisation=said["organisation"],
            authority=AUTHORITY if said["authority"] else "",
            text_language=said["text_language"],
        )
        return attrs


class Words(Strict):
    """Something said."""

    words = words()


class Question(Words):
    """A question back to the requester."""

    submission = submission()


class Recommendation(Strict):
    """An opinion for approval."""

    submission = submission()
    note = serializers.CharField(max_length=LONGEST_WORDS, required=False, help_text="Private to the publisher.")


class Approval(Words):
    """A decision to approve."""

    submission = submission()
    codes = codes()
    conditions = serializers.ListField(child=serializers.CharField(max_length=500), default=list, max_length=20)


class FinalDenial(Words):
    """A decision to deny for good."""

    submission = submission()
    codes = codes()


class CorrectableDenial(FinalDenial):
    """A decision to deny with the way to mend it."""

    reopened = serializers.ListField(
        child=serializers.CharField(max_length=100),
        default=list,
        help_text="Keys of the questions that may be answered again; none named means all.",
    )


class Suspension(Strict):
    """A suspension, with words or without."""

    words = words(required=False)


class Revocation(Words):
    """A decision to revoke."""

    codes = codes()


class Opening(Strict):
    """How a stage opens."""

    card_link = serializers.URLField(
        max_length=500,
        required=False,
        help_text="Where to apply. With it the card of each repository gets two lines; without it no card changes.",
    )


class Confirming(Strict):
    """A dry run that was seen."""

    seen = serializers.CharField(
        max_length=64,
        help_text="The digest of the dry run. If it would come out otherwise by now, nothing is done: 409.",
    )
    days = serializers.IntegerField(default=90, help_text="How long names wait for their holders, in days.")


class AskingForTerms(Strict):
    """By when people who were brought in have to accept the licence."""

    days = serializers.IntegerField(allow_null=True, help_text="In how many days; null: they are not asked by a date.")
    seen = serializers.CharField(
        max_length=64, required=False, help_text="The digest of whom you saw. If others are there by now: 409."
    )


class Resetting(Strict):
    """Whom it ends for."""

    seen = serializers.CharField(
        max_length=64, help_text="The digest of whom you saw. If others are there by now, nothing is done: 409."
    )


class Pausing(Strict):
    """How a stage pauses."""

    suspending = serializers.BooleanField(default=False, help_text="Also suspend every grant of the stage.")


class Recording(Strict):
    """Why what the Hub says is taken over as decided now."""

    words = words()
    codes = serializers.ListField(
        child=serializers.ChoiceField(choices=CODES),
        required=False,
        help_text="Reason codes; needed where grants end by it.",
    )


class Exceptional(Strict):
    """Until when something is left as it is, and why."""

    until = serializers.DateTimeField()
    words = words()
