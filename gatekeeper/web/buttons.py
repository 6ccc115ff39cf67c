"""What a viewer may do, as buttons: made from `actions_for` and nothing else, drawn by includes/actions.html only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from accounts.viewer import Viewer
from gatekeeper.models import AccessRequest, ApprovalImport, Campaign, Drift, Grant, Invitation, Procedure, Stage
from gatekeeper.rules.lifecycle import Offer, offers
from gatekeeper.rules.needs import Facts

from .words import sentence

LINK, POST, SUBMIT = "link", "post", "submit"

# Where each action is taken: the address, and whether it leads to a page, is sent at once, or ends a form of its own.
WAYS: dict[tuple[str, str], tuple[str, str]] = {
    ("request", "answer"): ("web:draft", LINK),
    ("request", "accept"): ("web:licence", LINK),
    ("request", "submit"): ("web:hand_in", LINK),
    ("request", "resubmit"): ("web:hand_in", LINK),
    ("request", "withdraw"): ("web:withdraw", LINK),
    ("request", "answer_back"): ("web:answer_back", SUBMIT),
    ("request", "take"): ("web:take", POST),
    ("request", "put_back"): ("web:put_back", POST),
    ("request", "ask_back"): ("web:ask_back", SUBMIT),
    ("request", "note"): ("web:note", SUBMIT),
    ("request", "recommend"): ("web:recommend", SUBMIT),
    ("request", "approve"): ("web:approve", SUBMIT),
    ("request", "deny_correctably"): ("web:deny_correctably", SUBMIT),
    ("request", "deny_finally"): ("web:deny_finally", SUBMIT),
    ("grant", "suspend"): ("web:suspend", LINK),
    ("grant", "reinstate"): ("web:reinstate", LINK),
    ("grant", "revoke"): ("web:revoke", LINK),
    ("grant", "relinquish"): ("web:relinquish", LINK),
    ("grant", "accept"): ("web:grant_licence", LINK),
    ("grant", "reset"): ("web:reset", LINK),
    ("stage", "open"): ("web:open_stage", LINK),
    ("stage", "pause"): ("web:pause", LINK),
    ("stage", "close"): ("web:close", LINK),
    ("stage", "ask_for_terms"): ("web:imported", LINK),
    ("stage", "reset_imported"): ("web:reset_imported", LINK),
    ("import", "rehearse"): ("web:rehearse", POST),
    ("import", "confirm"): ("web:confirm_import", SUBMIT),
    ("import", "discard"): ("web:discard_import", LINK),
    ("invitation", "withdraw"): ("web:withdraw_invitation", LINK),
    ("drift", "record"): ("web:record_drift", LINK),
    ("drift", "undo"): ("web:undo_drift", LINK),
    ("drift", "allow"): ("web:allow_drift", LINK),
    ("procedure", "start"): ("web:start_procedure", POST),
    ("procedure", "call_off"): ("web:call_off", POST),
    ("procedure", "ratify"): ("web:ratify", POST),
    ("procedure", "ask_to_lift"): ("web:ask_to_lift", LINK),
    ("procedure", "keep"): ("web:keep", POST),
    ("procedure", "confirm"): ("web:confirm_procedure", LINK),
    ("procedure", "halt"): ("web:halt", LINK),
    ("procedure", "resume"): ("web:resume_procedure", POST),
    ("campaign", "schedule"): ("web:schedule_campaign", SUBMIT),
    ("campaign", "halt"): ("web:halt_campaign", POST),
    ("campaign", "resume"): ("web:resume_campaign", POST),
    ("campaign", "call_off"): ("web:call_off_campaign", POST),
}
GRAVE = {
    *("withdraw", "deny_finally", "revoke", "relinquish", "suspend", "close"),
    *("reset", "reset_imported", "discard", "halt"),
}


@dataclass(frozen=True, slots=True)
class Button:
    """One button: what it does and says, where it leads, and the sentence of what is missing if it is disabled."""

    action: str
    label: str
    href: str
    way: str
    refusal: str = ""

    @property
    def grave(self) -> bool:
        """Say whether it takes something away."""
        return self.action in GRAVE

    @property
    def allowed(self) -> bool:
        """Say whether it can be pressed."""
        return not self.refusal

    def ending_a_form(self) -> Button:
        """Return the same button as the last of a form that is on the page already."""
        return replace(self, way=SUBMIT)


TABLE: dict[type[Any], str] = {
    AccessRequest: "request",
    Grant: "grant",
    Stage: "stage",
    Drift: "drift",
    ApprovalImport: "import",
    Invitation: "invitation",
    Procedure: "procedure",
    Campaign: "campaign",
}


def buttons_for(
    thing: AccessRequest | Grant | Stage | Drift | ApprovalImport | Invitation | Procedure | Campaign, viewer: Viewer
) -> dict[str, Button]:
    """Return the buttons of what the viewer could do with something now, by action."""
    table = TABLE[type(thing)]
    return {offer.action: _button(table, thing.pk, offer) for offer in thing.actions_for(viewer)}


def _button(table: str, pk: int, offer: Offer) -> Button:
    address, way = WAYS[(table, offer.action)]
    return Button(
        offer.action,
        gettext(offer.label),
        reverse(address, kwargs={"pk": pk}),
        way,
        sentence(offer.refusal) if offer.refusal else "",
    )


def buttons_for_grants(grants: list[Grant], viewer: Viewer) -> dict[int, dict[str, Button]]:
    """Return the buttons of many grants, by grant id: the same answers, in a constant number of statements."""
    facts = Grant.objects.filter(pk__in=[grant.pk for grant in grants]).facts(viewer)
    return {
        grant.pk: {
            offer.action: _button("grant", grant.pk, offer)
            for offer in offers("grant", grant.status, grant.roles_of(viewer), facts.get(grant.pk, Facts()))
        }
        for grant in grants
    }


def buttons_for_invitations(invitations: list[Invitation], viewer: Viewer) -> dict[int, dict[str, Button]]:
    """Return the buttons of many invitations, by invitation id; no statement."""
    return {
        each.pk: {offer.action: _button("invitation", each.pk, offer) for offer in each.actions_for(viewer)}
        for each in invitations
    }
