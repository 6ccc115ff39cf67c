"""What an audit says of what it found: each finding where it belongs, and none where nothing is wrong."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from gatekeeper.hub.audit.findings import Finding, findings
from gatekeeper.hub.audit.sentences import FINDINGS
from gatekeeper.hub.sandbox.control import SandboxControl

from .conftest import TOKEN, XL, Auditing, accepted

GOOD = """---
license: openrail
tags: [not-for-all-audiences]
extra_gated_prompt: For research only. It may produce NSFW pictures.
extra_gated_fields:
  Affiliation: text
  I agree: checkbox
---
"""


@pytest.fixture
def codes(auditing: Auditing, lab: SandboxControl) -> Codes:
    """Say which findings an audit has about one repository, or about the namespace."""
    return Codes(auditing, lab)


class Codes:
    """Makes repositories, and audits them."""

    def __init__(self, auditing: Auditing, lab: SandboxControl) -> None:
        self.auditing, self.lab = auditing, lab

    def of_card(self, card: str | None, **about: object) -> list[str]:
        """The findings about a repository of this card with nobody on its lists."""
        self.lab.create_repo("aurora-lab/one", gated="manual", card=card, **about)
        return self.about("aurora-lab/one")

    def about(self, repository: str = "", token: str = TOKEN) -> list[str]:
        """The findings about a repository, or about the namespace, in their order."""
        return [one.code for one in self.all(token) if one.repository == repository]

    def all(self, token: str = TOKEN) -> list[Finding]:
        """All findings."""
        return findings(self.auditing(token))


def test_a_repository_in_order_has_none(codes: Codes) -> None:
    """Otherwise nobody reads the second page."""
    assert codes.of_card(GOOD) == []
    assert codes.about() == []


def test_it_finds_what_happened_in_the_laboratory(codes: Codes) -> None:
    """The most serious first, with numbers."""
    found = {one.code: one.message % one.values for one in codes.all() if one.repository == XL}
    assert list(found) == [
        "granted_by_former",
        "older_licence",
        "waiting_90",
        "older_text",
        "audience_tag_removed",
        "waiting_14",
    ]

    assert found["granted_by_former"] == "Accepted by somebody who is no member now: 1 (erik)."
    assert re.fullmatch(
        r"Accepted people who asked before the card’s licence went from “openrail” to “other · aurora-1 · LICENSE” on "
        r"2026-06-01 \(commit [0-9a-f]{8}\): 3 of 4\.",
        found["older_licence"],
    )
    assert found["waiting_90"] == "Waiting for more than 90 days: 1."


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("license: openrail\n", ""), "no_licence"),
        (("license: openrail", "license: other"), "licence_unnamed"),
        (("license: openrail", "license: other"), "no_licence_file"),
        (("tags: [not-for-all-audiences]\n", ""), "audience_tag_missing"),
        (("I agree: checkbox", "Country of residence: country"), "form_no_assent"),
        (("Affiliation: text", "Your e-mail: text"), "form_redundant"),
        (("Affiliation: text", "Full name: text"), "form_redundant"),
        (("Affiliation: text", f"{'I agree ' * 20}: checkbox"), "form_long_label"),
        (("Affiliation: text", "Affiliation: essay"), "card_unknown_type"),
        (("Affiliation: text", "Country: text"), "card_asks_country"),
        (("---\nlicense", "---\nextra_gated_eu_disallowed: true\nlicense"), "form_by_address"),
        (
            ("  Affiliation: text\n", "".join(f"  Question {number}: text\n" for number in range(16))),
            "form_many_questions",
        ),
    ],
)
def test_it_finds_what_is_wrong_with_a_card(codes: Codes, change: tuple[str, str], code: str) -> None:
    """One thing at a time."""
    assert change[0] in GOOD
    assert code in codes.of_card(GOOD.replace(*change))


def test_a_form_that_asks_nothing_has_one_finding(codes: Codes) -> None:
    """That it has no box either goes without saying."""
    assert codes.of_card("---\nlicense: mit\n---\n") == ["form_asks_nothing"]


def test_a_card_that_cannot_be_read_is_more_than_a_flaw(codes: Codes) -> None:
    """Nobody knows what it asks."""
    codes.of_card("---\na: [\n---\n")
    [found] = [one for one in codes.all() if one.code == "card_not_yaml"]
    assert found.severity == "medium"


def test_a_licence_file_that_changed_is_found_by_its_own_date(codes: Codes, lab: SandboxControl) -> None:
    """Those who asked before agreed to another text under the same name."""
    codes.of_card(GOOD, files={"LICENSE": "One."}, date="2026-01-01T00:00:00.000Z")
    accepted(lab, "kiri", by="amara", asked_at="2026-02-01T00:00:00.000Z", repo="aurora-lab/one")
    assert codes.about("aurora-lab/one") == []
    lab.set_repo("aurora-lab/one", files={"LICENSE": "Two."}, date="2026-03-01T00:00:00.000Z")
    assert codes.about("aurora-lab/one") == ["older_licence_file"]


def test_a_history_that_begins_after_its_people_was_rewritten(codes: Codes, lab: SandboxControl) -> None:
    """And nothing is claimed of what stood there before."""
    codes.of_card(GOOD, date="2026-03-01T00:00:00.000Z")
    accepted(lab, "kiri", by="amara", asked_at="2026-02-01T00:00:00.000Z", repo="aurora-lab/one")
    assert codes.about("aurora-lab/one") == ["history_rewritten"]


def test_it_tells_how_people_got_in_apart(codes: Codes, lab: SandboxControl) -> None:
    """By nobody, by hand, by an account that is gone, although a member."""
    codes.of_card(GOOD)
    when = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    lab.add_user("gone")
    accepted(lab, "kiri", by=None, asked_at=when, repo="aurora-lab/one")
    accepted(lab, "juma", by="amara", asked_at=when, repo="aurora-lab/one", asked=False, fields=None)
    accepted(lab, "ines", by="gone", asked_at=when, repo="aurora-lab/one")
    accepted(lab, "bram", by="amara", asked_at=when, repo="aurora-lab/one")
    lab.delete_user("gone")
    found = {one.code: one.values["people"] for one in codes.all() if one.repository == "aurora-lab/one"}
    assert found == {"granter_gone": 1, "added_by_hand": 1, "nobody_decided": 1, "insiders_accepted": 1}


def test_an_automatic_gate_says_why_nobody_decided(codes: Codes, lab: SandboxControl) -> None:
    """One finding, not two."""
    codes.of_card(GOOD)
    lab.set_gated("aurora-lab/one", "auto")
    accepted(lab, "kiri", by=None, asked_at="2026-10-01T00:00:00.000Z", repo="aurora-lab/one")
    assert "gate_auto" in codes.about("aurora-lab/one")
    assert "nobody_decided" not in codes.about("aurora-lab/one")


def test_a_gate_that_is_off_and_hidden_names_are_found(codes: Codes, lab: SandboxControl) -> None:
    """Both hide who may do what."""
    codes.of_card(GOOD)
    lab.set_gated("aurora-lab/one", False)
    lab.set_repo(XL, hide_usernames=True)
    assert codes.about("aurora-lab/one") == ["gate_off"]
    assert "names_hidden" in codes.about(XL)


def test_nobody_is_called_a_former_member_of_a_list_that_is_not_whole(codes: Codes) -> None:
    """What is not known is not found."""
    audit = codes.auditing(members=1)
    assert "granted_by_former" not in {one.code for one in findings(audit)}


@pytest.mark.parametrize(
    ("role", "permissions", "where", "code"),
    [
        ("write", [], "", "token_writes_all"),
        ("fineGrained", ["repo.access.read", "repo.write"], "aurora-lab", "token_wide"),
        ("fineGrained", ["repo.access.read"], "other-lab", "token_elsewhere"),
    ],
)
def test_it_finds_a_token_that_may_more_than_it_needs(
    codes: Codes, lab: SandboxControl, role: str, permissions: list[str], where: str, code: str
) -> None:
    """An audit reads one namespace."""
    scope = {"entity": {"_id": "0" * 24, "type": "org", "name": where}, "permissions": permissions}
    lab.add_token("amara", "hf_other", role, scoped=[scope] if where else [])
    assert codes.about("", "hf_other") == [code]


def test_many_who_may_open_a_gate_are_found(codes: Codes, lab: SandboxControl) -> None:
    """More than ten is more than anybody looks after."""
    names = [f"member-{number}" for number in range(10)]
    for name in names:
        lab.add_user(name)
    lab.add_org("aurora-lab", dict.fromkeys(names, "write"))
    [found] = [one for one in codes.all() if one.code == "many_may_open"]
    assert found.values["people"] == 12


def test_names_are_kept_out_of_the_sentences_where_nobody_is_to_be_named(codes: Codes) -> None:
    """A finding about people is a number."""
    found = findings(codes.auditing(with_people=False))
    assert "granted_by_former" in {one.code for one in found}
    assert not any("erik" in str(one.values) for one in found)


@pytest.mark.parametrize("code", sorted(FINDINGS))
def test_every_finding_has_its_words(code: str) -> None:
    """How serious, what, why, what to do; only the first sentence has values."""
    sentence = FINDINGS[code]
    assert sentence.severity in ("high", "medium", "low")
    assert sentence.why.endswith(".")
    assert sentence.todo.endswith(".")
    assert "%(" not in sentence.why + sentence.todo
