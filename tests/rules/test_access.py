"""What is wished of the Hub and what is told it, over every combination of wish and sight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, combinations, product

import pytest

from gatekeeper.rules.access import (
    Access,
    Call,
    Closing,
    Seen,
    Sight,
    Wish,
    closing_is_moot,
    closing_owed,
    next_call,
    settled,
    wished_access,
)
from gatekeeper.rules.statuses import WANTED_GRANT, GrantStatus

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TIMES = (None, NOON - timedelta(hours=1), NOON, NOON + timedelta(hours=1))

WISHES = [Wish(access, closing, of) for access, closing, of in product(Access, (None, *Closing), (None, NOON))]
SIGHTS = [
    Sight(seen, requested)
    for seen, requested in product(Seen, TIMES)
    if seen not in (Seen.NONE, Seen.UNKNOWN) or requested is None
]
EVERYTHING = list(product(WISHES, SIGHTS, (True, False)))


@dataclass
class IdealHub:
    """A Hub without delay or fault: what it does when it is told something, and what it refuses (as far as known)."""

    state: Seen
    requested_at: datetime | None
    knows_reset: bool

    OK = {
        Call.ACCEPT: {Seen.PENDING, Seen.REJECTED, Seen.RESET},
        Call.GRANT: {Seen.NONE, Seen.PENDING, Seen.REJECTED, Seen.RESET},
        Call.PENDING: {Seen.ACCEPTED, Seen.REJECTED, Seen.RESET},
        Call.RESET: {Seen.PENDING, Seen.ACCEPTED, Seen.REJECTED},
        Call.REJECTED: {Seen.PENDING, Seen.ACCEPTED, Seen.RESET},
    }

    def told(self, call: Call) -> None:
        """Change as the Hub would, or fail the test where it would answer with an error."""
        assert self.state in self.OK[call], f"the Hub refuses {call} from {self.state}"
        assert call is not Call.RESET or self.knows_reset
        if self.state is Seen.NONE:
            self.requested_at = NOON
        self.state = Seen.ACCEPTED if call is Call.GRANT else Seen(call.value)

    @property
    def sight(self) -> Sight:
        """What a reading shows."""
        return Sight(self.state, self.requested_at)


@pytest.mark.parametrize("knows_reset", [True, False])
def test_it_is_settled_or_there_is_a_next_call_and_never_both(knows_reset: bool) -> None:
    """Whatever is wished and seen, either nothing is left to do or it is known what to do."""
    for wish, sight in product(WISHES, SIGHTS):
        done = settled(wish, sight, reset_known=knows_reset)
        assert done is (next_call(wish, sight, reset_known=knows_reset) is None), (wish, sight)


def test_it_settles_within_two_steps_on_an_ideal_hub() -> None:
    """Telling the Hub what is due, and reading back, ends; no call is one that the Hub refuses."""
    for wish, sight, knows_reset in EVERYTHING:
        for truth in [sight.seen] if sight.seen is not Seen.UNKNOWN else [s for s in Seen if s is not Seen.UNKNOWN]:
            hub = IdealHub(truth, sight.requested_at, knows_reset)
            known = sight
            for _step in range(2):
                call = next_call(wish, known, reset_known=knows_reset)
                if call is not None and call is not Call.LOOK:
                    hub.told(call)
                known = hub.sight
            assert settled(wish, known, reset_known=knows_reset), (wish, sight, truth, known)


def test_it_ends_in_the_wished_access() -> None:
    """Once settled, yes means accepted, and no means not accepted."""
    for wish, sight, knows_reset in EVERYTHING:
        if settled(wish, sight, reset_known=knows_reset):
            if wish.access is Access.YES:
                assert sight.seen is Seen.ACCEPTED
            if wish.access is Access.NO:
                assert sight.seen is not Seen.ACCEPTED


def test_it_never_rejects_somebody_whom_nobody_denied() -> None:
    """The Hub is told *rejected* only where a final denial or a revocation asked for it."""
    for wish, sight, knows_reset in EVERYTHING:
        if next_call(wish, sight, reset_known=knows_reset) is Call.REJECTED:
            assert wish.closing is Closing.REJECTED
            assert wish.access is not Access.YES


def test_it_never_takes_access_that_nothing_asks_to_end() -> None:
    """Without an opinion and without a closing, the Hub's own state of somebody is left alone."""
    for sight, knows_reset in product(SIGHTS, (True, False)):
        assert settled(Wish(Access.NO_OPINION), sight, reset_known=knows_reset)


def test_it_gives_access_only_where_it_is_wished() -> None:
    """Accept and grant are told only for a yes."""
    for wish, sight, knows_reset in EVERYTHING:
        if next_call(wish, sight, reset_known=knows_reset) in (Call.ACCEPT, Call.GRANT):
            assert wish.access is Access.YES


def test_it_tells_nothing_about_somebody_the_hub_has_no_request_of() -> None:
    """From none there is nothing to reject or to reset; only access can be given."""
    for wish, knows_reset in product(WISHES, (True, False)):
        call = next_call(wish, Sight(Seen.NONE), reset_known=knows_reset)
        assert call is (Call.GRANT if wish.access is Access.YES else None)


def test_it_leaves_a_later_request_alone() -> None:
    """A closing is owed to one Hub request: who asks again is pending again."""
    later = Sight(Seen.PENDING, NOON + timedelta(seconds=1))
    for access, closing in product((Access.NO, Access.NO_OPINION), Closing):
        wish = Wish(access, closing, NOON)
        assert closing_is_moot(wish, later)
        assert next_call(wish, later) is None


def test_it_closes_a_later_request_that_was_accepted_by_hand_while_access_is_refused() -> None:
    """Accepted on the Hub by hand after the grant ended here is not what is wished."""
    later = Sight(Seen.ACCEPTED, NOON + timedelta(days=1))
    assert next_call(Wish(Access.NO, Closing.RESET, NOON), later) is Call.RESET
    assert next_call(Wish(Access.NO), later) is Call.PENDING


def test_it_says_pending_where_the_hub_does_not_know_reset() -> None:
    """Access ends and the answers stay."""
    wish, sight = Wish(Access.NO, Closing.RESET, NOON), Sight(Seen.ACCEPTED, NOON)
    assert next_call(wish, sight, reset_known=False) is Call.PENDING
    assert closing_owed(wish, Sight(Seen.PENDING, NOON), reset_known=False) is None


def test_it_looks_before_it_tells_what_is_unknown() -> None:
    """Nothing is told about somebody whose state was never read."""
    for wish, knows_reset in product(WISHES, (True, False)):
        call = next_call(wish, Sight(Seen.UNKNOWN), reset_known=knows_reset)
        assert call in (Call.LOOK, None)


def test_it_drops_a_closing_when_access_is_wished() -> None:
    """A grant that is given after a denial wins over the closing of the denial."""
    for closing in Closing:
        assert next_call(Wish(Access.YES, closing, NOON), Sight(Seen.PENDING, NOON)) is Call.ACCEPT
        assert settled(Wish(Access.YES, closing, NOON), Sight(Seen.ACCEPTED, NOON))


SETS_OF_STATUSES = list(chain.from_iterable(combinations(GrantStatus, size) for size in range(len(GrantStatus) + 1)))


@pytest.mark.parametrize("ended_before", [True, False])
def test_it_wishes_yes_if_and_only_if_a_grant_is_waiting_or_active(ended_before: bool) -> None:
    """Over all sets of grants of one person at one repository: yes wins; no needs a grant that ended."""
    for statuses in SETS_OF_STATUSES:
        access = wished_access(statuses, ended_before=ended_before)
        assert (access is Access.YES) is bool(set(statuses) & WANTED_GRANT), statuses
        assert (access is Access.NO_OPINION) is (not statuses and not ended_before), statuses
