"""The shape of licence versions: drafted, published, compared."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from gatekeeper.actions.licences import MOST_RESTRICTIONS, MOST_TRANSLATIONS
from gatekeeper.models import LicenceVersion
from gatekeeper.rules.licence_changes import SEEN, ChangeClass, Comparison, Kind, Least
from gatekeeper.rules.licence_profiles import CONDITIONS, FAMILIES, FLOW_DOWN, MOST_DOCUMENTS, MOST_TERRITORIES, ORDERED

from .arguments import LARGEST_ID, Strict
from .common import Shape

LONGEST = 1_000_000
CLAUSES = 500
CLASSES = [(each.value, each.value) for each in ChangeClass]
KINDS = [(each.value, each.value) for each in Kind]
ONE_SOURCE = _("Give either a text or a repository to take it from.")


def _choices(values: Any) -> list[tuple[str, str]]:
    return [(value, value) for value in values]


class LicenceDocument(Strict):
    """A document that is part of a licence by its address. Nobody here fetches it."""

    url = serializers.CharField(max_length=500)
    title = serializers.CharField(max_length=200, allow_blank=True, default="")
    sha256 = serializers.CharField(
        max_length=64, allow_blank=True, default="", help_text="Of the file as its publisher has read it."
    )


class LicenceProfile(Strict):
    """What a text says, as facts; what is left out is not said."""

    family = serializers.ChoiceField(choices=_choices(FAMILIES), required=False)
    revocable = serializers.ChoiceField(choices=_choices(ORDERED["revocable"]), required=False)
    latest_version = serializers.ChoiceField(choices=_choices(ORDERED["latest_version"]), required=False)
    remote_restriction = serializers.ChoiceField(choices=_choices(ORDERED["remote_restriction"]), required=False)
    deletion_at_end = serializers.ChoiceField(choices=_choices(ORDERED["deletion_at_end"]), required=False)
    flow_down = serializers.ListField(
        child=serializers.ChoiceField(choices=_choices(FLOW_DOWN)), required=False, max_length=len(FLOW_DOWN)
    )
    conditions = serializers.ListField(
        child=serializers.ChoiceField(choices=_choices(CONDITIONS)), required=False, max_length=len(CONDITIONS)
    )
    territory_only = serializers.ListField(
        child=serializers.CharField(max_length=2),
        required=False,
        max_length=MOST_TERRITORIES,
        help_text="Codes of countries, or EU. Empty: everywhere.",
    )
    territory_except = serializers.ListField(
        child=serializers.CharField(max_length=2), required=False, max_length=MOST_TERRITORIES
    )
    documents = serializers.ListField(child=LicenceDocument(), required=False, max_length=MOST_DOCUMENTS)


class NewLicenceVersion(Strict):
    """A licence text to publish, or to keep as a draft, byte for byte as UTF-8; or a repository to take it from."""

    identifier = serializers.CharField(max_length=100, help_text="The Hub's identifier, such as openrail++.")
    title = serializers.CharField(max_length=200)
    text = serializers.CharField(max_length=LONGEST, trim_whitespace=False, required=False)
    repository = serializers.IntegerField(
        min_value=1, max_value=LARGEST_ID, required=False, help_text="Linked; its licence file is read now."
    )
    language = serializers.CharField(max_length=10, default="en", help_text="Of the text, which binds.")
    restrictions = serializers.ListField(
        child=serializers.SlugField(max_length=100),
        required=False,
        max_length=MOST_RESTRICTIONS,
        help_text="Use restrictions. Left out: those of the version before, or what is known of such a licence.",
    )
    profile = LicenceProfile(required=False)
    translations = serializers.DictField(
        child=serializers.CharField(max_length=LONGEST, trim_whitespace=False),
        required=False,
        help_text="Texts to read, by language. They do not bind.",
    )
    draft = serializers.BooleanField(default=False, help_text="Keep it as a draft, to be read before it is published.")
    change_class = serializers.ChoiceField(
        choices=CLASSES,
        required=False,
        help_text="How much it changes; never less than the comparison with the version before says.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return what is published. Raises ValidationError for two sources, none, or too many translations."""
        if ("text" in attrs) == ("repository" in attrs):
            raise serializers.ValidationError({"text": [serializers.ErrorDetail(str(ONE_SOURCE), code="invalid")]})
        if len(attrs.get("translations", ())) > MOST_TRANSLATIONS:
            message = str(_("There are too many of them."))
            raise serializers.ValidationError({"translations": [serializers.ErrorDetail(message, code="invalid")]})
        return attrs


class PublishingDraft(Strict):
    """What was read."""

    seen = serializers.RegexField(
        r"^[0-9a-f]{64}$", help_text="The digest of the draft that was read. If it is another by now: 409."
    )
    change_class = serializers.ChoiceField(
        choices=CLASSES, required=False, help_text="Never less than the comparison with the version before says."
    )


class LicenceVersionRow(Shape):
    """A licence version in a list."""

    id = serializers.IntegerField()
    publisher = serializers.IntegerField()
    identifier = serializers.CharField()
    title = serializers.CharField()
    number = serializers.IntegerField()
    restrictions = serializers.ListField(child=serializers.CharField())
    profile = serializers.DictField(help_text="What the text says, as facts; “unsaid” where nobody has said it.")
    languages = serializers.ListField(child=serializers.CharField(), help_text="That of the text that binds is first.")
    change_class = serializers.ChoiceField(
        choices=CLASSES,
        allow_blank=True,
        help_text="How much it changes of the version before; empty: none, or a draft.",
    )
    digest = serializers.CharField(help_text="Over all that it says.")
    text_sha256 = serializers.CharField(help_text="Of the exact bytes: what an acceptance holds.")
    normalised_sha256 = serializers.CharField()
    supersedes = serializers.IntegerField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True, help_text="Null: a draft.")


class LicenceVersionShown(LicenceVersionRow):
    """A licence version with its text."""

    text = serializers.CharField()
    translations = serializers.DictField(child=serializers.CharField(), help_text="Texts by language.")


class ChangeReason(Shape):
    """Why a change has at least its class."""

    code = serializers.CharField()
    about = serializers.CharField(help_text="The slug, place, address, value or words that it is about.")


class ClauseChange(Shape):
    """What became of a clause."""

    kind = serializers.ChoiceField(choices=KINDS)
    before = serializers.CharField()
    after = serializers.CharField()
    under = serializers.CharField(help_text="The heading that it stands under.")


class LicenceChanges(Shape):
    """What a version changes of the one before."""

    before = serializers.IntegerField()
    after = serializers.IntegerField()
    least_class = serializers.ChoiceField(choices=CLASSES)
    reasons = ChangeReason(many=True)
    unchanged = serializers.IntegerField(help_text="How many clauses are the same.")
    whole = serializers.BooleanField(help_text="The texts were too long to say what took whose place.")
    clauses = ClauseChange(many=True)
    more = serializers.IntegerField(help_text=f"How many more have changed than the first {CLAUSES}.")


def version_row(version: LicenceVersion) -> dict[str, Any]:
    """Return a licence version as a row of a list, without its text."""
    names = (
        *("id", "number", "restrictions", "text_sha256", "normalised_sha256", "published_at"),
        *("profile", "languages", "change_class", "digest"),
    )
    row = {name: getattr(version, name) for name in names} | {
        "publisher": version.licence.publisher_id,
        "identifier": version.licence.identifier,
        "title": version.licence.title,
        "supersedes": version.supersedes_id,
    }
    return dict(LicenceVersionRow(row).data)


def version_shown(version: LicenceVersion) -> dict[str, Any]:
    """Return a licence version as it is answered, with its text and its translations."""
    others = {each.language: each.words for each in version.translations.order_by("language")}
    return version_row(version) | {"text": version.words, "translations": others}


def changes_shown(last: LicenceVersion, version: LicenceVersion, texts: Comparison, least: Least) -> dict[str, Any]:
    """Return what a version changes as it is answered, with so many clauses at most."""
    changed = texts.of(*SEEN)
    found = {
        "before": last.pk,
        "after": version.pk,
        "least_class": least.change_class.value,
        "reasons": least.reasons,
        "unchanged": len(texts.of(Kind.SAME)),
        "whole": texts.whole,
        "clauses": changed[:CLAUSES],
        "more": max(len(changed) - CLAUSES, 0),
    }
    return dict(LicenceChanges(found).data)
