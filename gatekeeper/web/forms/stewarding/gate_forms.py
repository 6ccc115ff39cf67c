"""Forms to write gate forms with: where questions come from, and one question with all that it consists of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gatekeeper.catalogues.form_templates import FORM_TEMPLATES
from gatekeeper.models import GateForm, Repository
from gatekeeper.rules.hub_fields import unique_key
from gatekeeper.rules.questions import BOUNDED, CHOICES, LONGEST, Kind, Sensitivity, read
from gatekeeper.rules.showing import WITH_VALUES, Comparison
from gatekeeper.web.words import KINDS, in_reader_language, sentence

LANGUAGES = ("en", "fr")
TEXTS = frozenset({Kind.SHORT_TEXT, Kind.LONG_TEXT})
SENSITIVITIES = {
    Sensitivity.ORDINARY: _("ordinary: it would do no harm if it became known"),
    Sensitivity.PERSONAL: _("personal: it says something about a person"),
    Sensitivity.SENSITIVE: _("sensitive: it would harm somebody if it became known"),
}
TESTS = {
    Comparison.EQUALS: _("is exactly"),
    Comparison.ONE_OF: _("is one of"),
    Comparison.TICKED: _("is ticked"),
    Comparison.ANSWERED: _("is there"),
}
BAR = "|"
GROUPS = (
    (_("The question"), ("label_en", "label_fr", "help_en", "help_fr", "required", "options")),
    (_("What fits"), ("max_length", "min", "max")),
    (_("Where and when it is asked"), ("section_en", "section_fr", "show_key", "show_test", "show_values")),
    (_("Why, and for how long"), ("purpose", "retention_days", "sensitivity", "reviewed")),
    (_("Who sees it"), ("blinded", "hub_label")),
)


class NewFormForm(forms.Form):
    """Where the questions of a new gate form come from."""

    title = forms.CharField(label=_("Title"), max_length=200)
    source = forms.ChoiceField(label=_("Questions from"), widget=forms.RadioSelect)

    def __init__(self, repositories: list[Repository], existing: list[GateForm], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        source = self.fields["source"]
        assert isinstance(source, forms.ChoiceField)
        cards = [
            (f"card:{each.pk}", gettext("the form on the card of %(name)s") % {"name": each.name})
            for each in repositories
        ]
        templates = [
            (f"template:{key}", gettext("our template “%(title)s”") % {"title": gettext(each["title"])})
            for key, each in FORM_TEMPLATES.items()
        ]
        others = [(f"form:{each.pk}", gettext("a copy of %(form)s") % {"form": each}) for each in existing]
        source.choices = [("empty:", gettext("nowhere: begin with an empty form")), *templates, *cards, *others]


class NewQuestionForm(forms.Form):
    """Which kind of question is added."""

    kind = forms.ChoiceField(label=_("Add a question:"), choices=[(kind.value, words) for kind, words in KINDS.items()])


class QuestionForm(forms.Form):
    """One question of a kind; fields that do not belong to the kind are left out. Its shape is judged by the verb."""

    label_en = forms.CharField(label=_("Question, in English"), max_length=2_000, required=False)
    label_fr = forms.CharField(label=_("Question, in French"), max_length=2_000, required=False)
    help_en = forms.CharField(label=_("Hint, in English"), max_length=2_000, required=False)
    help_fr = forms.CharField(label=_("Hint, in French"), max_length=2_000, required=False)
    required = forms.BooleanField(label=_("It has to be answered"), required=False, initial=True)
    options = forms.CharField(
        label=_("Options"),
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_(
            "One a line: value | in English | in French. The value is what is stored, and stays when you reword."
        ),
    )
    max_length = forms.IntegerField(label=_("At most, in characters"), required=False, min_value=1, max_value=36_500)
    min = forms.CharField(label=_("Not below"), required=False, max_length=40)
    max = forms.CharField(label=_("Not above"), required=False, max_length=40)
    section_en = forms.CharField(label=_("Heading above it, in English"), max_length=200, required=False)
    section_fr = forms.CharField(label=_("Heading above it, in French"), max_length=200, required=False)
    show_key = forms.ChoiceField(label=_("It is shown"), required=False)
    show_test = forms.ChoiceField(
        label=_("if that answer"), required=False, choices=[(test.value, words) for test, words in TESTS.items()]
    )
    show_values = forms.CharField(
        label=_("of these values"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One a line, as they are stored: the values of its options, or the codes of countries."),
    )
    purpose = forms.CharField(
        label=_("What the answer is for"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    retention_days = forms.IntegerField(label=_("Kept for, in days"), required=False, min_value=1, max_value=36_500)
    sensitivity = forms.ChoiceField(
        label=_("Sensitivity"), choices=[(each.value, words) for each, words in SENSITIVITIES.items()]
    )
    reviewed = forms.BooleanField(
        label=_("I have looked at purpose and retention: they fit"),
        required=False,
        help_text=_("They were proposed. A form is not published before somebody has looked at them."),
    )
    blinded = forms.BooleanField(label=_("Those who decide do not see the answer"), required=False)
    hub_label = forms.CharField(
        label=_("Its name on the Hub’s own form"),
        required=False,
        max_length=200,
        help_text=_("Empty: it is asked here only."),
    )

    def __init__(self, question: Mapping[str, Any], earlier: list[dict[str, Any]], data: QueryDict | None) -> None:
        self.question, self.kind = question, Kind(question["kind"])
        super().__init__(data, initial=_initial(question))
        for name in self._not_of_kind():
            del self.fields[name]
        if not question.get("to_review"):
            del self.fields["reviewed"]
        if self.kind in TEXTS:
            self.fields["max_length"].help_text = gettext("Empty: %(most)s.") % {"most": LONGEST[self.kind]}
        if self.kind is Kind.DATE:
            for name in ("min", "max"):
                self.fields[name].widget = forms.DateInput(attrs={"type": "date"})
        shown_if = self.fields["show_key"]
        assert isinstance(shown_if, forms.ChoiceField)
        labelled = {each["key"]: in_reader_language(each["label"]) for each in earlier}
        now = (question.get("show_if") or {}).get("key")
        if now and now not in labelled:  # it does not come before this one any more; only its steward takes it away
            labelled[now] = now
        shown_if.choices = [
            ("", gettext("always")),
            *((key, gettext("depending on “%(question)s”") % {"question": label}) for key, label in labelled.items()),
        ]
        if not labelled:
            for name in ("show_key", "show_test", "show_values"):
                del self.fields[name]

    def _not_of_kind(self) -> set[str]:
        gone = set() if self.kind in CHOICES else {"options"}
        gone |= set() if self.kind in TEXTS else {"max_length"}
        return gone | (set() if self.kind in BOUNDED else {"min", "max"})

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Return the fields under the headings that they are looked for under."""
        return [
            (str(heading), [self[name] for name in names if name in self.fields])
            for heading, names in GROUPS
            if set(names) & set(self.fields)
        ]

    def clean(self) -> dict[str, Any]:
        """Ask for a label in one language at least, for bounds that fit, and for values where they are compared."""
        cleaned = super().clean() or self.cleaned_data
        if not any(cleaned.get(f"label_{code}") for code in LANGUAGES):
            self.add_error("label_en", gettext("Write the question in at least one language."))
        for name in {"min", "max"} & set(self.fields):
            refused = read({"kind": self.kind.value}, cleaned.get(name))[1]
            if refused is not None:
                self.add_error(name, sentence(refused))
        test = cleaned.get("show_test")
        if cleaned.get("show_key") and test in WITH_VALUES and not _lines(cleaned.get("show_values")):
            self.add_error("show_values", gettext("Write at least one value to compare with."))
        return cleaned

    def made(self, taken: set[str]) -> dict[str, Any]:
        """Return the question as it was filled in; a new one gets a key of its own, unlike those taken."""
        sent = self.cleaned_data
        made = dict(self.question)
        for name in ("label", "help", "section"):
            made[name] = _texts(self.question.get(name), name, sent)
        made["key"] = self.question.get("key") or unique_key(in_reader_language(made["label"]), taken)
        for name in ("required", "sensitivity", "blinded", "max_length", "min", "max", "retention_days", "hub_label"):
            if name in sent:
                made[name] = sent[name]
        stored = self.question.get("purpose") or ""
        unchanged = sent["purpose"] == (gettext(stored) if stored else "")
        made["purpose"] = stored if unchanged else sent["purpose"]  # our own words stay translatable
        if "options" in sent:
            made["options"] = _options(sent["options"])
        made["show_if"] = self._condition() if "show_key" in sent else self.question.get("show_if")
        made["to_review"] = bool(self.question.get("to_review")) and not sent.get("reviewed")
        empty: tuple[Any, ...] = (None, "", {}, [])
        return {name: value for name, value in made.items() if value not in empty and (value or name == "required")}

    def _condition(self) -> dict[str, Any] | None:
        sent = self.cleaned_data
        if not sent["show_key"]:
            return None
        test = Comparison(sent["show_test"] or Comparison.ANSWERED)
        condition: dict[str, Any] = {"key": sent["show_key"], "test": test.value}
        return condition | {"values": _lines(sent["show_values"])} if test in WITH_VALUES else condition


def _initial(question: Mapping[str, Any]) -> dict[str, Any]:
    condition = question.get("show_if") or {}
    initial = dict(question) | {
        "required": question.get("required", True),
        "options": "\n".join(_option_line(option) for option in question.get("options", ())),
        "purpose": gettext(question["purpose"]) if question.get("purpose") else "",
        "show_key": condition.get("key", ""),
        "show_test": condition.get("test", Comparison.EQUALS.value),
        "show_values": "\n".join(condition.get("values", ())),
    }
    for name in ("label", "help", "section"):
        initial |= {f"{name}_{code}": (question.get(name) or {}).get(code, "") for code in LANGUAGES}
    return initial


def _texts(stored: Mapping[str, str] | None, name: str, sent: Mapping[str, Any]) -> dict[str, str]:
    """Return a text by language; what it says in a language that is not offered here stays."""
    texts = dict(stored or {}) | {code: sent[f"{name}_{code}"] for code in LANGUAGES}
    return {code: text for code, text in texts.items() if text}


def _lines(text: str | None) -> list[str]:
    return [" ".join(line.split()) for line in (text or "").splitlines() if line.strip()]


def _option_line(option: Mapping[str, Any]) -> str:
    parts = [option["value"], *(option["label"].get(code, "") for code in LANGUAGES)]
    return f" {BAR} ".join(parts).rstrip(f" {BAR}")


def _options(text: str) -> list[dict[str, Any]]:
    options = []
    for line in _lines(text):
        value, *words = (part.strip() for part in line.split(BAR))
        label = {code: part for code, part in zip(LANGUAGES, words, strict=False) if part}
        options.append({"value": value, "label": label or {"en": value}})
    return options
