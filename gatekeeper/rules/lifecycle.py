"""The step tables: which action leads from which status to which, who may take it, and what it needs first.

Verbs, pages, the API and the picture in the README all read these tables; nothing else compares a status to decide
what may happen. `refusal` answers role (403) before state (409) before needs (422).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from .drift import DriftStatus
from .procedures import ProcedureStatus
from .refusals import NotAllowed, Refusal, Refused, Unmet, WrongState
from .refusals import gettext_noop as _


class Role(StrEnum):
    """Who somebody is towards one thing. People hold several at once."""

    REQUESTER = "requester"
    REVIEWER = "reviewer"
    STEWARD = "steward"
    OWNER = "owner"
    COUNSEL = "counsel"
    APPEALS_OFFICER = "appeals_officer"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    CLOCK = "clock"
    HUB = "hub"


class RequestStatus(StrEnum):
    """Where an access request stands."""

    DRAFT = "draft"
    BROUGHT_IN = "brought_in"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    INFO_REQUESTED = "info_requested"
    APPROVED = "approved"
    DENIED_CORRECTABLE = "denied_correctable"
    DENIED_FINAL = "denied_final"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class GrantStatus(StrEnum):
    """Where a grant stands."""

    PENDING_ACTIVATION = "pending_activation"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    RELINQUISHED = "relinquished"
    REVOKED = "revoked"


class StageStatus(StrEnum):
    """Where a stage of a ladder stands."""

    PLANNED = "planned"
    OPENING = "opening"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class ImportStatus(StrEnum):
    """Where a file of earlier approvals stands."""

    REHEARSED = "rehearsed"
    CONFIRMED = "confirmed"
    DISCARDED = "discarded"


class InvitationStatus(StrEnum):
    """Where an invitation stands."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"


R, Q, G, S, D, P = Role, RequestStatus, GrantStatus, StageStatus, DriftStatus, ProcedureStatus
F, V = ImportStatus, InvitationStatus

OPEN_REQUEST = frozenset({Q.DRAFT, Q.BROUGHT_IN, Q.SUBMITTED, Q.IN_REVIEW, Q.INFO_REQUESTED, Q.DENIED_CORRECTABLE})
QUEUED = frozenset({Q.SUBMITTED, Q.IN_REVIEW, Q.INFO_REQUESTED})
LIVE_GRANT = frozenset({G.PENDING_ACTIVATION, G.ACTIVE, G.SUSPENDED})
WANTED_GRANT = frozenset({G.PENDING_ACTIVATION, G.ACTIVE})


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a table. `to` is None where the status stays; of the `needs`, the first that is unmet is said."""

    action: str
    from_: frozenset[StrEnum]
    to: StrEnum | None
    who: frozenset[Role]
    needs: tuple[str, ...] = ()
    label: str = ""
    recorded: bool = True


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
    case_open: bool = True
    terms_in_order: bool = False
    terms_accepted: bool | None = None
    terms_overdue: bool = False
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


def _step(
    action: str,
    from_: Iterable[StrEnum],
    to: StrEnum | None,
    who: Iterable[Role],
    *needs: str,
    label: str = "",
    recorded: bool = True,
) -> Step:
    return Step(action, frozenset(from_), to, frozenset(who), needs, label, recorded)


GRANTING = ("not_own", "stage_takes_grants", "answers_given", "acceptance", "no_live_grant", "quorum", "place")

REQUEST_STEPS = (
    _step(
        "answer",
        {Q.DRAFT, Q.BROUGHT_IN, Q.DENIED_CORRECTABLE},
        None,
        {R.REQUESTER},
        label=_("Save the draft"),
        recorded=False,
    ),
    _step("accept", OPEN_REQUEST, None, {R.REQUESTER}, "not_accepted", label=_("Accept the licence")),
    _step(
        "submit",
        {Q.DRAFT, Q.BROUGHT_IN},
        Q.SUBMITTED,
        {R.REQUESTER},
        "stage_open",
        "policy_current",
        "answers",
        "acceptance",
        label=_("Submit the request"),
    ),
    _step(
        "resubmit",
        {Q.DENIED_CORRECTABLE},
        Q.SUBMITTED,
        {R.REQUESTER},
        "stage_open",
        "policy_current",
        "answers",
        "acceptance",
        label=_("Submit the corrections"),
    ),
    _step("withdraw", OPEN_REQUEST, Q.WITHDRAWN, {R.REQUESTER}, label=_("Withdraw the request")),
    _step("admit", {Q.BROUGHT_IN}, Q.IN_REVIEW, {R.CLOCK}, "hub_is_enough", label=_("Admit from the Hub")),
    # What came complete from the Hub is in review before anybody has it.
    _step("take", {Q.SUBMITTED, Q.IN_REVIEW}, Q.IN_REVIEW, {R.REVIEWER}, "not_own", "free", label=_("Take")),
    _step("put_back", {Q.IN_REVIEW}, Q.SUBMITTED, {R.REVIEWER}, "not_own", "taken", label=_("Put back")),
    _step("ask_back", {Q.IN_REVIEW}, Q.INFO_REQUESTED, {R.REVIEWER}, "not_own", label=_("Ask a question")),
    _step("answer_back", {Q.INFO_REQUESTED}, Q.IN_REVIEW, {R.REQUESTER}, label=_("Answer the question")),
    _step("note", set(Q) - {Q.DRAFT}, None, {R.REVIEWER}, "not_own", label=_("Add a private note")),
    _step("recommend", {Q.IN_REVIEW}, None, {R.REVIEWER}, "not_own", "first_opinion", label=_("Recommend approval")),
    _step("approve", {Q.IN_REVIEW}, Q.APPROVED, {R.REVIEWER}, *GRANTING, label=_("Approve")),
    _step(
        "approve_automatically",
        {Q.SUBMITTED},
        Q.APPROVED,
        {R.CLOCK},
        "automatic",
        *GRANTING,
        label=_("Approve by rule"),
    ),
    _step("deny_correctably", {Q.IN_REVIEW}, Q.DENIED_CORRECTABLE, {R.REVIEWER}, "not_own", label=_("Ask for changes")),
    _step("deny_finally", {Q.IN_REVIEW}, Q.DENIED_FINAL, {R.REVIEWER}, "not_own", label=_("Deny finally")),
    _step(
        "expire",
        {Q.DRAFT, Q.BROUGHT_IN, Q.INFO_REQUESTED, Q.DENIED_CORRECTABLE},
        Q.EXPIRED,
        {R.CLOCK},
        "due",
        label=_("Expire"),
    ),
)

GRANT_STEPS = (
    _step("activate", {G.PENDING_ACTIVATION}, G.ACTIVE, {R.HUB}, "read_back", label=_("Confirm on the Hub")),
    # One's own too: a steward who holds a grant must be able to stop the whole stage.
    _step("suspend", {G.PENDING_ACTIVATION, G.ACTIVE}, G.SUSPENDED, {R.STEWARD, R.OWNER}, label=_("Suspend")),
    _step(
        "reinstate",
        {G.SUSPENDED},
        G.PENDING_ACTIVATION,
        {R.STEWARD, R.OWNER},
        "not_own",
        "stage_takes_grants",
        "terms",
        label=_("Reinstate"),
    ),
    _step("revoke", LIVE_GRANT, G.REVOKED, {R.STEWARD, R.OWNER}, "not_own", label=_("Revoke")),
    _step("relinquish", LIVE_GRANT, G.RELINQUISHED, {R.REQUESTER}, label=_("Give access back")),
    _step("expire", LIVE_GRANT, G.EXPIRED, {R.CLOCK}, "due", label=_("Expire")),
    _step("accept", LIVE_GRANT, None, {R.REQUESTER}, "terms_not_accepted", label=_("Accept the licence")),
    _step("lapse", WANTED_GRANT, G.SUSPENDED, {R.CLOCK}, "terms_overdue", label=_("Let lapse")),
    # Whoever accepts after that comes back without a new review.
    _step(
        "restore",
        {G.SUSPENDED},
        G.PENDING_ACTIVATION,
        {R.CLOCK},
        "lapsed",
        "stage_takes_grants",
        "acceptance",
        label=_("Restore"),
    ),
    _step("reset", LIVE_GRANT, G.EXPIRED, {R.STEWARD, R.OWNER}, "unproven_import", label=_("Do not carry over")),
    # What an emergency stop takes, and gives back when it is lifted: people have decided that about the stop.
    _step("stop", WANTED_GRANT, G.SUSPENDED, {R.CLOCK}, "stopped", label=_("Suspend by an emergency stop")),
    _step(
        "give_back",
        {G.SUSPENDED},
        G.PENDING_ACTIVATION,
        {R.CLOCK},
        "lifting",
        "no_stop",
        "terms",
        label=_("Give back what an emergency stop took"),
    ),
)

STAGE_STEPS = (
    _step(
        "open", {S.PLANNED, S.PAUSED}, S.OPENING, {R.STEWARD, R.OWNER}, "ready", "no_stop", label=_("Open the stage")
    ),
    _step("confirm_open", {S.OPENING}, S.OPEN, {R.HUB}, label=_("Confirm on the Hub")),
    _step("pause", {S.OPENING, S.OPEN}, S.PAUSED, {R.STEWARD, R.OWNER}, label=_("Pause the stage")),
    _step(
        "close", {S.PLANNED, S.OPENING, S.OPEN, S.PAUSED}, S.CLOSED, {R.STEWARD, R.OWNER}, label=_("Close the stage")
    ),
    # Of the people who were brought in with their terms unproven.
    _step("ask_for_terms", set(S), None, {R.STEWARD, R.OWNER}, label=_("Ask them to accept the licence")),
    _step("reset_imported", set(S), None, {R.STEWARD, R.OWNER}, "holds_imported", label=_("Do not carry them over")),
    _step("stop", {S.OPENING, S.OPEN}, S.PAUSED, {R.CLOCK}, "stopped", label=_("Pause by an emergency stop")),
    _step(
        "go_on",
        {S.PAUSED},
        S.OPENING,
        {R.CLOCK},
        "lifting",
        "ready",
        "no_stop",
        label=_("Open after an emergency stop"),
    ),
)

DRIFT_STEPS = (
    _step(
        "record",
        {D.OPEN, D.EXCEPTED},
        D.RECORDED,
        {R.STEWARD, R.OWNER},
        "not_own",
        "recordable",
        "no_open_case",
        label=_("Record it"),
    ),
    _step("undo", {D.OPEN, D.EXCEPTED}, D.REPAIRING, {R.STEWARD, R.OWNER}, "not_own", "undoable", label=_("Undo it")),
    _step("undo_unasked", {D.OPEN}, D.REPAIRING, {R.CLOCK}, "undoable", label=_("Undo it without asking")),
    _step("allow", {D.OPEN}, D.EXCEPTED, {R.OWNER}, "not_own", label=_("Allow it until a day")),
    _step("lapse", {D.EXCEPTED}, D.OPEN, {R.CLOCK}, "due", label=_("End the exception")),
    _step("confirm", {D.REPAIRING}, D.REPAIRED, {R.HUB}, label=_("Confirm on the Hub")),
    _step("vanish", {D.OPEN, D.EXCEPTED}, D.OVER, {R.HUB}, label=_("It is no longer so")),
    _step("repair", {D.OPEN}, D.REPAIRING, {R.CLOCK}, label=_("Repair it in a safe re-gate")),
    _step("reopen", {D.REPAIRING}, D.OPEN, {R.CLOCK}, label=_("Leave it as a safe re-gate found it")),
)

LEADING = {R.STEWARD, R.OWNER, R.OPERATOR}

PROCEDURE_STEPS = (
    _step("start", {P.PREPARED}, P.RUNNING, LEADING, "may_start", label=_("Start it now")),
    _step("call_off", {P.PREPARED, P.HALTED}, P.CALLED_OFF, LEADING, label=_("Call it off")),
    _step("ratify", {P.RUNNING, P.IN_FORCE}, None, LEADING, "ratification_due", "second_person", label=_("Ratify it")),
    _step("ask_to_lift", {P.RUNNING, P.IN_FORCE}, P.WAITING, LEADING, "stop_stands", label=_("Lift the stop")),
    _step("keep", {P.WAITING}, P.RUNNING, LEADING, "lift_asked", label=_("Keep it in force")),
    _step("confirm", {P.WAITING}, P.RUNNING, LEADING, "second_person", label=_("Confirm, and go on")),
    _step("halt", {P.RUNNING, P.WAITING}, P.HALTED, LEADING, "haltable", label=_("Halt it")),
    _step("resume", {P.HALTED}, P.RUNNING, LEADING, label=_("Go on")),
    _step("advance", {P.RUNNING, P.WAITING}, P.RUNNING, {R.HUB}, label=_("Begin the next phase")),
    _step("ask", {P.RUNNING}, P.WAITING, {R.HUB}, label=_("Wait for a person")),
    _step("stand", {P.RUNNING}, P.IN_FORCE, {R.HUB}, "read_back", label=_("Confirm on the Hub")),
    _step("finish", {P.RUNNING}, P.DONE, {R.HUB}, "read_back", label=_("Finish it")),
    _step(
        "note_breach",
        {P.RUNNING, P.IN_FORCE, P.WAITING},
        None,
        {R.CLOCK},
        "due",
        label=_("Note that nobody ratified it in time"),
    ),
)

IMPORT_STEPS = (
    _step("rehearse", {F.REHEARSED}, None, {R.STEWARD, R.OWNER}, label=_("Run the dry run again"), recorded=False),
    _step(
        "confirm",
        {F.REHEARSED},
        F.CONFIRMED,
        {R.STEWARD, R.OWNER},
        "stage_not_over",
        "something_to_bring_in",
        label=_("Bring them in"),
    ),
    _step("discard", {F.REHEARSED}, F.DISCARDED, {R.STEWARD, R.OWNER}, label=_("Discard the file")),
    _step("expire", {F.REHEARSED}, F.DISCARDED, {R.CLOCK}, "due", label=_("Expire")),
)

INVITATION_STEPS = (_step("withdraw", {V.OPEN}, V.WITHDRAWN, {R.STEWARD, R.OWNER}, label=_("Withdraw the invitation")),)

TABLES: dict[str, tuple[Step, ...]] = {
    "request": REQUEST_STEPS,
    "grant": GRANT_STEPS,
    "stage": STAGE_STEPS,
    "drift": DRIFT_STEPS,
    "import": IMPORT_STEPS,
    "invitation": INVITATION_STEPS,
    "procedure": PROCEDURE_STEPS,
}
STATUSES: dict[str, type[StrEnum]] = {
    "request": Q,
    "grant": G,
    "stage": S,
    "drift": D,
    "import": F,
    "invitation": V,
    "procedure": P,
}
FIRST: dict[str, tuple[tuple[str, StrEnum], ...]] = {
    "request": (("start", Q.DRAFT), ("bring_in", Q.BROUGHT_IN)),
    "grant": (("approve or bring in", G.PENDING_ACTIVATION),),
    "stage": (("plan", S.PLANNED),),
    "drift": (("find", D.OPEN),),
    "import": (("upload", F.REHEARSED),),
    "invitation": (("invite", V.OPEN),),
    "procedure": (("prepare", P.PREPARED),),
}

NEEDS: dict[str, tuple[Callable[[Facts], bool], Refusal]] = {
    "not_own": (
        lambda facts: not facts.own,
        Refusal("own_request", _("This request is your own; nobody decides on their own request.")),
    ),
    "stage_open": (
        lambda facts: facts.stage is S.OPEN,
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
        Refusal("case_open", _("There is a case of this person here. Decide it: approving it records this.")),
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
}

# These are part of where a thing stands: refused as a state is (409), and then not offered at all.
OF_STATE = frozenset(
    {
        *("not_accepted", "free", "taken", "terms_not_accepted", "unproven_import"),
        *("ratification_due", "stop_stands", "lift_asked", "haltable"),
    }
)

NOT_YOURS = Refusal("not_allowed", _("Your role does not allow this."))


def find(table: str, action: str) -> Step:
    """Return the step of that table with that action. Raises KeyError if there is none."""
    for step in TABLES[table]:
        if step.action == action:
            return step
    raise KeyError(action)


def wrong_state(step: Step, status: str) -> Refusal:
    """Return the sentence for a step that does not start from this status."""
    return Refusal(
        "wrong_state",
        _("“%(action)s” is not possible any more, or not yet: it stands at “%(status)s”."),
        {"action": step.label or step.action, "status": status},
    )


def out_of_place(step: Step, status: str, roles: Iterable[Role]) -> Refused | None:
    """Return why this step is not for somebody with these roles, or not from this status, whatever the facts are."""
    if not step.who & frozenset(roles):
        return NotAllowed(NOT_YOURS)
    return None if status in step.from_ else WrongState(wrong_state(step, status))


def refusal(step: Step, status: str, roles: Iterable[Role], facts: Facts) -> Refused | None:
    """Return why this step is refused here and now, or None. Role is asked before state, state before needs."""
    refused = out_of_place(step, status, roles)
    if refused is not None:
        return refused
    for need in step.needs:
        met, sentence = NEEDS[need]
        if not met(facts):
            kind = NotAllowed if need == "not_own" else WrongState if need in OF_STATE else Unmet
            return kind(sentence)
    return None


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that a viewer could do with something now: allowed, or shown with the sentence of what is missing."""

    action: str
    label: str
    refusal: Refusal | None = None

    @property
    def allowed(self) -> bool:
        """Say whether the action would be taken."""
        return self.refusal is None


def offers(table: str, status: str, roles: Iterable[Role], facts: Facts) -> list[Offer]:
    """Return the actions of this table that fit role and status, each with the need that is unmet, if any."""
    held = frozenset(roles)
    found = []
    for step in TABLES[table]:
        refused = refusal(step, status, held, facts)
        if refused is None or isinstance(refused, Unmet) or refused.refusal.code == "own_request":
            found.append(Offer(step.action, step.label, refused.refusal if refused else None))
    return found


def picture() -> str:
    """Return the tables as Mermaid state diagrams, in the order of the tables."""
    parts = []
    for table, steps in TABLES.items():
        lines = ["```mermaid", "stateDiagram-v2"]
        lines += [f"    [*] --> {status}: {action}" for action, status in FIRST[table]]
        for step in steps:
            if step.to is None:
                continue
            lines += [f"    {start} --> {step.to}: {step.action}" for start in sorted(step.from_)]
        ends = sorted(set(STATUSES[table]) - {start for step in steps if step.to for start in step.from_})
        lines += [f"    {end} --> [*]" for end in ends]
        parts.append("\n".join([*lines, "```"]))
    return "\n\n".join(parts)
