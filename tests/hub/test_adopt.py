"""Linking: what is there is found and shown, nothing is written, and what stands in the way is a sentence."""

from __future__ import annotations

import pytest

from accounts import people as accounts_people
from accounts.viewer import Viewer
from gatekeeper.hub import adopt
from gatekeeper.hub.adopt import CannotAsk
from gatekeeper.hub.port import HubError, Word
from gatekeeper.models import Card, Repository
from gatekeeper.rules.refusals import Invalid, NotAllowed, Unmet, WrongState
from tests import factories

from .conftest import CARD, LICENCE, TOKEN, Town


def codes(found: adopt.Found) -> list[str]:
    """The codes of what was found."""
    return [finding["code"] for finding in found.findings]


def test_it_finds_what_is_there(town: Town) -> None:
    """State, form, licence, and who waits."""
    town.asks("kiri")
    town.accepted_there("earlier")
    found = adopt.what_is_there(TOKEN, "model", town.name)
    assert found.may_write
    assert [question["label"]["en"] for question in found.questions] == ["Affiliation", "I accept the licence"]
    assert found.licence is not None
    assert (found.licence["title"], found.licence["text"], found.licence["path"]) == (
        "aurora",
        LICENCE.encode(),
        "LICENSE",
    )
    assert (found.waiting, found.accepted, found.more) == (1, 1, frozenset())
    assert found.card == CARD.encode()
    assert codes(found) == []


def test_it_counts_to_the_first_page_only(town: Town) -> None:
    """A thousand and more are said as that."""
    town.hub.seed(town.name, {"pending": 1001})
    found = adopt.what_is_there(TOKEN, "model", town.name)
    assert (found.waiting, found.more) == (1000, frozenset({"waiting"}))


@pytest.mark.parametrize("path", ["LICENSE.md", "LICENSE.txt"])
def test_it_finds_the_licence_under_its_other_names(town: Town, path: str) -> None:
    """An empty file is no licence."""
    town.hub.create_repo("aurora-lab/other", gated="manual", files={"LICENSE": " \n", path: "Text"}, by="amara")
    found = adopt.what_is_there(TOKEN, "model", "aurora-lab/other")
    assert found.licence is not None
    assert (found.licence["path"], found.licence["identifier"]) == (path, "other")


def test_it_says_what_is_missing(town: Town) -> None:
    """No card, no licence text, a gate that lets everybody in."""
    town.hub.create_repo("aurora-lab/data", "dataset", gated="auto", by="amara")
    found = adopt.what_is_there(TOKEN, "dataset", "aurora-lab/data")
    assert found.licence is None
    assert codes(found) == ["no_card", "no_licence_file", "gate_auto"]


def test_it_says_when_a_form_is_left_from_an_earlier_gate(town: Town) -> None:
    """A card with a form on a repository that is open."""
    town.hub.set_gated(town.name, False)
    assert "not_gated" in codes(adopt.what_is_there(TOKEN, "model", town.name))


def test_it_takes_nothing_of_a_card_that_cannot_be_read(town: Town) -> None:
    """The finding says where; the rest of the repository is found all the same."""
    town.hub.set_repo(town.name, files={"README.md": "---\n<<<<<<< HEAD\n---\n"})
    found = adopt.what_is_there(TOKEN, "model", town.name)
    assert codes(found) == ["merge_conflict"]
    assert found.questions == []
    assert found.licence is not None


def test_it_says_what_was_mended_in_the_form(town: Town) -> None:
    """Findings of the questions stand beside those of the card."""
    town.hub.set_repo(town.name, files={"README.md": "---\nextra_gated_fields:\n  geo: ip_location\n---\n"})
    assert codes(adopt.what_is_there(TOKEN, "model", town.name)) == ["ip_location"]


def test_it_does_not_read_who_asks_without_the_right(town: Town) -> None:
    """A token that may not write sees what is public, and is told so."""
    town.hub.add_user("stranger", token="hf_stranger_writes")
    found = adopt.what_is_there("hf_stranger_writes", "model", town.name)
    assert not found.may_write
    assert (found.waiting, found.accepted) == (0, 0)


@pytest.mark.parametrize("name", ["aurora", "a/b/c", "../etc/passwd", "a/b?x=1", "", "ä/b", "a b/c"])
def test_it_takes_only_what_can_be_a_name(town: Town, name: str) -> None:
    """Owner, slash, name: nothing else reaches a URL."""
    with pytest.raises(Invalid):
        adopt.what_is_there(TOKEN, "model", name)


def test_it_takes_only_models_and_datasets(town: Town) -> None:
    """Other kinds have no gate that could be read."""
    with pytest.raises(Invalid):
        adopt.what_is_there(TOKEN, "space", town.name)


@pytest.mark.parametrize(
    ("name", "token", "reason"),
    [("aurora-lab/none", TOKEN, "repository_gone"), ("aurora-lab/aurora-xl", "hf_unknown_token", "token_refused")],
)
def test_it_says_in_a_sentence_why_it_cannot_ask(town: Town, name: str, token: str, reason: str) -> None:
    """A refusal with a code, not an exception of the client."""
    with pytest.raises(CannotAsk) as caught:
        adopt.what_is_there(token, "model", name)
    assert caught.value.reason == caught.value.refusal.code == reason
    assert str(caught.value).endswith(".")


def test_a_failure_nobody_foresaw_is_a_sentence_too() -> None:
    """With its name, for whoever is asked for help."""
    assert "strange" in str(adopt.explain(HubError(Word.LATER, "strange")))


def test_it_proves_a_namespace(town: Town) -> None:
    """What the token proves founds a publisher; one that is refused proves nothing."""
    proof = adopt.prove_namespace(TOKEN)
    assert {known.name for known in accounts_people.namespaces_of_token(proof)} == {"amara", "aurora-lab"}
    with pytest.raises(CannotAsk):
        adopt.prove_namespace("hf_unknown_token")


@pytest.mark.parametrize("token", ["hf_é", "hf_\u2026", "hf a", "hf\x07", ""])
def test_what_no_header_can_hold_is_no_token(town: Town, token: str) -> None:
    """The Hub is not asked at all."""
    town.hub.clear_journal()
    with pytest.raises(CannotAsk) as refused:
        adopt.prove_namespace(token)
    assert refused.value.reason == "token_refused"
    assert town.hub.journal() == []


def test_it_links_with_its_card(town: Town) -> None:
    """What was read stands on the link, and the card is kept."""
    assert Repository.objects.get().seen_licence == "other"
    assert bytes(Card.objects.get().text) == CARD.encode()


def test_it_links_what_was_found_a_moment_ago(town: Town) -> None:
    """Shown on a page and then linked: it is not read twice."""
    town.hub.create_repo("aurora-lab/bare", gated="manual", by="amara")
    found = adopt.what_is_there(TOKEN, "model", "aurora-lab/bare")
    town.hub.clear_journal()
    adopt.link_repository(town.publisher, by=town.owner, kind="model", name="aurora-lab/bare", found=found)
    assert town.hub.journal() == []
    assert Card.objects.count() == 1


def test_it_links_nothing_twice(town: Town) -> None:
    """Linked already is said."""
    with pytest.raises(WrongState):
        adopt.link_repository(town.publisher, by=town.owner, kind="model", name=town.name)


def test_it_links_nothing_that_the_token_may_not_write(town: Town) -> None:
    """Asked of the Hub at that moment."""
    town.hub.create_repo("aurora-lab/later", gated="manual", by="amara")
    town.hub.set_token(TOKEN, role="read")
    with pytest.raises(Unmet):
        adopt.link_repository(town.publisher, by=town.owner, kind="model", name="aurora-lab/later")


def test_it_links_nothing_without_a_token(town: Town) -> None:
    """The sentence asks for one."""
    other = factories.found(factories.account("juma"), "juma-lab")
    with pytest.raises(Unmet):
        adopt.link_repository(other, by=Viewer.anonymous(), kind="model", name="juma-lab/x")


def test_only_stewards_link(town: Town) -> None:
    """A reviewer may read, and links nothing."""
    town.hub.create_repo("aurora-lab/later", gated="manual", by="amara")
    with pytest.raises(NotAllowed):
        adopt.link_repository(town.publisher, by=town.reviewer, kind="model", name="aurora-lab/later")
