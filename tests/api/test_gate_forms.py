"""Writing gate forms over the API: draft, read, replace, compare, publish."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import policies
from gatekeeper.models import GateForm, Stage
from tests.factories import QUESTIONS

from .conftest import Asking, problem

QUESTION: dict[str, Any] = {
    "key": "months",
    "kind": "number",
    "label": {"en": "Months", "fr": "Mois"},
    "help": {"en": "Whole ones"},
    "required": False,
    "min": "1",
    "max": "36",
    "purpose": "To plan.",
    "retention_days": 90,
    "sensitivity": "ordinary",
    "blinded": True,
    "to_review": True,
}
CONDITIONAL = {
    **QUESTION,
    "key": "why",
    "kind": "long_text",
    "show_if": {"key": "months", "test": "answered"},
    "hub_label": None,
    "to_review": False,
}
del CONDITIONAL["min"], CONDITIONAL["max"]


@pytest.fixture
def client(asking: Asking, bram: Viewer) -> APIClient:
    """A steward's client."""
    return asking(bram)


def test_a_form_is_drafted_changed_and_published(aurora_lab: Publisher, client: APIClient) -> None:
    """Every part of a question comes back as it was sent; what is to review is confirmed or refused."""
    new = {"title": "Form", "questions": [QUESTION]}
    made = client.post(f"/api/v1/publishers/{aurora_lab.pk}/gate-forms/", new).json()
    there = f"/api/v1/gate-forms/{made['id']}/"
    assert made["questions"] == [QUESTION]
    sent = {"questions": [QUESTION, CONDITIONAL], "title": "Better", "seen": made["digest"]}
    changed = client.put(f"{there}questions/", sent).json()
    assert (changed["title"], changed["questions"]) == ("Better", [QUESTION, CONDITIONAL])
    problem(client.put(f"{there}questions/", sent), 409, "stale")
    assert set(problem(client.post(f"{there}publish/"), 422, "to_review")["fields"]) == {"months"}
    published = client.post(f"{there}publish/", {"confirmed": True}).json()
    assert (published["number"], published["supersedes"], len(published["sha256"])) == (1, None, 64)
    problem(client.put(f"{there}questions/", {**sent, "seen": published["digest"]}), 409, "already_published")
    problem(client.delete(there), 409, "already_published")


def test_the_next_version_says_what_differs(stage: Stage, client: APIClient) -> None:
    """Or is thrown away."""
    policy = stage.policy
    assert policy is not None
    there = f"/api/v1/gate-forms/{policy.form_id}/"
    draft = client.post(f"{there}next/").json()
    assert (draft["number"], draft["supersedes"]) == (2, policy.form_id)
    assert client.post(f"{there}next/").json()["id"] == draft["id"]
    mine = f"/api/v1/gate-forms/{draft['id']}/"
    assert client.get(f"{mine}differences/").json() == []
    asked = [{**QUESTIONS[0], "label": {"en": "Where?"}}, *QUESTIONS[1:3]]
    client.put(f"{mine}questions/", {"questions": asked, "seen": draft["digest"]})
    differences = client.get(f"{mine}differences/").json()
    assert [(each["change"], each["key"], each["parts"]) for each in differences] == [
        ("changed", "affiliation", ["label"]),
        ("removed", "terms", []),
    ]
    assert differences[0]["after"]["label"] == {"en": "Where?"}
    assert client.delete(mine).status_code == 204
    assert not GateForm.objects.filter(pk=draft["id"]).exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"show_if": {"key": "months", "test": "equals"}},
        {"show_if": {"key": "months", "test": "matches"}},
        {"min": "5", "max": "1"},
        {"sensitivity": "secret"},
        {"retention_days": 99_999},
        {"surprise": 1},
    ],
)
def test_a_question_of_another_shape_is_refused(aurora_lab: Publisher, client: APIClient, wrong: Any) -> None:
    """422, before anything is kept."""
    answer = client.post(
        f"/api/v1/publishers/{aurora_lab.pk}/gate-forms/", {"title": "Form", "questions": [{**QUESTION, **wrong}]}
    )
    problem(answer, 422)
    assert not GateForm.objects.exists()


def test_drafts_are_their_publishers_alone(
    aurora_lab: Publisher, bram: Viewer, farid: Viewer, juma: Viewer, asking: Asking
) -> None:
    """Read by its people, written by stewards, and not there for anybody else: invariant 26 stands before any of it."""
    draft = policies.draft_form(aurora_lab, by=bram, title="Form", questions_asked=[QUESTION])
    there = f"/api/v1/gate-forms/{draft.pk}/"
    sent = {"questions": [], "seen": draft.digest}
    for viewer, reads, writes in ((farid, 200, 403), (juma, 404, 404)):
        client = asking(viewer)
        assert client.get(there).status_code == client.get(f"{there}differences/").status_code == reads
        assert client.put(f"{there}questions/", sent).status_code == writes
        assert client.post(f"{there}next/").status_code == client.delete(there).status_code == writes
    bare = {key: value for key, value in QUESTION.items() if key not in ("purpose", "to_review")}
    client = asking(bram)
    client.put(f"{there}questions/", {"questions": [bare], "seen": draft.digest})
    problem(client.post(f"{there}publish/", {"confirmed": True}), 422, "purpose_missing")
