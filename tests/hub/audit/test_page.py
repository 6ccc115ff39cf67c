"""The page and the JSON of an audit: whole, escaped, alone, and without names where nobody is to be named."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest

from gatekeeper.hub.audit import document, page
from gatekeeper.hub.audit.facts import Audit
from gatekeeper.hub.audit.findings import findings
from gatekeeper.hub.sandbox.control import SandboxControl

from .conftest import XL, Auditing

PEOPLE = ("amara", "bram", "erik", "ha-nguyen", "kiri", "juma", "ines", "leo", "mona", "farid")


def as_page(audit: Audit, **how: str) -> str:
    """The page of an audit."""
    return page.page(audit, findings(audit), **how)


def as_json(audit: Audit) -> dict[str, Any]:
    """The JSON of an audit, read again."""
    out = io.StringIO()
    document.write(audit, findings(audit), out)
    return dict(json.loads(out.getvalue()))


def test_the_page_stands_by_itself(auditing: Auditing) -> None:
    """No script, nothing fetched, and a policy that says so to the browser."""
    text = as_page(auditing())
    assert "<script" not in text
    assert not re.search(r'(?:src|href)="(?!#)', text)
    assert "url(" not in text
    assert "default-src 'none'; style-src 'sha256-" in text


def test_what_others_wrote_is_escaped(auditing: Auditing, lab: SandboxControl) -> None:
    """A card is anybody's text."""
    lab.set_repo(XL, files={"README.md": "---\nextra_gated_prompt: <img src=x onerror=alert(1)>\n---\n"})
    text = as_page(auditing())
    assert "&lt;img src=x" in text
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_the_page_tells_who_and_when(auditing: Auditing) -> None:
    """Each repository, who let people in, who waits and how long, what changed and how many had agreed before."""
    text = " ".join(re.sub(r"<[^>]*>", " ", as_page(auditing())).split())
    for words in (
        "Gates of aurora-lab",
        "1 gated of 2 repositories",
        "This page names people",
        "erik no member now 1",
        "leo 2026-07-01 122",
        "ha-nguyen 2025-03-01",
        "− For research only.",
        "+ For research only, and never",
        "not-for-all-audiences − taken out",
        "Accepted, the last first: 4 of 4",
    ):
        assert words in text


def test_every_table_has_a_caption_and_every_id_is_one(auditing: Auditing) -> None:
    """For whoever cannot see how it is laid out."""
    text = as_page(auditing())
    assert text.count("<table>") == text.count("<caption>") >= 5
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_the_page_speaks_french(auditing: Auditing) -> None:
    """Findings and all."""
    text = as_page(auditing(), language="fr")
    assert '<html lang="fr">' in text
    assert "Constats" in text
    assert "What to do" not in text


def test_the_json_holds_every_row(auditing: Auditing, lab: SandboxControl) -> None:
    """Whatever the page shows of them."""
    lab.seed(XL, {"accepted": 1_200})
    told = as_json(auditing(rows=2))
    assert (told["schema"], told["version"], told["namespace"]) == ("gatekeeper-audit", 1, "aurora-lab")
    [xl] = told["repositories"]
    assert len(xl["people"]) == 1_207
    assert xl["lists"]["accepted"]["count"] == 1_204
    assert xl["lists"]["pending"]["waiting_longer_than_days"] == {"14": 2, "90": 1}
    [kiri] = [row for row in xl["people"] if row["user"] == "kiri"]
    assert set(kiri) == {"user", "user_id", "status", "requested_at", "reviewed_at", "granted_by"}
    assert (kiri["requested_at"], kiri["granted_by"]) == ("2025-03-01T10:00:00+00:00", "erik")
    assert [change["accepted_before"] for change in xl["changes"]] == [3, 0]
    assert {one["code"] for one in told["findings"]} >= {"older_text", "granted_by_former"}


def test_neither_holds_an_e_mail_address_or_an_answer(auditing: Auditing) -> None:
    """Who got in when and by whom needs neither."""
    audit = auditing()
    for text in (as_page(audit), json.dumps(as_json(audit))):
        assert "@example.org" not in text
        assert "ETH" not in text


def test_without_people_nobody_is_named(auditing: Auditing) -> None:
    """Nowhere: no requester, nobody who decided, nobody who committed, not the token's owner."""
    audit = auditing(with_people=False)
    told = as_json(audit)
    [xl] = told["repositories"]
    assert xl["people"] is None
    assert xl["lists"]["accepted"]["granters"] == 2
    text = as_page(audit)
    assert "This page names nobody" in text
    words = set(re.findall(r"[\w-]+", text + json.dumps(told)))
    assert words.isdisjoint(PEOPLE)


def test_nor_is_whose_token_it_was(auditing: Auditing, lab: SandboxControl) -> None:
    """A token that reaches into its person's own namespace names that person, in its scopes and in a finding."""
    entities = [("user", "amara"), ("model", "amara/notes"), ("org", "other-lab"), ("model", "aurora-lab/xl")]
    scoped = [
        {"entity": {"_id": f"{number}" * 24, "type": kind, "name": name}, "permissions": ["repo.access.read"]}
        for number, (kind, name) in enumerate(entities)
    ]
    lab.add_token("amara", "hf_wide", "fineGrained", displayName="amara, laptop", scoped=scoped)
    audit = auditing("hf_wide", with_people=False)
    assert "token_elsewhere" in {one.code for one in findings(audit)}
    for text in (as_page(audit), json.dumps(as_json(audit))):
        assert "amara" not in text
        assert "other-lab" in text
    assert "amara/notes" in as_page(auditing("hf_wide"))


def test_what_could_not_be_read_stands_on_both(auditing: Auditing, lab: SandboxControl) -> None:
    """A number that is not whole does not look like one."""
    lab.add_token("amara", "hf_reads", "read")
    audit = auditing("hf_reads")
    assert "not read" in as_page(audit)
    assert "the token has the role “read”" in as_page(audit)
    told = as_json(audit)
    assert told["gaps"][0]["code"] == "right_missing"
    assert told["repositories"][0]["lists"]["accepted"] == {
        "read": False, "complete": False, "gap": "token_read_only", "count": 0, "without_name": 0, "members": 0,
        "oldest_request_at": None, "newest_request_at": None, "nobody_decided": 0, "added_by_hand": 0,
        "granter_gone": 0, "granters": 0, "granted_by": [],
    }  # fmt: skip


@pytest.mark.parametrize("name", ["empty-lab"])
def test_a_namespace_without_gates_has_a_page_too(auditing: Auditing, lab: SandboxControl, name: str) -> None:
    """Which says that there is nothing."""
    lab.add_org(name, {"amara": "admin"})
    audit = auditing(name=name)
    assert "No repository here is gated" in as_page(audit)
    assert as_json(audit)["repositories"] == []
