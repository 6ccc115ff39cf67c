"""What an audit found, as plain values: a namespace, a token, repositories with their lists and cards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gatekeeper.hub.cards import Card
from gatekeeper.hub.port import Commit, Namespace, RepositoryState

from .spool import Rows


@dataclass(frozen=True, slots=True)
class Scope:
    """What a fine-grained token may do with one thing of the Hub."""

    kind: str
    name: str
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """Whose token read all this and how far it reaches; `role_there`: what its owner is in the audited namespace."""

    owner: str
    role: str
    label: str = ""
    created_at: datetime | None = None
    expires_at: datetime | None = None
    scopes: tuple[Scope, ...] = ()
    role_there: str = ""

    def reaches(self, permission: str, *names: str) -> bool:
        """Say whether a fine-grained token names this permission for one of these namespaces or repositories."""
        wanted = {name.lower() for name in names}
        return any(permission in scope.permissions and scope.name.lower() in wanted for scope in self.scopes)


@dataclass(frozen=True, slots=True)
class Insiders:
    """Who passes the gate by role: id → (name, role). `complete` says that nobody else does."""

    people: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    complete: bool = False

    @property
    def roles(self) -> dict[str, int]:
        """How many have which role; an empty role is one that the token may not see."""
        counted: dict[str, int] = {}
        for _name, role in self.people.values():
            counted[role] = counted.get(role, 0) + 1
        return dict(sorted(counted.items()))


@dataclass(frozen=True, slots=True)
class Row:
    """One person of a list. Names are empty where the repository does not share them."""

    username: str
    hub_user_id: str
    status: str
    requested_at: datetime
    reviewed_at: datetime | None
    granted_by: str


@dataclass(frozen=True, slots=True)
class Shift:
    """How one part of a card's gate or licence reads before and after a commit."""

    part: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class CardChange:
    """A commit that changed what people agree to; `accepted_before` of those accepted now had asked before it.

    `first`: the repository begins with it.
    """

    commit: Commit
    shifts: tuple[Shift, ...]
    first: bool = False
    accepted_before: int = 0

    def touches(self, parts: frozenset[str]) -> bool:
        """Say whether it changed one of these parts."""
        return any(shift.part in parts for shift in self.shifts)


@dataclass(slots=True)
class Listed:
    """What one of the four lists holds, counted while it was read. `rows` are a few: the longest waiting, or the last.

    `gap` is the reason for which the list was not read, or not to its end. `over` counts, by days, who waits longer;
    `before` counts, for each moment at which the terms changed, who had asked before it.
    """

    status: str
    total: int = 0
    gap: str = ""
    unread: bool = False
    hidden: int = 0
    insiders: int = 0
    undecided: int = 0
    by_hand: int = 0
    granter_gone: int = 0
    granters: dict[tuple[str, str], int] = field(default_factory=dict)
    over: dict[int, int] = field(default_factory=dict)
    oldest: datetime | None = None
    newest: datetime | None = None
    before: tuple[int, ...] = ()
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that could not be read: a code, what it is about, a marked sentence and its values."""

    code: str
    repository: str
    message: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class RepositoryFacts:
    """One repository: how it is gated, what its card says and said, who is on its lists.

    `began_at` is its first commit, where the history was read to its beginning.
    """

    state: RepositoryState
    created_at: datetime | None = None
    modified_at: datetime | None = None
    card: Card | None = None
    card_text: str = ""
    flaws: tuple[dict[str, Any], ...] = ()
    changes: tuple[CardChange, ...] = ()
    commits_read: int = 0
    began_at: datetime | None = None
    accepted_before_began: int = 0
    licence_file: str = ""
    licence_changed_at: datetime | None = None
    accepted_before_licence: int = 0
    files_read: bool = False
    lists: dict[str, Listed] = field(default_factory=dict)
    rows: Rows | None = None

    @property
    def accepted(self) -> Listed:
        """Who is in."""
        return self.lists["accepted"]

    @property
    def pending(self) -> Listed:
        """Who waits."""
        return self.lists["pending"]


@dataclass(slots=True)
class Audit:
    """All of it. `with_people`: whether names may be written down; `seen`: how many repositories there are."""

    namespace: Namespace
    endpoint: str
    begun_at: datetime
    token: TokenFacts
    insiders: Insiders
    with_people: bool
    seen: int = 0
    repositories: list[RepositoryFacts] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    calls: int = 0
    ended_at: datetime | None = None

    @property
    def told_scopes(self) -> list[Scope]:
        """The scopes of the token that may be written down: where nobody is named, none outside that may be a person's.

        A repository elsewhere does not tell whether its namespace is one.
        """
        here = self.namespace.name.lower()
        return [
            one
            for one in self.token.scopes
            if self.with_people
            or one.kind == "org"
            or (one.kind != "user" and one.name.partition("/")[0].lower() == here)
        ]
