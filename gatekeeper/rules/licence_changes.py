"""Two texts of a licence compared clause by clause, and the least class that a change of it can have.

A change may be called worse than what is found here, never better. What looks as if it forbade something new counts as
material even where nobody wrote it into the list of restrictions.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from .clauses import Clause, clauses
from .licence_profiles import Difference, loosened, tightened

MOST_CLAUSES = 1_000  # of either text; what is more is compared as a whole
MOST_WORDS = 1_000  # of a clause whose words are compared one by one
BUDGET = 3_000_000  # pairs of words compared in all
PAIRS = 2_500  # pairs of clauses looked at in one place
ALIKE = 0.4  # share of words that two clauses have in common to be one clause, reworded
WORDS = re.compile(r"\s+|\S+")
NUMBER = re.compile(r"\W*(?:\d{1,3}(?:\.\d{1,3})*|[a-z]|[ivxlc]{1,6})[.)]\s+", re.IGNORECASE)


class Kind(StrEnum):
    """What became of a clause."""

    SAME = "same"
    RETOUCHED = "retouched"  # punctuation, capitals and quotes
    ADDED = "added"
    REMOVED = "removed"
    REWORDED = "reworded"
    MOVED = "moved"


class ChangeClass(StrEnum):
    """How much a version changes of the one before, from least to most: what people have to be told or asked."""

    EDITORIAL = "editorial"
    CLARIFYING = "clarifying"
    EXPANDING = "expanding"
    MATERIAL = "material"


SEEN = (Kind.ADDED, Kind.REMOVED, Kind.REWORDED, Kind.MOVED, Kind.RETOUCHED)
FORBIDDING = {
    Kind.ADDED: "clause_forbids",
    Kind.REMOVED: "limit_touched",
    Kind.REWORDED: "rewording_forbids",
    Kind.MOVED: "limit_touched",
}
RANK = {each: rank for rank, each in enumerate(ChangeClass)}


@dataclass(frozen=True, slots=True)
class Run:
    """Words of a clause: in both texts (""), only in the older ("removed"), or only in the newer ("added")."""

    words: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One clause of either text, or of both. `runs` are its words where one by one they were compared.

    `limited` says that it, or what it stands under, limits something in either text; `unpermitted` that it permitted
    something before, or stood under what did, and may not do so any more.
    """

    kind: Kind
    before: str = ""
    after: str = ""
    under: str = ""
    runs: tuple[Run, ...] = ()
    limited: bool = False
    unpermitted: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two texts compared. `whole` says that they were too long to be compared clause by clause."""

    changes: tuple[Change, ...]
    whole: bool = False

    def of(self, *kinds: Kind) -> list[Change]:
        """Return the clauses of these kinds."""
        return [change for change in self.changes if change.kind in kinds]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a change has at least its class: a code, and which slug, place or words it is about."""

    code: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Least:
    """The least class of a change, with all that speaks for it."""

    change_class: ChangeClass
    reasons: tuple[Reason, ...] = ()

    def allows(self, given: ChangeClass) -> bool:
        """Say whether the change may be called so: the same, or worse."""
        return RANK[given] >= RANK[self.change_class]


@dataclass(slots=True)
class _Cost:
    left: int = field(default_factory=lambda: BUDGET)

    def take(self, cost: int) -> bool:
        if cost > self.left:
            return False
        self.left -= cost
        return True


def compare(before: str, after: str) -> Comparison:
    """Return what became of each clause from one text to another, in the order of the newer."""
    old, new = clauses(before), clauses(after)
    start = 0
    while start < min(len(old), len(new)) and old[start].key == new[start].key:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end].key == new[-1 - end].key:
        end += 1
    middle, whole = _middle(old[start : len(old) - end], new[start : len(new) - end])
    head, tail = _kept(old[:start], new[:start]), _kept(old[len(old) - end :], new[len(new) - end :])
    return Comparison((*head, *middle, *tail), whole)


def _kept(old: Sequence[Clause], new: Sequence[Clause]) -> list[Change]:
    """Return clauses that say the same in both texts, in pairs."""
    return [_pair(was, now) for was, now in zip(old, new, strict=True)]


def _pair(was: Clause, now: Clause) -> Change:
    same = was.words.split() == now.words.split()
    return Change(Kind.SAME if same else Kind.RETOUCHED, was.words, now.words, now.under)


def _removed(was: Clause) -> Change:
    return Change(Kind.REMOVED, was.words, under=was.under, limited=was.limited, unpermitted=was.permitted)


def _added(now: Clause) -> Change:
    return Change(Kind.ADDED, after=now.words, under=now.under, limited=now.limited)


def _middle(old: Sequence[Clause], new: Sequence[Clause]) -> tuple[list[Change], bool]:
    if max(len(old), len(new)) > MOST_CLAUSES:
        was, now = {each.key: each for each in old}, {each.key: each for each in new}
        gone = [_removed(each) for key, each in was.items() if key not in now]
        come = [_added(each) for key, each in now.items() if key not in was]
        return [*gone, *come], True
    changes: list[Change] = []
    cost = _Cost()
    # What stands in many places is passed over as junk: it says nothing, and would make this slow.
    matcher = SequenceMatcher(None, [each.key for each in old], [each.key for each in new])
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            changes += _kept(old[i1:i2], new[j1:j2])
        else:
            changes += _replaced(old[i1:i2], new[j1:j2], cost)
    return _with_moves(changes), False


def _replaced(old: Sequence[Clause], new: Sequence[Clause], cost: _Cost) -> list[Change]:
    """Return clauses that took the place of others: reworded where two are alike, else removed and added."""
    partner: dict[int, int] = {}
    taken: set[int] = set()
    near = len(old) * len(new) <= PAIRS
    words = [frozenset(each.key.split()) for each in old]
    for j, clause in enumerate(new):
        own = frozenset(clause.key.split())
        candidates = range(len(old)) if near else range(j, min(j + 1, len(old)))
        best = max(((_alike(words[i], own), -i) for i in candidates if i not in taken), default=(0.0, 0))
        if best[0] >= ALIKE:
            partner[j] = -best[1]
            taken.add(-best[1])
    changes = [_removed(each) for i, each in enumerate(old) if i not in taken]
    for j, clause in enumerate(new):
        if j in partner:
            was = old[partner[j]]
            if was.key == clause.key:
                changes.append(_pair(was, clause))
                continue
            runs = _runs(was.words, clause.words, cost)
            limited = was.limited or clause.limited
            changes.append(
                Change(Kind.REWORDED, was.words, clause.words, clause.under, runs, limited, unpermitted=was.permitted)
            )
        else:
            changes.append(_added(clause))
    return changes


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of words that two clauses have in common."""
    return len(one & other) / len(one | other)


def _runs(before: str, after: str, cost: _Cost) -> tuple[Run, ...]:
    old, new = WORDS.findall(before), WORDS.findall(after)
    if max(len(old), len(new)) > 2 * MOST_WORDS or not cost.take(len(old) * len(new)):
        return ()
    runs: list[Run] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            runs.append(Run("".join(new[j1:j2])))
            continue
        runs += [Run("".join(old[i1:i2]), "removed")] if i1 < i2 else []
        runs += [Run("".join(new[j1:j2]), "added")] if j1 < j2 else []
    return tuple(runs)


def _with_moves(changes: list[Change]) -> list[Change]:
    """Return the changes with each clause that was taken out here and put in there as one that was moved."""
    gone: dict[str, list[Change]] = {}
    for change in changes:
        if change.kind is Kind.REMOVED:
            gone.setdefault(_key(change.before), []).append(change)
    found: list[Change] = []
    moved: dict[str, int] = {}
    for change in changes:
        key = _key(change.after)
        if change.kind is Kind.ADDED and gone.get(key):
            was = gone[key].pop(0)
            moved[key] = moved.get(key, 0) + 1
            limited = was.limited or change.limited
            found.append(
                Change(Kind.MOVED, was.before, change.after, change.under, (), limited, unpermitted=was.unpermitted)
            )
        else:
            found.append(change)
    kept: list[Change] = []
    for change in found:
        key = _key(change.before)
        if change.kind is Kind.REMOVED and moved.get(key):
            moved[key] -= 1
        else:
            kept.append(change)
    return kept


def _key(words: str) -> str:
    return " ".join(clause.key for clause in clauses(words))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is compared of a version besides its text: its profile and its use restrictions."""

    profile: Mapping[str, Any] = field(default_factory=dict)
    restrictions: Sequence[str] = ()


def least_class(before: Facts, after: Facts, texts: Comparison) -> Least:
    """Return the least class of a change: material where anything is asked or taken that was not before."""
    both = (before.restrictions, after.restrictions)
    stricter = _reasons(tightened(before.profile, after.profile, restrictions=both))
    stricter += list(_in_the_words(texts))
    if stricter:
        return Least(ChangeClass.MATERIAL, tuple(stricter))
    freer = loosened(before.profile, after.profile, restrictions=both)
    if freer:
        return Least(ChangeClass.EXPANDING, tuple(Reason("freer", each.about) for each in freer))
    if texts.of(Kind.ADDED, Kind.REMOVED, Kind.REWORDED):
        return Least(ChangeClass.CLARIFYING, (Reason("words_changed"),))
    return Least(ChangeClass.EDITORIAL)


def _reasons(differences: Iterable[Difference]) -> list[Reason]:
    return [Reason(each.kind.value, each.about) for each in differences]


def _in_the_words(texts: Comparison) -> Iterable[Reason]:
    """Yield the clauses by which a text may ask more than before, or permit less: when in doubt it does."""
    if texts.whole:  # what was moved is not seen
        yield Reason("words_changed")
    for change in texts.of(*FORBIDDING):
        if _unnumbered(change.before) == _unnumbered(change.after) and change.kind is Kind.REWORDED:
            continue
        if change.limited:
            yield Reason(FORBIDDING[change.kind], _short(change.after or change.before))
        if change.unpermitted:
            yield Reason("permission_gone", _short(change.before))


def _unnumbered(words: str) -> str:
    """Return a clause without its number: of one that only has another, nothing else was changed."""
    return _key(NUMBER.sub("", words, count=1) if NUMBER.match(words) else words)


def _short(words: str) -> str:
    return words if len(words) <= 160 else f"{words[:159]}…"
