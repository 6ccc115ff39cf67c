"""What is to be said of the token that an audit was made with: what it may do besides, and how old it is."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from .facts import TokenFacts

OLD = timedelta(days=365)
ENOUGH = frozenset({"repo.content.read", "repo.access.read", "org.read"})  # what an audit makes use of
READS = (".read",)

Said = tuple[str, dict[str, Any]]


def about(token: TokenFacts, namespace: str, *, at: datetime) -> Iterator[Said]:
    """Yield the codes of what is to be said of a token, with their values."""
    if token.role in ("write", "god"):
        yield "token_writes_all", {"role": token.role}
    if token.role == "fineGrained":
        yield from _scopes(token, namespace)
    if token.created_at is not None and at - token.created_at > OLD:
        yield "token_old", {"date": f"{token.created_at:%Y-%m-%d}"}


def _scopes(token: TokenFacts, namespace: str) -> Iterator[Said]:
    wide = sorted({one for scope in token.scopes for one in scope.permissions if not _reads(one)})
    if wide:
        yield "token_wide", {"permissions": ", ".join(wide)}
    here = namespace.lower()
    elsewhere = sorted({scope.name for scope in token.scopes if scope.name.partition("/")[0].lower() not in ("", here)})
    if elsewhere:
        yield "token_elsewhere", {"names": ", ".join(elsewhere[:10])}


def _reads(permission: str) -> bool:
    return permission in ENOUGH or permission.endswith(READS)
