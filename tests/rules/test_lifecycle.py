"""The step tables: their shape, and how a step is refused."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.rules import lifecycle
from gatekeeper.rules.lifecycle import FIRST, STATUSES, TABLES, Step, find, offers, picture, refusal
from gatekeeper.rules.needs import NEEDS, OF_STATE, Facts
from gatekeeper.rules.refusals import NotAllowed, Unmet, WrongState
from gatekeeper.rules.statuses import (
    LIVE_GRANT,
    OPEN_REQUEST,
    QUEUED,
    WANTED_GRANT,
    GrantStatus,
    RequestStatus,
    Role,
    StageStatus,
)

STEPS = [(table, step) for table, steps in TABLES.items() for step in steps]
IDS = [f"{table}.{step.action}" for table, step in STEPS]
every_step = pytest.mark.parametrize(("table", "step"), STEPS, ids=IDS)

ALL_MET = Facts(
    own=False,
    stage=StageStatus.OPEN,
    stage_takes_grants=True,
    stage_ready=True,
    policy_current=True,
    answers_complete=True,
    answers_given=True,
    acceptance_current=True,
    hub_is_enough=True,
    automatic=True,
    approvals_given=1,
    approvals_required=1,
    already_recommended=False,
    taken=True,
    places_left=None,
    live_grant=False,
    read_back=True,
    due=True,
    recordable=True,
    undoable=True,
    same_owner=True,
    token_reaches=True,
    case_open=False,
    terms_in_order=True,
    terms_accepted=False,
    terms_overdue=True,
    suspendable=True,
    lapsed=True,
    unproven_import=True,
    holds_imported=True,
    stage_over=False,
    something_to_bring_in=True,
    stopped=False,
    lifting=True,
    may_start=True,
    second_person=True,
    ratification_due=True,
    stop_stands=True,
    lift_asked=True,
    haltable=True,
    version_latest=True,
    campaign_over=True,
)
UNMET = {
    "not_own": {"own": True},
    "stage_open": {"stage": StageStatus.PAUSED},
    "stage_takes_grants": {"stage_takes_grants": False},
    "ready": {"stage_ready": False},
    "policy_current": {"policy_current": False},
    "answers": {"answers_complete": False},
    "answers_given": {"answers_given": False},
    "acceptance": {"acceptance_current": False},
    "not_accepted": {"acceptance_current": True},
    "free": {"taken": True},
    "taken": {"taken": False},
    "no_live_grant": {"live_grant": True},
    "quorum": {"approvals_required": 2},
    "first_opinion": {"already_recommended": True},
    "place": {"places_left": 0},
    "hub_is_enough": {"hub_is_enough": False},
    "automatic": {"automatic": False},
    "read_back": {"read_back": False},
    "due": {"due": False},
    "recordable": {"recordable": False},
    "undoable": {"undoable": False},
    "same_owner": {"same_owner": False},
    "token_reaches": {"token_reaches": False},
    "no_open_case": {"case_open": True},
    "terms": {"terms_in_order": False},
    "terms_not_accepted": {"terms_accepted": True},
    "terms_overdue": {"terms_overdue": False},
    "lapsed": {"lapsed": False},
    "suspendable": {"suspendable": False},
    "unproven_import": {"unproven_import": False},
    "holds_imported": {"holds_imported": False},
    "stage_not_over": {"stage_over": True},
    "something_to_bring_in": {"something_to_bring_in": False},
    "stopped": {"stopped": False},
    "no_stop": {"stopped": True},
    "lifting": {"lifting": False},
    "may_start": {"may_start": False},
    "second_person": {"second_person": False},
    "ratification_due": {"ratification_due": False},
    "stop_stands": {"stop_stands": False},
    "lift_asked": {"lift_asked": False},
    "haltable": {"haltable": False},
    "version_latest": {"version_latest": False},
    "campaign_over": {"campaign_over": False},
}


# What a need asks that is the opposite of what another one asks.
OTHERWISE = {"not_accepted": {"acceptance_current": False}, "free": {"taken": False}, "stopped": {"stopped": True}}


def met_for(step: Step, **unmet: object) -> Facts:
    """All that a step needs, but for these facts."""
    wanted = {name: value for need in step.needs for name, value in OTHERWISE.get(need, {}).items()}
    return replace(ALL_MET, **{**wanted, **unmet})  # type: ignore[arg-type]  # facts by name


def with_unmet(need: str) -> Facts:
    """All that is needed but one thing."""
    return replace(ALL_MET, **UNMET[need])  # type: ignore[arg-type]  # facts by name


@pytest.mark.parametrize("table", TABLES)
def test_every_status_has_an_owner(table: str) -> None:
    """Nothing gets stuck: a status either ends the story or somebody can move it on."""
    ends = {
        "request": {"approved", "denied_final", "withdrawn", "expired"},
        "grant": {"expired", "relinquished", "revoked"},
        "stage": {"closed"},
        "drift": {"repaired", "recorded", "over"},
        "import": {"confirmed", "discarded"},
        "campaign": {"done", "called_off"},
        "invitation": {"withdrawn"},
        "procedure": {"done", "called_off"},
    }[table]
    moving = {start for step in TABLES[table] if step.to for start in step.from_ if step.who}
    assert {status.value for status in STATUSES[table]} - {status.value for status in moving} == ends


@pytest.mark.parametrize("table", TABLES)
def test_every_status_can_be_reached(table: str) -> None:
    """A status that nothing leads to would be dead."""
    reached = {status for _action, status in FIRST[table]}
    for _round in STATUSES[table]:
        reached |= {step.to for step in TABLES[table] if step.to and step.from_ & reached}
    assert reached == set(STATUSES[table])


@pytest.mark.parametrize("table", TABLES)
def test_every_action_stands_once_in_its_table(table: str) -> None:
    """An action is found by its name."""
    actions = [step.action for step in TABLES[table]]
    assert len(actions) == len(set(actions))
    assert all(find(table, action).action == action for action in actions)


@every_step
def test_every_step_has_a_role_a_start_a_label_and_known_needs(table: str, step: Step) -> None:
    """A row of the table is complete."""
    assert step.who
    assert step.from_
    assert step.from_ <= set(STATUSES[table])
    assert step.to is None or step.to in STATUSES[table]
    assert step.label
    assert set(step.needs) <= set(NEEDS)


def test_every_need_is_asked_by_a_step() -> None:
    """A need that no step has would be dead."""
    assert {need for _table, step in STEPS for need in step.needs} == set(NEEDS) == set(UNMET)


@pytest.mark.parametrize("need", [need for need in NEEDS if need not in ("not_own", "first_opinion", "quorum")])
def test_every_need_refuses_when_nothing_is_known(need: str) -> None:
    """Facts that were not loaded refuse: a failed check never grants."""
    assert not NEEDS[need][0](Facts())


def test_an_unknown_action_is_a_key_error() -> None:
    """A name that no table has is a mistake of the program."""
    with pytest.raises(KeyError):
        find("request", "bribe")


@every_step
def test_role_is_asked_before_state_before_needs(table: str, step: Step) -> None:
    """The wrong person hears 403 whatever the state; the right one hears 409 before anything that is missing."""
    wrong_roles = set(Role) - step.who
    wrong_states = set(STATUSES[table]) - step.from_
    for status, facts in product(STATUSES[table], (Facts(), ALL_MET)):
        refused = refusal(step, status, wrong_roles, facts)
        assert isinstance(refused, NotAllowed)
        assert refused.refusal is lifecycle.NOT_YOURS
    for status, role, facts in product(wrong_states, step.who, (Facts(), ALL_MET)):
        refused = refusal(step, status, {role}, facts)
        assert isinstance(refused, WrongState)
        assert status in str(refused)
    for status, role in product(step.from_, step.who):
        assert refusal(step, status, {role}, met_for(step)) is None


@every_step
def test_each_need_alone_refuses_with_its_sentence(table: str, step: Step) -> None:
    """With one thing missing, that thing is named; one's own request is a matter of permission, some are of state."""
    for need in step.needs:
        refused = refusal(step, next(iter(step.from_)), step.who, met_for(step, **UNMET[need]))
        kind = NotAllowed if need == "not_own" else WrongState if need in OF_STATE else Unmet
        assert isinstance(refused, kind)
        assert refused.refusal is NEEDS[need][1]


@every_step
def test_a_step_asks_nothing_that_it_does_not_name(table: str, step: Step) -> None:
    """Facts that are no need of a step do not refuse it."""
    for need in set(NEEDS) - set(step.needs):
        if need not in ("stage_open", "stage_takes_grants"):
            assert refusal(step, next(iter(step.from_)), step.who, met_for(step, **UNMET[need])) is None


facts = st.builds(
    Facts,
    approvals_given=st.integers(0, 3),
    approvals_required=st.integers(1, 3),
    places_left=st.none() | st.integers(-1, 3),
    stage=st.none() | st.sampled_from(StageStatus),
    acceptance_current=st.none() | st.booleans(),
    taken=st.none() | st.booleans(),
    stopped=st.none() | st.booleans(),
    **{field.name: st.booleans() for field in fields(Facts) if field.type == "bool" or field.type is bool},
)


@given(table=st.sampled_from(sorted(TABLES)), roles=st.frozensets(st.sampled_from(Role)), known=facts, at=st.data())
def test_what_is_offered_and_allowed_is_what_is_not_refused(
    table: str, roles: frozenset[Role], known: Facts, at: st.DataObject
) -> None:
    """Buttons and verbs agree, whoever looks at whatever state."""
    status = at.draw(st.sampled_from(STATUSES[table]))
    offered = {offer.action: offer for offer in offers(table, status, roles, known)}
    for step in TABLES[table]:
        refused = refusal(step, status, roles, known)
        offer = offered.get(step.action)
        if refused is None:
            assert offer is not None
            assert offer.allowed
            assert offer.label == step.label
        else:
            assert offer is None or offer.refusal is refused.refusal
            assert offer is None or not offer.allowed


def test_a_button_that_lacks_something_is_shown_with_its_sentence() -> None:
    """Somebody with the role sees what is missing; somebody without sees no button."""
    [approve] = [
        offer for offer in offers("request", "in_review", {Role.REVIEWER}, Facts()) if offer.action == "approve"
    ]
    assert not approve.allowed
    assert offers("request", "in_review", {Role.AUDITOR}, ALL_MET) == []


def test_what_is_part_of_the_state_is_a_conflict_and_offers_no_button() -> None:
    """Nobody has it: it can be taken and not put back. Somebody has it: the other way round. An acceptance stands."""
    for taken, action, other in ((False, "take", "put_back"), (True, "put_back", "take")):
        known = replace(ALL_MET, taken=taken)
        shown = {offer.action for offer in offers("request", "in_review", {Role.REVIEWER}, known)}
        assert action in shown
        assert other not in shown
        assert isinstance(refusal(find("request", other), "in_review", {Role.REVIEWER}, known), WrongState)
    shown = {offer.action for offer in offers("request", "draft", {Role.REQUESTER}, ALL_MET)}
    assert "accept" not in shown


def test_ones_own_request_is_shown_as_not_to_be_decided() -> None:
    """A reviewer who asked sees the buttons of a reviewer disabled, with the reason."""
    own = {offer.action: offer for offer in offers("request", "in_review", {Role.REVIEWER}, with_unmet("not_own"))}
    assert {"approve", "deny_finally", "deny_correctably", "recommend"} <= set(own)
    assert {offer.refusal.code for offer in own.values() if offer.refusal} == {"own_request"}


def test_the_sets_of_statuses_mean_what_they_say() -> None:
    """Open, queued, live and wanted are stated once more, apart from the code."""
    ended_requests = {"approved", "denied_final", "withdrawn", "expired"}
    assert set(RequestStatus) - OPEN_REQUEST == ended_requests
    assert {"submitted", "in_review", "info_requested"} == QUEUED
    assert {"pending_activation", "active", "suspended"} == LIVE_GRANT
    assert {"pending_activation", "active"} == WANTED_GRANT
    assert set(GrantStatus) - LIVE_GRANT == {"expired", "relinquished", "revoked"}


def test_the_picture_shows_every_move_once() -> None:
    """The picture of the README is drawn from the tables: each arrow is a step, each step an arrow."""
    drawn = picture()
    assert drawn.count("stateDiagram-v2") == len(TABLES)
    blocks = drawn.split("\n\n")
    for (table, steps), block in zip(TABLES.items(), blocks, strict=True):
        arrows = [line.strip() for line in block.splitlines() if "-->" in line and "[*]" not in line]
        assert sorted(arrows) == sorted(
            f"{start} --> {step.to}: {step.action}" for step in steps if step.to for start in step.from_
        )
        for action, status in FIRST[table]:
            assert f"[*] --> {status}: {action}" in block


@pytest.mark.parametrize(
    ("role", "never"),
    [
        (Role.REQUESTER, {"take", "put_back", "ask_back", "note", "recommend", "approve"}),
        (Role.REQUESTER, {"deny_correctably", "deny_finally"}),
        (Role.CLOCK, {"deny_correctably", "deny_finally", "revoke", "suspend", "approve", "submit", "accept"}),
        (Role.HUB, {"approve", "approve_automatically", "deny_correctably", "deny_finally", "revoke", "suspend"}),
        (Role.STEWARD, {"approve", "deny_correctably", "deny_finally", "accept", "submit", "activate", "confirm_open"}),
        (Role.OWNER, {"approve", "deny_correctably", "deny_finally", "accept", "submit", "activate", "confirm_open"}),
    ],
)
def test_some_roles_never_take_some_steps(role: Role, never: set[str]) -> None:
    """Written by hand, so that a change of the tables has to be meant."""
    assert not {step.action for _table, step in STEPS if role in step.who} & never


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.COUNSEL, Role.APPEALS_OFFICER])
def test_some_roles_move_nothing(role: Role) -> None:
    """Auditor and counsel change no case; an appeals officer has no appeal to decide yet."""
    assert not [step.action for _table, step in STEPS if role in step.who]


def test_an_operator_stops_and_decides_nothing() -> None:
    """Nothing of a case, a grant, a stage or a drift; only procedures, of which the emergency stop is one."""
    assert {table for table, step in STEPS if Role.OPERATOR in step.who} == {"procedure"}


def test_no_machine_starts_ratifies_lifts_or_confirms_a_procedure() -> None:
    """An emergency stop is begun and ended by people; silence neither ratifies nor lifts it."""
    of_machines = {step.action for step in TABLES["procedure"] if step.who & {Role.CLOCK, Role.HUB}}
    assert of_machines == {"advance", "ask", "stand", "finish", "note_breach"}
    assert find("procedure", "note_breach").to is None
    assert not [step.action for step in TABLES["procedure"] if step.to == "done" and step.who != {Role.HUB}]


def test_system_roles_and_people_share_no_step() -> None:
    """What the clock or the Hub's worker does, no person can do in their name."""
    system = {Role.CLOCK, Role.HUB}
    for _table, step in STEPS:
        assert step.who <= system or not step.who & system, step.action


def test_only_reviewers_decide() -> None:
    """A decision on a request has a reviewer, or the stage's own rule to approve."""
    deciding = {step.action: step.who for step in TABLES["request"] if step.to in ("approved", "denied_final")}
    assert deciding == {
        "approve": {Role.REVIEWER},
        "approve_automatically": {Role.CLOCK},
        "deny_finally": {Role.REVIEWER},
    }


def test_roles_add_up() -> None:
    """Holding one role more never takes a step away."""
    for _table, step in STEPS:
        for one, other in combinations(Role, 2):
            for status in step.from_:
                alone = refusal(step, status, {one}, met_for(step)) is None
                assert not alone or refusal(step, status, {one, other}, met_for(step)) is None
