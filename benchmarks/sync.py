"""Approvals on their way to the Hub: `make bench NAME=sync`.

10,000 people move from pending to accepted on a Hub that takes 50 ms for each call. Counted are the writes, against one
for each hundred people; timed is the whole way until every row was read back, against a plain script that accepts one
after the other with the client (a sample, extrapolated), and against as many raw HTTP calls as were made.
"""

import argparse
import sys
import time
from datetime import timedelta
from typing import Any

from benchmarks import figure, say
from benchmarks.sandbox import ANSWERS, MODEL, TOKEN, asserting_no_transaction, linked, sandbox
from gatekeeper.hub.sandbox.control import SandboxControl

LATENCY = 50  # ms
SAMPLE = 100
AT_ONCE = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10_000)
    asked = parser.parse_args()
    with sandbox() as control:
        held = measure(control, asked.people)
    sys.exit(0 if all(held) else 1)


def measure(control: SandboxControl, count: int) -> list[bool]:
    """Approve everybody, see it through to the Hub, and hold that against the floors."""
    stage, reviewer = linked(control)
    say(f"seeding {count} people who wait on the Hub")
    control.seed(MODEL, {"pending": count}, fields=ANSWERS)
    bring_everybody_in(stage, count)
    approve_everybody(stage, reviewer)
    asserting_no_transaction()
    control.clear_journal()
    control.fault("latency", "user-access-request", ms=LATENCY)
    say("telling the Hub")
    begun = time.perf_counter()
    see_it_through(count)
    ours = time.perf_counter() - begun
    journal = [call for call in control.journal() if "/user-access-request" in call["path"]]
    writes = [call for call in journal if call["method"] == "POST"]
    assert sum(row["status"] == "accepted" for row in control.people(MODEL, limit=count + 10)) == count
    plain = plain_script(control)
    raw = raw_calls(len(journal))
    speed = plain * count / ours
    of_writes = len(writes) / (count / 100)
    return [
        figure("sync: writes for each hundred people", of_writes, "writes", goal="≤ 1.01", holds=of_writes <= 1.01,
               against={"people": count, "writes": len(writes), "reads": len(journal) - len(writes)}),
        figure("sync: faster than a plain script", speed, "times", goal="≥ 50", holds=speed >= 50,
               against={"seconds": round(ours, 2), "plain script, seconds a person": round(plain, 4), "n": SAMPLE}),
        figure("sync: against as many raw calls", ours / raw, "times", goal="≤ 1.5", holds=ours / raw <= 1.5,
               against={"raw calls, seconds": round(raw, 2), "calls": len(journal)}),
    ]  # fmt: skip


def bring_everybody_in(stage: Any, count: int) -> None:
    """Read the lists until everybody has a case."""
    from gatekeeper.hub import observe
    from gatekeeper.models import AccessRequest

    while AccessRequest.objects.filter(stage=stage).count() < count:
        observe.observe(stage.repositories.get().pk)


def approve_everybody(stage: Any, reviewer: Any) -> None:
    """Approve all cases, so many in a step."""
    from gatekeeper.actions import decisions
    from gatekeeper.models import AccessRequest

    while cases := list(AccessRequest.objects.filter(stage=stage, status="in_review").order_by("pk")[:AT_ONCE]):
        decisions.approve_all(cases, by=reviewer, words="Welcome.")


def see_it_through(count: int) -> None:
    """Do what a worker does, without waiting between its sweeps, until every grant is active."""
    from django.utils import timezone

    from gatekeeper.hub import observe, settle
    from gatekeeper.models import Grant, HubAccess, Repository

    end = time.monotonic() + 1_800
    while Grant.objects.filter(status="active").count() < count:
        if time.monotonic() > end:
            raise SystemExit("Not everybody was confirmed within half an hour.")
        settle.settle_due(seconds=120)
        observe.observe_all()
        soon = timezone.now() + timedelta(seconds=1)
        due = HubAccess.objects.filter(due_at__lte=soon).exists()
        if not due and not Repository.objects.filter(observe_due_at__lte=soon).exists():
            time.sleep(0.2)


def plain_script(control: SandboxControl) -> float:
    """Return seconds a person for a script that accepts one after the other with the client."""
    from huggingface_hub import HfApi

    control.seed(MODEL, {"pending": SAMPLE}, prefix="plain")
    names = [row["user"] for row in control.people(MODEL, status="pending", limit=SAMPLE)]
    api = HfApi(endpoint=control.url, token=TOKEN)
    begun = time.perf_counter()
    for name in names:
        api.accept_access_request(MODEL, name)
    return (time.perf_counter() - begun) / len(names)


def raw_calls(count: int) -> float:
    """Return the seconds of as many calls with nothing around them, on one connection."""
    from django.conf import settings
    from huggingface_hub.utils import get_session

    session = get_session()
    address = f"{settings.HUB_ENDPOINT}/api/models/{MODEL}/user-access-request/pending?limit=10"
    begun = time.perf_counter()
    for _number in range(count):
        session.get(address, headers={"Authorization": f"Bearer {TOKEN}"}).raise_for_status()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
