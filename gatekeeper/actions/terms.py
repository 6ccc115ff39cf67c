"""The licence, asked of people who hold a grant: to accept it, by a date or whenever, and what comes of not doing so.

People who were brought in have their terms unproven. A steward honours that, or asks them to accept by a day (the
clock reminds them, and lets their access lapse), or does not carry them over. Whoever accepts after a lapse is back
without a new review.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.models import Acceptance, Campaign, Grant, Stage
from gatekeeper.models.bulk import write_back
from gatekeeper.models.grants import GrantQuerySet
from gatekeeper.models.policies import current_policies
from gatekeeper.rules.access import Closing
from gatekeeper.rules.deadlines import deadline, next_reminder
from gatekeeper.rules.refusals import Invalid, Refusal, Refused, WrongState
from gatekeeper.rules.refusals import gettext_noop as _

from ._step import STALE, acting, record, step, tell
from .acceptances import Shown, new_acceptance

AT_ONCE = 1_000
MOST_DAYS = 365
BAD_DAYS = Refusal("days_malformed", _("Give them between 1 and 365 days."))


def accept(
    grant: Grant,
    *,
    by: Viewer,
    text_sha256: str,
    version_sha256: str | None = None,
    acknowledged: Iterable[str] = (),
    shown: Shown | None = None,
    at: datetime | None = None,
) -> Acceptance:
    """Accept the licence version in force for a grant that one holds; one that has lapsed comes back by it.

    `text_sha256` and `version_sha256` say what was shown: see new_acceptance. What one campaign asks for several
    grants of a person is answered for all of them at once. Raises WrongState if another version is in force by now, or
    this one was accepted already; Invalid if a use restriction was not acknowledged, or authority is missing.
    """
    with transaction.atomic():
        with step("grant", "accept", [grant, *_asked_with(grant)], by=by, at=at) as moved:
            row = next(each for each in moved.rows if each.pk == grant.pk)
            acceptance = new_acceptance(
                row.person,
                current_policies([row.stage])[row.stage_id],
                text_sha256=text_sha256,
                version_sha256=version_sha256,
                acknowledged=acknowledged,
                shown=shown or Shown(),
                at=moved.at,
            )
            Grant.objects.filter(pk__in=[each.pk for each in moved.rows]).update(
                acceptance=acceptance, terms_due_at=None, terms_remind_at=None
            )
            for each in moved.rows:
                moved.note(
                    each,
                    acceptance=acceptance.pk,
                    licence_version=acceptance.licence_version_id,
                    text_sha256=acceptance.text_sha256,
                )
        for each in moved.rows:
            if each.has_lapsed:
                with suppress(Refused):  # the stage is not open: the clock restores it when it is
                    restore_all([each], at=moved.at)
    return acceptance


def _asked_with(grant: Grant) -> list[Grant]:
    """Return the other grants of a person for which the same campaign asks the same version."""
    if grant.campaign_id is None:
        return []
    others = Grant.objects.live().filter(campaign=grant.campaign_id, person=grant.person_id).exclude(pk=grant.pk)
    version = Campaign.objects.values_list("licence_version", flat=True).get(pk=grant.campaign_id)
    asked = list(others.exclude(acceptance__licence_version=version).select_related("stage"))
    policies = current_policies([grant.stage, *(each.stage for each in asked)])
    in_force = {pk: policy.licence_version_id for pk, policy in policies.items()}
    return [each for each in asked if in_force.get(each.stage_id) == in_force.get(grant.stage_id) == version]


def ask_for_terms(
    stage: Stage, *, by: Viewer, days: int | None, seen: str | None = None, at: datetime | None = None
) -> Stage:
    """Ask whoever was brought in to accept the licence within so many days; None asks nobody by a date any more.

    It holds for those who hold the stage now and for those who are brought in later. `seen` is the digest of the
    grants that the steward saw. Raises NotAllowed, Invalid, WrongState if others are there by now.
    """
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise Invalid(BAD_DAYS, {"days": BAD_DAYS})
    with step("stage", "ask_for_terms", [stage], by=by, at=at) as moved:
        [row] = moved.rows
        asked = Grant.objects.imported_unproven().filter(stage=row)
        _refuse_others(asked, seen)
        row.imported_terms_days = days
        row.save(update_fields=["imported_terms_days"])
        until = None if days is None else deadline(moved.at, days)
        moved.note(row, days=days, seen=seen or "")
        for grants in _in_batches(asked):
            Grant.objects.filter(pk__in=[grant.pk for grant in grants]).update(
                terms_asked_at=until.asked_at if until else None,
                terms_due_at=until.due_at if until else None,
                terms_remind_at=until.remind_at if until else None,
            )
            values = {"until": until.due_at.isoformat() if until else None}
            record((("grant.ask_for_terms", grant, values) for grant in grants), by=moved.actor, at=moved.at)
            if until:
                by_day = until.due_at.isoformat()
                tell(((grant.person.user, "terms_asked", grant) for grant in grants), at=moved.at, by=by_day)
    return row


def reset_imported(stage: Stage, *, by: Viewer, seen: str, at: datetime | None = None) -> Stage:
    """End the access of everybody at a stage who was brought in with their terms unproven; the Hub is told reset.

    `seen` is the digest of the grants that the steward saw by name and number. Raises NotAllowed, Unmet if there is
    nobody, WrongState if others are there by now.
    """
    with step("stage", "reset_imported", [stage], by=by, at=at) as moved:
        [row] = moved.rows
        ending = Grant.objects.imported_unproven().filter(stage=row)
        _refuse_others(ending, seen)
        count = 0
        for grants in _in_batches(ending):
            count += len(reset_all(grants, by=by, at=moved.at))
        moved.note(row, count=count, seen=seen)
    return row


def reset_all(grants: Iterable[Grant], *, by: Viewer, at: datetime | None = None) -> list[Grant]:
    """End grants that were brought in with their terms unproven: they are not carried over, and that is no denial."""
    with step("grant", "reset", grants, by=by, at=at) as moved:
        moved.wish(closing=Closing.RESET, cause="not_carried_over")
        tell(((grant.person.user, "access_not_carried_over", grant) for grant in moved.rows), at=moved.at)
    return moved.rows


def reset(grant: Grant, *, by: Viewer, at: datetime | None = None) -> Grant:
    """End one grant that was brought in: see reset_all."""
    return reset_all([grant], by=by, at=at)[0]


def lapse_all(grants: Iterable[Grant], *, at: datetime | None = None) -> list[Grant]:
    """Let grants lapse whose person did not accept the licence in time; their Hub requests are reset."""
    with step("grant", "lapse", grants, by=Viewer.system("clock"), at=at) as moved:
        Grant.objects.filter(pk__in=[grant.pk for grant in moved.rows]).update(
            lapsed_at=moved.at, terms_due_at=None, terms_remind_at=None
        )
        moved.wish(closing=Closing.RESET, cause="lapsed")
        tell(((grant.person.user, "access_lapsed", grant) for grant in moved.rows), at=moved.at)
    return moved.rows


def restore_all(grants: Iterable[Grant], *, at: datetime | None = None) -> list[Grant]:
    """Give lapsed access back to people who have accepted the licence since; it counts when the Hub was read back."""
    with step("grant", "restore", grants, by=Viewer.system("clock"), at=at) as moved:
        Grant.objects.filter(pk__in=[grant.pk for grant in moved.rows]).update(lapsed_at=None)
        moved.wish(closing=None, cause="restored")
    return moved.rows


def remind_of_terms(*, at: datetime | None = None, limit: int = 500) -> int:
    """Remind people who were asked to accept the licence by a day; returns how many were due."""
    at = at or timezone.now()
    with transaction.atomic():
        rows = list(
            Grant.objects.to_remind_of_terms(at=at)
            .select_for_update(no_key=True, of=("self",), skip_locked=True)
            .select_related("stage__release", "person__user")
            .order_by("pk")[:limit]
        )
        for row in rows:
            assert row.terms_due_at is not None
            row.terms_remind_at = next_reminder(row.terms_asked_at or at, row.terms_due_at, after=at)
        write_back(rows, ["terms_remind_at"])
        record((("grant.remind_of_terms", row, {}) for row in rows), by=acting(Viewer.system("clock")), at=at)
        for due_at in {row.terms_due_at for row in rows}:  # people who were asked together have one day in common
            asked = [row for row in rows if row.terms_due_at == due_at]
            tell(((row.person.user, "terms_reminder", row) for row in asked), at=at, by=str(due_at))
    return len(rows)


def _refuse_others(grants: GrantQuerySet, seen: str | None) -> None:
    if seen is not None and grants.digest() != seen:
        raise WrongState(STALE)


def _in_batches(grants: GrantQuerySet) -> Iterable[list[Grant]]:
    """Yield the grants, so many at a time; each is seen once, whatever becomes of it meanwhile."""
    last = 0
    while batch := list(
        grants.filter(pk__gt=last).select_related("stage__release", "person__user").order_by("pk")[:AT_ONCE]
    ):
        last = batch[-1].pk
        yield batch
