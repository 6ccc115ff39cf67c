"""What an audit reads: only by GET, every list to its end, and what it may not read is said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gatekeeper.hub.audit.gather import CannotAudit
from gatekeeper.hub.audit.spool import Spool
from gatekeeper.hub.directory import Directory
from gatekeeper.hub.port import HubError, Page
from gatekeeper.hub.sandbox.control import SandboxControl

from .conftest import SECOND, TOKEN, XL, Auditing, accepted, gathering


def test_it_only_reads(auditing: Auditing, lab: SandboxControl) -> None:
    """Whoever watches the wire sees nothing but GET."""
    auditing()
    methods = {call["method"] for call in lab.journal()}
    assert methods == {"GET"}
    assert lab.status(XL, "leo") == "pending"


def test_it_finds_what_is_gated(auditing: Auditing, lab: SandboxControl) -> None:
    """Models and data sets, the private ones too; of the others those whose card still holds a form."""
    lab.create_repo("aurora-lab/set", "dataset", gated="auto", private=True)
    lab.create_repo("aurora-lab/forgotten", card="---\nextra_gated_prompt: Please.\n---\n")
    audit = auditing()
    found = {one.state.name: (one.state.kind, one.state.gate) for one in audit.repositories}
    assert found == {
        XL: ("model", "manual"),
        "aurora-lab/set": ("dataset", "auto"),
        "aurora-lab/forgotten": ("model", ""),
    }
    assert audit.seen == 4
    assert audit.gaps == []


def test_it_counts_who_got_in_when_and_by_whom(auditing: Auditing) -> None:
    """With the last who came in first, and of those who wait the longest first."""
    [xl] = auditing().repositories
    assert {status: listed.total for status, listed in xl.lists.items()} == {
        "accepted": 4, "pending": 2, "rejected": 1, "reset": 0,
    }  # fmt: skip
    assert sorted((name, people) for (_id, name), people in xl.accepted.granters.items()) == [("amara", 3), ("erik", 1)]
    assert xl.accepted.oldest == datetime(2025, 3, 1, 10, tzinfo=UTC)
    assert [row.username for row in xl.pending.rows] == ["leo", "mona"]
    assert xl.pending.over == {14: 2, 90: 1}


def test_it_reads_the_history_of_the_card(auditing: Auditing) -> None:
    """What changed with which commit, and how many of those who are in had asked before it."""
    [xl] = auditing().repositories
    assert [(change.commit.title, change.accepted_before, change.first) for change in xl.changes] == [
        ("New terms", 3, False),
        ("initial commit", 0, True),
    ]
    assert {shift.part for shift in xl.changes[0].shifts} == {"prompt", "licence", "audience_tag"}
    assert xl.changes[0].commit.authors == ("erik",)
    assert (xl.commits_read, xl.began_at) == (3, datetime(2025, 1, 10, 9, tzinfo=UTC))
    assert xl.card is not None
    assert xl.card.licence["name"] == "aurora-1"


def test_it_says_how_far_it_read(auditing: Auditing) -> None:
    """A history that is longer than the bound has no beginning, and the page says so."""
    audit = auditing(commits=1)
    [xl] = audit.repositories
    assert (xl.commits_read, xl.began_at, xl.changes) == (1, None, ())
    assert [gap.code for gap in audit.gaps] == ["history_cut"]
    audit = auditing(members=1, repositories=1)
    assert [gap.code for gap in audit.gaps] == ["members_cut", "repositories_cut"]
    assert not audit.insiders.complete


def test_it_keeps_few_rows_of_a_long_list(auditing: Auditing, lab: SandboxControl) -> None:
    """Over several pages; all of them are in the spool for the JSON."""
    lab.seed(XL, {"accepted": 2_500})
    [xl] = auditing(rows=7).repositories
    assert (xl.accepted.total, len(xl.accepted.rows)) == (2_504, 7)
    assert xl.rows is not None
    assert sum(1 for _line in xl.rows) == 2_507
    assert sorted(xl.accepted.granters.values()) == [1, 2_503]


def test_a_list_that_ends_at_a_full_page_is_read_again(auditing: Auditing, lab: SandboxControl) -> None:
    """It may have lost its next page: with another limit the rest is found, and nobody is counted twice."""
    lab.seed(XL, {"accepted": 1_200})
    lab.fault("no_next", "user-access-request/accepted", times=1)
    [xl] = auditing().repositories
    assert xl.accepted.total == 1_204
    assert xl.rows is not None
    assert sum(1 for _line in xl.rows) == 1_207


def test_a_list_that_breaks_off_says_where(lab: SandboxControl, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read counts; that it is not all is said."""
    monkeypatch.setattr("gatekeeper.hub.audit.patience.PAUSES", (0.0,))
    lab.seed(XL, {"accepted": 1_500})

    class Breaking(Directory):
        """A Hub that stumbles at each second page."""

        def further(self, address: str, **about: Any) -> Page:
            lab.fault("status", "user-access-request/accepted", status=500)
            return super().further(address, **about)

    audit = gathering(Breaking(TOKEN), spool).audit("aurora-lab")
    assert (audit.repositories[0].accepted.total, audit.repositories[0].accepted.gap) == (1_000, "hub_unwell")
    [gap] = audit.gaps
    assert gap.message % gap.values == "The list of accepted people breaks off after 1000 (hub_unwell)."


@pytest.mark.parametrize(
    ("role", "scoped", "words"),
    [
        ("read", [], "the role “read”"),
        ("fineGrained", ["repo.content.read"], "(repo.access.read)"),
    ],
)
def test_it_says_which_right_is_missing(
    auditing: Auditing, lab: SandboxControl, role: str, scoped: list[str], words: str
) -> None:
    """Once for each repository, without asking for the other three lists."""
    scope = {"entity": {"_id": "0" * 24, "type": "org", "name": "aurora-lab"}, "permissions": scoped}
    lab.add_token("amara", "hf_poor", role, scoped=[scope] if scoped else [])
    audit = auditing("hf_poor")
    [gap] = audit.gaps
    assert gap.code == "right_missing"
    assert words in gap.message % gap.values
    assert all(listed.unread for listed in audit.repositories[0].lists.values())
    assert len(lab.journal("GET", "user-access-request")) == 1


def test_it_says_that_a_token_s_owner_has_no_right(auditing: Auditing, lab: SandboxControl) -> None:
    """A stranger's token writes, and not here."""
    lab.add_token("leo", "hf_stranger")
    [gap] = auditing("hf_stranger").gaps
    assert "no right to write to aurora-lab/xl" in gap.message % gap.values


def test_it_reads_a_person_s_own_repositories(auditing: Auditing, lab: SandboxControl) -> None:
    """The person is the only one inside."""
    lab.create_repo("amara/own", gated="manual", card=SECOND, by="amara")
    accepted(lab, "kiri", by="amara", asked_at="2026-09-01T10:00:00.000Z", repo="amara/own")
    lab.add_token("amara", "hf_all", "write")
    audit = auditing("hf_all", "amara")
    assert not audit.namespace.is_organisation
    assert list(audit.insiders.people.values()) == [("amara", "admin")]
    assert audit.repositories[0].accepted.total == 1


def test_it_counts_those_who_do_not_share_their_name(auditing: Auditing, lab: SandboxControl) -> None:
    """They are people of the list all the same."""
    lab.set_repo(XL, hide_usernames=True)
    [xl] = auditing().repositories
    assert (xl.accepted.total, xl.accepted.hidden) == (4, 4)
    assert xl.accepted.rows[0].username == ""


def test_a_card_that_cannot_be_read_safely_is_said(auditing: Auditing, lab: SandboxControl) -> None:
    """Its versions are counted, and what changed is taken from those that can be read."""
    lab.set_repo(XL, files={"README.md": "---\na: &x [1]\nb: *x\n---\n"})
    audit = auditing()
    [xl] = audit.repositories
    assert xl.card is None
    assert [flaw["code"] for flaw in xl.flaws] == ["alias"]
    assert [gap.code for gap in audit.gaps] == ["versions_unreadable"]
    assert [change.commit.title for change in xl.changes] == ["New terms", "initial commit"]


def test_it_waits_where_the_hub_asks_for_it(auditing: Auditing, lab: SandboxControl) -> None:
    """A person waits for an audit, so a limit costs time and nothing else."""
    lab.fault("status", "user-access-request/pending", status=429, seconds=0, times=1)
    audit = auditing()
    assert audit.gaps == []
    assert audit.repositories[0].pending.total == 2


def test_a_token_that_is_revoked_meanwhile_ends_it(auditing: Auditing, lab: SandboxControl) -> None:
    """Half an audit would look like a whole one."""
    lab.fault("status", "user-access-request/pending", status=401)
    with pytest.raises(HubError, match="token_refused"):
        auditing()


def test_an_unknown_namespace_is_refused(auditing: Auditing) -> None:
    """With a sentence."""
    with pytest.raises(CannotAudit, match="nobody and no organisation"):
        auditing(TOKEN, "nobody-at-all")
