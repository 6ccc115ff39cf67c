"""Discussions and pull requests: public also where a repository's files are gated, so nobody's request belongs there.

They share one row of numbers.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import Any

from gatekeeper.hub.sandbox import files, pulls
from gatekeeper.hub.sandbox.people import avatar
from gatekeeper.hub.sandbox.repos import NOT_PERMITTED, may_write, owned_repo, page_of, repo_id, repo_of
from gatekeeper.hub.sandbox.store import Store, new_id, stamp
from gatekeeper.hub.sandbox.wire import Answer, Call, Refusal, as_json, route

PAGE_LENGTH = 50
SQL = (
    "SELECT d.*, p.name AS author_name, p.hub_id AS author_id, pull.discussion AS pull, pull.merged"
    " FROM discussion d LEFT JOIN person p ON p.id=d.author LEFT JOIN pull ON pull.discussion=d.id"
)
# What a filter by status shows: a draft is open, a merged one is closed.
STATUSES = {"open": ("open", "draft"), "closed": ("closed", "merged")}


def author(name: str | None) -> dict[str, Any]:
    """The author of something as the client reads it; nothing once the account is gone."""
    return {} if name is None else {"author": {"name": name, "type": "user", "avatarUrl": avatar(name)}}


def summary(row: sqlite3.Row, repo: sqlite3.Row) -> dict[str, Any]:
    return {
        "num": row["num"],
        "title": row["title"],
        "status": row["status"],
        "createdAt": row["created_at"],
        "isPullRequest": row["pull"] is not None,
        "repo": {"name": repo_id(repo), "type": repo["type"]},
        **author(row["author_name"]),
    }


def discussion_of(call: Call) -> tuple[sqlite3.Row, sqlite3.Row]:
    """The repository of a call and the discussion named in it; raises Refusal 404."""
    repo = repo_of(call)
    row = call.store.one(f"{SQL} WHERE d.repo=? AND d.num=?", repo["id"], int(call.args[3]))
    if row is None:
        raise Refusal(404, "Discussion not found")
    return repo, row


def tell(
    call: Call, repo: sqlite3.Row, number: int, scope: str, action: str, said: dict[str, Any] | None = None
) -> None:
    """Have webhooks told of a discussion, by its row, and of what was said in it."""
    row = call.store.one(f"{SQL} WHERE d.id=?", number)
    assert row is not None  # discussions go with their repository only
    place = f"{call.base}{page_of(repo)}/discussions/{row['num']}"
    author_of = {"author": {"id": row["author_id"]}}
    more: dict[str, Any] = {
        "discussion": {
            "id": hashlib.sha256(f"{repo['hub_id']}/{row['num']}".encode()).hexdigest()[:24],
            "title": row["title"],
            "url": {"web": place, "api": f"{call.base}/api/{repo['type']}s/{repo_id(repo)}/discussions/{row['num']}"},
            "status": row["status"],
            "num": row["num"],
            "isPullRequest": row["pull"] is not None,
            **author_of,
            **changes_of(row),
        }
    }
    if said is not None:
        more["comment"] = {
            "id": said["id"],
            "author": {"id": call.me().hub_id},
            "content": said["data"]["latest"]["raw"],
            "hidden": False,
            "url": {"web": f"{place}#{said['id']}"},
        }
    call.tell(scope, repo, action, **more)


def changes_of(row: sqlite3.Row) -> dict[str, Any]:
    """Where a pull request goes to; nothing of a discussion that is none."""
    if row["pull"] is None:
        return {}
    merged = {"mergeCommitId": row["merged"]} if row["merged"] else {}
    return {"changes": {"base": "refs/heads/main", **merged}}


def add_event(call: Call, discussion: int, kind: str, content: dict[str, Any]) -> dict[str, Any]:
    number = call.store.run(
        "INSERT INTO happening(hub_id, discussion, kind, author, created_at, content) VALUES(?,?,?,?,?,?)",
        new_id(), discussion, kind, call.me().id, stamp(), json.dumps(content),
    )  # fmt: skip
    return events(call.store, "h.id=?", number)[0]


def events(store: Store, where: str, value: int) -> list[dict[str, Any]]:
    rows = store.all(
        "SELECT h.*, p.name AS author_name FROM happening h LEFT JOIN person p ON p.id=h.author"  # noqa: S608  # fixed
        f" WHERE {where} ORDER BY h.id",
        value,
    )
    return [
        {
            "id": row["hub_id"],
            "type": row["kind"],
            "createdAt": row["created_at"],
            "data": json.loads(row["content"]),
            **author(row["author_name"]),
        }
        for row in rows
    ]


def words(text: str) -> dict[str, Any]:
    """A comment's content."""
    return {"edited": False, "hidden": False, "latest": {"raw": text}}


def comment_text(call: Call, key: str) -> str:
    text = str(call.json.get(key) or "").strip()
    if not text:
        raise Refusal(400, f"* Too small: expected string to have >=1 characters * at {key}")
    return text


@route("GET", "REPO/discussions")
def listing(call: Call) -> Answer:
    """Discussions, newest first, in numbered pages; `type`, `status` and `author` narrow them."""
    repo = repo_of(call)
    where, values = ["d.repo=?"], [repo["id"]]
    if call.first("status") in STATUSES:
        where.append("d.status IN (?,?)")
        values += STATUSES[call.first("status")]
    if call.first("author"):
        where.append("p.name=?")
        values.append(call.first("author"))
    kinds = {"pull_request": "pull.discussion IS NOT NULL", "discussion": "pull.discussion IS NULL"}
    if call.first("type") in kinds:
        where.append(kinds[call.first("type")])
    condition = " AND ".join(where)
    count = call.store.one(
        f"SELECT count(*) AS n FROM discussion d LEFT JOIN person p ON p.id=d.author"  # noqa: S608  # our own words
        f" LEFT JOIN pull ON pull.discussion=d.id WHERE {condition}",
        *values,
    )
    start = max(0, int(call.first("p", "0") or 0)) * PAGE_LENGTH
    rows = call.store.all(f"{SQL} WHERE {condition} ORDER BY d.num DESC LIMIT ? OFFSET ?", *values, PAGE_LENGTH, start)
    return as_json(
        {"discussions": [summary(row, repo) for row in rows], "count": count["n"] if count else 0, "start": start}
    )


@route("POST", "REPO/discussions")
def create(call: Call) -> Answer:
    """Open a discussion, or a pull request that has no commits yet and is a draft; anyone signed in may."""
    call.me()
    repo = repo_of(call)
    asked = bool(call.json.get("pullRequest"))
    num = begin(
        call, repo, str(call.json.get("title") or "").strip(), comment_text(call, "description"),
        pull_request="draft" if asked else None,
    )  # fmt: skip
    return as_json({"num": num, "url": f"{call.base}{page_of(repo)}/discussions/{num}", "pullRequest": asked})


def begin(call: Call, repo: sqlite3.Row, title: str, description: str, *, pull_request: str | None = None) -> int:
    """Open a discussion, or a pull request with that status; gives its number."""
    if not 3 <= len(title) <= 200:
        raise Refusal(400, "* Invalid string: expected 3 to 200 characters * at title")
    if json.loads(repo["settings"]).get("discussionsDisabled"):
        raise Refusal(403, "Discussions are disabled for this repo")
    last = call.store.one("SELECT coalesce(max(num), 0) AS num FROM discussion WHERE repo=?", repo["id"])
    num = int(last["num"] if last else 0) + 1
    discussion = call.store.run(
        "INSERT INTO discussion(repo, num, title, status, author, created_at) VALUES(?,?,?,?,?,?)",
        repo["id"], num, title, pull_request or "open", call.me().id, stamp(),
    )  # fmt: skip
    if pull_request:
        pulls.begin(call.store, repo, discussion)
    said = add_event(call, discussion, "comment", words(description))
    tell(call, repo, discussion, "discussion", "create", said)
    return num


@route("GET", "REPO/discussions/([0-9]+)")
def details(call: Call) -> Answer:
    """A discussion with what happened in it; of a pull request also where it goes, and with `diff` what it changes."""
    repo, row = discussion_of(call)
    shown = summary(row, repo) | {"events": events(call.store, "h.discussion=?", row["id"])} | changes_of(row)
    pull = pulls.of(call.store, row["id"])
    if pull is not None:
        shown["filesWithConflicts"] = pulls.conflicts(call.store, repo, pull) if row["merged"] is None else []
        if call.flag("diff"):
            shown["diff"] = pulls.diff(call.store, pull)
    return as_json(shown)


@route("POST", "REPO/discussions/([0-9]+)/comment")
def comment(call: Call) -> Answer:
    call.me()
    repo, row = discussion_of(call)
    said = add_event(call, row["id"], "comment", words(comment_text(call, "comment")))
    tell(call, repo, row["id"], "discussion.comment", "create", said)
    return as_json({"newMessage": said})


def mine(call: Call) -> tuple[sqlite3.Row, sqlite3.Row]:
    """The repository and the discussion of a call that only its author and the repository's writers may change."""
    me = call.me()
    repo, row = discussion_of(call)
    if row["author"] != me.id and not may_write(repo, me):
        raise Refusal(403, NOT_PERMITTED)
    return repo, row


@route("POST", "REPO/discussions/([0-9]+)/title")
def rename(call: Call) -> Answer:
    (repo, row), title = mine(call), comment_text(call, "title")
    call.store.run("UPDATE discussion SET title=? WHERE id=?", title, row["id"])
    tell(call, repo, row["id"], "discussion", "update")
    return as_json({"newTitle": add_event(call, row["id"], "title-change", {"from": row["title"], "to": title})})


@route("POST", "REPO/discussions/([0-9]+)/status")
def change_status(call: Call) -> Answer:
    (repo, row), status = mine(call), call.json.get("status")
    if status not in {"open", "closed"}:
        raise Refusal(400, '* Invalid option: expected one of "open"|"closed" * at status')
    if row["merged"]:
        raise Refusal(400, "This pull request is merged")
    if call.json.get("comment"):
        add_event(call, row["id"], "comment", words(str(call.json["comment"])))
    return as_json({"newStatus": set_status(call, repo, row, status)})


def set_status(call: Call, repo: sqlite3.Row, row: sqlite3.Row, status: str) -> dict[str, Any]:
    """Give a discussion a status and tell of it; gives what is to be shown of the change."""
    call.store.run("UPDATE discussion SET status=? WHERE id=?", status, row["id"])
    shown = add_event(call, row["id"], "status-change", {"status": status})
    tell(call, repo, row["id"], "discussion", "update")
    return shown


@route("POST", "REPO/discussions/([0-9]+)/merge")
def merge(call: Call) -> Answer:
    """Merge a pull request: its changes become a commit of main."""
    owned_repo(call, "repo.content.write")
    repo, row = discussion_of(call)
    pull = pulls.of(call.store, row["id"])
    if pull is None or row["status"] not in {"open", "draft"}:
        raise Refusal(400, "This cannot be merged")
    if pulls.conflicts(call.store, repo, pull):
        raise Refusal(409, "This pull request has conflicts")
    before = files.head_of(call.store, repo)["sha"]
    title = f"{row['title']} (#{row['num']})"
    sha = pulls.merge(call.store, repo, pull, call.me().name, title)
    set_status(call, repo, row, "merged")
    call.tell("repo.content", repo, updatedRefs=[{"ref": "refs/heads/main", "oldSha": before, "newSha": sha}])
    return as_json({"success": True})
