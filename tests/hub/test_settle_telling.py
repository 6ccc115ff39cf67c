"""What the Hub is told for each step that is taken here, once, and in which order."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.actions import decisions, grants, people, repositories, requests, stages
from gatekeeper.hub import adopt, settle
from gatekeeper.hub.claims import outside
from gatekeeper.hub.sentences import sentence
from gatekeeper.models import Grant, HubAccess, Repository
from tests import factories

from .conftest import ANSWERS, CARD, LICENCE, TOKEN, Town, calls, settled


def there(town: Town, name: str) -> dict[str, Any]:
    """All that the Hub knows of somebody's request, the reasons too."""
    [found] = town.hub.people(town.name, user=name)
    return found


def test_it_resets_a_correctably_denied_request_with_the_link(town: Town) -> None:
    """Invariant 17: a correctable denial never becomes `rejected` on the Hub."""
    town.start()
    town.asks("kiri")
    town.observe()
    decisions.deny_correctably(town.case("kiri"), by=town.reviewer, codes=["USE_THIN"], words="Say more.")
    settled()
    assert there(town, "kiri")["status"] == "reset"
    assert "/my-access/" in there(town, "kiri")["resetReason"]
    assert "Say more" not in there(town, "kiri")["resetReason"]
    assert town.row("kiri").closing == ""


def test_it_rejects_a_finally_denied_request(town: Town) -> None:
    """A final denial is said once, with a fixed sentence and never the reviewer's words."""
    town.start()
    town.asks("kiri")
    town.observe()
    decisions.deny_finally(town.case("kiri"), by=town.reviewer, codes=["USE_RESTRICTED"], words="No weapons.")
    settled()
    assert there(town, "kiri")["status"] == "rejected"
    assert there(town, "kiri")["rejectionReason"] == sentence("denied")


def test_it_takes_access_away_and_gives_it_back(town: Town) -> None:
    """Invariant 5: suspended or ended here is not accepted there."""
    town.start()
    grant = town.active("kiri")
    grants.suspend(grant, by=town.owner)
    settled()
    assert town.stands("kiri") == "pending"
    grants.reinstate(factories.fresh(grant), by=town.owner)
    settled()
    assert town.stands("kiri") == "accepted"
    assert factories.fresh(grant).status == "active"
    grants.revoke(factories.fresh(grant), by=town.owner, codes=["PRIOR_BREACH"], words="You shared the weights.")
    settled()
    assert there(town, "kiri")["status"] == "rejected"
    assert there(town, "kiri")["rejectionReason"] == sentence("revoked")


def test_it_resets_access_that_came_to_its_end(town: Town) -> None:
    """Expiry really removes access, so that its person may ask again."""
    town.start()
    grant = town.active("kiri")
    Grant.objects.filter(pk=grant.pk).update(ends_at=timezone.now())
    grants.expire_all([grant])
    settled()
    assert there(town, "kiri")["status"] == "reset"


def test_it_leaves_a_later_request_alone_after_a_reset(town: Town) -> None:
    """A closing is owed to the request that was seen, not to the next one."""
    town.start()
    town.asks("kiri")
    town.observe()
    decisions.deny_correctably(town.case("kiri"), by=town.reviewer, codes=["USE_THIN"], words="Say more.")
    settled()
    town.hub.set_status(town.name, "kiri", "none")
    town.hub.set_status(town.name, "kiri", "pending", fields=ANSWERS)
    town.observe()
    settled()
    assert town.stands("kiri") == "pending"


def test_it_grants_to_somebody_who_never_asked_on_the_hub(town: Town) -> None:
    """Who applied here and has no request there is accepted by id."""
    stage = town.start(intake="here")
    town.applies(stage, "ines")
    town.approve("ines")
    settled()
    assert town.stands("ines") == "accepted"
    assert town.grant("ines").status == "active"
    assert [call["json"] for call in calls(town, "/grant")] == [{"userId": factories.hub_id("ines")}]


def test_it_has_nothing_to_close_for_somebody_the_hub_does_not_know(town: Town) -> None:
    """From none there is nothing to reject or to reset."""
    stage = town.start(intake="here")
    town.applies(stage, "ines")
    decisions.deny_finally(town.case("ines"), by=town.reviewer, codes=["USE_RESTRICTED"], words="No.")
    settled()
    assert town.row("ines").due_at is None
    assert not calls(town, "/batch")


def test_it_tells_many_in_one_call_and_reads_the_lists_once(town: Town) -> None:
    """Twenty approvals are one batch, confirmed by reading whole lists and not one by one."""
    town.start()
    names = [town.asks(f"person-{number}") for number in range(20)]
    town.observe()
    town.approve(*names)
    town.hub.clear_journal()
    settled()
    assert {town.stands(name) for name in names} == {"accepted"}
    assert Grant.objects.filter(status="active").count() == 20
    assert len(calls(town, "/batch")) == 1
    assert not [call for call in calls(town, "/accepted", "GET") if "q=" in call["query"]]


def test_it_tells_removals_before_anything_else(town: Town) -> None:
    """What takes access away comes first, however long the rest is due."""
    town.start()
    leaving = town.active("leaving")
    town.approved("coming")
    grants.revoke(leaving, by=town.owner, codes=["PRIOR_BREACH"], words="You shared the weights.")
    town.hub.clear_journal()
    settled()
    assert [call["json"]["status"] for call in calls(town, "/batch")] == ["rejected", "accepted"]


def test_it_serves_repositories_in_turn(town: Town) -> None:
    """A repository with much to tell does not keep the others waiting."""
    town.start()
    town.hub.create_repo("aurora-lab/small", gated="manual", card=CARD, files={"LICENSE": LICENCE}, by="amara")
    small = adopt.link_repository(town.publisher, by=town.owner, kind="model", name="aurora-lab/small")
    found = adopt.what_is_there(TOKEN, "model", small.name)
    assert found.licence is not None
    repositories.start_from_what_is_there(small, by=town.owner, questions_asked=found.questions, licence=found.licence)
    settled()
    busy = [town.asks(f"busy-{number}") for number in range(120)]
    town.asks("patient", small.name)
    from gatekeeper.hub import observe

    town.observe()
    observe.observe(small.pk)
    town.approve(*busy, "patient")
    town.hub.clear_journal()
    settle.settle_due()
    order = [call["path"].split("/")[4] for call in calls(town, "/batch")]
    assert order == ["aurora-xl", "small", "aurora-xl"]


def test_it_looks_again_while_the_lists_lag(town: Town) -> None:
    """A list that is behind is not believed, and nothing is told twice because of it."""
    town.start()
    town.approved("kiri")
    town.hub.options(lag=2)
    settle.settle_due()
    assert town.grant("kiri").status == "pending_activation"
    assert town.row("kiri").due_at is not None
    town.hub.options(lag=0)
    settled()
    assert town.grant("kiri").status == "active"
    assert len(calls(town, "/batch")) == 1


def test_it_does_not_take_a_lagging_list_for_a_removal(town: Town) -> None:
    """Told yes, then suspended: a list from before both looks settled, and is not believed."""
    town.start()
    grant = town.approved("kiri")
    town.hub.options(lag=3)
    settle.settle_due()
    grants.suspend(factories.fresh(grant), by=town.owner)
    settle.settle_due()
    assert town.row("kiri").due_at is not None
    town.hub.options(lag=0)
    settled()
    assert town.stands("kiri") == "pending"


def test_it_says_no_more_about_an_account_that_is_gone(town: Town) -> None:
    """A deleted account is parked by name, for a person to look."""
    town.start()
    town.approved("kiri")
    town.hub.delete_user("kiri")
    settled()
    assert town.row("kiri").parked_reason == "person_gone"
    assert town.grant("kiri").status == "pending_activation"


def test_it_tells_nothing_about_an_unproven_identity(town: Town) -> None:
    """Invariant 10: only ids proven by sign-in or seen in the Hub's own lists are written about."""
    stage = town.start()
    town.someone("stranger")
    person = factories.hub_person("stranger")
    grants.bring_in_all(stage, [person], by=town.owner)
    settled()
    assert town.row("stranger").parked_reason == "identity_unproven"
    assert town.stands("stranger") is None


def test_it_tells_nothing_about_a_repository_that_was_unlinked(town: Town) -> None:
    """Invariant 10: nothing is written about a repository that is not linked."""
    stage = town.start()
    town.approved("kiri")
    stages.close(stage, by=town.owner)
    repositories.unlink(town.repository, by=town.owner)
    settled(2)
    assert town.stands("kiri") == "pending"


def test_it_finds_somebody_who_changed_their_name(town: Town) -> None:
    """People are known by id: a new name changes nothing of what they get."""
    town.start()
    town.approved("kiri")
    town.hub.rename_user("kiri", "kiri-renamed")
    settled()
    assert town.hub.status(town.name, "kiri-renamed") == "accepted"
    assert factories.fresh(town.grant("kiri-renamed")).status == "active"


def test_it_is_not_deceived_by_somebody_who_takes_over_a_name(town: Town) -> None:
    """The name of an approved person, taken by another, gives the other nothing."""
    town.start()
    town.approved("kiri")
    town.hub.rename_user("kiri", "kiri-renamed")
    town.hub.add_user("kiri", id="f" * 24)
    town.hub.set_status(town.name, "kiri", "pending")
    settled()
    assert town.hub.status(town.name, "kiri") == "pending"
    assert town.hub.status(town.name, "kiri-renamed") == "accepted"


def test_it_follows_a_repository_that_was_renamed(town: Town) -> None:
    """Renamed between approval and telling: it is the same repository by its id."""
    town.start()
    town.approved("kiri")
    town.hub.rename_repo(town.name, "aurora-lab/aurora-two")
    settled()
    town.observe()
    assert town.hub.status("aurora-lab/aurora-two", "kiri") == "accepted"
    assert town.grant("kiri").status == "active"
    assert Repository.objects.get().name == "aurora-lab/aurora-two"


def test_it_stops_where_another_repository_took_the_name(town: Town) -> None:
    """Another repository under the linked name is told nothing, and stands parked."""
    town.start()
    town.hub.rename_repo(town.name, "aurora-lab/moved")
    town.hub.create_repo(town.name, gated="manual", by="amara")
    town.observe()
    assert Repository.objects.get().parked_reason == "another_repository"


def test_it_keeps_the_old_name_of_one_that_moved_away(town: Town) -> None:
    """A repository that went to another namespace is not taken over under its new name."""
    town.start()
    town.hub.rename_repo(town.name, "amara/aurora-xl")
    town.observe()
    assert Repository.objects.get().name == town.name


def test_it_calls_the_hub_outside_of_transactions_only(town: Town) -> None:
    """A call may take seconds: no row is locked meanwhile."""
    with transaction.atomic(), pytest.raises(RuntimeError):
        outside()
    assert not connection.in_atomic_block


def test_a_call_within_a_transaction_does_not_leave(town: Town) -> None:
    """The door itself refuses it, for every caller: what all other tests do was done with no transaction open."""
    town.hub.clear_journal()
    hub = town.client
    for call in (hub.whoami, lambda: hub.requests("model", town.name, "pending")):
        with transaction.atomic(), pytest.raises(RuntimeError):
            call()
    assert town.hub.journal() == []
    assert hub.whoami().username == "amara"


def test_every_sentence_fits_the_hub(settings: Any) -> None:
    """The Hub takes 200 characters: a long address is left out rather than the sentence cut."""
    assert all(len(sentence(cause)) <= 200 for cause in ("expired", "denied", "unheard of"))
    settings.PUBLIC_URL = "https://" + "long." * 40 + "example.org"
    assert sentence("denied").endswith("here.")


def test_withdrawing_says_nothing(town: Town) -> None:
    """A request that its person takes back here is left as it is on the Hub."""
    town.start(intake="here")
    town.asks("ines")
    ines = factories.account("ines")
    town.observe()
    requests.withdraw(town.case("ines"), by=ines)
    settled(2)
    assert town.stands("ines") == "pending"


def test_two_links_use_the_token_that_still_works(town: Town) -> None:
    """After a token is refused, the publisher's newer one is used without anybody doing more."""
    town.start()
    town.approved("kiri")
    town.hub.revoke_token(TOKEN)
    settled(2)
    assert Repository.objects.get().parked_reason == "token_refused"
    town.hub.add_token("amara", "hf_amara_second")
    people.keep_token(town.publisher, by=Viewer.of(town.owner.user), secret="hf_amara_second")
    town.observe()
    settled()
    assert Repository.objects.get().parked_reason == ""
    assert town.grant("kiri").status == "active"
    assert HubAccess.objects.unsettled().count() == 0
