"""The Hub's own form fields: how they become questions here, and how what was answered there becomes answers.

Nothing is lost and nothing is guessed: what was mended or left out is said, with the label it is about.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .questions import DEFAULT_PURPOSE, DEFAULT_RETENTION_DAYS, Kind, read
from .refusals import Refusal
from .refusals import gettext_noop as _
from .texts import composed

HUB_KINDS = {
    "text": Kind.SHORT_TEXT,
    "checkbox": Kind.ASSENT,
    "date_picker": Kind.DATE,
    "country": Kind.COUNTRY,
    "select": Kind.SELECT,
}
MOST_QUESTIONS = 200  # nobody answers so many; the longest form of a public card asks some twenty
TOO_MANY = Refusal(
    "too_many_questions",
    _("No more than %(bound)s questions are taken; from this one on they were left out."),
    {"bound": MOST_QUESTIONS},
)


@dataclass(frozen=True, slots=True)
class Brought:
    """Questions made from a Hub form, and what was mended or left out, as sentences with the label they are about."""

    questions: list[dict[str, Any]]
    findings: list[tuple[str, Refusal]]


def from_hub(fields: Any) -> Brought:
    """Make questions from a card's `extra_gated_fields`, losing none, with default purpose and retention to review.

    Takes what is found on real cards: a type given alone or in a mapping, options as strings or mappings, `ip_location`
    wherever it stands, labels that differ only in case or space. Source: the Hub's gated-model documentation.
    """
    questions: list[dict[str, Any]] = []
    findings: list[tuple[str, Refusal]] = []
    taken: set[str] = set()
    for label, spec in _flattened(fields, findings):
        if len(questions) >= MOST_QUESTIONS:
            findings.append((label, TOO_MANY))
            break
        kind, options = _hub_kind(label, spec, findings)
        if kind is None:
            continue
        key = unique_key(label, taken)
        question: dict[str, Any] = {
            "key": key,
            "label": {"en": label},
            "kind": kind.value,
            "required": True,
            "hub_label": label,
            "purpose": DEFAULT_PURPOSE,
            "retention_days": DEFAULT_RETENTION_DAYS,
            "to_review": True,
        }
        if options:
            question["options"] = options
        questions.append(question)
    return Brought(questions, findings)


def _flattened(fields: Any, findings: list[tuple[str, Refusal]]) -> Iterable[tuple[str, Any]]:
    if fields is None:
        return
    if not isinstance(fields, Mapping):
        findings.append(
            (
                "extra_gated_fields",
                Refusal("fields_not_a_map", _("The form on the card is not a list of questions; it was left out.")),
            )
        )
        return
    for raw_label, spec in fields.items():
        label = _label(raw_label)
        inner = _inner(spec)
        yield label, spec if not inner else {key: value for key, value in spec.items() if key not in inner}
        for nested, kind in inner.items():
            findings.append(
                (_label(nested), Refusal("nested_field", _("This field stood inside another one by mistake.")))
            )
            yield _label(nested), kind


def _inner(spec: Any) -> dict[Any, str]:
    """Return the fields that stand inside another one: keys of its mapping that are given a type of their own."""
    if not isinstance(spec, Mapping):
        return {}
    return {
        key: value
        for key, value in spec.items()
        if key != "type" and isinstance(value, str) and _type_name(value) in {*HUB_KINDS, "ip_location"}
    }


def _label(raw: Any) -> str:
    return " ".join(composed(str(raw)).split())


def _type_name(raw: Any) -> str:
    return str(raw).strip().lower()


def _hub_kind(label: str, spec: Any, findings: list[tuple[str, Refusal]]) -> tuple[Kind | None, list[dict[str, Any]]]:
    named = spec.get("type") if isinstance(spec, Mapping) else spec
    if _type_name(named) == "ip_location":
        findings.append(
            (label, Refusal("ip_location", _("The Hub derives this from the network address; it is not asked here.")))
        )
        return None, []
    raw_options = spec.get("options") if isinstance(spec, Mapping) else None
    options = _hub_options(raw_options)
    kind = HUB_KINDS.get(_type_name(named)) or (Kind.SELECT if options else None)
    if kind is None:
        findings.append(
            (label, Refusal("unknown_type", _("The type of this field is not known; it is asked as a short text.")))
        )
        return Kind.SHORT_TEXT, []
    if kind is Kind.SELECT and not options:
        findings.append((label, Refusal("no_options", _("This choice has no options; it is asked as a short text."))))
        return Kind.SHORT_TEXT, []
    if kind is Kind.SELECT and len({isinstance(option, Mapping) for option in raw_options or ()}) > 1:
        findings.append(
            (label, Refusal("options_mixed", _("The options are written in two ways; each is taken as it is meant.")))
        )
    return kind, options if kind is Kind.SELECT else []


def _hub_options(raw: Any) -> list[dict[str, Any]]:
    options: list[dict[str, Any]] = []
    for option in raw if isinstance(raw, list | tuple) else ():
        if isinstance(option, Mapping):
            value = option.get("value", option.get("label", ""))
            label = option.get("label", value)
        else:
            value = label = option
        if _label(value) and _label(value) not in {each["value"] for each in options}:
            options.append({"value": _label(value), "label": {"en": _label(label)}})
    return options


def unique_key(label: str, taken: set[str]) -> str:
    """Return a short stable key for a label, unlike those taken, and take it."""
    plain = unicodedata.normalize("NFKD", label[:200]).encode("ascii", "ignore").decode().lower()
    stem = "_".join(re.findall(r"[a-z0-9]+", plain))[:40].strip("_") or "question"
    key, number = stem, 2
    while key in taken:
        key, number = f"{stem}_{number}", number + 1
    taken.add(key)
    return key


def hub_answers(form: Mapping[str, Any], fields: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the answers given on the Hub, `{label: text}`, as answers to this form; what does not fit is left out."""
    exact = {_label(label): value for label, value in (fields or {}).items()}
    given = {**{label.casefold(): value for label, value in exact.items()}, **exact}
    answers = {}
    for question in form["questions"]:
        label = _label(question.get("hub_label") or question.get("label", {}).get("en") or "")
        value, refused = read(question, given.get(label, given.get(label.casefold())) if label else None)
        if refused is None and value is not None:
            answers[question["key"]] = value
    return answers
