"""Who one is and who others are: whoami, the overview of a person or an organisation, and its members."""

from __future__ import annotations

import json
from typing import Any

from gatekeeper.hub.sandbox.people import avatar, card_of, find_person, orgs_of
from gatekeeper.hub.sandbox.store import stamp
from gatekeeper.hub.sandbox.wire import ANONYMOUS, Answer, Call, Refusal, as_json, route


@route("GET", "/api/whoami-v2")
def whoami(call: Call) -> Answer:
    """Who a token belongs to and what it may do (shape of the Hub's published API description)."""
    me = call.me()
    person = call.store.one("SELECT * FROM person WHERE id=?", me.id)
    token = call.store.one(
        "SELECT * FROM token WHERE token=?", call.headers.get("authorization", "").partition(" ")[2].strip()
    )
    if person is None or token is None:
        raise Refusal(401, ANONYMOUS)
    shown: dict[str, Any] = {
        "displayName": token["display_name"],
        "role": token["role"],
        "createdAt": token["created_at"],
    }
    if token["role"] == "fineGrained":
        shown["fineGrained"] = {
            "canReadGatedRepos": bool(token["can_read_gated"]),
            "global": [],
            "scoped": json.loads(token["scoped"]),
        }
    auth: dict[str, Any] = {"type": "access_token", "accessToken": shown}
    if token["scopes"] is not None:
        auth = {"type": "oauth", "scopes": token["scopes"].split()}
    if token["expires"] is not None:
        auth["expiresAt"] = stamp(token["expires"])
    return as_json(
        {
            "type": "user",
            "id": person["hub_id"],
            "name": person["name"],
            "fullname": person["fullname"],
            "email": person["email"],
            "emailVerified": bool(person["email_verified"]),
            "canPay": False,
            "isPro": bool(person["is_pro"]),
            "avatarUrl": avatar(person["name"]),
            "orgs": [
                {
                    "type": "org",
                    "id": org["hub_id"],
                    "name": org["name"],
                    "fullname": org["fullname"],
                    "plan": org["plan"],
                    "avatarUrl": avatar(org["name"]),
                    "roleInOrg": org["role"],
                    "securityRestrictions": [],
                }
                for org in orgs_of(call.store, person["id"])
            ],
            "auth": auth,
        }
    )


@route("GET", "/api/users/([^/]+)/overview")
def overview(call: Call) -> Answer:
    person = find_person(call.store, call.args[0])
    if person is None:
        raise Refusal(404, "User not found")
    orgs = [
        {"_id": org["hub_id"], "name": org["name"], "fullname": org["fullname"], "avatarUrl": avatar(org["name"])}
        for org in orgs_of(call.store, person["id"])
    ]
    count = call.store.one(
        "SELECT sum(type='model') AS models, sum(type='dataset') AS datasets FROM repo"
        " WHERE namespace=? AND visibility='public'",
        person["name"],
    )
    return as_json(
        card_of(person)
        | {
            "orgs": orgs,
            "createdAt": person["created_at"],
            "numModels": count["models"] or 0 if count else 0,
            "numDatasets": count["datasets"] or 0 if count else 0,
        }
    )


@route("GET", "/api/organizations/([^/]+)/overview")
def org_overview(call: Call) -> Answer:
    org = call.store.one("SELECT * FROM org WHERE name=?", call.args[0])
    if org is None:
        raise Refusal(404, "Organization not found")
    count = call.store.one("SELECT count(*) AS n FROM membership WHERE org=?", org["id"])
    return as_json(
        {
            "_id": org["hub_id"],
            "name": org["name"],
            "fullname": org["fullname"],
            "avatarUrl": avatar(org["name"]),
            "numUsers": count["n"] if count else 0,
            "plan": org["plan"],
            "type": "org",
        }
    )


@route("GET", "/api/organizations/([^/]+)/members")
def members(call: Call) -> Answer:
    """The members of an organisation, in pages by name; roles are shown to members only."""
    org = call.store.one("SELECT * FROM org WHERE name=?", call.args[0])
    if org is None:
        raise Refusal(404, "Organization not found")
    limit = max(1, min(int(call.first("limit", "500") or 500), 500))
    rows = call.store.all(
        "SELECT person.*, role FROM membership JOIN person ON person.id=person WHERE org=? AND person.name>?"
        " ORDER BY person.name LIMIT ?",
        org["id"],
        call.first("cursor"),
        limit + 1,
    )
    inside = call.viewer is not None and call.viewer.role_in(org["name"]) is not None
    page = [card_of(row) | ({"role": row["role"]} if inside else {}) for row in rows[:limit]]
    more = call.next_link(cursor=rows[limit - 1]["name"]) if len(rows) > limit else []
    return as_json(page, headers=more)
