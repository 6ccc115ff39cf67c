"""The gate: who may read the files of a repository, why not, and asking for access as a requester does."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import Any

from gatekeeper.hub.sandbox import files
from gatekeeper.hub.sandbox.people import Viewer
from gatekeeper.hub.sandbox.repos import NOT_PERMITTED, may_write, page_of, repo_id, repo_of
from gatekeeper.hub.sandbox.store import Store, new_id, stamp
from gatekeeper.hub.sandbox.wire import Answer, Call, Refusal, as_json, as_text, redirect, route

STATUSES = ("pending", "accepted", "rejected", "reset")
NOT_ENABLED = (
    "Please enable access to public gated repositories in your fine-grained token settings to view this repository."
)
COLUMNS = (
    "id, request_id, repo, person, status, timestamp, reviewed_at, granted_by, fields, email, rejection_reason,"
    " reset_reason"
)


def request_of(store: Store, repo: int, person: int) -> sqlite3.Row | None:
    return store.one("SELECT * FROM request WHERE repo=? AND person=?", repo, person)


def bypasses(repo: sqlite3.Row, viewer: Viewer) -> bool:
    """Whether someone passes the gate by role: owner, creator, admins, and members unless they are gated too."""
    role = viewer.role_in(repo["namespace"])
    if role is None or role == "no_access":
        return False
    return role == "admin" or repo["creator"] == viewer.id or not repo["org_members_gated"]


def why_closed(store: Store, repo: sqlite3.Row, viewer: Viewer | None, base: str) -> Refusal | None:
    """Why the files of a repository are closed to a viewer, in the Hub's words; None when they are open."""
    if repo["gated"] is None:
        return None
    named = f"{repo['type']} {repo_id(repo)}"
    if viewer is None:
        return Refusal(
            401,
            f"Access to {named} is restricted. You must have access to it and be authenticated to access it."
            " Please log in.",
            "GatedRepo",
        )
    if not bypasses(repo, viewer):
        request = request_of(store, repo["id"], viewer.id)
        status = request["status"] if request else None
        visit = f"Visit {base}{page_of(repo)} to"
        refusals = {
            None: f"Access to {named} is restricted and you are not in the authorized list. {visit} ask for access.",
            "pending": f"Your request to access {named} is awaiting a review from the repo authors.",
            "rejected": f"Your request to access {named} has been rejected by the repo's authors.",
            "reset": f"Your request to access {named} has been reset by the repo's authors. {visit} submit a new"
            " request.",
        }
        if status in refusals:
            return Refusal(403, refusals[status], "GatedRepo")
    if not viewer.reads_gated and not viewer.token_allows("repo.content.read", repo["namespace"], repo_id(repo)):
        return Refusal(403, NOT_ENABLED)
    return None


@route("GET", "REPO/auth-check")
def auth_check(call: Call) -> Answer:
    repo = repo_of(call)
    if refusal := why_closed(call.store, repo, call.viewer, call.base):
        raise refusal
    return as_text("OK")


@route("GET", "REPO/auth-check/write")
def auth_check_write(call: Call) -> Answer:
    repo = repo_of(call)
    if refusal := why_closed(call.store, repo, call.viewer, call.base):
        raise refusal
    call.me()
    if not may_write(repo, call.viewer):
        raise Refusal(403, NOT_PERMITTED)
    return as_text("OK")


def remember(store: Store, request: sqlite3.Row | None, repo: int, person: int, lag: float, now: float) -> None:
    """Keep what a row said before a change, for lists that lag behind; `none` for a row that was not there."""
    if not lag:
        return
    if request is not None:
        marks = ",".join("?" * len(request.keys()))
        store.db.execute(f"INSERT INTO past VALUES({marks},?)", (*request, now))  # marks only
        return
    row = request_of(store, repo, person)
    if row is not None:
        store.run(
            "INSERT INTO past(id, request_id, repo, person, status, timestamp, replaced) VALUES(?,?,?,?,'none','',?)",
            row["id"], row["request_id"], repo, person, now,
        )  # fmt: skip


def move(
    store: Store,
    repo: sqlite3.Row,
    person: int,
    status: str,
    *,
    by: int | None,
    lag: float = 0,
    rejection_reason: str | None = None,
    reset_reason: str | None = None,
) -> None:
    """Give an existing or new request a status, with the dates and names that go with it.

    `reviewed_at` is the last review and goes away when a request is pending again; `granted_by` stands only while it is
    accepted; a request made by its person keeps its date and e-mail (observed behaviour of the Hub).
    """
    before = request_of(store, repo["id"], person)
    reviewed = None if status == "pending" else stamp()
    granted_by = by if status == "accepted" else None
    if before is None:
        store.run(
            "INSERT INTO request(request_id, repo, person, status, timestamp, reviewed_at, granted_by,"
            " rejection_reason, reset_reason) VALUES(?,?,?,?,?,?,?,?,?)",
            new_id(), repo["id"], person, status, stamp(), reviewed, granted_by, rejection_reason, reset_reason,
        )  # fmt: skip
    else:
        store.run(
            "UPDATE request SET status=?, reviewed_at=?, granted_by=?, rejection_reason=?, reset_reason=? WHERE id=?",
            status, reviewed, granted_by, rejection_reason, reset_reason, before["id"],
        )  # fmt: skip
    remember(store, before, repo["id"], person, lag, time.time())


def ask(store: Store, repo: sqlite3.Row, viewer: Viewer, fields: dict[str, Any], lag: float = 0) -> None:
    """Ask for access. Only none and reset make a new request; a rejected one is silently ignored (observed)."""
    before = request_of(store, repo["id"], viewer.id)
    if repo["gated"] is None or (before is not None and before["status"] != "reset"):
        return
    person = store.one("SELECT email FROM person WHERE id=?", viewer.id)
    email = person["email"] if person else None
    status = "accepted" if repo["gated"] == "auto" else "pending"
    answers = json.dumps(fields, ensure_ascii=False) if fields else None
    if before is None:
        store.run(
            "INSERT INTO request(request_id, repo, person, status, timestamp, fields, email) VALUES(?,?,?,?,?,?,?)",
            new_id(), repo["id"], viewer.id, status, stamp(), answers, email,
        )  # fmt: skip
    else:
        store.run(
            "UPDATE request SET status=?, timestamp=?, fields=?, email=?, reviewed_at=NULL, granted_by=NULL,"
            " rejection_reason=NULL, reset_reason=NULL WHERE id=?",
            status, stamp(), answers, email, before["id"],
        )  # fmt: skip
    remember(store, before, repo["id"], viewer.id, lag, time.time())


def answers_in(call: Call, repo: sqlite3.Row) -> dict[str, str]:
    """The answers sent, from JSON or a form, for the questions of the card; what the card does not ask is dropped."""
    readme = files.read_file(call.store, repo, "README.md")
    card = files.read_card(readme.decode(errors="replace")) if readme else None
    asked = (card or {}).get("extra_gated_fields")
    sent: dict[str, Any] = call.json if call.sent_json else call.form
    if not isinstance(asked, dict):
        return {}
    answers = {}
    for label, kind in asked.items():
        name = kind.get("type") if isinstance(kind, dict) else kind
        if name == "ip_location":
            answers[label] = call.switches.options["ip_location"]
        elif label in sent:
            answers[label] = "on" if sent[label] is True else str(sent[label])
    return answers


@route("POST", "PAGE/ask-access")
def ask_access(call: Call) -> Answer:
    me = call.me()
    repo = repo_of(call)
    ask(call.store, repo, me, answers_in(call, repo), call.switches.lag)
    return redirect(call.base + page_of(repo))


def take_back(store: Store, repo: sqlite3.Row, person: int, lag: float = 0) -> None:
    """A requester takes back a pending request; raises Refusal 404 when there is none."""
    request = request_of(store, repo["id"], person)
    if request is None or request["status"] != "pending":
        raise Refusal(404, "No pending access request found for this repo and this user")
    store.run("DELETE FROM request WHERE id=?", request["id"])
    remember(store, request, repo["id"], person, lag, time.time())


@route("POST", "REPO/user-access-request/cancel")
def cancel(call: Call) -> Answer:
    me = call.me()
    take_back(call.store, repo_of(call), me.id, call.switches.lag)
    return as_json({"ok": True})
