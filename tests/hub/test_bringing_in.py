"""What is brought in, at the Hub: names are told to nobody, people are, and what ends is reset with the way back."""

from __future__ import annotations

from typing import Any

from gatekeeper import clock
from gatekeeper.actions import arrivals, earlier_approvals, invitations, stages, terms
from gatekeeper.hub import settle
from gatekeeper.models import AccessRequest, EarlierApproval, Grant, HubAccess
from tests import factories

from .conftest import Town, calls, settled


def told(town: Town) -> list[dict[str, Any]]:
    """What the Hub was told of people."""
    return [*calls(town, "user-access-request"), *calls(town, "user-access-report")]


def test_invariant_10_a_name_is_told_to_nobody_until_its_holder_signs_in(town: Town) -> None:
    """Then the Hub accepts them by their id, though they never pressed its button."""
    stage = town.start(intake="here")
    town.someone("late-comer")
    town.hub.clear_journal()
    source = factories.rehearsed(stage, "late-comer", by=town.owner)
    earlier_approvals.confirm(source, by=town.owner, seen=source.digest)
    invitations.invite_names(stage, by=town.owner, label="Lab", days=9, names="somebody-else")
    clock.tick()
    settled()
    town.observe()
    assert told(town) == []
    assert not HubAccess.objects.exists()
    latecomer = factories.account("late-comer")
    assert latecomer.person is not None
    arrivals.meet([latecomer.person])
    settled()
    assert town.stands("late-comer") == "accepted"
    assert town.grant("late-comer").status == "active"


def test_a_name_that_the_lists_show_becomes_a_grant_and_no_case(town: Town) -> None:
    """Whoever was approved long ago and presses the button is not asked again."""
    stage = town.start(intake="here")
    factories.confirmed_import(stage, "Kiri", by=town.owner)
    town.asks("kiri")
    town.observe()
    assert Grant.objects.get().person.username == "kiri"
    assert not AccessRequest.objects.exists()
    settled()
    assert town.stands("kiri") == "accepted"
    assert town.grant("kiri").status == "active"


def test_invariant_11_uploading_rehearsing_and_confirming_write_nothing_on_the_hub(town: Town) -> None:
    """Whoever was accepted there by hand keeps what they have, and now has a grant for it."""
    stage = town.start(intake="here")
    town.accepted_there("kiri")
    town.observe()
    town.hub.clear_journal()
    source = factories.rehearsed(stage, "kiri", "nobody-knows", by=town.owner, evidence=b"%PDF-1.7 minutes")
    earlier_approvals.rehearse(source, by=town.owner)
    assert told(town) == []
    earlier_approvals.confirm(source, by=town.owner, seen=source.digest)
    settled()
    assert told(town) == []
    assert (town.stands("kiri"), town.grant("kiri").status) == ("accepted", "active")


def test_a_name_taken_over_by_another_is_not_given_access(town: Town) -> None:
    """The account that was approved is called otherwise by now; who has the name is somebody else."""
    stage = town.start(intake="here")
    town.asks("kiri")
    town.observe()
    town.hub.rename_user("kiri", "kiri-of-old")
    town.hub.add_user("kiri", id=factories.hub_id("the other kiri"))
    town.hub.set_status(town.name, "kiri", "pending", fields={})
    town.observe()
    source = factories.rehearsed(stage, "kiri", by=town.owner)
    assert EarlierApproval.objects.get(source=source).reason == "name_changed_hands"


def test_who_is_not_carried_over_is_reset_with_a_sentence_and_the_link(town: Town) -> None:
    """A hundred at a time; nobody is rejected, and each can ask again."""
    for name in ("kiri", "mia", "noor"):
        town.accepted_there(name, reviewed_at="2025-01-01T00:00:00.000Z", timestamp="2024-12-31T00:00:00.000Z")
    stage = town.start(intake="here")
    town.observe()
    settled()
    found = Grant.objects.imported_unproven().filter(stage=stage)
    assert found.count() == 3
    town.hub.clear_journal()
    terms.reset_imported(stage, by=town.owner, seen=found.digest())
    settled()
    assert {town.stands(name) for name in ("kiri", "mia", "noor")} == {"reset"}
    [call] = [call for call in told(town) if "reset" in str(call)]
    assert "not carried over" in str(call)
    assert "/my-access/" in str(call)


def test_a_lapse_is_reset_there_and_accepting_brings_access_back(town: Town) -> None:
    """By the clock; and no reviewer is asked."""
    town.accepted_there("kiri", reviewed_at="2025-01-01T00:00:00.000Z", timestamp="2024-12-31T00:00:00.000Z")
    stage = town.start(intake="here")
    town.observe()
    settled()
    terms.ask_for_terms(stage, by=town.owner, days=30)
    clock.tick(at=factories.later(31))
    settled()
    assert (town.stands("kiri"), town.grant("kiri").status) == ("reset", "suspended")
    kiri = factories.account("kiri")
    terms.accept(town.grant("kiri"), by=kiri, text_sha256=factories.current_licence(stage).text_sha256)
    settled()
    assert (town.stands("kiri"), town.grant("kiri").status) == ("accepted", "active")


def test_uninvited_people_wait_on_the_hub_until_they_are_invited(town: Town) -> None:
    """They are neither told no nor lost."""
    stage = stages.open_stage(factories.planned_stage(town.repository, by=town.owner, entry="invited"), by=town.owner)
    settle.settle_due()
    for name in ("kiri", "mia"):
        town.asks(name)
    town.observe()
    assert not AccessRequest.objects.exists()
    assert HubAccess.objects.not_brought_in().count() == 2
    invitations.invite_names(stage, by=town.owner, label="Lab", days=9, names="kiri")
    town.observe()
    assert AccessRequest.objects.get().person.username == "kiri"
    assert (town.stands("kiri"), town.stands("mia")) == ("pending", "pending")
