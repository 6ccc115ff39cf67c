"""Reason codes of decisions: what each means, which outcome it fits, and what it tells the requester to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gatekeeper.rules.refusals import gettext_noop as _


class Fits(StrEnum):
    """The outcome that a reason code can stand for."""

    APPROVAL = "approval"
    CORRECTABLE = "correctable"
    EITHER = "either"
    FINAL = "final"
    ADMINISTRATIVE = "administrative"


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """One reason: its code, the outcome it fits, what it says, and the hint for the requester."""

    code: str
    fits: Fits
    label: str
    hint: str


def _codes() -> Iterable[ReasonCode]:
    yield ReasonCode("ELIGIBLE", Fits.APPROVAL, _("Eligible"), _("Everything that this stage asks for is there."))
    yield ReasonCode(
        "ELIGIBLE_WITH_CONDITIONS",
        Fits.APPROVAL,
        _("Eligible with conditions"),
        _("You have access under the conditions named in the decision."),
    )
    yield ReasonCode(
        "EMAIL_PERSONAL",
        Fits.CORRECTABLE,
        _("Personal e-mail address"),
        _("Give an institutional address, or another proof of who you are, such as an ORCID or a publication."),
    )
    yield ReasonCode(
        "EMAIL_MISMATCH",
        Fits.CORRECTABLE,
        _("E-mail addresses differ"),
        _("Make the address on the form and the one of your Hub account agree, or explain the difference."),
    )
    yield ReasonCode("NAME_ABBREVIATED", Fits.CORRECTABLE, _("Name abbreviated"), _("Write your full name."))
    yield ReasonCode(
        "AFFILIATION_UNCLEAR",
        Fits.CORRECTABLE,
        _("Affiliation unclear"),
        _("Spell out the organisation without acronyms, or say that you work independently."),
    )
    yield ReasonCode(
        "USE_THIN",
        Fits.CORRECTABLE,
        _("Intended use too short to judge"),
        _("Say what you will build or measure, with which data or people, and who will see the outputs."),
    )
    yield ReasonCode(
        "FORM_INCOMPLETE", Fits.CORRECTABLE, _("Form incomplete"), _("Fill in the questions that are named.")
    )
    yield ReasonCode(
        "COUNTRY_INCONSISTENT",
        Fits.CORRECTABLE,
        _("Country inconsistent"),
        _("Check the country you gave, or explain where you work from."),
    )
    yield ReasonCode(
        "AUTHORITY_MISSING",
        Fits.CORRECTABLE,
        _("Authority missing"),
        _("Let somebody who may bind your organisation apply, or apply for yourself."),
    )
    yield ReasonCode(
        "USE_OUT_OF_SCOPE",
        Fits.EITHER,
        _("Use outside this stage"),
        _("This stage does not cover the use you describe; another stage or licence may."),
    )
    yield ReasonCode(
        "USE_RESTRICTED",
        Fits.FINAL,
        _("Use restricted by the licence"),
        _("The use you describe is one that the licence forbids."),
    )
    yield ReasonCode(
        "SANCTIONS", Fits.FINAL, _("Legal restriction"), _("The publisher may not give access in this case.")
    )
    yield ReasonCode(
        "TERRITORY", Fits.FINAL, _("Territory not covered"), _("The licence gives no rights in your territory.")
    )
    yield ReasonCode("AGE", Fits.FINAL, _("Age"), _("The licence sets an age that you have not reached yet."))
    yield ReasonCode("PRIOR_BREACH", Fits.FINAL, _("Earlier breach"), _("An earlier breach of terms was confirmed."))
    yield ReasonCode("DUPLICATE", Fits.ADMINISTRATIVE, _("Duplicate"), _("Another request of yours covers this one."))
    yield ReasonCode("CAPACITY", Fits.ADMINISTRATIVE, _("No place left"), _("Every place of this stage is taken."))
    yield ReasonCode(
        "NO_RESPONSE",
        Fits.ADMINISTRATIVE,
        _("No answer in time"),
        _("The question was not answered in time. You can ask again whenever you like."),
    )
    yield ReasonCode("STAGE_CLOSED", Fits.ADMINISTRATIVE, _("Stage closed"), _("The stage no longer gives access."))


REASON_CODES: dict[str, ReasonCode] = {reason.code: reason for reason in _codes()}

FITTING = {
    "approved": {Fits.APPROVAL},
    "denied_correctable": {Fits.CORRECTABLE, Fits.EITHER, Fits.ADMINISTRATIVE},
    "denied_final": {Fits.FINAL, Fits.EITHER},
    "revoked": {Fits.FINAL, Fits.EITHER, Fits.ADMINISTRATIVE},
}


def fitting(outcome: str, allowed: Iterable[str] | None = None) -> list[ReasonCode]:
    """Return the reason codes that fit an outcome, narrowed to those that a policy allows (None: all)."""
    permitted = None if allowed is None else set(allowed)
    return [
        reason
        for reason in REASON_CODES.values()
        if reason.fits in FITTING[outcome] and (permitted is None or reason.code in permitted)
    ]
