"""Verbs of campaigns: a licence version is asked of everybody who holds a grant under an earlier one, or of nobody yet.

People are asked a thousand at a time, each thousand in one transaction; who was asked stands in the grants, so that it
goes on where it was interrupted. Reminding, lapsing and restoring is the clock's, as for people who were brought in.
"""

import time
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.models import Campaign, Grant, LicenceVersion
from gatekeeper.models.campaign_tallies import Preview, has_come_to_its_end, tally_of, to_ask, to_follow, waiting_for
from gatekeeper.rules.campaigns import GRACE_DAYS, MOST_DAYS, CampaignStatus
from gatekeeper.rules.deadlines import Deadline, deadline
from gatekeeper.rules.refusals import Invalid, Refusal, Unmet, WrongState
from gatekeeper.rules.refusals import gettext_noop as _

from ._step import acting, record, step, tell
from .licences import PUBLISHERS, locked_licence
from .nudges import nudge
from .policies import NOT_PUBLISHED, follow_licence
from .releases import require

AT_ONCE = 1_000
BAD_DAYS = Refusal("days_malformed", _("Give them between 1 and 365 days."))
BAD_START = Refusal("start_malformed", _("Begin now, or within a year."))
UNDER_WAY = Refusal("under_way", _("A campaign for this licence is under way already."))
CONFIRM = _("This asks %(count)s people. Confirm that number, so that it is meant.")


def prepare(
    licence_version: LicenceVersion, *, by: Viewer, grace_days: int = GRACE_DAYS, at: datetime | None = None
) -> Campaign:
    """Prepare a campaign for a published version; nobody is asked anything by it yet.

    `grace_days` is within how many days people have to accept. Raises NotAllowed, Invalid, WrongState (not published,
    a later version is, or a campaign for this licence is under way).
    """
    licence = licence_version.licence
    require(by, licence.publisher_id, PUBLISHERS)
    at = at or timezone.now()
    if not 1 <= grace_days <= MOST_DAYS:
        raise Invalid(BAD_DAYS, {"grace_days": BAD_DAYS})
    with transaction.atomic():
        locked_licence(licence)  # who prepares one of the same waits here
        if not licence_version.is_published or licence.latest() != licence_version:
            raise WrongState(NOT_PUBLISHED)
        if Campaign.objects.unfinished().filter(licence_version__licence=licence).exists():
            raise WrongState(UNDER_WAY)
        campaign = Campaign.objects.create(
            publisher=licence.publisher,
            licence_version=licence_version,
            grace_days=grace_days,
            status=CampaignStatus.PREPARED,
            status_at=at,
            prepared_at=at,
            prepared_by=acting(by),
        )
        values = {"licence_version": licence_version.pk, "grace_days": grace_days}
        record([("campaign.prepare", campaign, values)], by=acting(by), at=at)
    return campaign


def schedule(
    campaign: Campaign, *, by: Viewer, confirmed: int, starts_at: datetime | None = None, at: datetime | None = None
) -> Campaign:
    """Schedule a campaign that was looked at: `confirmed` is how many people the preview said; None begins it now.

    Raises NotAllowed, WrongState, Invalid, Unmet (the number is another by now, or a later version is published).
    """
    with step("campaign", "schedule", [campaign], by=by, at=at) as moved:
        [row] = moved.rows
        begins = starts_at or moved.at
        if not moved.at <= begins <= moved.at + timedelta(days=MOST_DAYS):
            raise Invalid(BAD_START, {"starts_at": BAD_START})
        people = Preview(row).people
        if confirmed != people:
            raise Unmet(Refusal("confirm_count", CONFIRM, {"count": people}))
        row.starts_at, row.scheduled_by, row.people = begins, moved.actor, people
        row.save(update_fields=["starts_at", "scheduled_by", "people"])
        moved.note(row, starts_at=begins.isoformat(), people=people)
    nudge("procedures")
    return row


def begin_all(campaigns: Iterable[Campaign], *, at: datetime | None = None) -> list[Campaign]:
    """Begin campaigns whose day has come: their version comes into force at every stage that has an earlier one."""
    with step("campaign", "begin", campaigns, by=Viewer.system("clock"), at=at) as moved:
        for row in moved.rows:
            row.counts_from = moved.at
            row.save(update_fields=["counts_from"])
            stages = follow_licence(to_follow(row), version=row.licence_version, at=moved.at)
            moved.note(row, stages=[stage.pk for stage in stages])
    nudge("procedures")
    return moved.rows


def halt(campaign: Campaign, *, by: Viewer, at: datetime | None = None) -> Campaign:
    """Halt a campaign: nobody more is asked or reminded, and nobody's access lapses by it, until it goes on."""
    with step("campaign", "halt", [campaign], by=by, at=at) as moved:
        [row] = moved.rows
        row.halted_at = moved.at
        row.save(update_fields=["halted_at"])
    return row


def resume(campaign: Campaign, *, by: Viewer, at: datetime | None = None) -> Campaign:
    """Go on with a halted campaign: whoever was asked has as many days left as when it was halted. One statement."""
    with step("campaign", "resume", [campaign], by=by, at=at) as moved:
        [row] = moved.rows
        pause = moved.at - row.halted_at
        waiting_for(row).update(
            terms_asked_at=F("terms_asked_at") + pause,
            terms_due_at=F("terms_due_at") + pause,
            terms_remind_at=F("terms_remind_at") + pause,
        )
        row.counts_from, row.halted_at = row.counts_from + pause, None
        row.save(update_fields=["counts_from", "halted_at"])
        moved.note(row, seconds=round(pause.total_seconds()))
    nudge("procedures")
    return row


def call_off(campaign: Campaign, *, by: Viewer, at: datetime | None = None) -> Campaign:
    """Call a campaign off. Whoever was asked is not waited for any more; what is in force, and who lapsed, stays so."""
    with step("campaign", "call_off", [campaign], by=by, at=at) as moved:
        [row] = moved.rows
        row.result = _numbers(row)
        row.save(update_fields=["result"])
        moved.note(row, **row.result)
        waiting_for(row).update(terms_asked_at=None, terms_due_at=None, terms_remind_at=None)
    return row


def finish_all(campaigns: Iterable[Campaign], *, at: datetime | None = None) -> list[Campaign]:
    """Finish campaigns in which nobody is left to be asked, and nobody's answer is waited for."""
    with step("campaign", "finish", campaigns, by=Viewer.system("clock"), at=at) as moved:
        for row in moved.rows:
            row.result = _numbers(row)
            row.save(update_fields=["result"])
            moved.note(row, **row.result)
    return moved.rows


def carry_on_all(*, seconds: float = 20.0, at: datetime | None = None) -> int:
    """Do what is next in every campaign that runs, for so many seconds at most; returns how many people were asked.

    For workers and the clock. A campaign that somebody else carries on is passed over.
    """
    end, done = time.monotonic() + seconds, 0
    for pk in Campaign.objects.running().order_by("pk").values_list("pk", flat=True):
        while asked := _carry_on(pk, at=at or timezone.now()):
            done += asked
            if time.monotonic() > end:
                nudge("procedures")
                return done
    return done


def _carry_on(pk: int, *, at: datetime) -> int:
    """Ask the next thousand people of a campaign, or finish it; returns how many were asked."""
    with transaction.atomic():
        running = Campaign.objects.running().filter(pk=pk).select_related("licence_version__licence")
        row = running.select_for_update(no_key=True, skip_locked=True, of=("self",)).first()
        if row is None:
            return 0
        asked = _ask(row, at=at)
        if not asked and has_come_to_its_end(row):
            finish_all([row], at=at)
        return asked


def _ask(campaign: Campaign, *, at: datetime) -> int:
    grants = list(
        to_ask(campaign)
        .select_for_update(no_key=True, of=("self",), skip_locked=True)
        .select_related("stage__release", "person__user")
        .order_by("pk")[:AT_ONCE]
    )
    if not grants:
        return 0
    until = deadline(campaign.asked_from(at), campaign.grace_days) if campaign.asks else None
    Grant.objects.filter(pk__in=[grant.pk for grant in grants]).update(campaign=campaign, **_asked(until))
    values = {"campaign": campaign.pk, "until": until.due_at.isoformat() if until else None}
    clock = acting(Viewer.system("clock"))
    record((("grant.ask_for_terms", grant, values) for grant in grants), by=clock, at=at)
    if until:
        by_day = until.due_at.isoformat()
        tell(((grant.person.user, "licence_renewed", grant) for grant in grants), at=at, by=by_day)
    else:
        tell(((grant.person.user, "licence_changed", grant) for grant in grants), at=at)
    return len(grants)


def _asked(until: Deadline | None) -> dict[str, datetime | None]:
    """Return the columns that say by when; of people who are only told nothing changes."""
    if until is None:
        return {}
    return {"terms_asked_at": until.asked_at, "terms_due_at": until.due_at, "terms_remind_at": until.remind_at}


def _numbers(campaign: Campaign) -> dict[str, int]:
    tally = tally_of(campaign)
    return {each.name: getattr(tally, each.name) for each in fields(tally)}
