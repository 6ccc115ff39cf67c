"""Files over HTTP: what is served of them, the tree and the history."""

from __future__ import annotations

import sqlite3
from typing import Any
from urllib.parse import parse_qs

from gatekeeper.hub.sandbox import files
from gatekeeper.hub.sandbox.gate import why_closed
from gatekeeper.hub.sandbox.people import avatar
from gatekeeper.hub.sandbox.repos import repo_of
from gatekeeper.hub.sandbox.wire import Answer, Call, Refusal, as_json, route

# Served to anyone although the gate is closed, at the root only and spelt exactly so (observed behaviour of the Hub).
OPEN_FILES = {"README.md", "LICENSE", "LICENSE.md", "LICENSE.txt"}
TEXT = (".md", ".txt", ".json", ".yaml", ".yml", ".gitattributes", ".py", ".csv")


def serve(call: Call, *, open_files: set[str]) -> Answer:
    """A file of a revision. The gate is checked before it is looked whether revision and file exist (observed)."""
    repo = repo_of(call)
    revision_name, path = call.args[3], call.args[4]
    if path not in open_files and (refusal := why_closed(call.store, repo, call.viewer, call.base)):
        raise refusal
    revision = files.revision_of(call.store, repo, revision_name)
    file = call.store.one("SELECT * FROM file WHERE revision=? AND path=?", revision["id"], path)
    if file is None:
        raise Refusal(404, "Entry not found", "EntryNotFound")
    kind = "text/plain; charset=utf-8" if path.endswith(TEXT) or path in open_files else "application/octet-stream"
    headers = [
        ("ETag", f'"{file["oid"]}"'),
        ("X-Repo-Commit", revision["sha"]),
        ("Accept-Ranges", "none"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return Answer(200, files.content_of(call.store, file["oid"]), kind, headers)


@route("GET", "PAGE/resolve/([^/]+)/(.+)")
def resolve(call: Call) -> Answer:
    return serve(call, open_files=OPEN_FILES)


@route("GET", "PAGE/raw/([^/]+)/(.+)")
def raw(call: Call) -> Answer:
    return serve(call, open_files=set())


def is_open(call: Call, repo: sqlite3.Row) -> bool:
    return why_closed(call.store, repo, call.viewer, call.base) is None


@route("GET", "REPO/tree/([^/]+)(?:/(.+))?")
def tree(call: Call) -> Answer:
    """Paths and sizes, public also behind the gate; in pages of 1,000 by path, of 50 with the last commit of each."""
    repo = repo_of(call)
    revision = files.revision_of(call.store, repo, call.args[3])
    folder = call.args[4].strip("/")
    prefix = f"{folder}/" if folder else ""
    found = [file for file in files.tree_of(call.store, revision) if file["path"].startswith(prefix)]
    if folder and not found:
        raise Refusal(404, f'{folder} does not exist on "{call.args[3]}"', "EntryNotFound")
    open_ = is_open(call, repo)
    recursive = call.flag("recursive")
    shown: dict[str, dict[str, Any]] = {}
    for file in found:
        steps = file["path"].removeprefix(prefix).split("/")
        for depth in range(1, len(steps) if recursive else min(len(steps), 2)):
            path = prefix + "/".join(steps[:depth])
            shown.setdefault(path, {"type": "directory", "oid": files.oid_of(path.encode()), "size": 0, "path": path})
        if recursive or len(steps) == 1:
            shown[file["path"]] = files.entry(file, open_=open_, store=call.store)
    limit = 50 if call.flag("expand") else 1000
    after = call.first("cursor")
    rest = [shown[path] for path in sorted(shown) if path > after]
    more = call.next_link(cursor=rest[limit - 1]["path"]) if len(rest) > limit else []
    if call.flag("expand"):
        for entry in rest[:limit]:
            last = files.last_commit(call.store, revision, entry["path"])
            entry["lastCommit"] = {"id": last["sha"], "title": last["title"], "date": last["date"]}
    return as_json(rest[:limit], headers=more)


@route("POST", "REPO/paths-info/([^/]+)")
def paths_info(call: Call) -> Answer:
    repo = repo_of(call)
    revision = files.revision_of(call.store, repo, call.args[3])
    asked = call.json.get("paths", []) if call.sent_json else parse_qs(call.body.decode()).get("paths", [])
    open_ = is_open(call, repo)
    found = [file for file in files.tree_of(call.store, revision) if file["path"] in set(asked)]
    return as_json([files.entry(file, open_=open_, store=call.store) for file in found])


@route("GET", "REPO/commits/([^/]+)")
def commits(call: Call) -> Answer:
    """The history of a revision, newest first, in numbered pages (`p`, 50 a page, 1,000 at most: published API)."""
    repo = repo_of(call)
    newest = files.revision_of(call.store, repo, call.args[3])
    limit, page = whole(call, "limit", 50, least=1, most=1000), whole(call, "p", 0)
    rows = call.store.all(
        "SELECT * FROM revision WHERE repo=? AND id<=? ORDER BY id DESC LIMIT ? OFFSET ?",
        repo["id"], newest["id"], limit + 1, page * limit,
    )  # fmt: skip
    shown = [
        {
            "id": row["sha"],
            "title": row["title"],
            "message": row["message"],
            "authors": [{"user": row["author"], "avatar": avatar(row["author"])}],
            "date": row["date"],
        }
        for row in rows[:limit]
    ]
    more = call.next_link(p=page + 1) if len(rows) > limit else []
    return as_json(shown, headers=more)


def whole(call: Call, name: str, otherwise: int, *, least: int = 0, most: int | None = None) -> int:
    """A whole number of the query. Raises Refusal 400 for anything else, in the words of the Hub's other limits."""
    text = call.first(name, str(otherwise))
    if not text.isdigit():
        raise Refusal(400, f"* Invalid input: expected number, received NaN * at {name}")
    if int(text) < least:
        raise Refusal(400, f"* Too small: expected number to be >={least} * at {name}")
    if most is not None and int(text) > most:
        raise Refusal(400, f"* Too big: expected number to be <={most} * at {name}")
    return int(text)
