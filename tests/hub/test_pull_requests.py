"""Pull requests that would change the gate: found, shown with what they change, and over when they are closed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

from gatekeeper.actions import drifts, hearing, hub_hooks
from gatekeeper.hub import pull_requests
from gatekeeper.models import Drift, PullRequest, Repository
from gatekeeper.rules import announcements
from tests import factories

from .conftest import CARD, LICENCE, MODEL, Town, calls

GATED = CARD.replace("  Affiliation: text\n", "  Affiliation: text\n  Shoe size: text\n")
FLAGGED = CARD.replace("- text-to-image\n", "- text-to-image\n- not-for-all-audiences\n")


@pytest.fixture
def town(town: Town) -> Town:
    """A town whose stage is open, so that its repository is watched; Mallory may propose something there."""
    town.start()
    town.observe()
    town.hub.add_user("mallory", token="hf_mallory")
    town.repository = factories.fresh(town.repository)
    assert town.repository.guarded_since is not None
    return town


def proposes(town: Town, files: dict[str, str | None], revision: str | None = None, **how: Any) -> int:
    """Somebody proposes other files (None: none) in a pull request; returns its number."""
    api = HfApi(endpoint=town.hub.url, token="hf_mallory")
    operations = [
        CommitOperationDelete(path) if text is None else CommitOperationAdd(path, text.encode())
        for path, text in files.items()
    ]
    done = api.create_commit(
        MODEL, operations, commit_message="Nicer", revision=revision, create_pr=not revision, **how
    )
    return done.pr_num or 0


def found(number: int | None = None) -> Drift | None:
    """What waits for a decision about a pull request."""
    rows = Drift.objects.unresolved().filter(kind="pull_request_touches_gate")
    return (rows if number is None else rows.filter(reference=f"refs/pr/{number}")).first()


def looked(town: Town, *, listed: bool = True) -> None:
    """One look at the repository, with all that is due."""
    if listed:
        Repository.objects.update(pull_requests_due_at=None)
    PullRequest.objects.exclude(due_at=None).update(due_at=timezone.now() - timedelta(seconds=1))
    town.observe()


@pytest.mark.parametrize(
    ("files", "touches", "line"),
    [
        ({"README.md": GATED}, ["gate"], "+  Shoe size: text"),
        ({"README.md": CARD.replace("license: other", "license: mit")}, ["licence"], "+license: mit"),
        ({"README.md": FLAGGED}, ["audience"], "+- not-for-all-audiences"),
        ({"README.md": GATED.replace("license: other", "license: mit")}, ["gate", "licence"], "-license: other"),
        ({"LICENSE": "Do as you like.\n"}, ["licence"], "+Do as you like."),
        ({"LICENSE": None}, ["licence"], f"-{LICENCE.strip()}"),
        ({"LICENSE.md": "Another one.\n"}, ["licence"], "+Another one."),
        ({"README.md": None}, ["gate", "licence"], "-license: other"),
    ],
)
def test_it_finds_what_would_change_the_gate(
    town: Town, files: dict[str, str | None], touches: list[str], line: str
) -> None:
    """With who proposes it and the lines of it."""
    number = proposes(town, files)
    looked(town)
    drift = found(number)
    assert drift is not None
    assert drift.facts["touches"] == touches
    assert drift.facts["pull_request"] == number
    assert line in drift.facts["diff"]
    assert len(drift.facts["diff"]) <= 200
    assert (drift.by_username, drift.severity, drift.repository) == ("mallory", "notice", town.repository)
    assert drift.since_is_exact


@pytest.mark.parametrize(
    "files",
    [
        {"README.md": CARD + "More words.\n"},
        {"README.md": CARD.replace("- text-to-image", "- text-to-image\n- art")},
        {"w.bin": "better weights", "docs/LICENSE": "not the one"},
        {"README.md": CARD.replace("\n", "\r\n")},
    ],
)
def test_it_leaves_alone_what_would_not(town: Town, files: dict[str, str | None]) -> None:
    proposes(town, files)
    looked(town)
    assert PullRequest.objects.get().seen_at is not None
    assert found() is None


def test_what_main_changed_meanwhile_is_not_held_against_it(town: Town) -> None:
    """The pull request began before: merging it changes its own lines only."""
    number = proposes(town, {"README.md": CARD + "More words.\n"})
    town.hub.set_repo(MODEL, files={"README.md": GATED, "LICENSE": "New terms.\n"})
    looked(town)
    assert found(number) is None


def test_a_difference_that_is_too_long_is_made_up_from_the_files(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is touched is told, without its lines."""
    monkeypatch.setattr("gatekeeper.hub.community.LONGEST", 2_000)
    number = proposes(town, {"README.md": GATED, "LICENSE": "No.\n", "notes.txt": "x\n" * 9_000})
    looked(town)
    drift = found(number)
    assert drift is not None
    assert (drift.facts["touches"], drift.facts["diff"]) == (["gate", "licence"], ["README.md", "LICENSE"])


def test_a_card_that_takes_long_to_read_may_change_anything(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not read: anybody can send one, again and again."""
    monkeypatch.setattr(pull_requests, "LONGEST_FRONT", 900)
    number = proposes(
        town, {"README.md": "---\n" + "".join(f"x{n}: y\n" for n in range(150)) + CARD.removeprefix("---\n")}
    )
    looked(town)
    drift = found(number)
    assert drift is not None
    assert drift.facts["touches"] == ["unread"]
    assert "+x0: y" in drift.facts["diff"]


def test_a_file_that_is_too_long_to_read_may_change_anything(town: Town) -> None:
    """Nobody gets around it by sending a megabyte."""
    number = proposes(town, {"README.md": GATED + "x" * 1_100_000})
    looked(town)
    drift = found(number)
    assert drift is not None
    assert drift.facts["touches"] == ["unread"]


def test_it_is_found_once_and_again_when_it_changes(town: Town) -> None:
    """What somebody has recorded stays so until the pull request says something else."""
    number = proposes(town, {"README.md": GATED})
    looked(town)
    looked(town)
    drift = found(number)
    assert drift is not None
    assert Drift.objects.count() == 1
    drifts.record(drift, by=town.owner, words="We know.")
    looked(town)
    assert found(number) is None
    proposes(town, {"LICENSE": "No.\n"}, revision=f"refs/pr/{number}")
    looked(town)
    again = found(number)
    assert again is not None
    assert again.facts["touches"] == ["gate", "licence"]
    proposes(town, {"README.md": CARD, "LICENSE": LICENCE}, revision=f"refs/pr/{number}")
    looked(town)
    assert found(number) is None
    assert factories.fresh(again).status == "over"


def test_it_is_over_when_it_is_closed(town: Town) -> None:
    number = proposes(town, {"README.md": GATED})
    looked(town)
    drift = found(number)
    assert drift is not None
    HfApi(endpoint=town.hub.url, token="hf_mallory").change_discussion_status(MODEL, number, "closed")
    looked(town)
    assert factories.fresh(drift).status == "over"
    closed = PullRequest.objects.get()
    assert (closed.is_open, closed.due_at) == (False, None)
    town.hub.clear_journal()
    looked(town)
    assert calls(town, f"/discussions/{number}", "GET") == []
    HfApi(endpoint=town.hub.url, token="hf_mallory").change_discussion_status(MODEL, number, "open")
    looked(town)
    assert PullRequest.objects.get().is_open


def test_merged_it_is_a_change_of_the_card(town: Town) -> None:
    """Which is found as that."""
    number = proposes(town, {"README.md": GATED})
    looked(town)
    HfApi(endpoint=town.hub.url, token="hf_amara_writes").merge_pull_request(MODEL, number)
    looked(town)
    assert found() is None
    assert Drift.objects.unresolved().filter(kind="gate_text_changed").exists()


def test_a_draft_and_a_discussion_are_no_change(town: Town) -> None:
    """A discussion that was announced as a pull request is forgotten."""
    api = HfApi(endpoint=town.hub.url, token="hf_mallory")
    api.create_pull_request(MODEL, "Soon")
    talk = api.create_discussion(MODEL, "Hello")
    PullRequest.objects.create(repository=town.repository, number=talk.num, due_at=timezone.now())
    PullRequest.objects.create(repository=town.repository, number=999, due_at=timezone.now())
    looked(town)
    assert [row.number for row in PullRequest.objects.all()] == [1]
    assert found() is None


def test_what_is_announced_is_looked_at_without_the_list(town: Town, settings: Any) -> None:
    """By its number: nothing else of the announcement is used."""
    settings.PUBLIC_HOST, settings.HUB_ENDPOINT = "127.0.0.1", town.hub.url
    hook = hub_hooks.switch_on(town.publisher, by=town.owner)
    Repository.objects.update(pull_requests_due_at=timezone.now() + timedelta(hours=1))
    number = proposes(town, {"README.md": GATED})
    discussion = {"num": number, "isPullRequest": True, "title": "Nothing to see", "status": "closed"}
    payload = {
        "event": {"scope": "discussion", "action": "create"},
        "repo": {"id": factories.fresh(town.repository).hub_id},
        "discussion": discussion,
        "webhook": {"version": 3},
    }
    hearing.hear(hook, about=announcements.read(json.dumps(payload).encode()))
    town.hub.clear_journal()
    looked(town, listed=False)
    assert found(number) is not None
    assert calls(town, "/discussions", "GET") == calls(town, f"/discussions/{number}", "GET")


def test_nobody_is_looked_at_before_a_stage_was_open(town: Town) -> None:
    Repository.objects.update(guarded_since=None)
    proposes(town, {"README.md": GATED})
    town.hub.clear_journal()
    looked(town)
    assert calls(town, "/discussions", "GET") == []
    assert not PullRequest.objects.exists()


@pytest.mark.parametrize("status", [403, 404, 500])
def test_what_fails_stops_nothing_else(town: Town, status: int) -> None:
    """The lists are read; it is tried again later, and not each minute."""
    proposes(town, {"README.md": GATED})
    town.hub.fault("status", "/discussions", status=status)
    town.asks("kiri")
    looked(town)
    repository = factories.fresh(town.repository)
    assert town.case("kiri") is not None
    assert repository.parked_reason == ""
    assert repository.pull_requests_due_at is not None
    assert repository.pull_requests_due_at > timezone.now() + timedelta(minutes=10)
    town.hub.clear_faults()
    looked(town)
    assert found() is not None


def test_what_breaks_here_stops_nothing_else(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever somebody has put into one."""

    def break_down(*_args: Any) -> None:
        raise RuntimeError

    proposes(town, {"README.md": GATED})
    monkeypatch.setattr(pull_requests, "_change", break_down)
    town.asks("kiri")
    looked(town)
    assert town.case("kiri") is not None
    monkeypatch.undo()
    looked(town)
    assert found() is not None


def test_one_that_cannot_be_read_does_not_hold_up_the_others(town: Town) -> None:
    """It does not come first again."""
    first = proposes(town, {"README.md": GATED})
    second = proposes(town, {"LICENSE": "No.\n"})
    looked(town)
    PullRequest.objects.update(seen_digest="")
    Drift.objects.all().delete()
    town.hub.fault("status", f"/discussions/{first}$", status=403)
    looked(town)
    looked(town, listed=False)
    assert found(second) is not None
    assert PullRequest.objects.get(number=first).due_at is not None


def test_so_many_are_looked_at_at_once(town: Town) -> None:
    for _number in range(7):
        proposes(town, {"LICENSE": "No.\n"})
    looked(town)
    assert PullRequest.objects.exclude(seen_at=None).count() == pull_requests.AT_ONCE
    town.observe()
    assert PullRequest.objects.filter(seen_at=None).count() == 0
    assert Drift.objects.unresolved().filter(kind="pull_request_touches_gate").count() == 7
