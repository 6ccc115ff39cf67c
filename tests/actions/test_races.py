"""Each write raced over real connections has one effect, and no order of locks can deadlock.

That twenty approvals on five places are five grants stands in tests/test_invariants.py.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import (
    campaigns,
    decisions,
    grants,
    intake,
    people,
    releases,
    repositories,
    requests,
    reviews,
    stages,
    terms,
)
from gatekeeper.models import (
    Acceptance,
    AccessRequest,
    Card,
    Decision,
    Event,
    Grant,
    HubAccess,
    Ladder,
    LicenceVersion,
    Release,
    Repository,
    RepositoryWish,
    Stage,
    Submission,
)
from gatekeeper.proof import sealing
from gatekeeper.rules.access import Access
from gatekeeper.rules.hub_fields import from_hub
from gatekeeper.rules.refusals import Refused, Unmet, WrongState
from tests import factories
from tests.expect import events, told, wish
from tests.races import AT_ONCE, outcomes, race, while_blocked
from tests.verbs import accept_terms

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

REASONS: dict[str, Any] = {"codes": ["USE_RESTRICTED"], "words": "No."}


def one_won(results: list[Any], lost: type[Refused] = WrongState) -> None:
    """One did it; every other was refused."""
    counted = outcomes(results)
    assert counted.pop(lost.__name__) == len(results) - 1, results
    assert counted.total() == 1, results


def test_starting_at_once_is_one_request(stage: Stage, ha: Viewer) -> None:
    """Everybody gets the same draft."""
    results = race(lambda _i: requests.start(stage, by=ha))
    assert {case.pk for case in results} == {AccessRequest.objects.get().pk}
    assert events(results[0]) == ["request.start"]


def test_accepting_at_once_is_one_acceptance(stage: Stage, ha: Viewer) -> None:
    """One proof, one record."""
    case, version = requests.start(stage, by=ha), factories.current_licence(stage)
    one_won(race(lambda _i: requests.accept(case, by=ha, text_sha256=version.text_sha256)))
    assert Acceptance.objects.count() == 1
    assert events(case).count("request.accept") == 1


def test_answering_at_once_loses_no_answer(stage: Stage, ha: Viewer) -> None:
    """Two windows with two halves of the form make a whole one."""
    case = requests.start(stage, by=ha)
    given = list(factories.ANSWERS.items())
    race(lambda i: requests.answer(case, by=ha, answers=dict([given[i % 3]])), times=6)
    assert factories.fresh(case).answers == factories.ANSWERS


def test_submitting_at_once_is_one_submission(stage: Stage, ha: Viewer) -> None:
    """Pressing sixteen times is pressing once."""
    case = factories.draft(stage, ha)
    one_won(race(lambda _i: requests.submit(case, by=ha)))
    assert Submission.objects.count() == 1
    assert events(case).count("request.submit") == 1


def test_taking_at_once_gives_one_reviewer_the_case(stage: Stage, ha: Viewer, chidi: Viewer, dana: Viewer) -> None:
    """The assignee is the one who won."""
    case = factories.submitted(stage, ha)
    results = race(lambda i: reviews.take(case, by=(chidi, dana)[i % 2]))
    one_won(results)
    [won] = [result for result in results if isinstance(result, AccessRequest)]
    assert factories.fresh(case).assignee_id == won.assignee_id


def test_approving_at_once_is_one_decision_and_one_grant(
    stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer, dana: Viewer
) -> None:
    """One wins, the others hear that it is decided; the wish has one generation."""
    case = factories.in_review(stage, ha, by=chidi)
    one_won(race(lambda i: decisions.approve(case, by=(chidi, dana)[i % 2], words="Welcome.")))
    assert Decision.objects.count() == Grant.objects.count() == 1
    assert HubAccess.objects.get().generation == 1


def test_deciding_in_every_way_at_once_is_one_outcome(stage: Stage, ha: Viewer, chidi: Viewer, dana: Viewer) -> None:
    """Approve, deny, deny for good, ask back and withdraw: whichever comes first, and only that."""
    case = factories.in_review(stage, ha, by=chidi)
    ways = (
        lambda: decisions.approve(case, by=chidi, words="Welcome."),
        lambda: decisions.deny_correctably(case, by=dana, codes=["USE_THIN"], words="Say more."),
        lambda: decisions.deny_finally(case, by=chidi, **REASONS),
        lambda: requests.withdraw(case, by=ha),
    )
    results = race(lambda i: ways[i % 4]())
    ended = factories.fresh(case)
    decided = Decision.objects.count()
    moved = [result for result in results if isinstance(result, AccessRequest)]
    assert moved[-1].status == ended.status or len(moved) == 2  # a correctable denial may still be withdrawn
    assert decided == (0 if {case.status for case in moved} == {"withdrawn"} else 1)
    assert Grant.objects.count() == (1 if ended.status == "approved" else 0)
    assert outcomes(results)["WrongState"] == AT_ONCE - len(moved)


@pytest.mark.parametrize("deny", [decisions.deny_correctably, decisions.deny_finally])
def test_denying_at_once_is_one_decision(deny: Any, stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """One decision, one notice."""
    case = factories.in_review(stage, ha, by=chidi)
    codes = ["USE_OUT_OF_SCOPE"]
    one_won(race(lambda _i: deny(case, by=chidi, codes=codes, words="No.")))
    assert Decision.objects.count() == 1


def test_a_cap_holds_against_submissions_that_a_rule_approves(aurora: Repository, amara: Viewer) -> None:
    """The clock counts as people do; whoever finds no place waits for a person."""
    stage = factories.open_stage(aurora, by=amara, cap=3, automatic="always")
    drafts = [factories.draft(stage, factories.account(f"person-{n}")) for n in range(8)]
    results = race(lambda i: requests.submit(drafts[i], by=Viewer.of(drafts[i].person.user)), times=8)
    assert Counter(case.status for case in results) == {"approved": 3, "submitted": 5}
    assert Grant.objects.count() == 3


def test_bringing_in_at_once_is_one_case_for_each_person(stage: Stage, aurora: Repository, ha: Viewer) -> None:
    """Several workers read the same list, while one of the people begins here."""
    pressed = [factories.waiting(aurora, factories.hub_person(f"person-{n}")) for n in range(3)]
    pressed.append(factories.waiting(aurora, ha.person))
    results = race(lambda i: requests.start(stage, by=ha) if i == 0 else intake.bring_in(aurora, pressed))
    assert not [result for result in results if isinstance(result, Exception)], results
    assert AccessRequest.objects.open().count() == 4
    assert Event.objects.filter(action__in=["request.start", "request.bring_in"]).count() == 4


def test_importing_at_once_is_one_grant(stage: Stage, ha: Viewer, hub: Viewer) -> None:
    """One live grant per person and stage."""
    results = race(lambda _i: grants.bring_in_all(stage, [ha.person], by=hub))
    assert sum(len(result) for result in results) == Grant.objects.count() == 1


def test_activating_at_once_is_one_activation(stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer) -> None:
    """The person is told once."""
    grant = factories.waiting_grant(stage, ha, by=chidi)
    factories.hub_says(ha.person, aurora, "accepted")
    assert sum(race(lambda _i: grants.activate_confirmed())) == 1
    assert events(grant).count("grant.activate") == 1


def test_ending_in_every_way_at_once_is_one_end(stage: Stage, ha: Viewer, chidi: Viewer, amara: Viewer) -> None:
    """Revoked, given back or expired: one of them."""
    grant = factories.active_grant(stage, ha, by=chidi)
    ways = (
        lambda: grants.revoke(grant, by=amara, codes=["PRIOR_BREACH"], words="No."),
        lambda: grants.relinquish(grant, by=ha),
    )
    one_won(race(lambda i: ways[i % 2]()))
    assert len(events(grant)) == 2
    assert HubAccess.objects.get().access == Access.NO


def test_suspending_at_once_is_one_suspension(stage: Stage, ha: Viewer, chidi: Viewer, amara: Viewer) -> None:
    """And so is reinstating."""
    grant = factories.active_grant(stage, ha, by=chidi)
    one_won(race(lambda _i: grants.suspend(grant, by=amara)))
    one_won(race(lambda _i: grants.reinstate(grant, by=amara)))
    assert events(grant)[-2:] == ["grant.suspend", "grant.reinstate"]


def test_opening_and_pausing_at_once_happen_once(aurora: Repository, amara: Viewer, bram: Viewer) -> None:
    """One wish of the gate, one confirmation, one pause."""
    stage = factories.planned_stage(aurora, by=amara)
    one_won(race(lambda i: stages.open_stage(stage, by=(amara, bram)[i % 2])))
    assert RepositoryWish.objects.get().generation == 1
    one_won(race(lambda _i: stages.confirm_open(stage)))
    one_won(race(lambda i: stages.pause(stage, by=(amara, bram)[i % 2])))


def test_no_grant_is_made_after_a_pause(stage: Stage, ha: Viewer, chidi: Viewer, bram: Viewer) -> None:
    """An approval that comes with an emergency stop is before it, and suspended, or after it, and refused."""
    case = factories.in_review(stage, ha, by=chidi)
    paused, approved = race(
        lambda i: (
            stages.pause(stage, by=bram, suspending=True) if i == 0 else decisions.approve(case, by=chidi, words=".")
        ),
        times=2,
    )
    assert paused.status == "paused"
    made = list(Grant.objects.values_list("status", flat=True))
    assert made == ([] if isinstance(approved, Unmet) else ["suspended"])


def test_publishing_at_once_is_one_version(stage: Stage, aurora_lab: Publisher, amara: Viewer) -> None:
    """Of a ladder and of a licence; terms are numbered without a gap."""
    releases.add_stage(stage.release, by=amara, title="All", repositories=stage.repositories.all())
    race(lambda _i: releases.publish_ladder(stage.release, by=amara))
    assert list(Ladder.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    race(lambda _i: factories.licence(aurora_lab, by=amara, text=b"Other words."))
    assert LicenceVersion.objects.filter(text=b"Other words.").count() == 1
    race(lambda _i: factories.policy(stage, by=amara), times=4)
    assert sorted(stage.policies.values_list("number", flat=True)) == [1, 2, 3, 4, 5]


def test_workers_at_once_ask_everybody_of_a_campaign_once(
    stage: Stage, ha: Viewer, ines: Viewer, chidi: Viewer, amara: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second passes it over; what an acceptance and a lapse do at the same moment, one of them does."""
    held = [factories.active_grant(stage, who, by=chidi) for who in (ha, ines)]
    monkeypatch.setattr(campaigns, "AT_ONCE", 1)
    [campaign] = campaigns.begin_all([factories.scheduled_campaign(stage, by=amara)], at=factories.later(0))
    race(lambda _i: campaigns.carry_on_all(), times=4)
    campaigns.carry_on_all()
    assert [told(who).count("licence_renewed") for who in (ha, ines)] == [1, 1]
    due = factories.later(31)
    accepted, lapsed = race(
        lambda i: accept_terms(held[0], ha, due) if i == 0 else terms.lapse_all([held[0]], at=due), times=2
    )
    grant = factories.fresh(held[0])
    assert (grant.acceptance, grant.campaign) == (accepted, campaign)
    assert grant.status == ("active" if isinstance(lapsed, Refused) else "pending_activation")


def test_adding_stages_at_once_gives_each_its_rung(stage: Stage, aurora: Repository, amara: Viewer) -> None:
    """No rung twice."""
    race(lambda i: releases.add_stage(stage.release, by=amara, title=f"Stage {i}", repositories=[aurora]), times=8)
    assert sorted(stage.release.stages.values_list("ordinal", flat=True)) == list(range(1, 10))


def test_linking_and_starting_at_once_is_one_release(aurora_lab: Publisher, amara: Viewer) -> None:
    """One link, one card, one release that opens."""
    token = people.keep_token(aurora_lab, by=amara, secret="hf_x")
    details: dict[str, Any] = {"kind": "model", "name": "aurora-lab/new", "token": token, "found": {}}
    one_won(race(lambda _i: repositories.link(aurora_lab, by=amara, **details)))
    repository = Repository.objects.get(name="aurora-lab/new")
    race(lambda _i: repositories.keep_card(repository, commit="c1", text=b"x", gate={}))
    assert Card.objects.count() == 1
    licence = {"identifier": "mit", "title": "MIT", "text": b"Be good."}
    asked = from_hub({"I accept": "checkbox"}).questions
    results = race(
        lambda _i: repositories.start_from_what_is_there(repository, by=amara, questions_asked=asked, licence=licence)
    )
    assert outcomes(results) == {"Stage": 1, "Invalid": AT_ONCE - 1}
    assert Release.objects.count() == Stage.objects.count() == 1


def test_unlinking_and_opening_at_once_never_opens_on_nothing(aurora: Repository, amara: Viewer) -> None:
    """Whichever comes first refuses the other."""
    stage = factories.planned_stage(aurora, by=amara)
    race(lambda i: repositories.unlink(aurora, by=amara) if i else stages.open_stage(stage, by=amara), times=2)
    unlinked, status = factories.fresh(aurora).unlinked_at is not None, factories.fresh(stage).status
    assert (unlinked, status) in ((True, "planned"), (False, "opening"))


def test_a_breach_noted_at_once_is_noted_once(stage: Stage, ha: Viewer) -> None:
    """Several clocks ring at the same time."""
    case = factories.submitted(stage, ha)
    late = factories.later(30)
    assert sum(race(lambda _i: requests.note_breaches(at=late))) == 1
    assert events(case).count("request.breach") == 1


def test_sealing_at_once_seals_each_event_once(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """One sealer works; the chain is whole, with steps taken meanwhile."""
    case = factories.submitted(stage, ha)
    results = race(lambda i: reviews.take(case, by=chidi) if i == 0 else sealing.seal())
    assert not [result for result in results if isinstance(result, Exception)], results
    sealing.seal()
    verdict = sealing.verify()
    assert (verdict.faults, verdict.unsealed, verdict.events) == ([], 0, Event.objects.count())


# What only the order of locks decides


def test_two_stages_that_share_a_repository_do_not_lose_each_others_grant(
    stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer, amara: Viewer
) -> None:
    """Approved at one stage while revoked at the other: the slower one sees what the first did."""
    old = factories.active_grant(factories.open_stage(aurora, by=amara), ha, by=chidi)
    case = factories.in_review(stage, ha, by=chidi)
    with while_blocked(lambda: grants.revoke(old, by=amara, codes=["PRIOR_BREACH"], words="No.")) as other:
        decisions.approve(case, by=chidi, words="Welcome.")
        other.begin()
    assert outcomes(other.results) == {"Grant": 1}
    assert wish(ha.person, aurora).access is Access.YES


def test_two_stages_that_meet_somebody_new_do_not_lose_a_grant(
    stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer, amara: Viewer
) -> None:
    """Neither has a row of Hub access to lock yet: denied at one, approved at the other."""
    second = factories.open_stage(aurora, by=amara)
    here, there = factories.in_review(stage, ha, by=chidi), factories.in_review(second, ha, by=chidi)
    with while_blocked(lambda: decisions.deny_finally(there, by=chidi, **REASONS)) as other:
        decisions.approve(here, by=chidi, words="Welcome.")
        other.begin()
    assert outcomes(other.results) == {"AccessRequest": 1}
    assert wish(ha.person, aurora).access is Access.YES


def test_bringing_in_does_not_deadlock_with_a_decision(
    aurora: Repository, ha: Viewer, ines: Viewer, chidi: Viewer, amara: Viewer
) -> None:
    """Both want the stage and the same Hub access; both take the stage first."""
    stage = factories.open_stage(aurora, by=amara, intake="hub_is_enough")
    case = factories.in_review(stage, ha, by=chidi)
    pressed = [factories.waiting(aurora, who.person) for who in (ha, ines)]
    with while_blocked(lambda: intake.bring_in(aurora, pressed)) as other:
        list(Stage.objects.select_for_update(no_key=True).filter(pk=stage.pk))
        other.begin()
        decisions.deny_finally(case, by=chidi, **REASONS)
    assert [type(outcome) for outcome in other.results] == [list]
    assert AccessRequest.objects.filter(person=ines.person, status="in_review").exists()


def test_a_decision_does_not_deadlock_with_a_reading_of_the_hub(
    stage: Stage, aurora: Repository, ha: Viewer, ines: Viewer, chidi: Viewer
) -> None:
    """Whoever reads a list locks who is known there, then adds who is new; so does a decision on both."""
    known = factories.hub_says(ha.person, aurora, "pending")
    cases = [factories.in_review(stage, who, by=chidi) for who in (ha, ines)]
    with while_blocked(lambda: decisions.approve_all(cases, by=chidi, words="Welcome.")) as other:
        HubAccess.objects.select_for_update(no_key=True).get(pk=known.pk)
        other.begin()
        HubAccess.objects.bulk_create([HubAccess(repository=aurora, person=ines.person)], ignore_conflicts=True)
    assert [type(outcome) for outcome in other.results] == [list]
    assert set(HubAccess.objects.values_list("access", flat=True)) == {"yes"}


def test_pausing_two_stages_with_the_same_people_at_once_ends(
    stage: Stage, aurora: Repository, amara: Viewer, hub: Viewer
) -> None:
    """Suspending the same people at the same repository from two sides: both come through, and nobody keeps a yes."""
    other = factories.open_stage(aurora, by=amara)
    everybody = [factories.hub_person(f"person-{n}") for n in range(30)]
    grants.bring_in_all(stage, everybody, by=hub)
    grants.bring_in_all(other, reversed(everybody), by=hub)
    results = race(lambda i: stages.pause((stage, other)[i], by=amara, suspending=True), times=2)
    assert outcomes(results) == {"Stage": 2}
    assert set(HubAccess.objects.values_list("access", flat=True)) == {"no"}


def test_batches_in_any_order_lock_in_one_order(stage: Stage, chidi: Viewer, dana: Viewer) -> None:
    """Two reviewers approve the same cases, one list reversed: one wins all, the other nothing, and none deadlocks."""
    cases = [factories.in_review(stage, factories.account(f"person-{n}"), by=chidi) for n in range(6)]
    orders = [cases, cases[::-1]]
    results = race(lambda i: decisions.approve_all(orders[i % 2], by=(chidi, dana)[i % 2], words="Welcome."), times=8)
    assert outcomes(results) == {"list": 1, "WrongState": 7}
    assert Grant.objects.count() == 6
