"""Asking again what the Hub puts off. A person waits for an audit, so here, and only here, it is right to sleep."""

import time
from collections.abc import Callable
from typing import TypeVar

from gatekeeper.hub.port import HubError, Word

T = TypeVar("T")
ASKED_TO_WAIT = frozenset({"rate_limited", "budget"})
TURNS = 40  # times in a row that the Hub may ask us to wait, five minutes each at most
PAUSES = (1.0, 4.0, 10.0)  # seconds after a call that failed by itself
QUIETLY = 3.0  # seconds that are waited without a word


class Patience:
    """Makes calls, waits where the Hub says so, and tells the person who waits. `calls` counts what was sent."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell
        self.calls = 0

    def ask(self, call: Callable[[], T]) -> T:
        """Return the answer to a call. Raises HubError for what waiting does not mend."""
        failures = turns = 0
        while True:
            self.calls += 1
            try:
                return call()
            except HubError as failed:
                if failed.word is not Word.LATER:
                    raise
                if failed.reason in ASKED_TO_WAIT:
                    turns += 1
                    if turns > TURNS:
                        raise
                    self._wait(failed.retry_after or PAUSES[-1], "the Hub's limit for this token is reached")
                    continue
                if failures == len(PAUSES):
                    raise
                self._wait(max(PAUSES[failures], failed.retry_after or 0), f"the Hub did not answer ({failed.reason})")
                failures += 1

    def _wait(self, seconds: float, why: str) -> None:
        if seconds > QUIETLY:
            self._tell(f"waiting {seconds:.0f} seconds: {why}")
        time.sleep(seconds)
