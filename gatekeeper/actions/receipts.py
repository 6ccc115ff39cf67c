"""Receipts of acceptances: signed in the transaction that accepts, so that none is ever without one for long."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from gatekeeper.models import Acceptance, Receipt
from gatekeeper.proof import receipts

AT_ONCE = 500


def issue_all(acceptances: Sequence[Acceptance], *, at: datetime) -> list[Receipt]:
    """Sign receipts for acceptances that have none, and keep them; a constant number of statements."""
    whole = Acceptance.objects.select_related(*receipts.WHOLE).filter(pk__in=[row.pk for row in acceptances])
    return Receipt.objects.bulk_create(receipts.signed(whole.order_by("pk"), at=at), ignore_conflicts=True)


def issue_missing(*, at: datetime | None = None) -> int:
    """Sign receipts for acceptances of before there were any, some hundreds at most; returns for how many."""
    with transaction.atomic():
        rows = list(Acceptance.objects.filter(receipt=None).order_by("pk")[:AT_ONCE])
        if rows:
            issue_all(rows, at=at or timezone.now())
    return len(rows)
