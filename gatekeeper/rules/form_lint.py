"""The linter of gate forms: what asks for too much, promises too little, or cannot be published, and what to do.

It reads labels, so it can be wrong: it says why and what to do, and only what is missing for good blocks a form.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .questions import BOXES, Kind
from .refusals import gettext_noop as _

LONG_LABEL = 120  # characters
LONG_PROMPT = 8_000  # bytes
MANY_QUESTIONS = 15


class Severity(StrEnum):
    """What a finding does: it blocks the form, harms whoever answers or the proof, or is advice."""

    BLOCKS = "blocks"
    SERIOUS = "serious"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the linter: how grave it is, why, and what to do, as sentences for people."""

    severity: Severity
    why: str
    todo: str


RULES: Mapping[str, Rule] = {
    "purpose_missing": Rule(
        Severity.BLOCKS,
        _("It has no purpose, and nothing is asked without one."),
        _("Say what the answer is needed for, in a sentence that its reader understands."),
    ),
    "retention_missing": Rule(
        Severity.BLOCKS,
        _("It does not say how long the answer is kept."),
        _("Give the days after which the answer is deleted."),
    ),
    "marketing_bundled": Rule(
        Severity.SERIOUS,
        _("It bundles marketing with the terms, so that nobody can agree to the one without the other."),
        _("Ask for the terms alone. If you want to send news, add a box for that which may stay empty."),
    ),
    "marketing_required": Rule(
        Severity.SERIOUS,
        _("Access depends on taking marketing, so agreeing to it is not free."),
        _("Make the box optional, or leave it out."),
    ),
    "birth_date": Rule(
        Severity.SERIOUS,
        _("A date of birth is more than has to be known to see whether somebody is of age."),
        _("Ask for an age attestation: one box, “I am at least 18 years old”."),
    ),
    "ip_location_unannounced": Rule(
        Severity.SERIOUS,
        _("The Hub passes on where each person is, from their network address, and no words of the form say so."),
        _("Say it in the description of the form, or take the field of type ip_location out of the card."),
    ),
    "eu_differs": Rule(
        Severity.SERIOUS,
        _("The card and the licence do not say the same of the European Union."),
        _("Set extra_gated_eu_disallowed as the territory of the licence says, or change the licence."),
    ),
    "prompt_long": Rule(
        Severity.SERIOUS,
        _("The prompt has %(kilobytes)s kB: nobody reads that beside a button, and any commit changes it."),
        _("Publish the text as a licence version, and keep a summary of a few lines."),
    ),
    "redundant_name": Rule(
        Severity.ADVICE,
        _("The Hub already gives you the name of the account, so asking again costs time and makes contradictions."),
        _("Leave it out, unless the licence needs the full legal name; then say so in the question."),
    ),
    "redundant_email": Rule(
        Severity.ADVICE,
        _("The Hub already gives you the e-mail address of the account."),
        _("Leave it out, unless you need an institutional address; then say so in the question."),
    ),
    "redundant_username": Rule(
        Severity.ADVICE,
        _("The name on the Hub is proved by signing in; a typed one proves nothing."),
        _("Leave it out."),
    ),
    "country_text": Rule(
        Severity.ADVICE,
        _("A country as free text comes in many spellings, and cannot be held against the territory of a licence."),
        _("Make it a question of the kind “country”."),
    ),
    "label_long": Rule(
        Severity.ADVICE,
        _("The label has %(length)s characters; from about 120 on it is not read."),
        _("Ask in one line, and put the rest into the help text or the licence."),
    ),
    "label_markup": Rule(
        Severity.ADVICE,
        _("The label holds markup or an address, which is shown as it is typed."),
        _("Write plain words; a link belongs into the help text."),
    ),
    "no_use": Rule(
        Severity.ADVICE,
        _("No question asks what the person wants to do, which is what a reviewer decides on."),
        _("Ask for the intended use: what will be built or measured, with which data, and who sees the outputs."),
    ),
    "no_denial_criteria": Rule(
        Severity.ADVICE,
        _("Nothing says what a request is denied for, so people cannot know beforehand and reviewers differ."),
        _("Name the reasons for a denial in the terms of the stage, or in the words of the form."),
    ),
    "no_promised_time": Rule(
        Severity.ADVICE,
        _("Nothing says when an answer can be expected, so people ask again, or elsewhere."),
        _("Promise a number of days in the terms of the stage, or in the words of the form."),
    ),
    "no_contact": Rule(
        Severity.ADVICE,
        _("No words of the form say whom to ask."),
        _("Give an address, or point to the discussions of the repository."),
    ),
    "one_language": Rule(
        Severity.ADVICE,
        _("All of it is in one language only."),
        _("Add each label in the other language; the key stays the same, so answers stay together."),
    ),
    "many_questions": Rule(
        Severity.ADVICE,
        _("It asks %(count)s questions; many people give up on a form of that length."),
        _("Keep what a reviewer needs to decide, and ask the rest back where it matters."),
    ),
    "to_review": Rule(
        Severity.ADVICE,
        _("Its purpose and retention time are defaults that nobody has looked at yet."),
        _("Read them, change what does not fit, and take the mark off."),
    ),
}
ORDER = list(Severity)

TEXTS = frozenset({Kind.SHORT_TEXT, Kind.LONG_TEXT})
NAME = re.compile(
    r"^(your |votre )?(full |first |last |family |given |legal |real |and )*names?\b(?! of)|^(votre )?(pré)?nom\b",
    re.I | re.M,
)
ORGANISATION = re.compile(r"organi[sz]ation|compan|instit|universit|affiliation|project|model|lab\b|soci[ée]t", re.I)
EMAIL = re.compile(r"\be-?mail\b|courriel|邮箱", re.I)
INSTITUTIONAL = re.compile(r"instit|official|work|academic|organi[sz]ation|universit|corporate|business", re.I)
USERNAME = re.compile(r"\buser ?names?\b|\b(hugging ?face|hf)( hub)? (user|account|id|handle)|nom d.utilisateur", re.I)
BIRTH = re.compile(r"\bbirth|\bdob\b|naissance|生日|出生", re.I)
COUNTRY = re.compile(r"\bcountry\b|\bnation(ality)?\b|\bpays\b|国家", re.I)
MARKETING = re.compile(
    r"newsletter|marketing|promotional|advertis|(product|company) (news|updates)|publicitaire|prospection", re.I
)
TERMS = re.compile(r"licen[cs]e|\bterms\b|\bconditions\b|agreement|polic(y|ies)|politique", re.I)
MARKUP = re.compile(r"</?[a-z]|\]\(|https?://|\*\*|__|`", re.I)
USE = re.compile(
    r"\bus(e|age|ing)\b|purpose|\bplan|research|intend|project|explain|why\b|utilis|usage|projet|用途|目的", re.I
)
DENIAL = re.compile(r"\b(den(y|ied|ial)|reject|refus|not be (approved|granted|accepted))", re.I)
TIME = re.compile(r"\b(hours?|days?|weeks?|heures?|jours?|semaines?)\b", re.I)
CONTACT = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.|https?://|contact|discussion|community", re.I)
LOCATION = re.compile(r"location|\bip\b|network address|geograph|adresse réseau", re.I)


@dataclass(frozen=True, slots=True)
class Context:
    """What is known around a form; None is not known, and nothing is said about that.

    `words` are what people read before they ask (prompt, heading, description). `eu_excluded` says whether the
    territory of the licence leaves the European Union out.
    """

    words: str | None = None
    prompt: str = ""
    denial_reasons: tuple[str, ...] | None = None
    promised_days: int | None = None
    ip_location: bool = False
    eu_disallowed: bool | None = None
    eu_excluded: bool | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: its code, the key of the question it is about (empty: the form), and values of its sentence."""

    code: str
    question: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """Return how grave it is."""
        return RULES[self.code].severity

    @property
    def why(self) -> str:
        """Return why it was found: a sentence to translate, whose places `values` fills."""
        return RULES[self.code].why

    @property
    def todo(self) -> str:
        """Return what to do about it: a sentence to translate."""
        return RULES[self.code].todo


def lint(form: Mapping[str, Any], *, context: Context | None = None) -> list[Finding]:
    """Return what is to be said of a form ({"questions": [...]}), the gravest first, then in the order of the form."""
    context = context or Context()
    questions = list(form["questions"])
    found = [finding for question in questions for finding in _of_question(question)]
    found += _of_form(questions, context)
    found += _of_words(context)
    return sorted(found, key=lambda finding: ORDER.index(finding.severity))


def blocks(findings: list[Finding]) -> bool:
    """Say whether a form with these findings cannot be published."""
    return any(finding.severity is Severity.BLOCKS for finding in findings)


def _of_question(question: Mapping[str, Any]) -> Iterator[Finding]:
    key, kind, label = question["key"], Kind(question["kind"]), _label(question)
    if not str(question.get("purpose") or "").strip():
        yield Finding("purpose_missing", key)
    if not int(question.get("retention_days") or 0) > 0:
        yield Finding("retention_missing", key)
    yield from _marketing(question, kind, label)
    if kind is Kind.EMAIL or kind in TEXTS | {Kind.DATE}:
        yield from _asked_for(key, kind, label)
    longest = max((len(text) for text in question["label"].values()), default=0)
    if longest > LONG_LABEL:
        yield Finding("label_long", key, {"length": longest})
    if MARKUP.search(label):
        yield Finding("label_markup", key)
    if question.get("to_review"):
        yield Finding("to_review", key)


def _marketing(question: Mapping[str, Any], kind: Kind, label: str) -> Iterator[Finding]:
    if kind in BOXES and MARKETING.search(label):
        if TERMS.search(label):
            yield Finding("marketing_bundled", question["key"])
        elif question.get("required", True):
            yield Finding("marketing_required", question["key"])


def _asked_for(key: str, kind: Kind, label: str) -> Iterator[Finding]:
    """Yield what a text, a date or an address asks for that is known, or could be asked better."""
    if BIRTH.search(label):
        yield Finding("birth_date", key)
    elif kind in TEXTS and COUNTRY.search(label):
        yield Finding("country_text", key)
    elif USERNAME.search(label):
        yield Finding("redundant_username", key)
    elif EMAIL.search(label) and not INSTITUTIONAL.search(label):
        yield Finding("redundant_email", key)
    elif kind in TEXTS and NAME.search(label) and not ORGANISATION.search(label):
        yield Finding("redundant_name", key)


def _of_form(questions: list[Mapping[str, Any]], context: Context) -> Iterator[Finding]:
    asked = [question for question in questions if Kind(question["kind"]) not in BOXES]
    if not any(USE.search(f"{question['key'].replace('_', ' ')} {_label(question)}") for question in asked):
        yield Finding("no_use")
    if len(questions) > MANY_QUESTIONS:
        yield Finding("many_questions", values={"count": len(questions)})
    languages = {language for question in questions for language, text in question["label"].items() if text}
    if questions and len(languages) < 2:
        yield Finding("one_language")
    if context.eu_disallowed is not None and context.eu_excluded not in (None, context.eu_disallowed):
        yield Finding("eu_differs")


def _of_words(context: Context) -> Iterator[Finding]:
    words = context.words
    size = len(context.prompt.encode())
    if size > LONG_PROMPT:
        yield Finding("prompt_long", values={"kilobytes": size // 1_000})
    if context.ip_location and not LOCATION.search(words or ""):
        yield Finding("ip_location_unannounced")
    said = words is not None
    if (said or context.denial_reasons is not None) and not (context.denial_reasons or DENIAL.search(words or "")):
        yield Finding("no_denial_criteria")
    if said and not (context.promised_days or TIME.search(words or "")):
        yield Finding("no_promised_time")
    if said and not CONTACT.search(words or ""):
        yield Finding("no_contact")


def _label(question: Mapping[str, Any]) -> str:
    """Return the words of a question in all its languages, one a line, for a pattern to look through."""
    return "\n".join(" ".join(str(text).strip(" *:?").split()) for text in question["label"].values())
