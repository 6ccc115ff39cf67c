"""Whether somebody can apply at all, told before they type anything."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gatekeeper.models import GatePolicy, Grant, Invited, Stage
from gatekeeper.web.pages import viewer_of
from gatekeeper.web.views.catalogue.releases import places_left, places_taken
from gatekeeper.web.words import of_stage


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be so, whether it is, the sentence that says it, and where it leads, if anywhere."""

    met: bool
    words: str
    href: str = ""
    link: str = ""


def eligibility(request: HttpRequest, stage: Stage, policy: GatePolicy | None) -> list[Check]:
    """Return what has to be so for the viewer to apply at a stage."""
    viewer = viewer_of(request)
    opened = policy is not None and Stage.objects.taking_requests().filter(pk=stage.pk).exists()
    standing = of_stage(stage)
    checks = [
        Check(opened, _("This stage is open.") if opened else f"{standing.words}. {standing.next}"),
        Check(
            viewer.person is not None,
            _("You are signed in as %(name)s on the Hub, and access will be given to that name.")
            % {"name": viewer.person}
            if viewer.person
            else _("Access is given to a name on the Hub: connect yours first."),
        ),
    ]
    left = places_left(policy, places_taken([policy] if policy else []))
    if left is not None:
        places = ngettext("%(count)d place is left.", "%(count)d places are left.", left) % {"count": left}
        checks.append(Check(left > 0, places if left else _("Every place is taken at the moment.")))
    if policy is not None and policy.invited_only and viewer.person is not None:
        invited = Invited.objects.standing().filter(stage=stage, person=viewer.person).exists()
        by_name = _("This stage is by invitation, and %(name)s on the Hub is invited.") % {"name": viewer.person}
        checks.append(
            Check(invited, by_name if invited else _("This stage is by invitation, and you are not invited."))
        )
    if holds(request, stage):
        checks.append(
            Check(False, _("You hold access to this stage already:"), reverse("web:my_access"), _("My access"))
        )
    return checks


def holds(request: HttpRequest, stage: Stage) -> Grant | None:
    """Return the viewer's own grant of a stage, if it is on its way, active or suspended."""
    return Grant.objects.own(viewer_of(request)).live().filter(stage=stage).first()
