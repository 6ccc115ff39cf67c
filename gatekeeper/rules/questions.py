"""Questions of a gate form: their kinds, what counts as an answer, and what has to be there before they are asked.

Forms and answers are plain dicts here, so page, API and import judge them by the same function.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from .refusals import Refusal
from .refusals import gettext_noop as _
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
TICKED = frozenset({"on", "true", "yes", "1"})

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
CONTROL_CHARACTERS = Refusal("control_characters", _("The answer holds characters that cannot be shown."))

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
NUMBER = re.compile(r"[-+]?\d{1,30}(\.\d{1,9})?")
BIGGEST = 10**30  # beyond, Python may refuse to write a number out

# ISO 3166-1 alpha-2: the officially assigned codes, the same set as the Hub's country field offers.
COUNTRIES = frozenset(
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA "
    "CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA "
    "GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP "
    "KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS "
    "MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS "
    "RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW "
    "TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW".split()
)


@dataclass(frozen=True, slots=True)
class Checked:
    """Answers after a check: those that stand, and the refusal of each question that does not."""

    answers: dict[str, Any]
    refusals: dict[str, Refusal]


def longest(question: Mapping[str, Any]) -> int:
    """Return how many characters an answer to this question may have."""
    return int(question.get("max_length") or LONGEST.get(Kind(question["kind"]), 500))


def validate(form: Mapping[str, Any], given: Mapping[str, Any], *, complete: bool) -> Checked:
    """Check answers against a form; `complete` also refuses what is required and missing.

    Every answer that can stand is kept, whatever is wrong with the others; an empty answer is no answer.
    """
    answers: dict[str, Any] = {}
    refusals: dict[str, Refusal] = {}
    questions = {question["key"]: question for question in form["questions"]}
    for key in given:
        if key not in questions:
            refusals[key] = NOT_ASKED
    for key, question in questions.items():
        value, refused = read(question, given.get(key))
        if refused is not None:
            refusals[key] = refused
        elif value is not None:
            answers[key] = value
        elif complete and question.get("required", True):
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
    return _read_text(kind, text)


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
    """Say whether a question has the shape that everything here relies on: key, label, kind, options, whole numbers."""
    if not isinstance(question, Mapping) or not isinstance(question.get("label"), Mapping) or not question["label"]:
        return False
    key, kind, options = question.get("key"), question.get("kind"), question.get("options")
    named = isinstance(key, str) and bool(key) and isinstance(kind, str) and kind in set(Kind)
    counted = all(_is_count(question.get(name)) for name in ("max_length", "retention_days"))
    chosen_from = isinstance(options, list) and all(
        isinstance(option, Mapping) and isinstance(option.get("value"), str) and option["value"] for option in options
    )
    return named and counted and (chosen_from if options or kind in CHOICES else True)


def _is_count(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 36_500)


def unpublishable(form: Mapping[str, Any]) -> dict[str, Refusal]:
    """Return why each question cannot be published: without a purpose and a retention time nothing is asked."""
    lacking = Refusal("purpose_missing", _("Every question needs a purpose and a retention time before it is asked."))
    return {
        question["key"]: lacking
        for question in form["questions"]
        if not str(question.get("purpose") or "").strip() or not int(question.get("retention_days") or 0) > 0
    }
