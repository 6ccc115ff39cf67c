"""What is offered is what is not refused: every status, every person of the cast, by model, verb and API.

Beside it stands a list of what must never be, written by hand, so that it does not follow the tables.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from accounts.models import ApiToken, HubPerson
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
)
from gatekeeper.models import (
    AccessRequest,
    ApprovalImport,
    Campaign,
    Drift,
    Grant,
    Invitation,
    Procedure,
    Repository,
    Stage,
)
from gatekeeper.rules.lifecycle import STATUSES, TABLES
from tests import factories
from tests.verbs import SYSTEM, VERBS, tried

OUTSIDERS = ("ewa", "farid", "goran", "ines", "juma", "nobody")
# Who has a part in the steps of a table, and whoever holds the same role as one of them.
PART = {
    "request": ("ha", "chidi", "clock"),
    "grant": ("ha", "amara", "clock", "hub"),
    "stage": ("amara", "clock", "hub"),
    "drift": ("amara", "clock", "hub"),
    "import": ("amara", "clock"),
    "invitation": ("amara",),
    "procedure": ("amara", "bram", "goran", "clock", "hub"),
    "campaign": ("amara", "clock"),
}
TWINS = {"bram": "amara", "dana": "chidi"}
# Who asks the API in every state: whoever has a part, an auditor, a stranger, a visitor.
ASKING = ("ha", "chidi", "amara", "farid", "ines", "nobody")
CAST = ("amara", "bram", "chidi", "dana", "ha", "clock", "hub", *OUTSIDERS)


@pytest.fixture
def cast(request: pytest.FixtureRequest) -> dict[str, Viewer]:
    """Everybody."""
    return {name: request.getfixturevalue(name) for name in CAST}


def test_every_row_of_the_tables_has_its_verb() -> None:
    """And no verb stands for a row that is not there."""
    for table, steps in TABLES.items():
        assert {step.action for step in steps} == set(VERBS[table]) | set(SYSTEM[table])


# --- the states, each reached by its steps


class Scene:
    """Hà asks Chidi at one stage; whoever else is needed is there."""

    def __init__(self, repository: Repository, cast: dict[str, Viewer]) -> None:
        self.repository, self.cast = repository, cast
        self.ha, self.chidi, self.amara = cast["ha"], cast["chidi"], cast["amara"]

    def stage(self, **terms: Any) -> Stage:
        """An open stage with these terms."""
        return factories.open_stage(self.repository, by=self.amara, **terms)

    @property
    def person(self) -> HubPerson:
        """Hà, as the Hub knows her."""
        assert self.ha.person is not None
        return self.ha.person

    def case(self, build: Callable[..., AccessRequest], **terms: Any) -> AccessRequest:
        """A request of Hà, reviewed by Chidi."""
        return build(self.stage(**terms), self.ha, by=self.chidi)

    def drift(self, kind: str = "ghost_access", about: str = "ha", **facts: Any) -> Drift:
        """Something that differs about Hà, or about the repository, while a stage is open."""
        self.stage()
        return factories.drift(self.repository, kind, self.cast[about].person, **facts)

    def grant(self, build: Callable[..., Grant], **terms: Any) -> Grant:
        """A grant of Hà, decided by Chidi."""
        return build(self.stage(**terms), self.ha, by=self.chidi)


def expired(scene: Scene) -> AccessRequest:
    case = requests.start(scene.stage(), by=scene.ha)
    return requests.expire_all([case], at=case.waits_until)[0]


def paused(scene: Scene) -> AccessRequest:
    case = scene.case(factories.in_review)
    stages.pause(case.stage, by=scene.amara)
    return case


def outdated(scene: Scene) -> AccessRequest:
    case = scene.case(factories.in_review)
    factories.policy(case.stage, by=scene.amara, text=b"Other words.")
    return case


def full(scene: Scene) -> AccessRequest:
    case = scene.case(factories.in_review, cap=1)
    factories.waiting_grant(case.stage, scene.cast["ines"], by=scene.chidi)
    return case


def half_recommended(scene: Scene) -> AccessRequest:
    return reviews.recommend(scene.case(factories.in_review, approvals_required=2), by=scene.chidi)


def own(scene: Scene) -> AccessRequest:
    return factories.in_review(scene.stage(), scene.chidi, by=scene.cast["dana"])


def complete_on_the_hub(scene: Scene) -> AccessRequest:
    scene.stage(intake="hub_is_enough")
    return factories.fresh(factories.brought_in(scene.repository, scene.person))


def closed_since(scene: Scene) -> ApprovalImport:
    source = factories.rehearsed(scene.stage(), "somebody", by=scene.amara)
    stages.close(source.stage, by=scene.amara)
    return source


def outrun(scene: Scene) -> Campaign:
    campaign = factories.prepared_campaign(scene.stage(), by=scene.amara)
    factories.licence(campaign.publisher, by=scene.amara, text=b"A later version.")
    return campaign


REQUESTS: dict[str, Callable[[Scene], AccessRequest]] = {
    "draft": lambda scene: requests.start(scene.stage(), by=scene.ha),
    "draft, complete": lambda scene: factories.draft(scene.stage(), scene.ha),
    "brought_in": lambda scene: scene.stage() and factories.brought_in(scene.repository, scene.person),
    "submitted": lambda scene: factories.submitted(scene.stage(), scene.ha),
    "in_review": lambda scene: scene.case(factories.in_review),
    "in_review, nobody has it": complete_on_the_hub,
    "in_review, stage paused": paused,
    "in_review, other terms": outdated,
    "in_review, no place": full,
    "in_review, two needed": half_recommended,
    "in_review, a reviewer's own": own,
    "info_requested": lambda scene: scene.case(factories.info_requested),
    "approved": lambda scene: scene.case(factories.approved),
    "denied_correctable": lambda scene: scene.case(factories.denied_correctably),
    "denied_final": lambda scene: scene.case(factories.denied_finally),
    "withdrawn": lambda scene: requests.withdraw(requests.start(scene.stage(), by=scene.ha), by=scene.ha),
    "expired": expired,
}
GRANTS: dict[str, Callable[[Scene], Grant]] = {
    "pending_activation": lambda scene: scene.grant(factories.waiting_grant),
    "active": lambda scene: scene.grant(factories.active_grant, duration_days=30),
    "active, a steward's own": lambda scene: factories.active_grant(scene.stage(), scene.cast["bram"], by=scene.chidi),
    "active, imported": lambda scene: factories.imported(scene.stage(), scene.person, by=scene.amara),
    "suspended": lambda scene: grants.suspend(scene.grant(factories.active_grant), by=scene.amara),
    "suspended, lapsed": lambda scene: factories.lapsed(
        factories.imported(scene.stage(), scene.person, by=scene.amara), by=scene.amara
    ),
    "expired": lambda scene: grants.expire_all(
        [scene.grant(factories.active_grant, duration_days=1)], at=factories.later(2)
    )[0],
    "relinquished": lambda scene: grants.relinquish(scene.grant(factories.active_grant), by=scene.ha),
    "revoked": lambda scene: grants.revoke(
        scene.grant(factories.active_grant), by=scene.amara, codes=["PRIOR_BREACH"], words="No."
    ),
}
STAGES: dict[str, Callable[[Scene], Stage]] = {
    "planned": lambda scene: factories.planned_stage(scene.repository, by=scene.amara),
    "planned, no terms": lambda scene: factories.bare_stage(scene.repository, by=scene.amara),
    "opening": lambda scene: stages.open_stage(
        factories.planned_stage(scene.repository, by=scene.amara), by=scene.amara
    ),
    "open": lambda scene: scene.stage(),
    "open, somebody brought in": lambda scene: factories.imported(scene.stage(), scene.person, by=scene.amara).stage,
    "paused": lambda scene: stages.pause(scene.stage(), by=scene.amara),
    "closed": lambda scene: stages.close(scene.stage(), by=scene.amara),
}
DRIFTS: dict[str, Callable[[Scene], Drift]] = {
    "open": lambda scene: scene.drift(),
    "open, with a case": lambda scene: scene.case(factories.in_review) and scene.drift(),
    "open, access taken away": lambda scene: scene.grant(factories.active_grant) and scene.drift("missing_access"),
    "open, an account that is gone": lambda scene: scene.grant(factories.active_grant) and scene.drift("account_gone"),
    "open, gone with a case": lambda scene: scene.case(factories.in_review) and scene.drift("account_gone"),
    "open, another name": lambda scene: scene.drift("account_renamed"),
    "open, moved": lambda scene: scene.drift("repository_moved"),
    "open, moved to another owner": lambda scene: scene.drift("repository_moved", owner="another"),
    "open, moved out of reach": lambda scene: scene.drift("repository_moved", token=False),
    "open, members": lambda scene: scene.drift("members_bypass"),
    "open, the gate": lambda scene: scene.drift("mode_changed"),
    "open, a steward's own": lambda scene: scene.drift(about="bram"),
    "repairing": lambda scene: drifts.undo(scene.drift(), by=scene.amara),
    "repaired": lambda scene: drifts.confirm_all([drifts.undo(scene.drift(), by=scene.amara)])[0],
    "recorded": lambda scene: drifts.record(scene.drift(), by=scene.amara, words="So be it."),
    "excepted": lambda scene: drifts.allow(
        scene.drift(), by=scene.amara, until=factories.later(30), words="For the audit."
    ),
    "over": lambda scene: drifts.vanish_all([scene.drift()])[0],
}
IMPORTS: dict[str, Callable[[Scene], ApprovalImport]] = {
    "rehearsed": lambda scene: factories.rehearsed(scene.stage(), "somebody", by=scene.amara),
    "rehearsed, nothing in it": lambda scene: factories.rehearsed(scene.stage(), "a b", by=scene.amara),
    "rehearsed, stage closed": closed_since,
    "confirmed": lambda scene: factories.confirmed_import(scene.stage(), "somebody", by=scene.amara),
    "discarded": lambda scene: earlier_approvals.discard(
        factories.rehearsed(scene.stage(), "somebody", by=scene.amara), by=scene.amara
    ),
}
INVITATIONS: dict[str, Callable[[Scene], Invitation]] = {
    "open": lambda scene: factories.invitation(scene.stage(), by=scene.amara),
    "withdrawn": lambda scene: invitations.withdraw(
        factories.invitation(scene.stage(), by=scene.amara), by=scene.amara
    ),
}
PROCEDURES: dict[str, Callable[[Scene], Procedure]] = {
    "prepared": lambda scene: procedures.prepare_stop(scene.stage(), by=scene.amara, words="The weights leaked."),
    "prepared, a re-gate": lambda scene: (
        scene.stage()
        and procedures.prepare_regate(factories.fresh(scene.repository), by=scene.amara, words="It was off.")
    ),
    "running": lambda scene: (
        scene.grant(factories.active_grant) and factories.stop(scene.repository.publisher, by=scene.amara)
    ),
    "running, a re-gate": lambda scene: scene.stage() and factories.regate(scene.repository, by=scene.amara),
    "waiting": lambda scene: factories.lift_asked(scene.stage(), by=scene.amara),
    "waiting, a re-gate": lambda scene: scene.stage() and factories.regate_waits(scene.repository, by=scene.amara),
    "halted": lambda scene: (
        scene.stage() and procedures.halt(factories.regate(scene.repository, by=scene.amara), by=scene.amara)
    ),
    "in_force": lambda scene: factories.in_force(scene.stage(), by=scene.amara),
    "done": lambda scene: scene.stage() and factories.regated(scene.repository, by=scene.amara),
    "called_off": lambda scene: procedures.call_off(
        procedures.prepare_stop(scene.stage(), by=scene.amara, words="No."), by=scene.amara
    ),
}
CAMPAIGNS: dict[str, Callable[[Scene], Campaign]] = {
    "prepared": lambda scene: factories.prepared_campaign(scene.stage(), by=scene.amara),
    "prepared, of a version that is not the latest": outrun,
    "scheduled": lambda scene: factories.scheduled_campaign(scene.stage(), by=scene.amara),
    "running": lambda scene: factories.running_campaign(scene.grant(factories.active_grant).stage, by=scene.amara),
    "halted": lambda scene: campaigns.halt(
        factories.running_campaign(scene.grant(factories.active_grant).stage, by=scene.amara), by=scene.amara
    ),
    "done": lambda scene: factories.running_campaign(scene.stage(), by=scene.amara),
    "called_off": lambda scene: campaigns.call_off(
        factories.prepared_campaign(scene.stage(), by=scene.amara), by=scene.amara
    ),
}
STATES: dict[str, dict[str, Callable[[Scene], Any]]] = {
    "request": REQUESTS,
    "grant": GRANTS,
    "stage": STAGES,
    "drift": DRIFTS,
    "import": IMPORTS,
    "invitation": INVITATIONS,
    "procedure": PROCEDURES,
    "campaign": CAMPAIGNS,
}
EVERY = [pytest.param(table, build, id=f"{table}: {name}") for table in STATES for name, build in STATES[table].items()]


def test_every_status_is_walked() -> None:
    """No status of the tables is left out below."""
    for table, states in STATES.items():
        assert {name.partition(",")[0] for name in states} == {status.value for status in STATUSES[table]}


@pytest.mark.parametrize(("table", "build"), EVERY)
def test_offered_is_not_refused(
    table: str, build: Callable[[Scene], Any], aurora: Repository, cast: dict[str, Viewer]
) -> None:
    """For everybody, in this state: the buttons, the verbs and the API say the same."""
    row = build(Scene(aurora, cast))
    for name, who in cast.items():
        offers = row.actions_for(who)
        if name in PART[table] or (offers and offers != row.actions_for(cast[TWINS.get(name, name)])):
            check_offers(table, row, name, who)
        else:  # that no verb lets them is tried in test_never; a twin is walked with the other one
            assert name in TWINS or offers == [], name
        if name in ASKING and (name in PART[table] or offers or name in OUTSIDERS):
            check_api(table, row, name, who)


@pytest.mark.parametrize(
    ("table", "state"),
    [("request", "draft"), ("request", "brought_in"), ("request", "info_requested"), ("grant", "active")],
)
def test_offered_is_not_refused_when_the_time_has_come(
    table: str, state: str, aurora: Repository, cast: dict[str, Viewer]
) -> None:
    """What is due is due for the clock, and changes nothing for people."""
    row = STATES[table][state](Scene(aurora, cast))
    for name in PART[table]:
        check_offers(table, row, name, cast[name], at=factories.later(400))


def check_offers(table: str, row: Any, name: str, who: Viewer, at: datetime | None = None) -> None:
    """Compare what somebody is offered with what each verb answers them."""
    offers = row.actions_for(who, at=at) if table != "stage" else row.actions_for(who)
    shown = {offer.action: offer.refusal.code if offer.refusal else None for offer in offers}
    for action in SYSTEM[table] if who.is_system else VERBS[table]:
        refused = tried(table, action, row, who, at=at)
        if refused is None:
            assert shown.get(action, "not shown") is None, f"{name} may {action}, and is not offered it"
        else:
            assert shown.get(action, refused.refusal.code) == refused.refusal.code, f"{name}: {action}"
    assert set(shown) <= set(SYSTEM[table] if who.is_system else VERBS[table]), name


def check_api(table: str, row: Any, name: str, who: Viewer) -> None:
    """Compare what the API serves somebody with what they are offered; what they do not see is not there."""
    client = APIClient()
    if who.user is not None:
        _token, secret = ApiToken.objects.issue(user=who.user, name="test", scopes=["read"])
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    answer = client.get(f"/api/v1/{table}s/{row.pk}/")
    seen = type(row).objects.visible_to(who).filter(pk=row.pk).exists()
    if answer.status_code == 401:
        assert who.user is None
        return
    assert answer.status_code == (200 if seen else 404), (name, answer.content)
    if seen:
        assert [
            (one["action"], one["allowed"], (one["why"] or {}).get("code")) for one in answer.json()["actions"]
        ] == [
            (offer.action, offer.allowed, offer.refusal.code if offer.refusal else None)
            for offer in row.actions_for(who)
        ], name


# --- never: independent of the tables

DECIDING = ("take", "put_back", "ask_back", "note", "recommend", "approve", "deny_correctably", "deny_finally")
NEVER: dict[str, dict[str, tuple[str, ...]]] = {
    "ha": {
        "request": (*DECIDING, "admit", "approve_automatically", "expire"),
        "grant": ("activate", "suspend", "reinstate", "revoke", "expire", "lapse", "restore", "reset"),
        "stage": ("open", "confirm_open", "pause", "close", "ask_for_terms", "reset_imported"),
        "drift": tuple(VERBS["drift"]),
        "import": ("rehearse", "confirm", "discard", "expire"),
        "invitation": ("withdraw",),
        "procedure": tuple(VERBS["procedure"]),
        "campaign": tuple(VERBS["campaign"]),
    },
    **{name: {table: tuple(VERBS[table]) for table in VERBS} for name in OUTSIDERS},
    # An operator stops everything in an emergency, and decides nothing besides.
    "goran": {table: tuple(VERBS[table]) if table != "procedure" else ("resume",) for table in VERBS},
    "chidi": {
        **{table: tuple(VERBS[table]) for table in VERBS},
        "request": ("answer", "accept", "submit", "resubmit", "withdraw", "answer_back"),
    },
    "amara": {
        "request": (*VERBS["request"],),
        "grant": ("relinquish", "accept"),
        "stage": ("confirm_open", "stop", "go_on"),
        "drift": ("confirm", "vanish", "lapse", "undo_unasked", "repair", "reopen"),
        "procedure": ("ratify", "stand", "finish", "advance", "ask", "note_breach"),
        "import": ("expire",),
        "invitation": (),
        "campaign": ("begin", "finish"),
    },
    "bram": {
        "request": (*VERBS["request"],),
        "grant": ("relinquish", "activate", "accept"),
        "stage": ("confirm_open",),
        "drift": ("allow", "confirm"),
        "import": ("expire",),
        "procedure": ("stand", "finish"),
        "invitation": (),
        "campaign": ("begin", "finish"),
    },
    "clock": {**{table: tuple(VERBS[table]) for table in VERBS}, "drift": ("record", "allow", "confirm")},
    "hub": {
        "request": (*VERBS["request"], "approve_automatically", "admit", "expire"),
        "grant": (*VERBS["grant"], "expire", "lapse", "restore"),
        "stage": tuple(VERBS["stage"]),
        "drift": (*VERBS["drift"], "lapse", "undo_unasked"),
        "import": (*VERBS["import"], "expire"),
        "invitation": (*VERBS["invitation"],),
        "procedure": (*VERBS["procedure"], "note_breach"),
        "campaign": (*VERBS["campaign"], "begin", "finish"),
    },
}
# Where it is tried: for everybody, or for those only who have a part in it.
PLACES = {
    "request": {"in_review": True, "draft, complete": False},
    "grant": {"pending_activation": False, "suspended": True},
    "stage": {"planned": False, "open": True},
    "drift": {"open": True, "open, the gate": False, "excepted": False},
    "import": {"rehearsed": True, "confirmed": False},
    "invitation": {"open": True},
    "procedure": {"running": True, "in_force": False, "waiting": False},
    "campaign": {"scheduled": True, "running": False},
}


@pytest.mark.parametrize("table", TABLES)
def test_never(table: str, aurora: Repository, cast: dict[str, Viewer]) -> None:
    """A requester never decides, an auditor changes nothing, an operator never decides, a machine never denies."""
    for place, everybody in PLACES[table].items():
        with transaction.atomic():
            row = STATES[table][place](Scene(aurora, cast))
            for name in NEVER if everybody else set(NEVER) - set(OUTSIDERS):
                for action in NEVER[name][table]:
                    assert tried(table, action, row, cast[name]) is not None, f"{name} could {action} at {place}"
            transaction.set_rollback(True)


def test_nobody_ever_decides_on_their_own(aurora: Repository, cast: dict[str, Viewer]) -> None:
    """Whatever roles somebody collects: reviewer and requester are never one."""
    scene = Scene(aurora, cast)
    stage = scene.stage(approvals_required=1)
    everything = factories.account("everything")
    for role in ("owner", "steward", "reviewer", "counsel", "appeals_officer", "auditor"):
        factories.appointed(aurora.publisher, everything, role, by=scene.amara)
    case = factories.in_review(stage, everything, by=scene.chidi)
    for action in DECIDING:
        refused = tried("request", action, case, everything)
        assert refused is not None
        assert refused.refusal.code in ("own_request", "wrong_state")
    assert decisions.approve(case, by=scene.chidi, words="Welcome.").status == "approved"
    grant = Grant.objects.get(request=case)
    assert tried("grant", "revoke", grant, everything) is not None
