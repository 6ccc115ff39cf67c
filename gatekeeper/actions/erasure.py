"""Verbs of erasing: ask for it, hold it back for a legal reason, lift the hold. What nothing holds is done at once.

Erasing deletes words, names and addresses, ends what rests on them, and leaves ids and digests: every proof still
verifies. Whatever comes after the request is erased too, because it is carried out in one step.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.forgetting import forget
from accounts.models import HubPerson, Publisher
from accounts.viewer import Viewer
from gatekeeper.models import AccessRequest, ErasureRequest, Grant, LegalHold, Notice, PersonalText
from gatekeeper.models.own_data import earlier_approvals_of, invited_of
from gatekeeper.models.personal import new_salt, salted_digest
from gatekeeper.models.roles import is_own
from gatekeeper.rules.lifecycle import NOT_YOURS
from gatekeeper.rules.refusals import Invalid, NotAllowed, Refusal, Unmet, WrongState
from gatekeeper.rules.refusals import gettext_noop as _
from gatekeeper.rules.statuses import Role

from . import grants, requests
from ._step import acting, record
from .releases import require
from .words import readable

ANSWERING = frozenset({Role.STEWARD, Role.OWNER, Role.COUNSEL})
LONGEST_REASON = 500

WAITS = Refusal("erasure_waits", _("This was asked for already; it waits until the legal hold is lifted."))
HELD_ALREADY = Refusal("held_already", _("You hold this person’s data already. Lift that hold first."))
NOBODY = Refusal("nothing_held", _("Nobody of this name has asked for anything, or has access, at your publisher."))
LONG = Refusal("reason_too_long", _("At most %(bound)s characters fit."), {"bound": LONGEST_REASON})


def ask(person: HubPerson, *, by: Viewer, at: datetime | None = None) -> ErasureRequest:
    """Ask that a person's data be erased: the person, or an operator whom they asked otherwise.

    It is carried out at once; while a legal hold stands it waits, and `carried_out_at` is empty. Raises NotAllowed,
    WrongState where one waits already.
    """
    acting(by)
    if not (is_own(by, person) or by.is_operator):
        raise NotAllowed(NOT_YOURS)
    at = at or timezone.now()
    with transaction.atomic():
        locked = _locked(person)
        if ErasureRequest.objects.waiting().filter(person=locked).exists():
            raise WrongState(WAITS)
        asked = ErasureRequest.objects.create(person=locked, asked_at=at, asked_by=acting(by))
        record([("erasure.ask", asked, {})], by=acting(by), at=at)
        if ErasureRequest.objects.due().filter(pk=asked.pk).exists():
            _carry_out(asked, locked, by=by, at=at)
    return asked


def carry_out_all(erasures: Iterable[ErasureRequest], *, at: datetime | None = None) -> list[ErasureRequest]:
    """Carry out requests whose last hold was lifted, as the clock; one that is held again meanwhile waits on."""
    at, clock, done = at or timezone.now(), Viewer.system("clock"), []
    for erasure in erasures:
        with transaction.atomic():
            person = _locked(erasure.person)
            due = ErasureRequest.objects.due().filter(pk=erasure.pk).first()
            if due is not None:
                _carry_out(due, person, by=clock, at=at)
                done.append(due)
    return done


def _locked(person: HubPerson) -> HubPerson:
    """Return a person, locked: holding back and erasing wait for each other."""
    return HubPerson.objects.select_for_update(no_key=True, of=("self",)).select_related("user").get(pk=person.pk)


def _carry_out(erasure: ErasureRequest, person: HubPerson, *, by: Viewer, at: datetime) -> None:
    ended = requests.erase_all(AccessRequest.objects.open().filter(person=person).order_by("pk"), at=at)
    over = grants.erase_all(Grant.objects.live().filter(person=person).order_by("pk"), at=at)
    texts, _rows = PersonalText.objects.filter(person=person).delete()
    lines, _rows = earlier_approvals_of(person).delete()
    invited = invited_of(person)
    waiting, _rows = invited.filter(person=None).delete()
    met = invited.update(hub_name="", name_key="", withdrawn_at=Coalesce(F("withdrawn_at"), at))
    works_here = person.user is not None and (person.user.is_operator or person.user.memberships.exists())
    if person.user_id is not None and not works_here:
        Notice.objects.filter(recipient=person.user_id).delete()
    forget(person, keep_account=works_here, at=at)
    erasure.carried_out_at = at
    erasure.counts = {
        "requests": len(ended),
        "grants": len(over),
        "texts": texts,
        "earlier_approvals": lines,
        "invitations": waiting + met,
    }
    erasure.save(update_fields=["carried_out_at", "counts"])
    record([("erasure.carry_out", erasure, erasure.counts)], by=acting(by), at=at)


def hold(publisher: Publisher, *, by: Viewer, person: HubPerson, reason: str, at: datetime | None = None) -> LegalHold:
    """Keep what there is of a person from being erased, and from going when its time is over, for a legal reason.

    The person is told the reason when they ask. Raises NotAllowed, Invalid, Unmet for somebody who has nothing to do
    with the publisher, WrongState where it holds already.
    """
    require(by, publisher.pk, ANSWERING)
    reason = " ".join(readable(reason).split())
    if len(reason) > LONGEST_REASON:
        raise Invalid(LONG, {"reason": LONG})
    at, here = at or timezone.now(), {"person": person, "stage__release__publisher": publisher}
    known = AccessRequest.objects.filter(**here).exclude(status="draft").exists()
    if not known and not Grant.objects.filter(**here).exists():
        raise Unmet(NOBODY)
    try:
        with transaction.atomic():
            _locked(person)
            made = LegalHold.objects.create(
                publisher=publisher, person=person, reason=reason, set_at=at, set_by=acting(by)
            )
            salt = new_salt()
            values = {"salt": salt, "reason_digest": salted_digest(salt, reason)}
            record([("legal_hold.set", made, values)], by=acting(by), at=at)
    except IntegrityError:
        raise WrongState(HELD_ALREADY) from None
    return made


def lift(legal_hold: LegalHold, *, by: Viewer, at: datetime | None = None) -> LegalHold:
    """Lift a hold. What was asked for meanwhile is erased by the clock once no other hold stands. Raises NotAllowed."""
    require(by, legal_hold.publisher_id, ANSWERING)
    at = at or timezone.now()
    with transaction.atomic():
        _locked(legal_hold.person)
        lifted = LegalHold.objects.standing().filter(pk=legal_hold.pk).update(lifted_at=at, lifted_by=acting(by))
        if lifted:
            record([("legal_hold.lift", legal_hold, {})], by=acting(by), at=at)
    return LegalHold.objects.get(pk=legal_hold.pk)
