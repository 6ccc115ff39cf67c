"""The control API under /_sandbox/: tests and the demo make people and repositories, faults and hand edits with it.

It asks nobody who they are: the server listens on loopback only.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field

from gatekeeper.hub.sandbox.openid import add_app
from gatekeeper.hub.sandbox.people import add_org, add_person, add_token, find_person
from gatekeeper.hub.sandbox.repos import rename_namespace
from gatekeeper.hub.sandbox.store import Store
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
    if call.postman is not None:
        call.postman.forget()
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
        rename_namespace(call.store, person["name"], new)
    add_person(call.store, new or person["name"], **about)
    return as_json({})


@route("DELETE", "/_sandbox/people/([^/]+)")
def delete_person(call: Call) -> Answer:
    """An account is deleted: its tokens, requests and memberships go with it."""
    person = person_named(call, call.args[0])
    for table in ("token", "membership", "request", "past", "code", "refresh", "webhook"):
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
    """Revoke a token (`revoked`), give it another `role` or end (`expires`): what its person does there."""
    columns = {"revoked": "revoked", "role": "role", "canReadGatedRepos": "can_read_gated", "expires": "expires"}
    for key, column in columns.items():
        if key in call.json:
            call.store.run(f"UPDATE token SET {column}=? WHERE token=?", call.json[key], call.json["token"])  # noqa: S608  # our own names
    if "scoped" in call.json:
        call.store.run("UPDATE token SET scoped=? WHERE token=?", json.dumps(call.json["scoped"]), call.json["token"])
    return as_json({})


@route("POST", "/_sandbox/orgs")
def make_org(call: Call) -> Answer:
    about = dict(call.json)
    name, members = str(about.pop("name")), about.pop("members", {})
    add_org(call.store, name, members, **about)
    return as_json({})


@route("POST", "/_sandbox/orgs/([^/]+)")
def rename_org(call: Call) -> Answer:
    """An organisation takes another name (`rename`), as its admins may do at any time; its id stays."""
    old, new = call.args[0], str(call.json["rename"])
    if call.store.one("SELECT 1 FROM org WHERE name=?", old) is None:
        raise Refusal(404, "Organization not found")
    if find_person(call.store, new) or call.store.one("SELECT 1 FROM org WHERE name=? AND name<>?", new, old):
        raise Refusal(409, f"{new} is taken")
    call.store.run("UPDATE org SET name=? WHERE name=?", new, old)
    rename_namespace(call.store, old, new)
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


@route("POST", "/_sandbox/options")
def change_options(call: Call) -> Answer:
    """Change options (see OPTIONS); kept over a restart."""
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
