"""What is brought in, over the API: the same steps and refusals as on the pages."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.actions import invitations
from gatekeeper.models import ApprovalImport, Grant, Invitation, Invited, Repository, Stage
from tests import factories

from .conftest import Asking, problem

PDF = b"%PDF-1.7\nminutes\n"


def test_a_list_is_uploaded_rehearsed_and_confirmed(stage: Stage, ha: Viewer, bram: Viewer, asking: Asking) -> None:
    """The digest of the dry run is named; another one is a conflict."""
    client = asking(bram)
    sent: dict[str, Any] = {
        "csv": factories.spreadsheet("ha-nguyen", "late-comer", "a b").decode(),
        "evidence": {"name": "minutes.pdf", "base64": base64.b64encode(PDF).decode()},
    }
    made = client.post(f"/api/v1/stages/{stage.pk}/imports/", sent)
    assert made.status_code == 201, made.content
    body = made.json()
    assert body["counts"] == {"grant": 1, "waits": 1, "refused": 1}
    assert body["evidence"]["kind"] == "application/pdf"
    assert {one["action"] for one in body["actions"]} == {"rehearse", "confirm", "discard"}
    here = f"/api/v1/imports/{body['id']}/"
    lines = client.get(f"{here}lines/").json()["results"]
    assert [(line["line"], line["verdict"], line["reason"]) for line in lines] == [
        (2, "grant", ""),
        (3, "waits", "sign_in"),
        (4, "refused", "name_malformed"),
    ]
    assert lines[0]["person"]["hub_name"] == "ha-nguyen"
    assert lines[2]["detail"].startswith("This is no name")
    assert len(client.get(f"{here}lines/", {"verdict": "refused"}).json()["results"]) == 1
    assert client.get(f"{here}evidence/").getvalue() == PDF
    problem(client.post(f"{here}confirm/", {"seen": "0" * 64}), 409, "stale")
    assert not Grant.objects.exists()
    done = client.post(f"{here}confirm/", {"seen": body["digest"], "days": 30}).json()
    assert (done["status"], done["confirmed_by"]["name"]) == ("confirmed", "bram")
    assert Grant.objects.get().person == ha.person
    problem(client.post(f"{here}discard/"), 409, "wrong_state")
    assert [row["id"] for row in client.get(f"/api/v1/stages/{stage.pk}/imports/").json()["results"]] == [body["id"]]


def test_a_list_that_cannot_be_read_names_its_field(stage: Stage, bram: Viewer, asking: Asking) -> None:
    """422, and nothing is kept."""
    client = asking(bram)
    there = f"/api/v1/stages/{stage.pk}/imports/"
    assert "file" in problem(client.post(there, {"csv": "who\nme\n"}), 422, "columns_missing")["fields"]
    wrong = {"csv": factories.spreadsheet("kiri").decode(), "evidence": {"name": "x", "base64": "%%%"}}
    assert "evidence.base64" in problem(client.post(there, wrong), 422, "invalid")["fields"]
    assert not ApprovalImport.objects.exists()


def test_the_run_again_and_the_end_of_a_dry_run(stage: Stage, bram: Viewer, asking: Asking) -> None:
    """Both are steps."""
    source = factories.rehearsed(stage, "late-comer", by=bram)
    factories.account("late-comer")
    client = asking(bram)
    assert client.post(f"/api/v1/imports/{source.pk}/rehearse/").json()["counts"] == {"grant": 1}
    assert client.post(f"/api/v1/imports/{source.pk}/discard/").json()["status"] == "discarded"
    problem(client.get(f"/api/v1/imports/{source.pk}/evidence/"), 404)


def test_nobody_else_finds_any_of_it(stage: Stage, ha: Viewer, bram: Viewer, asking: Asking) -> None:
    """404, for lists, invitations and who is invited; a token needs its scope."""
    source = factories.rehearsed(stage, "kiri", by=bram, evidence=PDF)
    made = factories.invitation(stage, by=bram)
    addresses = [
        *(f"imports/{source.pk}/{part}" for part in ("", "lines/", "evidence/")),
        *(f"stages/{stage.pk}/{part}/" for part in ("imports", "imported", "invitations", "invited")),
        f"invitations/{made.pk}/",
    ]
    for address in addresses:
        problem(asking(ha).get(f"/api/v1/{address}"), 404)
        assert asking(bram).get(f"/api/v1/{address}").status_code == 200, address
    problem(asking(bram, "read").post(f"/api/v1/imports/{source.pk}/discard/"), 403, "scope_missing")
    problem(asking(ha).post(f"/api/v1/stages/{stage.pk}/imports/", {"csv": "x"}), 404)


def test_people_who_were_brought_in_are_asked_and_left_behind(
    stage: Stage, ha: Viewer, kiri: HubPerson, amara: Viewer, asking: Asking
) -> None:
    """The digest of whom one saw is named."""
    factories.imported(stage, ha.person, by=amara)
    factories.imported(stage, kiri, by=amara)
    client, there = asking(amara), f"/api/v1/stages/{stage.pk}/"
    seen = client.get(f"{there}imported/").json()
    assert [row["holder"]["hub_name"] for row in seen["results"]] == ["ha-nguyen", "kiri"]
    assert (seen["days"], seen["next"]) == (None, None)
    problem(client.post(f"{there}ask_for_terms/", {"days": 0}), 422, "days_malformed")
    assert client.post(f"{there}ask_for_terms/", {"days": 30, "seen": seen["digest"]}).status_code == 200
    assert client.get(f"{there}imported/").json()["days"] == 30
    grant = Grant.objects.get(person=ha.person)
    assert grant.terms_due_at is not None
    text = factories.current_licence(stage).text_sha256
    accepted = asking(ha).post(f"/api/v1/grants/{grant.pk}/accept/", {"text_sha256": text}).json()
    assert accepted["licence_version"]["text_sha256"] == text
    problem(client.post(f"{there}reset_imported/", {"seen": seen["digest"]}), 409, "stale")
    now = client.get(f"{there}imported/").json()["digest"]
    assert client.post(f"{there}reset_imported/", {"seen": now}).status_code == 200
    assert Grant.objects.get(person=kiri).status == "expired"
    problem(client.post(f"/api/v1/grants/{grant.pk}/reset/"), 409, "not_imported")


def test_a_link_is_made_and_accepted(aurora: Repository, ha: Viewer, amara: Viewer, asking: Asking) -> None:
    """The link stands in one answer; whoever sends its token may ask."""
    stage = factories.open_stage(aurora, by=amara, entry="invited")
    made = asking(amara).post(f"/api/v1/stages/{stage.pk}/invitations/", {"label": "Lab", "days": 14})
    assert made.status_code == 201, made.content
    token = made.json()["link"].partition("token=")[2]
    assert "link" not in asking(amara).get(f"/api/v1/invitations/{made.json()['id']}/").json()
    mine = asking(ha)
    problem(mine.post(f"/api/v1/stages/{stage.pk}/start/"), 422, "by_invitation")
    problem(mine.post("/api/v1/invitations/accept/", {"token": "inv_other"}), 422, "invitation_over")
    assert mine.post("/api/v1/invitations/accept/", {"token": token}).json() == {"stage": stage.pk}
    assert mine.post(f"/api/v1/stages/{stage.pk}/start/").status_code in (200, 201)
    [row] = asking(amara).get(f"/api/v1/stages/{stage.pk}/invitations/").json()["results"]
    assert (row["uses"], row["most_uses"], row["status"]) == (1, 1, "open")
    policy = asking(amara).get(f"/api/v1/stages/{stage.pk}/").json()["policy"]
    assert policy["terms"]["entry"] == "invited"


def test_names_are_invited_and_taken_back(stage: Stage, ha: Viewer, bram: Viewer, asking: Asking) -> None:
    """One by one, or the list."""
    client, there = asking(bram), f"/api/v1/stages/{stage.pk}/invited/"
    wrong = problem(client.post(there, {"label": "Lab", "days": 30, "names": "a@b.c"}), 422, "names_malformed")
    assert "a@b.c" in wrong["detail"]
    made = client.post(there, {"label": "Lab", "days": 30, "names": "ha-nguyen, late-comer"})
    assert made.status_code == 201
    late, met = client.get(there).json()["results"]
    assert (late["hub_name"], late["person"]) == ("late-comer", None)
    assert met["person"]["hub_name"] == "ha-nguyen"
    taken_back = client.post(f"/api/v1/invited/{met['id']}/withdraw/").json()
    assert taken_back["withdrawn_at"] is not None
    problem(asking(ha).post(f"/api/v1/invited/{late['id']}/withdraw/"), 404)
    assert client.post(f"/api/v1/invitations/{made.json()['id']}/withdraw/").json()["status"] == "withdrawn"
    assert not Invited.objects.standing().exists()


@pytest.mark.parametrize("door", ["imports", "invitations", "invited"])
def test_a_reviewer_is_refused(door: str, stage: Stage, chidi: Viewer, asking: Asking) -> None:
    """403, as on the pages."""
    sent = {
        "imports": {"csv": factories.spreadsheet("kiri").decode()},
        "invitations": {"label": "Lab", "days": 14},
        "invited": {"label": "Lab", "days": 14, "names": "kiri"},
    }
    problem(asking(chidi).post(f"/api/v1/stages/{stage.pk}/{door}/", sent[door]), 403, "not_allowed")
    assert not Invitation.objects.exists()


def test_lists_cost_the_same_for_two_as_for_forty(
    stage: Stage, bram: Viewer, asking: Asking, django_assert_num_queries: Any
) -> None:
    """A page is a page."""
    source = factories.rehearsed(stage, *(f"person-{n}" for n in range(40)), by=bram)
    invitations.invite_names(stage, by=bram, label="Lab", days=9, names=" ".join(f"person-{n}" for n in range(40)))
    client = asking(bram)
    for address, statements in ((f"imports/{source.pk}/lines/", 4), (f"stages/{stage.pk}/invited/", 5)):
        client.get(f"/api/v1/{address}?page_size=2")
        with django_assert_num_queries(statements):
            client.get(f"/api/v1/{address}?page_size=2")
        with django_assert_num_queries(statements):
            client.get(f"/api/v1/{address}")
