"""The shape of gate forms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext
from rest_framework import serializers

from gatekeeper.models import GateForm
from gatekeeper.rules.form_diff import Change
from gatekeeper.rules.form_lint import Finding
from gatekeeper.rules.questions import Kind, Sensitivity
from gatekeeper.rules.showing import MOST_VALUES, Comparison

from .arguments import Strict
from .common import Shape
from .words import LINT_SEVERITIES

KINDS = [(kind.value, kind.value) for kind in Kind]
CHANGES = [(change.value, change.value) for change in Change]
TESTS = [(test.value, test.value) for test in Comparison]
SENSITIVITIES = [(each.value, each.value) for each in Sensitivity]
BOUND = 36_500


class Texts(serializers.DictField):
    """A text by language."""

    child = serializers.CharField(max_length=2_000)


class NewOption(Strict):
    """One option of a choice."""

    value = serializers.CharField(max_length=200)
    label = Texts()  # type: ignore[assignment]  # taken out of the class again


class Condition(Strict):
    """When a question is shown: depending on the answer to an earlier one."""

    key = serializers.SlugField(max_length=60, help_text="The earlier question.")
    test = serializers.ChoiceField(choices=TESTS)
    values = serializers.ListField(
        child=serializers.CharField(max_length=200),
        required=False,
        max_length=MOST_VALUES,
        help_text="To compare with.",
    )


class NewQuestion(Strict):
    """One question of a form."""

    key = serializers.SlugField(max_length=60)
    label = Texts(allow_empty=False)  # type: ignore[assignment]  # taken out of the class again
    kind = serializers.ChoiceField(choices=KINDS)
    required = serializers.BooleanField(default=True)  # type: ignore[assignment]  # taken out of the class again
    help = Texts(required=False)
    section = Texts(required=False, help_text="The heading above it.")
    options = serializers.ListField(child=NewOption(), required=False, max_length=300)
    max_length = serializers.IntegerField(min_value=1, max_value=BOUND, required=False)
    min = serializers.CharField(max_length=40, required=False, help_text="Of a number or a date (2026-03-01).")
    max = serializers.CharField(max_length=40, required=False, help_text="Of a number or a date.")
    show_if = Condition(required=False, allow_null=True)
    hub_label = serializers.CharField(
        max_length=200,
        required=False,
        allow_null=True,
        help_text="Its name on the Hub's own form, if it is asked there.",
    )
    purpose = serializers.CharField(max_length=500, required=False, help_text="Needed before the form is published.")
    retention_days = serializers.IntegerField(
        min_value=1, max_value=BOUND, required=False, help_text="Needed before the form is published."
    )
    sensitivity = serializers.ChoiceField(choices=SENSITIVITIES, required=False)
    blinded = serializers.BooleanField(default=False, help_text="Not shown to those who decide.")
    to_review = serializers.BooleanField(
        default=False, help_text="Purpose and retention were proposed, and nobody has looked at them yet."
    )


class NewForm(Strict):
    """A form to keep as a draft."""

    title = serializers.CharField(max_length=200)
    questions = serializers.ListField(child=NewQuestion(), min_length=1, max_length=100)


class ChangedForm(Strict):
    """All questions of a draft, in order."""

    title = serializers.CharField(max_length=200, required=False)
    questions = serializers.ListField(child=NewQuestion(), max_length=100)
    seen = serializers.CharField(
        max_length=64, help_text="The digest of the draft that you saw. If it is another by now, nothing is done: 409."
    )


class Confirmation(Strict):
    """That something was looked at."""

    confirmed = serializers.BooleanField(
        default=False, help_text="Publish although purpose or retention of a question was proposed and is to review."
    )
    seen = serializers.CharField(
        default=None,
        allow_null=True,
        max_length=64,
        help_text="The `digest` of the draft that you read.",
    )


class DifferenceShown(Shape):
    """What became of one question."""

    change = serializers.ChoiceField(choices=CHANGES)
    key = serializers.CharField()
    parts = serializers.ListField(child=serializers.CharField(), help_text="What of it changed.")
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)


class QuestionShown(Shape):
    """One question of a form."""

    key = serializers.CharField()
    label = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment]  # taken out of the class again
    kind = serializers.ChoiceField(choices=KINDS)
    required = serializers.BooleanField()  # type: ignore[assignment]  # taken out of the class again
    help = serializers.DictField(child=serializers.CharField(), required=False)
    section = serializers.DictField(child=serializers.CharField(), required=False)
    options = serializers.ListField(child=serializers.DictField(), required=False)
    max_length = serializers.IntegerField(required=False)
    min = serializers.CharField(required=False)
    max = serializers.CharField(required=False)
    show_if = serializers.DictField(required=False, allow_null=True)
    hub_label = serializers.CharField(required=False, allow_null=True)
    purpose = serializers.CharField(required=False)
    retention_days = serializers.IntegerField(required=False)
    sensitivity = serializers.ChoiceField(choices=SENSITIVITIES, required=False)
    blinded = serializers.BooleanField(required=False)
    to_review = serializers.BooleanField(required=False)


class GateFormShown(Shape):
    """A gate form."""

    id = serializers.IntegerField()
    publisher = serializers.IntegerField()
    title = serializers.CharField()
    number = serializers.IntegerField(help_text="Which version of it.")
    supersedes = serializers.IntegerField(allow_null=True, help_text="The version before it.")
    questions = QuestionShown(many=True)
    digest = serializers.CharField(help_text="Of the questions as they are: name it when you replace them.")
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


def form_shown(form: GateForm) -> dict[str, Any]:
    """Return a form as it is answered."""
    names = ("id", "title", "number", "questions", "digest", "sha256", "published_at")
    row = {name: getattr(form, name) for name in names}
    return dict(GateFormShown(row | {"publisher": form.publisher_id, "supersedes": form.supersedes_id}).data)


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
