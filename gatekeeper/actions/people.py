"""Verbs of a publisher's people and tokens, with their checks and their record."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import people
from accounts.ciphers import fingerprint
from accounts.models import HUB_ID, HubToken, Membership, Publisher, User
from accounts.viewer import Viewer
from gatekeeper.rules.refusals import Refusal, Unmet, WrongState
from gatekeeper.rules.refusals import gettext_noop as _
from gatekeeper.rules.statuses import Role

from ._step import acting, record
from .nudges import nudge
from .releases import require

OWNERS = frozenset({Role.OWNER})
KEPT = Refusal("token_kept", _("This token is kept already."))
NOT_POSSIBLE = _("%(why)s")


def found_publisher(
    *,
    by: Viewer,
    namespace: str,
    proof: Mapping[str, Any] | None = None,
    secret: str = "",
    at: datetime | None = None,
) -> Publisher:
    """Make the publisher of a namespace, whoever proved it being its owner, and keep the Hub token that proved it.

    `proof` is the Hub's answer to whoami for the token `secret`; without it the last sign-in at the Hub is the proof.
    Raises NotAllowed for nobody, Unmet with the reason where nothing is proven or the publisher is there already.
    """
    user, at = acting(by), at or timezone.now()
    with transaction.atomic():
        try:
            publisher = people.found_publisher(user=user, namespace=namespace, proof=proof, at=at)
        except people.CannotDo as refused:
            raise Unmet(Refusal("cannot_found", NOT_POSSIBLE, {"why": str(refused)})) from refused
        record([("publisher.found", publisher, {"by_token": proof is not None})], by=user, at=at)
        if secret and proof is not None:
            keep_token(publisher, by=Viewer.of(user), secret=secret, at=at, **told_of_token(proof))
    return publisher


def told_of_token(proof: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the Hub's answer to whoami says of a token, as it is kept beside it."""
    auth = proof.get("auth") or {}
    token = auth.get("accessToken") or {}
    return {
        "label": str(token.get("displayName") or "")[:100],
        "hub_username": str(proof.get("name") or ""),
        "hub_user_id": hub_id if re.fullmatch(HUB_ID, hub_id := str(proof.get("id") or "")) else "",
        "expires_at": _moment(auth.get("expiresAt")),
        "role_seen": str(token.get("role") or "")[:40],
        "health": HubToken.Health.OK,
    }


def _moment(text: Any) -> datetime | None:
    """Return a time that the Hub named, or None for what is none."""
    try:
        read = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return read if read.tzinfo else None


def appoint(publisher: Publisher, *, by: Viewer, user: User, role: str, at: datetime | None = None) -> Membership:
    """Give somebody a role at a publisher. Raises NotAllowed unless an owner asks, Unmet with the reason."""
    require(by, publisher.pk, OWNERS)
    at = at or timezone.now()
    with transaction.atomic():
        try:
            membership = people.appoint(publisher=publisher, user=user, role=role, by=acting(by), at=at)
        except people.CannotDo as refused:
            raise Unmet(Refusal("cannot_appoint", NOT_POSSIBLE, {"why": str(refused)})) from refused
        record([("publisher.appoint", publisher, {"user": user.pk, "role": role})], by=acting(by), at=at)
    return membership


def dismiss(publisher: Publisher, *, by: Viewer, user: User, role: str, at: datetime | None = None) -> bool:
    """Take a role away; True if it was held. Raises NotAllowed unless an owner asks, Unmet for the last owner."""
    require(by, publisher.pk, OWNERS)
    at = at or timezone.now()
    with transaction.atomic():
        try:
            held = people.dismiss(publisher=publisher, user=user, role=role, by=acting(by), at=at)
        except people.CannotDo as refused:
            raise Unmet(Refusal("cannot_dismiss", NOT_POSSIBLE, {"why": str(refused)})) from refused
        if held:
            record([("publisher.dismiss", publisher, {"user": user.pk, "role": role})], by=acting(by), at=at)
    return held


def keep_token(
    publisher: Publisher, *, by: Viewer, secret: str, at: datetime | None = None, **details: Any
) -> HubToken:
    """Keep a Hub token for a publisher, encrypted, beside those that it has; it is never shown again.

    Raises NotAllowed unless an owner asks, WrongState for one that is kept already.
    """
    require(by, publisher.pk, OWNERS)
    at = at or timezone.now()
    with transaction.atomic():
        same = publisher.hub_tokens.filter(fingerprint=fingerprint(secret), revoked_at=None)
        if same.exclude(health=HubToken.Health.UNREADABLE).exists():
            raise WrongState(KEPT)
        token = HubToken.objects.keep(publisher=publisher, secret=secret, by=acting(by), at=at, **details)
        record(
            [("publisher.keep_token", publisher, {"token": token.pk, "fingerprint": token.fingerprint})],
            by=acting(by),
            at=at,
        )
        nudge("tokens")
    return token
