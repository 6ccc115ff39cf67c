"""The control API under /_sandbox/: tests and the demo make people and repositories, faults and hand edits with it.

It asks nobody who they are: the server listens on loopback only.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from gatekeeper.hub.sandbox import gate, repos, seeding
from gatekeeper.hub.sandbox.openid import add_app
from gatekeeper.hub.sandbox.people import add_org, add_person, add_token, find_person
from gatekeeper.hub.sandbox.store import Store, stamp
from gatekeeper.hub.sandbox.wire import Answer, Call, Refusal, as_json, route

DEFAULT_APP = ("gatekeeper", "sandbox-secret")
DEFAULT_PUBLIC_APP = "gatekeeper-public"


@dataclass
class Begun:
    """What a sandbox starts with and returns to: people with their tokens, organisations, applications."""

    people: dict[str, str | None] = field(default_factory=dict)
    orgs: dict[str, dict[str, str]] = field(default_factory=dict)
    apps: dict[str, str | None] = field(default_factory=dict)

    def put(self, store: Store) -> None:
        with store.write():
            for name, token in self.people.items():
                add_person(store, name, **({"token": token} if token else {}))
            for name, members in self.orgs.items():
                add_org(store, name, members)
            for client_id, secret in (self.apps or {DEFAULT_APP[0]: DEFAULT_APP[1], DEFAULT_PUBLIC_APP: None}).items():
                add_app(store, client_id, secret)


def person_named(call: Call, name: str) -> sqlite3.Row:
    person = find_person(call.store, name)
    if person is None:
        raise Refusal(404, "User not found")
    return person


def repo_named(call: Call) -> sqlite3.Row:
    """The repository of a control path: type, namespace and name are its first three pieces."""
    repo = repos.find_repo(call.store, call.args[0].removesuffix("s"), call.args[1], call.args[2])
    if repo is None:
        raise Refusal(404, "Repository not found")
    return repo


@route("GET", "/_sandbox")
def state(call: Call) -> Answer:
    def count(table: str) -> int:
        row = call.store.one(f"SELECT count(*) AS n FROM {table}")  # noqa: S608  # fixed names
        return row["n"] if row else 0

    names = {"people": "person", "orgs": "org", "repos": "repo", "requests": "request"}
    return as_json({name: count(table) for name, table in names.items()} | {"options": call.switches.options})


@route("POST", "/_sandbox/reset")
def reset(call: Call) -> Answer:
    """Forget everything but what the command line began with."""
    key = call.store.setting("signing_key")
    start = call.store.setting("begun") or {}
    call.store.empty()
    if key:
        call.store.keep("signing_key", key)  # a new key takes a noticeable moment, and nothing depends on it
    call.store.keep("begun", start)
    Begun(**start).put(call.store)
    call.switches.reset()
    return as_json({})


@route("POST", "/_sandbox/people")
def make_person(call: Call) -> Answer:
    about = dict(call.json)
    person = add_person(call.store, str(about.pop("name")), **about)
    return as_json({"id": person["hub_id"], "name": person["name"], "email": person["email"]})


@route("GET", "/_sandbox/people/([^/]+)")
def show_person(call: Call) -> Answer:
    person = person_named(call, call.args[0])
    tokens = call.store.all("SELECT token, role, revoked, scopes FROM token WHERE person=?", person["id"])
    return as_json(
        {
            "id": person["hub_id"],
            "name": person["name"],
            "fullname": person["fullname"],
            "email": person["email"],
            "tokens": [dict(token) for token in tokens],
        }
    )


@route("POST", "/_sandbox/people/([^/]+)")
def change_person(call: Call) -> Answer:
    """Change a person; `rename` gives another name, as a person may do on the Hub at any time."""
    person = person_named(call, call.args[0])
    about = dict(call.json)
    new = about.pop("rename", None)
    if new:
        if find_person(call.store, new) is not None and new.lower() != person["name"].lower():
            raise Refusal(409, f"{new} is taken")
        call.store.run("UPDATE person SET name=? WHERE id=?", new, person["id"])
        call.store.run("UPDATE repo SET namespace=? WHERE namespace=?", new, person["name"])
    add_person(call.store, new or person["name"], **about)
    return as_json({})


@route("DELETE", "/_sandbox/people/([^/]+)")
def delete_person(call: Call) -> Answer:
    """An account is deleted: its tokens, requests and memberships go with it."""
    person = person_named(call, call.args[0])
    for table in ("token", "membership", "request", "past", "code", "refresh"):
        call.store.run(f"DELETE FROM {table} WHERE person=?", person["id"])  # noqa: S608  # fixed names
    call.store.run("DELETE FROM person WHERE id=?", person["id"])
    return as_json({})


@route("POST", "/_sandbox/tokens")
def make_token(call: Call) -> Answer:
    about = dict(call.json)
    add_token(call.store, str(about.pop("user")), str(about.pop("token")), **about)
    return as_json({})


@route("POST", "/_sandbox/tokens/change")
def change_token(call: Call) -> Answer:
    """Revoke a token (`revoked`), or give it another `role`: what an owner does on the settings page."""
    for key, column in (("revoked", "revoked"), ("role", "role"), ("canReadGatedRepos", "can_read_gated")):
        if key in call.json:
            call.store.run(f"UPDATE token SET {column}=? WHERE token=?", call.json[key], call.json["token"])  # noqa: S608
    if "scoped" in call.json:
        call.store.run("UPDATE token SET scoped=? WHERE token=?", json.dumps(call.json["scoped"]), call.json["token"])
    return as_json({})


@route("POST", "/_sandbox/orgs")
def make_org(call: Call) -> Answer:
    about = dict(call.json)
    name, members = str(about.pop("name")), about.pop("members", {})
    add_org(call.store, name, members, **about)
    return as_json({})


@route("DELETE", "/_sandbox/orgs/([^/]+)/members/([^/]+)")
def leave_org(call: Call) -> Answer:
    person = person_named(call, call.args[1])
    call.store.run(
        "DELETE FROM membership WHERE person=? AND org=(SELECT id FROM org WHERE name=?)", person["id"], call.args[0]
    )
    return as_json({})


@route("POST", "/_sandbox/apps")
def make_app(call: Call) -> Answer:
    about = dict(call.json)
    add_app(call.store, str(about.pop("client_id")), about.pop("secret", None), **about)
    return as_json({})


@route("POST", "/_sandbox/repos")
def make_repo(call: Call) -> Answer:
    """Make a repository with `card`, `files`, `gated`, `visibility`, `org_members_gated`, `hide_usernames`, `by`."""
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
    )
    return as_json({"id": repo["hub_id"], "name": repos.repo_id(repo)})


def hiding(value: Any) -> str | None:
    """How usernames are hidden: `absent` (true means that: no `user` in an item) or `null` (a `user` full of nulls)."""
    return "absent" if value is True else value or None


@route("GET", "/_sandbox/(models|datasets|spaces)/([^/]+)/([^/]+)")
def show_repo(call: Call) -> Answer:
    repo = repo_named(call)
    shown = repos.describe(call.store, repo)
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
    """Change a repository by hand: `gated`, `visibility`, `hide_usernames`, `org_members_gated`, `files`, `rename`."""
    repo, sent = repo_named(call), call.json
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
        repos.files.commit(call.store, repo["id"], author, sent.get("title", "Update by hand"), "", added, set())
    if sent.get("rename"):
        repos.rename_repo(call.store, repo, *str(sent["rename"]).split("/", 1))
    return as_json({})


@route("DELETE", "/_sandbox/(models|datasets|spaces)/([^/]+)/([^/]+)")
def remove_repo(call: Call) -> Answer:
    repos.remove_repo(call.store, repo_named(call))
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
        "SELECT r.*, p.hub_id, p.name, g.name AS granter FROM request r JOIN person p ON p.id=r.person"  # noqa: S608
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


@route("POST", "/_sandbox/options")
def change_options(call: Call) -> Answer:
    """Change options: `lag`, `order`, `window`, `quota`, `ip_location`, `capabilities`; kept over a restart."""
    try:
        call.switches.set_options(call.json)
    except KeyError as error:
        raise Refusal(400, f"No such option: {error.args[0]}") from error
    call.store.keep("options", call.switches.options)
    return as_json(call.switches.options)


@route("POST", "/_sandbox/faults")
def add_fault(call: Call) -> Answer:
    try:
        fault = call.switches.add_fault(**call.json)
    except (ValueError, TypeError) as error:
        raise Refusal(400, str(error)) from error
    return as_json(fault.shown())


@route("GET", "/_sandbox/faults")
def show_faults(call: Call) -> Answer:
    return as_json([fault.shown() for fault in call.switches.faults])


@route("POST", "/_sandbox/faults/([0-9]+)/release")
def release(call: Call) -> Answer:
    """Let go whoever a hold keeps waiting, and hold nobody more."""
    call.switches.clear_faults(int(call.args[0]))
    return as_json({})


@route("DELETE", "/_sandbox/faults(?:/([0-9]+))?")
def remove_faults(call: Call) -> Answer:
    call.switches.clear_faults(int(call.args[0]) if call.args[0] else None)
    return as_json({})


@route("GET", "/_sandbox/journal")
def journal(call: Call) -> Answer:
    return as_json(list(call.switches.journal))


@route("DELETE", "/_sandbox/journal")
def clear_journal(call: Call) -> Answer:
    call.switches.journal.clear()
    return as_json({})
