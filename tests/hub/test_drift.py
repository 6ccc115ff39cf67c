"""What differs on the Hub is found, explained, and waits for somebody; what our own call did late is undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import HubPerson
from gatekeeper.actions import drifts, grants, repositories, stages
from gatekeeper.hub import observe
from gatekeeper.models import Drift, Event, Grant, Notice, Repository, RepositoryWish, Stage
from gatekeeper.rules.refusals import NotAllowed, Unmet
from tests import factories

from .conftest import CARD, Town, settled


def read_again(town: Town, *, in_full: bool = False) -> None:
    """Another reading, with all four lists if that is asked."""
    if in_full:
        Repository.objects.update(read_in_full_at=None)
    town.observe()


def the_drift(**about: Any) -> Drift:
    """The one drift there is."""
    return Drift.objects.select_related("person", "repository").get(**about)


def revoked(town: Town, name: str) -> None:
    """Somebody whose access was revoked, and read back so."""
    grants.revoke(town.grant(name), by=town.owner, codes=["PRIOR_BREACH"], words="No.")
    settled()


def long_ago(town: Town) -> None:
    """Let the repository have been watched for a good while."""
    Repository.objects.update(guarded_since=timezone.now() - timedelta(days=8))


# People


def test_invariant_03_whoever_is_accepted_without_a_grant_is_drift_within_one_poll(town: Town) -> None:
    """With who did it and since when; once, however often it is read."""
    town.start()
    read_again(town)
    town.hub.add_user("colleague")
    town.someone("kiri")
    town.hub.set_status(town.name, "kiri", "accepted", by="colleague")
    read_again(town)
    found = the_drift()
    assert (found.kind, found.severity, found.status) == ("ghost_access", "critical", "open")
    assert (found.person and found.person.username, found.by_username) == ("kiri", "colleague")
    assert found.facts["why"] == "by_hand"
    assert found.since_is_exact
    assert found.since == town.row("kiri").seen_reviewed_at
    read_again(town)
    assert Drift.objects.count() == 1
    assert Event.objects.filter(action="drift.find").count() == 1
    assert Notice.objects.filter(kind="drift_found", recipient=town.owner.user).count() == 1


def test_nobody_is_drift_before_the_first_stage_opened(town: Town) -> None:
    """Until then everybody who is there is theirs; whoever was accepted before is brought in."""
    town.accepted_there("kiri")
    town.observe()
    assert not Drift.objects.exists()
    town.start()
    town.observe()
    assert town.grant("kiri").is_imported
    assert not Drift.objects.exists()


def test_ghost_access_is_undone_and_read_back(town: Town) -> None:
    """Undone: the request is reset with a sentence that leads here, and the drift is repaired once that was read."""
    town.start()
    town.accepted_there("kiri")
    read_again(town)
    assert drifts.undo(the_drift(), by=town.owner).status == "repairing"
    settled()
    assert town.stands("kiri") == "reset"
    found = the_drift()
    assert (found.status, found.resolved_by) == ("repaired", town.owner.user)
    assert found.resolved_at is not None
    read_again(town, in_full=True)
    assert Drift.objects.count() == 1


def test_ghost_access_is_recorded_as_an_imported_grant(town: Town) -> None:
    """Recorded: a grant with its terms unproven, and nothing is written to the Hub."""
    town.start()
    town.accepted_there("kiri")
    read_again(town)
    before = len(town.hub.journal("POST"))
    found = drifts.record(the_drift(), by=town.owner, words="Agreed by mail.")
    settled()
    assert (found.status, found.words) == ("recorded", "Agreed by mail.")
    grant = town.grant("kiri")
    assert (grant.status, grant.is_imported, grant.terms_unproven) == ("active", True, True)
    assert len(town.hub.journal("POST")) == before
    read_again(town)
    assert Drift.objects.count() == 1


def test_ghost_access_cannot_be_recorded_past_the_cap_or_while_no_stage_is_open(town: Town) -> None:
    """A recorded ghost takes a place like everybody else, and a paused stage makes no grant by any door."""
    stage = town.start()
    town.accepted_there("kiri")
    read_again(town)
    stages.pause(stage, by=town.owner)
    with pytest.raises(Unmet) as refused:
        drifts.record(the_drift(), by=town.owner, words="Fine.")
    assert refused.value.refusal.code == "stage_not_open"
    stages.open_stage(factories.fresh(stage), by=town.owner)
    settled()
    factories.policy(stage, by=town.owner, cap=1, intake="hub_is_enough")
    mia = HubPerson.objects.see(hub_user_id=factories.hub_id("mia"), username="mia")
    grants.bring_in_all(stage, [mia], by=town.owner)
    with pytest.raises(Unmet) as refused:
        drifts.record(the_drift(), by=town.owner, words="Fine.")
    assert refused.value.refusal.code == "stage_full"
    assert the_drift().status == "open"


def test_with_an_open_case_the_case_is_decided(town: Town) -> None:
    """Somebody accepted by hand while their case is open: recording is refused, and approving the case records it."""
    town.start()
    town.asks("kiri")
    read_again(town)
    town.hub.set_status(town.name, "kiri", "accepted", by="amara")
    read_again(town)
    assert [offer.refusal.code for offer in the_drift().actions_for(town.owner) if offer.refusal] == ["case_open"]
    town.approve("kiri")
    settled()
    read_again(town)
    assert the_drift().status == "over"
    assert town.grant("kiri").status == "active"


def test_access_taken_away_by_hand_is_found_and_given_back(town: Town) -> None:
    """The grant is in force here; somebody cancelled it on the Hub."""
    town.start()
    town.active("kiri")
    town.hub.set_status(town.name, "kiri", "pending", by="amara")
    read_again(town)
    settled()
    found = the_drift()
    assert (found.kind, found.facts["is"]) == ("missing_access", "pending")
    assert town.stands("kiri") == "pending"  # nothing is told over without being asked
    drifts.undo(found, by=town.owner)
    settled()
    assert town.stands("kiri") == "accepted"
    assert the_drift().status == "repaired"


def test_access_taken_away_by_hand_is_recorded_as_a_revocation(town: Town) -> None:
    """With codes and words, as every decision."""
    town.start()
    town.active("kiri")
    town.hub.set_status(town.name, "kiri", "rejected", by="amara")
    read_again(town, in_full=True)
    settled()
    drifts.record(the_drift(), by=town.owner, words="They asked us to.", codes=["PRIOR_BREACH"])
    settled()
    assert town.grant("kiri").status == "revoked"
    assert (the_drift().status, town.stands("kiri")) == ("recorded", "rejected")


def test_a_case_that_is_rejected_by_hand_is_found_and_reset(town: Town) -> None:
    """A rejected person could never ask again, although nobody here has decided."""
    town.start()
    town.asks("kiri")
    read_again(town)
    town.hub.set_status(town.name, "kiri", "rejected", by="amara")
    read_again(town, in_full=True)
    found = the_drift()
    assert found.kind == "wrong_rejected"
    drifts.undo(found, by=town.owner)
    settled()
    assert town.stands("kiri") == "reset"
    assert the_drift().status == "repaired"


def test_accepted_again_by_hand_after_a_revocation(town: Town) -> None:
    """It is not undone behind the back of whoever did it, even with the account that the service uses."""
    town.start()
    town.active("kiri")
    revoked(town, "kiri")
    town.hub.set_status(town.name, "kiri", "accepted", by="amara")
    read_again(town)
    settled()
    found = the_drift()
    assert (found.kind, found.facts["why"]) == ("ghost_access", "own_token")
    assert town.stands("kiri") == "accepted"


def test_access_that_came_back_with_the_gate_is_explained_by_it(town: Town) -> None:
    """The Hub shows the old decision again: since when it counts, nobody saw."""
    town.start()
    town.active("kiri")
    revoked(town, "kiri")
    long_before = (timezone.now() - timedelta(days=1)).isoformat()
    town.hub.set_status(town.name, "kiri", "accepted", by="amara", reviewed_at=long_before)
    read_again(town)
    found = the_drift()
    assert (found.kind, found.facts["why"], found.since_is_exact) == ("ghost_access", "restored", False)


def test_who_got_in_through_an_open_gate_is_told_from_those_of_whom_nothing_is_known(town: Town) -> None:
    """The Hub names nobody for either; only the gate's own drift tells them apart."""
    town.start()
    town.someone("early")
    town.hub.set_status(town.name, "early", "accepted")
    read_again(town)
    town.hub.set_repo(town.name, gated="auto")
    read_again(town)
    town.someone("late")
    town.hub.set_status(town.name, "late", "accepted")
    read_again(town)
    why = {found.person.username: found.facts["why"] for found in Drift.objects.filter(kind="ghost_access")}
    assert why == {"early": "unknown", "late": "auto_gate"}


def test_what_went_away_by_itself_is_over(town: Town) -> None:
    """Somebody tidied up on the Hub."""
    town.start()
    town.accepted_there("kiri")
    read_again(town)
    town.hub.set_status(town.name, "kiri", "pending", by="amara")
    read_again(town)
    assert the_drift().status == "over"


def test_an_exception_ends(town: Town) -> None:
    """An owner leaves it as it is until a day; then it waits for a decision again."""
    town.start()
    town.accepted_there("kiri")
    read_again(town)
    until = timezone.now() + timedelta(days=3)
    found = drifts.allow(the_drift(), by=town.owner, until=until, words="For the audit.")
    assert (found.status, found.excepted_until) == ("excepted", until)
    read_again(town)
    assert Drift.objects.count() == 1
    assert list(Drift.objects.to_lapse(at=until)) == [found]
    drifts.lapse_all([found], at=until)
    assert the_drift().status == "open"


def test_over_exposure_is_counted_in_hours_of_people(town: Town) -> None:
    """From when the Hub says that it began until it was read back as over."""
    town.start()
    for name in ("kiri", "mia"):
        town.accepted_there(name)
    read_again(town)
    now = timezone.now()
    Drift.objects.update(since=now - timedelta(hours=5))
    assert Drift.objects.over_exposure(at=now) == timedelta(hours=10)


# Enforcing


def test_a_repository_enforces_only_after_seven_days(town: Town) -> None:
    """And only an owner says so."""
    town.start()
    with pytest.raises(Unmet) as refused:
        drifts.enforce(town.repository, by=town.owner)
    assert refused.value.refusal.code == "too_early"
    long_ago(town)
    with pytest.raises(NotAllowed):
        drifts.enforce(town.repository, by=town.reviewer)
    assert drifts.enforce(town.repository, by=town.owner).enforced_since is not None
    assert drifts.enforce(town.repository, by=town.owner, on=False).enforced_since is None


def test_where_it_enforces_what_differs_is_undone_at_once(town: Town) -> None:
    """As the clock, and it is all in the record."""
    town.start()
    town.active("mia")
    long_ago(town)
    drifts.enforce(town.repository, by=town.owner)
    town.accepted_there("kiri")
    town.hub.set_status(town.name, "mia", "pending", by="amara")
    read_again(town)
    settled()
    assert (town.stands("kiri"), town.stands("mia")) == ("reset", "accepted")
    assert {found.status for found in Drift.objects.all()} == {"repaired"}
    assert Event.objects.filter(action="drift.undo_unasked", actor__username="clock").count() == 2


def test_invariant_12_many_removals_wait_for_somebody(town: Town, settings: Any) -> None:
    """More than the set number at once: nobody loses access until a person has confirmed how many it would be."""
    settings.GUARD_REMOVALS = 3
    town.start()
    long_ago(town)
    drifts.enforce(town.repository, by=town.owner)
    for name in ("a1", "a2", "a3", "a4"):
        town.accepted_there(name)
    read_again(town)
    settled()
    assert all(town.stands(name) == "accepted" for name in ("a1", "a2", "a3", "a4"))
    held = list(Drift.objects.all())
    assert all(found.held_back and found.status == "open" for found in held)
    assert Event.objects.filter(action="repository.hold_removals").count() == 1
    with pytest.raises(Unmet) as refused:
        drifts.undo_all(held, by=town.owner)
    assert refused.value.refusal.code == "confirm_count"
    drifts.undo_all(held, by=town.owner, confirmed=4)
    settled()
    assert {town.stands(name) for name in ("a1", "a2", "a3", "a4")} == {"reset"}


# The repository itself


def test_a_gate_that_opens_itself_is_critical_and_closed_again(town: Town) -> None:
    """Automatic approval on the Hub: everybody gets in."""
    town.start()
    town.hub.set_repo(town.name, gated="auto")
    read_again(town)
    found = the_drift()
    assert (found.kind, found.severity, found.facts) == ("mode_changed", "critical", {"was": "manual", "is": "auto"})
    drifts.undo(found, by=town.owner)
    settled()
    read_again(town)
    assert town.client.repository("model", town.name).gate == "manual"
    assert the_drift().status == "repaired"


def test_a_gate_that_is_off_is_not_put_back_in_one_step(town: Town) -> None:
    """Putting it back lets everybody in again who ever was: that has a way of its own."""
    town.start()
    town.hub.set_repo(town.name, gated=False)
    read_again(town)
    found = the_drift(kind="mode_changed")
    assert "not_undoable" in [offer.refusal.code for offer in found.actions_for(town.owner) if offer.refusal]


def test_changes_to_the_card_are_shown_as_a_diff(town: Town) -> None:
    """Another question, another licence, the audience tag gone: each is named, with what was and what is."""
    town.start()
    town.hub.set_repo(town.name, files={"README.md": CARD.replace("- text-to-image", "- not-for-all-audiences")})
    read_again(town)
    assert not Drift.objects.exists()
    changed = CARD.replace("Affiliation: text", "Affiliation: text\n  Birth date: date_picker").replace("other", "mit")
    town.hub.set_repo(town.name, files={"README.md": changed, "LICENSE": "Do what you like.\n"})
    read_again(town)
    found = {(one.kind, one.reference): one for one in Drift.objects.all()}
    assert {kind for kind, _reference in found} == {"gate_text_changed", "licence_changed", "audience_tag_removed"}
    [text] = [one for (kind, _reference), one in found.items() if kind == "gate_text_changed"]
    assert "+  Birth date: date_picker" in text.facts["diff"]
    assert "+Do what you like." in found["licence_changed", "LICENSE"].facts["diff"]
    assert found["licence_changed", "card"].facts == {"was": "other", "is": "mit"}
    for one in found.values():
        drifts.record(one, by=town.owner, words="Meant so.")
    read_again(town)
    assert not Drift.objects.unresolved().exists()


def test_our_own_two_lines_are_no_drift_and_missed_when_they_go(town: Town) -> None:
    """What we write is not held against anybody; who takes it out is asked."""
    stage = town.start()
    stages.pause(stage, by=town.owner)
    stages.open_stage(factories.fresh(stage), by=town.owner, card_link="https://gate.example.org/aurora-lab/aurora/")
    settled()
    read_again(town)
    assert not Drift.objects.exists()
    town.hub.set_repo(town.name, files={"README.md": CARD})
    read_again(town)
    found = the_drift()
    assert (found.kind, found.severity) == ("card_lines_removed", "notice")
    drifts.undo(found, by=town.owner)
    settled()
    read_again(town)
    assert the_drift().status == "repaired"
    assert RepositoryWish.objects.get().due_at is None


def test_a_repository_that_is_gone_is_critical_until_it_is_back(town: Town) -> None:
    """Deleted, or out of the token's sight."""
    town.start()
    town.hub.delete_repo(town.name)
    observe.observe(town.repository.pk)
    found = the_drift()
    assert (found.kind, found.severity, found.facts["reason"]) == ("repository_gone", "critical", "repository_gone")


def test_visibility_is_watched(town: Town) -> None:
    """Public to private and back."""
    town.start()
    town.hub.set_repo(town.name, visibility="private")
    read_again(town)
    assert the_drift().facts == {"was": "public", "is": "private"}
    town.hub.set_repo(town.name, visibility="public")
    read_again(town)
    assert Drift.objects.get(facts__was="public").status == "over"


def test_a_stage_watches_over_its_repositories_from_the_first_opening(town: Town) -> None:
    """The day is kept through pauses."""
    stage = town.start()
    since = Repository.objects.get().guarded_since
    assert since is not None
    stages.pause(Stage.objects.get(pk=stage.pk), by=town.owner)
    stages.open_stage(factories.fresh(stage), by=town.owner)
    settled()
    assert Repository.objects.get().guarded_since == since
    assert not Grant.objects.exists()
    assert repositories.take_up_again(town.repository, by=town.owner) == 0
