"""The shape of gate forms."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gatekeeper.models import GateForm
from gatekeeper.rules.questions import Kind

from .arguments import Strict
from .common import Shape

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


def form_shown(form: GateForm) -> dict[str, Any]:
    """Return a form as it is answered."""
    row = {name: getattr(form, name) for name in ("id", "title", "questions", "sha256", "published_at")}
    return dict(GateFormShown(row | {"publisher": form.publisher_id}).data)
