"""Commits as the client makes them: onto main, onto a pull request, or as a new pull request."""

from __future__ import annotations

import base64
import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gatekeeper.hub.sandbox import discussions, files, pulls
from gatekeeper.hub.sandbox.repos import NOT_PERMITTED, may_write, owned_repo, page_of, repo_of
from gatekeeper.hub.sandbox.wire import Answer, Call, Refusal, as_json, route

QUESTION_TYPES = {"text", "checkbox", "date_picker", "country", "select", "ip_location"}
MAIN = {"main", "refs/heads/main"}


@route("POST", "REPO/preupload/([^/]+)")
def preupload(call: Call) -> Answer:
    """How each file is to be sent: here always with the commit. Known ids let the client skip what is unchanged."""
    repo, pull = to_commit_to(call)
    onto = head_of(call, repo, pull)
    known = {file["path"]: file["oid"] for file in files.tree_of(call.store, onto)}
    asked = [file["path"] for file in call.json.get("files", [])]
    return as_json(
        {
            "files": [
                {"path": path, "uploadMode": "regular", "shouldIgnore": False, "oid": known.get(path)} for path in asked
            ]
        }
    )


def to_commit_to(call: Call) -> tuple[sqlite3.Row, sqlite3.Row | None]:
    """The repository of a call and, where it names one, the pull request that is committed to.

    Writers commit to main; to a pull request its author does too; anyone signed in may open one.
    Raises Refusal 403 for others, 404 for a revision that nobody can commit to.
    """
    call.me()
    revision = call.args[3]
    if revision in MAIN:
        return (repo_of(call) if call.flag("create_pr") else owned_repo(call, "repo.content.write")), None
    repo = repo_of(call)
    pull = pulls.named(call.store, repo, revision)
    if pull is None:
        raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    if pull["author"] != call.me().id and not may_write(repo, call.viewer, "repo.content.write"):
        raise Refusal(403, NOT_PERMITTED)
    return repo, pull


def head_of(call: Call, repo: sqlite3.Row, pull: sqlite3.Row | None) -> sqlite3.Row:
    return files.head_of(call.store, repo) if pull is None else pulls.head_of(call.store, pull)


@dataclass
class Sent:
    """A commit as it was sent."""

    header: dict[str, Any] = field(default_factory=dict)
    added: dict[str, bytes] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)


def read_commit(body: bytes) -> Sent:
    """Read a commit's lines of JSON; raises Refusal 400."""
    sent = Sent()
    try:
        for line in filter(None, body.split(b"\n")):
            piece = json.loads(line)
            value = piece["value"]
            if piece["key"] == "header":
                sent.header = value
            elif piece["key"] == "file":
                content = value["content"]
                sent.added[value["path"]] = (
                    base64.b64decode(content) if value.get("encoding") == "base64" else content.encode()
                )
            elif piece["key"] == "deletedFile":
                sent.removed.add(value["path"])
            elif piece["key"] == "deletedFolder":
                sent.removed.add(value["path"].rstrip("/") + "/")
            else:
                raise Refusal(400, f"The sandbox takes no {piece['key']} in a commit")
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal(400, "Invalid commit") from error
    if not sent.header.get("summary"):
        raise Refusal(400, "Missing commit summary")
    if "README.md" in sent.added and (faults := card_faults(sent.added["README.md"].decode(errors="replace"))):
        raise Refusal(400, "Invalid metadata in README.md: " + "; ".join(faults))
    return sent


@route("POST", "REPO/commit/([^/]+)")
def commit(call: Call) -> Answer:
    """A commit as lines of JSON; raises Refusal 412 when another one happened since its `parentCommit`."""
    repo, pull = to_commit_to(call)
    sent, me = read_commit(call.body), call.me()
    before = head_of(call, repo, pull)
    parent = sent.header.get("parentCommit")
    if parent and not before["sha"].startswith(parent):
        raise Refusal(412, "A commit has happened since. Please refresh and try again.")
    title, message = sent.header["summary"], sent.header.get("description") or ""
    answer: dict[str, Any] = {}
    if pull is None and not call.flag("create_pr"):
        sha = files.commit(call.store, repo["id"], me.name, title, message, sent.added, sent.removed)
        tell_of_commit(call, repo, "refs/heads/main", before["sha"], sha)
    else:
        if pull is None:
            num = discussions.begin(call, repo, title, message or title, pull_request="open")
            pull = pulls.named(call.store, repo, f"refs/pr/{num}")
            assert pull is not None  # it was begun above
            answer["pullRequestUrl"] = f"{call.base}{page_of(repo)}/discussions/{num}"
        sha = pulls.commit(call.store, pull, me.name, title, message, sent.added, sent.removed)
        discussions.add_event(call, pull["discussion"], "commit", {"subject": title, "oid": sha})
        tell_of_commit(call, repo, f"refs/pr/{pull['num']}", None if answer else before["sha"], sha)
    answer |= {"success": True, "commitOid": sha, "hookOutput": ""}
    return as_json(answer | {"commitUrl": f"{call.base}{page_of(repo)}/commit/{sha}"})


def tell_of_commit(call: Call, repo: sqlite3.Row, ref: str, before: str | None, after: str) -> None:
    """Tell of a branch that moved; `before` is None for a new one."""
    call.tell("repo.content", repo, updatedRefs=[{"ref": ref, "oldSha": before, "newSha": after}])


def card_faults(text: str) -> list[str]:
    """What is wrong with the metadata of a card, one sentence each."""
    block = files.front_matter(text)
    if block is None:
        return []
    try:
        card = YAML(typ="safe", pure=True).load(block)
    except YAMLError as error:
        return [" ".join(str(error).split())]
    if card is None:
        return []
    if not isinstance(card, dict):
        return ["The metadata is not a mapping"]
    fields = card.get("extra_gated_fields", {})
    if not isinstance(fields, dict):
        return ['"extra_gated_fields" must be of type object']
    faults = []
    for label, kind in fields.items():
        name = kind.get("type") if isinstance(kind, dict) else kind
        if name not in QUESTION_TYPES:
            faults.append(f'"extra_gated_fields.{label}" must be one of [{", ".join(sorted(QUESTION_TYPES))}]')
        elif name == "select" and not (isinstance(kind, dict) and kind.get("options")):
            faults.append(f'"extra_gated_fields.{label}.options" is required')
    return faults


@route("POST", "/api/validate-yaml")
def validate_yaml(call: Call) -> Answer:
    text = str(call.json.get("content", ""))
    faults = card_faults(text)
    warnings = [] if files.front_matter(text) is not None else ["empty or missing yaml metadata in repo card"]
    return as_json(
        {"errors": [{"message": fault} for fault in faults], "warnings": [{"message": line} for line in warnings]},
        400 if faults else 200,
    )
