"""Verbs of invitations: by link, by a list of Hub names, accepted, withdrawn. Whoever is invited still has to ask."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.models import Invitation, InvitationKind, Invited, Stage
from gatekeeper.models.invitations import token_digest
from gatekeeper.rules import hub_names
from gatekeeper.rules.refusals import Invalid, Refusal, Unmet, WrongState
from gatekeeper.rules.refusals import gettext_noop as _
from gatekeeper.rules.statuses import InvitationStatus, StageStatus

from ._step import acting, acting_person, record, step
from .arrivals import meet_invited
from .releases import require

AT_ONCE = 1_000
MOST_DAYS, MOST_USES, MOST_NAMES, LONGEST_LABEL = 365, 1_000, 5_000, 200

NO_LABEL = Refusal("label_missing", _("Say for whom it is, in at most 200 characters."))
BAD_DAYS = Refusal("days_malformed", _("An invitation lasts between 1 and 365 days."))
BAD_USES = Refusal("uses_malformed", _("A link can be used between 1 and 1,000 times."))
NO_NAMES = Refusal("names_missing", _("Give at least one Hub name."))
TOO_MANY = Refusal("too_many_names", _("A list holds at most %(most)s names."), {"most": MOST_NAMES})
BAD_NAMES = Refusal("names_malformed", _("These are no names that the Hub gives out: %(names)s."))
CLOSED = Refusal("stage_closed", _("The stage is closed for good: nobody can be invited to it any more."))
NOT_PUBLISHED = Refusal("release_not_published", _("Publish the release first: nobody invited could see its page."))
NOT_USABLE = Refusal(
    "invitation_over",
    _("This invitation does not open anything any more: it has ended, was withdrawn, or was used by others."),
)


def invite_by_link(
    stage: Stage, *, by: Viewer, label: str, days: int, uses: int = 1, at: datetime | None = None
) -> tuple[Invitation, str]:
    """Make a link that invites to a stage; returns the invitation and its token, which is not kept and shown once.

    `days` it lasts, `uses` people can accept it. Raises NotAllowed, Invalid, Unmet (not published), WrongState.
    """
    at = at or timezone.now()
    if not 1 <= uses <= MOST_USES:
        raise Invalid(BAD_USES, {"uses": BAD_USES})
    token = f"inv_{secrets.token_urlsafe(30)}"
    with transaction.atomic():
        invitation = _new(stage, InvitationKind.LINK, by=by, label=label, days=days, at=at)
        invitation.digest, invitation.most_uses = token_digest(token), uses
        invitation.save()
        values = {"stage": stage.pk, "kind": "link", "uses": uses, "until": invitation.expires_at.isoformat()}
        record([("invitation.invite", invitation, values)], by=acting(by), at=at)
    return invitation, token


def invite_names(
    stage: Stage, *, by: Viewer, label: str, names: str, days: int, at: datetime | None = None
) -> Invitation:
    """Invite people by their Hub names, with commas, spaces or lines between; names invited already are left out.

    Whoever is known by their Hub id is invited now, and the others as soon as they are. Raises NotAllowed, Invalid
    (naming what is no name), Unmet, WrongState.
    """
    at = at or timezone.now()
    wanted = _wanted(names)
    with transaction.atomic():
        invitation = _new(stage, InvitationKind.NAMES, by=by, label=label, days=days, at=at)
        invitation.save()
        standing = Invited.objects.standing().filter(stage=stage)
        known = set(standing.filter(name_key__in=wanted, person__isnull=False).values_list("name_key", flat=True))
        known |= set(
            Invited.objects.waiting(at=at).filter(stage=stage, name_key__in=wanted).values_list("name_key", flat=True)
        )
        rows = Invited.objects.bulk_create(
            [
                Invited(invitation=invitation, stage=stage, hub_name=name, name_key=key, created_at=at)
                for key, name in wanted.items()
                if key not in known
            ],
            batch_size=AT_ONCE,
        )
        invitation.most_uses = max(len(rows), 1)
        invitation.save(update_fields=["most_uses"])
        values = {
            "stage": stage.pk,
            "kind": "names",
            "names": len(rows),
            "left_out": len(known),
            "until": invitation.expires_at.isoformat(),
        }
        record([("invitation.invite", invitation, values)], by=acting(by), at=at)
        ids = [row.pk for row in rows]
        for first in range(0, len(ids), AT_ONCE):
            meet_invited(ids[first : first + AT_ONCE], at=at)
    return invitation


def _wanted(names: str) -> dict[str, str]:
    """Return the names of a list by their key. Raises Invalid."""
    found: dict[str, str] = {}
    wrong: list[str] = []
    for written, name in hub_names.listed(names):
        if name is None:
            wrong.append(written[:60])
        else:
            found.setdefault(hub_names.key(name), name)
        if len(found) > MOST_NAMES or len(wrong) > MOST_NAMES:
            raise Invalid(TOO_MANY, {"names": TOO_MANY})
    if wrong:
        refusal = replace(BAD_NAMES, values={"names": ", ".join(wrong[:10])})
        raise Invalid(refusal, {"names": refusal})
    if not found:
        raise Invalid(NO_NAMES, {"names": NO_NAMES})
    return found


def _new(stage: Stage, kind: InvitationKind, *, by: Viewer, label: str, days: int, at: datetime) -> Invitation:
    require(by, stage.publisher_id)
    label = " ".join(label.split())
    wrong: dict[str, Refusal] = {}
    if not 0 < len(label) <= LONGEST_LABEL:
        wrong["label"] = NO_LABEL
    if not 1 <= days <= MOST_DAYS:
        wrong["days"] = BAD_DAYS
    if wrong:
        raise Invalid(next(iter(wrong.values())), wrong)
    if stage.status == StageStatus.CLOSED:
        raise WrongState(CLOSED)
    if stage.release.published_at is None:
        raise Unmet(NOT_PUBLISHED)
    return Invitation(
        stage=stage,
        kind=kind,
        status=InvitationStatus.OPEN,
        status_at=at,
        label=label,
        expires_at=at + timedelta(days=days),
        created_at=at,
        created_by=acting(by),
    )


def withdraw(invitation: Invitation, *, by: Viewer, at: datetime | None = None) -> Invitation:
    """Withdraw an invitation: its link opens nothing any more, its names wait no longer.

    Whoever has accepted the link, or was met already, stays invited; what they asked since goes its way.
    """
    with step("invitation", "withdraw", [invitation], by=by, at=at) as moved:
        [row] = moved.rows
        count = Invited.objects.standing().filter(invitation=row, person=None).update(withdrawn_at=moved.at)
        moved.note(row, names=count)
    return row


def withdraw_one(invited: Invited, *, by: Viewer, at: datetime | None = None) -> Invited:
    """Take back that one person, or one name, is invited; a request that is open already goes its way."""
    require(by, invited.publisher_id)
    at = at or timezone.now()
    with transaction.atomic():
        count = Invited.objects.standing().filter(pk=invited.pk).update(withdrawn_at=at)
        if count:
            values = {"invited": invited.pk}
            record([("invitation.withdraw_one", invited.invitation, values)], by=acting(by), at=at)
    invited.withdrawn_at = invited.withdrawn_at or at
    return invited


def accept_invitation(digest: str, *, by: Viewer, at: datetime | None = None) -> Invited:
    """Accept the invitation of a link, by the digest of its token: from now on one may ask for its stage.

    It takes one use, and the same person takes no second one. It gives no access: that is asked for, and decided.
    Raises NotAllowed without a Hub identity, Unmet if the link opens nothing (any more), or not for somebody who was
    taken back since it was made.
    """
    person, at = acting_person(by), at or timezone.now()
    invitation = Invitation.objects.links().select_related("stage__release").filter(digest=digest).first()
    if invitation is None:
        raise Unmet(NOT_USABLE)
    try:
        with transaction.atomic():
            there = Invited.objects.standing().filter(stage=invitation.stage, person=person).first()
            if there is not None:
                return there
            if Invited.objects.taken_back(invitation, person).exists():
                raise Unmet(NOT_USABLE)
            used = Invitation.objects.usable(at=at).filter(pk=invitation.pk).update(uses=F("uses") + 1)
            if not used:
                raise Unmet(NOT_USABLE)
            invited = Invited.objects.create(
                invitation=invitation,
                stage=invitation.stage,
                hub_name=person.username,
                name_key=hub_names.key(person.username),
                person=person,
                created_at=at,
                met_at=at,
            )
            record([("invitation.accept", invitation, {"invited": invited.pk})], by=acting(by), at=at)
    except IntegrityError:  # the same person pressed twice at the same moment: the other one counts
        return Invited.objects.standing().get(stage=invitation.stage, person=person)
    return invited
