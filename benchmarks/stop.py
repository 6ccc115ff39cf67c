"""An emergency stop of 5,000 people within a free account's 1,000 calls in five minutes: `make bench NAME=stop`.

One worker, on a Hub that takes 50 ms for each call and counts as a free account is counted. Counted are all calls and
the refused ones among them; timed are until nobody has access here, and until everybody was read back. Then the lift.
"""

import argparse
import sys
import time
from datetime import timedelta
from typing import Any

from benchmarks import figure, say
from benchmarks.sandbox import MODEL, asserting_no_transaction, linked, sandbox
from gatekeeper.hub.sandbox.control import SandboxControl

LATENCY = 50  # ms
QUOTA, WINDOW = 1_000, 300
AT_ONCE = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=5_000)
    asked = parser.parse_args()
    with sandbox() as control:
        held = measure(control, asked.people)
    sys.exit(0 if all(held) else 1)


def measure(control: SandboxControl, count: int) -> list[bool]:
    """Stop everybody, lift it again, and hold both against the budget."""
    from gatekeeper.actions import procedures
    from gatekeeper.models import Grant
    from gatekeeper.progress import progress_of

    stage, owner = linked(control)
    say(f"bringing in {count} people who are accepted on the Hub")
    control.seed(MODEL, {"accepted": count})
    until(lambda: Grant.objects.filter(stage=stage, status="active").count() == count)
    asserting_no_transaction()
    control.options(quota={"api": QUOTA, "resolvers": 10_000_000}, window=WINDOW)
    control.fault("latency", "/api/models", ms=LATENCY)
    prepared = procedures.prepare_stop(stage, by=owner, words="The weights leaked.")
    told = progress_of(prepared)
    control.clear_journal()
    say("stopping")
    begun = time.perf_counter()
    stop = procedures.start(prepared, by=owner)
    first = time.perf_counter() - begun
    procedures.carry_on_all(seconds=600)
    here = time.perf_counter() - begun
    assert not Grant.objects.wanted().filter(stage=stage).exists()
    until(lambda: type(stop).objects.get(pk=stop.pk).status == "in_force")
    there = time.perf_counter() - begun
    calls, refused, writes = counted(control)
    assert len(control.people(MODEL, status="pending", limit=count + 1)) == count
    in_order = newest_first(stage, count)
    begun = time.perf_counter()
    page = progress_of(stop)
    reading = time.perf_counter() - begun
    assert page.stop is not None
    assert page.stop.confirmed == count
    say("lifting")
    control.clear_journal()
    begun = time.perf_counter()
    procedures.confirm(procedures.ask_to_lift(stop, by=owner), by=owner)
    until(lambda: type(stop).objects.get(pk=stop.pk).status == "done")
    lifted = time.perf_counter() - begun
    calls_back, refused_back, _writes = counted(control)
    assert Grant.objects.filter(stage=stage, status="active").count() == count
    budget = {"people": count, "calls": calls, "writes": writes, "of": QUOTA, "refused (429)": refused}
    return [
        figure("stop: calls to the Hub, readings included", calls, "calls", goal=f"≤ {QUOTA}",
               holds=calls <= QUOTA and not refused, against=budget),
        figure("stop: calls that tell", writes, "calls", goal=f"{count // AT_ONCE}, one for each hundred",
               holds=writes == count // AT_ONCE, against=budget),
        figure("stop: the first hundred suspended here", first, "s", goal="< 2", holds=first < 2),
        figure("stop: everybody suspended here", here, "s", goal="< 60", holds=here < 60, against={"people": count}),
        figure("stop: everybody read back on the Hub", there, "s", goal=f"< {WINDOW}", holds=there < WINDOW,
               against={"foretold": told.seconds, "calls foretold": told.calls}),
        figure("stop: the newest first", in_order, "of calls", goal="all", holds=in_order == count // AT_ONCE),
        figure("stop: counting the progress", reading, "s", goal="< 1", holds=reading < 1, against={"people": count}),
        figure("lift: everybody has access again", lifted, "s", goal=f"< {WINDOW}", holds=lifted < WINDOW,
               against={"calls": calls_back, "refused (429)": refused_back}),
    ]  # fmt: skip


def counted(control: SandboxControl) -> tuple[int, int, int]:
    """Return how many calls were made, refused for their number, and told the Hub something."""
    journal = control.journal()
    refused = sum(call["status"] == 429 for call in journal)
    writes = sum(call["method"] == "POST" and call["path"].endswith("/batch") for call in journal)
    return len(journal), refused, writes


def newest_first(stage: Any, count: int) -> int:
    """Return how many calls named the hundred whose turn it was, by the times at which the Hub had answered."""
    from gatekeeper.models import Grant, HubAccess

    people = list(Grant.objects.filter(stage=stage).order_by("-created_at", "-pk").values_list("person", flat=True))
    told = list(HubAccess.objects.order_by("applied_at").values_list("person", flat=True))
    return sum(set(people[at : at + AT_ONCE]) == set(told[at : at + AT_ONCE]) for at in range(0, count, AT_ONCE))


def until(over: Any) -> None:
    """Do what a worker does, waiting where there is nothing to do, until something is so."""
    from django.utils import timezone

    from gatekeeper.hub import observe, settle
    from gatekeeper.models import HubAccess, Repository

    end = time.monotonic() + 1_800
    while not over():
        if time.monotonic() > end:
            raise SystemExit("It did not come to its end within half an hour.")
        settle.settle_due(seconds=120)
        observe.observe_all()
        soon = timezone.now() + timedelta(seconds=1)
        due = HubAccess.objects.filter(due_at__lte=soon).exists()
        if not due and not Repository.objects.filter(observe_due_at__lte=soon).exists():
            time.sleep(0.2)


if __name__ == "__main__":
    main()
