"""The control API's part for repositories: made, changed and looked into by hand, with the requests for them."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from gatekeeper.hub.sandbox import commits, files, gate, repos, seeding
from gatekeeper.hub.sandbox.descriptions import describe
from gatekeeper.hub.sandbox.people import find_person
from gatekeeper.hub.sandbox.steering import person_named
from gatekeeper.hub.sandbox.store import stamp
from gatekeeper.hub.sandbox.wire import Answer, Call, Refusal, as_json, route


def repo_named(call: Call) -> sqlite3.Row:
    """The repository of a control path: type, namespace and name are its first three pieces."""
    repo = repos.find_repo(call.store, call.args[0].removesuffix("s"), call.args[1], call.args[2])
    if repo is None:
        raise Refusal(404, "Repository not found")
    return repo


@route("POST", "/_sandbox/repos")
def make_repo(call: Call) -> Answer:
    """Make a repository with `card`, `files`, `gated`, `visibility`, `org_members_gated`, `hide_usernames`, `by`.

    `date` is that of its first commit.
    """
    about = dict(call.json)
    namespace, _, name = str(about.pop("repo_id")).partition("/")
    if not (find_person(call.store, namespace) or call.store.one("SELECT 1 FROM org WHERE name=?", namespace)):
        raise Refusal(404, f"No user or organization is named {namespace}")
    content = {path: text.encode() for path, text in about.get("files", {}).items()}
    if about.get("card") is not None:
        content["README.md"] = about["card"].encode()
    repo = repos.make_repo(
        call.store,
        str(about.get("repo_type") or "model"),
        namespace,
        name,
        visibility="private" if about.get("private") else about.get("visibility", "public"),
        gated=about.get("gated") or None,
        org_members_gated=about.get("org_members_gated", False),
        hide_usernames=hiding(about.get("hide_usernames")),
        creator=repos.creator_id(call.store, about.get("by")),
        files=content,
        date=about.get("date"),
    )
    return as_json({"id": repo["hub_id"], "name": repos.repo_id(repo)})


def hiding(value: Any) -> str | None:
    """How usernames are hidden: `absent` (true means that: no `user` in an item) or `null` (a `user` full of nulls)."""
    return "absent" if value is True else value or None


@route("GET", "/_sandbox/(models|datasets|spaces)/([^/]+)/([^/]+)")
def show_repo(call: Call) -> Answer:
    repo = repo_named(call)
    shown = describe(call.store, repo)
    return as_json(
        shown
        | {
            "visibility": repo["visibility"],
            "orgMembersGated": bool(repo["org_members_gated"]),
            "hideUsernames": repo["hide_usernames"],
            "settings": json.loads(repo["settings"]),
        }
    )


@route("POST", "/_sandbox/(models|datasets|spaces)/([^/]+)/([^/]+)")
def change_repo(call: Call) -> Answer:
    """Change a repository by hand: `gated`, `visibility`, `hide_usernames`, `org_members_gated`, `files`, `rename`.

    `files` make a commit, with `by`, `title` and `date`.
    """
    repo, sent = repo_named(call), call.json
    if {"gated", "visibility", "hide_usernames", "org_members_gated"} & set(sent):
        repos.tell_of_settings(call, repo, sent.get("visibility"))
    if "gated" in sent:
        repos.set_gate(call.store, repo, sent["gated"] or None)
    if "visibility" in sent:
        call.store.run("UPDATE repo SET visibility=? WHERE id=?", sent["visibility"], repo["id"])
    if "hide_usernames" in sent:
        call.store.run("UPDATE repo SET hide_usernames=? WHERE id=?", hiding(sent["hide_usernames"]), repo["id"])
    if "org_members_gated" in sent:
        call.store.run("UPDATE repo SET org_members_gated=? WHERE id=?", int(sent["org_members_gated"]), repo["id"])
    if sent.get("files"):
        added = {path: text.encode() for path, text in sent["files"].items()}
        author = sent.get("by") or repo["namespace"]
        title = sent.get("title", "Update by hand")
        before = files.head_of(call.store, repo)["sha"]
        sha = files.commit(call.store, repo["id"], author, title, "", added, set(), date=sent.get("date"))
        commits.tell_of_commit(call, repo, "refs/heads/main", before, sha)
    if sent.get("rename"):
        repos.rename_repo(call.store, repo, *str(sent["rename"]).split("/", 1))
        call.tell("repo", repo, "move", movedTo={"name": sent["rename"]})
    return as_json({})


@route("DELETE", "/_sandbox/(models|datasets|spaces)/([^/]+)/([^/]+)")
def remove_repo(call: Call) -> Answer:
    repo = repo_named(call)
    repos.remove_repo(call.store, repo)
    call.tell("repo", repo, "delete")
    return as_json({})


@route("GET", "/_sandbox/(models|datasets|spaces)/([^/]+)/([^/]+)/people")
def show_requests(call: Call) -> Answer:
    """Everything known of the requests of a repository, reasons too; `user`, `status` and `limit` narrow it."""
    repo = repo_named(call)
    where, values = ["r.repo=?"], [repo["id"]]
    for name, column in (("user", "p.name"), ("status", "r.status")):
        if call.first(name):
            where.append(f"{column}=?")
            values.append(call.first(name))
    rows = call.store.all(
        "SELECT r.*, p.hub_id, p.name, g.name AS granter FROM request r JOIN person p ON p.id=r.person"  # noqa: S608  # our own names
        f" LEFT JOIN person g ON g.id=r.granted_by WHERE {' AND '.join(where)} ORDER BY r.id LIMIT ?",
        *values,
        int(call.first("limit", "10000")),
    )
    return as_json(
        [
            {
                "user": row["name"],
                "userId": row["hub_id"],
                "requestId": row["request_id"],
                "status": row["status"],
                "timestamp": row["timestamp"],
                "reviewedAt": row["reviewed_at"],
                "grantedBy": row["granter"],
                "fields": json.loads(row["fields"]) if row["fields"] else None,
                "email": row["email"],
                "rejectionReason": row["rejection_reason"],
                "resetReason": row["reset_reason"],
            }
            for row in rows
        ]
    )


@route("POST", "/_sandbox/(models|datasets|spaces)/([^/]+)/([^/]+)/people")
def set_request(call: Call) -> Answer:
    """Set someone's `status` as if `by` had done it on the Hub's own page; `none` removes the request.

    `asked` true first makes a request of their own, with `fields` and `email`.
    """
    repo, sent = repo_named(call), call.json
    person = person_named(call, str(sent["user"]))
    before = gate.request_of(call.store, repo["id"], person["id"])
    status = str(sent["status"])
    if status == "none":
        call.store.run("DELETE FROM request WHERE repo=? AND person=?", repo["id"], person["id"])
        return as_json({})
    if status not in gate.STATUSES:
        raise Refusal(400, f"status must be none or one of {', '.join(gate.STATUSES)}")
    by = repos.creator_id(call.store, sent.get("by"))
    gate.move(
        call.store, repo, person["id"], status, by=by, lag=call.switches.lag,
        rejection_reason=sent.get("rejection_reason"), reset_reason=sent.get("reset_reason"),
    )  # fmt: skip
    if sent.get("asked", before is None and status == "pending"):
        call.store.run(
            "UPDATE request SET email=?, fields=?, timestamp=? WHERE repo=? AND person=?",
            person["email"], json.dumps(sent["fields"]) if sent.get("fields") else None,
            sent.get("timestamp") or stamp(), repo["id"], person["id"],
        )  # fmt: skip
    elif sent.get("timestamp"):
        call.store.run(
            "UPDATE request SET timestamp=? WHERE repo=? AND person=?", sent["timestamp"], repo["id"], person["id"]
        )
    if sent.get("reviewed_at"):
        call.store.run(
            "UPDATE request SET reviewed_at=? WHERE repo=? AND person=?", sent["reviewed_at"], repo["id"], person["id"]
        )
    return as_json({})


@route("POST", "/_sandbox/(models|datasets|spaces)/([^/]+)/([^/]+)/seed")
def seed(call: Call) -> Answer:
    """Fill a repository with many people and their requests: `statuses` maps each status to how many."""
    repo = repo_named(call)
    statuses = call.json.get("statuses") or {"pending": int(call.json.get("count", 1000))}
    if set(statuses) - set(gate.STATUSES):
        raise Refusal(400, f"statuses are {', '.join(gate.STATUSES)}")
    made = seeding.fill(
        call.store, repo, {key: int(number) for key, number in statuses.items()},
        prefix=str(call.json.get("prefix", "person")), fields=call.json.get("fields"),
    )  # fmt: skip
    return as_json({"made": made})
