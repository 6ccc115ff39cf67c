"""Questions that depend on others, in a real browser: the script shows what the rule shows, at once."""

from __future__ import annotations

from typing import Any

from accounts.viewer import Viewer
from gatekeeper.actions import requests
from gatekeeper.models import Repository
from gatekeeper.rules.showing import shown
from tests import factories

from .conftest import Visiting

OPTIONS = [{"value": value, "label": {"en": value}} for value in ("research", "commercial", "teaching")]


def question(key: str, kind: str, test: str = "", on: str = "", *values: str, **more: Any) -> dict[str, Any]:
    """A question that can be published, perhaps with a condition."""
    label = {"en": key.title()}
    asked = {"key": key, "kind": kind, "label": label, "required": False, "purpose": "To ask.", "retention_days": 30}
    condition = {"key": on, "test": test} | ({"values": list(values)} if values else {})
    return asked | more | ({"show_if": condition} if test else {})


ASKED = [
    question("field", "select", options=OPTIONS),
    question("company", "short_text", "equals", "field", "commercial"),
    question("register", "url", "answered", "company"),
    question("topics", "multi_select", "one_of", "field", "research", "teaching", options=OPTIONS),
    question("course", "short_text", "equals", "topics", "teaching"),
    question("country", "country"),
    question("consulate", "short_text", "one_of", "country", "VN", "FR"),
    question("tune", "assent"),
    question("how", "long_text", "ticked", "tune"),
]


def test_the_script_shows_what_the_rule_shows(
    transactional_db: None, aurora: Repository, amara: Viewer, ha: Viewer, visit: Visiting
) -> None:
    """After each step: equal, one of several, any of the chosen, ticked, answered, and what hangs on what is hidden."""
    case = requests.start(factories.open_stage(aurora, by=amara, asked=ASKED), by=ha)
    window = visit(ha)
    page = window.open(f"/requests/{case.pk}/questions/")
    # A draft that saves itself could still be on its way when the test is over.
    page.evaluate("document.body.addEventListener('htmx:beforeRequest', event => event.preventDefault())")

    def now_shown() -> set[str]:
        script = "blocks => blocks.filter(block => block.checkVisibility()).map(block => block.id.slice(9))"
        return set(page.eval_on_selector_all(".question", script))

    answers: dict[str, Any] = {}
    assert now_shown() == set(shown(ASKED, answers)) == {"field", "country", "tune"}
    steps: list[tuple[Any, dict[str, Any]]] = [
        (lambda: page.locator("[name=answer-field][value=commercial]").check(), {"field": "commercial"}),
        (lambda: page.get_by_label("Company").fill("ACME"), {"company": "ACME"}),
        (lambda: page.get_by_label("Company").fill("  "), {"company": ""}),
        (lambda: page.get_by_label("Company").fill("ACME"), {"company": "ACME"}),
        (lambda: page.locator("[name=answer-field][value=research]").check(), {"field": "research"}),
        (lambda: page.locator("[name=answer-topics][value=teaching]").check(), {"topics": ["teaching"]}),
        (lambda: page.locator("[name=answer-topics][value=research]").check(), {"topics": ["research", "teaching"]}),
        (lambda: page.get_by_label("Country").select_option("VN"), {"country": "VN"}),
        (lambda: page.get_by_label("Country").select_option("DE"), {"country": "DE"}),
        (lambda: page.get_by_label("Tune").check(), {"tune": True}),
        (lambda: page.get_by_label("Tune").uncheck(), {"tune": None}),
        (lambda: page.locator("[name=answer-field][value='']").check(), {"field": ""}),
    ]
    for act, changed in steps:
        act()
        answers |= changed
        assert now_shown() == set(shown(ASKED, answers)), changed
    page.get_by_role("button", name="Save the draft").click()
    page.wait_for_load_state()
    assert now_shown() == {"field", "country", "tune"}
    assert not window.complaints
