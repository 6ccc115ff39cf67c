"""How many calls a Hub token has left: one bucket per person of the Hub and kind of call, shared by all workers.

Nobody waits here. A call for which nothing is left raises HubError("later") with the time to come back; removals may
use the last call, other changes stop a little before, reading lists stops first. The numbers are in bucket.py; this
keeps them in Valkey, and reads and changes them by its clock: one that was changed meanwhile is read again. While it is
away each process counts for itself, and asks for little.
"""

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from django.conf import settings
from redis.exceptions import RedisError

from accounts.ciphers import fingerprint
from gatekeeper import valkey

from . import bucket as buckets
from .bucket import Bucket, Said
from .port import HubError, Need, Word

ALONE_A_MINUTE = {Need.REMOVE: 60, Need.TELL: 40, Need.READ: 20}
AWAY = (RedisError, OSError)
KEPT = 86_400_000  # milliseconds that the quota of a token is remembered after its last call
TRIES = 100
KINDS = ("api", "resolvers", "pages")

T = TypeVar("T")

# KEYS: whose token it is. ARGV: the bucket of the token, that of a person without the person, the person if known.
READ = """
local owner = redis.call('GET', KEYS[1])
if ARGV[3] ~= '' and owner ~= ARGV[3] then
  owner = ARGV[3]
  redis.call('SET', KEYS[1], owner, 'PX', ARGV[4])
end
local key = owner and ARGV[2] .. owner or ARGV[1]
local now = redis.call('TIME')
return {key, redis.call('GET', key) or '', now[1] .. '.' .. string.format('%06d', now[2])}
"""
WRITE = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a bucket: a token's fingerprint, the kind of calls, and the Hub id of whose token it is, if known."""

    token: str
    kind: str = "api"
    owner: str = ""


def name_of(token: str, kind: str = "api", *, owner: str = "") -> Name:
    """Return the name of a token's bucket, from which the token cannot be told."""
    return Name(fingerprint(token), kind, owner)


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was taken out of a bucket, and when, by this process's own clock."""

    name: Name
    number: str
    begun: float


def spend(name: Name, need: Need) -> Call:
    """Take one call out of a bucket. Raises HubError("later", "budget") when none is left for this need."""
    call = Call(name, secrets.token_hex(6), time.monotonic())

    def take(bucket: Bucket, now: float) -> tuple[Bucket, float | None]:
        seconds = buckets.wait(bucket, now, need)
        if seconds:
            return bucket, seconds
        # Who died in between, or was not answered, is counted on for as long as a call can last.
        return buckets.taken(bucket, call.number, until=now + 2 * settings.HUB_CALL_TIMEOUT), 0.0

    seconds = _changed(name, take, otherwise=None)
    if seconds is None:
        _spend_alone(name, need)
    elif seconds:
        raise HubError(Word.LATER, "budget", retry_after=seconds)
    return call


def answered(call: Call, said: Said | None, *, kind: str = "") -> None:
    """Write down what an answer to this call says is left of calls of a kind. Without Valkey it is forgotten."""
    _take_in(call, said, kind, again_in=None)


def refused(call: Call, said: Said | None, *, again_in: float, kind: str = "") -> None:
    """Empty the bucket after a 429, for so many seconds, and until its window ends where the Hub says when."""
    if not _take_in(call, said, kind, again_in=again_in):
        _closed[call.name.token] = time.monotonic() + again_in


def _take_in(call: Call, said: Said | None, kind: str, *, again_in: float | None) -> bool:
    """Change the bucket that a call was taken out of, and the one that the Hub counts it in; False without Valkey."""
    took = time.monotonic() - call.begun
    elsewhere = kind in KINDS and kind != call.name.kind
    known = _hear(call.name, call, None if elsewhere else said, took, again_in)
    return _hear(replace(call.name, kind=kind), call, said, took, again_in) if elsewhere else known


def _hear(name: Name, call: Call, said: Said | None, took: float, again_in: float | None) -> bool:
    def change(bucket: Bucket, now: float) -> tuple[Bucket, bool]:
        if again_in is None:
            return buckets.answered(bucket, call.number, said, now=now, took=took), True
        return buckets.refused(bucket, call.number, said, now=now, took=took, again_in=again_in), True

    return _changed(name, change, otherwise=False)


def not_sent(call: Call) -> None:
    """Put a call back that never left."""
    _changed(call.name, lambda bucket, _now: (buckets.given_back(bucket, call.number), None), otherwise=None)


def belongs(token: str, owner: str) -> None:
    """Remember whose token it is: the Hub counts the calls of one person together, whichever token made them."""
    if not owner:
        return
    names = [name_of(token, kind) for kind in KINDS]
    for name, before in zip(names, _read(names), strict=True):
        if before is not None:
            _join(replace(name, owner=owner), before[0])


def _join(name: Name, other: Bucket) -> None:
    _changed(name, lambda bucket, _now: (buckets.joined(bucket, other), None), otherwise=None)


def close(name: Name, seconds: float) -> None:
    """Let no call be made for so many seconds."""
    refused(Call(name, "", time.monotonic()), None, again_in=seconds)


def wait_of(name: Name, need: Need) -> float:
    """Return in how many seconds a call may be made for this need; 0 for now, or where nothing is known."""
    [found] = _read([name])
    return 0.0 if found is None else buckets.wait(*found, need=need)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many calls of how many are left, until the window ends."""

    left: int
    quota: int
    until: datetime


def standing(names: Sequence[Name]) -> dict[Name, Standing]:
    """Return how buckets stand, for the operator; those of which the Hub has said nothing are left out."""
    found = {}
    for name, read in zip(names, _read(names), strict=True):
        if read is None:
            continue
        bucket, now = read
        closed = now < bucket.closed_until
        if bucket.told or closed:
            until = datetime.fromtimestamp(bucket.closed_until if closed else bucket.ends_by, UTC)
            found[name] = Standing(0 if closed else max(bucket.left, 0), bucket.quota, until)
    return found


# Where they are kept


def _without_servers() -> bool:
    return "LOCATION" not in settings.CACHES["default"]


def _changed(name: Name, change: Callable[[Bucket, float], tuple[Bucket, T]], *, otherwise: T) -> T:
    """Change a bucket in one step, however many do so at once; return what else `change` returned.

    `otherwise` is returned while Valkey is away.
    """
    if _without_servers():
        return _changed_here(name, change)
    return valkey.asked(lambda server: _changed_there(server, name, change), otherwise)


def _changed_there(server: Any, name: Name, change: Callable[[Bucket, float], tuple[Bucket, T]]) -> T:
    read, write = _scripts(server)
    for _try in range(TRIES):
        key, kept, clock = read(**_asking(name))
        now = float(clock)
        bucket, answer = change(buckets.at(_opened(kept), now), now)
        text = bucket.to_text()
        if text == kept or write(keys=[key], args=[kept, text, KEPT]):
            return answer
    raise HubError(Word.LATER, "budget", retry_after=1.0)


def _read(names: Sequence[Name]) -> list[tuple[Bucket, float] | None]:
    """Return each bucket as it stands now, and the time by its clock; None for all while Valkey is away."""
    if _without_servers():
        return [(buckets.at(_here.get(name), time.time()), time.time()) for name in names]

    def ask(server: Any) -> list[tuple[Bucket, float] | None]:
        with server.pipeline(transaction=False) as together:
            for name in names:
                _scripts(server)[0](client=together, **_asking(name))
            return [(buckets.at(_opened(kept), float(now)), float(now)) for _key, kept, now in together.execute()]

    return valkey.asked(ask, [None] * len(names))


def _asking(name: Name) -> dict[str, list[Any]]:
    prefix = valkey.key("hub-budget")
    of_token, of_person = f"{prefix}:{name.kind}:token:{name.token}", f"{prefix}:{name.kind}:person:"
    return {"keys": [f"{prefix}:whose:{name.token}"], "args": [of_token, of_person, name.owner, KEPT]}


def _opened(kept: str) -> Bucket | None:
    try:
        return Bucket.from_text(kept) if kept else None
    except (ValueError, TypeError, KeyError):  # written by another release: the Hub will say it again
        return None


@cache
def _scripts(server: Any) -> tuple[Any, Any]:
    return server.register_script(READ), server.register_script(WRITE)


# Without servers, as a command that needs none


_here: dict[Name, Bucket] = {}
_lock = threading.Lock()


def _changed_here(name: Name, change: Callable[[Bucket, float], tuple[Bucket, T]]) -> T:
    with _lock:
        now = time.time()
        _here[name], answer = change(buckets.at(_here.get(name), now), now)
    return answer


# While Valkey is away

_alone: deque[float] = deque()
_closed: dict[str, float] = {}


def _spend_alone(name: Name, need: Need) -> None:
    now = time.monotonic()
    closed = _closed.get(name.token, 0.0)
    if now < closed:
        raise HubError(Word.LATER, "budget", retry_after=closed - now)
    while _alone and _alone[0] < now - 60:
        _alone.popleft()
    if len(_alone) >= ALONE_A_MINUTE[need]:
        raise HubError(Word.LATER, "budget", retry_after=10.0)
    _alone.append(now)
