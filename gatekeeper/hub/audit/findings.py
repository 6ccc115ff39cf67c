"""What an audit's facts mean: findings, each with a code, how serious it is, why, and what to do. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from . import form_findings, token_findings
from .facts import Audit, CardChange, Insiders, RepositoryFacts
from .history import AUDIENCE, LICENCE, TEXT
from .sentences import FINDINGS, Sentence

SEVERITIES = ("high", "medium", "low")
MANY = 10  # people who may change a gate
OPENS_GATES = frozenset({"admin", "write"})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at. `message`, `why` and `todo` are marked for translation and share their values."""

    code: str
    severity: str
    repository: str
    message: str
    why: str
    todo: str
    values: Mapping[str, Any] = field(default_factory=dict)


def findings(audit: Audit) -> list[Finding]:
    """Return what is to be looked at, the most serious first, in the order of the repositories."""
    found = list(_about_namespace(audit))
    for facts in audit.repositories:
        found += _about(audit, facts)
    return sorted(found, key=lambda one: SEVERITIES.index(one.severity))


def _say(code: str, repository: str = "", /, **values: Any) -> Finding:
    sentence: Sentence = FINDINGS[code]
    return Finding(code, sentence.severity, repository, sentence.message, sentence.why, sentence.todo, values)


def _about_namespace(audit: Audit) -> Iterator[Finding]:
    for code, values in token_findings.about(audit):
        yield _say(code, **values)
    opening = sum(number for role, number in audit.insiders.roles.items() if role in OPENS_GATES)
    if opening > MANY:
        yield _say("many_may_open", people=opening)


def _about(audit: Audit, facts: RepositoryFacts) -> Iterator[Finding]:
    name = facts.state.name
    yield from _gate(facts, name)
    yield from _people(audit, facts, name)
    yield from _terms(facts, name)
    for flaw in facts.flaws:
        severity = "medium" if flaw.get("unreadable") else "low"
        sentence = FINDINGS["card_flaw"]
        yield Finding(
            f"card_{flaw['code']}", severity, name, flaw["message"], sentence.why, sentence.todo, flaw["values"]
        )
    for code, values in form_findings.about(facts):
        yield _say(code, name, **values)


def _gate(facts: RepositoryFacts, name: str) -> Iterator[Finding]:
    if facts.state.gate == "auto":
        yield _say("gate_auto", name, people=facts.accepted.total)
    elif not facts.state.gate:
        yield _say("gate_off", name, people=facts.accepted.total + facts.pending.total)


def _people(audit: Audit, facts: RepositoryFacts, name: str) -> Iterator[Finding]:
    accepted, pending = facts.accepted, facts.pending
    if accepted.hidden or pending.hidden:
        yield _say("names_hidden", name, people=accepted.hidden + pending.hidden)
    former = _former(audit.insiders, accepted.granters)
    if former:
        yield _say("granted_by_former", name, people=sum(former.values()), **_names(audit, former))
    if accepted.granter_gone:
        yield _say("granter_gone", name, people=accepted.granter_gone)
    if accepted.by_hand:
        yield _say("added_by_hand", name, people=accepted.by_hand)
    if accepted.undecided and facts.state.gate != "auto":
        yield _say("nobody_decided", name, people=accepted.undecided)
    if accepted.insiders:
        yield _say("insiders_accepted", name, people=accepted.insiders)
    very_long = pending.over.get(90, 0)
    long = pending.over.get(14, 0) - very_long
    if very_long:
        yield _say("waiting_90", name, people=very_long)
    if long > 0:
        yield _say("waiting_14", name, people=long)


def _former(insiders: Insiders, granters: Mapping[tuple[str, str], int]) -> dict[str, int]:
    """Return who accepted people and is not inside any more; nobody where the members are not all known."""
    if not insiders.complete:
        return {}
    return {name: people for (hub_id, name), people in granters.items() if hub_id and hub_id not in insiders.people}


def _names(audit: Audit, people: Mapping[str, int]) -> dict[str, str]:
    return {"names": ", ".join(sorted(people)[:20]) if audit.with_people else "…"}


def _terms(facts: RepositoryFacts, name: str) -> Iterator[Finding]:
    accepted = facts.accepted.total
    if facts.accepted_before_began and facts.began_at is not None:
        told = {"people": facts.accepted_before_began, "accepted": accepted, "date": _day(facts.began_at)}
        yield _say("history_rewritten", name, **told)
    for code, parts in (("older_text", TEXT), ("older_licence", LICENCE)):
        change = _latest(facts.changes, parts)
        if change is not None and change.accepted_before:
            shift = next(one for one in change.shifts if one.part in parts)
            yield _say(
                code, name, people=change.accepted_before, accepted=accepted, date=_day(change.commit.at),
                commit=change.commit.sha[:8], before=shift.before or "–", after=shift.after or "–",
            )  # fmt: skip
    at = facts.licence_changed_at
    if at is not None and at != facts.began_at and facts.accepted_before_licence:
        told = {"people": facts.accepted_before_licence, "accepted": accepted, "date": _day(at)}
        yield _say("older_licence_file", name, **told, file=facts.licence_file)
    change = _latest(facts.changes, AUDIENCE)
    if change is not None and not any(shift.after for shift in change.shifts if shift.part in AUDIENCE):
        yield _say("audience_tag_removed", name, date=_day(change.commit.at), commit=change.commit.sha[:8])


def _latest(changes: tuple[CardChange, ...], parts: frozenset[str]) -> CardChange | None:
    """Return the last change of one of these parts since the repository began."""
    return next((change for change in changes if change.touches(parts) and not change.first), None)


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
