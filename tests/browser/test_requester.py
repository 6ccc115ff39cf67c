"""The whole way of a requester: by keyboard alone, and without JavaScript."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.viewer import Viewer
from gatekeeper.actions import decisions, requests, reviews
from gatekeeper.models import AccessRequest, Grant, Stage
from tests import factories
from tests.again import once

from .conftest import Visit, Visiting


@pytest.fixture
@once
def restricted(aurora: Any, amara: Viewer) -> Stage:
    """An open stage whose licence has two use restrictions."""
    return factories.open_stage(aurora, by=amara, restrictions=("law", "minors"))


def focus(page: Page, words: str, most: int = 60) -> None:
    """Press Tab until something of this name has the focus."""
    for _press in range(most):
        page.keyboard.press("Tab")
        named = page.evaluate(
            "(() => { const e = document.activeElement;"
            " const l = e.labels && e.labels.length ? e.labels[0].innerText : '';"
            " return (l || e.innerText || e.value || '').trim() })()"
        )
        if named.startswith(words):
            return
    raise AssertionError(f"Tab never reaches “{words}”.")


def test_a_requester_goes_the_whole_way_by_keyboard(
    transactional_db: None, restricted: Stage, ha: Viewer, chidi: Viewer, visit: Visiting
) -> None:
    """From the release to access: Tab, Space, Enter and typing, nothing else."""
    window = visit(ha)
    page = window.open(f"/catalogue/aurora-lab/{restricted.release.slug}/")
    keys = page.keyboard
    focus(page, "Skip to the content", 1)
    focus(page, "Apply")
    keys.press("Enter")
    page.wait_for_url("**/apply/")
    focus(page, "Begin")
    keys.press("Enter")
    page.wait_for_url("**/questions/")
    focus(page, "Affiliation")
    keys.type("University of Hà Nội")
    focus(page, "Continue to the licence")
    keys.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    focus(page, "Intended use", 12)
    keys.press("Enter")
    expect(page.get_by_label("Intended use")).to_be_focused()
    keys.type("To measure bias in captions.")
    focus(page, "I accept the licence")
    keys.press("Space")
    focus(page, "Continue to the licence")
    keys.press("Enter")
    page.wait_for_url("**/licence/")
    focus(page, "Do not use it in a way")
    keys.press("Space")
    focus(page, "Do not exploit")
    keys.press("Space")
    focus(page, "Accept the licence")
    keys.press("Enter")
    page.wait_for_url("**/submit/")
    focus(page, "Submit the request")
    keys.press("Enter")
    page.wait_for_url("**/requests/*/")
    assert "Waiting for review" in page.content()
    case = AccessRequest.objects.get()
    reviews.ask_back(reviews.take(case, by=chidi), by=chidi, words="Which captions?")
    page.reload()
    focus(page, "Your answer")
    keys.type("Those of street scenes.")
    focus(page, "Answer the question")
    keys.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("the review goes on")
    decisions.approve(factories.fresh(case), by=chidi, words="Welcome.")
    factories.confirmed(Grant.objects.get())
    page.reload()
    assert "You have access" in page.content()
    focus(page, "My access", 12)
    keys.press("Enter")
    page.wait_for_url("**/my-access/")
    assert "No end date" in page.content()
    assert [text for text in window.complaints if "422" not in text] == []


def test_a_requester_goes_the_whole_way_without_javascript(
    transactional_db: None, restricted: Stage, ha: Viewer, chidi: Viewer, visit: Visiting
) -> None:
    """Every form is a form, and every message a page."""
    window = visit(ha, java_script_enabled=False)
    page = window.open(f"/catalogue/aurora-lab/{restricted.release.slug}/")
    window.press("Apply", role="link")
    window.press("Begin")
    fill(window)
    window.press("Save the draft")
    assert "Your draft is saved." in page.content()
    window.press("Continue to the licence")
    window.press("Accept the licence")
    assert "Every use restriction has to be acknowledged." in page.content()
    for box in page.get_by_role("checkbox").all():
        box.check()
    window.press("Accept the licence")
    window.press("Submit the request")
    case = AccessRequest.objects.get()
    taken = reviews.take(case, by=chidi)
    decisions.deny_correctably(taken, by=chidi, codes=["USE_THIN"], words="Say more.", reopened=["use"])
    page.reload()
    assert "Changes needed" in page.content()
    window.press("Change the answers", role="link")
    page.get_by_label("Intended use").fill("To measure bias in captions of street scenes.")
    window.press("Continue to the licence")
    window.press("Continue", role="link")
    window.press("Submit the corrections")
    assert "Waiting for review" in page.content()
    window.press("Withdraw the request", role="link")
    window.press("Withdraw the request")
    assert "Withdrawn by you" in page.content()


def fill(window: Visit) -> None:
    """Answer every question that needs an answer."""
    page = window.page
    page.get_by_label("Affiliation").fill("University of Hà Nội")
    page.get_by_label("Intended use").fill("To measure bias.")
    page.get_by_label("I accept the licence").check()


def test_a_draft_saves_itself(transactional_db: None, stage: Stage, ha: Viewer, visit: Visiting) -> None:
    """Where there is JavaScript, leaving a field is enough."""
    case = requests.start(stage, by=ha)
    window = visit(ha)
    page = window.open(f"/requests/{case.pk}/questions/")
    page.get_by_label("Affiliation").fill("EPFL")
    page.get_by_label("Intended use").focus()
    expect(page.locator("#saved")).to_contain_text("Draft saved at")
    assert factories.fresh(case).answers == {"affiliation": "EPFL"}
    page.get_by_label("Country").select_option("CH")
    expect(page.locator("#saved")).to_contain_text("Draft saved at")
    page.get_by_role("button", name="Continue to the licence").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.get_by_label("Affiliation").input_value() == "EPFL"
