"""Who exists on the sandbox Hub: people, organisations and tokens, and what a token may do."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass, field
from typing import Any

from gatekeeper.hub.sandbox.store import Store, new_id, stamp
from gatekeeper.hub.sandbox.wire import ANONYMOUS, Call, Refusal

WRITING_ROLES = {"admin", "write"}
ROLES = ("admin", "write", "contributor", "read", "no_access", "custom")


@dataclass
class Viewer:
    """The person behind a call, and the reach of the token (or cookie) that was shown."""

    id: int
    hub_id: str
    name: str
    role: str = "write"
    can_read_gated: bool = True
    scoped: list[dict[str, Any]] = field(default_factory=list)
    scopes: set[str] | None = None
    orgs: dict[str, str] = field(default_factory=dict)

    def role_in(self, namespace: str) -> str | None:
        """The role in a namespace, `admin` in one's own, None outside."""
        wanted = namespace.lower()
        return "admin" if wanted == self.name.lower() else self.orgs.get(wanted)

    def token_allows(self, permission: str, namespace: str, repo_id: str) -> bool:
        """Whether the token itself (not the person) reaches `permission` on a repository.

        Names of fine-grained permissions are those seen in published answers of `whoami-v2`.
        """
        if self.scopes is not None:
            return bool(self.scopes & {"write-repos", "manage-repos"}) or (
                permission == "repo.content.read" and bool(self.scopes & {"read-repos", "contribute-repos"})
            )
        if self.role in {"write", "god"}:
            return True
        if self.role == "read":
            return permission == "repo.content.read"
        entities = {namespace.lower(), repo_id.lower()}
        granted = {
            name
            for scope in self.scoped
            if str(scope.get("entity", {}).get("name", "")).lower() in entities
            for name in scope.get("permissions", [])
        }
        return "repo.write" in granted or permission in granted

    @property
    def reads_gated(self) -> bool:
        """Whether the token may read public gated repositories that its person may read."""
        if self.scopes is not None:
            return bool(self.scopes & {"gated-repos", "read-repos", "write-repos", "manage-repos"})
        return self.role != "fineGrained" or self.can_read_gated


def viewer_of(store: Store, person: sqlite3.Row, token: sqlite3.Row | None = None) -> Viewer:
    """Make the viewer of a person, with full reach (a signed-in browser) or that of a token."""
    orgs = store.all("SELECT org.name, role FROM membership JOIN org ON org.id=org WHERE person=?", person["id"])
    roles = {row["name"].lower(): row["role"] for row in orgs}
    viewer = Viewer(person["id"], person["hub_id"], person["name"], orgs=roles)
    if token is not None:
        viewer.role = token["role"]
        viewer.can_read_gated = bool(token["can_read_gated"])
        viewer.scoped = json.loads(token["scoped"])
        viewer.scopes = None if token["scopes"] is None else set(token["scopes"].split())
    return viewer


def identify(call: Call) -> Viewer | None:
    """The person behind a call, from the Bearer token or the browser's cookie; None for an anonymous one.

    Raises Refusal 401 for a token that is unknown, expired or revoked (observed behaviour of the Hub: on every route).
    """
    header = call.headers.get("authorization", "")
    if header:
        kind, _, value = header.partition(" ")
        if kind.lower() == "basic":  # the credentials of an OAuth client, not of a person
            return None
        token = call.store.one("SELECT * FROM token WHERE token=?", value.strip())
        if token is None or token["revoked"] or (token["expires"] is not None and token["expires"] < time.time()):
            raise Refusal(401, ANONYMOUS)
        person = call.store.one("SELECT * FROM person WHERE id=?", token["person"])
        return None if person is None else viewer_of(call.store, person, token)
    cookie = call.cookies.get("sandbox_person")
    if cookie:
        person = call.store.one("SELECT * FROM person WHERE hub_id=?", cookie)
        return None if person is None else viewer_of(call.store, person)
    return None


def find_person(store: Store, name: str | None = None, hub_id: str | None = None) -> sqlite3.Row | None:
    if hub_id is not None:
        return store.one("SELECT * FROM person WHERE hub_id=?", hub_id)
    return store.one("SELECT * FROM person WHERE name=?", name)


def add_person(store: Store, name: str, **about: Any) -> sqlite3.Row:
    """Create a person, or change what is given: `id`, `fullname`, `email`, `emailVerified`, `isPro`, `token`."""
    with store.write():
        if store.one("SELECT 1 FROM org WHERE name=?", name):
            raise Refusal(409, f"{name} is an organization")
        store.run(
            "INSERT INTO person(hub_id, name, fullname, email, created_at) VALUES(?,?,?,?,?)"
            " ON CONFLICT(name) DO NOTHING",
            about.get("id") or new_id(),
            name,
            about.get("fullname") or name.replace("-", " ").title(),
            about.get("email", f"{name.lower()}@example.org"),
            stamp(),
        )
        for key, column in (
            ("fullname", "fullname"),
            ("email", "email"),
            ("emailVerified", "email_verified"),
            ("isPro", "is_pro"),
        ):
            if key in about:
                store.run(f"UPDATE person SET {column}=? WHERE name=?", about[key], name)  # noqa: S608  # fixed names
        if about.get("token"):
            add_token(store, name, about["token"])
        person = find_person(store, name)
    assert person is not None  # it was made above
    return person


def add_token(store: Store, name: str, token: str, **about: Any) -> None:
    """Give a person a token: `role` (read, write, god, fineGrained), `displayName`, `canReadGatedRepos`, `scoped`."""
    person = find_person(store, name)
    if person is None:
        raise Refusal(404, "User not found")
    with store.write():
        store.run(
            "INSERT OR REPLACE INTO token(token, person, role, display_name, created_at, can_read_gated, scoped,"
            " scopes, expires) VALUES(?,?,?,?,?,?,?,?,?)",
            token,
            person["id"],
            about.get("role", "write"),
            about.get("displayName", "sandbox"),
            stamp(),
            int(about.get("canReadGatedRepos", True)),
            json.dumps(about.get("scoped", [])),
            about.get("scopes"),
            about.get("expires"),
        )


def add_org(store: Store, name: str, members: dict[str, str], **about: Any) -> None:
    """Create an organisation, or change the roles of some members of an existing one."""
    with store.write():
        if find_person(store, name):
            raise Refusal(409, f"{name} is a user")
        store.run(
            "INSERT INTO org(hub_id, name, fullname, plan) VALUES(?,?,?,?) ON CONFLICT(name) DO NOTHING",
            about.get("id") or new_id(),
            name,
            about.get("fullname") or name.replace("-", " ").title(),
            about.get("plan"),
        )
        org = store.one("SELECT id FROM org WHERE name=?", name)
        for member, role in members.items():
            person = find_person(store, member)
            if person is None or org is None:
                raise Refusal(404, f"User not found: {member}")
            if role not in ROLES:
                raise Refusal(400, f"{role} is not a role; choose one of {', '.join(ROLES)}")
            store.run("INSERT OR REPLACE INTO membership VALUES(?,?,?)", org["id"], person["id"], role)


def avatar(name: str) -> str:
    return f"/avatars/{name}.svg"


def card_of(person: sqlite3.Row) -> dict[str, Any]:
    """A person as the Hub shows one in lists."""
    return {
        "_id": person["hub_id"],
        "avatarUrl": avatar(person["name"]),
        "fullname": person["fullname"],
        "isPro": bool(person["is_pro"]),
        "user": person["name"],
        "type": "user",
    }


def orgs_of(store: Store, person_id: int) -> list[sqlite3.Row]:
    return store.all(
        "SELECT org.*, role FROM membership JOIN org ON org.id=org WHERE person=? ORDER BY org.name", person_id
    )
