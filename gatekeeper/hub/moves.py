"""Repositories that bear another name on the Hub than here. They are known by their id, and never lost.

The Hub leads from an old name to the new one until somebody takes the old one. Within its namespace the new name is
taken over at once, so that nothing that is due is held up; into another namespace only a person takes it, and only
where that namespace is the publisher's own.
"""

from datetime import datetime

from gatekeeper.actions import drifts
from gatekeeper.actions.drifts import Finding
from gatekeeper.actions.repositories import follow
from gatekeeper.models import Drift, Repository
from gatekeeper.rules.drift import DriftKind, Owner, Severity

from . import drift, tokens
from .client import HubClient
from .port import HubError, RepositoryState

REFERENCE = 100
UNSURE = (Owner.ANOTHER, Owner.UNKNOWN)


def look(hub: HubClient, repository: Repository, state: RepositoryState, *, at: datetime) -> None:
    """Follow a repository that was renamed, and write down that it was; end that where it bears its old name again."""
    before, since = repository.name, repository.seen_at or at
    moved = Drift.objects.unresolved().filter(repository=repository, kind=DriftKind.REPOSITORY_MOVED)
    if not state.name or state.name == before:
        drift.end(moved.filter(facts__followed=False) | moved.filter(facts__was=before))
        return
    follow(repository, name=state.name)
    if repository.guarded_since is None:
        return
    earlier = moved.exclude(reference=state.name[:REFERENCE]).order_by("pk").first()
    was = before if earlier is None else earlier.facts.get("was", before)
    drift.end(moved.exclude(reference=state.name[:REFERENCE]))
    standing = moved.first()
    if was == state.name or (standing is not None and _is_settled(standing)):
        return
    facts = _facts(hub, repository, state, was)
    severity = Severity.CRITICAL if facts["owner"] in UNSURE else Severity.SERIOUS
    if standing is None:
        finding = Finding(
            DriftKind.REPOSITORY_MOVED, since, reference=state.name[:REFERENCE], facts=facts, severity=severity
        )
        drifts.find_all(repository, findings=[finding], at=at)
    elif standing.facts != facts:
        Drift.objects.filter(pk=standing.pk).update(facts=facts, severity=severity)


def _is_settled(standing: Drift) -> bool:
    """Say whether what is written down needs no second question: whose it is was found out, and the token reaches."""
    return standing.facts.get("owner") != Owner.UNKNOWN and bool(standing.facts.get("token"))


def _facts(hub: HubClient, repository: Repository, state: RepositoryState, was: str) -> dict[str, object]:
    owner = _owner(repository, was, state.name)
    reaches = owner is not Owner.RENAMED or _reaches(hub, state)
    followed = repository.name == state.name
    return {"was": was, "is": state.name, "owner": owner.value, "token": reaches, "followed": followed}


def _owner(repository: Repository, was: str, name: str) -> Owner:
    """Return whose the repository is by its new name: the id of a namespace says so, which outlives its name."""
    namespace = name.partition("/")[0]
    if namespace.lower() == was.partition("/")[0].lower():
        return Owner.SAME
    proved = repository.publisher.hub_id
    try:
        found = tokens.directory_for(repository).namespace(namespace)
    except HubError:
        return Owner.UNKNOWN
    return Owner.RENAMED if found is not None and proved and found.hub_id == proved else Owner.ANOTHER


def _reaches(hub: HubClient, state: RepositoryState) -> bool:
    """Say whether the token may decide there, by a call that changes nothing."""
    try:
        return hub.may_decide(state.kind, state.name) if state.gate else hub.may_write(state.kind, state.name)
    except HubError:
        return False
