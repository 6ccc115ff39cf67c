"""What is read of an announcement of the Hub, and that nothing which can be sent breaks it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.rules.announcements import LONGEST, SCOPES, Announcement, Unreadable, broadened, read

REPO = {"type": "model", "name": "aurora-lab/aurora-xl", "id": "6366c000a2abcdf2fd69a080", "private": False}
PAYLOAD: dict[str, Any] = {
    "event": {"action": "update", "scope": "repo.content"},
    "repo": REPO | {"headSha": "c379e821", "owner": {"id": "61d2000c3c2083e1c08af22d"}},
    "updatedRefs": [
        {"ref": "refs/heads/main", "oldSha": None, "newSha": "575db8b7"},
        {"ref": "refs/pr/19", "oldSha": None, "newSha": "575db8b7"},
    ],
    "webhook": {"id": "6390e855e30d9209411de93b", "version": 3},
}


def said(**changes: Any) -> Announcement:
    """What is read of the payload with changes."""
    return read(json.dumps(PAYLOAD | changes).encode())


def test_it_says_where_to_look_and_nothing_else() -> None:
    assert said() == Announcement(REPO["id"], "model", "aurora-lab/aurora-xl", "repo.content", (19,))  # type: ignore[arg-type]  # a text
    discussion = {"num": 7, "isPullRequest": True, "status": "open", "title": "Nicer"}
    found = said(event={"scope": "discussion", "action": "create"}, discussion=discussion, updatedRefs=None)
    assert (found.scope, found.pull_requests) == ("discussion", (7,))
    assert found.asks_for_a_look


@pytest.mark.parametrize("scope", ["discussion", "discussion.comment", "discussion.comment.reaction"])
def test_where_people_only_talk_there_is_nothing_to_see(scope: str) -> None:
    """Of a discussion that is no pull request."""
    found = said(event={"scope": scope}, discussion={"num": 7, "isPullRequest": False}, updatedRefs=[])
    assert not found.asks_for_a_look


@pytest.mark.parametrize(
    ("scope", "broader"),
    [
        *((scope, scope) for scope in SCOPES),
        ("repo.config.dois", "repo.config"),
        ("repo.gate", "repo"),
        ("repo.content.a.b.c.d.e.f", "repo.content"),
        ("gate.request", "repo"),
        ("", "repo"),
        ("repository", "repo"),
        (None, "repo"),
        (["repo"], "repo"),
    ],
)
def test_an_unknown_scope_is_the_broader_one(scope: Any, broader: str) -> None:
    """The whole repository where nothing of it is known."""
    assert broadened(scope) == broader
    assert said(event={"scope": scope, "action": "never heard of"}).scope == broader


@pytest.mark.parametrize("webhook", [{"version": 4}, {}, None, {"version": "3"}])
def test_an_unknown_version_is_about_the_whole_repository(webhook: Any) -> None:
    """Its words may mean something else."""
    found = said(webhook=webhook, event={"scope": "discussion.comment"}, updatedRefs=None)
    assert (found.scope, found.hub_id) == ("repo", REPO["id"])
    assert found.asks_for_a_look


@pytest.mark.parametrize(
    "repo",
    [
        None,
        [],
        "aurora-lab/aurora-xl",
        {},
        {"id": 7, "name": "../..", "type": "space"},
        {"id": "A" * 24, "name": "a\x00/b"},
    ],
)
def test_a_repository_that_cannot_be_is_none(repo: Any) -> None:
    found = said(repo=repo)
    assert (found.hub_id, found.kind, found.name) == ("", "", "")


@pytest.mark.parametrize("number", [0, -1, 2**31, 1.5, "7", True, None, [7], 10**400])
def test_a_number_that_cannot_be_is_none(number: Any) -> None:
    assert said(discussion={"num": number, "isPullRequest": True}, updatedRefs=[]).pull_requests == ()


def test_it_takes_so_many_pull_requests_and_no_more() -> None:
    refs = [{"ref": f"refs/pr/{number}"} for number in (*range(1, 1000), 3)]
    assert said(updatedRefs=refs).pull_requests == tuple(range(1, 21))
    odd = [{"ref": "refs/pr/0"}, {"ref": "refs/pr/٣"}, {"ref": "refs/pr/7/head"}, "refs/pr/8", {"ref": 9}]
    assert said(updatedRefs=odd).pull_requests == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"repo"',
        b"{",
        b"\xff\xfe{}",
        b'{"a": ' * 30 + b"1" + b"}" * 30,
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"1" * 5_000,
        b"{}" + b" " * LONGEST,
    ],
)
def test_what_is_no_announcement_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=6,
)
KEYS = st.sampled_from(["event", "repo", "discussion", "comment", "webhook", "updatedRefs", "movedTo"])
INNER = st.sampled_from(["scope", "id", "type", "name", "num", "isPullRequest", "version", "ref"])


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(KEYS, anything | st.dictionaries(INNER, anything) | st.lists(st.dictionaries(INNER, anything))))
def test_nothing_of_any_shape_breaks_it(payload: Any) -> None:
    """And what comes out can be asked of the database."""
    found = read(json.dumps(payload).encode())
    assert found.scope in SCOPES
    assert "\x00" not in found.hub_id + found.kind + found.name
    assert all(0 < number < 2**31 for number in found.pull_requests)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_break_it(body: bytes) -> None:
    try:
        read(body)
    except Unreadable:
        return
