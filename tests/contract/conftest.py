"""The Hub's contract, asked of a Hub over HTTP: of the sandbox always, and of a real one with `make verify-hub`.

The tests do not know which one it is. One repository under a name of its own is made for all of them, because a real
Hub limits how many one may make, and that one only is deleted. So each test finds it as an earlier one left it.
"""

from __future__ import annotations

import os

# Read by the client when it is imported, so they come first.
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub.utils import get_session

from gatekeeper.hub.directory import Directory
from gatekeeper.hub.sandbox.control import SandboxControl

CARD = """---
license: other
license_name: throw-away
tags:
- not-for-all-audiences
extra_gated_prompt: This repository only tries out the Hub. Nothing is in it.
extra_gated_fields:
  Why: text
  I agree: checkbox
---
# Made and deleted by Gatekeeper's contract tests
"""
PREFIX = "gatekeeper-verify-"
LAG = 8.0  # seconds after which a list has to show what was done


@dataclass
class Hub:
    """One Hub with the throw-away repository on it, seen by its owner, by another person, or by nobody."""

    url: str
    token: str
    name: str
    second_token: str = ""
    second_name: str = ""
    repo: str = field(default="")

    @property
    def client(self) -> Directory:
        """The Hub as our own client sees it, with the owner's token."""
        return Directory(self.token, endpoint=self.url)

    @property
    def place(self) -> str:
        """Where the access requests of the repository are handled."""
        return f"/api/models/{self.repo}/user-access-request"

    def ask(self, method: str, path: str, who: str | None = "owner", **about: Any) -> Any:
        """Make one call as the owner, the other person or nobody, without following redirects."""
        token = {"owner": self.token, "other": self.second_token, None: ""}.get(who, who)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        address = path if path.startswith("http") else self.url + path
        session = get_session()
        try:
            return session.request(method, address, headers=headers, follow_redirects=False, timeout=30, **about)
        finally:
            session.cookies.clear()

    def handle(self, status: str, **who: str) -> Any:
        """Move the request of somebody."""
        return self.ask("POST", f"{self.place}/handle", json={**who, "status": status})

    def listed(self, status: str, name: str = "") -> list[dict[str, Any]]:
        """What one of the four lists says of somebody, else of the owner."""
        items = self.ask("GET", f"{self.place}/{status}").json()
        return [item for item in items if item["user"]["user"] == (name or self.name)]

    def standing(self, name: str = "") -> str:
        """Which list somebody, else the owner, is in; empty for none."""
        return next((one for one in ("accepted", "pending", "rejected", "reset") if self.listed(one, name)), "")

    def gate(self, gated: str | bool) -> Any:
        """Set the gate."""
        return self.ask("PUT", f"/api/models/{self.repo}/settings", json={"gated": gated})


def eventually(found: Callable[[], Any], wanted: Any) -> None:
    """Wait until something is as it has to be: lists may lag behind by a second or two."""
    end = time.monotonic() + LAG
    while (seen := found()) != wanted:
        assert time.monotonic() < end, f"{seen!r} is not {wanted!r} after {LAG} seconds"
        time.sleep(0.3)


def secret(name: str) -> str:
    """A value of the environment, or of the file that NAME_FILE names."""
    file = os.environ.get(f"{name}_FILE")
    return (Path(file).read_text() if file else os.environ.get(name, "")).strip()


def real_hub() -> Hub | None:
    """The Hub that VERIFY_HUB names, if somebody named one in so many words, and never in CI."""
    url = os.environ.get("VERIFY_HUB", "").rstrip("/")
    if not url:
        return None
    if os.environ.get("CI") == "true":
        pytest.exit("VERIFY_HUB is for a person's own machine, not for CI.", 2)
    token = secret("VERIFY_HUB_TOKEN")
    if not token:
        pytest.exit("VERIFY_HUB_TOKEN holds no token that may write.", 2)
    return Hub(url, token, Directory(token, endpoint=url).whoami().username, secret("VERIFY_HUB_SECOND_TOKEN"))


@pytest.fixture(scope="session")
def contract_hub(request: pytest.FixtureRequest) -> Iterator[Hub]:
    """A Hub, the real one or a sandbox; on a real one the throw-away repository is deleted in the end."""
    there = real_hub()
    if there is None:
        url = request.getfixturevalue("sandbox_process")
        there = Hub(url, "hf_verify_owner", "verify-owner", "hf_verify_other", "verify-other")
    elif there.second_token:
        there.second_name = Directory(there.second_token, endpoint=there.url).whoami().username
    there.repo = f"{there.name}/{PREFIX}{secrets.token_hex(4)}"
    try:
        yield there
    finally:
        if "VERIFY_HUB" in os.environ and made(there):
            gone = there.ask("DELETE", "/api/repos/delete", json={"name": there.repo.split("/")[1], "type": "model"})
            assert gone.status_code == 200, f"Delete {there.repo} by hand: {gone.text}"


def made(there: Hub) -> bool:
    """Say whether the throw-away repository is there."""
    return bool(there.ask("GET", f"/api/models/{there.repo}").status_code == 200)


@pytest.fixture
def there(contract_hub: Hub) -> Hub:
    """The repository, made if it is not there, and gated by hand."""
    if "VERIFY_HUB" not in os.environ:
        control = SandboxControl(contract_hub.url)
        control.reset()
        control.add_user(contract_hub.name, contract_hub.token)
        control.add_user(contract_hub.second_name, contract_hub.second_token)
    if not made(contract_hub):
        name = contract_hub.repo.split("/")[1]
        answer = contract_hub.ask("POST", "/api/repos/create", json={"name": name, "type": "model"})
        assert answer.status_code == 200, answer.text
        head = contract_hub.client.repository("model", contract_hub.repo).commit
        contract_hub.client.commit_card(
            "model", contract_hub.repo, CARD.encode(), parent=head, message="Say what this is for"
        )
    assert contract_hub.gate("manual").status_code == 200
    return contract_hub


@pytest.fixture
def asked(there: Hub) -> Hub:
    """The same, with a fresh pending request of another person; skipped where there is no token of one."""
    if not there.second_token:
        pytest.skip("VERIFY_HUB_SECOND_TOKEN holds no token of another account")
    if there.standing(there.second_name) not in ("", "reset"):
        there.handle("reset", user=there.second_name)
        eventually(lambda: there.standing(there.second_name), "reset")
    answers = {"Why": "study", "I agree": "on"}
    assert there.ask("POST", f"/{there.repo}/ask-access", "other", json=answers).status_code == 303
    eventually(lambda: there.standing(there.second_name), "pending")
    return there


@pytest.fixture
def granted(there: Hub) -> Hub:
    """The owner was granted access to their own repository."""
    if there.standing() != "accepted":
        answer = there.ask("POST", f"{there.place}/grant", json={"user": there.name})
        assert (answer.status_code, answer.json()) == (200, {})
        eventually(there.standing, "accepted")
    return there
