"""Verbs of a publisher's people and tokens, with their checks and their record."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import people
from accounts.models import HubToken, Membership, Publisher, User
from accounts.viewer import Viewer
from gatekeeper.rules.lifecycle import Role
from gatekeeper.rules.refusals import Refusal, Unmet
from gatekeeper.rules.refusals import gettext_noop as _

from ._step import acting, record
from .releases import require

OWNERS = frozenset({Role.OWNER})
NOT_POSSIBLE = _("%(why)s")


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
    """Keep a Hub token for a publisher, encrypted; it is never shown again. Raises NotAllowed unless an owner asks."""
    require(by, publisher.pk, OWNERS)
    at = at or timezone.now()
    with transaction.atomic():
        token = HubToken.objects.keep(publisher=publisher, secret=secret, by=acting(by), at=at, **details)
        record(
            [("publisher.keep_token", publisher, {"token": token.pk, "fingerprint": token.fingerprint})],
            by=acting(by),
            at=at,
        )
    return token
