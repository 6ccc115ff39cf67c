"""What a repository's owners do with access requests: the four lists, handle, batch, grant and the report."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import time
from collections.abc import Iterator
from typing import Any

from gatekeeper.hub.sandbox import gate
from gatekeeper.hub.sandbox.gate import COLUMNS
from gatekeeper.hub.sandbox.people import card_of, find_person
from gatekeeper.hub.sandbox.repos import owned_repo, repo_id
from gatekeeper.hub.sandbox.store import Store
from gatekeeper.hub.sandbox.switchboard import Switchboard
from gatekeeper.hub.sandbox.wire import Answer, Call, Refusal, as_json, route

NOT_FOUND = "No access request found matching your criteria"
WHO = "* Either userId or user must be provided, but not both"
HUB_ID = re.compile(r"[0-9a-f]{24}")
REASON_LENGTH = 200
PERSON_COLUMNS = (
    "p.hub_id, p.name, p.fullname, p.is_pro,"
    " g.hub_id AS g_hub_id, g.name AS g_name, g.fullname AS g_fullname, g.is_pro AS g_is_pro"
)


def check_status(status: Any, switches: Switchboard) -> str:
    known = [name for name in ("accepted", "rejected", "pending", "reset") if name != "reset" or switches.can("reset")]
    if status not in known:
        options = "|".join(f'"{name}"' for name in known)
        raise Refusal(400, f"* Invalid option: expected one of {options} * at status")
    return str(status)


def check_reasons(sent: dict[str, Any], status: str) -> dict[str, str | None]:
    """The reason that belongs to a status; one sent with another status is accepted and ignored (observed)."""
    for key in ("rejectionReason", "resetReason"):
        if sent.get(key) is not None and len(str(sent[key])) > REASON_LENGTH:
            raise Refusal(400, f"* Too big: expected string to have <={REASON_LENGTH} characters * at {key}")
    return {
        "rejection_reason": sent.get("rejectionReason") if status == "rejected" else None,
        "reset_reason": sent.get("resetReason") if status == "reset" else None,
    }


def check_gated(repo: sqlite3.Row) -> None:
    if repo["gated"] is None:
        raise Refusal(400, f"{repo['type']} {repo_id(repo)} is not gated", "RepoNotGated")


def address(sent: dict[str, Any], switches: Switchboard, *, request_ids: bool, at: str = "") -> tuple[str, str]:
    """How a person is addressed: exactly one of `user`, `userId` and, where it is taken, `requestId`."""
    keys = ["user"]
    if switches.can("user_id"):
        keys.append("userId")
    if request_ids and switches.can("request_id"):
        keys.append("requestId")
    given = [key for key in keys if sent.get(key) is not None]
    if len(given) != 1:
        raise Refusal(400, WHO + at if len(keys) > 1 else "* Invalid input: expected string * at user")
    value = str(sent[given[0]])
    if given[0] == "userId" and not HUB_ID.fullmatch(value):
        raise Refusal(400, f"* Invalid string: must match pattern /^[0-9a-f]{{24}}$/ * at userId{at}")
    return given[0], value


def person_at(store: Store, repo: sqlite3.Row, key: str, value: str) -> int | None:
    """The person addressed, None if there is none; an unknown request id raises Refusal 404."""
    if key == "requestId":
        row = store.one("SELECT person FROM request WHERE request_id=? AND repo=?", value, repo["id"])
        if row is None:
            raise Refusal(404, NOT_FOUND)
        return int(row["person"])
    person = find_person(store, hub_id=value) if key == "userId" else find_person(store, value)
    return person["id"] if person else None


@route("POST", "REPO/user-access-request/handle")
def handle(call: Call) -> Answer:
    """Move one request. One that is already there is the same 404 as none at all (observed on the Hub)."""
    repo = owned_repo(call)
    status = check_status(call.json.get("status"), call.switches)
    reasons = check_reasons(call.json, status)
    who = address(call.json, call.switches, request_ids=True)
    check_gated(repo)
    person = person_at(call.store, repo, *who)
    if person is None:
        raise Refusal(404, "User not found")
    request = gate.request_of(call.store, repo["id"], person)
    if request is None or request["status"] == status:
        raise Refusal(404, NOT_FOUND)
    gate.move(call.store, repo, person, status, by=call.me().id, lag=call.switches.lag, **reasons)
    return as_json({})


@route("POST", "REPO/user-access-request/batch")
def batch(call: Call) -> Answer:
    """Move up to 100 requests, answered in the order sent; one already there is `ok` (observed on the Hub)."""
    if not call.switches.can("batch"):
        raise Refusal(404, "Not Found")
    repo = owned_repo(call)
    status = check_status(call.json.get("status"), call.switches)
    reasons = check_reasons(call.json, status)
    sent = call.json.get("requests")
    if not isinstance(sent, list) or not sent:
        raise Refusal(400, "* Too small: expected array to have >=1 items * at requests")
    if len(sent) > 100:
        raise Refusal(400, "* Too big: expected array to have <=100 items * at requests")
    by_request = call.switches.can("batch_request_id")
    who = [
        address(one if isinstance(one, dict) else {}, call.switches, request_ids=by_request, at=f" * at requests[{n}]")
        for n, one in enumerate(sent)
    ]
    check_gated(repo)
    answers = []
    for key, value in who:
        outcome: dict[str, Any] = {key: value, "ok": True}
        try:
            person = person_at(call.store, repo, key, value)
        except Refusal:
            outcome |= {"ok": False, "error": "request_not_found"}
        else:
            request = gate.request_of(call.store, repo["id"], person) if person else None
            if person is None:
                outcome |= {"ok": False, "error": "user_not_found"}
            elif request is None:
                outcome |= {"ok": False, "error": "request_not_found"}
            elif request["status"] != status:
                gate.move(call.store, repo, person, status, by=call.me().id, lag=call.switches.lag, **reasons)
        answers.append(outcome)
    return as_json(answers)


@route("POST", "REPO/user-access-request/grant")
def grant(call: Call) -> Answer:
    """Accept someone, with or without a request of their own; 400 for someone already accepted (observed)."""
    repo = owned_repo(call)
    who = address(call.json, call.switches, request_ids=False)
    check_gated(repo)
    person = person_at(call.store, repo, *who)
    if person is None:
        raise Refusal(404, "User not found")
    request = gate.request_of(call.store, repo["id"], person)
    if request is not None and request["status"] == "accepted":
        raise Refusal(400, "That user already has access to the repo")
    gate.move(call.store, repo, person, "accepted", by=call.me().id, lag=call.switches.lag)
    return as_json({})


def moment(call: Call, name: str) -> str | None:
    """A query date in the form of stored ones; raises Refusal 400 for anything but ISO 8601 with `Z`."""
    value = call.first(name)
    if not value:
        return None
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z", value)
    if match is None:
        raise Refusal(400, f"* Invalid ISO datetime * at {name}")
    return f"{match[1]}.{(match[2] or '')[:3]:0<3}Z"


def page_limit(call: Call) -> int:
    text = call.first("limit", "1000")
    if not text.isdigit():
        raise Refusal(400, "* Invalid input: expected number, received NaN * at limit")
    limit = int(text)
    if limit < 10:
        raise Refusal(400, "* Too small: expected number to be >=10 * at limit")
    if limit > 1000:
        raise Refusal(400, "* Too big: expected number to be <=1000 * at limit")
    return limit


def source(call: Call, repo: sqlite3.Row) -> tuple[str, list[Any]]:
    """Where a list reads: the requests as they are, or as they were so many seconds ago when lists lag behind."""
    lag = call.switches.lag
    if not lag:
        return "request", []
    since = time.time() - lag
    recent = "SELECT person FROM past WHERE repo=? AND replaced>?"
    was = (
        f"SELECT {COLUMNS} FROM past WHERE repo=? AND replaced>? AND status<>'none'"  # noqa: S608  # fixed names
        " AND NOT EXISTS (SELECT 1 FROM past AS o WHERE o.repo=past.repo AND o.person=past.person AND o.replaced>?"
        " AND o.replaced<past.replaced)"
    )
    now = f"SELECT {COLUMNS} FROM request WHERE repo=? AND person NOT IN ({recent})"  # noqa: S608  # fixed names
    sql = f"({now} UNION ALL {was})"
    return sql, [repo["id"], repo["id"], since, repo["id"], since, since]


def cursor_of(row: sqlite3.Row) -> str:
    return base64.urlsafe_b64encode(f"{row['timestamp']}|{row['id']}".encode()).decode()


@route("GET", "REPO/user-access-request/([a-z]+)")
def listing(call: Call) -> Answer:
    """One of the four lists, also of a repository that is not gated (observed); newest first, in pages by key."""
    repo = owned_repo(call, "repo.access.read")
    status = check_status(call.args[3], call.switches)
    limit = page_limit(call)
    table, values = source(call, repo)
    where, order, beyond = ["r.repo=?", "r.status=?"], "DESC", "<"
    if call.switches.options["order"] == "oldest":
        order, beyond = "ASC", ">"
    values += [repo["id"], status]
    for name, comparison in (("after", ">"), ("before", "<")):
        if when := moment(call, name):
            where.append(f"r.timestamp {comparison} ?")
            values.append(when)
    prefix = call.first("q")
    if len(prefix) > 250:
        raise Refusal(400, "* Too big: expected string to have <=250 characters * at q")
    join = "JOIN person p ON p.id=r.person"
    if prefix:
        where.append("p.name >= ? AND p.name < ?")
        values += [prefix, prefix + "\U0010ffff"]
        if table == "request":
            # People first, by the index on names: one name is found in a million requests without reading them.
            table, join = "person p CROSS", "JOIN request r ON r.person=p.id"
    if call.first("cursor"):
        try:
            when, _, number = base64.urlsafe_b64decode(call.first("cursor")).decode().partition("|")
            values += [when, int(number)]
        except ValueError as error:
            raise Refusal(400, "* Invalid cursor * at cursor") from error
        where.append(f"(r.timestamp, r.id) {beyond} (?,?)")
    start = table if join.startswith("JOIN request") else f"{table} r"
    rows = call.store.all(
        f"SELECT r.*, {PERSON_COLUMNS} FROM {start} {join} LEFT JOIN person g ON g.id=r.granted_by"  # noqa: S608  # our own names
        f" WHERE {' AND '.join(where)} ORDER BY r.timestamp {order}, r.id {order} LIMIT ?",
        *values, limit + 1,
    )  # fmt: skip
    shown = [item(row, repo, call.switches) for row in rows[:limit]]
    more = call.next_link(cursor=cursor_of(rows[limit - 1])) if len(rows) > limit else []
    return as_json(shown, headers=more)


def item(row: sqlite3.Row, repo: sqlite3.Row, switches: Switchboard) -> dict[str, Any]:
    """One list item, keys in the order observed; reasons are never in it."""
    shown: dict[str, Any] = {}
    if repo["hide_usernames"] is None:
        user = card_of(row) | {"verifiedOrgNames": []}
        if row["email"] is not None:
            user["email"] = row["email"]
        shown["user"] = user
    elif repo["hide_usernames"] == "null":
        shown["user"] = {"user": None, "fullname": None, "email": None}
    shown["timestamp"] = row["timestamp"]
    if row["reviewed_at"]:
        shown["reviewedAt"] = row["reviewed_at"]
    shown["status"] = row["status"]
    if row["granted_by"] is not None:
        shown["grantedBy"] = granter(row)
    if row["fields"]:
        shown["fields"] = json.loads(row["fields"])
    if switches.can("request_id"):
        shown["requestId"] = row["request_id"]
    return shown


def granter(row: sqlite3.Row) -> dict[str, Any]:
    """Who accepted, as a user object; empty when that account is gone."""
    if row["g_hub_id"] is None:
        return {}
    return card_of({key: row[f"g_{key}"] for key in ("hub_id", "name", "fullname", "is_pro")})  # type: ignore[arg-type]  # read like a row


@route("GET", "PAGE/user-access-report")
def report(call: Call) -> Answer:
    """Every request of a repository as one JSON download, sent in pieces: it may hold a million."""
    repo = owned_repo(call, "repo.access.read")
    name = f"user-access-report-{repo['namespace']}-{repo['name']}.json"
    return Answer(
        200, report_lines(call.store, repo), headers=[("Content-Disposition", f"attachment; filename={name}")]
    )


def report_lines(store: Store, repo: sqlite3.Row) -> Iterator[bytes]:
    rows = store.db.execute(
        f"SELECT r.*, {PERSON_COLUMNS} FROM request r JOIN person p ON p.id=r.person"  # noqa: S608  # fixed pieces
        " LEFT JOIN person g ON g.id=r.granted_by WHERE r.repo=? ORDER BY r.id",
        (repo["id"],),
    )
    opening = b"["
    while some := rows.fetchmany(1000):
        entries = (json.dumps(entry(row, repo), ensure_ascii=False) for row in some)
        yield opening + ",".join(entries).encode()
        opening = b","
    yield b"]" if opening == b"," else b"[]"


def entry(row: sqlite3.Row, repo: sqlite3.Row) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if repo["hide_usernames"] is None:
        shown = {"fullname": row["fullname"], "user": row["name"]}
        if row["email"] is not None:
            shown["email"] = row["email"]
    shown["time"] = row["timestamp"]
    if row["reviewed_at"]:
        shown["reviewedAt"] = row["reviewed_at"]
    shown["status"] = row["status"]
    if row["granted_by"] is not None:
        shown["grantedBy"] = {"fullname": row["g_fullname"], "user": row["g_name"]} if row["g_name"] else {}
    if row["fields"]:
        shown["fields"] = json.loads(row["fields"])
    return shown
