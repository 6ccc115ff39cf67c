"""The profile of a licence: facts of a text that decide what accepting, revoking and changing it means.

A profile is a plain dict, as the document of a licence version holds it. Where nobody has said what the text says, the
value is UNSAID: nothing is made up. `tightened` says what asks more of people in one profile than in another.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

UNSAID = "unsaid"
FAMILIES = ("rail", "research", "community", "open_with_policy", "other")
# Each from the freest to the strictest, after what was not said.
ORDERED: dict[str, tuple[str, ...]] = {
    "revocable": (UNSAID, "no", "on_breach", "yes"),
    "latest_version": (UNSAID, "none", "documents", "reasonable_effort", "periodic"),
    "remote_restriction": (UNSAID, "none", "hosted", "everywhere"),
    "deletion_at_end": (UNSAID, "no", "yes"),
}
FLOW_DOWN = (
    "restrictions",
    "restrictions-or-similar",
    "licence-copy",
    "keep-notices",
    "mark-changes",
    "attribution",
    "name-prefix",
    "documentation",
    "no-transfer",
)
CONDITIONS = (
    "non-commercial",
    "research-only",
    "age-and-authority",
    "acceptable-use",
    "sanctions",
    "no-location-disguise",
    "user-limit",
    "contract-by-region",
)
WEAKER = {"restrictions-or-similar": "restrictions"}  # asks no more than what it takes the place of
EMPTY: dict[str, Any] = {
    "family": "other",
    **dict.fromkeys(ORDERED, UNSAID),
    "flow_down": [],
    "conditions": [],
    "territory_only": [],
    "territory_except": [],
    "documents": [],
}
ELSEWHERE = "*"
EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # ISO 3166-1
MOST_TERRITORIES, MOST_DOCUMENTS, LONGEST_ADDRESS, LONGEST_TITLE = 260, 20, 500, 200
TERRITORY = re.compile(r"[A-Z]{2}\Z")
ADDRESS = re.compile(r"https://[^\s\x00-\x1f<>\"]+\Z")
SHA256 = re.compile(r"[0-9a-f]{64}\Z")


class Tighter(StrEnum):
    """One way in which a profile asks more of people, or gives them less."""

    RESTRICTION_ADDED = "restriction_added"
    TERRITORY_NARROWED = "territory_narrowed"
    REVOCABLE = "revocable"
    LATEST_VERSION = "latest_version"
    REMOTE_RESTRICTION = "remote_restriction"
    DELETION_AT_END = "deletion_at_end"
    FLOW_DOWN_ADDED = "flow_down_added"
    CONDITION_ADDED = "condition_added"
    DOCUMENT_ADDED = "document_added"
    DOCUMENT_CHANGED = "document_changed"
    UNSAID_AGAIN = "unsaid_again"


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two profiles: the kind, and which slug, place, address or field it is about."""

    kind: Tighter
    about: str


def complete(profile: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a profile with every field; what is not there was not said."""
    return {name: (profile or {}).get(name, value) for name, value in EMPTY.items()}


def faults(profile: Mapping[str, Any]) -> list[str]:
    """Return the names of the fields of a profile that do not fit, in order; unknown names too."""
    wrong = [str(name) for name in profile if name not in EMPTY]
    known = complete(profile)
    if known["family"] not in FAMILIES:
        wrong.append("family")
    wrong += [name for name, values in ORDERED.items() if known[name] not in values]
    for name, slugs in (("flow_down", FLOW_DOWN), ("conditions", CONDITIONS)):
        if not _are(known[name], len(slugs), lambda each, slugs=slugs: each in slugs):
            wrong.append(name)
    for name in ("territory_only", "territory_except"):
        if not _are(known[name], MOST_TERRITORIES, lambda each: isinstance(each, str) and TERRITORY.match(each)):
            wrong.append(name)
    if not _are(known["documents"], MOST_DOCUMENTS, _is_document, once=False):
        wrong.append("documents")
    return wrong


def _are(values: Any, most: int, fits: Any, *, once: bool = True) -> bool:
    if not isinstance(values, list) or len(values) > most or not all(fits(each) for each in values):
        return False
    return not once or len(set(values)) == len(values)


def _is_document(each: Any) -> bool:
    if not isinstance(each, dict) or set(each) != {"url", "title", "sha256"}:
        return False
    if not all(isinstance(value, str) for value in each.values()):
        return False
    address, title, digest = each["url"], each["title"], each["sha256"]
    if len(address) > LONGEST_ADDRESS or not ADDRESS.match(address):
        return False
    return len(title) <= LONGEST_TITLE and title.isprintable() and (not digest or bool(SHA256.match(digest)))


def tightened(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    restrictions: tuple[Iterable[str], Iterable[str]] = ((), ()),
) -> list[Difference]:
    """Return what the second profile asks or takes that the first one did not; `restrictions` are those of both."""
    old, new = complete(before), complete(after)
    forbidden_before, forbidden_now = restrictions
    known = set(forbidden_before)
    found = [Difference(Tighter.RESTRICTION_ADDED, slug) for slug in forbidden_now if slug not in known]
    found += [Difference(Tighter.TERRITORY_NARROWED, place) for place in _lost(old, new)]
    for name, values in ORDERED.items():
        if new[name] == UNSAID and old[name] != UNSAID:
            found.append(Difference(Tighter.UNSAID_AGAIN, name))
        elif values.index(new[name]) > max(values.index(old[name]), 1):
            found.append(Difference(Tighter(name), new[name]))
    for slug in new["flow_down"]:
        if slug not in old["flow_down"] and WEAKER.get(slug) not in old["flow_down"]:
            found.append(Difference(Tighter.FLOW_DOWN_ADDED, slug))
    found += [Difference(Tighter.CONDITION_ADDED, slug) for slug in new["conditions"] if slug not in old["conditions"]]
    texts = {each["url"]: each["sha256"] for each in old["documents"]}
    for each in new["documents"]:
        if each["url"] not in texts:
            found.append(Difference(Tighter.DOCUMENT_ADDED, each["url"]))
        elif texts[each["url"]] and each["sha256"] != texts[each["url"]]:
            found.append(Difference(Tighter.DOCUMENT_CHANGED, each["url"]))
    return found


def loosened(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    restrictions: tuple[Iterable[str], Iterable[str]] = ((), ()),
) -> list[Difference]:
    """Return what the second profile asks or takes no more: the same differences, read the other way round."""
    old, new = restrictions
    found = tightened(after, before, restrictions=(new, old))
    return [each for each in found if each.kind not in (Tighter.UNSAID_AGAIN, Tighter.DOCUMENT_CHANGED)]


def _lost(old: Mapping[str, Any], new: Mapping[str, Any]) -> Sequence[str]:
    """Return the places where the licence held before and holds no more; ELSEWHERE for all that are not named."""
    lists = [each[name] for each in (old, new) for name in ("territory_only", "territory_except")]
    places = [*sorted({place for places in lists for place in places}), ELSEWHERE]
    return [place for place in places if _holds(old, place) and not _holds(new, place)]


def _holds(profile: Mapping[str, Any], place: str) -> bool:
    allowed = not profile["territory_only"] or place in profile["territory_only"]
    return allowed and place not in profile["territory_except"]


def leaves_the_eu_out(profile: Mapping[str, Any]) -> bool:
    """Say whether a licence holds in no member state of the European Union."""
    return not any(_holds(profile, place) for place in EU)
