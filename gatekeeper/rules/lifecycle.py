"""The step tables: which action leads from which status to which, who may take it, and what it needs first.

Verbs, pages, the API and the picture in the README all read these tables; nothing else compares a status to decide
what may happen. `refusal` answers role (403) before state (409) before needs (422).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .campaigns import CampaignStatus
from .drift import DriftStatus
from .needs import NEEDS, OF_STATE, Facts
from .procedures import ProcedureStatus
from .refusals import NotAllowed, Refusal, Refused, Unmet, WrongState
from .refusals import gettext_noop as _
from .statuses import (
    LIVE_GRANT,
    OPEN_REQUEST,
    WANTED_GRANT,
    GrantStatus,
    ImportStatus,
    InvitationStatus,
    RequestStatus,
    Role,
    StageStatus,
)

R, Q, G, S, D, P = Role, RequestStatus, GrantStatus, StageStatus, DriftStatus, ProcedureStatus
F, V, C = ImportStatus, InvitationStatus, CampaignStatus


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
    _step("erase", OPEN_REQUEST, Q.WITHDRAWN, {R.CLOCK}, label=_("End, with the data")),
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
    # One's own too: a steward who holds a grant must be able to stop the whole stage. What has lapsed is suspended
    # by them as well: from then on it takes people to give it back.
    _step("suspend", LIVE_GRANT, G.SUSPENDED, {R.STEWARD, R.OWNER}, "suspendable", label=_("Suspend")),
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
    _step("erase", LIVE_GRANT, G.RELINQUISHED, {R.CLOCK}, label=_("End, with the data")),
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
        "same_owner",
        "token_reaches",
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

CAMPAIGN_STEPS = (
    _step(
        "schedule",
        {C.PREPARED, C.SCHEDULED},
        C.SCHEDULED,
        {R.STEWARD, R.OWNER},
        "version_latest",
        label=_("Schedule it"),
    ),
    _step("begin", {C.SCHEDULED}, C.RUNNING, {R.CLOCK}, "due", "version_latest", label=_("Begin")),
    _step("halt", {C.RUNNING}, C.HALTED, {R.STEWARD, R.OWNER}, label=_("Halt it")),
    _step("resume", {C.HALTED}, C.RUNNING, {R.STEWARD, R.OWNER}, label=_("Go on")),
    _step("finish", {C.RUNNING}, C.DONE, {R.CLOCK}, "campaign_over", label=_("Finish it")),
    _step(
        "call_off",
        {C.PREPARED, C.SCHEDULED, C.HALTED},
        C.CALLED_OFF,
        {R.STEWARD, R.OWNER},
        label=_("Call it off"),
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
    "campaign": CAMPAIGN_STEPS,
}
STATUSES: dict[str, type[StrEnum]] = {
    "request": Q,
    "grant": G,
    "stage": S,
    "drift": D,
    "import": F,
    "invitation": V,
    "procedure": P,
    "campaign": C,
}
FIRST: dict[str, tuple[tuple[str, StrEnum], ...]] = {
    "request": (("start", Q.DRAFT), ("bring_in", Q.BROUGHT_IN)),
    "grant": (("approve or bring in", G.PENDING_ACTIVATION),),
    "stage": (("plan", S.PLANNED),),
    "drift": (("find", D.OPEN),),
    "import": (("upload", F.REHEARSED),),
    "invitation": (("invite", V.OPEN),),
    "procedure": (("prepare", P.PREPARED),),
    "campaign": (("prepare", C.PREPARED),),
}

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
