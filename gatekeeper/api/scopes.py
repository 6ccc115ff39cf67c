"""What a token was given: its scopes, asked for every request. A session of the person has them all."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.authentication import viewer_of
from accounts.models import ApiToken
from gatekeeper.rules.lifecycle import Step
from gatekeeper.rules.statuses import Role

from .errors import ScopeMissing

READ = ApiToken.Scope.READ.value
APPLY = ApiToken.Scope.APPLY.value
REVIEW = ApiToken.Scope.REVIEW.value
STEWARD = ApiToken.Scope.STEWARD.value
OPERATE = ApiToken.Scope.OPERATE.value


def scope_of(step: Step) -> str:
    """Return the scope that a token needs for an action of the step tables."""
    if Role.REQUESTER in step.who:
        return APPLY
    if Role.OPERATOR in step.who:
        return OPERATE
    return REVIEW if Role.REVIEWER in step.who else STEWARD


class Scoped(BasePermission):
    """Signed in (unless the view is `public` and only reads), and with the scope: `read`, or the view's `scope`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Say whether to go on. Raises ScopeMissing, naming the scope."""
        viewer, reads = viewer_of(request), request.method in SAFE_METHODS
        if not viewer.is_authenticated:
            return reads and getattr(view, "public", False)
        needed = READ if reads else getattr(view, "scope", STEWARD)
        if viewer.scopes is not None and needed not in viewer.scopes:
            raise ScopeMissing(needed)
        return True
