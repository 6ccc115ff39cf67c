"""Pull requests: a discussion with commits of its own, their difference to where they began, and merging them.

Their commits stand in the table of revisions under the negative number of the discussion, so that no history of main
holds them.
"""

from __future__ import annotations

import difflib
import sqlite3

from gatekeeper.hub.sandbox import files
from gatekeeper.hub.sandbox.store import Store

SQL = "SELECT pull.*, num, status, author FROM pull JOIN discussion ON discussion.id=pull.discussion"


def of(store: Store, discussion: int) -> sqlite3.Row | None:
    """The pull request that a discussion is, or None."""
    return store.one(f"{SQL} WHERE discussion.id=?", discussion)


def named(store: Store, repo: sqlite3.Row, ref: str) -> sqlite3.Row | None:
    """The pull request behind `refs/pr/1`, or None."""
    number = ref.removeprefix("refs/pr/")
    return store.one(f"{SQL} WHERE repo=? AND num=?", repo["id"], number) if number != ref else None


def begin(store: Store, repo: sqlite3.Row, discussion: int) -> None:
    """Make a discussion a pull request without commits, from the newest revision."""
    head = files.head_of(store, repo)["id"]
    store.run("INSERT INTO pull(discussion, base, head) VALUES(?,?,?)", discussion, head, head)


def revision(store: Store, number: int) -> sqlite3.Row:
    row = store.one("SELECT * FROM revision WHERE id=?", number)
    assert row is not None  # revisions go with their repository only
    return row


def head_of(store: Store, pull: sqlite3.Row) -> sqlite3.Row:
    return revision(store, pull["head"])


def commit(
    store: Store,
    pull: sqlite3.Row,
    author: str,
    title: str,
    message: str,
    added: dict[str, bytes],
    removed: set[str],
) -> str:
    """Commit onto a pull request. Gives the commit id."""
    head = of(store, pull["discussion"])
    assert head is not None  # the caller found it
    number, sha = files.revise(store, -pull["discussion"], head["head"], author, title, message, added, removed)
    store.run("UPDATE pull SET head=? WHERE discussion=?", number, pull["discussion"])
    return sha


def contents(store: Store, number: int) -> dict[str, str]:
    return {file["path"]: file["oid"] for file in store.all("SELECT path, oid FROM file WHERE revision=?", number)}


def changed(store: Store, pull: sqlite3.Row) -> dict[str, tuple[str | None, str | None]]:
    """What it changes: each path with the file's id before and after, None for no file."""
    before, after = contents(store, pull["base"]), contents(store, pull["head"])
    return {
        path: (before.get(path), after.get(path))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    }


def diff(store: Store, pull: sqlite3.Row) -> str:
    """What it changes, as git says it."""
    pieces = []
    for path, (before, after) in changed(store, pull).items():
        pieces.append(f"diff --git a/{path} b/{path}\n")
        if before is None:
            pieces.append("new file mode 100644\n")
        if after is None:
            pieces.append("deleted file mode 100644\n")
        pieces.append(f"index {(before or '0' * 7)[:7]}..{(after or '0' * 7)[:7]} 100644\n")
        if path.endswith(files.LARGE):
            pieces.append(f"Binary files a/{path} and b/{path} differ\n")
            continue
        old, new = (lines(files.content_of(store, oid)) if oid else [] for oid in (before, after))
        names = (f"a/{path}" if before else "/dev/null", f"b/{path}" if after else "/dev/null")
        for line in difflib.unified_diff(old, new, *names):
            pieces.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(pieces)


def lines(content: bytes) -> list[str]:
    """The lines of a file as git tells them apart, each with its end."""
    text = content.decode(errors="replace")
    return [f"{line}\n" for line in text.split("\n")[:-1]] + (
        [text.rpartition("\n")[2]] if text[-1:] not in ("", "\n") else []
    )


def conflicts(store: Store, repo: sqlite3.Row, pull: sqlite3.Row) -> list[str]:
    """The files that both sides changed since it began."""
    base, now = contents(store, pull["base"]), contents(store, repo["head"])
    return [path for path in changed(store, pull) if base.get(path) != now.get(path)]


def merge(store: Store, repo: sqlite3.Row, pull: sqlite3.Row, by: str, title: str) -> str:
    """Bring its changes onto main. Gives the commit id. For one without conflicts."""
    what = changed(store, pull)
    added = {path: files.content_of(store, after) for path, (_before, after) in what.items() if after}
    removed = {path for path, (_before, after) in what.items() if after is None}
    sha = files.commit(store, repo["id"], by, title, "", added, removed)
    store.run("UPDATE pull SET merged=? WHERE discussion=?", sha, pull["discussion"])
    return sha
