"""Repositories: made, described, listed, moved, deleted, and their settings (the gate among them)."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from gatekeeper.hub.sandbox import files
from gatekeeper.hub.sandbox.people import WRITING_ROLES, Viewer, find_person
from gatekeeper.hub.sandbox.store import Store, new_id, stamp
from gatekeeper.hub.sandbox.wire import ANONYMOUS, Answer, Call, Refusal, as_json, redirect, route

GATES = {"auto": "auto", "manual": "manual", False: None}
VISIBILITIES = ("public", "private", "protected")
NOT_PERMITTED = "You have read access but not the required permissions for this operation"


def repo_id(repo: sqlite3.Row) -> str:
    return f"{repo['namespace']}/{repo['name']}"


def page_of(repo: sqlite3.Row) -> str:
    """The path of a repository's page."""
    return f"/{repo_id(repo)}" if repo["type"] == "model" else f"/{repo['type']}s/{repo_id(repo)}"


def find_repo(store: Store, kind: str, namespace: str, name: str) -> sqlite3.Row | None:
    return store.one("SELECT * FROM repo WHERE type=? AND namespace=? AND name=?", kind, namespace, name)


def may_write(repo: sqlite3.Row, viewer: Viewer | None, permission: str = "repo.write") -> bool:
    """Whether the person has write on a repository and the token carries it."""
    if viewer is None:
        return False
    role = viewer.role_in(repo["namespace"])
    by_role = role in WRITING_ROLES or (role == "contributor" and repo["creator"] == viewer.id)
    return by_role and viewer.token_allows(permission, repo["namespace"], repo_id(repo))


def may_see(repo: sqlite3.Row, viewer: Viewer | None) -> bool:
    """Whether a repository exists for a viewer: a private one only for its owner and its organisation's members."""
    if repo["visibility"] != "private":
        return True
    if viewer is None or viewer.role_in(repo["namespace"]) in {None, "no_access"}:
        return False
    return viewer.token_allows("repo.content.read", repo["namespace"], repo_id(repo))


def moved_to(call: Call, kind: str, namespace: str, name: str) -> sqlite3.Row | None:
    return call.store.one(
        "SELECT repo.* FROM moved JOIN repo ON repo.id=moved.repo"
        " WHERE moved.type=? AND moved.namespace=? AND moved.name=?",
        kind, namespace, name,
    )  # fmt: skip


class Moved(Exception):
    """The repository has another name now; the answer is a redirect that keeps method and body."""

    def __init__(self, location: str) -> None:
        self.location = location


def repo_of(call: Call) -> sqlite3.Row:
    """The repository named by the first three pieces of a path.

    Raises Refusal 404 `RepoNotFound`, 401 with the same code for an anonymous caller, Moved for an earlier name.
    """
    kind = (call.args[0] or "models").removesuffix("s")
    repo = find_repo(call.store, kind, call.args[1], call.args[2])
    if repo is None and (new := moved_to(call, kind, call.args[1], call.args[2])) is not None:
        old_page = f"{call.args[1]}/{call.args[2]}"
        query = f"?{call.query_string}" if call.query_string else ""
        raise Moved(call.base + call.path.replace(old_page, repo_id(new), 1) + query)
    if repo is None or not may_see(repo, call.viewer):
        if call.viewer is None:
            raise Refusal(401, ANONYMOUS, "RepoNotFound")
        raise Refusal(404, "Repository not found", "RepoNotFound")
    return repo


def owned_repo(call: Call, permission: str = "repo.write") -> sqlite3.Row:
    """The repository of a call that needs write on it.

    Raises Refusal: 401 anonymous, 404 unknown, 403 without write, in that order.
    """
    call.me()
    repo = repo_of(call)
    if not may_write(repo, call.viewer, permission):
        raise Refusal(403, NOT_PERMITTED)
    return repo


def namespace_of(call: Call, given: str | None) -> str:
    """The namespace to create or delete in; raises Refusal 403 when the caller may not write there."""
    me = call.me()
    namespace = given or me.name
    role = me.role_in(namespace)
    if role not in {*WRITING_ROLES, "contributor"} or not me.token_allows("repo.write", namespace, namespace):
        raise Refusal(403, f'You don\'t have the rights to create a model under the namespace "{namespace}"')
    return namespace


def make_repo(store: Store, kind: str, namespace: str, name: str, **about: Any) -> sqlite3.Row:
    """Make a repository with its first revision; raises Refusal 409 when the name is taken."""
    if find_repo(store, kind, namespace, name) is not None:
        raise Refusal(409, f"You already created this {kind} repo: {namespace}/{name}")
    now = stamp()
    store.run("DELETE FROM moved WHERE type=? AND namespace=? AND name=?", kind, namespace, name)
    number = store.run(
        "INSERT INTO repo(hub_id, type, namespace, name, visibility, gated, org_members_gated, hide_usernames, creator,"
        " created_at, modified_at) VALUES(?,?,?,?,?,?,?,?,?,?,?)",
        new_id(), kind, namespace, name, about.get("visibility", "public"), about.get("gated"),
        int(about.get("org_members_gated", False)), about.get("hide_usernames"), about.get("creator"), now, now,
    )  # fmt: skip
    start = {".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n", **about.get("files", {})}
    files.commit(store, number, namespace, "initial commit", "", start, set(), date=about.get("date"))
    repo = find_repo(store, kind, namespace, name)
    assert repo is not None  # it was made above
    return repo


@route("POST", "/api/repos/create")
def create(call: Call) -> Answer:
    me = call.me()
    namespace = namespace_of(call, call.json.get("organization"))
    kind = call.json.get("type") or "model"
    visibility = call.json.get("visibility") or ("private" if call.json.get("private") else "public")
    name = str(call.json.get("name", ""))
    if (there := find_repo(call.store, kind, namespace, name)) is not None:
        # With the address of the one there, which the client gives to a caller for whom that is good enough.
        raise Refusal(409, f"You already created this {kind} repo", url=call.base + page_of(there))
    repo = make_repo(call.store, kind, namespace, name, visibility=visibility, creator=me.id)
    call.tell("repo", repo, "create")
    return as_json({"url": call.base + page_of(repo), "name": repo_id(repo), "id": repo["hub_id"]})


def remove_repo(store: Store, repo: sqlite3.Row) -> None:
    number = repo["id"]
    # The commits of a pull request stand in the same table, under the negative number of its discussion.
    store.run("UPDATE revision SET repo=? WHERE -repo IN (SELECT id FROM discussion WHERE repo=?)", number, number)
    store.run("DELETE FROM pull WHERE discussion IN (SELECT id FROM discussion WHERE repo=?)", number)
    store.run("DELETE FROM file WHERE revision IN (SELECT id FROM revision WHERE repo=?)", number)
    store.run("DELETE FROM happening WHERE discussion IN (SELECT id FROM discussion WHERE repo=?)", number)
    for table in ("revision", "request", "past", "moved", "discussion"):
        store.run(f"DELETE FROM {table} WHERE repo=?", number)  # noqa: S608  # names from the line above
    store.run("DELETE FROM repo WHERE id=?", number)


@route("DELETE", "/api/repos/delete")
def delete(call: Call) -> Answer:
    me = call.me()
    namespace = call.json.get("organization") or me.name
    repo = find_repo(call.store, call.json.get("type") or "model", namespace, str(call.json.get("name")))
    if repo is None or not may_see(repo, me):
        raise Refusal(404, "Repository not found", "RepoNotFound")
    if not may_write(repo, me):
        raise Refusal(403, NOT_PERMITTED)
    remove_repo(call.store, repo)
    call.tell("repo", repo, "delete")
    return as_json({})


def rename_repo(store: Store, repo: sqlite3.Row, namespace: str, name: str) -> None:
    """Give a repository another name; the old one leads to it until it is used again."""
    if find_repo(store, repo["type"], namespace, name) is not None:
        raise Refusal(409, f"A {repo['type']} repo named {namespace}/{name} already exists")
    store.run("INSERT OR REPLACE INTO moved VALUES(?,?,?,?)", repo["type"], repo["namespace"], repo["name"], repo["id"])
    store.run("DELETE FROM moved WHERE type=? AND namespace=? AND name=?", repo["type"], namespace, name)
    store.run("UPDATE repo SET namespace=?, name=?, modified_at=? WHERE id=?", namespace, name, stamp(), repo["id"])


def rename_namespace(store: Store, old: str, new: str) -> None:
    """Give all repositories of a namespace its new name; their old names lead there."""
    for repo in store.all("SELECT * FROM repo WHERE namespace=?", old):
        if new.lower() == old.lower():
            store.run("UPDATE repo SET namespace=? WHERE id=?", new, repo["id"])
        else:
            rename_repo(store, repo, new, repo["name"])


@route("POST", "/api/repos/move")
def move(call: Call) -> Answer:
    me = call.me()
    old, new = str(call.json.get("fromRepo", "")).split("/"), str(call.json.get("toRepo", "")).split("/")
    if len(old) != 2 or len(new) != 2:
        raise Refusal(400, "Invalid repo name")
    repo = find_repo(call.store, call.json.get("type") or "model", *old)
    if repo is None or not may_see(repo, me):
        raise Refusal(404, "Repository not found", "RepoNotFound")
    if not may_write(repo, me):
        raise Refusal(403, NOT_PERMITTED)
    namespace_of(call, new[0])
    rename_repo(call.store, repo, *new)
    call.tell("repo", repo, "move", movedTo={"name": "/".join(new)})
    return as_json({})


def set_gate(store: Store, repo: sqlite3.Row, gated: str | None) -> None:
    store.run("UPDATE repo SET gated=?, modified_at=? WHERE id=?", gated, stamp(), repo["id"])


@route("PUT", "REPO/settings")
def settings(call: Call) -> Answer:
    """Change settings. The answer echoes only what was sent about gate and visibility (observed on the Hub)."""
    repo = owned_repo(call)
    sent = call.json
    echo: dict[str, Any] = {}
    if "gated" in sent:
        gate = sent["gated"]
        # JSON's 0 and false are equal in Python, and the Hub takes only the latter.
        if not (gate is False or (isinstance(gate, str) and gate in GATES)):
            raise Refusal(400, '* Invalid option: expected one of "auto"|"manual"|false * at gated')
        set_gate(call.store, repo, GATES[gate])
        echo["gated"] = gate
    for key in ("private", "orgMembersGated", "discussionsDisabled"):
        if key in sent and not isinstance(sent[key], bool):
            raise Refusal(400, f"* Invalid input: expected boolean * at {key}")
    if "visibility" in sent and sent["visibility"] not in VISIBILITIES:
        raise Refusal(400, '* Invalid option: expected one of "public"|"private"|"protected" * at visibility')
    visibility = sent.get("visibility")
    if "private" in sent:
        visibility = visibility or ("private" if sent["private"] else "public")
    if visibility:
        call.store.run("UPDATE repo SET visibility=?, modified_at=? WHERE id=?", visibility, stamp(), repo["id"])
    if "orgMembersGated" in sent:
        call.store.run("UPDATE repo SET org_members_gated=? WHERE id=?", int(sent["orgMembersGated"]), repo["id"])
    if sent.get("gatedNotificationsMode", "bulk") not in {"bulk", "real-time"}:
        raise Refusal(400, '* Invalid option: expected one of "bulk"|"real-time" * at gatedNotificationsMode')
    echo |= {key: sent[key] for key in ("private", "visibility", "orgMembersGated") if key in sent}
    kept = json.loads(repo["settings"]) | {
        key: sent[key]
        for key in ("gatedNotificationsMode", "gatedNotificationsEmail", "discussionsDisabled", "discussionsSorting")
        if key in sent
    }
    call.store.run("UPDATE repo SET settings=? WHERE id=?", json.dumps(kept), repo["id"])
    tell_of_settings(call, repo, visibility)
    return as_json(echo)


def tell_of_settings(call: Call, repo: sqlite3.Row, visibility: str | None = None) -> None:
    """Tell of changed settings. Only visibility is named; a change of the gate is an empty object (documented)."""
    call.tell("repo.config", repo, updatedConfig={"private": visibility == "private"} if visibility else {})


def creator_id(store: Store, name: str | None) -> int | None:
    person = find_person(store, name) if name else None
    return person["id"] if person else None


def moved_answer(moved: Moved) -> Answer:
    return redirect(moved.location, 307)
