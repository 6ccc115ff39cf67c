"""Verbs of people: appoint, dismiss, found a publisher, connect a Hub person.

No permission is asked here and no event is recorded: the caller does both.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Membership, Publisher, User


class CannotDo(Exception):
    """A refusal, with a sentence for the person who asked."""


def appoint(*, publisher: Publisher, user: User, role: str, by: User, at: datetime | None = None) -> Membership:
    """Give a user a role at a publisher; a role already held is returned as it is.

    Raises CannotDo for a system user or one whose account is closed, ValueError for an unknown role.
    """
    if role not in Membership.Role.values:
        raise ValueError(f"Unknown role: {role}")
    if user.is_system or not user.is_active:
        raise CannotDo(_("This account cannot hold a role, because nobody can sign in with it."))
    membership, _made = Membership.objects.get_or_create(
        publisher=publisher, user=user, role=role, defaults={"added_by": by, "added_at": at or timezone.now()}
    )
    return membership


def dismiss(*, publisher: Publisher, user: User, role: str, by: User, at: datetime | None = None) -> bool:
    """Take a role away; True if it was held. `by` and `at` are there for the caller's record.

    Raises CannotDo for the last owner: a publisher without one could never be managed again.
    """
    with transaction.atomic():
        # The lock makes two owners who dismiss each other at the same moment queue up.
        Publisher.objects.select_for_update(no_key=True).get(pk=publisher.pk)
        held = Membership.objects.filter(publisher=publisher, role=role)
        if role == Membership.Role.OWNER and not held.exclude(user=user).exists() and held.filter(user=user).exists():
            raise CannotDo(_("The last owner cannot be removed. Appoint another owner first."))
        removed, _by_model = held.filter(user=user).delete()
    return bool(removed)
