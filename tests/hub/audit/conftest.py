"""A laboratory on the sandbox Hub with a past, and its audit. No test here is given a database: an audit needs none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from gatekeeper.hub.audit.facts import Audit
from gatekeeper.hub.audit.gather import Bounds, Gathering
from gatekeeper.hub.audit.spool import Spool
from gatekeeper.hub.directory import Directory
from gatekeeper.hub.sandbox.control import SandboxControl

TOKEN = "hf_amara_audits"
XL = "aurora-lab/xl"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
FIRST = """---
license: openrail
tags: [not-for-all-audiences]
extra_gated_prompt: For research only.
extra_gated_fields:
  Affiliation: text
  I agree: checkbox
---
# Aurora XL
"""
SECOND = """---
license: other
license_name: aurora-1
license_link: LICENSE
extra_gated_prompt: For research only, and never <script>alert(1)</script> for pictures of people.
extra_gated_fields:
  Affiliation: text
  I agree: checkbox
---
# Aurora XL
"""
Auditing = Callable[..., Audit]


@pytest.fixture
def lab(sandbox: SandboxControl) -> SandboxControl:
    """A model whose terms changed in June, people who came before and after, and a member who left."""
    for name in ("amara", "bram", "erik", "ha-nguyen", "kiri", "juma", "ines", "leo", "mona", "farid"):
        sandbox.add_user(name)
    scope = {"entity": {"_id": "0" * 24, "type": "org", "name": "aurora-lab"}}
    sandbox.add_token(
        "amara", TOKEN, "fineGrained", displayName="audit",
        scoped=[scope | {"permissions": ["repo.content.read", "repo.access.read"]}],
    )  # fmt: skip
    sandbox.add_org("aurora-lab", {"amara": "admin", "bram": "write", "erik": "write"})
    sandbox.create_repo(
        XL, gated="manual", card=FIRST, files={"LICENSE": "One."}, by="amara", date="2025-01-10T09:00:00.000Z"
    )
    for name, by in (("ha-nguyen", "amara"), ("kiri", "erik"), ("juma", "amara")):
        accepted(sandbox, name, by=by, asked_at="2025-03-01T10:00:00.000Z")
    sandbox.set_repo(XL, files={"README.md": SECOND}, by="erik", title="New terms", date="2026-06-01T09:00:00.000Z")
    sandbox.set_repo(XL, files={"weights.bin": "w"}, by="bram", title="Weights", date="2026-07-01T09:00:00.000Z")
    accepted(sandbox, "ines", by="amara", asked_at="2026-08-01T10:00:00.000Z")
    sandbox.set_status(XL, "leo", "pending", timestamp="2026-07-01T10:00:00.000Z", fields={"Affiliation": "ETH"})
    sandbox.set_status(XL, "mona", "pending", timestamp="2026-10-15T10:00:00.000Z")
    sandbox.set_status(XL, "farid", "rejected", by="amara")
    sandbox.create_repo("aurora-lab/open")
    sandbox.remove_member("aurora-lab", "erik")
    sandbox.clear_journal()
    return sandbox


def accepted(
    sandbox: SandboxControl, name: str, *, by: str | None, asked_at: str, repo: str = XL, **about: Any
) -> None:
    """Somebody who asked and was accepted some days later."""
    about = {"asked": True, "fields": {"Affiliation": "ETH", "I agree": "on"}} | about
    sandbox.set_status(repo, name, "accepted", by=by, timestamp=asked_at, **about)


@pytest.fixture
def spool() -> Iterator[Spool]:
    """Where the rows go."""
    with Spool() as opened:
        yield opened


@pytest.fixture
def auditing(lab: SandboxControl, spool: Spool) -> Auditing:
    """Audit the laboratory, as on 1 November 2026."""

    def audit(token: str = TOKEN, name: str = "aurora-lab", *, with_people: bool = True, **bounds: int) -> Audit:
        return gathering(Directory(token), spool if with_people else None, **bounds).audit(name, at=NOW)

    return audit


def gathering(hub: Directory, spool: Spool | None, **bounds: int) -> Gathering:
    """An audit that tells nobody how it gets on."""
    return Gathering(hub, tell=lambda _words: None, spool=spool, bounds=Bounds(**bounds))
