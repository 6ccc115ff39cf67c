"""Approvals on their way to the Hub: `make bench NAME=sync`.

10,000 people move from pending to accepted on a Hub that takes 50 ms for each call, by two processes, as one Celery
worker has them. Counted are the writes, against one for each hundred people; timed is the whole way until everybody was
read back as accepted, against a plain script that accepts one after the other with the client (a sample, extrapolated),
and against the same raw HTTP calls, one after the other with nothing around them. That every grant is active takes
longer, and is said beside it.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks import django_up, figure, say
from benchmarks.sandbox import ANSWERS, MODEL, TOKEN, asserting_no_transaction, linked, sandbox
from gatekeeper.hub.sandbox.control import SandboxControl

LATENCY = 50  # ms
SAMPLE = 100
AT_ONCE = 500
PROCESSES = 2
MOST = 1_800  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        work()
        return
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
    with working() as go:
        control.clear_journal()
        control.fault("latency", "user-access-request", ms=LATENCY)
        say("telling the Hub")
        begun = time.perf_counter()
        go()
        read_back, active = see_it_through(count, begun)
    journal = [call for call in control.journal() if "/user-access-request" in call["path"]]
    writes = [call for call in journal if call["method"] == "POST"]
    reads = len(journal) - len(writes)
    assert sum(row["status"] == "accepted" for row in control.people(MODEL, limit=count + 10)) == count
    plain = plain_script(control)
    raw = raw_calls(control, writes=len(writes), reads=reads)
    speed = plain * count / read_back
    of_writes = len(writes) / (count / 100)
    return [
        figure("sync: writes for each hundred people", of_writes, "writes", goal="≤ 1.01", holds=of_writes <= 1.01,
               against={"people": count, "writes": len(writes), "reads": reads}),
        figure("sync: faster than a plain script", speed, "times", goal="≥ 50", holds=speed >= 50,
               against={"seconds until read back": round(read_back, 2), "until every grant is active": round(active, 2),
                        "plain script, seconds a person": round(plain, 4), "n": SAMPLE}),
        figure("sync: against the same raw calls", read_back / raw, "times", goal="≤ 1.5",
               holds=read_back / raw <= 1.5, against={"raw calls, seconds": round(raw, 2), "calls": len(journal)}),
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


@contextmanager
def working() -> Iterator[Callable[[], None]]:
    """Processes that have started and wait for the word; they end with the block."""
    command = [sys.executable, "-m", "benchmarks.sync", "--work"]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _each in range(PROCESSES)
    ]
    pipes = [(process.stdin, process.stdout) for process in started]

    def go() -> None:
        for asked, _answered in pipes:
            assert asked is not None
            asked.write("go\n")
            asked.flush()

    try:
        for _asked, answered in pipes:
            assert answered is not None
            answered.readline()
        yield go
    finally:
        for process in started:
            process.terminate()
            process.wait(30)


def work() -> None:
    """Do what a process of a worker does, sweep after sweep, until it is ended."""
    django_up()
    from gatekeeper.hub import observe, settle

    asserting_no_transaction()
    print("ready", flush=True)
    sys.stdin.readline()
    while True:
        settle.settle_due(seconds=120)
        observe.observe_all()
        time.sleep(0.1)  # a worker waits for the next task; it does not ask again and again while another one reads


def see_it_through(count: int, begun: float) -> tuple[float, float]:
    """Return the seconds until everybody was read back, and until every grant was active."""
    from gatekeeper.models import Grant, HubAccess

    def until(asked: Callable[[], bool]) -> float:
        while not asked():
            if time.perf_counter() - begun > MOST:
                raise SystemExit("Not everybody was confirmed within half an hour.")
            time.sleep(0.1)
        return time.perf_counter() - begun

    read_back = until(lambda: not HubAccess.objects.unsettled().exists())
    return read_back, until(lambda: Grant.objects.filter(status="active").count() == count)


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


def raw_calls(control: SandboxControl, *, writes: int, reads: int) -> float:
    """Return the seconds of as many calls as large, with nothing around them, on one connection."""
    from django.conf import settings
    from huggingface_hub.utils import get_session

    control.seed(MODEL, {"pending": writes * 100}, prefix="raw")
    waiting = [row["userId"] for row in control.people(MODEL, status="pending", limit=writes * 100 + SAMPLE)]
    session, lists = get_session(), f"{settings.HUB_ENDPOINT}/api/models/{MODEL}/user-access-request"
    signed = {"Authorization": f"Bearer {TOKEN}"}
    begun = time.perf_counter()
    for number in range(writes):
        named = [{"userId": one} for one in waiting[number * 100 : number * 100 + 100]]
        asked = {"status": "accepted", "requests": named}
        session.post(f"{lists}/batch", json=asked, headers=signed).raise_for_status()
    for _number in range(reads):
        session.get(f"{lists}/accepted?limit=1000", headers=signed).raise_for_status()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
