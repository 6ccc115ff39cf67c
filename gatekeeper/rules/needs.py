"""What a step needs besides role and status: the facts it asks about, and the sentence for each that is not so."""

from collections.abc import Callable
from dataclasses import dataclass

from .refusals import Refusal
from .refusals import gettext_noop as _
from .statuses import StageStatus


@dataclass(frozen=True, slots=True)
class Facts:
    """What the needs ask about. Loaded for many things at once by the models; every default refuses.

    None stands for "not known": it refuses whoever asks that it is so, and whoever asks that it is not.
    """

    own: bool = False
    stage: StageStatus | None = None
    stage_takes_grants: bool = False
    stage_ready: bool = False
    policy_current: bool = False
    answers_complete: bool = False
    answers_given: bool = False
    acceptance_current: bool | None = None
    hub_is_enough: bool = False
    automatic: bool = False
    approvals_given: int = 0
    approvals_required: int = 1
    already_recommended: bool = False
    taken: bool | None = None
    places_left: int | None = 0
    live_grant: bool = True
    read_back: bool = False
    due: bool = False
    recordable: bool = False
    undoable: bool = False
    same_owner: bool = False
    token_reaches: bool = False
    case_open: bool = True
    terms_in_order: bool = False
    terms_accepted: bool | None = None
    terms_overdue: bool = False
    suspendable: bool = False
    lapsed: bool = False
    unproven_import: bool | None = None
    holds_imported: bool = False
    stage_over: bool = True
    something_to_bring_in: bool = False
    stopped: bool | None = None
    lifting: bool = False
    may_start: bool = False
    second_person: bool = False
    ratification_due: bool = False
    stop_stands: bool = False
    lift_asked: bool = False
    haltable: bool = False
    version_latest: bool = False
    campaign_over: bool = False


NEEDS: dict[str, tuple[Callable[[Facts], bool], Refusal]] = {
    "not_own": (
        lambda facts: not facts.own,
        Refusal("own_request", _("This request is your own; nobody decides on their own request.")),
    ),
    "stage_open": (
        lambda facts: facts.stage is StageStatus.OPEN,
        Refusal(
            "stage_not_open",
            _("The stage is not open at the moment, so nothing can be submitted. Your answers are kept."),
        ),
    ),
    "stage_takes_grants": (
        lambda facts: facts.stage_takes_grants,
        Refusal("stage_not_open", _("The stage is not open, so it makes no new grants.")),
    ),
    "ready": (
        lambda facts: facts.stage_ready,
        Refusal(
            "stage_not_ready", _("The stage needs a published gate policy and at least one linked repository first.")
        ),
    ),
    "policy_current": (
        lambda facts: facts.policy_current,
        Refusal(
            "policy_changed",
            _("The terms of this stage have changed since you started. Read the form again, then submit."),
        ),
    ),
    "answers": (
        lambda facts: facts.answers_complete,
        Refusal("answers_missing", _("Some questions still need an answer.")),
    ),
    "answers_given": (
        lambda facts: facts.answers_given,
        Refusal("no_submission", _("There is no submission to decide on.")),
    ),
    "acceptance": (
        lambda facts: facts.acceptance_current is True,
        Refusal("acceptance_missing", _("The licence version in force has not been accepted by this person.")),
    ),
    "not_accepted": (
        lambda facts: facts.acceptance_current is False,
        Refusal("already_accepted", _("The licence version in force has been accepted already.")),
    ),
    "free": (
        lambda facts: facts.taken is False,
        Refusal("already_taken", _("A reviewer has taken this case already.")),
    ),
    "taken": (
        lambda facts: facts.taken is True,
        Refusal("not_taken", _("Nobody has taken this case, so there is nothing to put back.")),
    ),
    "no_live_grant": (
        lambda facts: not facts.live_grant,
        Refusal("grant_exists", _("This person already holds a grant of this stage.")),
    ),
    "quorum": (
        lambda facts: facts.approvals_given >= facts.approvals_required,
        Refusal(
            "quorum_missing",
            _("This stage needs the independent approval of more than one reviewer, and it is not complete yet."),
        ),
    ),
    "first_opinion": (
        lambda facts: not facts.already_recommended,
        Refusal("already_recommended", _("You have already recommended this submission.")),
    ),
    "place": (
        lambda facts: facts.places_left is None or facts.places_left > 0,
        Refusal("stage_full", _("Every place of this stage is taken.")),
    ),
    "hub_is_enough": (
        lambda facts: facts.hub_is_enough,
        Refusal("finish_here", _("This stage asks people to finish their request here.")),
    ),
    "automatic": (
        lambda facts: facts.automatic,
        Refusal("not_automatic", _("This stage is decided by people.")),
    ),
    "read_back": (
        lambda facts: facts.read_back,
        Refusal("not_read_back", _("The Hub was not read back as accepting this person everywhere yet.")),
    ),
    "terms": (
        lambda facts: facts.terms_in_order,
        Refusal("acceptance_missing", _("The licence version in force has not been accepted by this person.")),
    ),
    "terms_not_accepted": (
        lambda facts: facts.terms_accepted is False,
        Refusal("already_accepted", _("The licence version in force has been accepted already.")),
    ),
    "terms_overdue": (
        lambda facts: facts.terms_overdue,
        Refusal("not_due", _("Its time has not come yet.")),
    ),
    "lapsed": (
        lambda facts: facts.lapsed,
        Refusal("not_lapsed", _("It has not lapsed for want of an acceptance.")),
    ),
    "suspendable": (
        lambda facts: facts.suspendable,
        Refusal("wrong_state", _("This access is suspended already.")),
    ),
    "unproven_import": (
        lambda facts: facts.unproven_import is True,
        Refusal("not_imported", _("It was not brought in, or its person has accepted the licence since.")),
    ),
    "holds_imported": (
        lambda facts: facts.holds_imported,
        Refusal("nobody_imported", _("Nobody holds this stage who was brought in with their terms unproven.")),
    ),
    "stage_not_over": (
        lambda facts: not facts.stage_over,
        Refusal("stage_closed", _("The stage is closed for good: nobody is brought in any more.")),
    ),
    "something_to_bring_in": (
        lambda facts: facts.something_to_bring_in,
        Refusal("nothing_to_bring_in", _("No line of this file can be taken.")),
    ),
    "due": (
        lambda facts: facts.due,
        Refusal("not_due", _("Its time has not come yet.")),
    ),
    "recordable": (
        lambda facts: facts.recordable,
        Refusal("not_recordable", _("This cannot be recorded as a decision: undo it, or allow it until a day.")),
    ),
    "undoable": (
        lambda facts: facts.undoable,
        Refusal("not_undoable", _("This cannot be undone from here: change it on the Hub, or record it.")),
    ),
    "no_open_case": (
        lambda facts: not facts.case_open,
        Refusal("case_open", _("There is a case of this person here. Decide it: that settles this as well.")),
    ),
    "same_owner": (
        lambda facts: facts.same_owner,
        Refusal(
            "another_owner",
            _(
                "The repository belongs to another owner on the Hub now, and this publisher has not proved to be that "
                "one. Move it back there, or unlink it here and have it linked by whose it is."
            ),
        ),
    ),
    "token_reaches": (
        lambda facts: facts.token_reaches,
        Refusal(
            "token_does_not_reach",
            _("The token may not decide at the repository under its new name. Give one that may, and wait a minute."),
        ),
    ),
    "stopped": (
        lambda facts: facts.stopped is True,
        Refusal("no_stop", _("No emergency stop holds this stage.")),
    ),
    "no_stop": (
        lambda facts: facts.stopped is False,
        Refusal("stopped", _("An emergency stop holds this stage. It opens again when the stop is lifted.")),
    ),
    "lifting": (
        lambda facts: facts.lifting,
        Refusal("not_lifted", _("No emergency stop that is being lifted has suspended this.")),
    ),
    "may_start": (
        lambda facts: facts.may_start,
        Refusal(
            "owner_starts",
            _("An owner or an operator starts an emergency stop. It is prepared: ask one of them to start it here."),
        ),
    ),
    "second_person": (
        lambda facts: facts.second_person,
        Refusal(
            "second_person",
            _("This takes a second person: an owner, a steward or an operator other than the one who began it."),
        ),
    ),
    "ratification_due": (
        lambda facts: facts.ratification_due,
        Refusal("nothing_to_ratify", _("Nothing is to be ratified here.")),
    ),
    "stop_stands": (
        lambda facts: facts.stop_stands,
        Refusal("nothing_to_lift", _("Only an emergency stop that is in force can be lifted.")),
    ),
    "lift_asked": (
        lambda facts: facts.lift_asked,
        Refusal("lift_not_asked", _("Nobody has asked to lift this stop.")),
    ),
    "haltable": (
        lambda facts: facts.haltable,
        Refusal("not_haltable", _("An emergency stop is not halted half way: it is lifted.")),
    ),
    "version_latest": (
        lambda facts: facts.version_latest,
        Refusal("later_version", _("A later version of this licence is published. Call this off, and ask that one.")),
    ),
    "campaign_over": (
        lambda facts: facts.campaign_over,
        Refusal("not_over", _("People are still to be asked, or to answer.")),
    ),
}

# These are part of where a thing stands: refused as a state is (409), and then not offered at all.
OF_STATE = frozenset(
    {
        *("not_accepted", "free", "taken", "terms_not_accepted", "suspendable", "unproven_import"),
        *("ratification_due", "stop_stands", "lift_asked", "haltable"),
    }
)
