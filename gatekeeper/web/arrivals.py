"""Somebody signs in: what waits for their Hub name finds them at once, and the clock finds what this misses."""

from __future__ import annotations

from typing import Any

import structlog
from allauth.account.signals import user_logged_in
from django.dispatch import receiver

from accounts.models import HubPerson
from gatekeeper.actions import arrivals

log = structlog.get_logger(__name__)


@receiver(user_logged_in, dispatch_uid="gatekeeper-arrivals")
def find_what_waits(user: Any, **_signal: Any) -> None:
    """Let earlier approvals and invitations find their person. Whatever is wrong with one, the sign-in goes on."""
    try:
        arrivals.meet(HubPerson.objects.filter(user=user))
    except Exception:
        log.exception("arrival_not_met", user=user.pk)
