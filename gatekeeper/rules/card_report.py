"""The report of an import from a card: what was mended, what stays behind, what is dangerous, what is worth a look."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any


class Group(StrEnum):
    """What a finding about a card is to somebody who imports it."""

    DANGEROUS = "dangerous"
    LEFT = "left"
    MENDED = "mended"
    WORTH_A_LOOK = "worth_a_look"


CODES: Mapping[Group, frozenset[str]] = {
    Group.DANGEROUS: frozenset(
        # what could not be read safely, so that nothing of the card was taken
        "alias merge_conflict no_closing_line not_a_mapping not_text not_yaml tag too_deep too_long too_many_parts "
        # what people would not expect of a gate
        "gate_auto labels_alike not_gated prompt_long".split()
    ),
    Group.LEFT: frozenset(
        "eu_disallowed fields_not_a_map ip_location key_no_text no_card no_licence_file too_many_questions unknown_key "
        "words_stay".split()
    ),
    Group.MENDED: frozenset(
        "eu_spelled key_twice label_joined label_twice nested_field no_options options_mixed unknown_type".split()
    ),
    Group.WORTH_A_LOOK: frozenset("asks_country asks_date asks_email".split()),
}
GROUP_OF = {code: group for group, codes in CODES.items() for code in codes}


def grouped(findings: Iterable[Mapping[str, Any]]) -> dict[Group, list[Mapping[str, Any]]]:
    """Return the findings by group, the gravest group first; a group without one is left out."""
    found: dict[Group, list[Mapping[str, Any]]] = {group: [] for group in Group}
    for finding in findings:
        found[GROUP_OF.get(finding["code"], Group.WORTH_A_LOOK)].append(finding)
    return {group: members for group, members in found.items() if members}
