"""The shape of gate forms and licence versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext
from rest_framework import serializers

from gatekeeper.models import GateForm, LicenceVersion
from gatekeeper.rules.form_lint import Finding
from gatekeeper.rules.questions import Kind

from .arguments import Strict
from .common import Shape
from .words import LINT_SEVERITIES

KINDS = [(kind.value, kind.value) for kind in Kind]
BOUND = 100_000


class Texts(serializers.DictField):
    """A text by language."""

    child = serializers.CharField(max_length=2_000)


class NewOption(Strict):
    """One option of a choice."""

    value = serializers.CharField(max_length=200)
    label = Texts()  # type: ignore[assignment]  # taken out of the class again


class NewQuestion(Strict):
    """One question of a form."""

    key = serializers.SlugField(max_length=60)
    label = Texts(allow_empty=False)  # type: ignore[assignment]  # taken out of the class again
    kind = serializers.ChoiceField(choices=KINDS)
    required = serializers.BooleanField(default=True)  # type: ignore[assignment]  # taken out of the class again
    help = Texts(required=False)
    options = serializers.ListField(child=NewOption(), required=False, max_length=300)
    max_length = serializers.IntegerField(min_value=1, max_value=BOUND, required=False)
    hub_label = serializers.CharField(max_length=200, required=False)
    purpose = serializers.CharField(max_length=500, required=False, help_text="Needed before the form is published.")
    retention_days = serializers.IntegerField(
        min_value=1, max_value=BOUND, required=False, help_text="Needed before the form is published."
    )


class NewForm(Strict):
    """A form to keep as a draft."""

    title = serializers.CharField(max_length=200)
    questions = serializers.ListField(child=NewQuestion(), min_length=1, max_length=100)


class QuestionShown(Shape):
    """One question of a form."""

    key = serializers.CharField()
    label = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment]  # taken out of the class again
    kind = serializers.ChoiceField(choices=KINDS)
    required = serializers.BooleanField()  # type: ignore[assignment]  # taken out of the class again
    help = serializers.DictField(child=serializers.CharField(), required=False)
    options = serializers.ListField(child=serializers.DictField(), required=False)
    max_length = serializers.IntegerField(required=False)
    purpose = serializers.CharField(required=False)
    retention_days = serializers.IntegerField(required=False)


class GateFormShown(Shape):
    """A gate form."""

    id = serializers.IntegerField()
    publisher = serializers.IntegerField()
    title = serializers.CharField()
    questions = QuestionShown(many=True)
    sha256 = serializers.CharField(help_text="Empty: a draft.")
    published_at = serializers.DateTimeField(allow_null=True)


class FormFinding(Shape):
    """What the linter says of a form."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=LINT_SEVERITIES)
    question = serializers.CharField(help_text="The key of the question; empty: the form.")
    why = serializers.CharField()
    todo = serializers.CharField()


class FormFindings(Shape):
    """All that the linter says of a form, the gravest first."""

    findings = FormFinding(many=True)


class CardFinding(Shape):
    """What an import of a card mended, leaves behind or found dangerous."""

    code = serializers.CharField()
    line = serializers.IntegerField(help_text="Of the card; 0: none in particular.")
    sentence = serializers.CharField()
    field = serializers.CharField(
        help_text="The label of the field that it is about; empty: none, or it is in the sentence."
    )


class RepositoryFound(FormFindings):
    """What a repository has on the Hub now: the form of its card, and the report of an import."""

    commit = serializers.CharField()
    gate = serializers.CharField(allow_blank=True)
    waiting = serializers.IntegerField(help_text="At most a page of the Hub's list.")
    accepted = serializers.IntegerField(help_text="At most a page of the Hub's list.")
    questions = QuestionShown(many=True)
    dangerous = CardFinding(many=True)
    left = CardFinding(many=True, help_text="What cannot be carried over, and stays on the card.")
    mended = CardFinding(many=True)
    worth_a_look = CardFinding(many=True)


class NewLicenceVersion(Strict):
    """A licence text to publish, byte for byte as UTF-8."""

    identifier = serializers.CharField(max_length=100, help_text="The Hub's identifier, such as openrail++.")
    title = serializers.CharField(max_length=200)
    text = serializers.CharField(max_length=1_000_000, trim_whitespace=False)
    restrictions = serializers.ListField(
        child=serializers.SlugField(max_length=100), default=list, max_length=100, help_text="Use restrictions."
    )


class LicenceVersionRow(Shape):
    """A licence version in a list."""

    id = serializers.IntegerField()
    publisher = serializers.IntegerField()
    identifier = serializers.CharField()
    title = serializers.CharField()
    number = serializers.IntegerField()
    restrictions = serializers.ListField(child=serializers.CharField())
    text_sha256 = serializers.CharField(help_text="Of the exact bytes: what an acceptance holds.")
    normalised_sha256 = serializers.CharField()
    supersedes = serializers.IntegerField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)


class LicenceVersionShown(LicenceVersionRow):
    """A licence version with its text."""

    text = serializers.CharField()


def form_shown(form: GateForm) -> dict[str, Any]:
    """Return a form as it is answered."""
    row = {name: getattr(form, name) for name in ("id", "title", "questions", "sha256", "published_at")}
    return dict(GateFormShown(row | {"publisher": form.publisher_id}).data)


def findings_shown(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return what the linter says as it is answered."""
    return [
        {
            "code": each.code,
            "severity": each.severity.value,
            "question": each.question,
            "why": gettext(each.why) % each.values,
            "todo": gettext(each.todo),
        }
        for each in findings
    ]


def version_row(version: LicenceVersion) -> dict[str, Any]:
    """Return a licence version as a row of a list, without its text."""
    names = ("id", "number", "restrictions", "text_sha256", "normalised_sha256", "published_at")
    row = {name: getattr(version, name) for name in names} | {
        "publisher": version.licence.publisher_id,
        "identifier": version.licence.identifier,
        "title": version.licence.title,
        "supersedes": version.supersedes_id,
    }
    return dict(LicenceVersionRow(row).data)


def version_shown(version: LicenceVersion) -> dict[str, Any]:
    """Return a licence version as it is answered, with its text."""
    return version_row(version) | {"text": version.words}
