"""What erasing somebody's data means: what ends, what goes, what stays, until when and why. Words and codes only."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from .refusals import Refusal
from .refusals import gettext_noop as _


class Fate(StrEnum):
    """What becomes of something when its person's data is erased."""

    ENDS = "ends"
    GOES = "goes"
    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing: what becomes of it, what it is, and why, as sentences for people."""

    fate: Fate
    label: str
    why: str


KINDS: Mapping[str, Kind] = {
    "grants": Kind(
        Fate.ENDS,
        _("Access"),
        _("It ends, and the Hub is told so; without your data nobody could say any more why you have it."),
    ),
    "requests": Kind(
        Fate.ENDS, _("Open requests"), _("They are withdrawn: nobody can decide on answers that are not there.")
    ),
    "texts": Kind(
        Fate.GOES,
        _("What you wrote, and what was written about you"),
        _("Answers, drafts, messages, notes, and the words of decisions."),
    ),
    "earlier_approvals": Kind(
        Fate.GOES,
        _("Lines about you in lists of earlier approvals"),
        _("Those under your name that nobody has met yet as well."),
    ),
    "invitations": Kind(
        Fate.GOES, _("Your name on invitations"), _("They are taken back; a new one can be given at any time.")
    ),
    "contact": Kind(
        Fate.GOES,
        _("Your e-mail address, full name, organisations, earlier names, and what was sent to you"),
        _("As far as they are known here. Your API tokens stop working."),
    ),
    "acceptances": Kind(
        Fate.STAYS,
        _("That you accepted a licence, with its receipt"),
        _("It holds your Hub name and, where you accepted for one, the organisation. It proves what you agreed to."),
    ),
    "decisions": Kind(
        Fate.STAYS,
        _("That your requests were decided, and the codes of the reasons"),
        _("The record cannot be changed. It holds numbers and digests, none of the words."),
    ),
    "hub_access": Kind(
        Fate.STAYS,
        _("What the Hub says of your account at the repositories"),
        _("Without it nobody could see to it that access stays ended."),
    ),
    "account": Kind(
        Fate.STAYS,
        _("Your Hub id and your public name on the Hub"),
        _("They say whose the rest is, and lead you back if you sign in again."),
    ),
    "roles": Kind(
        Fate.STAYS,
        _("Your e-mail address and your API tokens, because you have a role here"),
        _("They are needed for that work. Give the role up first, then they go too."),
    ),
    "files": Kind(
        Fate.STAYS,
        _("Files of earlier approvals that a publisher handed in"),
        _("They name others too. They go with the last of their lines, at the latest on that day."),
    ),
}

HELD = Refusal(
    "legal_hold",
    _("This has to be kept for a legal reason of %(publisher)s: %(reason)s It is erased as soon as that ends."),
)


@dataclass(frozen=True, slots=True)
class Consequence:
    """One thing that erasing means: its kind, how many there are, and until when it stays (None: without an end)."""

    code: str
    count: int
    until: datetime | None = None

    @property
    def fate(self) -> Fate:
        """Return what becomes of it."""
        return KINDS[self.code].fate

    @property
    def label(self) -> str:
        """Return what it is, as a sentence that can be translated."""
        return KINDS[self.code].label

    @property
    def why(self) -> str:
        """Return why, as a sentence that can be translated."""
        return KINDS[self.code].why


def held(publisher: str, reason: str) -> Refusal:
    """Return why nothing is erased now, by the publisher that holds it and its reason."""
    return replace(HELD, values={"publisher": publisher, "reason": reason})
