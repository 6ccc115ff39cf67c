"""Every request to the Hub, counted: each takes a call out of its token's bucket before it leaves, and each answer is
heard for what it says is left. Redirects are requests too, and the Hub counts them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from . import budget, wire
from .port import HubError, Need, Word

# The Hub keeps this one shorter than its other calls, and says nothing of how short.
WHOAMI = "/api/whoami-v2"
TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Asking:
    """What the requests of a call are for, and the Hub id of whose token it is, where that is known."""

    need: Need
    owner: str = ""


_asking: ContextVar[Asking | None] = ContextVar("asking", default=None)


@contextmanager
def asking(need: Need, owner: str = "") -> Iterator[None]:
    """Say what the requests within are for."""
    before = _asking.set(Asking(need, owner))
    try:
        yield
    finally:
        _asking.reset(before)


def kind_of(path: str) -> str:
    """Return in which of its counts the Hub counts a request. Source: the Hub's page on rate limits."""
    return "resolvers" if "/resolve/" in path else "api" if path.startswith("/api/") else "pages"


def leaving(token: str, path: str) -> budget.Call | None:
    """Take a request out of its token's bucket; None for one without a token, or that nobody asked for here.

    Raises HubError("later", "budget") where nothing is left for what it is for.
    """
    now = _asking.get()
    if now is None or not token:
        return None
    if path == WHOAMI:
        closed = budget.wait_of(budget.name_of(token, "whoami", owner=now.owner), Need.REMOVE)
        if closed:
            raise HubError(Word.LATER, "budget", retry_after=closed)
    return budget.spend(budget.name_of(token, kind_of(path), owner=now.owner), now.need)


def come_back(call: budget.Call, path: str, status: int, headers: Mapping[str, str]) -> None:
    """Hear what the answer to a request says is left. A 429 empties the bucket, whatever else it says."""
    limit = wire.limit_of(headers)
    kind, said = limit if limit is not None else ("", None)
    if status != TOO_MANY:
        budget.answered(call, said, kind=kind)
        return
    if path == WHOAMI and (said is None or said.left > 0):
        budget.answered(call, said, kind=kind)
        budget.close(replace(call.name, kind="whoami"), wire.wait_of(headers))
        return
    budget.refused(call, said, again_in=wire.wait_of(headers), kind=kind)
