"""A gate form as a whole: what it still lacks before it can be published, and what is proposed for a new question."""

from collections.abc import Iterable, Mapping
from typing import Any

from .questions import BOXES, CHOICES, DEFAULT_PURPOSE, DEFAULT_RETENTION_DAYS, Kind, Sensitivity
from .refusals import Refusal
from .refusals import gettext_noop as _
from .showing import Comparison

PURPOSE_MISSING = Refusal(
    "purpose_missing", _("Every question needs a purpose and a retention time before it is asked.")
)
TO_REVIEW = Refusal(
    "to_review",
    _("Purpose and retention of this question were proposed, and nobody has looked at them: do, or confirm them."),
)
UNKNOWN_QUESTION = Refusal("condition_unknown", _("It is shown depending on a question that this form does not have."))
NOT_EARLIER = Refusal("condition_not_earlier", _("It is shown depending on a question that does not come before it."))
NOT_COMPARABLE = Refusal(
    "condition_unfit", _("The question that it depends on has no such answer: choose another condition.")
)
SHOWS_BLINDED = Refusal(
    "condition_blinded",
    _("It depends on a blinded question, and would give its answer away: make this one blinded as well."),
)
COMPARED = CHOICES | {Kind.COUNTRY}

# What is proposed for a question of a kind: its purpose, for how many days answers are kept, how sensitive they are.
PURPOSES: dict[Kind, str] = {
    Kind.LONG_TEXT: _("To judge whether the use fits this stage."),
    Kind.ASSENT: _("To prove what was agreed to."),
    Kind.AGE_ATTESTATION: _("To keep the release from people below the age that its terms name."),
    Kind.COUNTRY: _("To see whether the licence covers your territory."),
    Kind.URL: _("To see who you are from what you have published."),
    Kind.EMAIL: _("To write to you about this request."),
    Kind.FILE: _("To check what you hand in as proof."),
}
RETENTIONS: dict[Kind, int] = {
    Kind.ASSENT: 6 * 365,
    Kind.AGE_ATTESTATION: 6 * 365,
    Kind.EMAIL: 180,
    Kind.FILE: 180,
}
SENSITIVITIES: dict[Kind, Sensitivity] = {
    Kind.ASSENT: Sensitivity.ORDINARY,
    Kind.SELECT: Sensitivity.ORDINARY,
    Kind.MULTI_SELECT: Sensitivity.ORDINARY,
    Kind.NUMBER: Sensitivity.ORDINARY,
    Kind.FILE: Sensitivity.SENSITIVE,
}


def proposed(kind: Kind) -> dict[str, Any]:
    """Return purpose, retention and sensitivity as they are proposed for a question of this kind, to be reviewed."""
    return {
        "purpose": PURPOSES.get(kind, DEFAULT_PURPOSE),
        "retention_days": RETENTIONS.get(kind, DEFAULT_RETENTION_DAYS),
        "sensitivity": SENSITIVITIES.get(kind, Sensitivity.PERSONAL).value,
        "to_review": True,
    }


def unpublishable(form: Mapping[str, Any]) -> dict[str, Refusal]:
    """Return why each question cannot be published: no purpose, no retention time, a condition that cannot be asked."""
    lacking = {
        question["key"]: PURPOSE_MISSING
        for question in form["questions"]
        if not str(question.get("purpose") or "").strip() or not int(question.get("retention_days") or 0) > 0
    }
    return lacking | faulty_conditions(form["questions"])


def to_review(form: Mapping[str, Any]) -> dict[str, Refusal]:
    """Return the questions whose purpose and retention were proposed by us and confirmed by nobody."""
    return {question["key"]: TO_REVIEW for question in form["questions"] if question.get("to_review")}


def faulty_conditions(questions: Iterable[Mapping[str, Any]]) -> dict[str, Refusal]:
    """Return what is wrong with the conditions of a form, by key: unknown or later questions, impossible answers.

    Nor may a question that reviewers see depend on one that they do not. Whoever depends only on earlier questions is
    in no circle.
    """
    asked = list(questions)
    kinds = {question["key"]: question for question in asked}
    faults: dict[str, Refusal] = {}
    earlier: set[str] = set()
    for question in asked:
        condition = question.get("show_if")
        if condition is not None:
            fault = _fault(condition, kinds.get(condition["key"]), earlier)
            if fault is None and kinds[condition["key"]].get("blinded") and not question.get("blinded"):
                fault = SHOWS_BLINDED
            if fault is not None:
                faults[question["key"]] = fault
        earlier.add(question["key"])
    return faults


def _fault(condition: Mapping[str, Any], on: Mapping[str, Any] | None, earlier: set[str]) -> Refusal | None:
    if on is None:
        return UNKNOWN_QUESTION
    if on["key"] not in earlier:
        return NOT_EARLIER
    test = Comparison(condition["test"])
    if test is Comparison.TICKED:
        return None if on["kind"] in BOXES else NOT_COMPARABLE
    if test is Comparison.ANSWERED:
        return None
    options = {option["value"] for option in on.get("options", ())}
    possible = on["kind"] in COMPARED and (on["kind"] not in CHOICES or options >= set(condition["values"]))
    return None if possible else NOT_COMPARABLE
