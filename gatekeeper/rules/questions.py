"""Questions of a gate form: their kinds, what counts as an answer, and what has to be there before they are asked.

Forms and answers are plain dicts here, so page, API and import judge them by the same function.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from .countries import COUNTRIES
from .refusals import Refusal
from .refusals import gettext_noop as _
from .showing import is_condition, shown
from .texts import composed


class Kind(StrEnum):
    """What sort of answer a question takes."""

    SHORT_TEXT = "short_text"
    LONG_TEXT = "long_text"
    SELECT = "select"
    MULTI_SELECT = "multi_select"
    ASSENT = "assent"
    COUNTRY = "country"
    DATE = "date"
    AGE_ATTESTATION = "age_attestation"
    NUMBER = "number"
    URL = "url"
    EMAIL = "email"
    FILE = "file"


class Sensitivity(StrEnum):
    """How much harm it would do if an answer became known."""

    ORDINARY = "ordinary"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"


LONGEST = {
    Kind.SHORT_TEXT: 500,
    Kind.LONG_TEXT: 10_000,
    Kind.URL: 2_000,
    Kind.EMAIL: 254,
    Kind.NUMBER: 40,
    Kind.DATE: 10,
}
CHOICES = frozenset({Kind.SELECT, Kind.MULTI_SELECT})
BOXES = frozenset({Kind.ASSENT, Kind.AGE_ATTESTATION})
BOUNDED = frozenset({Kind.NUMBER, Kind.DATE})
TICKED = frozenset({"on", "true", "yes", "1"})

LONGEST_NAME = 200
MOST_FILE_BYTES = 10 * 1024 * 1024
# What a question consists of. `section` is the heading above it, `hub_label` its name on the Hub's own form, if any.
FIELDS = frozenset(
    {
        *("key", "kind", "label", "help", "section", "required", "options", "max_length", "min", "max", "show_if"),
        *("purpose", "retention_days", "sensitivity", "blinded", "hub_label", "to_review"),
    }
)

DEFAULT_RETENTION_DAYS = 365
DEFAULT_PURPOSE = _("To decide on this access request, and to prove the decision later.")

MISSING = Refusal("required", _("This question needs an answer."))
NOT_ASKED = Refusal("not_asked", _("This question is not asked on this form."))
NOT_AN_OPTION = Refusal("not_an_option", _("Choose one of the options."))
NOT_TICKED = Refusal("not_ticked", _("This box has to be ticked to go on."))
WRONG_KIND = Refusal("wrong_kind", _("This is not the kind of answer that the question takes."))
NOT_A_DATE = Refusal("not_a_date", _("Write the date as year, month and day: 2026-03-01."))
NOT_A_URL = Refusal("not_a_url", _("Write a full web address that begins with https:// or http://."))
NOT_AN_EMAIL = Refusal("not_an_email", _("Write an e-mail address such as name@example.org."))
NOT_A_NUMBER = Refusal("not_a_number", _("Write a number."))
NOT_A_FILE = Refusal("not_a_file", _("Hand in a PDF file."))
CONTROL_CHARACTERS = Refusal("control_characters", _("The answer holds characters that cannot be shown."))

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
NUMBER = re.compile(r"[-+]?\d{1,30}(\.\d{1,9})?")
BIGGEST = 10**30  # beyond, Python may refuse to write a number out

KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Checked:
    """Answers after a check: those that stand, and the refusal of each question that does not."""

    answers: dict[str, Any]
    refusals: dict[str, Refusal]


def longest(question: Mapping[str, Any]) -> int:
    """Return how many characters an answer to this question may have."""
    return int(question.get("max_length") or LONGEST.get(Kind(question["kind"]), 500))


def taken(form: Mapping[str, Any], given: Mapping[str, Any]) -> Checked:
    """Read answers to a form, whether their questions are shown or not.

    Every answer that can stand is kept, whatever is wrong with the others; an empty answer is no answer.
    """
    answers: dict[str, Any] = {}
    refusals: dict[str, Refusal] = {}
    questions = {question["key"]: question for question in form["questions"]}
    for key, raw in given.items():
        value, refused = read(questions[key], raw) if key in questions else (None, NOT_ASKED)
        if refused is not None:
            refusals[key] = refused
        elif value is not None:
            answers[key] = value
    return Checked(answers, refusals)


def validate(form: Mapping[str, Any], given: Mapping[str, Any], *, complete: bool) -> Checked:
    """Check answers against a form; `complete` also refuses what is required and missing.

    What is given to a question that is not shown is no answer, and nothing is missing there.
    """
    read_ = taken(form, given)
    asked = shown(form["questions"], read_.answers)
    keys = {question["key"] for question in form["questions"]}
    refusals = {key: refusal for key, refusal in read_.refusals.items() if key in asked or key not in keys}
    answers = {key: value for key, value in read_.answers.items() if key in asked}
    for question in form["questions"] if complete else ():
        key = question["key"]
        if key in asked and key not in answers and key not in refusals and question.get("required", True):
            refusals[key] = NOT_TICKED if Kind(question["kind"]) in BOXES else MISSING
    return Checked(answers, refusals)


def read(question: Mapping[str, Any], raw: Any) -> tuple[Any, Refusal | None]:
    """Return the answer that stands, or None with the refusal if there is one; (None, None) is no answer."""
    kind = Kind(question["kind"])
    if raw is None or raw == "" or raw == []:
        return None, None
    if kind in BOXES:
        return _read_box(raw)
    if kind is Kind.MULTI_SELECT:
        return _read_many(question, raw)
    if kind is Kind.FILE:
        return (dict(raw), None) if _is_file(raw) else (None, NOT_A_FILE)
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return None, WRONG_KIND
    if isinstance(raw, int) and abs(raw) >= BIGGEST:
        return None, NOT_A_NUMBER
    text = tidy(str(raw))
    if not text:
        return None, None
    if kind is Kind.SELECT:
        return (text, None) if text in _values(question) else (None, NOT_AN_OPTION)
    bound = longest(question)
    if len(text) > bound:
        return None, Refusal(
            "too_long",
            _("The answer has %(length)s characters; at most %(bound)s fit."),
            {"length": len(text), "bound": bound},
        )
    if unshowable(text):
        return None, CONTROL_CHARACTERS
    value, refused = _read_text(kind, text)
    return (None, refused) if refused else _within(question, kind, value)


def _within(question: Mapping[str, Any], kind: Kind, value: Any) -> tuple[Any, Refusal | None]:
    """Hold a number or a date against the bounds of its question."""
    if kind in BOUNDED:
        least, most = question.get("min"), question.get("max")
        if least is not None and _measure(kind, value) < _measure(kind, least):
            return None, Refusal("too_small", _("The least that fits is %(bound)s."), {"bound": least})
        if most is not None and _measure(kind, value) > _measure(kind, most):
            return None, Refusal("too_large", _("The most that fits is %(bound)s."), {"bound": most})
    return value, None


def _measure(kind: Kind, value: str) -> Decimal:
    return Decimal(value if kind is Kind.NUMBER else value.replace("-", ""))


def _is_file(raw: Any) -> bool:
    """Say whether this describes a file that was handed in; the bytes are kept beside the answers."""
    return (
        isinstance(raw, Mapping)
        and set(raw) == {"name", "size", "sha256"}
        and isinstance(raw["name"], str)
        and 0 < len(raw["name"]) <= LONGEST_NAME
        and _is_count(raw["size"], most=MOST_FILE_BYTES)
        and isinstance(raw["sha256"], str)
        and SHA256.fullmatch(raw["sha256"]) is not None
    )


def tidy(text: str) -> str:
    """Return a text composed (NFC), with LF line ends and without space around it."""
    return composed(text).replace("\r\n", "\n").strip()


def unshowable(text: str) -> bool:
    """Say whether a text holds control characters or halves of characters, which no page can show."""
    return any(unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t" for character in text)


def _values(question: Mapping[str, Any]) -> list[str]:
    return [option["value"] for option in question.get("options", ())]


def _read_box(raw: Any) -> tuple[Any, Refusal | None]:
    if raw is True or (isinstance(raw, str) and raw.lower() in TICKED):
        return True, None
    if raw is False or (isinstance(raw, str) and raw.lower() in {"off", "false", "no", "0"}):
        return None, None
    return None, WRONG_KIND


def _read_many(question: Mapping[str, Any], raw: Any) -> tuple[Any, Refusal | None]:
    chosen = [raw] if isinstance(raw, str) else raw
    if not isinstance(chosen, list | tuple) or not all(isinstance(value, str) for value in chosen):
        return None, WRONG_KIND
    allowed = _values(question)
    if set(chosen) - set(allowed):
        return None, NOT_AN_OPTION
    return [value for value in allowed if value in chosen], None


def _read_text(kind: Kind, text: str) -> tuple[Any, Refusal | None]:
    if kind is Kind.COUNTRY:
        return (text.upper(), None) if len(text) == 2 and text.upper() in COUNTRIES else (None, NOT_AN_OPTION)
    if kind is Kind.DATE:
        return _read_date(text)
    if kind is Kind.URL:
        return _read_url(text)
    if kind is Kind.EMAIL:
        return (text, None) if EMAIL.fullmatch(text) else (None, NOT_AN_EMAIL)
    if kind is Kind.NUMBER:
        return (text, None) if NUMBER.fullmatch(text) else (None, NOT_A_NUMBER)
    if kind is Kind.SHORT_TEXT:
        return " ".join(text.split()), None
    return text, None


def _read_date(text: str) -> tuple[Any, Refusal | None]:
    try:
        return (date.fromisoformat(text).isoformat(), None) if len(text) == 10 else (None, NOT_A_DATE)
    except ValueError:
        return None, NOT_A_DATE


def _read_url(text: str) -> tuple[Any, Refusal | None]:
    try:
        parts = urlsplit(text)
    except ValueError:
        return None, NOT_A_URL
    safe = parts.scheme in ("http", "https") and bool(parts.hostname) and not any(map(str.isspace, text))
    return (text, None) if safe else (None, NOT_A_URL)


def readable(question: Any) -> bool:
    """Say whether a question has the shape that everything here relies on, and holds nothing else.

    Bounds are written as answers are: a number as "1.5", a day as "2026-03-01".
    """
    if not isinstance(question, Mapping) or set(question) - FIELDS:
        return False
    key, kind, options = question.get("key"), question.get("kind"), question.get("options")
    if not isinstance(key, str) or not KEY.fullmatch(key) or not isinstance(kind, str) or kind not in set(Kind):
        return False
    options_fit = _are_options(options) if options or kind in CHOICES else True
    condition = question.get("show_if")
    return (
        options_fit
        and bool(question.get("label"))
        and all(_are_texts(question[name]) for name in ("label", "help", "section") if question.get(name))
        and all(_is_count(question.get(name)) for name in ("max_length", "retention_days") if name in question)
        and all(isinstance(question.get(name) or "", str) for name in ("purpose", "hub_label"))
        and all(isinstance(question.get(name, False), bool) for name in ("required", "blinded", "to_review"))
        and question.get("sensitivity", Sensitivity.ORDINARY) in set(Sensitivity)
        and _are_bounds(Kind(kind), question.get("min"), question.get("max"))
        and (condition is None or is_condition(condition))
    )


def _are_texts(texts: Any) -> bool:
    return isinstance(texts, Mapping) and all(isinstance(each, str) for pair in texts.items() for each in pair)


def _are_options(options: Any) -> bool:
    if not isinstance(options, list) or not options or not all(isinstance(option, Mapping) for option in options):
        return False
    values = [option.get("value") for option in options]
    named = all(isinstance(value, str) and value for value in values) and len(set(values)) == len(values)
    return named and all(option.get("label") and _are_texts(option["label"]) for option in options)


def _are_bounds(kind: Kind, least: Any, most: Any) -> bool:
    """Say whether bounds are answers that the question itself would take, the lower one not above the other."""
    bare = {"kind": kind.value}
    given = [bound for bound in (least, most) if bound is not None]
    if kind not in BOUNDED:
        return not given
    fit = all(isinstance(bound, str) and read(bare, bound) == (bound, None) for bound in given)
    return fit and (len(given) < 2 or read({**bare, "min": least}, most)[1] is None)


def _is_count(value: Any, *, most: int = 36_500) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most)
