"""The linter says of a form what is redundant, too much or missing; only what is missing for good blocks it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from gatekeeper.catalogues.form_templates import FORM_TEMPLATES
from gatekeeper.rules.form_lint import RULES, Context, Finding, Severity, blocks, lint
from gatekeeper.rules.hub_fields import from_hub
from gatekeeper.rules.questions import Kind

FORMS: dict[str, Any] = YAML(typ="safe").load(Path(__file__).parent.parent / "fixtures" / "gate_forms.yaml")


def question(words: str = "Affiliation, spelt out", kind: str = "short_text", **more: Any) -> dict[str, Any]:
    """A question with nothing to say about it."""
    plain = {
        "key": "q",
        "kind": kind,
        "label": {"en": words, "fr": words},
        "purpose": "To decide.",
        "retention_days": 9,
    }
    return plain | more


USE = question("What you want to do with it", key="use")


def codes(*questions: dict[str, Any], **known: Any) -> list[str]:
    """What is found on a form of these questions and one that asks for the use."""
    return [finding.code for finding in lint({"questions": [*questions, USE]}, context=Context(**known))]


def test_a_form_that_is_well_made_has_no_finding() -> None:
    """Nor has one without anything known around it."""
    assert codes(question()) == []
    assert lint({"questions": [USE]}) == []


@pytest.mark.parametrize("name", FORM_TEMPLATES)
def test_the_forms_that_are_shipped_are_well_made(name: str) -> None:
    """But for the name, which the licence may need."""
    assert {finding.code for finding in lint(FORM_TEMPLATES[name])} <= {"redundant_name"}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (question("Full name (first and last)"), "redundant_name"),
        (question("First Name"), "redundant_name"),
        (question("Votre nom complet"), "redundant_name"),
        (question("Your e-mail"), "redundant_email"),
        (question("Contact", kind="email", label={"en": "E-mail address", "fr": "Courriel"}), "redundant_email"),
        (question("HF username"), "redundant_username"),
        (question("Hugging Face account"), "redundant_username"),
        (question("Date of birth", kind="date"), "birth_date"),
        (question("DOB"), "birth_date"),
        (question("Country (where user is located)"), "country_text"),
        (question("I want the newsletter", kind="assent"), "marketing_required"),
        (question("I accept the licence and marketing e-mails", kind="assent"), "marketing_bundled"),
        (question("I accept the terms and product updates", kind="assent", required=False), "marketing_bundled"),
        (question("x" * 121), "label_long"),
        (question("Read [this](https://x.example)"), "label_markup"),
        (question("<b>Affiliation</b>"), "label_markup"),
        (question(purpose=" "), "purpose_missing"),
        (question(retention_days=0), "retention_missing"),
        (question(retention_days=None), "retention_missing"),
        (question(to_review=True), "to_review"),
    ],
)
def test_it_finds_it_at_the_question(asked: dict[str, Any], code: str) -> None:
    """Each with the key of the question."""
    [finding] = lint({"questions": [asked, USE]})
    assert (finding.code, finding.question) == (code, "q")


@pytest.mark.parametrize(
    "asked",
    [
        question("Name of your organisation"),
        question("Company name"),
        question("Official institutional e-mail", kind="email"),
        question("Country", kind="country"),
        question("Date of the visit", kind="date"),
        question("I am at least 18 years old", kind="age_attestation"),
        question("I want the newsletter", kind="assent", required=False),
        question("Type of affiliation", kind="select", options=[{"value": "a", "label": {"en": "A"}}]),
        question("x" * 120),
    ],
)
def test_it_leaves_good_questions_alone(asked: dict[str, Any]) -> None:
    """What only sounds like the others."""
    assert codes(asked) == []


def test_it_finds_that_nobody_is_asked_what_for() -> None:
    """A box does not count as an answer to that."""
    asked = [question(), question("I use it for research", kind="assent", key="box")]
    assert [finding.code for finding in lint({"questions": asked})] == ["no_use"]


def test_it_finds_a_form_in_one_language() -> None:
    """And none where there is nothing to translate."""
    assert codes(question(label={"en": "Affiliation"})) == []  # the other question is in two
    assert [finding.code for finding in lint({"questions": [USE | {"label": {"en": "Use"}}]})] == ["one_language"]
    assert [finding.code for finding in lint({"questions": []})] == ["no_use"]


def test_it_finds_a_form_of_too_many_questions() -> None:
    """With their number."""
    asked = [question(key=f"q{number}") for number in range(15)]
    assert codes(*asked) == ["many_questions"]
    assert codes(*asked[1:]) == []


@pytest.mark.parametrize(
    ("known", "code"),
    [
        ({"prompt": "é" * 4_001}, "prompt_long"),
        ({"ip_location": True}, "ip_location_unannounced"),
        ({"eu_disallowed": True, "eu_excluded": False}, "eu_differs"),
        ({"eu_disallowed": False, "eu_excluded": True}, "eu_differs"),
        ({"denial_reasons": ()}, "no_denial_criteria"),
        ({"words": "Denied within two days."}, "no_contact"),
        ({"words": "Denied: write to a@example.org"}, "no_promised_time"),
        ({"words": "Answered in 3 days; contact us."}, "no_denial_criteria"),
    ],
)
def test_it_finds_it_around_the_form(known: dict[str, Any], code: str) -> None:
    """What the words, the terms and the licence leave open."""
    assert codes(question(), **known) == [code]


@pytest.mark.parametrize(
    "known",
    [
        {"prompt": "x" * 8_000},
        {"ip_location": True, "words": "We see your approximate location. Refused after 2 days: contact us."},
        {"eu_disallowed": True, "eu_excluded": True},
        {"eu_disallowed": True},
        {"denial_reasons": ("TERRITORY",), "promised_days": 5, "words": "See https://x.example"},
    ],
)
def test_it_says_nothing_where_all_is_said(known: dict[str, Any]) -> None:
    """Or where nobody knows."""
    assert codes(question(), **known) == []


def test_the_gravest_come_first_and_only_some_block() -> None:
    """Then in the order of the form."""
    found = lint({"questions": [question(to_review=True), question("DOB", key="dob", purpose="")]})
    assert [finding.code for finding in found] == ["purpose_missing", "birth_date", "to_review", "no_use"]
    assert blocks(found)
    assert not blocks(found[1:])


def test_every_rule_says_why_and_what_to_do() -> None:
    """In sentences, whose places are filled."""
    for code in RULES:
        finding = Finding(code, values={"length": 1, "count": 1, "kilobytes": 9})
        assert (finding.why % finding.values).endswith((".", "”."))
        assert finding.todo.endswith((".", "”."))
        assert "%(" not in finding.todo
        assert finding.severity in Severity


def test_well_known_forms_get_the_findings_that_they_deserve() -> None:
    """One asks for a date of birth, one for the country as text; all that came from a card is to be reviewed."""
    brought = {name: from_hub(form["fields"]).questions for name, form in FORMS.items()}
    found = {name: {finding.code for finding in lint({"questions": asked})} for name, asked in brought.items()}
    assert {"birth_date", "redundant_name", "label_long"} <= found["meta-llama/llama-3"]
    assert "redundant_email" in found["bigcode/the-stack"]
    assert {name for name, of in found.items() if "country_text" in of} == {"allenai/open-instruct-sharegpt"}
    assert all("to_review" in of for name, of in found.items() if FORMS[name]["fields"])


@given(
    st.lists(st.builds(question, st.text(max_size=200), st.sampled_from([kind.value for kind in Kind])), max_size=8),
    st.text(max_size=300),
)
def test_it_reads_any_labels(questions: list[dict[str, Any]], words: str) -> None:
    """Whatever they hold."""
    lint({"questions": questions}, context=Context(words=words, prompt=words, ip_location=True))


@pytest.mark.parametrize("piece", ["a", "your full ", "name", "1@", "product ", "<", "days", " ", "hf "])
def test_it_reads_long_labels_in_no_time(piece: str) -> None:
    """The time grows no faster than the text."""
    begun = time.process_time()
    lint({"questions": [question(piece * 20_000)]}, context=Context(words=piece * 20_000))
    assert time.process_time() - begun < 1
