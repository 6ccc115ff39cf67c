"""manage.py hub: whether linking would work and what it would do, writing nothing; reading and telling by hand."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from gatekeeper.models import HubAccess, Repository

from .conftest import TOKEN, Town


@pytest.fixture(autouse=True)
def token_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token in the environment."""
    monkeypatch.setenv("HUB_TOKEN_FOR_A_TEST", TOKEN)
    monkeypatch.setenv("HUB_TOKEN_UNKNOWN", "hf_unknown_token")


def hub(*words: str) -> str:
    """What the command prints."""
    out = io.StringIO()
    call_command("hub", *words, stdout=out)
    return out.getvalue()


def refused(*words: str) -> tuple[str, str]:
    """What the command prints, and the sentence with which it ends."""
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("hub", *words, stdout=out)
    return out.getvalue(), str(caught.value)


def test_it_says_what_linking_would_do(town: Town) -> None:
    """Token, gate, rights, capabilities, people, form and licence; nothing changes on the Hub."""
    town.asks("kiri")
    town.accepted_there("earlier")
    before = town.hub.people(town.name)
    said = hub("check", town.name, "--token-env", "HUB_TOKEN_FOR_A_TEST")
    for part in (
        "belongs to amara and its role is write",
        "gated by hand",
        "may write to it",
        "may read who asks",
        "may decide",
        "knows deciding on many at once",
        "knows resetting requests",
        "1 waiting and 1 accepted",
        "asks 2 questions",
        "36 bytes in LICENSE",
        "Linking would work",
    ):
        assert part in said
    assert town.hub.people(town.name) == before
    assert TOKEN not in said


def test_it_uses_the_token_of_the_link_or_of_the_publisher(town: Town) -> None:
    """No token has to be typed where one is kept."""
    assert "Linking would work" in hub("check", town.name)
    town.hub.create_repo("aurora-lab/data", "dataset", gated="auto", visibility="private", by="amara")
    said = hub("check", "aurora-lab/data", "--dataset")
    assert "gated automatically, and private" in said
    assert "Found: The repository has no README" in said


def test_it_says_what_the_hub_does_not_know(town: Town) -> None:
    """A Hub without batch and reset: slower ways are taken."""
    town.hub.capabilities(batch=False, reset=False)
    said = hub("check", town.name)
    assert "does not know deciding on many at once" in said
    assert "does not know resetting requests" in said


def test_it_says_of_an_open_repository_what_it_cannot_ask(town: Town) -> None:
    """Only a gated one can be asked whether one may decide."""
    town.hub.set_gated(town.name, False)
    said = hub("check", town.name)
    assert "gated not at all" in said
    assert "can be asked only while" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["aurora-lab/none", "--token-env", "HUB_TOKEN_FOR_A_TEST"], "There is no repository of this name"),
        (["aurora-lab/aurora-xl", "--token-env", "HUB_TOKEN_UNKNOWN"], "does not know this token"),
    ],
)
def test_it_ends_with_a_failure_where_linking_would_not_work(town: Town, words: list[str], sentence: str) -> None:
    """A sentence, and an exit code for scripts."""
    said, end = refused("check", *words)
    assert sentence in said
    assert end == "Linking would not work. Nothing was written."


def test_it_says_what_a_reading_token_may_not(town: Town) -> None:
    """It may not write, list or decide."""
    town.hub.set_token(TOKEN, role="read")
    said, _end = refused("check", town.name)
    assert "NO  The token may not write to it." in said
    assert "may not read who asks" in said
    assert "may not decide" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["check", "nonsense", "--token-env", "HUB_TOKEN_FOR_A_TEST"], "owner/name"),
        (["check", "a/b", "--token-env", "HUB_TOKEN_NOT_SET"], "holds no token"),
        (["check", "somebody/else"], "No publisher of this namespace"),
        (["observe", "somebody/else"], "is not linked"),
    ],
)
def test_it_asks_for_what_it_needs(town: Town, words: list[str], sentence: str) -> None:
    """One sentence, and nothing else happens."""
    assert sentence in refused(*words)[1]


def test_it_says_when_the_link_has_no_token_left(town: Town) -> None:
    """Revoked here: another one has to be named."""
    type(town.repository.token).objects.update(revoked_at=town.repository.linked_at)
    assert "token_missing" in refused("check", town.name)[1]


@pytest.mark.parametrize("path", ["user-access-request/pending", "user-access-request/handle"])
def test_a_hub_that_stumbles_is_no_verdict_about_the_token(town: Town, path: str) -> None:
    """Try again in a minute."""
    town.hub.fault("status", path, status=503)
    assert "Try again in a minute" in refused("check", town.name)[0]


def test_it_stops_asking_for_capabilities_when_one_call_fails(town: Town) -> None:
    """The rest is still said."""
    town.hub.fault("status", "handle", status=403)
    assert "may not decide" in refused("check", town.name)[0]


def test_it_reads_and_tells_by_hand(town: Town) -> None:
    """observe and settle do what the workers do, and say what is left."""
    town.asks("kiri")
    town.start()
    assert f"{town.name}: read" in hub("observe", town.name)
    town.approve("kiri")
    assert "0 rows are not settled yet, 0 wait" in hub("settle")
    assert town.grant("kiri").status == "active"


def test_it_tries_again_what_was_parked(town: Town) -> None:
    """With the cause gone, --again sees it through."""
    town.start()
    town.approved("kiri")
    town.hub.revoke_token(TOKEN)
    hub("settle")
    assert "stopped: token_refused" in hub("observe")
    town.hub.set_token(TOKEN, revoked=False)
    assert "are tried again" in hub("settle", "--again")
    assert Repository.objects.get().parked_reason == ""
    assert not HubAccess.objects.parked().exists()


def test_a_repository_in_a_workers_hands_is_left_to_it(town: Town) -> None:
    """Two readings of one repository at a time are never made."""
    from datetime import timedelta

    from django.utils import timezone

    leased: Any = timezone.now() + timedelta(minutes=1)
    Repository.objects.update(observe_leased_until=leased)
    assert "being read by a worker" in hub("observe")
