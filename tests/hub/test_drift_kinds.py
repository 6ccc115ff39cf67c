"""Accounts that go or change their names, repositories that move, members who pass without asking: found, explained."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.models import HubPerson, HubToken, Publisher
from gatekeeper.actions import decisions, drifts, grants, repositories
from gatekeeper.hub import adopt, drift, members
from gatekeeper.models import Decision, Drift, Event, Grant, Notice, OrganisationMember, Repository
from gatekeeper.rules.refusals import Invalid, Unmet, WrongState
from tests import factories
from tests.expect import refused

from .conftest import CARD, MODEL, Town, calls, settled

ELSEWHERE = "borealis-lab/aurora-xl"


def read_again(town: Town, *, in_full: bool = False) -> None:
    """Another reading, with all four lists if that is asked."""
    if in_full:
        Repository.objects.update(read_in_full_at=None)
    town.observe()


def the(kind: str, **about: Any) -> Drift:
    """The one drift of a kind."""
    return Drift.objects.select_related("person", "repository").get(kind=kind, **about)


def an_hour_later() -> None:
    """Let what is looked at each hour be due."""
    hour = timedelta(hours=1, minutes=1)
    Repository.objects.update(members_due_at=F("members_due_at") - hour)
    HubPerson.objects.update(asked_after_at=F("asked_after_at") - hour)


# An account that is gone


def test_an_account_that_was_deleted_is_found_once_its_accepted_request_is(town: Town) -> None:
    """An accepted request leaves the lists with its account only: who stands nowhere, under no name, is gone."""
    town.start()
    town.active("kiri")
    town.hub.delete_user("kiri")
    read_again(town, in_full=True)
    found = the("account_gone", status="open")
    assert (found.severity, found.facts, found.person) == ("serious", {"was": "kiri"}, town.person("kiri"))
    assert not Drift.objects.unresolved().filter(kind="missing_access").exists()
    assert Notice.objects.filter(kind="drift_found", recipient=town.owner.user).count() == 1
    read_again(town, in_full=True)
    assert Drift.objects.count() == 1
    assert [offer.action for offer in found.actions_for(town.owner) if offer.refusal is None] == ["record", "allow"]


def test_somebody_who_is_there_is_not_gone_and_is_asked_after_once_an_hour(town: Town) -> None:
    """Their access was taken away on the Hub: that is what is said. A name that another bears proves nothing either."""
    town.start()
    town.active("kiri")
    town.hub.set_status(town.name, "kiri", "none")
    town.hub.clear_journal()
    for _again in range(3):
        read_again(town, in_full=True)
    assert the("missing_access").status == "open"
    assert len(calls(town, "/overview", "GET")) == 1
    town.hub.delete_user("kiri")
    town.hub.add_user("kiri", id="f" * 24)
    an_hour_later()
    read_again(town)
    assert len(calls(town, "/overview", "GET")) == 2
    assert not Drift.objects.filter(kind="account_gone").exists()


def test_that_the_hub_could_not_be_asked_says_nothing(town: Town) -> None:
    """The next reading asks again."""
    town.start()
    town.active("kiri")
    town.hub.delete_user("kiri")
    fault = town.hub.fault("status", "/overview", status=503)
    read_again(town, in_full=True)
    assert the("missing_access").status == "open"
    town.hub.clear_faults(fault)
    read_again(town)
    assert (the("missing_access").status, the("account_gone").status) == ("over", "open")


def test_a_call_that_names_somebody_who_is_gone_finds_it_too(town: Town) -> None:
    """Approved, and gone before the Hub was told: their row is parked, and their case's people read why."""
    town.start()
    town.approved("kiri")
    town.hub.delete_user("kiri")
    settled(3)
    assert town.row("kiri").parked_reason == "person_gone"
    read_again(town)
    assert the("account_gone").person == town.person("kiri")


def test_recording_it_ends_their_grants_with_a_decision(town: Town) -> None:
    """As a revocation: with codes and words. The Hub, where nobody of that id is, has nothing to be told."""
    town.start()
    town.active("kiri")
    town.hub.delete_user("kiri")
    read_again(town, in_full=True)
    with pytest.raises(Invalid):
        drifts.record(the("account_gone"), by=town.owner, words="Gone.")
    assert town.grant("kiri").status == "active"
    drifts.record(the("account_gone"), by=town.owner, words="The account was closed.", codes=["NO_RESPONSE"])
    assert (town.grant("kiri").status, the("account_gone").status) == ("revoked", "recorded")
    decision = Decision.objects.filter(grant=town.grant("kiri")).get()
    assert (decision.outcome, decision.reason_codes) == ("revoked", ["NO_RESPONSE"])
    settled()
    read_again(town, in_full=True)
    assert not Drift.objects.unresolved().exists()


def test_with_an_open_case_it_is_the_case_that_is_decided(town: Town) -> None:
    """Recording is refused until then; a denied case settles it."""
    town.start()
    town.asks("kiri")
    read_again(town)
    HubPerson.objects.filter(username="kiri").update(gone_at=timezone.now())
    town.hub.delete_user("kiri")
    read_again(town)
    found = the("account_gone")
    assert "case_open" in {offer.refusal.code for offer in found.actions_for(town.owner) if offer.refusal}
    decisions.deny_finally(town.case("kiri"), by=town.reviewer, codes=["USE_RESTRICTED"], words="Nobody is there.")
    read_again(town)
    assert the("account_gone").status == "over"


def test_it_is_over_when_the_person_is_seen_again(town: Town) -> None:
    """The Hub had stumbled, or the account came back: the lists show them."""
    town.start()
    town.active("kiri")
    HubPerson.objects.filter(username="kiri").update(gone_at=timezone.now())
    drift.compare(town.repository)
    assert the("account_gone").status == "open"
    read_again(town)
    assert the("account_gone").status == "over"
    assert town.person("kiri").gone_at is None


def test_it_may_be_left_until_a_day(town: Town) -> None:
    """By an owner, and nothing else is found about it meanwhile."""
    town.start()
    town.active("kiri")
    town.hub.delete_user("kiri")
    read_again(town, in_full=True)
    until = timezone.now() + timedelta(days=3)
    drifts.allow(the("account_gone"), by=town.owner, until=until, words="They write that it comes back.")
    read_again(town, in_full=True)
    assert the("account_gone").status == "excepted"


# An account with another name


def test_somebody_with_a_live_grant_who_is_renamed_is_shown(town: Town) -> None:
    """What their name was and is, since when it was seen; access stays right, and nobody is written to for it."""
    town.start()
    town.active("kiri")
    town.hub.rename_user("kiri", "kiri-of-the-lab")
    read_again(town)
    found = the("account_renamed")
    assert (found.severity, found.facts) == ("notice", {"was": "kiri", "is": "kiri-of-the-lab"})
    assert found.since == town.person("kiri-of-the-lab").named_at
    assert not Notice.objects.filter(kind="drift_found").exists()
    assert (Grant.objects.get().status, town.row("kiri-of-the-lab").access) == ("active", "yes")
    read_again(town)
    assert Drift.objects.count() == 1


def test_noting_it_changes_nothing_and_holds_until_the_next_name(town: Town) -> None:
    """By whom and when; a further name is shown again, told from the one they applied with."""
    town.start()
    town.asks("kiri")
    read_again(town)
    town.hub.rename_user("kiri", "second")
    read_again(town)
    noted = drifts.record(the("account_renamed"), by=town.owner, words="She wrote to us.")
    assert (noted.resolved_by, noted.words) == (town.owner.user, "She wrote to us.")
    read_again(town)
    assert Drift.objects.count() == 1
    town.hub.rename_user("second", "third")
    read_again(town)
    assert the("account_renamed", status="open").facts == {"was": "kiri", "is": "third"}
    assert not the("account_renamed", status="open").can_be_undone


def test_it_is_over_with_the_old_name_and_replaced_by_a_newer_one(town: Town) -> None:
    """One at a time, whatever somebody is called in between."""
    town.start()
    town.asks("kiri")
    read_again(town)
    town.hub.rename_user("kiri", "second")
    read_again(town)
    town.hub.rename_user("second", "third")
    read_again(town)
    assert {found.reference: found.status for found in Drift.objects.all()} == {"second": "over", "third": "open"}
    town.hub.rename_user("third", "Kiri")
    read_again(town)
    assert not Drift.objects.unresolved().exists()


def test_a_name_that_another_account_has_now_is_shown_before_the_new_one_is_known(town: Town) -> None:
    """Hand-over begins so: their name is given up, and somebody else has it."""
    stage = town.start()
    town.active("kiri")
    HubPerson.objects.see(hub_user_id="f" * 24, username="kiri")
    drift.compare(town.repository)
    assert the("account_renamed").facts == {"was": "kiri", "is": ""}
    assert stage.status == "open"


def test_who_was_renamed_before_they_applied_is_not_shown(town: Town) -> None:
    """Nor who returned to the name they had when they applied, nor another spelling of it."""
    town.start()
    for name in ("old-name", "kiri"):
        HubPerson.objects.see(hub_user_id=factories.hub_id("kiri"), username=name)
    town.asks("kiri")
    read_again(town)
    assert town.person("kiri").named_at is not None
    HubPerson.objects.see(hub_user_id=factories.hub_id("kiri"), username="KIRI")
    read_again(town)
    assert not Drift.objects.exists()


def test_it_is_over_when_neither_grant_nor_case_is_left(town: Town) -> None:
    """It concerns nobody any more."""
    town.start()
    town.active("kiri")
    town.hub.rename_user("kiri", "second")
    read_again(town)
    grants.revoke(town.grant("second"), by=town.owner, codes=["DUPLICATE"], words="No.")
    settled()
    read_again(town)
    assert the("account_renamed").status == "over"


# A repository with another name


def test_a_rename_within_the_namespace_is_followed_and_noted(town: Town) -> None:
    """The new name counts at once, and stewards read of it; recording takes note."""
    town.start()
    town.hub.rename_repo(town.name, "aurora-lab/aurora-two")
    read_again(town)
    found = the("repository_moved")
    assert (found.severity, found.reference) == ("serious", "aurora-lab/aurora-two")
    expected = {"was": MODEL, "is": "aurora-lab/aurora-two", "owner": "same", "token": True, "followed": True}
    assert found.facts == expected
    assert Repository.objects.get().name == "aurora-lab/aurora-two"
    read_again(town)
    assert Drift.objects.count() == 1
    drifts.record(found, by=town.owner, words="We renamed it.")
    read_again(town)
    assert (the("repository_moved").status, Repository.objects.get().name) == ("recorded", "aurora-lab/aurora-two")
    assert Event.objects.filter(action="repository.follow").count() == 1


def test_a_second_rename_takes_the_place_of_the_first_and_the_way_back_ends_it(town: Town) -> None:
    """What it was stays the name that was noted last."""
    town.start()
    town.hub.rename_repo(town.name, "aurora-lab/two")
    read_again(town)
    town.hub.rename_repo("aurora-lab/two", "aurora-lab/three")
    read_again(town)
    assert the("repository_moved", status="open").facts["was"] == MODEL
    assert the("repository_moved", status="over").reference == "aurora-lab/two"
    town.hub.rename_repo("aurora-lab/three", MODEL)
    read_again(town)
    assert not Drift.objects.unresolved().exists()
    assert Repository.objects.get().name == MODEL


def test_one_that_went_to_another_owner_is_critical_and_not_taken_over(town: Town) -> None:
    """Only its own people may; here it can be allowed until a day, or moved back on the Hub, which ends it."""
    town.start()
    town.hub.add_org("borealis-lab", {"amara": "admin"}, id=factories.hub_id("borealis-lab"))
    town.hub.rename_repo(town.name, ELSEWHERE)
    read_again(town)
    found = the("repository_moved")
    assert (found.severity, found.facts["owner"], found.facts["followed"]) == ("critical", "another", False)
    assert Repository.objects.get().name == town.name
    with refused(Unmet, "another_owner"):
        drifts.record(found, by=town.owner, words="It is ours.")
    allowed = [offer.action for offer in found.actions_for(town.owner) if offer.refusal is None]
    assert allowed == ["allow"]
    town.hub.rename_repo(ELSEWHERE, town.name)
    read_again(town)
    assert the("repository_moved").status == "over"


def test_no_removal_is_lost_where_a_repository_moved(town: Town) -> None:
    """The old name leads to the new one, and the token still decides there."""
    town.start()
    town.active("kiri")
    town.hub.add_org("borealis-lab", {"amara": "admin"}, id=factories.hub_id("borealis-lab"))
    town.hub.rename_repo(town.name, ELSEWHERE)
    grants.revoke(town.grant("kiri"), by=town.owner, codes=["PRIOR_BREACH"], words="No.")
    settled()
    assert town.stands("kiri", ELSEWHERE) == "rejected"
    read_again(town)
    assert the("repository_moved").status == "open"


def test_an_owner_who_took_another_name_is_told_by_their_id(town: Town) -> None:
    """The organisation was renamed: it is the one that was proved, so a steward may take the new name over."""
    town.start()
    town.active("kiri")
    Publisher.objects.update(hub_id=factories.hub_id("aurora-lab"))
    town.hub.rename_org("aurora-lab", "aurora-next")
    read_again(town)
    found = the("repository_moved")
    assert (found.severity, found.facts["owner"], found.facts["token"]) == ("serious", "renamed", True)
    assert Repository.objects.get().name == MODEL
    drifts.record(found, by=town.owner, words="We have a new name.")
    assert Repository.objects.get().name == "aurora-next/aurora-xl"
    assert Event.objects.filter(action="repository.take_over", actor=town.owner.user).count() == 1
    read_again(town)
    assert not Drift.objects.unresolved().exists()
    town.hub.rename_repo("aurora-next/aurora-xl", "aurora-next/two")
    read_again(town)
    assert Repository.objects.get().name == "aurora-next/two"
    grants.revoke(town.grant("kiri"), by=town.owner, codes=["PRIOR_BREACH"], words="No.")
    settled()
    assert town.stands("kiri", "aurora-next/two") == "rejected"


@pytest.mark.parametrize("status", [403, 503])
def test_it_is_taken_over_only_where_the_token_may_decide(town: Town, status: int) -> None:
    """Asked again with each reading, until a token reaches."""
    town.start()
    Publisher.objects.update(hub_id=factories.hub_id("aurora-lab"))
    town.hub.rename_org("aurora-lab", "aurora-next")
    fault = town.hub.fault("status", "/handle", status=status)
    read_again(town)
    with refused(Unmet, "token_does_not_reach"):
        drifts.record(the("repository_moved"), by=town.owner, words="We have a new name.")
    town.hub.clear_faults(fault)
    read_again(town)
    assert drifts.record(the("repository_moved"), by=town.owner, words="So be it.").status == "recorded"


def test_whose_it_is_stays_open_while_the_hub_does_not_say(town: Town) -> None:
    """Critical until it does, and refused as if it were another's."""
    town.start()
    Publisher.objects.update(hub_id=factories.hub_id("aurora-lab"))
    town.hub.rename_org("aurora-lab", "aurora-next")
    fault = town.hub.fault("status", "/overview", status=503)
    for _again in range(2):
        read_again(town)
    assert (the("repository_moved").severity, the("repository_moved").facts["owner"]) == ("critical", "unknown")
    with refused(Unmet, "another_owner"):
        drifts.record(the("repository_moved"), by=town.owner, words="We have a new name.")
    town.hub.clear_faults(fault)
    read_again(town)
    assert (the("repository_moved").severity, the("repository_moved").facts["owner"]) == ("serious", "renamed")


def test_a_name_that_another_link_has_waits_for_that_one(town: Town) -> None:
    """Two links never bear one name: unlink the other, and it is followed."""
    town.start()
    town.hub.create_repo("aurora-lab/two", gated="manual", card=CARD, by="amara")
    other = adopt.link_repository(town.publisher, by=town.owner, kind="model", name="aurora-lab/two")
    town.hub.delete_repo("aurora-lab/two")
    town.hub.rename_repo(town.name, "aurora-lab/two")
    read_again(town)
    found = the("repository_moved", repository=town.repository)
    assert not found.facts["followed"]
    with refused(WrongState, "already_linked"):
        drifts.record(found, by=town.owner, words="Fine.")
    repositories.unlink(other, by=town.owner)
    read_again(town)
    assert Repository.objects.get(pk=town.repository.pk).name == "aurora-lab/two"
    read_again(town)
    assert the("repository_moved").status == "over"
    with refused(WrongState, "not_linked"):
        repositories.take_over(other, name="aurora-lab/three", by=town.owner)


def test_one_that_is_not_watched_yet_is_followed_without_a_word(town: Town) -> None:
    """Nobody is drift before the first stage opened, and nothing is."""
    town.hub.rename_repo(town.name, "aurora-lab/two")
    read_again(town)
    assert Repository.objects.get().name == "aurora-lab/two"
    assert not Drift.objects.exists()


# Members who pass


def with_members(town: Town, *names: str, role: str = "read") -> None:
    """Let people be members of the organisation."""
    for name in names:
        town.someone(name)
    town.hub.add_org("aurora-lab", dict.fromkeys(names, role))


def test_members_who_pass_without_asking_are_shown_once_for_a_repository(town: Town) -> None:
    """How many and who, but for those who have a role here, a token, or no access; no mail is sent for it."""
    with_members(town, "mia", "noor")
    with_members(town, "locked-out", role="no_access")
    town.hub.add_org("aurora-lab", {"chidi": "write"})
    town.start()
    read_again(town)
    found = the("members_bypass")
    assert (found.severity, found.person) == ("notice", None)
    assert found.facts == {"members": 2, "new": 2, "names": ["mia", "noor"], "more": False}
    assert not Notice.objects.filter(kind="drift_found").exists()
    assert not found.can_be_undone


def test_the_account_of_a_token_is_no_member_that_passes(town: Town) -> None:
    """It is ours."""
    with_members(town, "robot")
    HubToken.objects.update(hub_user_id=factories.hub_id("robot"))
    town.start()
    read_again(town)
    assert not Drift.objects.exists()


def test_they_are_read_once_an_hour_for_all_repositories_of_a_publisher(town: Town) -> None:
    """Not each minute: the lists come first."""
    town.start()
    town.hub.clear_journal()
    for _again in range(3):
        read_again(town)
    assert len(calls(town, "/members", "GET")) == 1
    an_hour_later()
    read_again(town)
    assert len(calls(town, "/members", "GET")) == 2


def test_what_is_accepted_is_open_again_with_somebody_new(town: Town) -> None:
    """Who leaves opens nothing, and who comes back is new."""
    with_members(town, "mia", "noor")
    town.start()
    read_again(town)
    drifts.record(the("members_bypass"), by=town.owner, words="They built it.")
    an_hour_later()
    town.hub.remove_member("aurora-lab", "noor")
    read_again(town)
    assert not Drift.objects.unresolved().exists()
    an_hour_later()
    with_members(town, "ravi")
    read_again(town)
    found = the("members_bypass", status="open")
    assert found.facts == {"members": 2, "new": 1, "names": ["ravi", "mia"], "more": False}


def test_what_is_open_is_kept_in_step_and_ends_with_the_last_member(town: Town) -> None:
    """The figures are those of the last reading; a changed name is one of them."""
    with_members(town, "mia")
    town.start()
    read_again(town)
    an_hour_later()
    with_members(town, "noor")
    town.hub.rename_user("mia", "mia-two")
    read_again(town)
    assert set(the("members_bypass").facts["names"]) == {"mia-two", "noor"}
    an_hour_later()
    for name in ("mia-two", "noor"):
        town.hub.remove_member("aurora-lab", name)
    read_again(town)
    assert the("members_bypass").status == "over"
    assert not OrganisationMember.objects.exclude(username="amara").exists()


def test_a_long_list_is_cut_and_says_so(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was not met because of that is not forgotten."""
    monkeypatch.setattr(members, "MOST", 3)
    with_members(town, "mia", "noor", "ravi")
    town.start()
    read_again(town)
    assert the("members_bypass").facts["more"]
    assert the("members_bypass").facts["members"] == 2


@pytest.mark.parametrize("status", [403, 404, 503])
def test_where_members_cannot_be_read_nothing_is_said(town: Town, status: int) -> None:
    """The repository is observed all the same, and it is tried again in an hour."""
    with_members(town, "mia")
    town.start()
    town.hub.fault("status", "/members", status=status)
    read_again(town)
    assert not Drift.objects.exists()
    repository = Repository.objects.get()
    assert (repository.failure, repository.parked_reason) == ("", "")
    assert repository.members_due_at is not None
    assert repository.members_due_at > timezone.now() + timedelta(minutes=50)


def test_a_list_that_makes_no_sense_stops_nothing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the Hub says there, the repository is observed."""

    def broken(*_how: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(members, "_members", broken)
    town.start()
    read_again(town)
    assert Repository.objects.get().failure == ""
    assert not Drift.objects.exists()


def test_a_person_has_no_members(town: Town) -> None:
    """Their repositories are let alone."""
    Publisher.objects.update(kind="user")
    town.start()
    town.hub.clear_journal()
    read_again(town)
    assert not calls(town, "/members", "GET")


# The card


@pytest.mark.parametrize(
    "line",
    [
        "extra_gated_eu_disallowed: true",
        "extra_gated_prompt: Read this first.",
        "extra_gated_heading: Ask us",
        "extra_gated_description: We answer.",
        "extra_gated_button_content: I agree",
        "extra_gated_fields:\n  Country: country",
        "extra_gated_something_new: [a, b]",
    ],
)
def test_every_key_of_the_gate_is_watched(town: Town, line: str) -> None:
    """Also one that nobody here knows yet: people agree to it, or are kept out by it."""
    card = "---\nlicense: other\n---\n# Aurora\n"
    town.hub.set_repo(town.name, files={"README.md": card})
    town.observe()
    town.start()
    read_again(town)
    town.hub.set_repo(town.name, files={"README.md": card.replace("other\n", f"other\n{line}\n")})
    read_again(town)
    assert f"+{line.splitlines()[0]}" in the("gate_text_changed").facts["diff"]
    town.hub.set_repo(town.name, files={"README.md": card})
    read_again(town)
    assert Drift.objects.filter(kind="gate_text_changed").count() == 2
