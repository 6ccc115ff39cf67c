"""The commands `lifecycle` and `audit`: what they write, and that they fail when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.viewer import Viewer
from gatekeeper.models import Checkpoint, Event, Stage
from gatekeeper.rules.lifecycle import picture
from tests import factories

Running = Callable[..., str]


@pytest.fixture
def running() -> Running:
    """Run a command and return what it wrote, on both streams."""

    def run(*words: Any) -> str:
        out = StringIO()
        call_command(*map(str, words), stdout=out, stderr=out)
        return out.getvalue()

    return run


# lifecycle


@pytest.fixture
def readme(tmp_path: Path) -> Path:
    """A file with the two marks."""
    file = tmp_path / "README.md"
    file.write_text("Before\n<!-- lifecycle:begin -->\nold\n<!-- lifecycle:end -->\nafter\n")
    return file


def test_it_draws_the_tables_between_the_marks(running: Running, readme: Path) -> None:
    """What stands around them stays; drawing twice changes nothing."""
    running("lifecycle", "--write", readme)
    drawn = readme.read_text()
    assert drawn.startswith("Before\n<!-- lifecycle:begin -->\n\n```mermaid\n")
    assert drawn.endswith("```\n\n<!-- lifecycle:end -->\nafter\n")
    assert picture() in drawn
    running("lifecycle", "--write", readme)
    assert readme.read_text() == drawn
    assert running("lifecycle", "--check", readme) == ""


def test_it_finds_a_picture_that_is_not_the_tables(running: Running, readme: Path) -> None:
    """And says which command mends it; the file is left as it is."""
    before = readme.read_text()
    with pytest.raises(CommandError, match="lifecycle --write"):
        running("lifecycle", "--check", readme)
    assert readme.read_text() == before


@pytest.mark.parametrize("text", ["", "<!-- lifecycle:begin -->", "<!-- lifecycle:end --><!-- lifecycle:begin -->"])
def test_it_refuses_a_file_without_marks(running: Running, tmp_path: Path, text: str) -> None:
    """Rather than appending somewhere."""
    file = tmp_path / "README.md"
    file.write_text(text)
    with pytest.raises(CommandError, match="has no line"):
        running("lifecycle", "--write", file)
    with pytest.raises(CommandError, match="cannot be read"):
        running("lifecycle", "--check", tmp_path / "none.md")


def test_it_prints_the_picture(running: Running) -> None:
    """Without a file."""
    assert running("lifecycle").strip() == picture()


# audit


@pytest.fixture
def sealed(running: Running, stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """A record with two checkpoints and events that are not sealed yet."""
    case = factories.submitted(stage, ha)
    running("audit", "seal")
    factories.reviews.take(case, by=chidi)
    running("audit", "seal")
    factories.reviews.put_back(case, by=chidi)


def tamper(statement: str) -> None:
    """Change what the database's triggers would not let anybody change."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("SET session_replication_role = origin")


def test_it_seals_what_is_there(running: Running, stage: Stage) -> None:
    """Once."""
    assert running("audit", "seal") == "Sealed: 1 new checkpoints.\n"
    assert running("audit", "seal") == "Sealed: 0 new checkpoints.\n"
    assert not Event.objects.unsealed().exists()


def test_it_finds_the_record_as_it_was_written(running: Running, sealed: None) -> None:
    """Invariant 25."""
    said = running("audit", "verify")
    assert said.startswith("The record is as it was written: 2 checkpoints, ")
    assert said.endswith(" 1 not sealed yet.\n")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE gatekeeper_event SET action = 'request.withdraw' WHERE action = 'request.submit'", "is not as it was"),
        ("UPDATE gatekeeper_event SET data = '{}' WHERE action = 'request.submit'", "is not as it was"),
        ("DELETE FROM gatekeeper_event WHERE action = 'request.submit'", "does not seal the events"),
        ("UPDATE gatekeeper_checkpoint SET signature = 'AAAA'", "is not signed"),
    ],
)
def test_it_finds_a_change(running: Running, sealed: None, change: str, fault: str) -> None:
    """It says what is wrong and exits with an error: invariant 25."""
    tamper(change)
    out = StringIO()
    with pytest.raises(CommandError, match="not as it was written"):
        call_command("audit", "verify", stdout=out, stderr=out)
    assert fault in out.getvalue()


def test_it_finds_a_removal_against_checkpoints_kept_elsewhere(running: Running, sealed: None, tmp_path: Path) -> None:
    """A record that was cut short verifies by itself, and not against what was kept: invariant 25."""
    kept = tmp_path / "checkpoints.jsonl"
    kept.write_text(running("audit", "export-checkpoints") + "\n")
    running("audit", "verify", "--checkpoints", kept)
    last = Checkpoint.objects.latest("pk").pk
    tamper(f"DELETE FROM gatekeeper_event WHERE checkpoint_id = {last} OR checkpoint_id IS NULL")
    tamper(f"DELETE FROM gatekeeper_checkpoint WHERE id = {last}")
    running("audit", "verify")
    with pytest.raises(CommandError):
        running("audit", "verify", "--checkpoints", kept)


def test_the_checkpoints_are_lines_of_json(running: Running, sealed: None) -> None:
    """With all that a comparison needs."""
    first, second = map(json.loads, running("audit", "export-checkpoints").splitlines())
    assert {"id", "previous_id", "digest", "events", "last_event", "signature", "key_id", "sealed_at"} == set(first)
    assert second["previous_id"] == first["id"]


@pytest.mark.parametrize(
    "line", ["{", "[]", "7", '{"id": 1}', '{"id": "1", "digest": "", "events": 1, "signature": ""}']
)
def test_it_refuses_a_file_of_something_else(running: Running, sealed: None, tmp_path: Path, line: str) -> None:
    """A file that cannot be compared is no proof of anything."""
    kept = tmp_path / "checkpoints.jsonl"
    kept.write_text(f"{line}\n")
    with pytest.raises(CommandError, match="line 1: this is not a checkpoint"):
        running("audit", "verify", "--checkpoints", kept)
    with pytest.raises(CommandError, match="cannot be read"):
        running("audit", "verify", "--checkpoints", tmp_path / "none.jsonl")


def test_it_knows_earlier_keys(running: Running, sealed: None, tmp_path: Path, settings: Any) -> None:
    """After the signing key was replaced, old checkpoints verify with its public half, as it was written out before."""
    pem = tmp_path / "earlier.pem"
    pem.write_text(running("audit", "public-key"))
    settings.GATEKEEPER_SIGNING_KEY = (
        Ed25519PrivateKey.generate()
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )
    with pytest.raises(CommandError):
        running("audit", "verify")
    running("audit", "verify", "--earlier-key", pem)
    pem.write_text("no key")
    with pytest.raises(CommandError, match="holds no Ed25519 public key"):
        running("audit", "verify", "--earlier-key", pem)
