"""What is to be said of the token that an audit was made with: what it may do besides, and how old it is."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from .facts import Audit, Scope

OLD = timedelta(days=365)
ENOUGH = frozenset({"repo.content.read", "repo.access.read", "org.read"})  # what an audit makes use of
READS = (".read",)

Said = tuple[str, dict[str, Any]]


def about(audit: Audit) -> Iterator[Said]:
    """Yield the codes of what is to be said of the token of an audit, with their values."""
    token = audit.token
    if token.role in ("write", "god"):
        yield "token_writes_all", {"role": token.role}
    if token.role == "fineGrained":
        yield from _scopes(audit)
    if token.created_at is not None and audit.begun_at - token.created_at > OLD:
        yield "token_old", {"date": f"{token.created_at:%Y-%m-%d}"}


def _scopes(audit: Audit) -> Iterator[Said]:
    scopes, here = audit.token.scopes, audit.namespace.name.lower()
    wide = sorted({one for scope in scopes for one in scope.permissions if not _reads(one)})
    if wide:
        yield "token_wide", {"permissions": ", ".join(wide)}
    if _beyond(scopes, here):
        yield "token_elsewhere", {"names": ", ".join(_beyond(audit.told_scopes, here)[:10]) or "…"}


def _beyond(scopes: Iterable[Scope], here: str) -> list[str]:
    return sorted({scope.name for scope in scopes if scope.name.partition("/")[0].lower() not in ("", here)})


def _reads(permission: str) -> bool:
    return permission in ENOUGH or permission.endswith(READS)
