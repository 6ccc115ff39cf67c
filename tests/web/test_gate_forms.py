"""Writing gate forms on the pages: from nothing, a template or another form, to a version that is in use."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import gate_forms, policies
from gatekeeper.models import GateForm, Repository, Stage
from tests import factories

from .conftest import Browse

SELECT = {
    "label_en": "What kind of use?",
    "label_fr": "Quel usage ?",
    "required": "on",
    "options": "research | Research | Recherche\ncommercial|Commercial",
    "purpose": "To judge whether the use fits.",
    "retention_days": "365",
    "sensitivity": "ordinary",
    "reviewed": "on",
}
TEXT = {
    "label_en": "Which company?",
    "show_key": "what_kind_of_use",
    "show_test": "equals",
    "show_values": "commercial",
    "max_length": "80",
    "purpose": "To decide on this access request, and to prove the decision later.",
    "retention_days": "365",
    "sensitivity": "personal",
    "blinded": "on",
}


@pytest.fixture
def browser(browse: Browse, bram: Viewer) -> Client:
    """Bram's browser: a steward."""
    return browse(bram)


@pytest.fixture
def draft(aurora_lab: Publisher, bram: Viewer) -> GateForm:
    """An empty draft."""
    return policies.draft_form(aurora_lab, by=bram, title="Access form", questions_asked=[])


def send(browser: Client, name: str, form: GateForm, *more: Any, query: str = "", **sent: Any) -> Any:
    """Send a form about the draft as it is now."""
    where = reverse(f"web:{name}", args=[form.pk, *more]) + query
    return browser.post(where, {"seen": factories.fresh(form).digest, **sent})


def look(browser: Client, form: GateForm, name: str = "gate_form") -> str:
    """A page about a form."""
    return browser.get(reverse(f"web:{name}", args=[form.pk])).content.decode()


def keys(form: GateForm) -> list[str]:
    """The keys of its questions, in order."""
    return [question["key"] for question in factories.fresh(form).questions]


def test_a_form_is_written_question_by_question_and_published(draft: GateForm, browser: Client) -> None:
    """Kind, words in two languages, options, condition; what was proposed is to review until somebody says so."""
    added = browser.get(reverse("web:add_question", args=[draft.pk]), {"kind": "select"}).content.decode()
    assert "To decide on this access request" in added
    send(browser, "add_question", draft, query="?kind=select", **SELECT)
    send(browser, "add_question", draft, query="?kind=short_text", **TEXT)
    kind, company = factories.fresh(draft).questions
    assert kind == {
        "kind": "select",
        "key": "what_kind_of_use",
        "label": {"en": "What kind of use?", "fr": "Quel usage ?"},
        "required": True,
        "options": [
            {"value": "research", "label": {"en": "Research", "fr": "Recherche"}},
            {"value": "commercial", "label": {"en": "Commercial"}},
        ],
        "purpose": "To judge whether the use fits.",
        "retention_days": 365,
        "sensitivity": "ordinary",
    }
    assert company["show_if"] == {"key": "what_kind_of_use", "test": "equals", "values": ["commercial"]}
    assert (company["required"], company["blinded"], company["to_review"]) == (False, True, True)
    page = look(browser, draft)
    assert "to review" in page
    assert "Shown if “What kind of use?” is Commercial" in page
    assert "inert" in page
    assert 'name="answer-which_company"' in page
    confirm = look(browser, draft, "publish_form")
    assert "They fit as they were proposed" in confirm
    assert send(browser, "publish_form", draft).status_code == 422
    send(browser, "publish_form", draft, confirmed="on")
    assert factories.fresh(draft).is_published
    assert "Nowhere: no terms in force name this version." in look(browser, draft)


def test_questions_are_edited_moved_and_removed_by_buttons(draft: GateForm, browser: Client) -> None:
    """A key stays when its question is reworded; what no longer holds is said at the question."""
    send(browser, "add_question", draft, query="?kind=select", **SELECT)
    send(browser, "add_question", draft, query="?kind=short_text", **TEXT)
    send(browser, "question", draft, "which_company", **{**TEXT, "label_en": "Which firm?", "reviewed": "on"})
    assert keys(draft) == ["what_kind_of_use", "which_company"]
    assert "to_review" not in factories.fresh(draft).questions[1]
    send(browser, "move_question", draft, "which_company", way="up")
    assert keys(draft) == ["which_company", "what_kind_of_use"]
    assert "does not come before it" in look(browser, draft)
    send(browser, "move_question", draft, "which_company", way="down")
    assert "does not come before it" not in look(browser, draft)
    assert (
        "Remove “Which firm?”?"
        in browser.get(reverse("web:remove_question", args=[draft.pk, "which_company"])).content.decode()
    )
    send(browser, "remove_question", draft, "which_company")
    assert keys(draft) == ["what_kind_of_use"]
    send(browser, "rename_form", draft, title="  Another   title ")
    assert factories.fresh(draft).title == "Another title"


@pytest.mark.parametrize(
    ("kind", "wrong", "said"),
    [
        ("short_text", {"label_en": "", "label_fr": ""}, "Write the question in at least one language."),
        ("select", {"options": "a|A\na|B"}, "choices need options"),
        ("number", {"min": "few"}, "Write a number."),
        ("date", {"max": "tomorrow"}, "Write the date as year"),
        ("short_text", {"show_values": ""}, "Write at least one value to compare with."),
    ],
)
def test_it_says_what_is_wrong_with_a_question(
    draft: GateForm, browser: Client, kind: str, wrong: dict[str, str], said: str
) -> None:
    """And keeps what was typed."""
    send(browser, "add_question", draft, query="?kind=select", **SELECT)
    answer = send(browser, "add_question", draft, query=f"?kind={kind}", **{**TEXT, **SELECT, **TEXT, **wrong})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert keys(draft) == ["what_kind_of_use"]


def test_a_draft_that_somebody_changed_meanwhile_is_not_overwritten(draft: GateForm, browser: Client) -> None:
    """Two windows: the second one is told to look again."""
    seen = draft.digest
    send(browser, "add_question", draft, query="?kind=select", **SELECT)
    late = browser.post(reverse("web:add_question", args=[draft.pk]) + "?kind=email", {**TEXT, "seen": seen})
    assert late.status_code == 409
    assert keys(draft) == ["what_kind_of_use"]


def test_what_is_not_there_is_not_found(draft: GateForm, browser: Client) -> None:
    """A kind, a question."""
    assert browser.get(reverse("web:add_question", args=[draft.pk]), {"kind": "matrix"}).status_code == 404
    assert browser.get(reverse("web:question", args=[draft.pk, "gone"])).status_code == 404


@pytest.mark.parametrize("source", ["empty:", "template:research", "form:", "card:"])
def test_a_form_begins_from_nothing_a_template_another_form_or_a_card(
    source: str, stage: Stage, aurora: Repository, browser: Client
) -> None:
    """A card without a form is said to have none."""
    policy = stage.policy
    assert policy is not None
    source += {"form:": str(policy.form_id), "card:": str(aurora.pk)}.get(source, "")
    where = reverse("web:new_form", args=["aurora-lab"])
    answer = browser.post(where, {"title": "New", "source": source})
    if source.startswith("card:"):
        assert "There is no form on that card." in answer.content.decode()
        return
    made = GateForm.objects.latest("pk")
    assert answer["Location"] == reverse("web:gate_form", args=[made.pk])
    expected = {"template:research": 4, "empty:": 0}.get(source, len(policy.form.questions))
    assert (len(made.questions), made.number, made.supersedes) == (expected, 1, None)


def test_the_next_version_is_compared_with_the_one_before(stage: Stage, browser: Client, bram: Viewer) -> None:
    """Added, removed, reworded, bounded, moved: in words."""
    policy = stage.policy
    assert policy is not None
    first = policy.form
    assert stage.title in look(browser, first)
    second = GateForm.objects.get(pk=int(send(browser, "next_form", first)["Location"].split("/")[-2]))
    affiliation, use, country, _terms = first.questions
    extra = {**affiliation, "key": "team", "label": {"en": "Your team"}}
    changed = [{**use, "label": {"en": "Purpose of use"}, "max_length": 900}, affiliation, country, extra]
    gate_forms.change_draft(second, by=bram, questions_asked=changed)
    compared = look(browser, second, "compare_forms")
    for words in ("Purpose of use", "reworded", "other length", "900", "added", "Your team", "removed", "moved"):
        assert words in compared, words
    assert "What differs from version 1" in look(browser, second, "publish_form")
    assert "Go to the draft of the next version" in look(browser, first)
    policies.publish_form(second, by=bram)
    listed = browser.get(reverse("web:gate_forms", args=["aurora-lab"])).content.decode()
    assert "Superseded" in listed
    for address in ("publish_form", "discard_form"):
        assert browser.get(reverse(f"web:{address}", args=[first.pk]))["Location"] == reverse(
            "web:gate_form", args=[first.pk]
        )
    assert browser.get(reverse("web:compare_forms", args=[first.pk])).status_code == 302
    assert browser.get(reverse("web:question", args=[first.pk, "use"])).status_code == 302


def test_a_draft_is_thrown_away_after_a_question(draft: GateForm, browser: Client) -> None:
    """And is gone."""
    assert "Throw Access form (version 1) away?" in look(browser, draft, "discard_form")
    send(browser, "discard_form", draft)
    assert not GateForm.objects.filter(pk=draft.pk).exists()


def test_who_reads_a_form_without_writing_it_sees_no_buttons(draft: GateForm, farid: Viewer, browse: Browse) -> None:
    """And is refused who sends them all the same."""
    browser = browse(farid)
    assert "Throw the draft away" not in look(browser, draft)
    assert send(browser, "add_question", draft, query="?kind=select", **SELECT).status_code == 403
    assert send(browser, "discard_form", draft).status_code == 403


def test_the_list_of_forms_costs_the_same_for_many(
    draft: GateForm, stage: Stage, bram: Viewer, browser: Client, django_assert_max_num_queries: Any
) -> None:
    """A constant number of statements."""
    for number in range(8):
        policies.draft_form(draft.publisher, by=bram, title=f"Form {number}", questions_asked=[])
    with django_assert_max_num_queries(8):
        browser.get(reverse("web:gate_forms", args=["aurora-lab"]))
