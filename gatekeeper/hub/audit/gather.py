"""Reading a namespace for an audit: who asks, its repositories with their cards and lists. Only GET, page by page.

What cannot be read becomes a gap with its reason; what the token is not for is said, never guessed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from gatekeeper.hub import cards
from gatekeeper.hub.directory import Directory
from gatekeeper.hub.port import Commit, HubError, Listing, Need, Portion
from gatekeeper.rules import hub_fields
from gatekeeper.rules.refusals import gettext_noop as _

from . import rights
from .facts import Audit, Gap, Insiders, Listed, RepositoryFacts, Row
from .history import history
from .patience import Patience
from .spool import Rows, Spool
from .tally import Tally

STATUSES = ("accepted", "pending", "rejected", "reset")
LICENCE_FILES = ("LICENSE", "LICENSE.md", "LICENSE.txt")
KINDS = ("model", "dataset")
FULL = 1_000
OTHERWISE = 999  # a list that ends at a full page may have lost its next one: it is read again with another limit
T = TypeVar("T")

NO_NAMESPACE = _("The Hub has nobody and no organisation of this name.")


class CannotAudit(Exception):
    """There is nothing to audit; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is read at most, and how many rows of a list are shown."""

    repositories: int = 2_000
    members: int = 20_000
    commits: int = 200
    rows: int = 100
    list_pages: int = 5_000


class Gathering:
    """One audit in the making. `spool` takes the rows of all lists; without one nobody is named."""

    def __init__(
        self, hub: Directory, *, tell: Callable[[str], object], spool: Spool | None, bounds: Bounds | None = None
    ) -> None:
        self._hub = hub
        self._tell = tell
        self._patience = Patience(tell)
        self._spool = spool
        self._bounds = bounds or Bounds()

    def audit(self, name: str, *, at: datetime | None = None) -> Audit:
        """Return what a namespace has. Raises HubError where the token is refused, CannotAudit for an unknown name."""
        at = at or datetime.now(UTC)
        identity = self._patience.ask(self._hub.whoami)
        namespace = self._patience.ask(lambda: self._hub.namespace(name))
        if namespace is None:
            raise CannotAudit(NO_NAMESPACE)
        namespace = replace(namespace, name=namespace.name or name)
        audit = Audit(
            namespace=namespace,
            endpoint=self._hub.endpoint,
            begun_at=at,
            token=rights.token_facts(identity, namespace.name),
            insiders=Insiders(),
            with_people=self._spool is not None,
        )
        audit.insiders = self._insiders(audit)
        listings = [one for kind in KINDS for one in self._repositories(audit, kind)]
        audit.seen = len(listings)
        gated = [one for one in listings if one.state.gate or one.has_form]
        self._tell(f"{namespace.name}: {len(listings)} repositories, {len(gated)} of them gated or with a form")
        for number, listing in enumerate(gated, 1):
            self._tell(f"({number} of {len(gated)}) {listing.state.kind} {listing.state.name}")
            audit.repositories.append(self._repository(audit, listing))
        audit.calls, audit.ended_at = self._patience.calls, datetime.now(UTC)
        return audit

    # Who is inside, and what there is

    def _insiders(self, audit: Audit) -> Insiders:
        namespace = audit.namespace
        if not namespace.is_organisation:
            return Insiders({namespace.hub_id: (namespace.name, "admin")}, complete=True)
        try:
            members, whole = self._every(lambda at: self._hub.members(namespace.name, at=at), most=self._bounds.members)
        except HubError as failed:
            _refuse_token(failed)
            self._gap(
                audit, "members_unread", "", _("The members could not be read (%(reason)s)."), reason=failed.reason
            )
            return Insiders()
        if not whole:
            self._gap(audit, "members_cut", "", _("Only the first %(count)s members were read."), count=len(members))
        return Insiders({one.person.hub_user_id: (one.person.username, one.role) for one in members}, complete=whole)

    def _repositories(self, audit: Audit, kind: str) -> list[Listing]:
        owner = audit.namespace.name
        try:
            found, whole = self._every(
                lambda at: self._hub.repositories(kind, owner, at=at), most=self._bounds.repositories
            )
        except HubError as failed:
            _refuse_token(failed)
            message = _("The list of repositories (%(kind)s) could not be read (%(reason)s).")
            self._gap(audit, "repositories_unread", "", message, kind=kind, reason=failed.reason)
            return []
        if not whole:
            message = _("Only the first %(count)s repositories (%(kind)s) were looked through.")
            self._gap(audit, "repositories_cut", "", message, kind=kind, count=len(found))
        return found

    def _every(self, page: Callable[[str], Portion[T]], *, most: int) -> tuple[list[T], bool]:
        """Return the items of a list, and whether that is all of it. Raises HubError."""
        found: list[T] = []
        at = ""
        while len(found) < most:
            portion = self._patience.ask(lambda: page(at))  # noqa: B023  # asked at once
            found += portion.items
            at = portion.next
            if not at:
                return found[:most], len(found) <= most
        return found[:most], False

    # One repository

    def _repository(self, audit: Audit, listing: Listing) -> RepositoryFacts:
        facts = RepositoryFacts(listing.state, listing.created_at, listing.modified_at)
        self._card(audit, facts)
        self._licence_file(audit, facts)
        start = self._spool.place() if self._spool is not None else 0
        self._lists(audit, facts)
        if self._spool is not None:
            facts.rows = Rows(self._spool, start, self._spool.place())
        turns = _turns(facts)
        before = dict(zip(turns, facts.accepted.before, strict=False))
        facts.changes = tuple(replace(one, accepted_before=before.get(one.commit.at, 0)) for one in facts.changes)
        if facts.licence_changed_at is not None:
            facts.accepted_before_licence = before.get(facts.licence_changed_at, 0)
        if facts.began_at is not None:
            facts.accepted_before_began = before.get(facts.began_at, 0)
        return facts

    def _card(self, audit: Audit, facts: RepositoryFacts) -> None:
        """Read the card and its history: each version is compared and forgotten."""
        name = facts.state.name
        try:
            commits, whole = self._every(
                lambda at: self._hub.commits(facts.state.kind, name, at=at), most=self._bounds.commits
            )
            found = history(self._versions(facts, commits), whole=whole)
        except HubError as failed:
            _refuse_token(failed)
            message = _("The history of the card could not be read (%(reason)s).")
            self._gap(audit, "history_unread", name, message, reason=failed.reason)
            return
        facts.changes, facts.commits_read = found.changes, len(commits)
        if whole and commits:
            facts.began_at = commits[-1].at
        if not whole:
            message = _("Only the newest %(count)s commits were read; what changed before is not known.")
            self._gap(audit, "history_cut", name, message, count=len(commits))
        if found.unreadable:
            message = _("Versions of the card that could not be read safely: %(count)s.")
            self._gap(audit, "versions_unreadable", name, message, count=found.unreadable)

    def _versions(self, facts: RepositoryFacts, commits: list[Commit]) -> Iterator[tuple[Commit, bytes | None]]:
        """Yield the README of each commit, newest first; the newest is read as the card of today."""
        state = facts.state
        for number, commit in enumerate(commits):
            sha = commit.sha
            text = self._patience.ask(
                lambda: self._hub.file(state.kind, state.name, "README.md", sha, need=Need.READ)  # noqa: B023  # at once
            )
            if number == 0:
                _read_card(facts, text)
            if number and number % 50 == 0:
                self._tell(f"    {number} of {len(commits)} commits read")
            yield commit, text

    def _licence_file(self, audit: Audit, facts: RepositoryFacts) -> None:
        state = facts.state
        try:
            files, facts.files_read = self._every(lambda at: self._hub.files(state.kind, state.name, at=at), most=FULL)
        except HubError as failed:
            _refuse_token(failed)
            message = _("The files could not be listed (%(reason)s).")
            self._gap(audit, "files_unread", state.name, message, reason=failed.reason)
            return
        found = {one.path: one for one in files}
        for path in LICENCE_FILES:
            if path in found:
                facts.licence_file, facts.licence_changed_at = path, found[path].changed_at
                return

    # One list

    def _lists(self, audit: Audit, facts: RepositoryFacts) -> None:
        """Read the four lists; a right that is missing for the first is missing for all."""
        closed = ""
        for status in STATUSES:
            if closed:
                facts.lists[status] = Listed(status, gap=closed, unread=True)
                continue
            facts.lists[status] = listed = self._list(audit, facts, status)
            closed = listed.gap if listed.unread and listed.gap in rights.CLOSED else ""

    def _list(self, audit: Audit, facts: RepositoryFacts, status: str) -> Listed:
        start = self._spool.place() if self._spool is not None else 0
        for limit in (FULL, OTHERWISE):
            if limit == OTHERWISE:
                self._tell(f"    {status}: ended at a full page, so it is read again")
            if self._spool is not None:
                self._spool.rewind(start)
            listed, ended_full = self._read(audit, facts, status, limit)
            if not ended_full:
                break
        if listed.unread:
            code, message, values = rights.why_unread(audit.token, facts.state.name, status, listed.gap)
            self._gap(audit, code, facts.state.name, message, **values)
        elif listed.gap:
            message = _("The list of %(status)s people breaks off after %(count)s (%(reason)s).")
            values = {"status": status, "count": listed.total, "reason": listed.gap}
            self._gap(audit, "list_broken_off", facts.state.name, message, **values)
        return listed

    def _read(self, audit: Audit, facts: RepositoryFacts, status: str, limit: int) -> tuple[Listed, bool]:
        """Read one list to its last page. Returns what was counted, and whether it ended at a full page."""
        hub, state, spool = self._hub, facts.state, self._spool
        tally = Tally(
            status,
            at=audit.begun_at,
            insiders=audit.insiders,
            turns=_turns(facts),
            shown=self._bounds.rows,
            keep=None if spool is None else (lambda row: spool.put(_told(row))),
        )
        at = ""
        for number in range(self._bounds.list_pages):
            try:
                page = self._patience.ask(
                    lambda: hub.further(at) if at else hub.requests(state.kind, state.name, status, limit=limit)  # noqa: B023  # at once
                )
            except HubError as failed:
                _refuse_token(failed)
                return tally.end(gap=failed.reason, unread=number == 0), False
            for item in page.items:
                tally.add(item)
            if tally.listed.total >= 10_000 and number % 10 == 9:
                self._tell(f"    {status}: {tally.listed.total} people read")
            at = page.next
            if not at:
                return tally.end(), len(page.items) == limit
        return tally.end(gap="too_long"), False

    def _gap(self, audit: Audit, code: str, repository: str, message: str, /, **values: Any) -> None:
        audit.gaps.append(Gap(code, repository, message, values))


def _read_card(facts: RepositoryFacts, text: bytes | None) -> None:
    if text is None:
        return
    facts.card_text = text.decode("utf-8", "replace")
    try:
        facts.card = cards.read(text)
    except cards.CannotRead as refused:
        facts.flaws = (refused.finding | {"unreadable": True},)
        return
    brought = hub_fields.from_hub(dict(facts.card.fields))
    facts.flaws = facts.card.findings + tuple(
        cards.finding(refusal.code, refusal.message, **{"label": label, **refusal.values})
        for label, refusal in brought.findings
    )


def _turns(facts: RepositoryFacts) -> list[datetime]:
    """Return the moments at which the terms of a repository changed, in order of time."""
    others = (facts.licence_changed_at, facts.began_at)
    return sorted({change.commit.at for change in facts.changes} | {at for at in others if at is not None})


def _told(row: Row) -> dict[str, Any]:
    return {
        "user": row.username or None,
        "user_id": row.hub_user_id or None,
        "status": row.status,
        "requested_at": row.requested_at.isoformat(),
        "reviewed_at": row.reviewed_at.isoformat() if row.reviewed_at else None,
        "granted_by": row.granted_by or None,
    }


def _refuse_token(failed: HubError) -> None:
    """Raise a failure that makes going on pointless."""
    if failed.reason == "token_refused":
        raise failed
