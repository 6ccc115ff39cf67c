"""Every row of the step tables with the verb that takes it, given all that it needs but the right person and state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.actions import (
    campaigns,
    decisions,
    drifts,
    earlier_approvals,
    grants,
    invitations,
    procedures,
    requests,
    reviews,
    stages,
    terms,
)
from gatekeeper.actions._step import step
from gatekeeper.models import Grant
from gatekeeper.models.campaign_tallies import Preview
from gatekeeper.models.tallies import undecided
from gatekeeper.rules.lifecycle import NOT_YOURS
from gatekeeper.rules.refusals import NotAllowed, Refused
from tests import factories

Verb = Callable[[Any, Viewer, datetime | None], Any]


def accept(case: Any, by: Viewer, at: datetime | None) -> Any:
    """Accept what is in force."""
    version = factories.current_licence(case.stage)
    return requests.accept(case, by=by, text_sha256=version.text_sha256, acknowledged=version.restrictions, at=at)


def accept_terms(grant: Any, by: Viewer, at: datetime | None) -> Any:
    """Accept, for a grant that one holds, what is in force."""
    version = factories.current_licence(grant.stage)
    return terms.accept(grant, by=by, text_sha256=version.text_sha256, acknowledged=version.restrictions, at=at)


VERBS: dict[str, dict[str, Verb]] = {
    "request": {
        "answer": lambda case, by, at: requests.answer(case, by=by, answers={}, at=at),
        "accept": accept,
        "submit": lambda case, by, at: requests.submit(case, by=by, at=at),
        "resubmit": lambda case, by, at: requests.resubmit(case, by=by, at=at),
        "withdraw": lambda case, by, at: requests.withdraw(case, by=by, at=at),
        "take": lambda case, by, at: reviews.take(case, by=by, at=at),
        "put_back": lambda case, by, at: reviews.put_back(case, by=by, at=at),
        "ask_back": lambda case, by, at: reviews.ask_back(case, by=by, words="Why?", at=at),
        "answer_back": lambda case, by, at: requests.answer_back(case, by=by, words="So.", at=at),
        "note": lambda case, by, at: reviews.note(case, by=by, words="Ask Dana.", at=at),
        "recommend": lambda case, by, at: reviews.recommend(case, by=by, at=at),
        "approve": lambda case, by, at: decisions.approve(case, by=by, words="Welcome.", at=at),
        "deny_correctably": lambda case, by, at: decisions.deny_correctably(
            case, by=by, codes=["USE_THIN"], words="Say more.", at=at
        ),
        "deny_finally": lambda case, by, at: decisions.deny_finally(
            case, by=by, codes=["USE_RESTRICTED"], words="No.", at=at
        ),
    },
    "grant": {
        "suspend": lambda grant, by, at: grants.suspend(grant, by=by, at=at),
        "reinstate": lambda grant, by, at: grants.reinstate(grant, by=by, at=at),
        "revoke": lambda grant, by, at: grants.revoke(grant, by=by, codes=["PRIOR_BREACH"], words="No.", at=at),
        "relinquish": lambda grant, by, at: grants.relinquish(grant, by=by, at=at),
        "accept": accept_terms,
        "reset": lambda grant, by, at: terms.reset(grant, by=by, at=at),
    },
    "stage": {
        "open": lambda stage, by, at: stages.open_stage(stage, by=by, at=at),
        "pause": lambda stage, by, at: stages.pause(stage, by=by, at=at),
        "close": lambda stage, by, at: stages.close(stage, by=by, at=at),
        "ask_for_terms": lambda stage, by, at: terms.ask_for_terms(stage, by=by, days=30, at=at),
        "reset_imported": lambda stage, by, at: terms.reset_imported(
            stage, by=by, seen=Grant.objects.imported_unproven().filter(stage=stage).digest(), at=at
        ),
    },
    "drift": {
        "record": lambda drift, by, at: drifts.record(drift, by=by, words="So be it.", codes=["PRIOR_BREACH"], at=at),
        "undo": lambda drift, by, at: drifts.undo(drift, by=by, at=at),
        "allow": lambda drift, by, at: drifts.allow(
            drift, by=by, until=(at or timezone.now()) + timedelta(days=30), words="For the audit.", at=at
        ),
    },
    "import": {
        "rehearse": lambda source, by, at: earlier_approvals.rehearse(source, by=by, at=at),
        "confirm": lambda source, by, at: earlier_approvals.confirm(source, by=by, seen=source.digest, at=at),
        "discard": lambda source, by, at: earlier_approvals.discard(source, by=by, at=at),
    },
    "invitation": {"withdraw": lambda invitation, by, at: invitations.withdraw(invitation, by=by, at=at)},
    "procedure": {
        "start": lambda procedure, by, at: procedures.start(procedure, by=by, at=at),
        "call_off": lambda procedure, by, at: procedures.call_off(procedure, by=by, at=at),
        "ratify": lambda procedure, by, at: procedures.ratify(procedure, by=by, at=at),
        "ask_to_lift": lambda procedure, by, at: procedures.ask_to_lift(procedure, by=by, at=at),
        "keep": lambda procedure, by, at: procedures.keep(procedure, by=by, at=at),
        "confirm": lambda procedure, by, at: procedures.confirm(
            procedure, by=by, confirmed=undecided(procedure).count(), at=at
        ),
        "halt": lambda procedure, by, at: procedures.halt(procedure, by=by, at=at),
        "resume": lambda procedure, by, at: procedures.resume(procedure, by=by, at=at),
    },
    "campaign": {
        "schedule": lambda campaign, by, at: campaigns.schedule(
            campaign, by=by, confirmed=Preview(campaign).people, at=at
        ),
        "halt": lambda campaign, by, at: campaigns.halt(campaign, by=by, at=at),
        "resume": lambda campaign, by, at: campaigns.resume(campaign, by=by, at=at),
        "call_off": lambda campaign, by, at: campaigns.call_off(campaign, by=by, at=at),
    },
}


def worker_takes(action: str) -> Callable[[Any, datetime | None], None]:
    """A step of a procedure that the worker takes where it finds it due, taken bare."""

    def take(procedure: Any, at: datetime | None) -> None:
        with step("procedure", action, [procedure], by=Viewer.system("hub"), at=at):
            pass

    return take


# What only a system user does: these verbs take no `by`, so nobody else can be the one.
SYSTEM: dict[str, dict[str, tuple[str, Callable[[Any, datetime | None], Any]]]] = {
    "request": {
        "admit": ("clock", lambda case, at: requests.admit_all([case], at=at)),
        "approve_automatically": ("clock", lambda case, at: decisions.approve_automatically(case, at=at)),
        "erase": ("clock", lambda case, at: requests.erase_all([case], at=at)),
        "expire": ("clock", lambda case, at: requests.expire_all([case], at=at)),
    },
    "grant": {
        "activate": ("hub", lambda grant, at: grants.activate_all([grant], at=at)),
        "erase": ("clock", lambda grant, at: grants.erase_all([grant], at=at)),
        "expire": ("clock", lambda grant, at: grants.expire_all([grant], at=at)),
        "lapse": ("clock", lambda grant, at: terms.lapse_all([grant], at=at)),
        "restore": ("clock", lambda grant, at: terms.restore_all([grant], at=at)),
        "stop": ("clock", lambda grant, at: grants.stop_all([grant], procedure=1, at=at)),
        "give_back": ("clock", lambda grant, at: grants.give_back_all([grant], procedure=1, at=at)),
    },
    "stage": {
        "confirm_open": ("hub", lambda stage, at: stages.confirm_open(stage, at=at)),
        "stop": ("clock", lambda stage, at: stages.stop_all([stage], procedure=1, at=at)),
        "go_on": ("clock", lambda stage, at: stages.go_on_all([stage], procedure=1, at=at)),
    },
    "drift": {
        "undo_unasked": ("clock", lambda drift, at: drifts.undo_unasked_all([drift], at=at)),
        "lapse": ("clock", lambda drift, at: drifts.lapse_all([drift], at=at)),
        "confirm": ("hub", lambda drift, at: drifts.confirm_all([drift], at=at)),
        "vanish": ("hub", lambda drift, at: drifts.vanish_all([drift], at=at)),
        "repair": ("clock", lambda drift, at: drifts.repair_all([drift], procedure=1, at=at)),
        "reopen": ("clock", lambda drift, at: drifts.reopen_all([drift], procedure=1, at=at)),
    },
    "procedure": {
        **{name: ("hub", worker_takes(name)) for name in ("advance", "ask", "stand", "finish")},
        "note_breach": ("clock", lambda procedure, at: procedures.note_breaches([procedure], at=at)),
    },
    "campaign": {
        "begin": ("clock", lambda campaign, at: campaigns.begin_all([campaign], at=at)),
        "finish": ("clock", lambda campaign, at: campaigns.finish_all([campaign], at=at)),
    },
    "import": {"expire": ("clock", lambda source, at: earlier_approvals.expire_all([source], at=at))},
    "invitation": {},
}


class Undone(Exception):
    """Takes a step back once it was seen to work."""


def tried(table: str, action: str, row: Any, by: Viewer, *, at: datetime | None = None) -> Refused | None:
    """Take a step for somebody, and take it back; returns how it was refused, or None if it was not.

    A system verb that somebody else cannot even call counts as not theirs.
    """
    try:
        with transaction.atomic():
            if action in SYSTEM[table]:
                name, system_verb = SYSTEM[table][action]
                if by.system_name != name:
                    return NotAllowed(NOT_YOURS)
                system_verb(row, at)
            else:
                VERBS[table][action](row, by, at)
            raise Undone
    except Refused as refused:
        return refused
    except Undone:
        return None
