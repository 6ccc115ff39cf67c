"""How long a stop takes: calls within what a token has left, and the windows after that."""

from __future__ import annotations

import pytest

from gatekeeper.rules.procedures import Budget, seconds_for


@pytest.mark.parametrize(
    ("calls", "seconds"),
    [
        (10, 5.0),  # all of them now
        (100, 50.0),  # the last one that is left
        (101, 60.5),  # one in the window that begins in a minute
        (1_100, 560.0),  # a whole window after that
        (1_101, 560.5),  # and one call of the next
    ],
)
def test_calls_take_their_time_and_wait_for_windows(calls: int, seconds: float) -> None:
    """Each call takes half a second; a hundred are left, a thousand come with each window."""
    assert seconds_for(calls, each=0.5, budget=Budget(100, 1_000, 60.0)) == seconds
