"""Profiles of licences: what is taken, and what asks more of people in one than in another."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.catalogues.licence_profiles import CONDITIONS as CONDITION_WORDS
from gatekeeper.catalogues.licence_profiles import FACTS, PROFILES, known
from gatekeeper.catalogues.licence_profiles import FAMILIES as FAMILY_WORDS
from gatekeeper.catalogues.licence_profiles import FLOW_DOWN as FLOW_DOWN_WORDS
from gatekeeper.catalogues.restrictions import RESTRICTIONS
from gatekeeper.rules.licence_profiles import (
    CONDITIONS,
    EMPTY,
    EU,
    FAMILIES,
    FLOW_DOWN,
    ORDERED,
    UNSAID,
    complete,
    faults,
    leaves_the_eu_out,
    loosened,
    tightened,
)

POLICY = {"url": "https://example.org/aup", "title": "Acceptable use", "sha256": "a" * 64}


def kinds(before: dict[str, Any], after: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    """What is tighter in the second."""
    return [(each.kind.value, each.about) for each in tightened(before, after, **more)]


def test_what_nobody_said_is_not_made_up() -> None:
    """An empty profile says nothing, and fits."""
    assert complete(None) == EMPTY
    assert complete({"revocable": "no"}) == EMPTY | {"revocable": "no"}
    assert faults({}) == []


@pytest.mark.parametrize(
    ("profile", "wrong"),
    [
        ({"family": "open_source"}, ["family"]),
        ({"colour": "red"}, ["colour"]),
        ({"revocable": "maybe", "deletion_at_end": None}, ["revocable", "deletion_at_end"]),
        ({"flow_down": "restrictions"}, ["flow_down"]),
        ({"flow_down": ["restrictions", "restrictions"]}, ["flow_down"]),
        ({"conditions": ["be-kind"]}, ["conditions"]),
        ({"territory_only": ["EU", "fr"]}, ["territory_only"]),
        ({"territory_except": [7]}, ["territory_except"]),
        ({"documents": [POLICY | {"url": "http://example.org/aup"}]}, ["documents"]),
        ({"documents": [POLICY | {"url": "https://e.org/" + "a" * 500}]}, ["documents"]),
        ({"documents": [POLICY | {"title": "Two\nlines"}]}, ["documents"]),
        ({"documents": [POLICY | {"sha256": "abc"}]}, ["documents"]),
        ({"documents": [POLICY | {"sha256": None}]}, ["documents"]),
        ({"documents": [{"url": "https://example.org"}]}, ["documents"]),
        ({"documents": ["https://example.org"]}, ["documents"]),
    ],
)
def test_what_does_not_fit_is_named(profile: dict[str, Any], wrong: list[str]) -> None:
    """Unknown values, names and shapes; documents by https only."""
    assert faults(profile) == wrong


def test_the_catalogue_fits_and_has_words_for_everything() -> None:
    """Facts, no texts; each restriction is one of the named ones."""
    for entry in PROFILES.values():
        assert faults(entry["profile"]) == []
        assert set(entry["restrictions"]) <= set(RESTRICTIONS)
    assert (set(FAMILY_WORDS), set(FLOW_DOWN_WORDS), set(CONDITION_WORDS)) == (
        set(FAMILIES),
        set(FLOW_DOWN),
        set(CONDITIONS),
    )
    assert {name: tuple(words) for name, words in FACTS.items()} == ORDERED
    assert not any("open source" in words.lower() for words in FAMILY_WORDS.values())


def test_it_knows_a_licence_by_the_hubs_identifier_or_its_name() -> None:
    """Of creativeml-openrail-m and openrail++ the duty to keep up is what differs."""
    first, second = known("creativeml-openrail-m"), known("OpenRAIL++")
    assert first is not None
    assert second is not None
    assert first["profile"]["latest_version"] == "reasonable_effort"
    assert second["profile"]["latest_version"] == "none"
    assert known("other", "sdxl-0.9-research") == PROFILES["sdxl-0.9-research"]
    assert known("other", "Our own") is None


def test_invariant_22_a_narrower_territory_or_a_new_restriction_is_tighter() -> None:
    """Places left out, places no longer among those allowed, everywhere but some; each by its name."""
    assert kinds({}, {}, restrictions=(["law"], ["law", "malware"])) == [("restriction_added", "malware")]
    assert kinds({}, {"territory_except": ["EU"]}) == [("territory_narrowed", "EU")]
    assert kinds({}, {"territory_only": ["EU"]}) == [("territory_narrowed", "*")]
    assert kinds({"territory_only": ["CH", "EU"]}, {"territory_only": ["EU"]}) == [("territory_narrowed", "CH")]
    assert kinds({"territory_except": ["EU"]}, {}) == []
    assert [each.about for each in loosened({"territory_except": ["EU"]}, {})] == ["EU"]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"revocable": "no"}, {"revocable": "on_breach"}, [("revocable", "on_breach")]),
        ({}, {"revocable": "no"}, []),
        ({}, {"revocable": "yes"}, [("revocable", "yes")]),
        ({"revocable": "no"}, {}, [("unsaid_again", "revocable")]),
        ({"latest_version": "periodic"}, {"latest_version": "none"}, []),
        ({}, {"flow_down": ["attribution"]}, [("flow_down_added", "attribution")]),
        ({"flow_down": ["restrictions"]}, {"flow_down": ["restrictions-or-similar"]}, []),
        (
            {"flow_down": ["restrictions-or-similar"]},
            {"flow_down": ["restrictions"]},
            [("flow_down_added", "restrictions")],
        ),
        ({}, {"conditions": ["non-commercial"]}, [("condition_added", "non-commercial")]),
        ({}, {"documents": [POLICY]}, [("document_added", POLICY["url"])]),
        (
            {"documents": [POLICY]},
            {"documents": [POLICY | {"sha256": "b" * 64}]},
            [("document_changed", POLICY["url"])],
        ),
        ({"documents": [POLICY | {"sha256": ""}]}, {"documents": [POLICY]}, []),
    ],
)
def test_it_says_what_asks_more(before: dict[str, Any], after: dict[str, Any], found: list[tuple[str, str]]) -> None:
    """Newly revocable, newly dutied, newly conditioned, another document; and nothing for what got easier."""
    assert kinds(before, after) == found


def test_what_is_dropped_is_looser() -> None:
    """The same differences the other way round; that something was said at last frees nobody."""
    before = {"revocable": "yes", "conditions": ["non-commercial"], "latest_version": UNSAID}
    after = {"revocable": "no", "latest_version": "none"}
    found = loosened(before, after, restrictions=(["law"], []))
    assert [(each.kind.value, each.about) for each in found] == [
        ("restriction_added", "law"),
        ("revocable", "yes"),
        ("condition_added", "non-commercial"),
    ]


@pytest.mark.parametrize(
    ("only", "but", "out"),
    [([], [], False), ([], EU, True), (["US", "CA"], [], True), (["US", "FR"], [], False), ([], EU[1:], False)],
)
def test_it_knows_a_licence_that_leaves_the_eu_out(only: list[str], but: list[str], out: bool) -> None:
    """Where it holds in no member state; one is enough."""
    profile = complete({"territory_only": only, "territory_except": but})
    assert leaves_the_eu_out(profile) is out
