"""Workers while the sync is paused, and what tells them that the database was restored. Real sandbox, real Valkey."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper import valkey
from gatekeeper.actions import grants, sync
from gatekeeper.hub import claims, marks, observe, settle, tally
from gatekeeper.hub.port import HubError
from gatekeeper.models import Drift, Grant, HubAccess, Repository, RepositoryWish, SyncMark, SyncPause
from gatekeeper.models.sync_diff import diff_of, what_waits
from tests import factories

from .conftest import Town, calls, hurry, settled

WORDS = "The card is being rewritten."


def hub_command(*words: str) -> str:
    """Run `manage.py hub …` and return what it said."""
    out = StringIO()
    call_command("hub", *words, stdout=out)
    return out.getvalue()


def told(town: Town) -> int:
    """How often the Hub was told anything about people."""
    return len(calls(town, "user-access-request"))


@pytest.fixture
def data(settings: Any, tmp_path: Path) -> Path:
    """A data folder of this test."""
    settings.GATEKEEPER_DATA = tmp_path
    return tmp_path


# Paused


def test_while_paused_nothing_is_told_and_reading_goes_on(town: Town) -> None:
    """Neither removals nor approvals; who asks comes into the queue; afterwards all of it is told."""
    town.start()
    town.active("kiri")
    sync.pause(town.repository, by=town.owner, words=WORDS)
    before = told(town)
    grants.revoke(town.grant("kiri"), by=town.owner, codes=["PRIOR_BREACH"], words="No.")
    town.approved("lin")
    assert settle.settle_due() is None
    hurry()
    observe.observe_all()
    settle.settle_due()
    assert told(town) == before
    assert (town.stands("kiri"), town.stands("lin")) == ("accepted", "pending")
    sync.resume(town.repository, by=town.owner)
    settled()
    assert (town.stands("kiri"), town.stands("lin")) == ("rejected", "accepted")


def test_what_was_told_before_is_read_back_while_paused(town: Town) -> None:
    """Who was accepted a moment before the pause learns that they have access."""
    town.start()
    town.approved("kiri")
    town.hub.options(lag=2)
    settle.settle_due()
    assert town.grant("kiri").status == "pending_activation"
    sync.pause(None, by=Viewer.system("hub"), words=WORDS)
    town.hub.options(lag=0)
    hurry()
    town.observe()
    settle.settle_due()
    assert town.grant("kiri").status == "active"
    assert town.row("kiri").due_at is None


def test_a_gate_waits_too(town: Town) -> None:
    """Nothing of a repository is written."""
    sync.pause(town.repository, by=town.owner, words=WORDS)
    town.hub.set_gated(town.name, "auto")
    town.start()
    assert RepositoryWish.objects.get().confirmed_at is None
    assert not calls(town, "/settings", "PUT")
    sync.resume(town.repository, by=town.owner)
    settle.settle_due()
    assert RepositoryWish.objects.get().confirmed_at is not None


# Restored


def restore(to: int) -> None:
    """Let the database be as it was when the Hub had been told less often."""
    SyncMark.objects.update(told=to)


def test_each_telling_is_counted_here_and_outside(town: Town, data: Path) -> None:
    """In the row, in Valkey, and in a file that only its owner reads."""
    town.start()
    town.active("kiri")
    mark = SyncMark.objects.current()
    assert mark.told >= 1
    assert marks._kept(mark.installation) == mark.told
    file = data / marks.FILE
    assert file.read_text().split() == [str(mark.installation), f"{mark.told:020d}"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert tally.all_confirmed() >= 1
    assert tally.calls()["user-access-request/batch", "200"] >= 1


@pytest.mark.parametrize("kept", ["both", "valkey", "file"])
def test_a_restored_database_tells_nothing(town: Town, data: Path, kept: str) -> None:
    """An old backup says that Kiri has access; she was rejected on the Hub since. One of the two marks is enough."""
    town.start()
    town.active("kiri")
    restore(0)
    if kept == "valkey":
        (data / marks.FILE).unlink()
    if kept == "file":
        valkey.asked(lambda server: server.delete(valkey.key(marks.KEY)), None)
    town.hub.set_status(town.name, "kiri", "rejected", by="amara")
    hurry()
    settle.settle_due()
    observe.observe_all()
    before = told(town)
    settle.settle_due()
    assert told(town) == before
    assert town.stands("kiri") == "rejected"
    held = SyncPause.objects.open().get()
    assert held.after_restore
    assert held.paused_by.is_system
    assert held.told_outside == marks._kept(SyncMark.objects.current().installation)


def test_after_the_diff_is_confirmed_it_goes_on_and_does_not_stop_again(town: Town, data: Path) -> None:
    """What an operator agreed to is told; the count goes on from where it had come to."""
    town.start()
    town.active("kiri")
    before = SyncMark.objects.current().told
    restore(0)
    settle.settle_due()
    town.observe()
    said = hub_command("diff")
    digest = said.split("Digest: ")[1].split()[0]
    assert "0 would be accepted." in said
    assert "Nothing was told to the Hub." in said
    hub_command("resume", "--confirm", digest)
    town.approved("lin")
    settled()
    assert town.stands("lin") == "accepted"
    assert not SyncPause.objects.open().exists()
    assert SyncMark.objects.current().told > before


def test_a_new_machine_asks_before_it_tells(town: Town, data: Path) -> None:
    """Valkey and data folder are empty, the database is not: it was brought here from somewhere."""
    town.start()
    town.active("kiri")
    (data / marks.FILE).unlink()
    valkey.asked(lambda server: server.delete(valkey.key(marks.KEY)), None)
    settle.settle_due()
    assert SyncPause.objects.open().get().after_restore
    settle.settle_due()
    assert SyncPause.objects.count() == 1


def test_an_installation_that_never_told_anything_just_begins(town: Town, data: Path) -> None:
    """Nothing to compare with, and nothing to lose."""
    town.start()
    settle.settle_due()
    assert not SyncPause.objects.exists()


def test_valkey_away_is_no_restore(town: Town, data: Path, settings: Any) -> None:
    """Where it cannot be asked, the file alone says; without a file, nothing is concluded."""
    town.start()
    town.active("kiri")
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    settle.settle_due()
    (data / marks.FILE).unlink()
    settle.settle_due()
    assert not SyncPause.objects.exists()
    town.approved("lin")
    settled()
    assert town.stands("lin") == "accepted"


def test_a_folder_of_another_installation_says_nothing(town: Town, data: Path) -> None:
    """Its mark is that of another database."""
    (data / marks.FILE).write_text("00000000-0000-0000-0000-000000000000 00000000000000000099\n")
    town.start()
    town.active("kiri")
    assert not SyncPause.objects.exists()
    assert str(SyncMark.objects.current().installation) in (data / marks.FILE).read_text()


def test_a_file_that_is_none_says_nothing(town: Town, data: Path) -> None:
    """Valkey still does."""
    town.start()
    town.active("kiri")
    for text in ("", "x", "a b c", "\xff"):
        (data / marks.FILE).write_text(text, encoding="latin-1")
        settle.settle_due()
    assert not SyncPause.objects.exists()


def test_a_folder_that_nobody_may_write_to_is_done_without(town: Town, settings: Any) -> None:
    """The mark in Valkey is enough."""
    settings.GATEKEEPER_DATA = Path("/proc/nothing-here")
    town.start()
    town.active("kiri")
    assert not SyncPause.objects.exists()


def test_a_database_that_falls_back_under_a_worker_is_noticed_before_the_next_call(town: Town, data: Path) -> None:
    """Restored between the beginning of a sweep and the call: the worker stops there."""
    town.start()
    town.active("kiri")
    restore(0)
    for _call in range(2):
        with pytest.raises(HubError, match="later: paused"):
            marks.count(town.repository)
    assert SyncPause.objects.get().after_restore


def test_a_claim_from_before_the_pause_is_not_told(town: Town) -> None:
    """Paused between taking it up and the call: it is due again, and nobody has heard of it."""
    town.start()
    town.approved("kiri")
    claim = claims.take(town.repository.pk, removing=False)
    sync.pause(town.repository, by=town.owner, words=WORDS)
    settle.perform(claim)
    assert town.stands("kiri") == "pending"
    row = town.row("kiri")
    assert (row.lease, row.applied_at, row.parked_reason) == ("", None, "")
    assert row.due_at is not None


def test_a_reading_from_before_is_not_taken_up(town: Town, data: Path) -> None:
    """Where an earlier database had come to in the lists says nothing about this one."""
    town.start()
    cache.set(marks.place_of(town.repository.pk), "somewhere", 60)
    marks.pause_after_restore(by=Viewer.system("hub"))
    assert cache.get(marks.place_of(town.repository.pk)) is None


def test_what_was_settled_before_the_backup_is_drift_and_not_told_over(town: Town, data: Path) -> None:
    """Rejected on the Hub since, and first only not found: whatever is read of it meanwhile, somebody decides."""
    town.start()
    town.active("kiri")
    held = marks.pause_after_restore(by=Viewer.system("hub"))
    town.hub.set_status(town.name, "kiri", "rejected", by="amara")
    town.observe()
    Repository.objects.update(read_in_full_at=None)
    town.observe()
    assert town.row("kiri").seen == "rejected"
    diff = what_waits(held)
    assert (diff.accepted, diff.unread) == (0, ())
    sync.resume(None, by=Viewer.system("hub"), confirm=diff.digest)
    settled()
    town.observe()
    assert town.stands("kiri") == "rejected"
    assert diff_of(None).drift == 1
    assert Drift.objects.get().kind == "missing_access"


def test_a_restored_database_proposes_where_it_would_enforce(town: Town, data: Path) -> None:
    """Somebody let in since the backup stays in, until a person has looked."""
    town.start()
    Repository.objects.update(enforced_since=timezone.now())
    marks.pause_after_restore(by=Viewer.system("hub"))
    town.accepted_there("lin")
    town.observe()
    assert Drift.objects.get().status == "open"
    assert diff_of(None).removed == 0


# From a shell


def test_the_shell_pauses_says_so_and_lets_go_on(town: Town) -> None:
    """With words, and in the name of whoever is named."""
    town.start()
    town.approved("kiri")
    with pytest.raises(CommandError, match="Say why"):
        hub_command("pause", town.name)
    with pytest.raises(CommandError, match="no account"):
        hub_command("pause", town.name, "--why", WORDS, "--by", "nobody-here")
    with pytest.raises(CommandError, match="Your role"):
        hub_command("pause", town.name, "--why", WORDS, "--by", "chidi")
    with pytest.raises(CommandError, match="not linked"):
        hub_command("pause", "nobody/nothing")
    assert "Removals wait too" in hub_command("pause", town.name, "--why", WORDS, "--by", "amara")
    assert SyncPause.objects.get().paused_by.username == "amara"
    said = hub_command("status")
    assert f"PAUSED (by_hand) {WORDS}" in said
    assert "due 1, told 0" in said
    assert "Workers: never seen (MISSING)" in said
    found = json.loads(hub_command("status", town.name, "--json"))
    assert found["repositories"][0]["paused"] == ["by_hand"]
    hub_command("pause", "--why", WORDS)
    assert "PAUSED everywhere" in hub_command("status")
    assert f"Still paused by itself: {town.name} (by_hand)." in hub_command("resume")
    hub_command("resume", town.name)
    assert not SyncPause.objects.open().exists()


def test_the_shell_shows_who_would_be_accepted_again(town: Town, data: Path) -> None:
    """The reason for all of it: a backup older than a removal. A digest of something else is refused."""
    town.start()
    town.approved("kiri")
    assert "name its digest" in hub_command("pause", "--after-restore")
    town.hub.set_status(town.name, "kiri", "rejected", by="amara")
    said = hub_command("diff")
    assert "1 would be accepted." in said
    assert f"kiri at {town.name}" in said
    with pytest.raises(CommandError, match="Look at what would be told"):
        hub_command("resume")
    stale = said.split("Digest: ")[1].split()[0]
    grants.revoke(town.grant("kiri"), by=town.owner, codes=["PRIOR_BREACH"], words="No.")
    with pytest.raises(CommandError, match="has changed since"):
        hub_command("resume", "--confirm", stale)
    found = json.loads(hub_command("diff", "--json"))
    assert found["accepted"] == 0
    hub_command("resume", "--confirm", found["digest"])
    settled()
    assert town.stands("kiri") == "rejected"


def test_the_shell_says_what_cannot_be_read(town: Town, data: Path) -> None:
    """And that it stays paused."""
    town.start()
    hub_command("pause", "--after-restore")
    town.hub.revoke_token("hf_amara_writes")
    said = hub_command("diff")
    assert f"{town.name}: cannot be read: token_refused" in said
    assert f"Not read: {town.name} token_refused" in said
    digest = said.split("Digest: ")[1].split()[0]
    assert f"Still paused by itself: {town.name} (restore)." in hub_command("resume", "--confirm", digest)
    assert "Not read" in hub_command("diff", town.name, "--no-read")


def test_the_shell_tries_again_what_was_parked(town: Town) -> None:
    """All of it, or what was parked for one reason."""
    town.start()
    town.approved("kiri")
    HubAccess.objects.update(parked_reason="person_gone")
    assert hub_command("redrive", "--reason", "identity_unproven") == "0 parked rows are tried again.\n"
    assert hub_command("redrive", "--reason", "person_gone") == "1 parked rows are tried again.\n"
    HubAccess.objects.update(parked_reason="person_gone")
    assert hub_command("redrive", town.name) == "1 parked rows are tried again.\n"


def test_a_diff_without_a_pause_says_what_the_next_sweep_tells(town: Town) -> None:
    """Nothing is held back, and nothing has to be confirmed."""
    town.start()
    town.approved("kiri")
    assert "1 would be accepted." in hub_command("diff", "--no-read")
    assert Grant.objects.get().status == "pending_activation"
    assert Repository.objects.get().observed_at is not None
    assert timezone.now() >= Repository.objects.get().observed_at  # type: ignore[operator]  # it was read
    assert not SyncPause.objects.exists()
    assert factories.fresh(town.repository).failure == ""
