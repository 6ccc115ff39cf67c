"""Files of a repository: revisions, the card, what is served of a file, and commits as the client makes them."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gatekeeper.hub.sandbox.store import Store, stamp
from gatekeeper.hub.sandbox.wire import Refusal

# Kept by the Hub as pointers; their hashes are masked for whoever may not read them.
LARGE = (".safetensors", ".bin", ".gguf", ".parquet", ".pt", ".onnx", ".zip")


def oid_of(content: bytes) -> str:
    """The git object id of a file, which the client compares with its own."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def head_of(store: Store, repo: sqlite3.Row) -> sqlite3.Row:
    row = store.one("SELECT * FROM revision WHERE id=(SELECT head FROM repo WHERE id=?)", repo["id"])
    assert row is not None  # every repository is made with a revision
    return row


def revision_of(store: Store, repo: sqlite3.Row, name: str) -> sqlite3.Row:
    """The revision of a branch, a pull request (`refs/pr/1`) or a commit id (whole, or its first 7 digits or more).

    Raises Refusal 404.
    """
    if name in {"main", "refs/heads/main", "HEAD"}:
        return head_of(store, repo)
    row = None
    if name.startswith("refs/pr/"):
        row = store.one(
            "SELECT revision.* FROM revision JOIN pull ON pull.head=revision.id"
            " JOIN discussion ON discussion.id=pull.discussion WHERE discussion.repo=? AND num=?",
            repo["id"], name.removeprefix("refs/pr/"),
        )  # fmt: skip
    if len(name) >= 7 and set(name) <= set("0123456789abcdef"):
        row = store.one(
            "SELECT * FROM revision WHERE sha >= ? AND sha < ?"
            " AND (repo=? OR -repo IN (SELECT id FROM discussion WHERE repo=?))",
            name, name + "g", repo["id"], repo["id"],
        )  # fmt: skip
    if row is None:
        raise Refusal(404, f"Invalid rev id: {name}", "RevisionNotFound")
    return row


def tree_of(store: Store, revision: sqlite3.Row) -> list[sqlite3.Row]:
    return store.all("SELECT path, oid, size FROM file WHERE revision=? ORDER BY path", revision["id"])


def last_commit(store: Store, revision: sqlite3.Row, path: str) -> sqlite3.Row:
    """The newest revision up to this one in which a file, or a file of a folder, became what it is there."""
    # ?1 the repository, ?2 the revision, ?3 the path, ?4 and ?5 what stands inside it as a folder
    row = store.one(
        "SELECT * FROM revision WHERE id=(SELECT max("
        " (SELECT min(r.id) FROM revision r WHERE r.repo=?1 AND r.id<=?2 AND r.id>coalesce("
        "  (SELECT max(o.id) FROM revision o LEFT JOIN file g ON g.revision=o.id AND g.path=f.path"
        "   WHERE o.repo=?1 AND o.id<=?2 AND g.oid IS NOT f.oid), 0)))"
        " FROM file f WHERE f.revision=?2 AND (f.path=?3 OR (f.path>?4 AND f.path<?5)))",
        revision["repo"], revision["id"], path, f"{path}/", f"{path}0",
    )  # fmt: skip
    return row or revision


def content_of(store: Store, oid: str) -> bytes:
    row = store.one("SELECT content FROM blob WHERE oid=?", oid)
    return bytes(row["content"]) if row else b""


def read_file(store: Store, repo: sqlite3.Row, path: str) -> bytes | None:
    """A file of the newest revision, or None."""
    row = store.one(
        "SELECT oid FROM file WHERE revision=(SELECT head FROM repo WHERE id=?) AND path=?", repo["id"], path
    )
    return content_of(store, row["oid"]) if row else None


def front_matter(text: str) -> str | None:
    """The YAML between the first two `---` lines of a card, or None."""
    lines = text.lstrip("\ufeff").splitlines(keepends=True)
    if not lines or lines[0].strip() != "---":
        return None
    for number, line in enumerate(lines[1:], 1):
        if line.strip() == "---":
            return "".join(lines[1:number])
    return None


@lru_cache(maxsize=512)
def read_card(text: str) -> dict[str, Any] | None:
    """The metadata of a card as plain values; None without a readable mapping."""
    block = front_matter(text)
    if block is None:
        return None
    try:
        card = YAML(typ="safe", pure=True).load(block)
    except YAMLError:
        return None
    return card if isinstance(card, dict) else None


def card_data(store: Store, tree: list[sqlite3.Row]) -> dict[str, Any] | None:
    """The card of a revision's README."""
    for file in tree:
        if file["path"] == "README.md":
            return read_card(content_of(store, file["oid"]).decode(errors="replace"))
    return None


def commit(
    store: Store,
    repo: int,
    author: str,
    title: str,
    message: str,
    added: dict[str, bytes],
    removed: set[str],
    *,
    date: str | None = None,
) -> str:
    """Make a revision from the newest one, which it replaces. Gives the commit id."""
    row = store.one("SELECT head FROM repo WHERE id=?", repo)
    head = row["head"] if row is not None else None
    number, sha = revise(store, repo, head, author, title, message, added, removed, date=date)
    store.run("UPDATE repo SET head=?, modified_at=? WHERE id=?", number, stamp(), repo)
    return sha


def revise(
    store: Store,
    repo: int,
    parent: int | None,
    author: str,
    title: str,
    message: str,
    added: dict[str, bytes],
    removed: set[str],
    *,
    date: str | None = None,
) -> tuple[int, str]:
    """Make a revision on top of another one; a removed path ending in `/` is a folder. Gives its number and commit id.

    Raises Refusal 404 for a removed file that is not there.
    """
    files = {}
    if parent is not None:
        files = {
            file["path"]: (file["oid"], file["size"])
            for file in store.all("SELECT path, oid, size FROM file WHERE revision=?", parent)
        }
    for path in removed:
        gone = [name for name in files if name == path or (path.endswith("/") and name.startswith(path))]
        if not gone:
            raise Refusal(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")
        for name in gone:
            del files[name]
    for path, content in added.items():
        oid = oid_of(content)
        store.run("INSERT OR IGNORE INTO blob VALUES(?,?)", oid, content)
        files[path] = (oid, len(content))
    sha = secrets.token_hex(20)
    number = store.run(
        "INSERT INTO revision(repo, sha, title, message, author, date) VALUES(?,?,?,?,?,?)",
        repo, sha, title, message, author, date or stamp(),
    )  # fmt: skip
    store.db.executemany(
        "INSERT INTO file VALUES(?,?,?,?)", [(number, path, oid, size) for path, (oid, size) in files.items()]
    )
    return number, sha


def entry(file: sqlite3.Row, *, open_: bool, store: Store) -> dict[str, Any]:
    """A file as the tree shows it; hashes of large files are masked where the gate is closed (observed)."""
    shown: dict[str, Any] = {"type": "file", "oid": file["oid"], "size": file["size"], "path": file["path"]}
    if file["path"].endswith(LARGE):
        digest = hashlib.sha256(content_of(store, file["oid"])).hexdigest() if open_ else "*" * 64
        shown["lfs"] = {"oid": digest, "size": file["size"], "pointerSize": 134}
    return shown
