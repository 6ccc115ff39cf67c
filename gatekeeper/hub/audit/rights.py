"""How far a token reaches, and which right it lacks: from its role, its fine-grained scopes, its owner's role."""

from typing import Any

from gatekeeper.hub.port import Identity
from gatekeeper.hub.wire import moment
from gatekeeper.rules.refusals import gettext_noop as _

from .facts import Scope, TokenFacts

READS_LISTS = "repo.access.read"
WRITES = "repo.write"
CLOSED = frozenset({"token_read_only", "repository_gone", "repository_disabled"})
NOT_ENOUGH = frozenset({"", "read", "no_access"})


def token_facts(identity: Identity, namespace: str) -> TokenFacts:
    """Return how far a token reaches, from the Hub's answer to whoami."""
    said = identity.whoami
    auth = said.get("auth") or {}
    token = auth.get("accessToken") or {}
    fine = token.get("fineGrained") or {}
    there = "admin" if identity.username.lower() == namespace.lower() else ""
    for org in said.get("orgs") or ():
        if str(org.get("name", "")).lower() == namespace.lower():
            there = str(org.get("roleInOrg") or "")
    scopes = []
    for scope in fine.get("scoped") or ():
        entity = scope.get("entity") or {}
        permissions = tuple(str(one) for one in scope.get("permissions") or ())
        scopes.append(Scope(str(entity.get("type") or ""), str(entity.get("name") or ""), permissions))
    return TokenFacts(
        owner=identity.username,
        role=identity.role,
        label=str(token.get("displayName") or "")[:100],
        created_at=moment(token.get("createdAt")),
        expires_at=moment(auth.get("expiresAt")),
        scopes=tuple(scopes),
        role_there=there,
    )


def why_unread(token: TokenFacts, repository: str, status: str, reason: str) -> tuple[str, str, dict[str, Any]]:
    """Return why a list could not be read: a code, a marked sentence that says what is missing, and its values."""
    if reason != "token_read_only":
        message = _("The list of %(status)s people could not be read (%(reason)s).")
        return "list_unread", message, {"status": status, "reason": reason}
    return "right_missing", _missing(token, repository), {"permission": READS_LISTS, "repository": repository}


def _missing(token: TokenFacts, repository: str) -> str:
    namespace = repository.partition("/")[0]
    if token.role == "read":
        return _("The lists of people were not shown: the token has the role “read”, which may not see them.")
    named = token.reaches(READS_LISTS, namespace, repository) or token.reaches(WRITES, namespace, repository)
    if token.role == "fineGrained" and not named:
        return _(
            "The lists of people were not shown: the fine-grained token lacks the right to view access requests of "
            "%(repository)s (%(permission)s)."
        )
    if token.role_there in NOT_ENOUGH:
        return _("The lists of people were not shown: the token’s owner has no right to write to %(repository)s.")
    return _("The lists of people were not shown: the Hub does not say which right is missing.")
