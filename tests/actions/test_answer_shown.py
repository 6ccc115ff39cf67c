"""answer, where questions are shown depending on others: in a draft, at submission, after a denial, on the Hub."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.viewer import Viewer
from gatekeeper.actions import decisions, requests, reviews
from gatekeeper.models import AccessRequest, Repository, Stage
from gatekeeper.rules.refusals import Invalid, Unmet
from tests import factories
from tests.expect import refused
from tests.factories import ANSWERS, QUESTIONS


def question(key: str, kind: str, **more: Any) -> dict[str, Any]:
    """A question that can be published."""
    return {"key": key, "kind": kind, "label": {"en": key}, "purpose": "To ask.", "retention_days": 30, **more}


OPTIONS = [{"value": value, "label": {"en": value}} for value in ("research", "commercial")]
ASKED = [
    *QUESTIONS,
    question("field", "select", options=OPTIONS, hub_label="Field"),
    question(
        "company",
        "short_text",
        hub_label="Company",
        show_if={"key": "field", "test": "equals", "values": ["commercial"]},
    ),
]
COMMERCIAL = {**ANSWERS, "field": "commercial", "company": "ACME"}


@pytest.fixture
def asking(aurora: Repository, amara: Viewer) -> Stage:
    """An open stage that asks companies for their name."""
    return factories.open_stage(aurora, by=amara, asked=ASKED)


@pytest.fixture
def begun(asking: Stage, ha: Viewer) -> AccessRequest:
    """Hà's request there."""
    return requests.start(asking, by=ha)


def test_it_drops_what_is_answered_to_a_hidden_question(begun: AccessRequest, ha: Viewer) -> None:
    """Whether it came before, with or after the answer that hides it; nothing is wrong with it either."""
    case = requests.answer(begun, by=ha, answers={**COMMERCIAL, "field": "research"})
    assert case.answers == {**ANSWERS, "field": "research"}
    case = requests.answer(case, by=ha, answers={"company": "x\x00y"})
    assert "company" not in case.answers
    case = requests.answer(case, by=ha, answers=COMMERCIAL)
    assert case.answers["company"] == "ACME"
    case = requests.answer(case, by=ha, answers={"field": "research"})
    assert "company" not in factories.fresh(case).answers


def test_it_asks_for_what_is_shown_and_for_nothing_else(begun: AccessRequest, ha: Viewer) -> None:
    """A required hidden question is not required; shown, it is. What is submitted holds no hidden answer."""
    version = factories.current_licence(begun.stage)
    requests.accept(begun, by=ha, text_sha256=version.text_sha256)
    case = requests.answer(begun, by=ha, answers={**ANSWERS, "field": "commercial"})
    with refused(Unmet, "answers_missing"):
        requests.submit(case, by=ha)
    requests.answer(case, by=ha, answers={"company": "ACME"})
    requests.answer(case, by=ha, answers={"field": "research"})
    case = requests.submit(case, by=ha)
    assert case.submission is not None
    assert case.submission.answers == {**ANSWERS, "field": "research"}


def test_a_correction_can_lead_to_another_question(begun: AccessRequest, ha: Viewer, chidi: Viewer) -> None:
    """What a reopened answer brings up can be answered; what was shown before and not named cannot."""
    version = factories.current_licence(begun.stage)
    requests.accept(begun, by=ha, text_sha256=version.text_sha256)
    requests.answer(begun, by=ha, answers={**ANSWERS, "field": "research"})
    requests.submit(begun, by=ha)
    case = reviews.take(begun, by=chidi)
    decisions.deny_correctably(case, by=chidi, codes=["USE_THIN"], words="Which company?", reopened=["field"])
    requests.answer(case, by=ha, answers={"field": "commercial"})
    case = factories.fresh(case)
    assert case.reopened == ["company", "field"]
    requests.answer(case, by=ha, answers={"company": "ACME"})
    requests.answer(case, by=ha, answers={"company": "ACME Ltd"})
    with refused(Invalid, "answers_at_fault", "use"):
        requests.answer(case, by=ha, answers={"use": "Something else."})
    case = requests.resubmit(case, by=ha)
    assert case.submission is not None
    assert case.submission.answers == {**ANSWERS, "field": "commercial", "company": "ACME Ltd"}


def test_what_was_answered_on_the_hub_to_a_hidden_question_is_dropped(aurora: Repository, asking: Stage) -> None:
    """The Hub's form shows every question; what does not belong here is not kept."""
    person = factories.hub_person("olu")
    case = factories.brought_in(aurora, person, answers={"Field": "research", "Company": "ACME"})
    assert case.answers == {"field": "research"}


def test_newer_terms_carry_the_draft_over_and_remember_what_is_asked_anew(
    begun: AccessRequest, ha: Viewer, amara: Viewer
) -> None:
    """New and changed questions, until it is submitted; a question that is gone takes its answer along."""
    case = requests.answer(begun, by=ha, answers=COMMERCIAL)
    reworded = {**ASKED[1], "label": {"en": "What for, exactly?"}}
    asked = [ASKED[0], reworded, ASKED[3], ASKED[4], question("orcid", "url", required=False)]
    factories.policy(case.stage, by=amara, asked=asked)
    case = requests.answer(factories.fresh(case), by=ha, answers={})
    case = factories.fresh(case)
    assert case.asked_anew == ["orcid", "use"]
    assert case.answers == {**ANSWERS, "field": "commercial"}
    factories.policy(case.stage, by=amara, asked=[*asked[:-1]])
    requests.answer(case, by=ha, answers={"use": "To count."})
    assert factories.fresh(case).asked_anew == ["use"]
    version = factories.current_licence(case.stage)
    requests.accept(case, by=ha, text_sha256=version.text_sha256)
    assert requests.submit(factories.fresh(case), by=ha).asked_anew == []
