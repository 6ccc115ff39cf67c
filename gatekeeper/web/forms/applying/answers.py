"""The questions of a gate form as fields to fill in. What an answer may be is judged by rules/questions.py alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django_countries import countries

from gatekeeper.rules.questions import BOXES, COUNTRIES, Kind, longest
from gatekeeper.rules.refusals import Refusal
from gatekeeper.web.words import in_reader_language, sentence

PREFIX = "answer"
FEW = 6


class AnswerForm(forms.Form):
    """One field per question that may be answered now; it takes every shape, so that nothing typed is lost."""

    def __init__(
        self, questions: Iterable[Mapping[str, Any]], *, answers: Mapping[str, Any], data: QueryDict | None = None
    ) -> None:
        super().__init__(data, prefix=PREFIX, initial=dict(answers))
        for question in questions:
            self.fields[question["key"]] = field_for(question)

    def given(self, questions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Return what was sent, by key; a question that is on the page and was left empty gives an empty answer."""
        assert isinstance(self.data, QueryDict)
        sent: dict[str, Any] = {}
        for question in questions:
            name = self.add_prefix(question["key"])
            many = Kind(question["kind"]) is Kind.MULTI_SELECT
            sent[question["key"]] = self.data.getlist(name) if many else self.data.get(name, "")
        return sent

    def refuse(self, refusals: Mapping[str, Refusal]) -> None:
        """Say at each field why its answer was not taken."""
        for key, refusal in refusals.items():
            self.add_error(key if key in self.fields else None, sentence(refusal))


def field_for(question: Mapping[str, Any]) -> forms.Field:
    """Return the field of a question. It refuses nothing itself: one judge is enough."""
    required = bool(question.get("required", True))
    label = in_reader_language(question["label"])
    widget = _widget(question)
    if required and not isinstance(widget, forms.CheckboxInput | forms.CheckboxSelectMultiple | forms.RadioSelect):
        widget.attrs["aria-required"] = "true"
    hint = in_reader_language(question["hint"]) if question.get("hint") else ""
    field = forms.Field(label=label, required=False, widget=widget, help_text=hint)
    field.asked_as_optional = not required  # type: ignore[attr-defined]  # for the template
    return field


def _widget(question: Mapping[str, Any]) -> forms.Widget:
    kind = Kind(question["kind"])
    if kind in BOXES:
        return forms.CheckboxInput()
    if kind in (Kind.SELECT, Kind.MULTI_SELECT):
        options = [(each["value"], in_reader_language(each["label"])) for each in question.get("options", ())]
        if kind is Kind.MULTI_SELECT:
            return forms.CheckboxSelectMultiple(choices=options)
        return forms.RadioSelect(choices=options) if len(options) <= FEW else forms.Select(choices=_with_none(options))
    if kind is Kind.COUNTRY:
        named = sorted(((code, str(countries.name(code)) or code) for code in COUNTRIES), key=lambda each: each[1])
        return forms.Select(choices=_with_none(named), attrs={"autocomplete": "country"})
    if kind is Kind.LONG_TEXT:
        return forms.Textarea(attrs={"rows": 5, "maxlength": longest(question)})
    attrs: dict[str, Any] = {"maxlength": longest(question)}
    if kind is Kind.DATE:
        return forms.DateInput(attrs={"type": "date"})
    if kind is Kind.URL:
        return forms.URLInput(attrs=attrs)
    if kind is Kind.EMAIL:
        return forms.EmailInput(attrs={**attrs, "autocomplete": "email"})
    if kind is Kind.NUMBER:
        return forms.TextInput(attrs={**attrs, "inputmode": "decimal"})
    return forms.TextInput(attrs=attrs)


def _with_none(options: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [("", _("Choose…")), *options]
