"""What of a gate form the Hub's own form can ask: few questions, each a label with a type; the rest is asked here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .questions import Kind
from .refusals import Refusal
from .refusals import gettext_noop as _
from .statuses import StageStatus

AT_MOST = 3
LONGEST_LABEL = 500  # characters: a key of the card, on one line
HUB_TYPES: Mapping[Kind, str] = {
    Kind.SHORT_TEXT: "text",
    Kind.LONG_TEXT: "text",
    Kind.NUMBER: "text",
    Kind.URL: "text",
    Kind.EMAIL: "text",
    Kind.ASSENT: "checkbox",
    Kind.AGE_ATTESTATION: "checkbox",
    Kind.COUNTRY: "country",
    Kind.DATE: "date_picker",
    Kind.SELECT: "select",
}
NOT_OPEN = Refusal("stage_not_open", _("Cards are written while the stage is open: before, nobody could apply there."))
NO_QUESTION = Refusal(
    "no_hub_question", _("No question of the form has a label on the Hub that its form can ask; publish one that has.")
)
NO_TYPE = Refusal("no_hub_type", _("The Hub’s form has no question of this kind; it is asked here only."))
NOT_REQUIRED = Refusal(
    "always_required", _("The Hub’s form asks everything of everybody, and this may stay empty; it is asked here only.")
)
BLINDED = Refusal(
    "blinded_there", _("The Hub shows every answer to whoever decides there; a blinded question is asked here only.")
)
TOO_MANY = Refusal(
    "too_many", _("At most %(bound)s questions go to the Hub; this one is asked here only."), {"bound": AT_MOST}
)
SAME_LABEL = Refusal(
    "same_label", _("Another question has this label on the Hub already; this one is asked here only.")
)
BAD_LABEL = Refusal("bad_label", _("The label is too long for a card; this question is asked here only."))


@dataclass(frozen=True, slots=True)
class Projected:
    """The fields of the Hub's form, as (label, specification) in order, and why other questions are asked here only."""

    fields: list[list[Any]]
    left: list[tuple[str, Refusal]]


def to_hub(form: Mapping[str, Any]) -> Projected:
    """Return what of a form goes to the Hub: the first questions with a `hub_label` that its form can ask."""
    fields: list[list[Any]] = []
    left: list[tuple[str, Refusal]] = []
    for question in form["questions"]:
        label = " ".join(str(question.get("hub_label") or "").split())
        if not label:
            continue
        refused = _refused(question, label, fields)
        if refused is None:
            fields.append([label, _specification(question)])
        else:
            left.append((question["key"], refused))
    return Projected(fields, left)


def why_not(status: str, projected: Projected) -> Refusal | None:
    """Return why the form of a stage of this status cannot go to the Hub now, or None."""
    if status != StageStatus.OPEN:
        return NOT_OPEN
    return None if projected.fields else NO_QUESTION


def _refused(question: Mapping[str, Any], label: str, fields: list[list[Any]]) -> Refusal | None:
    if Kind(question["kind"]) not in HUB_TYPES:
        return NO_TYPE
    if question.get("blinded"):
        return BLINDED
    if not question.get("required", True) or question.get("show_if"):
        return NOT_REQUIRED
    if len(label) > LONGEST_LABEL:
        return BAD_LABEL
    if label.casefold() in {known.casefold() for known, _spec in fields}:
        return SAME_LABEL
    return TOO_MANY if len(fields) >= AT_MOST else None


def _specification(question: Mapping[str, Any]) -> Any:
    named = HUB_TYPES[Kind(question["kind"])]
    if named != "select":
        return named
    return {"type": named, "options": [_option(option) for option in question["options"]]}


def _option(option: Mapping[str, Any]) -> Any:
    labels = option.get("label") or {}
    label = labels.get("en") or next(iter(labels.values()), option["value"])
    return option["value"] if label == option["value"] else {"label": label, "value": option["value"]}
