"""Drift: what the Hub says that nobody here decided. Which kinds there are, how grave each is, and the ways out."""

from dataclasses import dataclass
from enum import StrEnum

from .refusals import gettext_noop as _


class DriftStatus(StrEnum):
    """Where a drift stands."""

    OPEN = "open"
    REPAIRING = "repairing"
    REPAIRED = "repaired"
    RECORDED = "recorded"
    EXCEPTED = "excepted"
    OVER = "over"


UNRESOLVED = frozenset({DriftStatus.OPEN, DriftStatus.REPAIRING, DriftStatus.EXCEPTED})


class Severity(StrEnum):
    """How soon somebody should look: at once, today, when there is time."""

    CRITICAL = "critical"
    SERIOUS = "serious"
    NOTICE = "notice"


class DriftKind(StrEnum):
    """What differs."""

    GHOST_ACCESS = "ghost_access"
    MISSING_ACCESS = "missing_access"
    WRONG_REJECTED = "wrong_rejected"
    MODE_CHANGED = "mode_changed"
    VISIBILITY_CHANGED = "visibility_changed"
    GATE_TEXT_CHANGED = "gate_text_changed"
    CARD_LINES_REMOVED = "card_lines_removed"
    CARD_FORM_CHANGED = "card_form_changed"
    LICENCE_CHANGED = "licence_changed"
    AUDIENCE_TAG_REMOVED = "audience_tag_removed"
    PULL_REQUEST_TOUCHES_GATE = "pull_request_touches_gate"
    REPOSITORY_GONE = "repository_gone"
    REPOSITORY_MOVED = "repository_moved"
    ACCOUNT_GONE = "account_gone"
    ACCOUNT_RENAMED = "account_renamed"
    MEMBERS_BYPASS = "members_bypass"


class Owner(StrEnum):
    """Whose a repository with another name is: the same owner's, the same under a new name of theirs, or another's."""

    SAME = "same"
    RENAMED = "renamed"
    ANOTHER = "another"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its name for people, what it means, its severity, and which ways out it has besides an exception."""

    label: str
    meaning: str
    severity: Severity
    recordable: bool = False
    undoable: bool = False
    of_a_person: bool = False

    @property
    def ends_grants(self) -> bool:
        """Say whether recording it ends the grants of its person."""
        return self in (KINDS[DriftKind.MISSING_ACCESS], KINDS[DriftKind.ACCOUNT_GONE])


KINDS: dict[DriftKind, Kind] = {
    DriftKind.GHOST_ACCESS: Kind(
        _("Access that nobody gave here"),
        _("The Hub lets this person in, and no grant here says so."),
        Severity.CRITICAL,
        recordable=True,
        undoable=True,
        of_a_person=True,
    ),
    DriftKind.MISSING_ACCESS: Kind(
        _("Access that was taken away on the Hub"),
        _("A grant here is in force, and the Hub does not let this person in any more."),
        Severity.SERIOUS,
        recordable=True,
        undoable=True,
        of_a_person=True,
    ),
    DriftKind.WRONG_REJECTED: Kind(
        _("Rejected on the Hub while the case is open here"),
        _("The Hub does not let this person ask again, although their case here was not decided."),
        Severity.SERIOUS,
        undoable=True,
        of_a_person=True,
    ),
    DriftKind.MODE_CHANGED: Kind(
        _("The gate was changed"),
        _("The repository is not gated by hand any more: people get in without a decision."),
        Severity.CRITICAL,
        undoable=True,
    ),
    DriftKind.VISIBILITY_CHANGED: Kind(
        _("The visibility was changed"),
        _("The repository was private and is public now, or the other way round."),
        Severity.SERIOUS,
        recordable=True,
    ),
    DriftKind.GATE_TEXT_CHANGED: Kind(
        _("The card’s gate text was changed"),
        _("People who press the Hub’s button agree to another text, or are asked other questions, than before."),
        Severity.SERIOUS,
        recordable=True,
    ),
    DriftKind.CARD_LINES_REMOVED: Kind(
        _("The card does not say where to apply any more"),
        _("The two lines that lead people here were taken out of the card."),
        Severity.NOTICE,
        recordable=True,
        undoable=True,
    ),
    DriftKind.CARD_FORM_CHANGED: Kind(
        _("The card asks other questions than the gate form"),
        _("The questions that were written to the card were changed there, so people answer others on the Hub."),
        Severity.SERIOUS,
        recordable=True,
        undoable=True,
    ),
    DriftKind.LICENCE_CHANGED: Kind(
        _("The licence on the Hub was changed"),
        _("The card or the licence file says something else than it did."),
        Severity.SERIOUS,
        recordable=True,
    ),
    DriftKind.AUDIENCE_TAG_REMOVED: Kind(
        _("The audience tag was removed"),
        _("The card does not carry the tag “not-for-all-audiences” any more, so the Hub shows the page to everybody."),
        Severity.SERIOUS,
        recordable=True,
    ),
    DriftKind.PULL_REQUEST_TOUCHES_GATE: Kind(
        _("A pull request would change the gate"),
        _("Merging it would change the gate’s text, the licence or the audience tag."),
        Severity.NOTICE,
        recordable=True,
    ),
    DriftKind.REPOSITORY_GONE: Kind(
        _("The repository cannot be found any more"),
        _("It was deleted, moved or disabled on the Hub, or the token cannot see it."),
        Severity.CRITICAL,
    ),
    DriftKind.REPOSITORY_MOVED: Kind(
        _("The repository has another name"),
        _(
            "It is the same repository by its id; the Hub leads from the old name to the new one until somebody takes "
            "the old one."
        ),
        Severity.SERIOUS,
        recordable=True,
    ),
    DriftKind.ACCOUNT_GONE: Kind(
        _("The account is gone from the Hub"),
        _("The Hub knows nobody of this id any more, and a grant or a case here is about them."),
        Severity.SERIOUS,
        recordable=True,
        of_a_person=True,
    ),
    DriftKind.ACCOUNT_RENAMED: Kind(
        _("The account has another name"),
        _(
            "It is the same account by its id, so access is right. Accounts are handed over, and people impersonated, "
            "in this way too."
        ),
        Severity.NOTICE,
        recordable=True,
        of_a_person=True,
    ),
    DriftKind.MEMBERS_BYPASS: Kind(
        _("Members pass the gate without a request"),
        _(
            "The Hub lets the organisation’s members in without asking, unless the repository gates them too, which "
            "the Hub does not tell. Those who have a role here are not counted."
        ),
        Severity.NOTICE,
        recordable=True,
    ),
}

# Why the Hub lets in somebody for whom nothing here says so, as far as that can be told from outside.
GHOST_REASONS = {
    "by_hand": _("%(by)s accepted them on the Hub."),
    "own_token": _("They were accepted with the account that Gatekeeper uses, but not by Gatekeeper."),
    "auto_gate": _("The gate let everybody in at that time."),
    "restored": _("They were accepted earlier. Taking the gate off and putting it back brings old access back."),
    "unknown": _("The Hub does not say who accepted them."),
}
