"""The budget of a token under load: `make bench NAME=budget`.

Worker processes approve people one call at a time on a Hub that allows a free account's calls, with its five minutes
scaled down. Counted is, from the Hub's own journal, which share of each whole window was used while work was due, and
how many calls it refused as too many.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta

from benchmarks import django_up, figure, say
from benchmarks.sandbox import ANSWERS, MODEL, PROJECT, linked, sandbox
from benchmarks.sync import approve_everybody, bring_everybody_in
from gatekeeper.hub.sandbox.control import SandboxControl

QUOTA, WINDOW = 200, 20  # a free account has 1,000 in 300 seconds
LATENCY = 20  # ms
GOAL = 0.95


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 4], help="how many at once (1 4)")
    parser.add_argument("--windows", type=int, default=4, help="whole windows of the Hub to measure (4)")
    parser.add_argument("--until", type=float, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.until:
        work(asked.until)
        return
    with sandbox() as control:
        held = measure(control, asked.workers, asked.windows)
    sys.exit(0 if all(held) else 1)


def measure(control: SandboxControl, workers: list[int], windows: int) -> list[bool]:
    """Have so many workers at once do what is due, and hold what the Hub has counted against its quota."""
    from django.utils import timezone

    from gatekeeper.models import HubAccess

    stage, reviewer = linked(control)
    people = QUOTA * (windows + 4) * len(workers)
    say(f"seeding {people} people who wait on the Hub")
    control.seed(MODEL, {"pending": people}, fields=ANSWERS)
    bring_everybody_in(stage, people)
    approve_everybody(stage, reviewer)
    control.capabilities(batch=False)  # so that everybody is a call
    control.fault("latency", "user-access-request", ms=LATENCY)
    control.options(quota={"api": QUOTA}, window=WINDOW)
    held = []
    for number in workers:
        say(f"{number} workers, {windows} windows of {WINDOW} seconds")
        HubAccess.objects.unsettled().update(due_at=timezone.now() - timedelta(minutes=1))
        control.clear_journal()
        first = run(number, windows)
        assert HubAccess.objects.unsettled().count() > QUOTA, "there was not enough to do"
        held += told(control, number, first=first, windows=windows)
    return held


def run(number: int, windows: int) -> int:
    """Let so many processes work until whole windows have passed; return the number of the first of these."""
    first = int(time.time() // WINDOW) + 3  # until then they have started, and learnt how long a window is
    until = (first + windows) * WINDOW
    command = [sys.executable, "-m", "benchmarks.budget", "--until", str(until)]
    processes = [subprocess.Popen(command, cwd=PROJECT, env=os.environ) for _worker in range(number)]
    for process in processes:
        if process.wait(timeout=(windows + 6) * WINDOW):
            raise SystemExit("A worker failed.")
    return first


def work(until: float) -> None:
    """Do what a worker does, as often as the bell and the clock would have it, until a time."""
    django_up()
    from gatekeeper.hub import observe, settle

    while time.time() < until:
        soon = settle.settle_due(seconds=min(10.0, max(until - time.time(), 0.1)))
        observe.observe_all(seconds=1)
        # The clock rings every ten seconds in a window of three hundred.
        time.sleep(min(soon or WINDOW / 30, WINDOW / 30, max(until - time.time(), 0)))


def told(control: SandboxControl, number: int, *, first: int, windows: int) -> list[bool]:
    calls = [call for call in control.journal() if call["path"].startswith("/api/")]
    used = Counter(int(call["at"] // WINDOW) for call in calls)
    shares = [used[window] / QUOTA for window in range(first, first + windows)]
    refused = sum(call["status"] == 429 for call in calls)
    workers = f"{number} workers" if number > 1 else "1 worker"
    return [
        figure(f"budget: share used of a window, {workers}", min(shares), "of the quota", goal=f"≥ {GOAL}",
               holds=min(shares) >= GOAL, against={"each window": shares, "quota": QUOTA, "seconds": WINDOW}),
        figure(f"budget: calls refused as too many, {workers}", refused, "calls", goal="0", holds=refused == 0,
               against={"calls": len(calls)}),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
