"""A steward's pages of what is brought in, and the pages of those whom it is about."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.actions import arrivals, earlier_approvals, invitations, stages, terms
from gatekeeper.models import AccessRequest, ApprovalImport, Grant, Invitation, Invited, Repository, Stage
from tests import factories

from .conftest import Browse

PDF = b"%PDF-1.7\nminutes\n"


@pytest.fixture
def browser(browse: Browse, bram: Viewer) -> Client:
    """Bram, a steward."""
    return browse(bram)


def go(browser: Client, page: str, /, *args: Any, **sent: Any) -> Any:
    """Open a page, or send its form."""
    where = reverse(f"web:{page}", args=args)
    return browser.post(where, sent) if sent else browser.get(where)


def uploaded(browser: Client, stage: Stage, text: bytes, evidence: bytes = b"") -> Any:
    """Send a list."""
    files = {"file": SimpleUploadedFile("list.csv", text)}
    if evidence:
        files["evidence"] = SimpleUploadedFile("../../minutes.html", evidence, content_type="text/html")
    return go(browser, "stage_imports", stage.pk, **files)


# Earlier approvals


def test_a_list_is_uploaded_looked_at_and_confirmed(stage: Stage, ha: Viewer, browser: Client) -> None:
    """The dry run stands between; the confirmation names what was seen."""
    answer = uploaded(browser, stage, factories.spreadsheet("ha-nguyen", "late-comer", "a b"), PDF)
    source = ApprovalImport.objects.get()
    assert answer["Location"] == reverse("web:import", args=[source.pk])
    page = go(browser, "import", source.pk).content.decode()
    for words in (
        "This was a dry run",
        "Becomes a grant (1)",
        "Waits (1)",
        "Refused (1)",
        "no name that the Hub gives out",
    ):
        assert words in page
    assert not Grant.objects.exists()
    stale = go(browser, "confirm_import", source.pk, seen="0" * 64, days="90")
    assert stale.status_code == 409
    go(browser, "confirm_import", source.pk, seen=source.digest, days="90")
    assert Grant.objects.get().person == ha.person
    page = go(browser, "import", source.pk).content.decode()
    assert "This was a dry run" not in page
    assert "Names wait for their holders until" in page


@pytest.mark.parametrize(
    ("text", "words"),
    [(b"who\nme\n", "has to name the columns"), (b"\xff\xfe\xfd", "no text in UTF-8"), (b"", "empty")],
)
def test_a_list_that_cannot_be_read_is_refused_at_its_field(
    stage: Stage, browser: Client, text: bytes, words: str
) -> None:
    """With the sentence, and nothing is kept."""
    answer = uploaded(browser, stage, text)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ApprovalImport.objects.exists()


def test_the_days_are_refused_at_their_field(stage: Stage, browser: Client, bram: Viewer) -> None:
    """The dry run stays on the page."""
    source = factories.rehearsed(stage, "kiri", by=bram)
    answer = go(browser, "confirm_import", source.pk, seen=source.digest, days="0")
    assert answer.status_code == 422
    assert "This was a dry run" in answer.content.decode()


def test_lines_are_filtered_and_paged(
    stage: Stage, browser: Client, bram: Viewer, django_assert_num_queries: Any
) -> None:
    """By outcome, fifty at a time, in a constant number of statements."""
    source = factories.rehearsed(stage, *(f"person-{n}" for n in range(60)), "a b", by=bram)
    page = go(browser, "import", source.pk).content.decode()
    assert page.count("person-") == 50
    assert "Next page" in page
    refused = browser.get(reverse("web:import", args=[source.pk]), {"verdict": "refused"}).content.decode()
    assert "person-1" not in refused
    assert "a b" in refused
    few = factories.rehearsed(stage, "kiri", by=bram)
    browser.get(reverse("web:import", args=[few.pk]))
    with django_assert_num_queries(6):
        browser.get(reverse("web:import", args=[few.pk]))
    with django_assert_num_queries(6):
        browser.get(reverse("web:import", args=[source.pk]))


def test_the_download_runs_nothing(stage: Stage, browser: Client, bram: Viewer) -> None:
    """What begins like a formula is a text to whoever opens it."""
    source = factories.rehearsed(stage, "kiri,2025-03-01,=cmd|' /C calc'!A0,+1", "-x,2025-03-01,@SUM(1),", by=bram)
    answer = go(browser, "import_lines", source.pk)
    assert answer["Content-Disposition"].startswith("attachment")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert rows[0][:3] == ["line", "name", "date"]
    assert rows[1][3:5] == ["'=cmd|' /C calc'!A0", "'+1"]
    assert rows[2][1] == "'-x"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows[1:] for cell in row)


def test_evidence_is_handed_out_and_never_shown(
    stage: Stage, browser: Client, browse: Browse, ha: Viewer, bram: Viewer
) -> None:
    """As what its bytes are, under a harmless name, to the publisher's people only."""
    uploaded(browser, stage, factories.spreadsheet("kiri"), b"<script>alert(1)</script>")
    source = ApprovalImport.objects.get()
    answer = go(browser, "import_evidence", source.pk)
    assert answer["Content-Type"] == "text/plain"
    assert answer["Content-Disposition"] == 'attachment; filename="minutes.html"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    assert b"".join(answer.streaming_content) == b"<script>alert(1)</script>"
    assert go(browse(ha), "import_evidence", source.pk).status_code == 404
    without = factories.rehearsed(stage, "kiri", by=bram)
    assert go(browser, "import_evidence", without.pk).status_code == 404


def test_a_file_is_discarded_after_a_look(stage: Stage, browser: Client, bram: Viewer) -> None:
    """Once; a confirmed one has no such page."""
    source = factories.rehearsed(stage, "kiri", by=bram)
    assert "Its lines and its evidence are deleted" in go(browser, "discard_import", source.pk).content.decode()
    browser.post(reverse("web:discard_import", args=[source.pk]))
    assert factories.fresh(source).status == "discarded"
    done = factories.confirmed_import(stage, "kiri", by=bram)
    assert go(browser, "discard_import", done.pk).status_code == 302


def test_the_dry_run_is_run_again(stage: Stage, browser: Client, bram: Viewer, ha: Viewer) -> None:
    """And says what has changed."""
    source = factories.rehearsed(stage, "late-comer", by=bram)
    factories.account("late-comer")
    browser.post(reverse("web:rehearse", args=[source.pk]))
    assert factories.fresh(source).counts == {"grant": 1}


def test_a_long_list_says_how_much_is_left(
    stage: Stage, ha: Viewer, browser: Client, bram: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the clock has done the rest."""
    monkeypatch.setattr(earlier_approvals, "settle_lines", lambda *_lines, **_how: 0)
    source = factories.confirmed_import(stage, "ha-nguyen", by=bram)
    assert "1 line is still being worked on" in go(browser, "import", source.pk).content.decode()
    arrivals.meet_all()
    assert "still being worked on" not in go(browser, "import", source.pk).content.decode()


@pytest.mark.parametrize("page", ["stage_imports", "imported", "stage_invitations"])
def test_nobody_else_learns_of_it(page: str, stage: Stage, browse: Browse, ha: Viewer, chidi: Viewer) -> None:
    """A requester finds nothing there; a reviewer looks, and is offered nothing."""
    assert go(browse(ha), page, stage.pk).status_code == 404
    assert go(browse(chidi), page, stage.pk).status_code == 200


def test_a_reviewer_cannot_upload(stage: Stage, browse: Browse, chidi: Viewer) -> None:
    """403, with the sentence."""
    assert uploaded(browse(chidi), stage, factories.spreadsheet("kiri")).status_code == 403


# Brought in, terms unproven


def test_the_choice_is_made_on_a_page(stage: Stage, ha: Viewer, amara: Viewer, browser: Client) -> None:
    """A day, none again, or not carried over, with numbers and names before."""
    grant = factories.imported(stage, ha.person, by=amara)
    page = go(browser, "imported", stage.pk).content.decode()
    assert "They are not asked by a day." in page
    assert "ha-nguyen" in page
    seen = re.search(r'name="seen" value="(\w+)"', page)
    assert seen is not None
    go(browser, "imported", stage.pk, seen=seen[1], days="30")
    assert factories.fresh(grant).terms_due_at is not None
    assert "within 30 days" in go(browser, "imported", stage.pk).content.decode()
    go(browser, "imported", stage.pk, seen=seen[1], days="")
    assert factories.fresh(grant).terms_due_at is None
    page = go(browser, "reset_imported", stage.pk).content.decode()
    assert "End the access of 1 person?" in page
    assert "ha-nguyen" in page
    assert go(browser, "reset_imported", stage.pk, seen="0" * 64).status_code == 409
    go(browser, "reset_imported", stage.pk, seen=seen[1])
    assert factories.fresh(grant).status == "expired"
    assert "Not carried over" in go(browser, "stage_grants", stage.pk).content.decode()


def test_one_alone_is_left_behind(stage: Stage, kiri: HubPerson, amara: Viewer, browser: Client) -> None:
    """From the list of grants."""
    grant = factories.imported(stage, kiri, by=amara)
    assert "Not carry over the access of kiri?" in go(browser, "reset", grant.pk).content.decode()
    browser.post(reverse("web:reset", args=[grant.pk]))
    assert factories.fresh(grant).status == "expired"
    assert go(browser, "reset", grant.pk).status_code == 302


def test_a_holder_accepts_from_my_access(aurora: Repository, ha: Viewer, amara: Viewer, browse: Browse) -> None:
    """The text, its restrictions, and the hash that the form carries."""
    stage = factories.open_stage(aurora, by=amara, restrictions=("law",))
    grant = factories.imported(stage, ha.person, by=amara)
    terms.ask_for_terms(stage, by=amara, days=30)
    mine = browse(ha)
    page = go(mine, "my_access").content.decode()
    assert "You are asked to accept the licence by" in page
    assert reverse("web:grant_licence", args=[grant.pk]) in page
    shown = go(mine, "grant_licence", grant.pk).content.decode()
    assert "You may use the model for research." in shown
    hashes = factories.hashes(factories.current_licence(stage))
    missing = go(mine, "grant_licence", grant.pk, **hashes)
    assert missing.status_code == 422
    assert (
        go(mine, "grant_licence", grant.pk, **{**hashes, "text_sha256": "0" * 64}, acknowledged="law").status_code
        == 409
    )
    go(mine, "grant_licence", grant.pk, **hashes, acknowledged="law")
    assert not factories.fresh(grant).terms_unproven
    assert go(mine, "grant_licence", grant.pk).status_code == 302


def test_a_lapsed_holder_is_told_how_to_come_back(stage: Stage, ha: Viewer, amara: Viewer, browse: Browse) -> None:
    """In their own words; whoever was not carried over reads that it is no denial."""
    grant = factories.lapsed(factories.imported(stage, ha.person, by=amara), by=amara)
    assert "Access lapsed" in go(browse(ha), "my_access").content.decode()
    terms.reset(grant, by=amara)
    assert "Access was not carried over" in go(browse(ha), "my_access").content.decode()


# Invitations


def invited_by_link(browser: Client, stage: Stage, **how: Any) -> str:
    """Make a link on the page; returns the address without the host."""
    page = go(browser, "invite_by_link", stage.pk, **{"label": "Partners", "days": "14", "uses": "1", **how})
    found = re.search(r"http://127\.0\.0\.1:8000(/invitation/\?token=[\w-]+)", page.content.decode())
    assert found is not None
    return found[1]


def test_a_link_leads_from_the_mail_to_the_form(stage: Stage, ha: Viewer, browser: Client, browse: Browse) -> None:
    """The token leaves the address at once; accepted, it is used up; the request says how its person came."""
    link = invited_by_link(browser, stage)
    assert link not in go(browser, "stage_invitations", stage.pk).content.decode()
    mine = browse(ha)
    opened = mine.get(link)
    assert opened["Location"] == reverse("web:invitation")
    assert "Accept as ha-nguyen" in go(mine, "invitation").content.decode()
    assert not Invited.objects.exists()
    accepted = mine.post(reverse("web:invitation"))
    assert accepted["Location"] == reverse("web:start", args=[stage.pk])
    assert Invitation.objects.get().uses == 1
    mine.post(reverse("web:start", args=[stage.pk]))
    assert AccessRequest.objects.get().person == ha.person


def test_a_stranger_signs_in_first(stage: Stage, browser: Client, client: Client) -> None:
    """And is led back to the invitation, which waits in the session."""
    link = invited_by_link(browser, stage)
    page = client.get(link, follow=True)
    assert f"?next={reverse('web:invitation')}" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    refused = client.post(reverse("web:invitation"))
    assert refused.status_code == 403


@pytest.mark.parametrize("how", ["unknown", "withdrawn", "used up", "none"])
def test_a_link_that_is_over_says_so(
    how: str, stage: Stage, ha: Viewer, ines: Viewer, bram: Viewer, browser: Client, browse: Browse
) -> None:
    """Without saying which, and for whom it was."""
    link = invited_by_link(browser, stage)
    if how == "unknown":
        link = "/invitation/?token=inv_other"
    elif how == "withdrawn":
        invitations.withdraw(Invitation.objects.get(), by=bram)
    elif how == "used up":
        other = browse(ines)
        other.get(link)
        other.post(reverse("web:invitation"))
    else:
        link = "/invitation/"
    page = browse(ha).get(link, follow=True)
    assert page.status_code == (404 if how == "none" else 410)
    assert "opens nothing any more" in page.content.decode()
    assert stage.title not in page.content.decode()


def test_a_flagged_release_asks_first(
    aurora: Repository, amara: Viewer, ha: Viewer, browser: Client, browse: Browse
) -> None:
    """Invariant 29: by this door too."""
    stage = factories.open_stage(aurora, by=amara, title="Night faces")
    type(stage.release).objects.filter(pk=stage.release.pk).update(not_for_all_audiences=True)
    page = browse(ha).get(invited_by_link(browser, stage), follow=True).content.decode()
    assert "Not for all audiences" in page
    assert "Night faces" not in page


def test_names_are_invited_and_taken_back(stage: Stage, ha: Viewer, browser: Client) -> None:
    """Pasted as they are; what is no name is named."""
    wrong = go(browser, "invite_names", stage.pk, label="Lab", days="30", names="ha-nguyen, a@b.c")
    assert wrong.status_code == 422
    assert "a@b.c" in wrong.content.decode()
    go(browser, "invite_names", stage.pk, label="Lab", days="30", names="@ha-nguyen\nlate-comer")
    page = go(browser, "stage_invitations", stage.pk).content.decode()
    assert "waits for the first sign-in" in page
    assert "invited since" in page
    invited = Invited.objects.get(hub_name="late-comer")
    browser.post(reverse("web:withdraw_invited", args=[invited.pk]))
    assert factories.fresh(invited).withdrawn_at is not None
    invitation = Invitation.objects.get()
    assert "Withdraw the invitation “Lab”?" in go(browser, "withdraw_invitation", invitation.pk).content.decode()
    browser.post(reverse("web:withdraw_invitation", args=[invitation.pk]))
    assert factories.fresh(invitation).status == "withdrawn"
    assert go(browser, "withdraw_invitation", invitation.pk).status_code == 302


def test_a_stage_by_invitation_says_so(
    aurora: Repository, amara: Viewer, ha: Viewer, ines: Viewer, browse: Browse
) -> None:
    """Before anything is typed."""
    stage = factories.open_stage(aurora, by=amara, entry="invited")
    invitations.invite_names(stage, by=amara, label="Lab", days=30, names="ha-nguyen")
    assert "ha-nguyen on the Hub is invited" in go(browse(ha), "start", stage.pk).content.decode()
    assert "you are not invited" in go(browse(ines), "start", stage.pk).content.decode()
    assert "Only who is invited can ask." in go(browse(ines), "start", stage.pk).content.decode()


def test_the_count_of_uninvited_people_is_shown(
    aurora: Repository, amara: Viewer, kiri: HubPerson, browse: Browse
) -> None:
    """Nobody vanishes in silence."""
    stage = factories.open_stage(aurora, by=amara, entry="invited")
    factories.hub_says(kiri, aurora, "pending")
    assert (
        "1 person waits on the Hub without an invitation"
        in go(browse(amara), "stage_invitations", stage.pk).content.decode()
    )


def test_a_closed_stage_invites_nobody(stage: Stage, browser: Client, bram: Viewer) -> None:
    """409, with the sentence."""
    stages.close(stage, by=bram)
    assert go(browser, "invite_by_link", stage.pk, label="x", days="1", uses="1").status_code == 409
