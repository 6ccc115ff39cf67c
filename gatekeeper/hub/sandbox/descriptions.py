"""How repositories are described and listed: public for a public one, gated or not."""

from __future__ import annotations

import sqlite3
from typing import Any

from gatekeeper.hub.sandbox import files
from gatekeeper.hub.sandbox.repos import may_see, repo_id, repo_of
from gatekeeper.hub.sandbox.store import Store
from gatekeeper.hub.sandbox.wire import Answer, Call, as_json, route


def describe(store: Store, repo: sqlite3.Row, revision: sqlite3.Row | None = None) -> dict[str, Any]:
    """A repository as the Hub describes it: public for a public one, gated or not."""
    revision = revision or files.head_of(store, repo)
    tree = files.tree_of(store, revision)
    card = files.card_data(store, tree)
    shown: dict[str, Any] = {
        "_id": repo["hub_id"],
        "id": repo_id(repo),
        "author": repo["namespace"],
        "sha": revision["sha"],
        "lastModified": repo["modified_at"],
        "createdAt": repo["created_at"],
        "private": repo["visibility"] == "private",
        "gated": repo["gated"] or False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": tags_of(card),
        "cardData": card,
        "siblings": [{"rfilename": file["path"]} for file in tree],
    }
    if repo["visibility"] == "protected":
        shown["visibility"] = "protected"
    if repo["type"] == "model":
        shown["modelId"] = shown["id"]
        for key in ("library_name", "pipeline_tag"):
            if card and card.get(key):
                shown[key] = card[key]
    return shown


def tags_of(card: dict[str, Any] | None) -> list[str]:
    """The tags of a card: its own, then the licence and the languages in the Hub's form."""
    if not card:
        return []

    def listed(key: str) -> list[str]:
        value = card.get(key) or []
        return [str(item) for item in (value if isinstance(value, list) else [value])]

    found = [*listed("tags"), *listed("language")]
    found += [f"license:{licence}" for licence in listed("license")]
    found += [f"dataset:{dataset}" for dataset in listed("datasets")]
    return list(dict.fromkeys(found))


def expanded(shown: dict[str, Any], call: Call) -> dict[str, Any]:
    """With `expand` only the properties that were asked for, as the Hub answers."""
    asked = call.query.get("expand", []) + call.query.get("expand[]", [])
    if not asked:
        return shown
    return {key: shown[key] for key in ("_id", "id", "modelId", *asked) if key in shown}


@route("GET", "REPO")
def info(call: Call) -> Answer:
    return as_json(expanded(describe(call.store, repo_of(call)), call))


@route("GET", "REPO/revision/([^/]+)")
def info_at(call: Call) -> Answer:
    repo = repo_of(call)
    return as_json(expanded(describe(call.store, repo, files.revision_of(call.store, repo, call.args[3])), call))


@route("GET", "/api/(models|datasets)")
def listing(call: Call) -> Answer:
    """Repositories, newest first, in pages by key; `author`, `search` and `gated` narrow them."""
    limit = max(1, min(int(call.first("limit", "1000") or 1000), 1000))
    where, values = ["type=?"], [call.args[0].removesuffix("s")]
    if call.first("author"):
        where.append("namespace=?")
        values.append(call.first("author"))
    if call.first("search"):
        where.append("namespace || '/' || name LIKE ? ESCAPE '\\'")
        values.append("%" + call.first("search").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%")
    if call.first("gated"):
        where.append("gated IS NOT NULL" if call.flag("gated") else "gated IS NULL")
    if call.first("cursor"):
        where.append("id < ?")
        values.append(call.first("cursor"))
    found: list[sqlite3.Row] = []
    # Private ones of others are skipped while reading, so that a page is full whoever asks.
    sql = f"SELECT * FROM repo WHERE {' AND '.join(where)} ORDER BY id DESC"  # noqa: S608  # fixed pieces
    for repo in call.store.db.execute(sql, values):
        if may_see(repo, call.viewer):
            found.append(repo)
        if len(found) > limit:
            break
    full = call.flag("full") or call.flag("cardData")
    items = []
    for repo in found[:limit]:
        shown = describe(call.store, repo)
        if not full and not (call.first("expand") or call.first("expand[]")):
            for key in ("cardData", "siblings"):
                shown.pop(key)
        items.append(expanded(shown, call))
    more = call.next_link(cursor=found[limit - 1]["id"]) if len(found) > limit else []
    return as_json(items, headers=more)
