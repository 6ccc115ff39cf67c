"""Webhooks as they are wished and as they stand at the Hub. Nothing depends on one: they only make a look come sooner.

The list of webhooks is read before anything is told and after it: a worker that was lost half-way leaves nothing that
the next one does not find. What the Hub has suspended or somebody deleted there is shown, and not put back unasked.
"""

import secrets
import time
from collections.abc import Sequence
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import HubToken
from gatekeeper.actions.hub_hooks import note_state
from gatekeeper.models import HookState, HubHook, Repository, SyncPause

from .claims import lease_time, outside
from .community import Community
from .parking import pause
from .port import HubError, Webhook, Word
from .tokens import revealed

log = structlog.get_logger(__name__)

LAST_ATTEMPT = 5
SWEEP = 30.0  # seconds that one sweep may go on
LOOKED_AT_EVERY = timedelta(hours=1)


def settle_hooks(*, seconds: float = SWEEP) -> None:
    """See every due webhook through, as long as the time allows."""
    outside()
    end = time.monotonic() + seconds
    while time.monotonic() < end and (hook := _take()) is not None:
        _settle(hook)


def _take() -> HubHook | None:
    at = timezone.now()
    if SyncPause.objects.open().of(None).exists():
        return None
    with transaction.atomic():
        hook = (
            HubHook.objects.due(at=at)
            .select_for_update(no_key=True, skip_locked=True, of=("self",))
            .select_related("token", "publisher")
            .order_by("due_at", "pk")
            .first()
        )
        if hook is not None:
            hook.leased_until = at + 3 * lease_time()
            hook.save(update_fields=["leased_until"])
    return hook


def _settle(hook: HubHook) -> None:
    failed = None
    try:
        _fulfil(hook)
    except HubError as error:
        failed = error
    except Exception as broken:  # whatever one publisher has there, the others' are seen to
        log.error("hook_broke", hook=hook.pk, reason=type(broken).__name__)
        failed = HubError(Word.LATER, "not_understood")
    _write_down(hook, failed)


def _fulfil(hook: HubHook) -> None:
    """Make the webhook as it is wished, and write down how it was read back. Raises HubError."""
    token = _token(hook)
    hub = _client(token)
    address = settings.PUBLIC_URL + hook.path
    watched = _watched(hook) if hook.wanted else []
    first, further = _ours(hub, hook)
    for one in further:
        hub.remove_webhook(one.hub_id)
    if not watched:
        if first is not None:
            hub.remove_webhook(first.hub_id)
    elif hook.told_generation != hook.generation or (first is not None and _differs(first, address, watched)):
        _tell(hub, hook, first, token=token, address=address, watched=watched)
    elif first is None:
        note_state(hook, state=HookState.GONE)
        return
    found, _further = _ours(hub, hook)
    if found is None:
        note_state(hook, state=HookState.ABSENT)
    else:
        note_state(hook, state=HookState(found.state), hub_id=found.hub_id, watched=found.watched)


def _tell(
    hub: Community,
    hook: HubHook,
    there: Webhook | None,
    *,
    token: HubToken,
    address: str,
    watched: Sequence[tuple[str, str]],
) -> None:
    """Register the webhook or change it, each time with a new secret; it is taken here before the Hub hears of it."""
    secret = secrets.token_urlsafe(32)
    hook.offer(secret, at=timezone.now())
    if not HubHook.objects.filter(pk=hook.pk, generation=hook.generation).update(digests=hook.digests):
        raise HubError(Word.LATER, "changed_meanwhile")
    if there is None:
        told = hub.add_webhook(url=address, secret=secret, watched=watched)
    else:
        told = hub.change_webhook(there.hub_id, url=address, secret=secret, watched=watched)
    if told.state != "registered" and hook.told_generation != hook.generation:
        hub.enable_webhook(told.hub_id)
    hook.settle_on_newest(at=timezone.now())
    HubHook.objects.filter(pk=hook.pk, generation=hook.generation).update(
        digests=hook.digests, token=token, told_generation=hook.generation
    )


def _ours(hub: Community, hook: HubHook) -> tuple[Webhook | None, list[Webhook]]:
    """Return the webhook that leads here, the known one if it is there, and any further ones.

    It is told by the part of its address that nobody guesses: the rest may have changed, or be written otherwise there.
    """
    ours = (one for one in hub.webhooks() if hook.public_id in one.url)
    found = sorted(ours, key=lambda one: one.hub_id != hook.hub_id)
    return (found[0] if found else None), found[1:]


def _differs(there: Webhook, address: str, watched: Sequence[tuple[str, str]]) -> bool:
    return there.watched != tuple(watched) or there.url.rstrip("/") != address.rstrip("/")


def _watched(hook: HubHook) -> list[tuple[str, str]]:
    linked = Repository.objects.linked().filter(publisher=hook.publisher_id)
    return sorted(linked.values_list("kind", "name"))


def _token(hook: HubHook) -> HubToken:
    """Return the token that it was registered with, or another once that one is retired or useless."""
    kept = hook.token
    if kept is None or kept.revoked_at is not None or kept.health in HubToken.USELESS:
        kept = HubToken.objects.current_for(hook.publisher_id)
    if kept is None:
        raise HubError(Word.STOP, "token_missing")
    return kept


def _client(token: HubToken) -> Community:
    return Community(revealed(token), owner=token.hub_user_id)


def _write_down(hook: HubHook, failed: HubError | None) -> None:
    """Say when the webhook is looked at next. One that was wished anew meanwhile stays due."""
    now = timezone.now()
    with transaction.atomic():
        row = HubHook.objects.select_for_update(no_key=True).get(pk=hook.pk)
        row.leased_until = None
        if row.generation == hook.generation and row.due_at == hook.due_at:
            row.attempts = 0 if failed is None else row.attempts + 1
            stopped = failed is not None and _stops(failed, row.attempts)
            row.parked_reason = failed.reason if failed is not None and stopped else ""
            row.due_at = now + LOOKED_AT_EVERY if row.wanted or failed is not None else None
            if failed is not None and not stopped:
                row.due_at = now + timedelta(seconds=pause(row.attempts, failed.retry_after))
        row.save(update_fields=["leased_until", "attempts", "parked_reason", "due_at"])
    if failed is not None:
        log.warning("hook not settled", hook=hook.pk, reason=failed.reason)


def _stops(failed: HubError, attempts: int) -> bool:
    """Say whether a person has to look. It is tried each hour all the same: another token may do better."""
    return failed.word is Word.STOP or (failed.word is Word.LOOK and attempts >= LAST_ATTEMPT)
