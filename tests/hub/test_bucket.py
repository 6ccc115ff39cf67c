"""The numbers of a budget, against a Hub that counts in windows: however late its answers come, and in what order."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.hub import bucket as buckets
from gatekeeper.hub.bucket import KEPT_BACK, Bucket, Said
from gatekeeper.hub.port import Need


class CountingHub:
    """A Hub that counts calls in fixed windows, aligned or begun by the first call, and says so honestly."""

    def __init__(self, quota: int, window: float, *, rounding: str, aligned: bool, offset: float) -> None:
        self.quota, self.window, self.rounding, self.aligned = quota, window, rounding, aligned
        self.ends, self.used = offset, 0
        self.windows: list[int] = []
        self.refusals = 0

    def call(self, now: float) -> Said:
        """Count a call that arrives now."""
        if now >= self.ends:
            self.windows.append(self.used)
            self.used = 0
            passed = math.floor((now - self.ends) / self.window) + 1
            self.ends = self.ends + passed * self.window if self.aligned else now + self.window
        self.used += 1
        self.refusals += self.used > self.quota
        seconds = {"up": math.ceil, "down": math.floor, "near": round}[self.rounding](self.ends - now)
        return Said(max(self.quota - self.used, 0), seconds, self.quota, int(self.window))


def played(hub: CountingHub, *, workers: int, slow: float, seconds: float, need: Need, seed: int) -> Bucket:
    """Let workers call as often as the bucket lets them, each call taking up to `slow` seconds; return the bucket."""
    chance, order = random.Random(seed), itertools.count()
    kept = {"": buckets.new(0.0)}
    said: dict[str, Said] = {}
    sent: dict[str, float] = {}
    events: list[tuple[float, int, str, str]] = [(0.0, next(order), "try", "") for _worker in range(workers)]
    heapq.heapify(events)
    while events and events[0][0] < seconds:
        now, number, what, call = heapq.heappop(events)
        if what == "try":
            kept[""] = buckets.at(kept[""], now)
            wait = buckets.wait(kept[""], now, need)
            if wait:
                heapq.heappush(events, (now + wait + chance.random() / 10, next(order), "try", ""))
                continue
            call, sent[str(number)] = str(number), now
            kept[""] = buckets.taken(kept[""], call, until=now + 40)
            heapq.heappush(events, (now + chance.random() * slow / 2, next(order), "arrives", call))
        elif what == "arrives":
            said[call] = hub.call(now)
            heapq.heappush(events, (now + chance.random() * slow / 2, next(order), "answered", call))
        else:
            kept[""] = buckets.answered(kept[""], call, said[call], now=now, took=now - sent[call])
            heapq.heappush(events, (now, next(order), "try", ""))
    return kept[""]


@settings(max_examples=60, deadline=None)
@given(
    quota=st.integers(40, 300),
    workers=st.integers(1, 8),
    rounding=st.sampled_from(["up", "down", "near"]),
    aligned=st.booleans(),
    offset=st.floats(0.5, 59),
    slow=st.floats(0.01, 1.0),
    need=st.sampled_from(list(Need)),
    seed=st.integers(0, 10_000),
)
def test_all_of_it_is_used_and_never_more(
    quota: int, workers: int, rounding: str, aligned: bool, offset: float, slow: float, need: Need, seed: int
) -> None:
    """Whatever it is for, of each whole window at least 95 % is used while there is work, and no call is refused."""
    hub = CountingHub(quota, 60.0, rounding=rounding, aligned=aligned, offset=offset)
    played(hub, workers=workers, slow=slow, seconds=400, need=need, seed=seed)
    assert hub.refusals == 0
    whole = hub.windows[2:]
    able = workers / slow * 60  # how many calls the workers could make at most
    assert len(whole) >= 3
    for used in whole:
        # Of a small quota one call of each worker that is underway as the window ends is more than a twentieth.
        assert used >= min(quota * 0.95 - workers, able * 0.5)


def known(left: int, *, quota: int = 1000, ends: float = 300.0) -> Bucket:
    """A bucket of which the Hub has said so much."""
    return Bucket(left, ends - 1, ends, quota=quota, window=300.0, told=True)


def may(bucket: Bucket, now: float) -> set[Need]:
    """What calls may be made for now."""
    return {need for need in Need if not buckets.wait(buckets.at(bucket, now), now, need)}


@pytest.mark.parametrize(
    ("left", "now", "expected"),
    [
        (1000, 0, set(Need)),
        (150, 0, {Need.TELL, Need.REMOVE}),
        (40, 0, {Need.REMOVE}),
        (0, 0, set()),
        (150, 200, set(Need)),  # a third of the window is left, and of what is kept back as well
        (40, 200, {Need.TELL, Need.REMOVE}),
        (1, 299.9, set(Need)),
    ],
)
def test_removals_may_use_the_last_call(left: int, now: float, expected: set[Need]) -> None:
    """Reading stops first, then other changes; what is kept back for removals is let go as the window ends."""
    assert may(known(left), now) == expected


@pytest.mark.parametrize("need", list(Need))
def test_it_says_when_to_come_back(need: Need) -> None:
    """Then, and not before, the call may be made."""
    for left in (0, 1, 30, 120):
        bucket = known(left)
        wait = buckets.wait(bucket, 10.0, need)
        assert (wait == 0) == (left > 1000 * KEPT_BACK[need] * 290 / 300 and left > 0)
        if wait > 1:
            assert buckets.wait(buckets.at(bucket, 10 + wait - 0.5), 10 + wait - 0.5, need) > 0
        then = 10 + wait
        assert buckets.wait(buckets.at(bucket, then), then, need) == 0


def test_an_answer_that_is_late_raises_nothing() -> None:
    """Within a window what is left only falls; an answer of the window before is passed over."""
    bucket = buckets.answered(buckets.new(0), "", Said(500, 300, 1000, 300), now=0, took=0.1)
    bucket = buckets.answered(bucket, "", Said(400, 290, 1000, 300), now=10, took=0.1)
    assert buckets.answered(bucket, "", Said(450, 291, 1000, 300), now=10.2, took=2).left == 400
    later = buckets.answered(bucket, "", Said(990, 299, 1000, 300), now=302, took=0.1)
    assert (later.left, later.ends_by) == (990, 602)
    assert buckets.answered(later, "", Said(3, 1, 1000, 300), now=303, took=4).left == 990


def test_a_hub_that_counts_otherwise_is_believed_at_once() -> None:
    """Another plan, or a limiter that began anew: its window cannot be an earlier one, as it is not over yet."""
    bucket = buckets.answered(buckets.new(0), "", Said(5000, 300, 5000, 300), now=0, took=0.1)
    bucket = buckets.answered(bucket, "", Said(199, 20, 200, 20), now=5, took=0.1)
    assert (bucket.left, bucket.quota, bucket.window, bucket.ends_by) == (199, 200, 20, 26)
    assert buckets.answered(bucket, "", Said(0, 18, 200, 20), now=7, took=0.1).left == 0
    longer = buckets.answered(bucket, "", Said(900, 300, 1000, 300), now=8, took=0.1)
    assert (longer.left, longer.ends_by) == (900, 309)


def test_calls_on_their_way_are_taken_off() -> None:
    """The Hub has not counted what it has not heard."""
    bucket = known(1000)
    for call in "abc":
        bucket = buckets.taken(bucket, call, until=40)
    assert buckets.answered(bucket, "a", Said(999, 290, 1000, 300), now=10, took=0.1).left == 997
    assert buckets.answered(bucket, "a", None, now=10, took=0.1).left == 997
    later = buckets.answered(bucket, "a", Said(999, 250, 1000, 300), now=50, took=0.1)
    assert (later.left, later.underway) == (997, ())  # the others will not come back any more
    assert buckets.at(bucket, 301).left == 1000
    assert buckets.at(replace(bucket, underway=(("d", 320.0),)), 301).left == 999


def test_a_call_that_never_left_is_given_back() -> None:
    """Once."""
    bucket = buckets.taken(known(10), "a", until=40)
    assert buckets.given_back(bucket, "a") == known(10)
    assert buckets.given_back(known(10), "a") == known(10)


def test_a_429_empties_it() -> None:
    """For as long as the Hub wants, whether or not it says what is left."""
    for said in (None, Said(0, 60, 1000, 300), Said(700, 60, 1000, 300)):
        bucket = buckets.refused(known(900), "", said, now=0, took=0.1, again_in=61)
        assert [buckets.wait(buckets.at(bucket, now), now, Need.REMOVE) for now in (0.0, 60.0)] == [61, 1]
        assert buckets.wait(buckets.at(bucket, 61), 61, Need.REMOVE) == 0


def test_what_is_kept_is_what_was() -> None:
    """Written and read again; what is something else is refused."""
    bucket = buckets.taken(known(10), "a", until=40.5)
    assert Bucket.from_text(bucket.to_text()) == bucket
    for wrong in ("", "[]", '{"left": 1}', '{"underway": []}'):
        with pytest.raises((ValueError, TypeError, KeyError)):
            Bucket.from_text(wrong)
