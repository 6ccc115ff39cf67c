"""Webhooks: kept by a person, told of what happens to what they watch. There is none for access requests."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import Any

from gatekeeper.hub.sandbox import files
from gatekeeper.hub.sandbox.descriptions import tags_of
from gatekeeper.hub.sandbox.people import find_person, viewer_of
from gatekeeper.hub.sandbox.postman import Letter, letter, loopback
from gatekeeper.hub.sandbox.repos import may_see, page_of, repo_id
from gatekeeper.hub.sandbox.store import Store, new_id
from gatekeeper.hub.sandbox.wire import Answer, Call, News, Refusal, as_json, route

DOMAINS = ("repo", "discussion")
WATCHED = {"dataset", "model", "org", "space", "user", "bucket", "kernel"}
SECRET = re.compile(r"[\x20-\x7F]*")
VERSION = 3


def shown(row: sqlite3.Row) -> dict[str, Any]:
    """A webhook as the client reads it. `disabled` is false, true, or the word for one that failed too often."""
    return {
        "id": row["hub_id"],
        "url": row["url"],
        "watched": json.loads(row["watched"]),
        "domains": json.loads(row["domains"]),
        "secret": row["secret"],
        "disabled": {"": False, "true": True}.get(row["disabled"], row["disabled"]),
    }


def checked(call: Call) -> dict[str, str | None]:
    """The columns that a call gives. Raises Refusal 400."""
    sent, columns = call.json, dict[str, str | None]()
    if "watched" in sent:
        watched = sent["watched"]
        whole = isinstance(watched, list) and all(
            isinstance(one, dict) and one.get("type") in WATCHED and isinstance(one.get("name"), str) for one in watched
        )
        if not whole:
            raise Refusal(400, "* Invalid input * at watched")
        columns["watched"] = json.dumps([{"type": one["type"], "name": one["name"]} for one in watched])
    if "domains" in sent:
        if not isinstance(sent["domains"], list) or set(sent["domains"]) - set(DOMAINS):
            raise Refusal(400, '* Invalid option: expected one of "repo"|"discussion" * at domains')
        columns["domains"] = json.dumps(sent["domains"])
    if "url" in sent:
        if not isinstance(sent["url"], str) or loopback(sent["url"]) is None:
            raise Refusal(400, "* Invalid URL * at url (the sandbox sends to loopback addresses only)")
        columns["url"] = sent["url"]
    if sent.get("secret") is not None:
        if not isinstance(sent["secret"], str) or not SECRET.fullmatch(sent["secret"]):
            raise Refusal(400, r"* Invalid string: must match pattern /^[\x20-\x7F]*$/ * at secret")
        columns["secret"] = sent["secret"]
    return columns


def owner(call: Call, *, changes: bool = True) -> int:
    """The person whose webhooks a call is about. Raises Refusal: 401 for nobody, 403 for a token that only reads."""
    me = call.me()
    if changes and me.role not in {"write", "god"}:
        raise Refusal(403, "Forbidden")
    return me.id


def mine(call: Call, *, changes: bool = True) -> sqlite3.Row:
    """The webhook that a call is about. Raises Refusal 404 for none of one's own."""
    person = owner(call, changes=changes)
    row = call.store.one("SELECT * FROM webhook WHERE person=? AND hub_id=?", person, call.args[0])
    if row is None:
        raise Refusal(404, "Webhook not found")
    return row


def answer_of(call: Call, number: int) -> Answer:
    row = call.store.one("SELECT * FROM webhook WHERE id=?", number)
    assert row is not None  # it was written or found a moment ago
    return as_json({"webhook": shown(row)})


@route("GET", "/api/settings/webhooks")
def listing(call: Call) -> Answer:
    rows = call.store.all("SELECT * FROM webhook WHERE person=? ORDER BY id", owner(call, changes=False))
    return as_json([shown(row) for row in rows])


@route("POST", "/api/settings/webhooks")
def create(call: Call) -> Answer:
    person, columns = owner(call), checked(call)
    if not columns.get("url"):
        raise Refusal(400, "* Invalid input: the sandbox starts no jobs, so a URL is required * at url")
    number = call.store.run(
        "INSERT INTO webhook(hub_id, person, url, watched, domains, secret) VALUES(?,?,?,?,?,?)",
        new_id(), person, columns["url"], columns.get("watched") or "[]",
        columns.get("domains") or json.dumps(DOMAINS), columns.get("secret"),
    )  # fmt: skip
    return answer_of(call, number)


@route("GET", "/api/settings/webhooks/([0-9a-f]+)")
def read(call: Call) -> Answer:
    return as_json({"webhook": shown(mine(call, changes=False))})


@route("POST", "/api/settings/webhooks/([0-9a-f]+)")
def update(call: Call) -> Answer:
    """What is not sent stays; the client always sends `watched`."""
    row = mine(call)
    for column, value in checked(call).items():
        call.store.run(f"UPDATE webhook SET {column}=? WHERE id=?", value, row["id"])  # noqa: S608  # our own names
    return answer_of(call, row["id"])


@route("POST", "/api/settings/webhooks/([0-9a-f]+)/(enable|disable)")
def switch(call: Call) -> Answer:
    row, off = mine(call), call.args[1] == "disable"
    call.store.run("UPDATE webhook SET disabled=?, failures=0 WHERE id=?", "true" if off else "", row["id"])
    return answer_of(call, row["id"])


@route("DELETE", "/api/settings/webhooks/([0-9a-f]+)")
def delete(call: Call) -> Answer:
    call.store.run("DELETE FROM webhook WHERE id=?", mine(call)["id"])
    return as_json({})


# What they are told


def letters(store: Store, base: str, news: list[News]) -> list[Letter]:
    """What is to be sent of what happened, to every webhook that watches and whose person may see it."""
    rows = store.all("SELECT * FROM webhook WHERE disabled=''") if news else []
    return [
        letter(row["id"], payload_of(store, base, one, row), row["secret"])
        for one in news
        for row in rows
        if watches(store, row, one)
    ]


def watches(store: Store, row: sqlite3.Row, news: News) -> bool:
    if news.scope.partition(".")[0] not in json.loads(row["domains"]):
        return False
    names = {
        ("user", news.repo["namespace"].lower()),
        ("org", news.repo["namespace"].lower()),
        (news.repo["type"], repo_id(news.repo).lower()),
    }
    if not any((one["type"], one["name"].lower()) in names for one in json.loads(row["watched"])):
        return False
    person = store.one("SELECT * FROM person WHERE id=?", row["person"])
    return person is not None and may_see(news.repo, viewer_of(store, person))


def payload_of(store: Store, base: str, news: News, row: sqlite3.Row) -> dict[str, Any]:
    """The payload, version 3, as it is documented. `headSha` and tags come with what is about the repository only."""
    repo = store.one("SELECT * FROM repo WHERE id=?", news.repo["id"]) or news.repo
    about: dict[str, Any] = {
        "type": repo["type"],
        "name": repo_id(news.repo),
        "id": repo["hub_id"],
        "private": repo["visibility"] == "private",
        "url": {"web": base + page_of(news.repo), "api": f"{base}/api/{repo['type']}s/{repo_id(news.repo)}"},
        "owner": {"id": owner_of(store, repo)},
    }
    head = store.one("SELECT * FROM revision WHERE id=?", repo["head"])
    if news.scope.startswith("repo") and head is not None:
        about |= {"headSha": head["sha"], "tags": tags_of(files.card_data(store, files.tree_of(store, head)))}
    return {
        "event": {"action": news.action, "scope": news.scope},
        "repo": about,
        **news.more,
        "webhook": {"id": row["hub_id"], "version": VERSION},
    }


def owner_of(store: Store, repo: sqlite3.Row) -> str:
    row = find_person(store, repo["namespace"]) or store.one("SELECT * FROM org WHERE name=?", repo["namespace"])
    return str(row["hub_id"]) if row is not None else ""
