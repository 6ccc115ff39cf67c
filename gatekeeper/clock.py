"""Time as a person: what falls due is done by the system person "clock", through the same verbs as people's steps."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from gatekeeper.actions import (
    arrivals,
    campaigns,
    drifts,
    earlier_approvals,
    erasure,
    grants,
    intake,
    procedures,
    receipts,
    requests,
    retention,
    terms,
)
from gatekeeper.models import (
    AccessRequest,
    ApprovalImport,
    Campaign,
    Drift,
    ErasureRequest,
    Grant,
    Procedure,
)
from gatekeeper.rules.refusals import Refused

log = structlog.get_logger(__name__)

AT_ONCE = 200


def tick(*, at: datetime | None = None) -> None:
    """Do what has fallen due: expire, remind, note broken promises, delete what was kept long enough."""
    at = at or timezone.now()
    in_batches(AccessRequest.objects.to_expire(at=at), requests.expire_all, at=at)
    in_batches(Grant.objects.to_expire(at=at), grants.expire_all, at=at)
    in_batches(Drift.objects.to_lapse(at=at), drifts.lapse_all, at=at)
    in_batches(Grant.objects.to_lapse(at=at), terms.lapse_all, at=at)
    in_batches(Grant.objects.to_restore(), terms.restore_all, at=at)
    in_batches(Procedure.objects.breached(at=at), procedures.note_breaches, at=at)
    in_batches(Campaign.objects.to_begin(at=at), campaigns.begin_all, at=at)
    campaigns.carry_on_all(at=at)
    carry_on()
    while requests.note_breaches(at=at):
        pass
    while intake.remind_unfinished(at=at) or terms.remind_of_terms(at=at):
        pass
    in_batches(ApprovalImport.objects.to_expire(at=at), earlier_approvals.expire_all, at=at)
    arrivals.meet_all(at=at)
    in_batches(ErasureRequest.objects.due().select_related("person"), erasure.carry_out_all, at=at)
    delete_overdue_texts(at=at)
    while receipts.issue_missing(at=at):
        pass


def carry_on() -> None:
    """Do what is next in the emergency stops, re-gates and campaigns that run, and begin what is due now."""
    procedures.carry_on_all()
    in_batches(Campaign.objects.to_begin(at=timezone.now()), campaigns.begin_all, at=timezone.now())
    campaigns.carry_on_all()


def in_batches(due: QuerySet[Any], verb: Callable[..., Any], *, at: datetime) -> int:
    """Take a step with all rows that are due, so many at a time; returns with how many. One refusal stops no other."""
    done, last = 0, 0
    while rows := list(due.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        last = rows[-1].pk
        done += _all_or_each(rows, verb, at=at)
    return done


def _all_or_each(rows: list[Any], verb: Callable[..., Any], *, at: datetime) -> int:
    try:
        return len(verb(rows, at=at))
    except Refused:  # one of them has moved meanwhile, and a step is all or nothing
        return sum(_alone(row, verb, at=at) for row in rows)


def _alone(row: Any, verb: Callable[..., Iterable[Any]], *, at: datetime) -> int:
    try:
        verb([row], at=at)
    except Refused as refused:
        log.info("not due any more", row=row.pk, kind=row._meta.model_name, code=refused.refusal.code)
        return 0
    return 1


def delete_overdue_texts(*, at: datetime) -> int:
    """Delete the personal texts whose retention has ended, and what spreadsheets said; returns how many texts.

    Frozen rows keep their digests.
    """
    earlier_approvals.forget_overdue(at=at)
    deleted = 0
    while gone := retention.delete_overdue(at=at):
        deleted += gone
    while retention.forget_answers(at=at):
        pass
    return deleted
