"""Verbs of evidence: a pack for counsel that proves a grant."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.models import Grant
from gatekeeper.proof import packs
from gatekeeper.rules.refusals import Refusal, Unmet
from gatekeeper.rules.refusals import gettext_noop as _
from gatekeeper.rules.statuses import Role

from ._step import acting, record
from .receipts import issue_all
from .releases import require

READERS = frozenset({Role.STEWARD, Role.OWNER, Role.COUNSEL, Role.AUDITOR})

UNPROVEN = Refusal(
    "terms_unproven", _("Nobody can prove the terms of this grant: its person has not accepted the licence here yet.")
)


def export(grant: Grant, *, by: Viewer, at: datetime | None = None) -> bytes:
    """Return the evidence of a grant as a ZIP, and record that it was made.

    Raises NotAllowed, and Unmet for a grant that was brought in and whose terms are unproven.
    """
    require(by, grant.publisher_id, READERS)
    at = at or timezone.now()
    if grant.acceptance is None:
        raise Unmet(UNPROVEN)
    with transaction.atomic():
        issue_all([grant.acceptance], at=at)
        fresh = Grant.objects.select_related(
            "acceptance__licence_version", "acceptance__policy__form", "acceptance__receipt"
        ).get(pk=grant.pk)
        made = packs.pack(fresh, at=at)
        record([("grant.export_evidence", grant, {"acceptance": fresh.acceptance_id})], by=acting(by), at=at)
    return made
