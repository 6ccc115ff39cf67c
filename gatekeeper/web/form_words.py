"""Gate forms in words, for those who write them: conditions, and what differs between two versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext, gettext_lazy
from django_countries import countries

from gatekeeper.models import GateForm
from gatekeeper.rules.form_diff import PARTS, Change, Difference
from gatekeeper.rules.questions import Kind
from gatekeeper.rules.showing import Comparison
from gatekeeper.web.forms.stewarding.gate_forms import SENSITIVITIES
from gatekeeper.web.words import KINDS, in_reader_language, purpose_words

_ = gettext_lazy

CHANGES = {
    Change.ADDED: (_("added"), "good"),
    Change.REMOVED: (_("removed"), "bad"),
    Change.CHANGED: (_("changed"), "warn"),
    Change.MOVED: (_("moved"), ""),
}
CONDITIONS = {
    Comparison.EQUALS: _("Shown if “%(question)s” is %(values)s"),
    Comparison.ONE_OF: _("Shown if “%(question)s” is one of: %(values)s"),
    Comparison.TICKED: _("Shown if “%(question)s” is ticked"),
    Comparison.ANSWERED: _("Shown if “%(question)s” is answered"),
}


def change_words(change: Change) -> str:
    """Return what became of a question."""
    return str(CHANGES[change][0])


def change_tone(change: Change) -> str:
    """Return how a change is drawn."""
    return CHANGES[change][1]


def part_words(part: str) -> str:
    """Return what a change of a part of a question is called."""
    return gettext(PARTS[part])


def label_in(key: str, form: GateForm) -> str:
    """Return the label of a question of a form, or its key where the form has none such."""
    return next((in_reader_language(each["label"]) for each in form.questions if each["key"] == key), key)


def condition_words(condition: Mapping[str, Any], form: GateForm) -> str:
    """Return when a question is shown, as a sentence."""
    asked = next((each for each in form.questions if each["key"] == condition["key"]), {})
    options = {each["value"]: in_reader_language(each["label"]) for each in asked.get("options", ())}
    return str(CONDITIONS[Comparison(condition["test"])]) % {
        "question": label_in(condition["key"], form),
        "values": ", ".join(options.get(each) or countries.name(each) or each for each in condition.get("values", ())),
    }


def difference_title(difference: Difference) -> str:
    """Return the label of the question that a difference is about, as it is now, or as it was."""
    return in_reader_language((difference.after or difference.before or {})["label"])


def part_texts(difference: Difference) -> Iterator[tuple[str, str, str]]:
    """Yield what each part that changed is called, and what it was and is."""
    for part in difference.parts:
        yield part_words(part), _text(part, difference.before), _text(part, difference.after)


def _text(part: str, question: Mapping[str, Any] | None) -> str:
    value: Any = (question or {}).get(part)
    if part in ("label", "help", "section"):
        return " / ".join((value or {}).values())
    if part == "options":
        return ", ".join(in_reader_language(each["label"]) for each in value or ())
    if part == "kind":
        return str(KINDS[Kind(value)])
    if part == "purpose":
        return purpose_words(value or "")
    if part == "sensitivity":
        return str(SENSITIVITIES[value]) if value else ""
    if part == "show_if":
        return " ".join([value["key"], value["test"], *value.get("values", ())]) if value else ""
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    return str(value or "")
