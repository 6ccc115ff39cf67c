"""Discussions of a repository: public also where its files are gated, so that nobody's request belongs into them."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from gatekeeper.hub.sandbox.people import avatar
from gatekeeper.hub.sandbox.repos import NOT_PERMITTED, may_write, repo_id, repo_of
from gatekeeper.hub.sandbox.store import Store, new_id, stamp
from gatekeeper.hub.sandbox.wire import Answer, Call, Refusal, as_json, route

PAGE_LENGTH = 50
SQL = "SELECT d.*, p.name AS author_name FROM discussion d LEFT JOIN person p ON p.id=d.author"


def author(name: str | None) -> dict[str, Any]:
    """The author of something as the client reads it; nothing once the account is gone."""
    return {} if name is None else {"author": {"name": name, "type": "user", "avatarUrl": avatar(name)}}


def summary(row: sqlite3.Row, repo: sqlite3.Row) -> dict[str, Any]:
    return {
        "num": row["num"],
        "title": row["title"],
        "status": row["status"],
        "createdAt": row["created_at"],
        "isPullRequest": False,
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
    """Discussions, newest first, in numbered pages; `status` and `author` narrow them."""
    repo = repo_of(call)
    where, values = ["d.repo=?"], [repo["id"]]
    if call.first("status") in {"open", "closed"}:
        where.append("d.status=?")
        values.append(call.first("status"))
    if call.first("author"):
        where.append("p.name=?")
        values.append(call.first("author"))
    if call.first("type") == "pull_request":
        where.append("0")
    condition = " AND ".join(where)
    count = call.store.one(
        f"SELECT count(*) AS n FROM discussion d LEFT JOIN person p ON p.id=d.author WHERE {condition}",  # noqa: S608  # our own words
        *values,
    )
    start = max(0, int(call.first("p", "0") or 0)) * PAGE_LENGTH
    rows = call.store.all(f"{SQL} WHERE {condition} ORDER BY d.num DESC LIMIT ? OFFSET ?", *values, PAGE_LENGTH, start)
    return as_json(
        {"discussions": [summary(row, repo) for row in rows], "count": count["n"] if count else 0, "start": start}
    )


@route("POST", "REPO/discussions")
def create(call: Call) -> Answer:
    """Open a discussion; anyone signed in may."""
    me = call.me()
    repo = repo_of(call)
    title = str(call.json.get("title") or "").strip()
    if not 3 <= len(title) <= 200:
        raise Refusal(400, "* Invalid string: expected 3 to 200 characters * at title")
    if call.json.get("pullRequest"):
        raise Refusal(400, "The sandbox has no pull requests")
    if json.loads(repo["settings"]).get("discussionsDisabled"):
        raise Refusal(403, "Discussions are disabled for this repo")
    last = call.store.one("SELECT coalesce(max(num), 0) AS num FROM discussion WHERE repo=?", repo["id"])
    num = (last["num"] if last else 0) + 1
    discussion = call.store.run(
        "INSERT INTO discussion(repo, num, title, status, author, created_at) VALUES(?,?,?,'open',?,?)",
        repo["id"], num, title, me.id, stamp(),
    )  # fmt: skip
    add_event(call, discussion, "comment", words(comment_text(call, "description")))
    return as_json({"num": num, "url": f"{call.base}/{repo_id(repo)}/discussions/{num}", "pullRequest": False})


@route("GET", "REPO/discussions/([0-9]+)")
def details(call: Call) -> Answer:
    repo, row = discussion_of(call)
    return as_json(summary(row, repo) | {"events": events(call.store, "h.discussion=?", row["id"])})


@route("POST", "REPO/discussions/([0-9]+)/comment")
def comment(call: Call) -> Answer:
    call.me()
    _, row = discussion_of(call)
    return as_json({"newMessage": add_event(call, row["id"], "comment", words(comment_text(call, "comment")))})


def mine(call: Call) -> sqlite3.Row:
    """The discussion of a call that only its author and the repository's writers may change."""
    me = call.me()
    repo, row = discussion_of(call)
    if row["author"] != me.id and not may_write(repo, me):
        raise Refusal(403, NOT_PERMITTED)
    return row


@route("POST", "REPO/discussions/([0-9]+)/title")
def rename(call: Call) -> Answer:
    row, title = mine(call), comment_text(call, "title")
    call.store.run("UPDATE discussion SET title=? WHERE id=?", title, row["id"])
    return as_json({"newTitle": add_event(call, row["id"], "title-change", {"from": row["title"], "to": title})})


@route("POST", "REPO/discussions/([0-9]+)/status")
def change_status(call: Call) -> Answer:
    row, status = mine(call), call.json.get("status")
    if status not in {"open", "closed"}:
        raise Refusal(400, '* Invalid option: expected one of "open"|"closed" * at status')
    call.store.run("UPDATE discussion SET status=? WHERE id=?", status, row["id"])
    if call.json.get("comment"):
        add_event(call, row["id"], "comment", words(str(call.json["comment"])))
    return as_json({"newStatus": add_event(call, row["id"], "status-change", {"status": status})})
