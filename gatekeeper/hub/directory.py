"""What a namespace has on the Hub: its repositories, its members, the history of a repository. It only reads.

Its lists are read page by page with the same time-outs, budget and words as everything else. It needs no database: what
this Hub turns out not to know is remembered only for as long as the directory is.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from . import wire
from .client import HubClient
from .port import Commit, ListedFile, Listing, Member, Namespace, Need, Portion

LISTED = ["gated", "private", "sha", "tags", "cardData", "createdAt", "lastModified"]
T = TypeVar("T")


class Directory(HubClient):
    """The Hub as a directory: see port.HubDirectory."""

    def __init__(self, token: str, *, endpoint: str = "", owner: str = "") -> None:
        """Take a token, and the Hub id of whose it is, if known."""
        super().__init__(token, endpoint=endpoint, owner=owner)
        self._unknown: set[str] = set()

    def can(self, capability: str) -> bool:
        """Say whether the Hub is believed to know a capability: see port.Hub."""
        return capability not in self._unknown

    def _cannot(self, capability: str) -> None:
        self._unknown.add(capability)

    def namespace(self, name: str) -> Namespace | None:
        """Return the person or the organisation of a name: see port.HubDirectory."""
        for is_organisation, place in ((True, "organizations"), (False, "users")):
            answer = self._send("GET", f"/api/{place}/{quote(name, safe='')}/overview", need=Need.READ)
            if answer.status != 404:
                return wire.namespace(self._good(answer).read(), is_organisation=is_organisation)
        return None

    def repositories(self, kind: str, owner: str, *, at: str = "") -> Portion[Listing]:
        """Return repositories of a namespace: see port.HubDirectory."""
        query: dict[str, str | list[str]] = {"author": owner, "limit": "1000", "expand": LISTED}
        return self._portion(f"/api/{kind}s", query, at, lambda item: wire.listing(kind, item))

    def members(self, organisation: str, *, at: str = "") -> Portion[Member]:
        """Return members of an organisation: see port.HubDirectory."""
        return self._portion(f"/api/organizations/{quote(organisation, safe='')}/members", {}, at, wire.member)

    def commits(self, kind: str, name: str, *, at: str = "") -> Portion[Commit]:
        """Return commits of the main branch: see port.HubDirectory."""
        return self._portion(f"/api/{kind}s/{quote(name)}/commits/main", {"limit": "1000"}, at, wire.commit)

    def files(self, kind: str, name: str, *, at: str = "") -> Portion[ListedFile]:
        """Return the files at the root: see port.HubDirectory."""
        return self._portion(f"/api/{kind}s/{quote(name)}/tree/main", {"expand": "true"}, at, wire.listed_file)

    def _portion(
        self, path: str, query: Mapping[str, str | list[str]], at: str, read: Callable[[Any], T]
    ) -> Portion[T]:
        """Return one page of a list, the first one or the one at an address. Raises HubError."""
        answer = (
            self._send("GET", self._here(at), need=Need.READ)
            if at
            else self._send("GET", path, query=query, need=Need.READ)
        )
        items = self._good(answer).read()
        if not isinstance(items, list):
            raise wire.unreadable()
        return Portion(tuple(read(item) for item in items), answer.next)
