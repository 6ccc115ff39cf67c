"""What is set on the sandbox from outside: options, faults, the rate limit and the journal of calls received."""

from __future__ import annotations

import itertools
import math
import re
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

CAPABILITIES = {"reset": True, "batch": True, "user_id": True, "request_id": True, "batch_request_id": False}
OPTIONS: dict[str, Any] = {
    "lag": 0,  # seconds that the request lists lag behind
    "order": "newest",  # or "oldest": the order of the request lists
    "window": 300,  # seconds of a rate limit window
    "quota": {"api": 100_000, "resolvers": 500_000, "pages": 10_000},
    "ip_location": "FR",
    "webhook_timeout": 2.0,  # seconds until whoever is told has answered
    "webhook_failures": 5,  # in a row, until a webhook is suspended (the Hub's own number is not known)
    "webhook_triggers": 1_000,  # of one webhook in 24 hours (documented)
    "webhook_copies": 1,  # how often each is sent
    "capabilities": CAPABILITIES,
}
KINDS = ("latency", "hold", "status", "drop", "no_next")
HELD_AT_MOST = 120.0


@dataclass
class Fault:
    """Something that goes wrong on the calls it matches, `times` times or until it is removed.

    kind: latency (`ms`), hold (until released), status (`status`, for 429 with `header` and `seconds`), drop (the
    connection ends without an answer), no_next (a page of a list without its Link). `when` is before or after the
    call was applied, for hold, status and drop.
    """

    id: int
    kind: str
    path: str = ""
    method: str | None = None
    user: str | None = None
    times: int | None = None
    when: str = "before"
    ms: int = 0
    status: int = 503
    header: str | None = "ratelimit"
    seconds: int = 1
    message: str | None = None
    hits: int = 0
    waiting: int = 0
    gate: threading.Event = field(default_factory=threading.Event, repr=False)

    def matches(self, method: str, path: str, user: str | None) -> bool:
        if self.times is not None and self.hits >= self.times:
            return False
        if self.method is not None and self.method.upper() != method:
            return False
        if self.user is not None and self.user != user:
            return False
        return re.search(self.path, path) is not None

    def shown(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "gate"}


class Switchboard:
    """The switches of one sandbox, safe to use from many threads. Only options outlive the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self.faults: list[Fault] = []
        self.journal: deque[dict[str, Any]] = deque(maxlen=100_000)
        self._calls = itertools.count(1)
        self._used: dict[tuple[str, str], int] = {}
        self._window = 0
        self.options: dict[str, Any] = {}
        self.set_options({})

    def set_options(self, changes: dict[str, Any]) -> None:
        """Change options; raises KeyError for an unknown one."""
        with self._lock:
            options = self.options or {**OPTIONS, "quota": dict(OPTIONS["quota"]), "capabilities": dict(CAPABILITIES)}
            for name, value in changes.items():
                if name not in OPTIONS:
                    raise KeyError(name)
                if isinstance(OPTIONS[name], dict):
                    if unknown := set(value) - set(OPTIONS[name]):
                        raise KeyError(unknown.pop())
                    value = options[name] | value
                options = options | {name: value}
            self.options = options

    def reset(self) -> None:
        """Remove faults (freeing whoever they hold), calls and changed options."""
        self.clear_faults()
        self.journal.clear()
        with self._lock:
            self.options = {}
            self._used.clear()
        self.set_options({})

    def can(self, capability: str) -> bool:
        return bool(self.options["capabilities"][capability])

    @property
    def lag(self) -> float:
        return float(self.options["lag"])

    def add_fault(self, **about: Any) -> Fault:
        """Put up a fault; raises ValueError for one that cannot be."""
        if about.get("kind") not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        if about.get("when", "before") not in {"before", "after"}:
            raise ValueError("when must be before or after")
        re.compile(about.get("path") or "")
        with self._lock:
            fault = Fault(next(self._ids), **about)
            self.faults.append(fault)
        return fault

    def find_fault(self, number: int) -> Fault | None:
        return next((fault for fault in self.faults if fault.id == number), None)

    def clear_faults(self, number: int | None = None) -> None:
        with self._lock:
            gone = [fault for fault in self.faults if number in {None, fault.id}]
            self.faults = [fault for fault in self.faults if fault not in gone]
        for fault in gone:
            fault.gate.set()

    def faults_for(self, method: str, path: str, user: str | None) -> list[Fault]:
        """The faults that hit this call; each is counted once."""
        if not self.faults:
            return []
        with self._lock:
            hit = [fault for fault in self.faults if fault.matches(method, path, user)]
            for fault in hit:
                fault.hits += 1
        return hit

    def hold(self, fault: Fault) -> None:
        """Wait until the fault is released or removed (or for two minutes, so that nothing hangs for good)."""
        with self._lock:
            fault.waiting += 1
        fault.gate.wait(HELD_AT_MOST)
        with self._lock:
            fault.waiting -= 1

    def count(self, who: str, kind: str) -> tuple[list[tuple[str, str]], bool, str]:
        """Count one call against a fixed window; gives the headers, whether it is over, and the Hub's sentence."""
        window, quota = int(self.options["window"]), int(self.options["quota"][kind])
        now = time.time()
        with self._lock:
            if int(now // window) != self._window:
                self._window = int(now // window)
                self._used.clear()
            used = self._used[who, kind] = self._used.get((who, kind), 0) + 1
        left, resets = max(0, quota - used), math.ceil(window - now % window)
        headers = [
            ("RateLimit", f'"{kind}";r={left};t={resets}'),
            ("RateLimit-Policy", f'"fixed window";"{kind}";q={quota};w={window}'),
        ]
        period = f"{window // 60} minutes" if window >= 60 else f"{window} seconds"
        sentence = f"We had to rate limit you, you hit the quota of {quota} {kind} requests per {period} period."
        return headers, used > quota, sentence

    def record(self, **entry: Any) -> None:
        self.journal.append({"n": next(self._calls), **entry})
