"""The questions of a gate form as fields to fill in. What an answer may be is judged by rules/questions.py alone."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.template.defaultfilters import date as formatted
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django_countries import countries

from gatekeeper.rules.countries import COUNTRIES
from gatekeeper.rules.questions import BOXES, MOST_FILE_BYTES, Kind, longest
from gatekeeper.rules.refusals import Refusal
from gatekeeper.web.words import answer_words, in_reader_language, sentence

PREFIX = "answer"
FEW = 6


class AnswerForm(forms.Form):
    """One field per question that may be answered now; it takes every shape, so that nothing typed is lost.

    Hidden ones are there as well, for the script of the page to show them as soon as an answer leads to them.
    """

    def __init__(
        self,
        questions: Iterable[Mapping[str, Any]],
        *,
        answers: Mapping[str, Any],
        shown: Collection[str] | None = None,
        anew: Collection[str] = (),
        data: QueryDict | None = None,
    ) -> None:
        super().__init__(data, prefix=PREFIX, initial=dict(answers))
        for question in questions:
            field = field_for(question)
            field.key = question["key"]  # type: ignore[attr-defined]  # these are for the template
            field.condition = self._condition(question)  # type: ignore[attr-defined]  # for the template
            field.not_shown = shown is not None and question["key"] not in shown  # type: ignore[attr-defined]  # for the template
            field.anew = question["key"] in anew  # type: ignore[attr-defined]  # for the template
            if question["kind"] == Kind.FILE:
                field.handed_in = answer_words(question, answers.get(question["key"]))  # type: ignore[attr-defined]  # for the template
                field.is_file = True  # type: ignore[attr-defined]  # for the template
            self.fields[question["key"]] = field

    def _condition(self, question: Mapping[str, Any]) -> dict[str, Any] | None:
        condition = question.get("show_if")
        return condition and {**condition, "name": self.add_prefix(condition["key"])}

    def given(self, questions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Return what was sent, by key; a question that is on the page and was left empty gives an empty answer.

        A file that is not sent again stays as it is, unless it is to be removed.
        """
        assert isinstance(self.data, QueryDict)
        sent: dict[str, Any] = {}
        for question in questions:
            name, kind = self.add_prefix(question["key"]), Kind(question["kind"])
            if kind is not Kind.FILE:
                sent[question["key"]] = (
                    self.data.getlist(name) if kind is Kind.MULTI_SELECT else self.data.get(name, "")
                )
            elif self.data.get(f"{name}-remove"):
                sent[question["key"]] = ""
        return sent

    def handed_in(self, questions: Iterable[Mapping[str, Any]], files: Mapping[str, Any]) -> dict[str, Any]:
        """Return the files that were sent: name and pieces, by key."""
        sent = {each["key"]: files.get(self.add_prefix(each["key"])) for each in questions if each["kind"] == Kind.FILE}
        return {key: (file.name, file.chunks()) for key, file in sent.items() if file is not None}

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
    hints = [
        in_reader_language(question["help"]) if question.get("help") else "",
        bounds_in_words(question),
        _("Those who decide do not see this answer.") if question.get("blinded") else "",
    ]
    field = forms.Field(label=label, required=False, widget=widget, help_text=" ".join(filter(None, hints)))
    field.asked_as_optional = not required  # type: ignore[attr-defined]  # for the template
    return field


def bounds_in_words(question: Mapping[str, Any]) -> str:
    """Return what an answer has to lie between, or how large a file may be; empty where anything goes."""
    kind, least, most = Kind(question["kind"]), question.get("min"), question.get("max")
    if kind is Kind.FILE:
        return _("A PDF of at most %(size)s. It is sent with the button below.") % {
            "size": filesizeformat(MOST_FILE_BYTES)
        }
    days = kind is Kind.DATE
    if days:
        least, most = (formatted(date.fromisoformat(each), "j F Y") if each else None for each in (least, most))
    if least is not None and most is not None:
        return _("From %(least)s to %(most)s.") % {"least": least, "most": most}
    if least is not None:
        return (_("Not before %(least)s.") if days else _("At least %(least)s.")) % {"least": least}
    if most is not None:
        return (_("Not after %(most)s.") if days else _("At most %(most)s.")) % {"most": most}
    return ""


def named_countries() -> list[tuple[str, str]]:
    """Return every country with its name in the reader’s language, in the order of the alphabet, accents aside."""
    named = [(code, str(countries.name(code)) or code) for code in COUNTRIES]
    return sorted(named, key=lambda each: unicodedata.normalize("NFKD", each[1]).encode("ascii", "ignore").lower())


def _widget(question: Mapping[str, Any]) -> forms.Widget:
    kind = Kind(question["kind"])
    if kind in BOXES:
        return forms.CheckboxInput()
    if kind in (Kind.SELECT, Kind.MULTI_SELECT):
        return _choice(kind, question)
    if kind is Kind.COUNTRY:
        return forms.Select(choices=_with_none(named_countries()), attrs={"autocomplete": "country"})
    if kind is Kind.LONG_TEXT:
        return forms.Textarea(attrs={"rows": 5, "maxlength": longest(question)})
    if kind is Kind.FILE:
        return forms.FileInput(attrs={"accept": "application/pdf,.pdf"})
    if kind is Kind.DATE:
        bounds = {name: question[name] for name in ("min", "max") if question.get(name)}
        return forms.DateInput(attrs={"type": "date", **bounds})
    attrs: dict[str, Any] = {"maxlength": longest(question)}
    if kind is Kind.URL:
        return forms.URLInput(attrs=attrs)
    if kind is Kind.EMAIL:
        return forms.EmailInput(attrs={**attrs, "autocomplete": "email"})
    if kind is Kind.NUMBER:
        return forms.TextInput(attrs={**attrs, "inputmode": "decimal"})
    return forms.TextInput(attrs=attrs)


def _choice(kind: Kind, question: Mapping[str, Any]) -> forms.Widget:
    options = [(each["value"], in_reader_language(each["label"])) for each in question.get("options", ())]
    if kind is Kind.MULTI_SELECT:
        return forms.CheckboxSelectMultiple(choices=options)
    if len(options) > FEW:
        return forms.Select(choices=_with_none(options))
    # Of buttons to choose from, one that was chosen cannot be unchosen.
    none = [] if question.get("required", True) else [("", _("No answer"))]
    return forms.RadioSelect(choices=[*options, *none])


def _with_none(options: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [("", _("Choose…")), *options]
