"""What is left of a token's calls, as numbers: what the Hub said, what was sent since, and when the window ends.

The Hub counts in fixed windows and says with each answer how many calls are left and in how many whole seconds the
window ends. Answers arrive late and out of order. So of the end two bounds are kept, never a guess; an answer that
belongs to an earlier window is passed over; and within a window what is left never rises. Everything here is a pure
function of a bucket and the time, in seconds of whatever clock its keeper has.
"""

import json
from dataclasses import asdict, dataclass, replace

from .port import Need

# What is believed of a token that the Hub has not said anything about: the quota of a free account is twice that.
FIRST_QUOTA = 500
FIRST_WINDOW = 300.0
# The share of the quota that is kept back for what is more urgent. It shrinks with the time that is left of the window,
# as does the time that something more urgent would have to wait for the next one: in the end all of it is used.
KEPT_BACK = {Need.REMOVE: 0.0, Need.TELL: 0.05, Need.READ: 0.2}
# Whether the seconds that the Hub says were rounded up or down is not known.
ROUNDED = 1.0
# A window may begin with the first call that arrives in it, and this is longer than any call may take.
ARRIVES_WITHIN = 120.0


@dataclass(frozen=True, slots=True)
class Said:
    """What the headers of an answer say: calls left, whole seconds until the window ends, quota, its seconds."""

    left: int
    seconds: int
    quota: int | None = None
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """The calls of one token, of one kind. Times are in seconds.

    The present window ends between `ends_after` and `ends_by`. `underway` are the calls that were not answered yet,
    with the time after which they are not counted on any more. `told`: the Hub has said something about this token.
    """

    left: int
    ends_after: float
    ends_by: float
    quota: int
    window: float = FIRST_WINDOW
    told: bool = False
    closed_until: float = 0.0
    underway: tuple[tuple[str, float], ...] = ()

    def to_text(self) -> str:
        """Return it as it is kept."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_text(cls, kept: str) -> "Bucket":
        """Return a bucket as it was kept. Raises ValueError or TypeError for what is none."""
        values = json.loads(kept)
        values["underway"] = tuple((str(call), float(until)) for call, until in values["underway"])
        return cls(**values)


def new(now: float) -> Bucket:
    """Return the bucket of a token of which nothing is known."""
    return Bucket(FIRST_QUOTA, now, now + FIRST_WINDOW, quota=FIRST_QUOTA)


def at(bucket: Bucket | None, now: float) -> Bucket:
    """Return a bucket as it stands now: a new window is begun where the last one has certainly ended.

    Calls that are underway may be counted in either window, so they are taken off the new one too.
    """
    if bucket is None:
        return new(now)
    underway = tuple((call, until) for call, until in bucket.underway if until > now)
    if now < bucket.ends_by:
        return replace(bucket, underway=underway)
    least = bucket.ends_after + bucket.window
    return replace(
        bucket,
        left=bucket.quota - len(underway),
        ends_after=max(least, now),
        ends_by=now + bucket.window + ARRIVES_WITHIN,
        underway=underway,
    )


def wait(bucket: Bucket, now: float, need: Need) -> float:
    """Return how many seconds a call has to wait; 0 where it may be made now. For a bucket as it stands now."""
    if now < bucket.closed_until:
        return bucket.closed_until - now
    share = bucket.quota * KEPT_BACK[need]
    kept_back = share * min((bucket.ends_by - now) / bucket.window, 1.0)
    if bucket.left >= 1 and bucket.left > kept_back:
        return 0.0
    if bucket.left < 1:
        return bucket.ends_by - now
    return max(bucket.ends_by - bucket.left * bucket.window / share - now, 0.0) + 0.01


def taken(bucket: Bucket, call: str, *, until: float) -> Bucket:
    """Return a bucket out of which one call was taken, which is counted on until it is answered, or this time."""
    return replace(bucket, left=bucket.left - 1, underway=(*bucket.underway, (call, until)))


def given_back(bucket: Bucket, call: str) -> Bucket:
    """Return a bucket after a call turned out not to have been sent at all."""
    rest = _without(bucket, call)
    return replace(rest, left=rest.left + 1) if len(rest.underway) < len(bucket.underway) else bucket


def answered(bucket: Bucket, call: str, said: Said | None, *, now: float, took: float) -> Bucket:
    """Return what is believed after an answer that `took` so many seconds; None where it said nothing.

    What the Hub says is left has not counted the calls that are still on their way to it.
    """
    bucket = _without(at(bucket, now), call)
    if said is None:
        return bucket
    after, by = now - took + said.seconds - ROUNDED, now + said.seconds + ROUNDED
    before = bucket.told and by <= bucket.ends_after
    if before and after < now:
        return bucket  # of a window that may be over
    left = said.left - len(bucket.underway)
    # One that is not over, and ends before the present one can: the Hub counts in other windows than it did.
    if bucket.told and not before and after < bucket.ends_by:  # of the window that is known
        left = min(left, bucket.left)
        after, by = max(after, bucket.ends_after), min(by, bucket.ends_by)
        after = min(after, by)
    return replace(
        bucket,
        left=left,
        ends_after=after,
        ends_by=by,
        quota=max(said.quota or bucket.quota, said.left, 1),
        window=float(said.window or bucket.window),
        told=True,
    )


def refused(bucket: Bucket, call: str, said: Said | None, *, now: float, took: float, again_in: float) -> Bucket:
    """Return what is believed after a 429: nothing is left until the Hub wants to be asked again."""
    bucket = answered(bucket, call, said, now=now, took=took)
    return replace(bucket, closed_until=max(bucket.closed_until, now + again_in))


def joined(bucket: Bucket, other: Bucket) -> Bucket:
    """Return what is believed once two buckets turned out to be of the same person, at the same time."""
    if not (bucket.told and other.told):
        known = bucket if bucket.told else other
        return replace(known, closed_until=max(bucket.closed_until, other.closed_until))
    return replace(
        bucket,
        left=min(bucket.left, other.left),
        closed_until=max(bucket.closed_until, other.closed_until),
    )


def _without(bucket: Bucket, call: str) -> Bucket:
    return replace(bucket, underway=tuple(one for one in bucket.underway if one[0] != call))
