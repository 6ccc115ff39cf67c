"""Answering over the API: the same conditions, files and hints as on the pages."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.viewer import Viewer
from gatekeeper.actions import requests
from gatekeeper.models import AccessRequest, Repository, Submission
from tests import factories

from .conftest import Asking, problem

PDF = b"%PDF-1.7\nminutes\n"
LETTER = {"name": "letter.pdf", "base64": base64.b64encode(PDF).decode()}


def question(key: str, kind: str, **more: Any) -> dict[str, Any]:
    """A question that can be published."""
    return {"key": key, "kind": kind, "label": {"en": key}, "purpose": "To ask.", "retention_days": 30, **more}


ASKED = [
    question("affiliation", "short_text"),
    question("tune", "assent", required=False),
    question("how", "short_text", show_if={"key": "tune", "test": "ticked"}),
    question("letter", "file", required=False, blinded=True),
]


@pytest.fixture
def begun(aurora: Repository, amara: Viewer, ha: Viewer) -> AccessRequest:
    """Hà's request at a stage that asks these."""
    return requests.start(factories.open_stage(aurora, by=amara, asked=ASKED), by=ha)


@pytest.fixture
def client(asking: Asking, ha: Viewer) -> APIClient:
    """Hà's client."""
    return asking(ha)


def test_an_answer_to_a_hidden_question_is_not_stored(begun: AccessRequest, client: APIClient) -> None:
    """It is dropped when it is sent, and when what led to it changes."""
    there = f"/api/v1/requests/{begun.pk}/answer/"
    sent = {"answers": {"affiliation": "University of Hà Nội", "how": "LoRA"}}
    assert client.post(there, sent).json()["draft"] == {"affiliation": "University of Hà Nội"}
    shown = client.post(there, {"answers": {"tune": True, "how": "LoRA"}}).json()["draft"]
    assert shown["how"] == "LoRA"
    assert "how" not in client.post(there, {"answers": {"tune": False}}).json()["draft"]


def test_saving_a_draft_answers_with_hints(begun: AccessRequest, client: APIClient, asking: Asking) -> None:
    """For its person: code, question, sentence and way out."""
    body = client.post(f"/api/v1/requests/{begun.pk}/answer/", {"answers": {"affiliation": "HUST"}}).json()
    [hint] = body["hints"]
    assert (hint["code"], hint["question"], hint["guiding"]) == ("AFFILIATION_UNCLEAR", "affiliation", [])
    assert hint["way_out"].startswith("Spell out the organisation")
    assert body["asked_anew"] == []


def test_hints_know_the_country_of_the_request_before(
    begun: AccessRequest, ha: Viewer, amara: Viewer, client: APIClient
) -> None:
    """As far as its answers are still kept."""
    country = [question("country", "country")]
    first, second = (
        requests.start(factories.open_stage(*begun.stage.repositories.all(), by=amara, asked=country), by=ha)
        for _each in range(2)
    )
    requests.answer(first, by=ha, answers={"country": "VN"})
    requests.accept(first, by=ha, text_sha256=factories.current_licence(first.stage).text_sha256)
    requests.submit(first, by=ha)
    there = f"/api/v1/requests/{second.pk}/answer/"
    assert [hint["code"] for hint in client.post(there, {"answers": {"country": "FR"}}).json()["hints"]] == [
        "COUNTRY_INCONSISTENT"
    ]
    factories.erase(Submission.objects.get(request=first))
    assert client.post(there, {"answers": {"country": "FR"}}).json()["hints"] == []


def test_a_file_is_handed_in_and_got_back(begun: AccessRequest, client: APIClient) -> None:
    """As JSON in, as bytes out; what is no PDF is refused at its question."""
    there = f"/api/v1/requests/{begun.pk}/files/letter/"
    assert client.get(there).status_code == 404
    body = client.put(there, LETTER).json()
    assert body["draft"]["letter"] == {
        "name": "letter.pdf",
        "size": len(PDF),
        "sha256": body["draft"]["letter"]["sha256"],
    }
    got = client.get(there)
    assert (got.getvalue(), got["X-Content-Type-Options"]) == (PDF, "nosniff")
    assert got["Content-Disposition"].startswith("attachment")
    wrong = {"name": "letter.pdf", "base64": base64.b64encode(b"MZ").decode()}
    assert "letter" in problem(client.put(there, wrong), 422, "answers_at_fault")["fields"]
    forged = {"answers": {"letter": {"name": "a.pdf", "size": 3, "sha256": "ab" * 32}}}
    problem(client.post(f"/api/v1/requests/{begun.pk}/answer/", forged), 422, "answers_at_fault")
    client.post(f"/api/v1/requests/{begun.pk}/answer/", {"answers": {"letter": ""}})
    assert client.get(there).status_code == 404


def test_a_blinded_answer_is_not_for_those_who_decide(
    begun: AccessRequest, ha: Viewer, chidi: Viewer, bram: Viewer, juma: Viewer, client: APIClient, asking: Asking
) -> None:
    """Invariant 19: neither among the answers nor as a file; a steward who does not review sees it."""
    client.post(f"/api/v1/requests/{begun.pk}/answer/", {"answers": {"affiliation": "University"}})
    client.put(f"/api/v1/requests/{begun.pk}/files/letter/", LETTER)
    draft = f"/api/v1/requests/{begun.pk}/files/letter/"
    requests.accept(begun, by=ha, text_sha256=factories.current_licence(begun.stage).text_sha256)
    requests.submit(begun, by=ha)
    submitted = f"/api/v1/requests/{begun.pk}/submissions/1/files/letter/"
    for viewer, keys, status in ((chidi, {"affiliation"}, 404), (bram, {"affiliation", "letter"}, 200)):
        body = asking(viewer).get(f"/api/v1/requests/{begun.pk}/").json()
        assert set(body["submissions"][0]["answers"]) == keys
        assert not {"draft", "hints"} & set(body)
        assert asking(viewer).get(submitted).status_code == status
        assert asking(viewer).get(draft).status_code == 404
    assert client.get(submitted).status_code == 200
    assert asking(juma).get(submitted).status_code == 404
    problem(asking(bram).put(draft, LETTER), 403)
