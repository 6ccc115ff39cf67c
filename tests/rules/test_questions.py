"""What counts as an answer: every kind of question, every way to get it wrong, and anything at all."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.rules import questions
from gatekeeper.rules.countries import COUNTRIES
from gatekeeper.rules.gate_forms import unpublishable
from gatekeeper.rules.questions import Kind, read, readable, validate

OPTIONS = [{"value": "research", "label": {"en": "Research"}}, {"value": "đào tạo", "label": {"en": "Đào tạo"}}]


def question(kind: str, **more: Any) -> dict[str, Any]:
    """A question of this kind, with the least it needs."""
    return {"key": "q", "label": {"en": "Q"}, "kind": kind, **more}


def code(kind: str, raw: Any, **more: Any) -> str | None:
    """The code of the refusal of an answer, or None if it stands."""
    value, refused = read(question(kind, **more), raw)
    assert value is None or refused is None
    return refused.code if refused else None


def value(kind: str, raw: Any, **more: Any) -> Any:
    """The answer that stands."""
    found, refused = read(question(kind, **more), raw)
    assert refused is None, refused
    return found


@pytest.mark.parametrize(
    ("kind", "raw", "stands"),
    [
        ("short_text", "  University \n of  Hà\tNội ", "University of Hà Nội"),
        ("short_text", "Ha\u0300", "Hà"),
        ("short_text", 7, "7"),
        ("long_text", " one\r\ntwo\n ", "one\ntwo"),
        ("long_text", "日本語の文章 — عربي", "日本語の文章 — عربي"),
        ("select", "research", "research"),
        ("select", " đào tạo ", "đào tạo"),
        ("multi_select", ["đào tạo", "research", "research"], ["research", "đào tạo"]),
        ("multi_select", "research", ["research"]),
        ("assent", True, True),
        ("assent", "on", True),
        ("assent", "TRUE", True),
        ("assent", "1", True),
        ("age_attestation", "yes", True),
        ("country", "vn", "VN"),
        ("country", " FR ", "FR"),
        ("date", "2026-03-01", "2026-03-01"),
        ("date", "2024-02-29", "2024-02-29"),
        ("number", "12", "12"),
        ("number", 12, "12"),
        ("number", -1.5, "-1.5"),
        ("url", "https://example.org/~ha?q=1#x", "https://example.org/~ha?q=1#x"),
        ("url", "http://[::1]/", "http://[::1]/"),
        ("email", "ha@example.org", "ha@example.org"),
        ("email", "hà+x@bücher.example", "hà+x@bücher.example"),
    ],
)
def test_it_takes_an_answer_of_its_kind(kind: str, raw: Any, stands: Any) -> None:
    """What fits is kept, tidied: composed letters, one kind of line end, no space around."""
    assert value(kind, raw, options=OPTIONS) == stands


@pytest.mark.parametrize("kind", [kind.value for kind in Kind])
@pytest.mark.parametrize("raw", [None, "", []])
def test_an_empty_answer_is_no_answer(kind: str, raw: Any) -> None:
    """Emptying a field removes its answer, without a complaint."""
    assert read(question(kind, options=OPTIONS), raw) == (None, None)


@pytest.mark.parametrize(
    "kind", [kind.value for kind in Kind if kind not in questions.BOXES | {Kind.MULTI_SELECT, Kind.FILE}]
)
def test_white_space_is_no_answer(kind: str) -> None:
    """Spaces say nothing."""
    assert read(question(kind, options=OPTIONS), " \n\t ") == (None, None)


@pytest.mark.parametrize("raw", [False, "off", "no", "0", "FALSE"])
def test_an_unticked_box_is_no_answer(raw: Any) -> None:
    """A box that is not ticked says nothing."""
    assert read(question("assent"), raw) == (None, None)


REFUSED: list[tuple[str, Any, str]] = [
    ("short_text", {"a": 1}, "wrong_kind"),
    ("short_text", ["a"], "wrong_kind"),
    ("short_text", True, "wrong_kind"),
    ("short_text", "a\x00b", "control_characters"),
    ("short_text", "a\x1b[31m", "control_characters"),
    ("short_text", "a\x85b", "control_characters"),
    ("short_text", "a\ud800", "control_characters"),
    ("short_text", "x" * 501, "too_long"),
    ("short_text", 10**5000, "not_a_number"),
    ("long_text", "x" * 10_001, "too_long"),
    ("select", "Research", "not_an_option"),
    ("select", "x" * 100_000, "not_an_option"),
    ("multi_select", ["research", "other"], "not_an_option"),
    ("multi_select", [1], "wrong_kind"),
    ("multi_select", {"research": 1}, "wrong_kind"),
    ("multi_select", 3, "wrong_kind"),
    ("assent", "perhaps", "wrong_kind"),
    ("assent", 1, "wrong_kind"),
    ("assent", ["on"], "wrong_kind"),
    ("country", "XX", "not_an_option"),
    ("country", "Vietnam", "not_an_option"),
    ("country", "ß", "not_an_option"),
    ("date", "2026-02-30", "not_a_date"),
    ("date", "01.03.2026", "not_a_date"),
    ("date", "2026-3-1", "not_a_date"),
    ("date", "20260301", "not_a_date"),
    ("date", "2026-03-01T00:00", "too_long"),
    ("number", "twelve", "not_a_number"),
    ("number", "1e9", "not_a_number"),
    ("number", float("nan"), "not_a_number"),
    ("number", float("inf"), "not_a_number"),
    ("number", -(10**5000), "not_a_number"),
    ("url", "example.org", "not_a_url"),
    ("url", "javascript:alert(1)", "not_a_url"),
    ("url", "https:///path", "not_a_url"),
    ("url", "http://[::1", "not_a_url"),
    ("url", "https://example.org/a b", "not_a_url"),
    ("url", "https://example.org/" + "x" * 2_000, "too_long"),
    ("email", "ha", "not_an_email"),
    ("email", "ha@localhost", "not_an_email"),
    ("email", "ha@@example.org", "not_an_email"),
    ("email", "ha @example.org", "not_an_email"),
    ("email", "@example.org", "not_an_email"),
]


@pytest.mark.parametrize(
    ("kind", "raw", "refusal"),
    REFUSED,
    ids=[f"{number}-{kind}-{refusal}" for number, (kind, _raw, refusal) in enumerate(REFUSED)],
)
def test_it_refuses_what_does_not_fit(kind: str, raw: Any, refusal: str) -> None:
    """Too long, of the wrong kind, not an option, or not to be shown: refused with its own code."""
    assert code(kind, raw, options=OPTIONS) == refusal


def test_a_question_may_set_its_own_length() -> None:
    """The bound of the question is said with the length of the answer."""
    _none, refused = read(question("short_text", max_length=5), "abcdef")
    assert refused is not None
    assert str(refused) == "The answer has 6 characters; at most 5 fit."
    assert value("short_text", "abcde", max_length=5) == "abcde"


def test_every_refusal_is_a_whole_sentence() -> None:
    """What people read is a sentence."""
    refusals = [found for found in vars(questions).values() if isinstance(found, questions.Refusal)]
    assert len(refusals) > 8
    assert all(str(refused).endswith(".") for refused in refusals)


FORM = {
    "questions": [
        question("short_text") | {"key": "name", "required": True},
        question("assent") | {"key": "terms", "required": True},
        question("url") | {"key": "page", "required": False},
        question("email") | {"key": "mail"},
    ]
}


def test_it_keeps_the_rest_when_one_answer_is_refused() -> None:
    """A refusal stands at its question; every other answer is kept."""
    checked = validate(FORM, {"name": "Hà", "page": "nowhere", "terms": "on"}, complete=False)
    assert checked.answers == {"name": "Hà", "terms": True}
    assert {key: refused.code for key, refused in checked.refusals.items()} == {"page": "not_a_url"}


def test_it_refuses_answers_to_questions_that_are_not_asked() -> None:
    """A field that the form does not have is refused by its name."""
    checked = validate(FORM, {"name": "Hà", "is_admin": "yes"}, complete=False)
    assert checked.answers == {"name": "Hà"}
    assert checked.refusals["is_admin"].code == "not_asked"


def test_complete_asks_for_what_is_required_and_missing() -> None:
    """A draft may have holes; a submission may not. A question is required unless it says otherwise."""
    assert validate(FORM, {}, complete=False).refusals == {}
    missing = validate(FORM, {"terms": "off"}, complete=True).refusals
    assert {key: refused.code for key, refused in missing.items()} == {
        "name": "required",
        "terms": "not_ticked",
        "mail": "required",
    }


def test_a_form_without_questions_is_complete() -> None:
    """Where nothing is asked, nothing is missing."""
    assert validate({"questions": []}, {}, complete=True) == questions.Checked({}, {})


def test_it_never_changes_what_it_was_given() -> None:
    """Form and answers are read only."""
    before = json.dumps([FORM, {"name": " a "}])
    given_answers = {"name": " a "}
    validate(FORM, given_answers, complete=True)
    assert json.dumps([FORM, given_answers]) == before


def test_countries_are_the_assigned_codes() -> None:
    """249 codes of two capital letters."""
    assert len(COUNTRIES) == 249
    assert all(len(country) == 2 and country.isupper() for country in COUNTRIES)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=40)
    | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(kind=st.sampled_from([kind.value for kind in Kind]), raw=anything)
@settings(max_examples=200, deadline=1_000)
def test_it_takes_or_refuses_anything_and_never_breaks(kind: str, raw: Any) -> None:
    """Whatever is sent, the answer stands as something that a row can hold, or there is a refusal."""
    found, refused = read(question(kind, options=OPTIONS), raw)
    assert found is None or refused is None
    text = json.dumps(found, ensure_ascii=False)
    assert "\\u0000" not in text
    text.encode()
    if found is not None:
        assert read(question(kind, options=OPTIONS), found) == (found, None), "an answer that stands stands again"


@pytest.mark.parametrize("kind", [kind.value for kind in Kind])
@pytest.mark.parametrize(
    "raw",
    ["x" * 2_000_000, "a@" * 500_000, "1" * 2_000_000, "." * 2_000_000, "@" + "a." * 500_000, "\u0300" * 300_000],
    ids=["x", "addresses", "digits", "dots", "domains", "marks"],
)
def test_it_answers_at_once_however_long_the_answer(kind: str, raw: str) -> None:
    """A hostile answer costs no more than reading it."""
    begun = time.monotonic()
    assert code(kind, raw, options=OPTIONS) is not None
    assert time.monotonic() - begun < 1


# --- forms


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        "text",
        {},
        question("short_text") | {"key": ""},
        question("short_text") | {"key": 3},
        question("short_text") | {"label": ""},
        question("short_text") | {"label": "plain"},
        question("riddle"),
        question("short_text") | {"kind": ["short_text"]},
        question("short_text", max_length="many"),
        question("short_text", max_length=-1),
        question("short_text", retention_days=True),
        question("short_text", retention_days=10**9),
        question("select"),
        question("select", options=[]) | {"options": None},
        question("select", options="a b"),
        question("select", options=["a"]),
        question("select", options=[{"label": "a"}]),
        question("multi_select", options=[{"value": 1}]),
        question("select", options=[{"value": ""}]),
    ],
)
def test_a_question_that_cannot_be_read_is_not_readable(broken: Any) -> None:
    """What the rest relies on is asked for once, before a form is kept."""
    assert not readable(broken)


@pytest.mark.parametrize("kind", [kind.value for kind in Kind])
def test_a_question_of_every_kind_is_readable(kind: str) -> None:
    """Options where something is chosen, whole numbers where something is counted."""
    assert readable(question(kind, options=OPTIONS, max_length=10, retention_days=30))


def test_a_question_needs_a_purpose_and_a_retention_before_it_is_published() -> None:
    """Each that lacks one of them is named."""
    form = {
        "questions": [
            question("short_text", purpose="To decide.", retention_days=1) | {"key": "fine"},
            question("short_text", purpose=" ", retention_days=1) | {"key": "no_purpose"},
            question("short_text", purpose="To decide.", retention_days=0) | {"key": "no_retention"},
            question("short_text") | {"key": "neither"},
        ]
    }
    assert set(unpublishable(form)) == {"no_purpose", "no_retention", "neither"}


@pytest.mark.parametrize(
    ("kind", "raw", "bounds", "refused"),
    [
        ("number", "3", {"min": "3", "max": "3"}, None),
        ("number", "2.99", {"min": "3"}, "too_small"),
        ("number", "10", {"max": "9"}, "too_large"),
        ("number", "-1", {"max": "9"}, None),
        ("date", "2026-03-01", {"min": "2026-03-01", "max": "2026-03-01"}, None),
        ("date", "2026-02-28", {"min": "2026-03-01"}, "too_small"),
        ("date", "2026-03-02", {"max": "2026-03-01"}, "too_large"),
    ],
)
def test_it_holds_numbers_and_dates_within_bounds(kind: str, raw: str, bounds: Any, refused: str | None) -> None:
    """As numbers and days, not as texts; the bounds themselves fit."""
    assert code(kind, raw, **bounds) == refused


HANDED_IN = {"name": "letter.pdf", "size": 3_000, "sha256": "ab" * 32}


def test_a_file_is_described_beside_its_bytes() -> None:
    """By name, size and hash, and by nothing else."""
    assert value("file", HANDED_IN) == HANDED_IN
    for wrong in (
        "letter.pdf",
        {**HANDED_IN, "path": "/etc/passwd"},
        {**HANDED_IN, "name": ""},
        {**HANDED_IN, "name": 7},
        {**HANDED_IN, "size": 10**9},
        {**HANDED_IN, "sha256": None},
        {**HANDED_IN, "sha256": "AB" * 32},
    ):
        assert code("file", wrong) == "not_a_file"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "matrix"},
        {"label": {}},
        {"label": {"en": 7}},
        {"help": "one language"},
        {"required": "yes"},
        {"blinded": 1},
        {"sensitivity": "secret"},
        {"purpose": 7},
        {"hub_label": 7},
        {"retention_days": -1},
        {"min": "1"},
        {"kind": "number", "min": 1},
        {"kind": "number", "min": "one"},
        {"kind": "number", "min": "2", "max": "1"},
        {"kind": "date", "max": "2026-02-30"},
        {"kind": "select", "options": []},
        {"kind": "select", "options": ["one"]},
        {"kind": "select", "options": [{"value": "a", "label": {}}]},
        {"kind": "select", "options": [{"value": "a", "label": {"en": "A"}}] * 2},
        {"surprise": 1},
    ],
)
def test_a_question_of_another_shape_cannot_be_read(wrong: dict[str, Any]) -> None:
    """Nothing of it reaches a page."""
    assert not readable(question("short_text") | wrong)


def test_a_question_may_hold_all_that_it_consists_of() -> None:
    """Every part of the document."""
    assert readable(
        question(
            "number",
            help={"en": "Whole months", "fr": "Mois entiers"},
            section={"en": "Your project"},
            required=False,
            min="1",
            max="36",
            show_if=None,
            purpose="To plan.",
            retention_days=365,
            sensitivity="ordinary",
            blinded=True,
            hub_label=None,
            to_review=True,
        )
    )
