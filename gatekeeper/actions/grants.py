"""Verbs of grants: give, bring in, activate, suspend, reinstate, revoke, relinquish, expire. Each renews the wish."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import HubPerson, User
from accounts.viewer import Viewer
from gatekeeper.models import Acceptance, Decision, Grant, Outcome, Purpose, Stage
from gatekeeper.models.policies import current_policies
from gatekeeper.rules.access import Closing
from gatekeeper.rules.deadlines import deadline
from gatekeeper.rules.statuses import GrantStatus, Role, StageStatus

from ._step import Moved, acting, days_after, record, step, tell, write_texts
from ._wishes import wish_access
from .releases import STEWARDS, require
from .words import readable

IMPORTERS = STEWARDS | {Role.HUB, Role.CLOCK}


def give_grants(moved: Moved, decisions: Sequence[Decision], *, conditions: Sequence[str] = ()) -> list[Grant]:
    """Make the grants of approved cases, waiting for the Hub; part of the deciding transaction."""
    cases = moved.rows
    policies = current_policies([case.stage for case in cases])
    accepted: dict[tuple[int, int], Acceptance] = {}
    for acceptance in Acceptance.objects.filter(
        person__in={case.person_id for case in cases},
        licence_version__in={policy.licence_version_id for policy in policies.values()},
    ).order_by("pk"):
        accepted[(acceptance.person_id, acceptance.licence_version_id)] = acceptance
    grants = Grant.objects.bulk_create(
        [
            Grant(
                stage=case.stage,
                person=case.person,
                request=case,
                decision=decision,
                acceptance=accepted[(case.person_id, policies[case.stage_id].licence_version_id)],
                status=GrantStatus.PENDING_ACTIVATION,
                status_at=moved.at,
                created_at=moved.at,
                ends_at=days_after(moved.at, policies[case.stage_id].term("duration_days")),
                conditions=[*policies[case.stage_id].term("conditions"), *conditions],
            )
            for case, decision in zip(cases, decisions, strict=True)
        ],
        batch_size=1_000,
    )
    for case, grant in zip(cases, grants, strict=True):
        moved.note(case, grant=grant.pk)
    moved.wish(closing=None, cause="approved")
    return grants


def bring_in_all(
    stage: Stage,
    people: Iterable[HubPerson],
    *,
    by: Viewer,
    basis: Mapping[int, Mapping[str, Any]] | None = None,
    imported_by: User | None = None,
    at: datetime | None = None,
) -> list[Grant]:
    """Bring in people who were accepted on the Hub already, as imported grants with their terms unproven.

    Nothing is written to the Hub: it says yes already. People who hold a live grant of the stage are left out, and a
    stage that is paused, closed or stopped takes nobody. `basis` says, by the person's id, what an import rests on
    (ids, dates and digests, for the record); `imported_by` is who brought them in, where another acts for them now.
    Raises NotAllowed unless a steward or the Hub's worker asks.
    """
    require(by, stage.publisher_id, IMPORTERS)
    at, accepted = at or timezone.now(), {person.pk: person for person in people}
    with transaction.atomic():
        locked = Stage.objects.select_for_update(no_key=True, of=("self",)).select_related("release").get(pk=stage.pk)
        policy = locked.policy
        if policy is None or locked.status in (StageStatus.PAUSED, StageStatus.CLOSED):
            return []
        if Stage.objects.stopped().filter(pk=locked.pk).exists():
            return []
        holding = set(Grant.objects.live().filter(stage=locked, person__in=accepted).values_list("person", flat=True))
        days = locked.imported_terms_days
        asked = None if days is None else deadline(at, days)
        grants = Grant.objects.bulk_create(
            [
                Grant(
                    stage=locked,
                    person=person,
                    imported_by=imported_by or acting(by),
                    status=GrantStatus.PENDING_ACTIVATION,
                    status_at=at,
                    created_at=at,
                    ends_at=days_after(at, policy.term("duration_days")),
                    terms_asked_at=asked.asked_at if asked else None,
                    terms_due_at=asked.due_at if asked else None,
                    terms_remind_at=asked.remind_at if asked else None,
                )
                for person in accepted.values()
                if person.pk not in holding
            ],
            batch_size=1_000,
        )
        wish_access(((locked.pk, grant.person_id) for grant in grants), closing=None, cause="brought_in", at=at)
        known = basis or {}
        record(
            (("grant.bring_in", grant, dict(known.get(grant.person_id, {}))) for grant in grants), by=acting(by), at=at
        )
        if asked:
            asked_by = asked.due_at.isoformat()
            tell(((accepted[grant.person_id].user, "terms_asked", grant) for grant in grants), at=at, by=asked_by)
    return grants


def activate_all(grants: Iterable[Grant], *, at: datetime | None = None) -> list[Grant]:
    """Say that grants are active, after the Hub was read back as accepting their people at every repository."""
    with step("grant", "activate", grants, by=Viewer.system("hub"), at=at) as moved:
        Grant.objects.filter(pk__in=[grant.pk for grant in moved.rows], activated_at=None).update(activated_at=moved.at)
        tell(((grant.person.user, "access_confirmed", grant) for grant in moved.rows), at=moved.at)
    return moved.rows


def activate_confirmed(*, limit: int = 500, at: datetime | None = None) -> int:
    """Activate the grants whose every repository was read back; returns how many. For workers, after each reading."""
    with transaction.atomic():
        ready = Grant.objects.to_activate().order_by("pk")[:limit].values_list("pk", "stage")
        found = dict(ready)
        if not found:
            return 0
        # The question is asked again under the locks: a grant may have been revoked, or its wish renewed, meanwhile.
        locking = Stage.objects.select_for_update(no_key=True).filter(pk__in=set(found.values()))
        list(locking.order_by("pk").values_list("pk"))
        grants = Grant.objects.filter(pk__in=found).order_by("pk")
        list(grants.select_for_update(no_key=True).values_list("pk"))
        still = list(grants.to_activate().only("pk"))
        return len(activate_all(still, at=at)) if still else 0


def suspend_all(
    grants: Iterable[Grant], *, by: Viewer, words: str = "", cause: str = "suspended", at: datetime | None = None
) -> list[Grant]:
    """Suspend grants: from this transaction on the Hub should say pending.

    What has lapsed does not come back by accepting any more: people reinstate it.
    """
    words = readable(words) if words.strip() else ""
    with step("grant", "suspend", grants, by=by, at=at) as moved:
        lapsed = Grant.objects.filter(pk__in=[grant.pk for grant in moved.rows], lapsed_at__isnull=False)
        lapsed.update(lapsed_at=None)
        for grant in moved.rows:
            grant.lapsed_at = None
        moved.wish(closing=Closing.PENDING, cause=cause)
        tell(((grant.person.user, "access_suspended", grant) for grant in moved.rows), at=moved.at)
        if words:
            texts = write_texts(((grant.person, Purpose.WORDS, words) for grant in moved.rows), at=moved.at)
            for grant, text in zip(moved.rows, texts, strict=True):
                moved.note(grant, words=text.pk, words_digest=text.digest)
    return moved.rows


def suspend(grant: Grant, *, by: Viewer, words: str = "", at: datetime | None = None) -> Grant:
    """Suspend one grant: see suspend_all."""
    return suspend_all([grant], by=by, words=words, at=at)[0]


def stop_all(grants: Iterable[Grant], *, procedure: int, at: datetime | None = None) -> list[Grant]:
    """Suspend grants whose stage an emergency stop holds, by the id of the stop; otherwise as suspend_all does."""
    with step("grant", "stop", grants, by=Viewer.system("clock"), at=at) as moved:
        moved.wish(closing=Closing.PENDING, cause="stopped")
        tell(((grant.person.user, "access_suspended", grant) for grant in moved.rows), at=moved.at)
        for grant in moved.rows:
            moved.note(grant, procedure=procedure)
    return moved.rows


def give_back_all(grants: Iterable[Grant], *, procedure: int, at: datetime | None = None) -> list[Grant]:
    """Give back what an emergency stop has suspended, now that it is lifted; it counts once the Hub was read back."""
    with step("grant", "give_back", grants, by=Viewer.system("clock"), at=at) as moved:
        moved.wish(closing=None, cause="reinstated")
        for grant in moved.rows:
            moved.note(grant, procedure=procedure)
    return moved.rows


def reinstate(grant: Grant, *, by: Viewer, at: datetime | None = None) -> Grant:
    """Give suspended access back; it counts again only when the Hub was read back."""
    with step("grant", "reinstate", [grant], by=by, at=at) as moved:
        Grant.objects.filter(pk=moved.rows[0].pk).update(lapsed_at=None)
        moved.wish(closing=None, cause="reinstated")
    return moved.rows[0]


def revoke(grant: Grant, *, by: Viewer, codes: Sequence[str], words: str, at: datetime | None = None) -> Grant:
    """End access for cause, with a decision; the Hub request is rejected."""
    from .decisions import REDRESS, check_codes

    words = readable(words)
    with step("grant", "revoke", [grant], by=by, at=at) as moved:
        [row] = moved.rows
        policy = current_policies([row.stage])[row.stage_id]
        codes = check_codes(Outcome.REVOKED, policy, codes)
        [text] = write_texts([(row.person, Purpose.WORDS, words)], at=moved.at)
        decision = Decision.objects.create(
            grant=row,
            request_id=row.request_id,
            policy=policy,
            outcome=Outcome.REVOKED,
            reason_codes=codes,
            words_id=text.pk,
            words_digest=text.digest,
            redress=REDRESS[Outcome.REVOKED],
            decided_by=moved.actor,
            decided_at=moved.at,
        )
        moved.note(row, decision=decision.pk, codes=codes, words_digest=text.digest)
        moved.wish(closing=Closing.REJECTED, cause="revoked")
        tell([(row.person.user, "access_revoked", row)], at=moved.at)
    return row


def relinquish(grant: Grant, *, by: Viewer, at: datetime | None = None) -> Grant:
    """Give one's own access back; the Hub request is reset, so that one may ask again."""
    with step("grant", "relinquish", [grant], by=by, at=at) as moved:
        moved.wish(closing=Closing.RESET, cause="relinquished")
    return moved.rows[0]


def erase_all(grants: Iterable[Grant], *, at: datetime | None = None) -> list[Grant]:
    """End grants whose person's data is erased; their Hub requests are reset. Part of that step."""
    with step("grant", "erase", grants, by=Viewer.system("clock"), at=at) as moved:
        moved.wish(closing=Closing.RESET, cause="erased")
    return moved.rows


def expire_all(grants: Iterable[Grant], *, at: datetime | None = None) -> list[Grant]:
    """Expire grants whose end has come; their Hub requests are reset."""
    with step("grant", "expire", grants, by=Viewer.system("clock"), at=at) as moved:
        moved.wish(closing=Closing.RESET, cause="expired")
        tell(((grant.person.user, "access_expired", grant) for grant in moved.rows), at=moved.at)
    return moved.rows
