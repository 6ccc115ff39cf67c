"""The main job over the API: ask, answer, accept, submit, ask back, decide, read the grant."""

from __future__ import annotations

from typing import Any

from accounts.viewer import Viewer
from gatekeeper.models import AccessRequest, Grant, Stage
from tests import factories

from .conftest import Asking, problem


def test_it_takes_a_request_from_start_to_access(
    asking: Asking, stage: Stage, ha: Viewer, chidi: Viewer, amara: Viewer
) -> None:
    """Each verb answers the case as it stands then, with what its viewer could do next."""
    requester, reviewer = asking(ha), asking(chidi)
    version = requester.get(f"/api/v1/stages/{stage.pk}/").json()["policy"]["licence_version"]
    begun = requester.post(f"/api/v1/stages/{stage.pk}/start/")
    assert begun.status_code == 201
    case = f"/api/v1/requests/{begun.json()['id']}/"
    answered = requester.post(f"{case}answer/", {"answers": factories.ANSWERS}).json()
    assert answered["draft"] == factories.ANSWERS
    assert answered["licence_version"]["id"] == version
    missing = next(offer for offer in answered["actions"] if offer["action"] == "submit")
    assert missing["allowed"] is False
    assert missing["why"]["code"] == "acceptance_missing"
    shown = answered["licence_version"]
    hashes = {"text_sha256": shown["text_sha256"], "version_sha256": shown["digest"]}
    stale = requester.post(f"{case}accept/", {**hashes, "version_sha256": "0" * 64})
    assert (stale.status_code, stale.json()["code"]) == (409, "licence_changed")
    assert requester.post(f"{case}accept/", hashes).status_code == 200
    assert requester.post(f"{case}submit/").json()["status"] == "submitted"
    taken = reviewer.post(f"{case}take/").json()
    assert taken["assignee"]["name"] == "chidi"
    assert taken["submissions"][0]["answers"] == factories.ANSWERS
    assert "draft" not in taken
    submission = {"submission": taken["submission"]}
    assert reviewer.post(f"{case}ask_back/", {**submission, "words": "Which streets?"}).status_code == 200
    assert requester.post(f"{case}answer_back/", {"words": "In Hà Nội."}).json()["status"] == "in_review"
    decision = {**submission, "codes": ["ELIGIBLE"], "words": "Welcome.", "conditions": ["Only on our cluster."]}
    approved = reviewer.post(f"{case}approve/", decision).json()
    assert approved["status"] == "approved"
    assert approved["decisions"][0]["words"] == "Welcome."
    grant = f"/api/v1/grants/{approved['grants'][0]['id']}/"
    assert requester.get(grant).json()["status"] == "pending_activation"
    factories.confirmed(Grant.objects.get())
    held = requester.get(grant).json()
    assert held["status"] == "active"
    assert held["conditions"] == ["Only on our cluster."]
    assert asking(amara).post(f"{grant}suspend/").json()["status"] == "suspended"
    assert asking(amara).post(f"{grant}reinstate/").json()["status"] == "pending_activation"
    assert requester.post(f"{grant}relinquish/").json()["status"] == "relinquished"


def test_it_corrects_a_denial(asking: Asking, stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """Only what was reopened can be changed; the corrections are a new submission."""
    case = factories.in_review(stage, ha, by=chidi)
    address = f"/api/v1/requests/{case.pk}/"
    denial = {"submission": case.submission_id, "codes": ["USE_THIN"], "words": "Say more.", "reopened": ["use"]}
    denied = asking(chidi).post(f"{address}deny_correctably/", denial).json()
    assert denied["status"] == "denied_correctable"
    refused = asking(ha).post(f"{address}answer/", {"answers": {"affiliation": "Elsewhere", "use": "To measure."}})
    assert problem(refused, 422, "answers_at_fault")["fields"]["affiliation"]["code"] == "not_reopened"
    again = asking(ha).post(f"{address}resubmit/").json()
    assert [made["number"] for made in again["submissions"]] == [1, 2]
    assert again["submissions"][1]["answers"]["use"] == "To measure."


def test_it_refuses_a_second_decision(asking: Asking, stage: Stage, ha: Viewer, chidi: Viewer, dana: Viewer) -> None:
    """409, and nothing is changed: invariant 16."""
    case = factories.in_review(stage, ha, by=chidi)
    decision = {"submission": case.submission_id, "codes": ["ELIGIBLE"], "words": "Welcome."}
    assert asking(chidi).post(f"/api/v1/requests/{case.pk}/approve/", decision).status_code == 200
    problem(asking(dana).post(f"/api/v1/requests/{case.pk}/approve/", decision), 409, "wrong_state")
    assert case.decisions.count() == 1


def test_it_refuses_a_decision_on_a_stale_submission(asking: Asking, stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """The submission that was seen is named, and is the latest: invariant 16."""
    case = factories.in_review(stage, ha, by=chidi)
    denial = {"submission": (case.submission_id or 0) + 1, "codes": ["USE_RESTRICTED"], "words": "No."}
    problem(asking(chidi).post(f"/api/v1/requests/{case.pk}/deny_finally/", denial), 409, "stale")
    del denial["submission"]
    refused = asking(chidi).post(f"/api/v1/requests/{case.pk}/deny_finally/", denial)
    assert problem(refused, 422, "invalid")["fields"]["submission"]["code"] == "required"
    assert AccessRequest.objects.get(pk=case.pk).status == "in_review"


def test_it_keeps_the_answers_that_stand(asking: Asking, stage: Stage, ha: Viewer) -> None:
    """Each fault is named at its question, and the rest is saved."""
    case = asking(ha).post("/api/v1/requests/", {"stage": stage.pk}).json()
    given = {"affiliation": "Uni", "country": "Atlantis", "terms": "perhaps", "other": 1}
    refused = asking(ha).post(f"/api/v1/requests/{case['id']}/answer/", {"answers": given})
    fields = problem(refused, 422, "answers_at_fault")["fields"]
    assert {name: fault["code"] for name, fault in fields.items()} == {
        "country": "not_an_option",
        "terms": "wrong_kind",
        "other": "not_asked",
    }
    assert asking(ha).get(f"/api/v1/requests/{case['id']}/").json()["draft"] == {"affiliation": "Uni"}


def test_it_begins_once(asking: Asking, stage: Stage, ha: Viewer) -> None:
    """Beginning again gives the case that is open."""
    first, second = (asking(ha).post("/api/v1/requests/", {"stage": stage.pk}).json() for _time in range(2))
    assert first["id"] == second["id"]


def test_it_shows_a_requester_no_names_of_reviewers(asking: Asking, stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """Names, opinions and notes of the publisher's people stay with them: invariant 19."""
    case = factories.in_review(stage, ha, by=chidi)
    submission: dict[str, Any] = {"submission": case.submission_id}
    note = {**submission, "note": "I doubt this, privately."}
    opinion = asking(chidi).post(f"/api/v1/requests/{case.pk}/recommend/", note)
    assert opinion.json()["reviews"][0]["note"] == note["note"]
    question = {**submission, "words": "Which streets?"}
    asking(chidi).post(f"/api/v1/requests/{case.pk}/ask_back/", question)
    asking(ha).post(f"/api/v1/requests/{case.pk}/answer_back/", {"words": "Those."})
    denial = {**submission, "codes": ["USE_THIN"], "words": "Say more."}
    asking(chidi).post(f"/api/v1/requests/{case.pk}/deny_correctably/", denial)
    for address in (f"/api/v1/requests/{case.pk}/", "/api/v1/requests/", "/api/v1/events/", "/api/v1/hub-access/"):
        seen = asking(ha).get(address).content.decode()
        assert "chidi" not in seen
        assert "privately" not in seen
        assert "reviews" not in seen
    assert [sent["words"] for sent in asking(ha).get(f"/api/v1/requests/{case.pk}/").json()["messages"]] == [
        "Which streets?",
        "Those.",
    ]
