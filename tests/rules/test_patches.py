"""Differences as git writes them, read and taken back; held against git's own where that is there."""

from __future__ import annotations

import difflib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.rules.patches import Unreadable, before, read

OLD = "---\nlicense: mit\ntags:\n- a\n---\n# Card\n"
NEW = "---\nlicense: other\ntags:\n- a\nextra_gated_prompt: Hi\n---\n# Card\n"


def git(folder: Path, old: dict[str, str], new: dict[str, str]) -> str:
    """What git says of the difference."""

    def run(*words: str) -> str:
        command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "core.autocrlf=false", *words]
        return subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout.decode()

    run("init", "-q")
    for files in (old, new):
        for name in old:
            (folder / name).unlink(missing_ok=True)
        for name, text in files.items():
            (folder / name).write_bytes(text.encode())
        run("add", "-A")
        run("commit", "-q", "--allow-empty", "-m", "x")
    return run("diff", "HEAD~1", "HEAD")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OLD, NEW),
        (OLD, OLD.rstrip("\n")),
        (OLD.rstrip("\n"), OLD),
        ("a", "b"),
        ("", "a\n"),
        ("a\n", ""),
        ("\n" * 30 + "x", "\n" * 30 + "y\n"),
        ("".join(f"{n}\n" for n in range(90)), "".join(f"{n}\n" for n in range(90) if n % 30)),
        ("-- a/LICENSE\n+++ b/x\n@@ -1 +1 @@\n", "++ b/LICENSE\n-- a\n"),
        ("a\r\nb\u2028c\x0c\n", "a\r\nb\u2028d\x0c\n"),
    ],
)
def test_it_takes_back_what_git_says(old: str, new: str, tmp_path: Path) -> None:
    """With and without an end of the last line, in several places, with lines that look like headers."""
    patches = read(git(tmp_path, {"README.md": old, "other": "1\n"}, {"README.md": new, "other": "2\n"}))
    assert set(patches) == {"README.md", "other"}
    assert before(new, patches["README.md"]) == old
    assert before("2\n", patches["other"]) == "1\n"


def test_it_names_what_is_made_deleted_and_moved(tmp_path: Path) -> None:
    old = {"LICENSE": "x" * 90 + "\n", "gone": "x\n", "README.md": OLD}
    patches = read(git(tmp_path, old, {"TERMS": "x" * 90 + "\n", "made": "y\n", "README.md": OLD}))
    assert {"gone", "made"} <= set(patches)
    assert "README.md" not in patches
    assert {"LICENSE", "TERMS"} <= set(patches)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(["a\n", "b\n", "-- a/x\n", "\n", " c\n"])), st.lists(st.sampled_from(["a\n", "b\n", "\n"]))
)
def test_it_takes_back_any_difference(old: list[str], new: list[str]) -> None:
    lines = difflib.unified_diff(old, new, "a/README.md", "b/README.md")
    diff = "diff --git a/README.md b/README.md\n" + "".join(lines)
    assert before("".join(new), read(diff)["README.md"]) == "".join(old)


@pytest.mark.parametrize(
    "diff",
    [
        "surprise",
        "diff --git a/x b/x\n@@ -1,9 +1,9 @@\n a\n",
        "diff --git a/x b/x\n@@ -1 +1 @@\n?a\n",
        "diff --git a/x b/x\n@@ -1,2 +1,1 @@\n+a\n+b\n+c",
    ],
)
def test_what_is_no_difference_is_refused(diff: str) -> None:
    with pytest.raises(Unreadable):
        read(diff)


@pytest.mark.parametrize("after", ["", "other\n", NEW + "more\n" * 3 + "", "x" + NEW])
def test_one_that_does_not_fit_is_refused(after: str, tmp_path: Path) -> None:
    """Unless it fits where it says it does."""
    patch = read(git(tmp_path, {"README.md": OLD}, {"README.md": NEW}))["README.md"]
    if after.startswith(NEW):
        assert before(after, patch) == OLD + "more\n" * 3
        return
    with pytest.raises(Unreadable):
        before(after, patch)


def test_a_file_whose_name_git_quotes_is_told_apart(tmp_path: Path) -> None:
    """What changed there is not taken for a change of the file before it."""
    old, new = {"README.md": OLD, "zoë": "1\n"}, {"README.md": NEW, "zoë": "2\n"}
    patches = read(git(tmp_path, old, new))
    assert set(patches) == {"README.md"}
    assert before(NEW, patches["README.md"]) == OLD


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    try:
        read("diff --git a/x b/x\n" + text)
    except Unreadable:
        return
