"""Whether this database is older than what was done with it, as it is after a restore.

How often the Hub was told something is counted in the database, and kept outside of it: in Valkey, and in a file of the
data folder. Where the outside knows of more, or (both being there to ask) of nothing at all, nothing is told until
somebody has looked at what would be: an old backup must not accept again whom somebody has removed since.
"""

import fcntl
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import structlog
from django.conf import settings
from django.core.cache import cache

from accounts.viewer import Viewer
from gatekeeper import valkey
from gatekeeper.actions import sync
from gatekeeper.models import PauseCause, Repository, SyncMark, SyncPause
from gatekeeper.rules.refusals import WrongState

from .port import HubError, Word

log = structlog.get_logger(__name__)

FILE = "sync-mark"
KEY = "sync-marks"
AWAY = -1


def pause_if_restored() -> None:
    """Pause the sync where this database is older than what is known outside of it."""
    mark = SyncMark.objects.current()
    outside = _kept(mark.installation)
    if outside is None and mark.told:
        _pause(mark, outside=mark.told, why="no mark is kept outside")
    elif outside is not None and outside > mark.told and outside > SyncMark.objects.current().told:
        _pause(mark, outside=outside, why="the mark outside is higher")


def count(repository: Repository) -> None:
    """Count that the Hub is told something now, the last thing before it is.

    Raises HubError("later") where the sync was paused since this was taken up, or the database turns out to be
    restored. What is outside is read first: it was in the database before it was there.
    """
    if SyncPause.objects.holding(repository).exists():
        raise HubError(Word.LATER, "paused")
    outside = _kept(SyncMark.objects.current().installation)
    mark = SyncMark.objects.raised()
    if outside is not None and outside >= mark.told:
        _pause(mark, outside=outside, why="the mark outside is higher")
        raise HubError(Word.LATER, "paused")
    _keep(mark.installation, mark.told)


def pause_after_restore(*, by: Viewer, words: str = "") -> SyncPause:
    """Pause the sync because somebody says that the database was restored. Raises Refused."""
    mark = SyncMark.objects.current()
    outside = _kept(mark.installation) or 0
    held = sync.pause(None, by=by, words=words, after_restore=True, told_outside=max(outside, mark.told))
    _forget_places()
    return held


def _pause(mark: SyncMark, *, outside: int, why: str) -> None:
    if SyncPause.objects.open().filter(repository=None, cause=PauseCause.RESTORE).exists():
        return
    with suppress(WrongState):  # another worker was faster
        sync.pause(None, by=Viewer.system("hub"), after_restore=True, told_outside=outside)
        log.warning("sync paused", why=why, told=mark.told, outside=outside)
    _keep(mark.installation, outside)
    _forget_places()


def place_of(repository_id: int) -> str:
    """Return the name under which it is kept where a reading of a repository's lists stands."""
    return f"hub-observe:{repository_id}"


def _forget_places() -> None:
    """Forget where readings stood: their numbers are given out again, and their rows are gone."""
    with suppress(*valkey.AWAY):
        cache.delete_many([place_of(pk) for pk in Repository.objects.linked().values_list("pk", flat=True)])


def _kept(installation: UUID) -> int | None:
    """Return the highest count known outside; None where both places were asked and neither has one."""
    name = str(installation)
    in_valkey = valkey.asked(lambda server: server.zscore(valkey.key(KEY), name), AWAY)
    in_file = _read(name)
    known = [int(each) for each in (in_valkey, in_file) if each is not None]
    return max(known, default=None)


def _keep(installation: UUID, told: int) -> None:
    name = str(installation)
    valkey.asked(lambda server: server.zadd(valkey.key(KEY), {name: told}, gt=True), None)
    with suppress(OSError):  # a data folder that nobody may write to keeps nothing
        _write(name, told)


def _path() -> Path:
    return Path(settings.GATEKEEPER_DATA) / FILE


def _read(name: str) -> int | None:
    with suppress(OSError, ValueError):
        installation, told = _path().read_text(encoding="ascii").split()
        return int(told) if installation == name else None
    return None


def _write(name: str, told: int) -> None:
    """Write the count of an installation over what stands there, unless the file knows of more."""
    path = _path()
    path.touch(mode=0o600)
    with path.open("r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if (_read(name) or 0) < told:
            file.write(f"{name} {told:020d}\n")  # always as long: no reader ever finds half of it
