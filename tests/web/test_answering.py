"""Answering on the pages: files, questions that depend on others, forms that changed meanwhile, hints."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.viewer import Viewer
from gatekeeper.actions import requests
from gatekeeper.models import AccessRequest, AnswerFile, PersonalText, Repository
from tests import factories

from .conftest import Browse

PDF = b"%PDF-1.7\n%approval\n"
OPTIONS = [{"value": value, "label": {"en": value.title()}} for value in ("research", "commercial")]


def question(key: str, kind: str, **more: Any) -> dict[str, Any]:
    """A question that can be published."""
    label = {"en": key.title()}
    return {"key": key, "kind": kind, "label": label, "purpose": "To ask.", "retention_days": 30, **more}


ASKED = [
    question("field", "select", options=OPTIONS),
    question("company", "short_text", show_if={"key": "field", "test": "equals", "values": ["commercial"]}),
    question("letter", "file", required=False, blinded=True),
    question("topics", "multi_select", options=OPTIONS, required=False),
    question("team", "number", min="1", max="20", required=False),
    question("start", "date", min="2026-01-01", required=False),
    question("country", "country", required=False),
]


@pytest.fixture
def begun(aurora: Repository, amara: Viewer, ha: Viewer) -> AccessRequest:
    """Hà's request at a stage that asks all sorts of things."""
    return requests.start(factories.open_stage(aurora, by=amara, asked=ASKED), by=ha)


@pytest.fixture
def browser(browse: Browse, ha: Viewer) -> Client:
    """Hà's browser."""
    return browse(ha)


def send(browser: Client, case: AccessRequest, then: str = "save", **sent: Any) -> Any:
    """Send the page of questions."""
    return browser.post(reverse("web:draft", args=[case.pk]), {**sent, "then": then})


def page(browser: Client, case: AccessRequest, query: str = "") -> str:
    """The page of questions."""
    return browser.get(reverse("web:draft", args=[case.pk]) + query).content.decode()


def handed_in(case: AccessRequest, ha: Viewer) -> AccessRequest:
    """Submitted, with a file."""
    version = factories.current_licence(case.stage)
    requests.accept(case, by=ha, text_sha256=version.text_sha256)
    requests.answer(case, by=ha, answers={"field": "research"}, files={"letter": ("letter.pdf", [PDF])})
    return requests.submit(case, by=ha)


def test_each_kind_has_the_field_that_fits_it(begun: AccessRequest, browser: Client) -> None:
    """Native dates with their bounds, boxes in a group, countries by their names, numbers with what fits."""
    shown = page(browser, begun)
    assert re.search(r'<input type="date"[^>]*min="2026-01-01"', shown)
    assert "Not before 1 January 2026." in shown
    assert "From 1 to 20." in shown
    assert shown.count("<legend>") == 2
    assert '<option value="VN">Vietnam</option>' in shown
    assert 'enctype="multipart/form-data"' in shown
    french = browser.get(reverse("web:draft", args=[begun.pk]), HTTP_ACCEPT_LANGUAGE="fr").content.decode()
    assert french.index(">Égypte<") < french.index(">Zambie<")


def test_a_hidden_question_is_on_the_page_and_waits(begun: AccessRequest, browser: Client) -> None:
    """For the script that shows it; without one it appears when the page is saved, and a message says so."""
    assert re.search(r'id="question-company"[^>]*data-show-values="commercial"[^>]*hidden>', page(browser, begun))
    answer = send(browser, begun, "continue", **{"answer-field": "commercial", "answer-company": ""})
    assert answer["Location"].endswith("#question-company")
    shown = page(browser, begun)
    assert "Your answers lead to 1 more question." in shown
    assert not re.search(r'id="question-company"[^>]*hidden>', shown)
    seen = {"answer-field": "commercial", "seen": ["field", "company"]}
    assert "This question needs an answer." in send(browser, begun, "continue", **seen).content.decode()
    assert send(browser, begun, "continue", **seen, **{"answer-company": "ACME"})["Location"].endswith("/licence/")
    send(browser, begun, **{"answer-field": "research", "answer-company": "ACME"})
    assert factories.fresh(begun).answers == {"field": "research"}


def test_a_file_is_handed_in_kept_replaced_and_removed(begun: AccessRequest, browser: Client) -> None:
    """The other buttons leave it alone; it comes back as an attachment that no browser shows."""
    send(browser, begun, **{"answer-letter": SimpleUploadedFile("letter.pdf", PDF, "text/html")})
    assert "Handed in: letter.pdf" in page(browser, begun)
    send(browser, begun, **{"answer-field": "research", "answer-letter": "[object File]"})
    got = browser.get(reverse("web:draft_file", args=[begun.pk, "letter"]))
    assert got.getvalue() == PDF
    assert got["Content-Type"] == "application/pdf"
    assert got["Content-Disposition"].startswith("attachment")
    assert got["X-Content-Type-Options"] == "nosniff"
    wrong = send(browser, begun, **{"answer-letter": SimpleUploadedFile("letter.pdf", b"<script>", "application/pdf")})
    assert "Hand in a PDF file." in wrong.content.decode()
    assert factories.fresh(begun).answers["letter"]["size"] == len(PDF)
    send(browser, begun, **{"answer-letter-remove": "on"})
    assert browser.get(reverse("web:draft_file", args=[begun.pk, "letter"])).status_code == 404
    assert not AnswerFile.objects.exists()


def test_a_file_is_for_whoever_may_see_the_answer(
    begun: AccessRequest, ha: Viewer, chidi: Viewer, bram: Viewer, farid: Viewer, juma: Viewer, browse: Browse
) -> None:
    """Invariant 19: blinded, not for reviewers; a draft's only for its person; an erased one for nobody."""
    requests.answer(begun, by=ha, answers={}, files={"letter": ("letter.pdf", [PDF])})
    draft = reverse("web:draft_file", args=[begun.pk, "letter"])
    everybody = {"ha": ha, "chidi": chidi, "bram": bram, "farid": farid, "juma": juma}
    found = {name: browse(viewer).get(draft).status_code for name, viewer in everybody.items()}
    assert found == dict.fromkeys(everybody, 404) | {"ha": 200}
    case = handed_in(begun, ha)
    submitted = reverse("web:submitted_file", args=[case.pk, 1, "letter"])
    found = {name: browse(viewer).get(submitted).status_code for name, viewer in everybody.items()}
    assert found == {"ha": 200, "chidi": 404, "bram": 200, "farid": 200, "juma": 404}
    reviewing = browse(chidi).get(reverse("web:case", args=[case.pk])).content.decode()
    assert "not shown to those who decide" in reviewing
    assert "letter.pdf" not in reviewing
    assert submitted in browse(bram).get(reverse("web:case", args=[case.pk])).content.decode()
    assert case.submission is not None
    PersonalText.objects.filter(pk=case.submission.answers_id).delete()
    assert browse(ha).get(submitted).status_code == 404
    for nothing in (["2", "letter"], ["1", "field"]):
        assert browse(ha).get(reverse("web:submitted_file", args=[case.pk, *nothing])).status_code == 404


def test_a_form_that_changed_asks_only_for_what_differs(
    begun: AccessRequest, ha: Viewer, amara: Viewer, browser: Client
) -> None:
    """New, changed and unanswered questions; the others stand, and can be had again."""
    requests.answer(begun, by=ha, answers={"field": "research", "team": "3", "topics": ["research"], "country": "VN"})
    changed = [*ASKED[:3], {**ASKED[3], "label": {"en": "Subjects"}}, ASKED[4], ASKED[6], question("orcid", "url")]
    factories.policy(begun.stage, by=amara, asked=changed)
    shown = page(browser, begun)
    assert "The form has changed since you began." in shown
    asked = set(re.findall(r'name="asked" value="(\w+)"', shown))
    assert asked == {"company", "letter", "topics", "orcid"}
    assert shown.count("new or changed</span>") == 2
    assert "They cannot be changed now." not in shown
    assert {"field", "team"} <= set(re.findall(r'name="asked" value="(\w+)"', page(browser, begun, "?all")))
    sent = {"asked": sorted(asked), "answer-orcid": "https://orcid.org/0", "answer-topics": "commercial"}
    assert send(browser, begun, "continue", **sent)["Location"].endswith("/licence/")
    assert factories.fresh(begun).answers == {
        "field": "research",
        "team": "3",
        "country": "VN",
        "topics": ["commercial"],
        "orcid": "https://orcid.org/0",
    }
    assert "The form has changed" in page(browser, begun)


def test_hints_are_shown_before_submission_and_keep_nobody_from_it(
    aurora: Repository, amara: Viewer, ha: Viewer, browser: Client
) -> None:
    """Each with a way out, and three questions for a thin use."""
    asked = [question("email", "email"), question("affiliation", "short_text"), question("use", "long_text")]
    case = requests.start(factories.open_stage(aurora, by=amara, asked=asked), by=ha)
    requests.answer(case, by=ha, answers={"email": "ha@gmail.com", "affiliation": "HUST", "use": "Research."})
    last_look = reverse("web:hand_in", args=[case.pk])
    shown = browser.get(last_look).content.decode()
    assert "Anybody gets an address at gmail.com" in shown
    assert "This is not the address of your account here." in shown
    assert "“HUST” looks like an acronym" in shown
    assert "Who will see the outputs?" in shown
    assert f"{reverse('web:draft', args=[case.pk])}?all#question-affiliation" in shown
    version = factories.current_licence(case.stage)
    requests.accept(case, by=ha, text_sha256=version.text_sha256)
    browser.post(last_look)
    assert factories.fresh(case).submission is not None
