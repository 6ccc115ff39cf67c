"""What each state of the step tables is called, for people who work with it. Pages and the API say the same words."""

from collections.abc import Mapping
from types import MappingProxyType

from gatekeeper.rules.refusals import gettext_noop as _

STATUS_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "draft": _("Draft"),
        "brought_in": _("Begun on the Hub, to be finished here"),
        "submitted": _("Waiting for a reviewer"),
        "in_review": _("In review"),
        "info_requested": _("Waiting for the requester"),
        "approved": _("Approved"),
        "denied_correctable": _("Changes asked for"),
        "denied_final": _("Denied finally"),
        "withdrawn": _("Withdrawn"),
        "expired": _("Expired"),
        "pending_activation": _("Waiting for the Hub"),
        "active": _("Active"),
        "suspended": _("Suspended"),
        "relinquished": _("Given back"),
        "revoked": _("Revoked"),
        "planned": _("Planned"),
        "opening": _("Opening"),
        "open": _("Open"),
        "paused": _("Paused"),
        "closed": _("Closed"),
        "repairing": _("Being repaired"),
        "repaired": _("Repaired"),
        "recorded": _("Recorded"),
        "excepted": _("Allowed until a day"),
        "over": _("Over"),
        "rehearsed": _("Dry run"),
        "confirmed": _("Brought in"),
        "discarded": _("Discarded"),
        "prepared": _("Prepared"),
        "scheduled": _("Scheduled"),
        "running": _("Under way"),
        "waiting": _("Waiting for a person"),
        "halted": _("Halted"),
        "in_force": _("In force"),
        "done": _("Done"),
        "called_off": _("Called off"),
    }
)
