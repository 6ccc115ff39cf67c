"""What the Hub announces by a webhook, read from its bytes. Nothing in it is believed: it only says where to look.

Source: the Hub's documentation of webhooks, payload version 3. What is not known counts as the broader scope.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

LONGEST = 256 * 1024  # bytes of a body
DEEPEST = 20
VERSION = 3
MOST_PULL_REQUESTS = 20
LARGEST_NUMBER = 2**31 - 1
SCOPES = ("repo", "repo.content", "repo.config", "discussion", "discussion.comment")
KINDS = ("model", "dataset")
HUB_ID = re.compile(r"[0-9a-f]{24}")
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}", re.ASCII)
PULL_REQUEST = re.compile(r"refs/pr/([1-9][0-9]{0,9})", re.ASCII)


class Unreadable(Exception):
    """A body that is no announcement: no JSON, no object, or nested too deeply."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """A repository (by id, by kind and name, or by none), how broad the change is, and pull requests it is about."""

    hub_id: str = ""
    kind: str = ""
    name: str = ""
    scope: str = "repo"
    pull_requests: tuple[int, ...] = ()

    @property
    def asks_for_a_look(self) -> bool:
        """Say whether anything of interest here may have changed: not where people only talk."""
        return self.scope.startswith("repo") or bool(self.pull_requests)


def read(body: bytes) -> Announcement:
    """Return what a body announces; whatever in it has another shape than it should is left out. Raises Unreadable."""
    if len(body) > LONGEST:
        raise Unreadable
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable from None
    if not isinstance(found, dict) or _too_deep(found):
        raise Unreadable
    repo, event, webhook = (_object(found, key) for key in ("repo", "event", "webhook"))
    known = webhook.get("version") == VERSION
    return Announcement(
        hub_id=_matching(HUB_ID, repo.get("id")),
        kind=repo["type"] if repo.get("type") in KINDS else "",
        name=_matching(NAME, repo.get("name")),
        scope=broadened(event.get("scope")) if known else "repo",
        pull_requests=_pull_requests(found),
    )


def broadened(scope: Any) -> str:
    """Return the narrowest known scope that holds this one; `repo` for what is not known at all."""
    words = scope.split(".")[:5] if isinstance(scope, str) else []
    for end in range(len(words), 0, -1):
        if ".".join(words[:end]) in SCOPES:
            return ".".join(words[:end])
    return "repo"


def _pull_requests(found: dict[str, Any]) -> tuple[int, ...]:
    numbers = []
    discussion = _object(found, "discussion")
    if discussion.get("isPullRequest") is not False:
        numbers.append(discussion.get("num"))
    refs = found.get("updatedRefs")
    for each in refs[: 10 * MOST_PULL_REQUESTS] if isinstance(refs, list) else ():
        ref = _matching(PULL_REQUEST, each.get("ref") if isinstance(each, dict) else None)
        numbers.append(int(ref.removeprefix("refs/pr/")) if ref else None)
    real = (one for one in numbers if type(one) is int and 0 < one <= LARGEST_NUMBER)
    return tuple(dict.fromkeys(real))[:MOST_PULL_REQUESTS]


def _object(found: dict[str, Any], key: str) -> dict[str, Any]:
    inner = found.get(key)
    return inner if isinstance(inner, dict) else {}


def _matching(pattern: re.Pattern[str], text: Any) -> str:
    return text if isinstance(text, str) and pattern.fullmatch(text) else ""


def _too_deep(value: Any) -> bool:
    layer, depth = [value], 0
    while layer:
        depth += 1
        if depth > DEEPEST:
            return True
        layer = [
            inner
            for outer in layer
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return False
