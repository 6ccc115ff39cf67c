"""Pull requests that would change the gate: looked at when the Hub announces one, and now and then without that.

What a pull request changes is told from its own difference, so that what main changed meanwhile is not held against it.
Anybody can open one, with anything in it: what is read is bounded, what cannot be read is shown as that, and whatever
goes wrong here stops nothing else. Nothing is done about it: people merge or close it on the Hub.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from gatekeeper.actions import drifts
from gatekeeper.actions.drifts import Finding
from gatekeeper.models import Drift, PullRequest, Repository, Stage
from gatekeeper.models.policies import current_policies
from gatekeeper.rules import patches
from gatekeeper.rules.drift import DriftKind

from . import card_lines, cards, drift, tokens
from .adopt import LICENCE_FILES
from .claims import outside
from .community import Community
from .port import HubError, PullRequestState, Word

log = structlog.get_logger(__name__)

CARD = "README.md"
AT_ONCE = 5
LISTED_EVERY = timedelta(minutes=15)
LOOKED_AT_EVERY = timedelta(hours=1)
LONGEST_FRONT = 64_000  # bytes: reading a card takes its time, and anybody can send one
MAIN = "main"
UNREAD = "unread"


def look(repository: Repository) -> None:
    """Look at the pull requests of a repository that are due. What fails is tried again later, and stops nothing."""
    if repository.guarded_since is None:
        return
    outside()
    now = timezone.now()
    try:
        hub = tokens.community_for(repository)
        if repository.pull_requests_due_at is None or repository.pull_requests_due_at <= now:
            _list(hub, repository, at=now)
        for row in PullRequest.objects.due(repository, at=now)[:AT_ONCE]:
            _look_at(hub, repository, row, at=now)
    except HubError as failed:
        log.info("pull requests not read", repository=repository.pk, reason=failed.reason)
        _list_again(repository, at=now)
    except Exception:  # whatever somebody put into one, the repository is observed
        log.exception("pull requests not read", repository=repository.pk)
        _list_again(repository, at=now)


def _list(hub: Community, repository: Repository, *, at: datetime) -> None:
    """Find those that nobody announced: new ones, and ones that are not open any more."""
    numbers = set(hub.open_pull_requests(repository.kind, repository.name))
    known = PullRequest.objects.filter(repository=repository)
    new = numbers - set(known.filter(number__in=numbers, is_open=True).values_list("number", flat=True))
    PullRequest.objects.bulk_create(
        [PullRequest(repository=repository, number=number, due_at=at) for number in sorted(new)],
        update_conflicts=True,
        unique_fields=["repository", "number"],
        update_fields=["due_at"],
    )
    known.filter(is_open=True).exclude(number__in=numbers).update(due_at=at)
    _list_again(repository, at=at)


def _list_again(repository: Repository, *, at: datetime) -> None:
    Repository.objects.filter(pk=repository.pk).update(pull_requests_due_at=at + LISTED_EVERY)


def _look_at(hub: Community, repository: Repository, row: PullRequest, *, at: datetime) -> None:
    """Look at one. One that cannot be read does not hold up the others, nor come first again."""
    PullRequest.objects.filter(pk=row.pk).update(due_at=at + LOOKED_AT_EVERY)
    try:
        _compare(hub, repository, row, at=at)
    except HubError as failed:
        if failed.word is Word.LATER:
            raise
        log.info("pull request not read", repository=repository.pk, number=row.number, reason=failed.reason)


def _compare(hub: Community, repository: Repository, row: PullRequest, *, at: datetime) -> None:
    state = hub.pull_request(repository.kind, repository.name, row.number)
    if state is None:
        row.delete()
        return
    digest = _digest(state)
    if not state.is_open:
        _end(repository, row.number)
    elif digest != row.seen_digest:
        change = _change_or_unread(hub, repository, state)
        _end(repository, row.number)
        if change.touches:
            drifts.find_all(repository, findings=[_finding(state, change, at=at)], at=at)
    row.is_open, row.seen_digest, row.seen_at = state.is_open, digest, at
    row.due_at = at + LOOKED_AT_EVERY if state.is_open else None
    row.save(update_fields=["is_open", "seen_digest", "seen_at", "due_at"])


def _digest(state: PullRequestState) -> str:
    """Return what tells one state of a pull request from another: its commits can be replaced."""
    return hashlib.sha256(f"{state.commit}\n{state.diff}".encode()).hexdigest()


def _reference(number: int) -> str:
    return f"refs/pr/{number}"


def _end(repository: Repository, number: int) -> None:
    """End what was found of a pull request: it is closed, merged, or says something else by now."""
    found = Drift.objects.unresolved().filter(repository=repository, kind=DriftKind.PULL_REQUEST_TOUCHES_GATE)
    drift.end(found.filter(reference=_reference(number)))


def _finding(state: PullRequestState, change: "Change", *, at: datetime) -> Finding:
    facts = {"pull_request": state.number, "touches": change.touches, "diff": change.diff, "commit": state.commit}
    return Finding(
        DriftKind.PULL_REQUEST_TOUCHES_GATE,
        state.changed_at or at,
        since_is_exact=state.changed_at is not None,
        by_username=state.author,
        reference=_reference(state.number),
        facts=facts,
    )


# What it would change


@dataclass(slots=True)
class Change:
    """What a pull request touches (gate, licence, audience, or that it cannot be told), and the lines of that."""

    touches: list[str] = field(default_factory=list)
    diff: list[str] = field(default_factory=list)

    def add(self, what: list[str], path: str, lines: list[str]) -> None:
        """Add what is touched, with the lines of the file, to what was found already."""
        self.touches += [one for one in what if one not in self.touches]
        added = [path, *(line[: drift.LONGEST_LINE] for line in lines)]
        self.diff = [*self.diff, *added][: drift.LONGEST_DIFF]


def _change_or_unread(hub: Community, repository: Repository, state: PullRequestState) -> Change:
    """Return what a pull request would change; what cannot be read may change anything. Raises HubError("later")."""
    try:
        return _change(hub, repository, state)
    except HubError as failed:
        if failed.word is Word.LATER:
            raise
        return Change([UNREAD])


def _change(hub: Community, repository: Repository, state: PullRequestState) -> Change:
    """Return what a pull request would change, from its own difference or, where that is too long, from its files."""
    change, ref = Change(), _reference(state.number)
    try:
        found = None if state.diff is None else patches.read(state.diff)
    except patches.Unreadable:
        found = None
    if found is None or CARD in found:
        after = hub.file(repository.kind, repository.name, CARD, ref) or b""
        before = None if found is None else _taken_back(after, found[CARD])
        if before is None:
            before = hub.file(repository.kind, repository.name, CARD, MAIN) or b""
        touched = [what for what, differs in _cards(before, after).items() if differs]
        if touched:
            change.add(touched, CARD, [] if found is None else found[CARD].lines)
    for path in dict.fromkeys((*LICENCE_FILES, *_licence_paths(repository))):
        if found is not None:
            if path in found:
                change.add(["licence"], path, found[path].lines)
        elif len({hub.file(repository.kind, repository.name, path, where) for where in (MAIN, ref)}) > 1:
            change.add(["licence"], path, [])
    return change


def _licence_paths(repository: Repository) -> list[str]:
    """Return the files whose text people accept here, beside those that the Hub knows as licences."""
    policies = current_policies(list(Stage.objects.including(repository))).values()
    return sorted(
        policy.licence_version.source_path
        for policy in policies
        if policy.licence_version.source_path and policy.licence_version.source_repository_id == repository.pk
    )


def _taken_back(after: bytes, patch: patches.Patch) -> bytes | None:
    try:
        return patches.before(after.decode(), patch).encode()
    except (patches.Unreadable, UnicodeDecodeError):
        return None


def _cards(before: bytes, after: bytes) -> dict[str, bool]:
    """Say of each part of a card whether it differs; each card is read once, and a very long one is not read at all."""
    if before == after:
        return {}
    try:
        old, new = _card(before), _card(after)
    except cards.CannotRead:
        return {UNREAD: drift.front_of(before) != drift.front_of(after)}
    return {
        "gate": old.gate() != new.gate(),
        "licence": old.licence != new.licence,
        "audience": (drift.AUDIENCE_TAG in old.tags) != (drift.AUDIENCE_TAG in new.tags),
    }


def _card(text: bytes) -> cards.Card:
    """Read a card without our own two lines. Raises CannotRead, also for one that would take long to read."""
    front = cards.front_matter(text)
    if front is not None and front.end - front.start > LONGEST_FRONT:
        raise cards.CannotRead("too_long", "The front matter is too long to be read.", front.first_line)
    return cards.read(card_lines.without_card_lines(text))
