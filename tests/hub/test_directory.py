"""What a namespace has, asked of the sandbox over HTTP: the Hub as a directory."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gatekeeper.hub.directory import Directory
from gatekeeper.hub.port import HubError
from gatekeeper.hub.sandbox.control import SandboxControl

TOKEN = "hf_amara_reads"
CARD = "---\nlicense: other\nextra_gated_prompt: Please.\ntags: [not-for-all-audiences]\n---\n"
SPRING = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def hub(sandbox: SandboxControl) -> Directory:
    """A laboratory with a gated model, a private data set, and three members."""
    for name in ("amara", "bram", "chidi"):
        sandbox.add_user(name)
    sandbox.add_token("amara", TOKEN)
    sandbox.add_org("aurora-lab", {"amara": "admin", "bram": "write", "chidi": "read"})
    sandbox.create_repo("aurora-lab/xl", gated="manual", card=CARD, by="amara", date="2026-03-01T00:00:00.000Z")
    sandbox.create_repo("aurora-lab/plain")
    sandbox.create_repo("aurora-lab/set", "dataset", gated="auto", private=True)
    return Directory(TOKEN)


def test_it_tells_a_person_an_organisation_and_nobody_apart(hub: Directory) -> None:
    """By the overview that each kind has."""
    lab, amara = hub.namespace("aurora-lab"), hub.namespace("amara")
    assert lab is not None
    assert amara is not None
    assert (lab.name, lab.is_organisation) == ("aurora-lab", True)
    assert (amara.name, amara.is_organisation) == ("amara", False)
    assert hub.namespace("nobody-at-all") is None


def test_it_lists_repositories_with_their_gate(hub: Directory) -> None:
    """And says which card holds a form, gated or not."""
    found = {one.state.name: one for one in hub.repositories("model", "aurora-lab").items}
    assert set(found) == {"aurora-lab/xl", "aurora-lab/plain"}
    gated = found["aurora-lab/xl"]
    assert (gated.state.gate, gated.state.licence, gated.has_form) == ("manual", "other", True)
    assert gated.state.tags == ("not-for-all-audiences", "license:other")
    assert gated.created_at is not None
    assert not found["aurora-lab/plain"].has_form
    [data] = hub.repositories("dataset", "aurora-lab").items
    assert (data.state.kind, data.state.gate, data.state.private) == ("dataset", "auto", True)


def test_it_lists_members_with_their_roles(hub: Directory) -> None:
    """As far as the token may see them."""
    roles = {one.person.username: one.role for one in hub.members("aurora-lab").items}
    assert roles == {"amara": "admin", "bram": "write", "chidi": "read"}


def test_it_follows_a_history_from_page_to_page(hub: Directory, sandbox: SandboxControl) -> None:
    """Newest first, with who and when."""
    sandbox.set_repo("aurora-lab/xl", files={"README.md": CARD + "# More\n"}, by="bram", title="More")
    first = hub.commits("model", "aurora-lab/xl")
    assert [(commit.title, commit.authors) for commit in first.items] == [
        ("More", ("bram",)),
        ("initial commit", ("aurora-lab",)),
    ]
    assert first.items[-1].at == SPRING
    assert first.next == ""
    address = f"{hub.endpoint}/api/models/aurora-lab/xl/commits/main?limit=1"
    page = hub.commits("model", "aurora-lab/xl", at=address)
    assert [commit.title for commit in page.items] == ["More"]
    assert [commit.title for commit in hub.commits("model", "aurora-lab/xl", at=page.next).items] == ["initial commit"]
    with pytest.raises(HubError, match="foreign_page"):
        hub.commits("model", "aurora-lab/xl", at="https://elsewhere.example.org/api/models/aurora-lab/xl/commits/main")


def test_it_says_when_a_file_changed_last(hub: Directory, sandbox: SandboxControl) -> None:
    """What stands unchanged since the beginning keeps its date."""
    sandbox.set_repo("aurora-lab/xl", files={"LICENSE": "Mine."}, date="2026-04-01T00:00:00.000Z")
    found = {one.path: one.changed_at for one in hub.files("model", "aurora-lab/xl").items}
    assert found["README.md"] == SPRING
    assert found["LICENSE"] == datetime(2026, 4, 1, tzinfo=UTC)


def test_an_answer_of_something_else_is_a_failure_to_come_back_to(hub: Directory, sandbox: SandboxControl) -> None:
    """A proxy's page is no list, and no empty one either."""
    sandbox.fault("status", "/commits/", status=200, message="hello", when="after")
    with pytest.raises(HubError, match="unreadable_answer"):
        hub.commits("model", "aurora-lab/xl")
