"""Verbs of decision: approve, deny correctably, deny finally. Each has an actor, reason codes, words and redress."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from accounts.viewer import Viewer
from gatekeeper.catalogues.reason_codes import fitting
from gatekeeper.models import AccessRequest, Decision, GatePolicy, Outcome, Purpose
from gatekeeper.models.policies import current_policies
from gatekeeper.rules.access import Closing
from gatekeeper.rules.refusals import Invalid, Refusal
from gatekeeper.rules.refusals import gettext_noop as _

from ._answering import reopen_draft
from ._step import Moved, days_after, step, tell, write_texts
from .grants import give_grants
from .reviews import opine
from .words import readable

NO_CODE = Refusal("reason_missing", _("Choose at least one reason."))
WRONG_CODE = Refusal(
    "reason_does_not_fit", _("This reason does not fit the decision, or the stage’s policy does not allow it.")
)
NOT_A_QUESTION = Refusal("not_asked", _("Only questions of the form can be reopened."))

REDRESS = {
    Outcome.APPROVED: "ask_the_publisher",
    Outcome.DENIED_CORRECTABLE: "correct_and_resubmit",
    Outcome.DENIED_FINAL: "write_to_the_publisher",
    Outcome.REVOKED: "write_to_the_publisher",
}
RULE_WORDS = "This stage approves every complete request that accepts its licence."


def approve_all(
    requests: Iterable[AccessRequest],
    *,
    by: Viewer,
    codes: Sequence[str] = ("ELIGIBLE",),
    words: str,
    conditions: Sequence[str] = (),
    seen: Mapping[int, int | None] | int | None = None,
    at: datetime | None = None,
) -> list[AccessRequest]:
    """Approve the submissions of several requests and make their grants; a constant number of statements.

    Raises NotAllowed (not a reviewer, or one's own request), WrongState (decided already, or `seen` is stale),
    Unmet (acceptance, quorum, place, open stage: names which), Invalid (codes, words). All or nothing.
    """
    words, conditions = readable(words), [readable(condition) for condition in conditions]
    with step("request", "approve", requests, by=by, seen=seen, at=at) as moved:
        opine(moved)
        decisions = decide(moved, Outcome.APPROVED, codes=codes, words=words)
        give_grants(moved, decisions, conditions=conditions)
    return moved.rows


def approve(request: AccessRequest, **kwargs: Any) -> AccessRequest:
    """Approve one request: see approve_all."""
    return approve_all([request], **kwargs)[0]


def approve_automatically(request: AccessRequest, *, at: datetime | None = None) -> AccessRequest:
    """Approve one submission by the stage's own rule, as the clock. Nothing is ever denied by rule."""
    with step("request", "approve_automatically", [request], by=Viewer.system("clock"), at=at) as moved:
        decisions = decide(moved, Outcome.APPROVED, codes=["ELIGIBLE"], words=RULE_WORDS, automatic=True)
        give_grants(moved, decisions)
    return moved.rows[0]


def deny_correctably(
    request: AccessRequest,
    *,
    by: Viewer,
    codes: Sequence[str],
    words: str,
    reopened: Sequence[str] = (),
    seen: int | None = None,
    at: datetime | None = None,
) -> AccessRequest:
    """Deny a submission with the way to mend it; `reopened` names the questions that may be answered again (none: all).

    The Hub request is reset, never rejected, so that its person can ask again.
    """
    words = readable(words)
    with step("request", "deny_correctably", [request], by=by, seen=seen, at=at) as moved:
        [case] = moved.rows
        asked = {question["key"] for question in case.policy.form.questions}
        if set(reopened) - asked:
            raise Invalid(NOT_A_QUESTION, {"reopened": NOT_A_QUESTION})
        decide(moved, Outcome.DENIED_CORRECTABLE, codes=codes, words=words, reopened=reopened)
        case.reopened = list(reopened)
        case.waits_until = days_after(moved.at, case.policy.term("correction_days"))
        case.save(update_fields=["reopened", "waits_until"])
        reopen_draft(case, at=moved.at)
        moved.wish(closing=Closing.RESET, cause="changes_needed")
    return case


def deny_finally(
    request: AccessRequest,
    *,
    by: Viewer,
    codes: Sequence[str],
    words: str,
    seen: int | None = None,
    at: datetime | None = None,
) -> AccessRequest:
    """Deny a submission for good; the Hub request is rejected, so that it cannot be repeated there."""
    words = readable(words)
    with step("request", "deny_finally", [request], by=by, seen=seen, at=at) as moved:
        [case] = moved.rows
        decide(moved, Outcome.DENIED_FINAL, codes=codes, words=words)
        moved.wish(closing=Closing.REJECTED, cause="denied")
    return case


def check_codes(outcome: Outcome, policy: GatePolicy, codes: Sequence[str]) -> list[str]:
    """Return the codes without repeats. Raises Invalid if there is none, or one does not fit outcome and policy."""
    unique = list(dict.fromkeys(codes))
    if not unique:
        raise Invalid(NO_CODE, {"codes": NO_CODE})
    allowed = {reason.code for reason in fitting(outcome.value, policy.term("reason_codes") or None)}
    if outcome is Outcome.APPROVED:
        allowed |= {reason.code for reason in fitting(outcome.value)}
    if not set(unique) <= allowed:
        raise Invalid(WRONG_CODE, {"codes": WRONG_CODE})
    return unique


def decide(
    moved: Moved,
    outcome: Outcome,
    *,
    codes: Sequence[str],
    words: str,
    reopened: Sequence[str] = (),
    automatic: bool = False,
) -> list[Decision]:
    """Write one decision per case that is moved, under the policy in force, and tell its requester; two statements."""
    policies = current_policies([case.stage for case in moved.rows])
    for policy in {policy.pk: policy for policy in policies.values()}.values():
        codes = check_codes(outcome, policy, codes)
    texts = write_texts(((case.person, Purpose.WORDS, words) for case in moved.rows), at=moved.at)
    decisions = Decision.objects.bulk_create(
        [
            Decision(
                request=case,
                submission_id=case.submission_id,
                policy=policies[case.stage_id],
                outcome=outcome,
                reason_codes=list(codes),
                reopened=list(reopened),
                words_id=text.pk,
                words_digest=text.digest,
                redress=REDRESS[outcome],
                automatic=automatic,
                decided_by=moved.actor,
                decided_at=moved.at,
            )
            for case, text in zip(moved.rows, texts, strict=True)
        ],
        batch_size=1_000,
    )
    for case, decision in zip(moved.rows, decisions, strict=True):
        moved.note(
            case,
            decision=decision.pk,
            submission=case.submission_id,
            codes=list(codes),
            words_digest=decision.words_digest,
        )
    tell(((case.person.user, f"decided_{outcome.value}", case) for case in moved.rows), at=moved.at)
    return decisions
