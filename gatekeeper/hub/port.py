"""What is wanted of a Hub, in our words. Nothing here knows a URL, a status code or a client.

A Hub's every failure is a HubError whose word says what to do next: come back later, look again, or stop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar


class Word(StrEnum):
    """What a failure asks for: LATER (due again), LOOK (the truth has to be read back), STOP (a person has to look)."""

    LATER = "later"
    LOOK = "look"
    STOP = "stop"


class HubError(Exception):
    """A call that failed. `reason` is a short name for scripts and rows; it holds no token and no text of the Hub.

    `retry_after` is in seconds where the Hub named a time; `unknown`: the call may have taken effect, or may yet.
    """

    def __init__(
        self, word: Word, reason: str, *, retry_after: float | None = None, unknown: bool = False, status: int = 0
    ) -> None:
        super().__init__(f"{word}: {reason}")
        self.word = word
        self.reason = reason
        self.retry_after = retry_after
        self.unknown = unknown
        self.status = status


class Need(StrEnum):
    """What a call is for; where the budget of a token is short, removals come first and reading lists comes last."""

    REMOVE = "remove"
    TELL = "tell"
    READ = "read"


@dataclass(frozen=True, slots=True)
class RepositoryState:
    """A repository as the Hub describes it. `gate` is "manual", "auto" or empty; `name` is its name there now."""

    kind: str
    name: str
    hub_id: str = ""
    gate: str = ""
    private: bool = False
    tags: tuple[str, ...] = ()
    licence: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """An account of the Hub; the id survives a change of name, the name does not."""

    hub_user_id: str
    username: str = ""
    fullname: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class ListedRequest:
    """One item of a request list. `person` is None where the repository does not share who asks.

    `granter_gone`: somebody accepted it whose account does not exist any more.
    """

    person: Person | None
    request_id: str
    status: str
    requested_at: datetime
    reviewed_at: datetime | None = None
    granted_by: str = ""
    granted_by_id: str = ""
    granter_gone: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, and the address of the next one (empty on the last)."""

    items: tuple[ListedRequest, ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class Namespace:
    """A person or an organisation of the Hub, as the owner of repositories."""

    name: str
    hub_id: str
    is_organisation: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A repository in the list of a namespace; `has_form`: its card holds keys of a gate, gated or not."""

    state: RepositoryState
    created_at: datetime | None = None
    modified_at: datetime | None = None
    has_form: bool = False


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a repository's history."""

    sha: str
    at: datetime
    authors: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in an organisation; `role` is empty where the token may not see it."""

    person: Person
    role: str = ""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file at the root of a repository, and when it last became what it is."""

    path: str
    changed_at: datetime | None = None
    commit: str = ""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Portion(Generic[T]):
    """One page of any list, and the address of the next one (empty on the last)."""

    items: tuple[T, ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose token it is, what it may do and until when; `whoami` is the Hub's answer as it came."""

    hub_user_id: str
    username: str
    role: str
    expires_at: datetime | None = None
    whoami: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Address:
    """How one person is named in a call: by id wherever the Hub takes it, by their request or their name where not."""

    hub_user_id: str
    username: str = ""
    request_id: str = ""


# Somebody who cannot exist: no id is all zeros, and no name begins with a hyphen. A call about them changes nothing.
NOBODY = Address("0" * 24, "--nobody--")


class Outcome(StrEnum):
    """What became of one person of a call."""

    TOLD = "told"
    NO_REQUEST = "no_request"
    NO_PERSON = "no_person"
    LOOK = "look"
    NOT_TOLD = "not_told"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook of the token's person. `state` is registered, disabled or suspended (by the Hub, after failures)."""

    hub_id: str
    url: str
    watched: tuple[tuple[str, str], ...] = ()
    state: str = "registered"


@dataclass(frozen=True, slots=True)
class PullRequestState:
    """A pull request as it is now: its newest commit and when that came, who opened it, what it changes as git says it.

    `diff` is None where it is too long to be read.
    """

    number: int
    is_open: bool
    commit: str = ""
    changed_at: datetime | None = None
    author: str = ""
    diff: str | None = ""


class Hub(Protocol):
    """One Hub, seen with one token. Every method may raise HubError."""

    def whoami(self) -> Identity:
        """Return whose token it is."""

    def repository(self, kind: str, name: str, *, need: Need = Need.TELL) -> RepositoryState:
        """Return a repository as it is now; follows it to its new name."""

    def may_write(self, kind: str, name: str) -> bool:
        """Say whether the token may write to the repository, as the Hub says it at this moment."""

    def may_decide(self, kind: str, name: str) -> bool:
        """Say whether the token may decide on requests at a gated repository; nothing changes there."""

    def requests(
        self, kind: str, name: str, status: str, *, limit: int = 1_000, prefix: str = "", need: Need = Need.READ
    ) -> Page:
        """Return the first page of one of the four lists, narrowed to names that begin with `prefix`."""

    def further(self, address: str, *, need: Need = Need.READ) -> Page:
        """Return the page at the address that an earlier page gave."""

    def decide(
        self, kind: str, name: str, status: str, people: Sequence[Address], reason: str = "", *, need: Need = Need.TELL
    ) -> list[Outcome]:
        """Give the requests of up to 100 people a status; outcomes in their order. Saying it twice is harmless.

        `reason` has at most 200 characters, and is shown by the Hub where the status is rejected or reset.
        """

    def grant(self, kind: str, name: str, person: Address) -> Outcome:
        """Accept somebody who has no request."""

    def set_gate(self, kind: str, name: str, gate: str) -> None:
        """Set how a repository is gated."""

    def set_visibility(self, kind: str, name: str, visibility: str) -> None:
        """Make a repository “private” or “public”. HubError("stop", "visibility_refused"): not on this plan, say."""

    def file(self, kind: str, name: str, path: str, commit: str = "main", *, need: Need = Need.TELL) -> bytes | None:
        """Return a file that the gate leaves open (README.md, LICENSE …) byte for byte, or None."""

    def commit_card(self, kind: str, name: str, text: bytes, *, parent: str, message: str) -> str:
        """Commit a README on top of the commit `parent` and return the new commit; LOOK where another came between."""

    def holder_of(self, username: str, *, need: Need = Need.READ) -> str:
        """Return the Hub id of whoever bears a name, empty for nobody."""

    def can(self, capability: str) -> bool:
        """Say whether the Hub is believed to know `batch`, `reset`, `user_id` or `request_id`."""

    def try_capabilities(self, kind: str, name: str) -> dict[str, bool]:
        """Find out which of them it knows, by asking for each about nobody at a gated repository; nothing changes."""


class HubDirectory(Hub, Protocol):
    """A Hub that is also asked what a namespace has: only reading. Every method may raise HubError.

    A list is read from its first page, or from the page `at` whose address an earlier one gave.
    """

    def namespace(self, name: str) -> Namespace | None:
        """Return the person or the organisation of a name, or None for neither."""

    def repositories(self, kind: str, owner: str, *, at: str = "") -> Portion[Listing]:
        """Return repositories of a namespace, as many as the token may see."""

    def members(self, organisation: str, *, at: str = "") -> Portion[Member]:
        """Return members of an organisation, as many as the token may see."""

    def commits(self, kind: str, name: str, *, at: str = "") -> Portion[Commit]:
        """Return the commits of a repository's main branch, newest first."""

    def files(self, kind: str, name: str, *, at: str = "") -> Portion[ListedFile]:
        """Return the files at the root of a repository, with who changed them last."""


class HubCommunity(Hub, Protocol):
    """A Hub whose announcements are arranged and whose pull requests are read. Every method may raise HubError.

    What is watched are pairs of a kind and a name.
    """

    def webhooks(self) -> list[Webhook]:
        """Return the webhooks of the token's person: those of others, also in the same organisation, are not seen."""

    def add_webhook(self, *, url: str, secret: str, watched: Sequence[tuple[str, str]]) -> Webhook:
        """Register a webhook. Saying it twice makes two."""

    def change_webhook(self, hub_id: str, *, url: str, secret: str, watched: Sequence[tuple[str, str]]) -> Webhook:
        """Give a webhook another address, secret, and what it watches. Saying it twice is harmless."""

    def enable_webhook(self, hub_id: str) -> Webhook:
        """Switch a webhook on that was disabled or suspended."""

    def remove_webhook(self, hub_id: str) -> None:
        """Delete a webhook; one that is gone already is no failure."""

    def open_pull_requests(self, kind: str, name: str) -> list[int]:
        """Return the numbers of a repository's newest open pull requests, drafts too."""

    def pull_request(self, kind: str, name: str, number: int) -> PullRequestState | None:
        """Return a pull request with what it changes, or None where the number is none or that of a discussion."""
