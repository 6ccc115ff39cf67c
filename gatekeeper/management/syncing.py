"""The operator's console from a shell: how things stand, pause and resume, try again, and what would be told."""

import json
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from accounts.models import User
from accounts.viewer import Viewer
from gatekeeper import alarms
from gatekeeper.actions import sync
from gatekeeper.console import Row, console_of
from gatekeeper.hub import marks, observe, parked
from gatekeeper.models import Repository, SyncPause
from gatekeeper.models.sync_diff import Change, Diff, diff_of, what_waits
from gatekeeper.rules.refusals import Refused

Write = Callable[[str], Any]

AT_ONCE = 200
NAMED = 20


def add_commands(commands: Any) -> None:
    """Add the subcommands of the sync to those of `hub`."""
    status = _command(commands, "status", "say how the sync stands: due, told, parked, paused")
    status.add_argument("--json", action="store_true", dest="as_json", help="as one JSON object")
    pause = _command(commands, "pause", "tell the Hub nothing more; removals wait too, and reading goes on")
    pause.add_argument("--why", default="", metavar="WORDS", help="for whoever comes next")
    pause.add_argument(
        "--after-restore", action="store_true", help="the database was restored: it goes on only with --confirm"
    )
    resume = _command(commands, "resume", "let the sync go on")
    resume.add_argument("--confirm", default="", metavar="DIGEST", help="after a restore: what `hub diff` printed")
    for each in (pause, resume):
        each.add_argument("--by", default="", metavar="USER", help="whose act it is (default: the service itself)")
    redrive = _command(commands, "redrive", "try again what was parked")
    redrive.add_argument("--reason", default="", help="only what was parked for this reason")
    diff = _command(commands, "diff", "read the lists and say what would be told; writes nothing to the Hub")
    diff.add_argument("--no-read", action="store_true", help="say it from what was read last")
    diff.add_argument("--json", action="store_true", dest="as_json", help="as one JSON object")


def _command(commands: Any, name: str, words: str) -> ArgumentParser:
    command: ArgumentParser = commands.add_parser(name, help=words)
    command.add_argument("name", metavar="OWNER/NAME", nargs="?", default="", help="only this repository")
    return command


def run(what: str, write: Write, *, name: str, **options: Any) -> None:
    """Run one of the subcommands of the sync. Raises CommandError where it is refused."""
    repository = _find(name) if name else None
    try:
        DOES[what](write, repository, **options)
    except Refused as refused:
        raise CommandError(str(refused)) from refused


def _find(name: str) -> Repository:
    found = Repository.objects.linked().select_related("publisher", "token").filter(name__iexact=name).first()
    if found is None:
        raise CommandError(f"{name} is not linked.")
    return found


def _who(name: str) -> Viewer:
    """Return who acts: the account of this name, else the service itself, since whoever has this shell has it all."""
    if not name:
        return Viewer.system("hub")
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"There is no account of the name {name}.")
    return Viewer.of(user)


# Status


def _status(write: Write, repository: Repository | None, *, as_json: bool, **_options: Any) -> None:
    stands = alarms.standing(fresh=True)
    everywhere = list(SyncPause.objects.open().of(None).select_related("paused_by").order_by("pk"))
    rows = list(_rows(repository))
    if as_json:
        found = {**asdict(stands.alarms), "cache_away": stands.cache_away, "worker_missing": stands.worker_missing}
        write(json.dumps({**found, "repositories": [_as_json(row) for row in rows]}, default=str, indent=2))
        return
    seen = stands.alarms.worker_seen
    missing = " (MISSING)" if stands.worker_missing else ""
    write(f"Workers: {'last seen ' + _time(seen) if seen else 'never seen'}{missing}")
    write(f"Cache: {'AWAY' if stands.cache_away else 'there'}")
    since = stands.alarms.hub_away_since
    write(f"Hub: {'AWAY since ' + _time(since) if since else 'there'}")
    for pause in everywhere:
        write(f"Sync: PAUSED everywhere since {_time(pause.paused_at)} ({pause.cause}) {pause.words}".rstrip())
    for row in rows:
        write(_line(row))
    if not rows:
        write("No repository is linked.")


def _rows(repository: Repository | None) -> Iterator[Row]:
    linked = Repository.objects.linked().select_related("token", "publisher").order_by("pk")
    if repository is not None:
        linked = linked.filter(pk=repository.pk)
    last = 0
    while page := list(linked.filter(pk__gt=last)[:AT_ONCE]):
        last = page[-1].pk
        yield from console_of(page).rows


def _line(row: Row) -> str:
    counts, place = row.counts, row.repository
    more = "+" if counts.more else ""
    parts = [
        f"{place.name}: due {counts.due}{more}, told {counts.told}{more}, confirmed {counts.confirmed}{more}, "
        f"parked {counts.parked}{more}, removals waiting {counts.removals}{more}"
    ]
    if counts.oldest_due:
        parts.append(f"oldest due {_time(counts.oldest_due)}")
    parts.append(f"read {_time(place.observed_at) if place.observed_at else 'never'}")
    if row.budget is not None:
        parts.append(f"{row.budget.left} of {row.budget.quota} calls left until {row.budget.until:%H:%M:%S} UTC")
    if place.failure:
        parts.append(f"reading FAILS: {place.failure}")
    if place.parked_reason:
        parts.append(f"STOPPED: {place.parked_reason}")
    parts += [f"PAUSED ({pause.cause}) {pause.words}".rstrip() for pause in row.pauses]
    return "; ".join(parts)


def _as_json(row: Row) -> dict[str, Any]:
    place = row.repository
    return {
        "name": place.name,
        **asdict(row.counts),
        "observed_at": place.observed_at,
        "failure": place.failure,
        "parked_reason": place.parked_reason,
        "token": row.token.fingerprint if row.token else None,
        "budget": asdict(row.budget) if row.budget else None,
        "paused": [pause.cause for pause in row.pauses],
    }


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


# Pause, resume, redrive


def _pause(
    write: Write, repository: Repository | None, *, why: str, after_restore: bool, by: str, **_options: Any
) -> None:
    who = _who(by)
    if after_restore and repository is None:
        marks.pause_after_restore(by=who, words=why)
    else:
        sync.pause(repository, by=who, words=why, after_restore=after_restore)
    alarms.forget()
    write(f"Paused: {repository.name if repository else 'everything'}. Removals wait too; reading goes on.")
    if after_restore:
        write(
            "Look at what would be told with `manage.py hub diff`, then name its digest: `hub resume --confirm DIGEST`."
        )


def _resume(write: Write, repository: Repository | None, *, confirm: str, by: str, **_options: Any) -> None:
    sync.resume(repository, by=_who(by), confirm=confirm)
    alarms.forget()
    write(f"Goes on: {repository.name if repository else 'everything'}.")
    for pause in SyncPause.objects.open().filter(repository__isnull=False).select_related("repository").order_by("pk"):
        assert pause.repository is not None
        write(f"Still paused by itself: {pause.repository.name} ({pause.cause}).")


def _redrive(write: Write, repository: Repository | None, *, reason: str, **_options: Any) -> None:
    if reason:
        tried = sync.take_up_again_all(reason, by=Viewer.system("hub"), repository=repository)
    else:
        tried = parked.take_up_again(repository)
    write(f"{tried} parked rows are tried again.")


# Diff


def _diff(write: Write, repository: Repository | None, *, no_read: bool, as_json: bool, **_options: Any) -> None:
    begun = timezone.now()
    if not no_read:
        _read(repository, begun=begun, write=(lambda line: None) if as_json else write)
    held = SyncPause.objects.open().of(repository).order_by("-cause").first()
    if held is not None:
        diff = what_waits(held, most=NAMED)
    else:
        diff = diff_of(repository, since=None if no_read else begun, most=NAMED)
    if as_json:
        write(json.dumps(_diff_as_json(diff), indent=2))
    else:
        _say(write, diff)


def _read(repository: Repository | None, *, begun: datetime, write: Write) -> None:
    """Read the lists of the linked repositories; one that a worker reads at this moment is waited for."""
    linked = Repository.objects.linked().order_by("pk")
    if repository is not None:
        linked = linked.filter(pk=repository.pk)
    for pk, name in list(linked.values_list("pk", "name")):
        for _second in range(60):
            observe.observe(pk)
            found = Repository.objects.get(pk=pk)
            if found.failure or (found.observed_at is not None and found.observed_at >= begun):
                break
            time.sleep(1)
        write(f"{name}: {'cannot be read: ' + found.failure if found.failure else 'read'}")


def _say(write: Write, diff: Diff) -> None:
    for change, number, words in (
        (Change.ACCEPTED, diff.accepted, "would be accepted"),
        (Change.REMOVED, diff.removed, "would lose access"),
        (Change.CLOSED, diff.closed, "would have a request closed that gives no access"),
    ):
        write(f"{number} {words}.")
        for row in diff.people.get(change, []):
            write(f"    {row.person.username or row.person.hub_user_id} at {row.repository.name} (seen: {row.seen})")
        if number > NAMED:
            write(f"    … and {number - NAMED} more")
    write(f"{diff.gates} gates or cards would be written.")
    if diff.drift:
        write(f"{diff.drift} findings stand in the drift inbox: nothing is told about them by itself.")
    for each in diff.unread:
        write(f"Not read: {each.name} {each.failure}".rstrip())
    write(f"Digest: {diff.digest}")
    write("Nothing was told to the Hub.")


def _diff_as_json(diff: Diff) -> dict[str, Any]:
    return {
        "digest": diff.digest,
        "accepted": diff.accepted,
        "removed": diff.removed,
        "closed": diff.closed,
        "gates": diff.gates,
        "drift": diff.drift,
        "unread": [each.name for each in diff.unread],
        "people": [
            {"change": change, "person": row.person.username, "repository": row.repository.name, "seen": row.seen}
            for change, rows in diff.people.items()
            for row in rows
        ],
    }


DOES: dict[str, Callable[..., None]] = {
    "status": _status,
    "pause": _pause,
    "resume": _resume,
    "redrive": _redrive,
    "diff": _diff,
}
