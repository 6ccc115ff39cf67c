"""What one publisher writes on a card stops nobody else's repositories."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from gatekeeper.hub import adopt, cards, gate, observe, settle
from gatekeeper.models import Card, Repository, RepositoryWish

from .conftest import MODEL, Town


@pytest.mark.parametrize(
    ("words", "code"), [('"a\\0b"', "not_text"), ('"a\\x07b"', "not_text"), ('"\\ud800"', "not_yaml")]
)
@pytest.mark.parametrize("line", ["extra_gated_prompt: {}", "license_name: {}", "extra_gated_fields: {{{}: text}}"])
def test_a_card_with_what_cannot_be_kept_is_refused_with_its_line(line: str, words: str, code: str) -> None:
    """An escape can stand for a character that no text in the database may hold."""
    with pytest.raises(cards.CannotRead) as refused:
        cards.read(f"---\nlicense: mit\n{line.format(words)}\n---\n".encode())
    assert (refused.value.finding["code"], refused.value.finding["line"]) == (code, 3)


def test_such_a_card_is_kept_with_its_finding(town: Town) -> None:
    """And the lists are read all the same."""
    text = b'---\nextra_gated_prompt: "a\\0b"\n---\n'
    town.client.commit_card("model", MODEL, text, parent=str(town.hub.repo(MODEL)["sha"]), message="Break it")
    town.observe()
    card = Card.objects.filter(repository=town.repository).latest("pk")
    assert [found["code"] for found in card.findings] == ["not_text"]
    assert Repository.objects.get().observed_at is not None


def test_one_repository_that_cannot_be_understood_stops_no_other(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is put off, and the sweep goes on."""
    town.hub.create_repo("aurora-lab/other", gated="manual", by="amara")
    other = adopt.link_repository(town.publisher, by=town.owner, kind="model", name="aurora-lab/other")
    understood = gate.keep_state

    def keep_state(hub: Any, repository: Repository, state: Any) -> None:
        if repository.pk == town.repository.pk:
            raise ValueError(state)
        understood(hub, repository, state)

    monkeypatch.setattr(gate, "keep_state", keep_state)
    observe.observe_all(seconds=10)
    assert Repository.objects.get(pk=other.pk).observed_at is not None
    put_off = Repository.objects.get(pk=town.repository.pk)
    assert (put_off.observe_attempts, put_off.observe_leased_until, put_off.parked_reason) == (1, None, "")


def test_nor_do_its_own_wishes_stop_what_others_wait_for(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """An approval is told although what is wished of a repository cannot be seen through."""
    town.start()
    town.approved("kiri")

    def broken(*about: Any) -> None:
        raise ValueError(about)

    monkeypatch.setattr(gate, "keep_state", broken)
    RepositoryWish.objects.update(due_at=timezone.now(), confirmed_at=None)
    settle.settle_due(seconds=5)
    assert town.stands("kiri") == "accepted"
    assert RepositoryWish.objects.get().attempts >= 1
