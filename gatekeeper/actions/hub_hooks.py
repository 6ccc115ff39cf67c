"""Verbs of a publisher's webhook at the Hub: switch it on and off, give it another secret. None calls the Hub.

A publisher needs none: what it announces is found by polling too, a little later.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import HubToken, Membership, Publisher, User
from accounts.viewer import Viewer
from gatekeeper.models import HookState, HubHook, Repository
from gatekeeper.rules.refusals import Refusal, Unmet, WrongState
from gatekeeper.rules.refusals import gettext_noop as _

from ._step import acting, record, tell
from .nudges import nudge
from .releases import require

NO_ADDRESS = Refusal(
    "no_public_address",
    _("The Hub cannot call this installation: its address is %(address)s. Changes are found by asking all the same."),
)
NO_TOKEN = Refusal("token_missing", _("This publisher has no Hub token yet. Give one that may write."))
NOTHING_LINKED = Refusal("nothing_linked", _("Link a repository first: there is nothing to hear of yet."))
IS_OFF = Refusal("hook_off", _("The webhook is switched off."))

LEADING = (Membership.Role.STEWARD, Membership.Role.OWNER)
# Where a webhook that is wished is heard of no more: nobody here did that.
SILENT = frozenset({HookState.DISABLED, HookState.SUSPENDED, HookState.GONE})


def hub_can_call() -> bool:
    """Say whether the Hub can reach the public address: only a Hub on this machine reaches one on this machine."""
    return _is_local(urlsplit(settings.HUB_ENDPOINT).hostname) or not _is_local(settings.PUBLIC_HOST)


def _is_local(host: str | None) -> bool:
    try:
        return not ip_address(host or "").is_global
    except ValueError:
        return host is None or "." not in host or host.endswith((".local", ".localhost", ".internal"))


def what_is_missing(publisher: Publisher) -> Refusal | None:
    """Return what a publisher needs before its webhook can be switched on, or None."""
    if not hub_can_call():
        return replace(NO_ADDRESS, values={"address": settings.PUBLIC_URL})
    if HubToken.objects.current_for(publisher) is None:
        return NO_TOKEN
    if not Repository.objects.linked().filter(publisher=publisher).exists():
        return NOTHING_LINKED
    return None


def switch_on(publisher: Publisher, *, by: Viewer, at: datetime | None = None) -> HubHook:
    """Wish a publisher's webhook; a worker registers it at the Hub, with a new secret that nobody sees.

    One that was suspended or lost is registered or switched on there again. Raises NotAllowed, Unmet.
    """
    require(by, publisher.pk)
    at = at or timezone.now()
    missing = what_is_missing(publisher)
    if missing is not None:
        raise Unmet(missing)
    with transaction.atomic():
        hook, made = HubHook.objects.select_for_update(no_key=True).get_or_create(
            publisher=publisher, defaults={"switched_at": at, "switched_by": acting(by), "due_at": at}
        )
        if not made:
            hook.wanted = True
            _wish_anew(hook, by=by, at=at)
        record([("hubhook.switch_on", hook, {})], by=acting(by), at=at)
        nudge("hooks")
    return hook


def switch_off(hook: HubHook, *, by: Viewer, at: datetime | None = None) -> HubHook:
    """Take nothing from a webhook any more, and have it deleted at the Hub. Raises NotAllowed, WrongState."""
    require(by, hook.publisher_id)
    at = at or timezone.now()
    with transaction.atomic():
        locked = _wanted(hook)
        locked.wanted, locked.digests = False, []
        _wish_anew(locked, by=by, at=at)
        record([("hubhook.switch_off", locked, {})], by=acting(by), at=at)
        nudge("hooks")
    return locked


def rotate_secret(hook: HubHook, *, by: Viewer, at: datetime | None = None) -> HubHook:
    """Have the Hub take a new secret; the one before is taken until the Hub has the new one, and ten minutes longer.

    Raises NotAllowed, WrongState.
    """
    require(by, hook.publisher_id)
    at = at or timezone.now()
    with transaction.atomic():
        locked = _wanted(hook)
        _wish_anew(locked, by=by, at=at)
        record([("hubhook.rotate_secret", locked, {})], by=acting(by), at=at)
        nudge("hooks")
    return locked


def _wanted(hook: HubHook) -> HubHook:
    locked = HubHook.objects.select_for_update(no_key=True).get(pk=hook.pk)
    if not locked.wanted:
        raise WrongState(IS_OFF)
    return locked


def _wish_anew(hook: HubHook, *, by: Viewer, at: datetime) -> None:
    hook.generation += 1
    hook.switched_at, hook.switched_by = at, acting(by)
    hook.due_at, hook.attempts, hook.parked_reason = at, 0, ""
    hook.save(
        update_fields=[
            "wanted",
            "digests",
            "generation",
            "switched_at",
            "switched_by",
            "due_at",
            "attempts",
            "parked_reason",
        ]
    )


def watch_anew(publisher_id: int, *, at: datetime | None = None) -> None:
    """Have a webhook watch what is linked now: something was linked, renamed or unlinked."""
    if HubHook.objects.listening().filter(publisher=publisher_id).update(due_at=at or timezone.now()):
        nudge("hooks")


def note_state(
    hook: HubHook,
    *,
    state: HookState,
    hub_id: str = "",
    watched: Iterable[tuple[str, str]] = (),
    at: datetime | None = None,
) -> None:
    """Write down where a webhook was seen to stand at the Hub, and record it where that has changed."""
    at = at or timezone.now()
    with transaction.atomic():
        changed = hook.state != state
        hook.state, hook.hub_id, hook.seen_at, hook.watched = state, hub_id, at, [list(pair) for pair in watched]
        hook.save(update_fields=["state", "hub_id", "seen_at", "watched"])
        if changed:
            record([(f"hubhook.{state}", hook, {})], by=acting(Viewer.system("hub")), at=at)
        if changed and hook.wanted and state in SILENT:
            leading = User.objects.filter(memberships__publisher=hook.publisher_id, memberships__role__in=LEADING)
            tell(((user, "webhook_silent", hook) for user in leading.distinct()), at=at)
