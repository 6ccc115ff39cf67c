"""Hints before a request is submitted: what each is about, and that nothing else is said."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.catalogues.reason_codes import FITTING, REASON_CODES
from gatekeeper.rules.hints import Known, hints

FORM: list[dict[str, Any]] = [
    {"key": "email", "kind": "email", "label": {"en": "E-mail"}},
    {"key": "affiliation", "kind": "short_text", "label": {"en": "Affiliation"}},
    {"key": "intended_use", "kind": "long_text", "label": {"en": "Use"}},
    {"key": "country", "kind": "country", "label": {"en": "Country"}},
    {"key": "name", "kind": "short_text", "label": {"en": "Name"}},
    {
        "key": "company",
        "kind": "short_text",
        "label": {"en": "Company"},
        "show_if": {"key": "name", "test": "equals", "values": ["ACME"]},
    },
]
USE = "To measure bias in captions of street scenes, with the public COCO data; our group of four sees the outputs."


def said(answers: dict[str, Any], **known: str) -> list[tuple[str, str]]:
    """The question and the reason code of each hint."""
    return [(hint.key, hint.code) for hint in hints(FORM, answers, Known(**known))]


@pytest.mark.parametrize(
    ("answers", "known", "expected"),
    [
        ({"email": "ha@Gmail.com"}, {}, [("email", "EMAIL_PERSONAL")]),
        ({"email": "ha@hust.edu.vn"}, {"email": "HA@hust.edu.vn"}, []),
        ({"email": "ha@hust.edu.vn"}, {"email": "ha@example.org"}, [("email", "EMAIL_MISMATCH")]),
        ({"email": "ha@notgmail.com"}, {}, []),
        ({"affiliation": "MIT"}, {}, [("affiliation", "AFFILIATION_UNCLEAR")]),
        ({"affiliation": "CNRS (LISN)"}, {}, [("affiliation", "AFFILIATION_UNCLEAR")]),
        ({"affiliation": "ĐHBK"}, {}, [("affiliation", "AFFILIATION_UNCLEAR")]),
        ({"affiliation": "MIT Media Lab"}, {}, []),
        ({"affiliation": "UNIVERSITY OF OSLO"}, {}, []),
        ({"affiliation": "東京大学"}, {}, []),
        ({"name": "MIT"}, {}, []),
        ({"name": "Bob", "company": "IBM"}, {}, []),
        ({"name": "ACME", "company": "IBM"}, {}, [("company", "AFFILIATION_UNCLEAR")]),
        ({"intended_use": "Research."}, {}, [("intended_use", "USE_THIN")]),
        ({"intended_use": USE}, {}, []),
        ({"intended_use": "研究图像描述中的偏见，使用公开数据集，只有我们四人的小组会看到输出结果。"}, {}, []),
        ({"country": "VN"}, {"country": "VN", "email": "ha@hust.edu.vn"}, []),
        ({"country": "VN"}, {"country": "FR"}, [("country", "COUNTRY_INCONSISTENT")]),
        ({"country": "VN"}, {"email": "ha@ens.fr"}, [("country", "COUNTRY_INCONSISTENT")]),
        ({"country": "GB"}, {"email": "ha@ox.ac.uk"}, []),
        ({"country": "VN"}, {"email": "ha@lab.ai"}, []),
        ({"country": "VN"}, {"email": "ha@example.org"}, []),
        ({"country": "VN"}, {}, []),
        ({"email": {"not": "text"}, "affiliation": "", "name": True}, {}, []),
    ],
)
def test_it_says_what_might_come_back(answers: dict[str, Any], known: dict[str, str], expected: list[Any]) -> None:
    """Per answer that is shown; nothing about answers that are in order, or not there."""
    assert said(answers, **known) == expected


def test_each_hint_has_a_reason_code_with_a_way_out_and_none_is_a_denial() -> None:
    """The codes are those of correctable faults; a thin use comes with three questions that help."""
    given = {"email": "ha@gmail.com", "affiliation": "MIT", "intended_use": "Research.", "country": "VN"}
    found = hints(FORM, given, Known(email="ha@ens.fr"))
    assert len(found) == 5
    for hint in found:
        assert REASON_CODES[hint.code].hint
        assert REASON_CODES[hint.code].fits in FITTING["denied_correctable"] - FITTING["denied_final"]
        assert str(hint.said)
    assert [len(hint.guiding) for hint in found if hint.code == "USE_THIN"] == [3]
