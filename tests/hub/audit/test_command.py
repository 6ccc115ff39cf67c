"""`manage.py hub audit` as a process of its own: no database, no Redis, a token that nobody sees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from gatekeeper.hub.sandbox.control import SandboxControl

from .conftest import TOKEN

PROJECT = Path(__file__).resolve().parents[3]
Running = Callable[..., str]


def test_it_needs_nothing_but_a_token(lab: SandboxControl, tmp_path: Path) -> None:
    """A clean environment: no database, no Redis, no keys, and nothing left behind but a page and its JSON."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "HUB_ENDPOINT": lab.url}
    environment["GATEKEEPER_DATA"] = str(tmp_path / "data")
    (tmp_path / "out").mkdir()
    done = subprocess.run(
        [sys.executable, "manage.py", "hub", "audit", "aurora-lab", "--to", tmp_path / "out", "--token-file", "-"],
        cwd=PROJECT, env=environment, input=f"{TOKEN}\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Accepted: 4. Waiting: 2. Findings: 2 high" in done.stdout
    assert "(1 of 1) model aurora-lab/xl" in done.stderr
    assert TOKEN not in done.stdout + done.stderr
    assert not (tmp_path / "data").exists()
    files = sorted((tmp_path / "out").iterdir())
    assert [file.suffix for file in files] == [".html", ".json"]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
    assert json.loads(files[1].read_text())["namespace"] == "aurora-lab"
    assert TOKEN not in files[0].read_text() + files[1].read_text()


def test_a_bad_token_ends_it_with_a_sentence(lab: SandboxControl, tmp_path: Path) -> None:
    """And with the code 1."""
    environment = {"PATH": os.environ["PATH"], "HUB_ENDPOINT": lab.url, "GATEKEEPER_HUB_TOKEN": "hf_unknown"}
    done = subprocess.run(
        [sys.executable, "manage.py", "hub", "audit", "aurora-lab", "--to", tmp_path],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "CommandError: The Hub does not know this token any more. Make a new one, and try again.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def running(lab: SandboxControl, tmp_path: Path) -> Running:
    """Run the command here and return what it said; it writes into a folder of its own."""

    def run(*words: str, name: str = "aurora-lab") -> str:
        out = StringIO()
        call_command("hub", "audit", name, "--to", str(tmp_path), *words, stdout=out, stderr=StringIO())
        return out.getvalue()

    return run


def test_the_token_comes_from_a_file_or_the_environment(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never from the command line, which others can read and a shell keeps."""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert "Accepted: 4" in running("--token-file", str(file))
    monkeypatch.setenv("GATEKEEPER_HUB_TOKEN_FILE", str(file))
    assert "names nobody" in running("--without-people", "--language", "fr")
    [french] = [page.read_text() for page in tmp_path.glob("*.html") if 'lang="fr"' in page.read_text()]
    assert "ha-nguyen" not in french


@pytest.mark.parametrize("words", [(), ("--token-file", "/nowhere/token")])
def test_without_a_token_it_says_how_to_give_one(
    running: Running, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Nobody sits at a pipe to be asked."""
    monkeypatch.delenv("GATEKEEPER_HUB_TOKEN", raising=False)
    monkeypatch.setattr("sys.stdin", StringIO(""))
    with pytest.raises(CommandError, match=r"No token|cannot be read"):
        running(*words)


@pytest.mark.parametrize("name", ["aurora-lab/xl", "../etc", "nobody-at-all"])
def test_an_impossible_namespace_is_refused(running: Running, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """With a sentence that says which."""
    monkeypatch.setenv("GATEKEEPER_HUB_TOKEN", TOKEN)
    with pytest.raises(CommandError, match=r"without a slash|nobody-at-all: The Hub has nobody"):
        running(name=name)


def test_it_takes_the_place_of_nothing(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two audits of the same second are four files."""
    monkeypatch.setenv("GATEKEEPER_HUB_TOKEN", TOKEN)
    for _time in range(3):
        running()
    assert len(list(tmp_path.iterdir())) == 6
    with pytest.raises(CommandError, match="is no folder"):
        running("--to", str(tmp_path / "none"))
