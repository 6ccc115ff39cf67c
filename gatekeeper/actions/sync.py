"""Verbs of the sync itself: pause it, let it go on, take up again what was parked. None of them calls the Hub."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.viewer import Viewer
from gatekeeper.models import HubAccess, PauseCause, Repository, RepositoryWish, SyncMark, SyncPause
from gatekeeper.models.hub_access import HubAccessQuerySet
from gatekeeper.models.sync import held_by, may_hold
from gatekeeper.models.sync_diff import what_waits
from gatekeeper.rules.lifecycle import NOT_YOURS
from gatekeeper.rules.refusals import Invalid, NotAllowed, Refusal, Unmet, WrongState
from gatekeeper.rules.refusals import gettext_noop as _

from ._step import acting, record
from .nudges import nudge

LONGEST_WORDS = 300

NO_WORDS = Refusal("words_missing", _("Say why: whoever comes next has to know whether it may go on."))
LONG_WORDS = Refusal("words_too_long", _("Say it in at most 300 characters."))
PAUSED = Refusal("already_paused", _("The sync is paused already."))
RUNNING = Refusal("not_paused", _("The sync is not paused."))
NOT_LOOKED_AT = Refusal(
    "diff_not_confirmed",
    _("The database may be older than what was done on the Hub. Look at what would be told, and name its digest."),
)
OTHER_DIFF = Refusal(
    "diff_changed", _("What would be told has changed since you looked at it. Look again, then name the new digest.")
)
NOT_READ = Refusal(
    "lists_not_read", _("The lists of this repository have not been read since the sync was paused. Wait for that.")
)


def pause(
    repository: Repository | None,
    *,
    by: Viewer,
    words: str = "",
    after_restore: bool = False,
    told_outside: int = 0,
    at: datetime | None = None,
) -> SyncPause:
    """Tell the Hub nothing more about a repository, or (None) about any; removals wait too, and reading goes on.

    After a restore it goes on only once somebody has named the digest of what would be told; `told_outside` is what is
    known outside of the database of how often the Hub was told. Raises NotAllowed, Invalid without words, WrongState.
    """
    _require(by, None if after_restore else repository)
    at = at or timezone.now()
    said = words.strip()
    wrong = NO_WORDS if not said and not after_restore else LONG_WORDS if len(said) > LONGEST_WORDS else None
    if wrong is not None:
        raise Invalid(wrong, {"words": wrong})
    with transaction.atomic():
        held, made = SyncPause.objects.get_or_create(
            repository=repository,
            cause=PauseCause.RESTORE if after_restore else PauseCause.BY_HAND,
            lifted_at=None,
            defaults={"words": said, "paused_at": at, "paused_by": acting(by), "told_outside": told_outside},
        )
        if not made:
            raise WrongState(PAUSED)
        _record("pause", held, by=by, at=at, cause=held.cause)
        if after_restore:  # nothing is known of the Hub as it is now
            linked = Repository.objects.linked() if repository is None else Repository.objects.filter(pk=repository.pk)
            linked.update(observe_due_at=at)
    return held


def resume(
    repository: Repository | None, *, by: Viewer, confirm: str = "", at: datetime | None = None
) -> list[SyncPause]:
    """Let the sync of a repository, or (None) of all, go on; returns the pauses that were lifted.

    After a restore `confirm` is the digest of what would be told (see models.sync_diff). Repositories whose lists could
    not be read since then stay paused, each by itself. Raises NotAllowed, Unmet, WrongState if it runs, or what would
    be told is something else by now.
    """
    _require(by, repository)
    at = at or timezone.now()
    with transaction.atomic():
        held = list(SyncPause.objects.open().of(repository).select_for_update(no_key=True).order_by("pk"))
        if not held:
            raise WrongState(RUNNING)
        for one in held:
            if one.after_restore:
                _confirm(one, by=by, confirm=confirm, at=at)
            one.lifted_at, one.lifted_by = at, acting(by)
            one.save(update_fields=["lifted_at", "lifted_by", "confirmed"])
            _record("resume", one, by=by, at=at, cause=one.cause, confirmed=one.confirmed)
        nudge("settle")
    return held


def _confirm(held: SyncPause, *, by: Viewer, confirm: str, at: datetime) -> None:
    _require(by, None)
    diff = what_waits(held)
    if held.repository is not None and diff.unread:
        raise Unmet(NOT_READ)
    if not confirm.strip():
        raise Unmet(NOT_LOOKED_AT)
    if confirm.strip() != diff.digest:
        raise WrongState(OTHER_DIFF)
    held.confirmed = diff.digest
    already = set(SyncPause.objects.open().filter(cause=PauseCause.RESTORE).values_list("repository", flat=True))
    for unread in diff.unread:
        if unread.pk not in already:
            pause(unread, by=by, after_restore=True, told_outside=held.told_outside, at=at)
    mark = SyncMark.objects.current()
    if mark.told < held.told_outside:
        # From here on this database counts on from where the other one had come to.
        SyncMark.objects.filter(pk=mark.pk, told__lt=held.told_outside).update(told=held.told_outside)


def _record(action: str, held: SyncPause, *, by: Viewer, at: datetime, **values: Any) -> None:
    values = {name: value for name, value in values.items() if value} | {"pause": held.pk}
    about = (f"sync.{action}", held) if held.repository is None else (f"repository.{action}_sync", held.repository)
    record([(*about, values)], by=acting(by), at=at)


def take_up_again_one(row: HubAccess, *, by: Viewer, at: datetime | None = None) -> int:
    """Try again what was parked about one person at one repository; returns 1, or 0 where it was not parked any more.

    For stewards, owners and operators, as for a whole repository. Raises NotAllowed.
    """
    _require(by, row.repository)
    if not row.parked_reason:
        return 0
    return _take_up(HubAccess.objects.filter(pk=row.pk), reason=row.parked_reason, by=by, at=at or timezone.now())


def take_up_again_all(
    reason: str, *, by: Viewer, repository: Repository | None = None, at: datetime | None = None
) -> int:
    """Try again all that was parked for one reason, at one repository or wherever the viewer may; returns how much.

    Repositories that were stopped for it are read again too. What still fails parks again. Raises NotAllowed.
    """
    if repository is not None:
        _require(by, repository)
    acting(by)
    at = at or timezone.now()
    places = held_by(by) if repository is None else Repository.objects.filter(pk=repository.pk)
    again: dict[str, Any] = {"parked_reason": "", "attempts": 0, "due_at": at}
    with transaction.atomic():
        freed = _take_up(HubAccess.objects.filter(repository__in=places), reason=reason, by=by, at=at)
        freed += RepositoryWish.objects.filter(repository__in=places, parked_reason=reason).update(**again)
        stopped = list(places.linked().filter(parked_reason=reason).select_for_update(no_key=True).order_by("pk"))
        Repository.objects.filter(pk__in=[each.pk for each in stopped]).update(
            parked_reason="", observe_attempts=0, observe_due_at=at
        )
        _record_taken_up([(each, 1) for each in stopped], reason=reason, by=by, at=at)
    return freed + len(stopped)


def _require(by: Viewer, repository: Repository | None) -> None:
    acting(by)
    if not may_hold(by, repository):
        raise NotAllowed(NOT_YOURS)


def _take_up(rows: HubAccessQuerySet, *, reason: str, by: Viewer, at: datetime) -> int:
    with transaction.atomic():
        parked = rows.filter(parked_reason=reason).exclude(parked_reason="").select_for_update(no_key=True)
        locked = dict(parked.order_by("pk").values_list("pk", "repository"))
        HubAccess.objects.filter(pk__in=list(locked)).update(parked_reason="", attempts=0, due_at=at)
        counted = Counter(locked.values())
        places = Repository.objects.in_bulk(list(counted))
        _record_taken_up([(places[pk], number) for pk, number in counted.items()], reason=reason, by=by, at=at)
        nudge("settle")
    return len(locked)


def _record_taken_up(places: list[tuple[Repository, int]], *, reason: str, by: Viewer, at: datetime) -> None:
    record(
        [("repository.take_up_again", place, {"rows": rows, "reason": reason}) for place, rows in places],
        by=acting(by),
        at=at,
    )
