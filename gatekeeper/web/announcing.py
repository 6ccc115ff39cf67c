"""Where a publisher's webhook stands, in words: what is wished of it, and what was seen of it at the Hub."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from gatekeeper.models import HookState, HubHook

from .words import Standing

BY_ASKING = _("Changes are found by asking the Hub, within a minute.")
SWITCH_ON_AGAIN = _("Nothing is lost: changes are found by asking the Hub. Switch it on again when you like.")

OFF = Standing(_("Off"), "", BY_ASKING)
GOING = Standing(_("Being removed from the Hub"), "warn", BY_ASKING)
STOPPED = Standing(_("Stopped"), "bad", BY_ASKING)
COMING = Standing(_("Being registered at the Hub"), "warn", _("This takes a few seconds."))
CHANGING = Standing(_("Being changed at the Hub"), "warn", _("What comes with the secret before is still taken."))
SEEN: Mapping[str, Standing] = {
    HookState.ABSENT: Standing(_("Not registered"), "warn", BY_ASKING),
    HookState.REGISTERED: Standing(
        _("On"), "good", _("The Hub tells us what changes, and it is looked at within seconds.")
    ),
    HookState.DISABLED: Standing(_("Switched off on the Hub"), "warn", SWITCH_ON_AGAIN),
    HookState.SUSPENDED: Standing(
        _("Suspended by the Hub"),
        "bad",
        _(
            "It could not reach us several times. Nothing is lost: changes are found by asking. Switch it on again "
            "once the address answers."
        ),
    ),
    HookState.GONE: Standing(_("Deleted on the Hub"), "warn", SWITCH_ON_AGAIN),
}


def standing_of(hook: HubHook | None) -> Standing:
    """Return where a webhook stands; None was never switched on."""
    if hook is None or (not hook.wanted and hook.state == HookState.ABSENT):
        return OFF
    if hook.parked_reason:
        return STOPPED
    if not hook.wanted:
        return GOING
    if hook.told_generation != hook.generation:
        return CHANGING if hook.state == HookState.REGISTERED else COMING
    return SEEN[hook.state]


def can_be_switched_on(hook: HubHook | None) -> bool:
    """Say whether switching it on would change anything: not while it works, nor while that is on its way."""
    if hook is None or not hook.wanted or hook.parked_reason:
        return True
    return hook.told_generation == hook.generation and hook.state != HookState.REGISTERED


def wants_attention(hook: HubHook | None) -> bool:
    """Say whether somebody should look: it is wished, and does not work."""
    return hook is not None and standing_of(hook).tone == "bad"
