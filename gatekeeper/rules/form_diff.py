"""What differs between two versions of a gate form, for those who write it and for those who answer it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .refusals import gettext_noop as _


class Change(StrEnum):
    """What became of a question."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


# What a change of each part is called. Parts that only the publisher sees are not asked anew.
PARTS = {
    "label": _("reworded"),
    "help": _("hint reworded"),
    "section": _("under another heading"),
    "kind": _("another kind of answer"),
    "required": _("required or optional"),
    "options": _("other options"),
    "max_length": _("other length"),
    "min": _("other lower bound"),
    "max": _("other upper bound"),
    "show_if": _("shown under another condition"),
    "purpose": _("another purpose"),
    "retention_days": _("kept for another time"),
    "sensitivity": _("another sensitivity"),
    "blinded": _("seen by others"),
    "hub_label": _("another name on the Hub’s form"),
    "to_review": _("reviewed"),
}
UNSEEN = frozenset({"hub_label", "to_review", "section"})
DEFAULTS: dict[str, Any] = {"required": True, "blinded": False, "to_review": False, "sensitivity": "ordinary"}


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of one question: its text before and after (None where there is none), and the parts that changed."""

    change: Change
    key: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    parts: tuple[str, ...] = ()


def differences(old: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]) -> list[Difference]:
    """Return what differs, in the order of the new version, then what was removed. A key is a question's identity.

    Moved are as few questions as explain the new order; one that is moved and changed is both.
    """
    before, after = ({question["key"]: question for question in version} for version in (old, new))
    staying = _longest_in_order([key for key in before if key in after], [key for key in after if key in before])
    found: list[Difference] = []
    for key, question in after.items():
        if key not in before:
            found.append(Difference(Change.ADDED, key, None, question))
            continue
        parts = changed_parts(before[key], question)
        if parts:
            found.append(Difference(Change.CHANGED, key, before[key], question, parts))
        if key not in staying:
            found.append(Difference(Change.MOVED, key, before[key], question))
    removed = [key for key in before if key not in after]
    return found + [Difference(Change.REMOVED, key, before[key], None) for key in removed]


def changed_parts(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the parts in which two versions of a question differ; what is left out is its default."""
    return tuple(part for part in PARTS if _part(old, part) != _part(new, part))


def asked_anew(old: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]) -> dict[str, Change]:
    """Return the questions that somebody who answered the old version has to look at, by key: added or changed."""
    return {
        each.key: each.change
        for each in differences(old, new)
        if each.change is Change.ADDED or (each.change is Change.CHANGED and set(each.parts) - UNSEEN)
    }


def _part(question: Mapping[str, Any], part: str) -> Any:
    value = question.get(part)
    return DEFAULTS.get(part) if value in (None, {}, []) else value


def _longest_in_order(old: list[str], new: list[str]) -> set[str]:
    """Return the keys of a longest run that keeps its order in both: what need not be moved."""
    lengths = [[0] * (len(new) + 1) for _row in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            same = old[i] == new[j]
            lengths[i][j] = lengths[i + 1][j + 1] + 1 if same else max(lengths[i + 1][j], lengths[i][j + 1])
    kept: set[str] = set()
    i = j = 0
    while i < len(old) and j < len(new):
        if old[i] == new[j]:
            kept.add(old[i])
            i, j = i + 1, j + 1
        elif lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1
    return kept
