"""An audit as JSON: every row of every list, written out one after the other, whatever their number."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TextIO

from .facts import Audit, CardChange, Listed, RepositoryFacts
from .findings import Finding
from .history import parts_of

SCHEMA = "gatekeeper-audit"
VERSION = 1  # raised when a key changes its meaning or goes away


def write(audit: Audit, found: Sequence[Finding], out: TextIO) -> None:
    """Write an audit as one JSON object, a line for each repository's facts and for each person."""
    head = json.dumps(_head(audit, found), ensure_ascii=False, indent=1)
    out.write(head.removesuffix("\n}") + ',\n "repositories": [')
    for number, facts in enumerate(audit.repositories):
        out.write(",\n" if number else "\n")
        out.write(json.dumps(_repository(audit, facts), ensure_ascii=False).removesuffix("}") + ', "people": ')
        out.writelines(_people(facts))
        out.write("}")
    out.write("\n ]\n}\n")


def _people(facts: RepositoryFacts) -> Iterator[str]:
    """Yield the rows as a JSON array, or null where no names may be written down."""
    if facts.rows is None:
        yield "null"
        return
    yield "["
    for number, line in enumerate(facts.rows):
        yield f"{',' if number else ''}\n  {line}"
    yield "]"


def _head(audit: Audit, found: Sequence[Finding]) -> dict[str, Any]:
    token = audit.token
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "namespace": audit.namespace.name,
        "organisation": audit.namespace.is_organisation,
        "hub": audit.endpoint,
        "begun_at": _at(audit.begun_at),
        "ended_at": _at(audit.ended_at),
        "calls": audit.calls,
        "names_people": audit.with_people,
        "repositories_seen": audit.seen,
        "token": {
            "owner": token.owner if audit.with_people else None,
            "role": token.role,
            "label": token.label if audit.with_people else None,
            "created_at": _at(token.created_at),
            "expires_at": _at(token.expires_at),
            "owner_role_in_namespace": token.role_there or None,
            "scopes": [
                {"kind": scope.kind, "name": scope.name, "permissions": list(scope.permissions)}
                for scope in audit.told_scopes
            ],
        },
        "members": {
            "complete": audit.insiders.complete,
            "count": len(audit.insiders.people),
            "roles": {role or "unknown": number for role, number in audit.insiders.roles.items()},
            "people": [
                {"user": name, "user_id": hub_id, "role": role or None}
                for hub_id, (name, role) in audit.insiders.people.items()
            ]
            if audit.with_people
            else None,
        },
        "findings": [
            {
                "code": one.code,
                "severity": one.severity,
                "repository": one.repository or None,
                "message": one.message % one.values,
                "why": one.why,
                "to_do": one.todo,
                "values": dict(one.values),
            }
            for one in found
        ],
        "gaps": [
            {"code": gap.code, "repository": gap.repository or None, "message": gap.message % gap.values}
            for gap in audit.gaps
        ],
    }


def _repository(audit: Audit, facts: RepositoryFacts) -> dict[str, Any]:
    state = facts.state
    return {
        "kind": state.kind,
        "name": state.name,
        "hub_id": state.hub_id,
        "gate": state.gate or None,
        "private": state.private,
        "created_at": _at(facts.created_at),
        "modified_at": _at(facts.modified_at),
        "commit": state.commit,
        "tags": list(state.tags),
        "card": parts_of(facts.card) if facts.card is not None else None,
        "licence_file": facts.licence_file or None,
        "licence_file_changed_at": _at(facts.licence_changed_at),
        "accepted_before_licence_file": facts.accepted_before_licence,
        "commits_read": facts.commits_read,
        "first_commit_at": _at(facts.began_at),
        "accepted_before_first_commit": facts.accepted_before_began,
        "changes": [_change(audit, change) for change in facts.changes],
        "lists": {status: _listed(audit, listed) for status, listed in facts.lists.items()},
    }


def _change(audit: Audit, change: CardChange) -> dict[str, Any]:
    return {
        "commit": change.commit.sha,
        "at": _at(change.commit.at),
        "by": list(change.commit.authors) if audit.with_people else None,
        "title": change.commit.title if audit.with_people else None,
        "accepted_before": change.accepted_before,
        "parts": {shift.part: {"before": shift.before, "after": shift.after} for shift in change.shifts},
    }


def _listed(audit: Audit, listed: Listed) -> dict[str, Any]:
    told: dict[str, Any] = {
        "read": not listed.unread,
        "complete": not listed.gap,
        "gap": listed.gap or None,
        "count": listed.total,
        "without_name": listed.hidden,
        "members": listed.insiders,
        "oldest_request_at": _at(listed.oldest),
        "newest_request_at": _at(listed.newest),
    }
    if listed.status == "pending":
        told["waiting_longer_than_days"] = {str(days): number for days, number in listed.over.items()}
    if listed.status == "accepted":
        told |= {
            "nobody_decided": listed.undecided,
            "added_by_hand": listed.by_hand,
            "granter_gone": listed.granter_gone,
            "granters": len(listed.granters),
            "granted_by": [
                {"user": name, "user_id": hub_id or None, "member": hub_id in audit.insiders.people, "count": number}
                for (hub_id, name), number in listed.granters.items()
            ]
            if audit.with_people
            else None,
        }
    return told


def _at(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
