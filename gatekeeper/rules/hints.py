"""Hints before a request is submitted: clerical faults that a reviewer would have to ask about. They never deny.

Each names the reason code that it would otherwise come back with, the question it is about, and what was seen.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .countries import COUNTRIES
from .questions import Kind
from .refusals import Refusal
from .refusals import gettext_noop as _
from .showing import shown

FREE_MAIL = frozenset(
    "126.com 163.com aol.com duck.com free.fr fastmail.com gmail.com gmx.de gmx.fr gmx.net gmx.com googlemail.com "
    "hey.com hotmail.com hotmail.fr icloud.com laposte.net libero.it live.com mac.com mail.com mail.ru me.com msn.com "
    "naver.com orange.fr outlook.com pm.me proton.me protonmail.com qq.com rediffmail.com sfr.fr t-online.de "
    "tutanota.com uol.com.br wanadoo.fr web.de yahoo.co.jp yahoo.com yahoo.fr yandex.com yandex.ru ymail.com".split()
)
# Codes of countries that are registered from everywhere, and the one that differs from its country's.
NO_COUNTRY = frozenset("AC AI CC CO EU FM GG IO LA LY ME SH SO TO TV WS".split())
OTHER_CODES = {"UK": "GB"}

AFFILIATION = frozenset(
    "affiliation company employer institute institution organisation organization university".split()
)
USE = frozenset("description intended plan plans project purpose research usage use uses".split())
LONGEST_ACRONYM, MOST_ACRONYMS = 8, 2
THIN = 80  # characters; those of writings without spaces say about as much as three letters

GUIDING = (
    _("What will you build or measure?"),
    _("With which data, and about which people?"),
    _("Who will see the outputs?"),
)
PERSONAL_MAIL = Refusal(
    "email_personal", _("Anybody gets an address at %(domain)s, so this one does not show where you work.")
)
OTHER_MAIL = Refusal("email_mismatch", _("This is not the address of your account here."))
ACRONYM = Refusal(
    "affiliation_unclear", _("“%(answer)s” looks like an acronym, which reviewers elsewhere may not know.")
)
THIN_USE = Refusal("use_thin", _("This is short. Reviewers ask back most often about three things."))
OTHER_COUNTRY = Refusal("country_inconsistent", _("In your request before this one you gave another country."))
MAIL_COUNTRY = Refusal("country_inconsistent", _("Your e-mail address ends in “.%(code)s”, as in another country."))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of somebody besides their answers: the address of their account, the country they gave before."""

    email: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """What might come back about a question: what was seen there, and perhaps questions that help to answer it."""

    key: str
    said: Refusal
    guiding: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """Return the reason code that it would come back with."""
        return self.said.code.upper()


def hints(questions: Iterable[Mapping[str, Any]], answers: Mapping[str, Any], known: Known) -> list[Hint]:
    """Return the hints about answers to questions that are shown, in the order of the form."""
    asked = list(questions)
    visible = shown(asked, answers)
    found: list[Hint] = []
    for question in asked:
        answer = answers.get(question["key"])
        if question["key"] in visible and isinstance(answer, str) and answer:
            found += _about(question, answer, known)
    return found


def _about(question: Mapping[str, Any], answer: str, known: Known) -> Iterable[Hint]:
    key, kind = question["key"], Kind(question["kind"])
    words = frozenset(re.split(r"[_-]", key.lower()))
    if kind is Kind.EMAIL:
        yield from (Hint(key, said) for said in (_personal_mail(answer), _other_mail(answer, known)) if said)
    elif kind is Kind.COUNTRY:
        yield from (Hint(key, said) for said in (_other_country(answer, known),) if said)
    elif kind is Kind.SHORT_TEXT and words & AFFILIATION:
        yield from (Hint(key, said) for said in (_acronym(answer),) if said)
    elif kind is Kind.LONG_TEXT and words & USE and _is_thin(answer):
        yield Hint(key, THIN_USE, GUIDING)


def _personal_mail(answer: str) -> Refusal | None:
    domain = answer.rpartition("@")[2].lower()
    return replace(PERSONAL_MAIL, values={"domain": domain}) if domain in FREE_MAIL else None


def _other_mail(answer: str, known: Known) -> Refusal | None:
    return OTHER_MAIL if known.email and answer.casefold() != known.email.casefold() else None


def _acronym(answer: str) -> Refusal | None:
    words = re.split(r"[\s,/;()-]+", answer.strip(" .,;()"))
    alike = all(word.isupper() and len(word) <= LONGEST_ACRONYM for word in words) and len(words) <= MOST_ACRONYMS
    return replace(ACRONYM, values={"answer": answer}) if alike else None


def _is_thin(answer: str) -> bool:
    return len(answer) + 2 * sum(unicodedata.category(each) == "Lo" for each in answer) < THIN


def _other_country(answer: str, known: Known) -> Refusal | None:
    if known.country and known.country != answer:
        return OTHER_COUNTRY
    ending = known.email.rpartition(".")[2].upper()
    code = OTHER_CODES.get(ending, ending)
    if code not in COUNTRIES or ending in NO_COUNTRY or code == answer:
        return None
    return replace(MAIL_COUNTRY, values={"code": ending.lower()})
