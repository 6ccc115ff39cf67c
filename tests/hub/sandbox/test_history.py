"""What a namespace has and how it became so: repositories by author, commits in pages, who changed a file last."""

from collections.abc import Callable
from typing import Any

from huggingface_hub import HfApi

from gatekeeper.hub.sandbox.control import SandboxControl

Api = Callable[[str], HfApi]
Ask = Callable[..., Any]


def test_commits_come_in_numbered_pages(hub: SandboxControl, api: Api, ask: Ask, gated: str) -> None:
    """With the fields of the published description, and an end that says so by having no next page."""
    for number in range(4):
        hub.set_repo(gated, files={"notes.txt": str(number)}, by="ada", title=f"Note {number}")
    path = f"/api/models/{gated}/commits/main"
    first = ask("GET", f"{path}?limit=3", "bob")
    assert [commit["title"] for commit in first.json()] == ["Note 3", "Note 2", "Note 1"]
    assert set(first.json()[0]) == {"id", "title", "message", "authors", "date"}
    assert first.json()[0]["authors"] == [{"user": "ada", "avatar": "/avatars/ada.svg"}]
    assert "p=1" in first.links["next"]["url"]
    second = ask("GET", first.links["next"]["url"], "bob")
    assert [commit["title"] for commit in second.json()] == ["Note 0", "initial commit"]
    assert "next" not in second.links
    assert len(api("bob").list_repo_commits(gated)) == 5
    assert ask("GET", f"{path}?limit=1001").status_code == 400
    assert ask("GET", f"{path}?limit=none").status_code == 400


def test_a_tree_says_who_touched_a_file_last(hub: SandboxControl, api: Api, gated: str) -> None:
    """Not what the newest commit was: a licence that stood since the beginning says so."""
    hub.set_repo(gated, files={"folder/a.txt": "1"}, title="A folder", date="2026-03-01T00:00:00.000Z")
    hub.set_repo(gated, files={"LICENSE": "Other"}, title="Another licence", date="2026-04-01T00:00:00.000Z")
    hub.set_repo(gated, files={"LICENSE": "MIT"}, title="The old one again", date="2026-05-01T00:00:00.000Z")
    hub.set_repo(gated, files={"weights.safetensors": "new"}, title="New weights")
    titles = {
        entry.path: entry.last_commit.title
        for entry in api("bob").list_repo_tree(gated, expand=True)
        if entry.last_commit is not None
    }
    assert titles == {
        ".gitattributes": "initial commit",
        "LICENSE": "The old one again",
        "folder": "A folder",
        "weights.safetensors": "New weights",
    }


def test_an_expanded_tree_comes_in_short_pages(hub: SandboxControl, ask: Ask) -> None:
    """Fifty at a time: what is looked up for each is dear."""
    hub.create_repo("lab/many", files={f"{number:03d}.txt": "x" for number in range(60)})
    first = ask("GET", "/api/models/lab/many/tree/main?expand=true")
    assert len(first.json()) == 50
    assert len(ask("GET", first.links["next"]["url"]).json()) == 11


def test_a_namespace_lists_what_a_token_may_see(hub: SandboxControl, api: Api, ask: Ask) -> None:
    """Its private repositories too, for those inside; with what was asked for and no more."""
    hub.create_repo("lab/open")
    hub.create_repo("lab/gate", gated="auto", card="---\nextra_gated_prompt: Please.\n---\n")
    hub.create_repo("lab/hidden", gated="manual", private=True)
    hub.create_repo("lab/set", "dataset", gated="manual")
    expand = "expand=gated&expand=private&expand=cardData&expand=createdAt&expand=lastModified&expand=sha&expand=tags"
    inside = ask("GET", f"/api/models?author=lab&{expand}", "ada").json()
    assert [(item["id"], item["gated"]) for item in inside] == [
        ("lab/hidden", "manual"), ("lab/gate", "auto"), ("lab/open", False),
    ]  # fmt: skip
    keys = {"_id", "id", "modelId", "gated", "private", "cardData", "createdAt", "lastModified", "sha", "tags"}
    assert set(inside[1]) == keys
    assert [item["id"] for item in ask("GET", "/api/models?author=lab", "bob").json()] == ["lab/gate", "lab/open"]
    assert [item["id"] for item in ask("GET", "/api/datasets?author=lab", "bob").json()] == ["lab/set"]
    assert ask("GET", "/api/models?author=nobody", "bob").json() == []


def test_members_are_listed_with_their_roles_to_members(hub: SandboxControl, ask: Ask) -> None:
    """Outsiders see who is in, not what they may."""
    inside = ask("GET", "/api/organizations/lab/members", "dora").json()
    assert [(item["user"], item["role"]) for item in inside] == [
        ("ada", "admin"), ("dora", "read"), ("eve", "contributor"),
    ]  # fmt: skip
    assert set(inside[0]) == {"_id", "avatarUrl", "fullname", "isPro", "user", "type", "role"}
    outside = ask("GET", "/api/organizations/lab/members", "bob").json()
    assert "role" not in outside[0]
    assert ask("GET", "/api/organizations/none/members", "bob").status_code == 404
