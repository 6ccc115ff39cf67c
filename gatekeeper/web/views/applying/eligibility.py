"""Whether somebody can apply at all, told before they type anything."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gatekeeper.models import GatePolicy, Grant, Stage
from gatekeeper.web.pages import viewer_of
from gatekeeper.web.views.catalogue.releases import places_left, places_taken
from gatekeeper.web.words import of_stage


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be so, whether it is, and the sentence that says it."""

    met: bool
    words: str


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
    if Grant.objects.own(viewer).live().filter(stage=stage).exists():
        checks.append(Check(False, _("You already have access to this stage; see “My access”.")))
    return checks
