"""Reading long lists: `make bench NAME=observe`.

A repository with many accepted people is read whole, twice: the first reading gets to know them, the second finds
nothing new. Measured is the second, in a process of its own: calls, processor time and memory of ours, at each size.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from typing import Any

from benchmarks import django_up, figure, say
from benchmarks.sandbox import MODEL, PROJECT, asserting_no_transaction, linked, sandbox
from gatekeeper.hub.sandbox.control import SandboxControl

SIZES = (100_000, 1_000_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--read", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.read is not None:
        read_whole(asked.read)
        return
    with sandbox() as control:
        held = measure(control, asked.sizes)
    sys.exit(0 if all(held) else 1)


def measure(control: SandboxControl, sizes: list[int]) -> list[bool]:
    """Read at each size, and hold calls, processor time and memory against their goals."""
    from gatekeeper.hub import settle
    from gatekeeper.models import Drift, HubAccess

    stage, _reviewer = linked(control)
    repository = stage.repositories.get()
    held, cost, there = [], {}, 0
    for size in sizes:
        say(f"seeding {size} members and getting to know them")
        control.seed(MODEL, {"accepted": size - there}, prefix=f"member{size}")
        there = size
        first = in_a_process(repository.pk)
        while HubAccess.objects.unsettled().exists():  # who was accepted before is brought in, and read back once
            in_a_process(repository.pk)
            settle.settle_due()
        say(f"known after {first['wall']:.0f} s; reading again")
        control.clear_journal()
        again = in_a_process(repository.pk)
        calls = len(control.journal())
        assert HubAccess.objects.filter(repository=repository, seen="accepted").count() == size
        assert not Drift.objects.exists()
        cost[size] = again["cpu"] / size
        against = {"wall, s": round(again["wall"], 1), "first reading, cpu s": round(first["cpu"], 1)}
        most, cpu = size / 1_000 + 4, again["cpu"] / size * 100_000
        held += [
            figure(f"observe: calls at {size:,}", calls, "calls", goal=f"≤ {most:.0f}", holds=calls <= most),
            figure(f"observe: cpu at {size:,}", cpu, "s for 100,000", goal="≤ 3", holds=cpu <= 3, against=against),
            figure(f"observe: memory at {size:,}", again["memory"], "MB", goal="< 200", holds=again["memory"] < 200),
        ]
    if len(cost) > 1:
        spread = max(cost.values()) / min(cost.values())
        by_size = {f"{size:,}": f"{one:.2e} s" for size, one in cost.items()}
        name = "observe: cost of a member, largest by smallest"
        held.append(figure(name, spread, "times", goal="≤ 1.2", holds=spread <= 1.2, against=by_size))
    return held


def in_a_process(repository: int) -> dict[str, float]:
    """Read the lists in a process of its own, and return what that took."""
    command = [sys.executable, "-m", "benchmarks.observe", "--read", str(repository)]
    done = subprocess.run(command, cwd=PROJECT, env=os.environ, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def read_whole(repository: int) -> None:
    """Read all lists of a repository once, and print seconds of processor and wall, and the most memory."""
    django_up()
    from gatekeeper.hub import observe

    asserting_no_transaction()
    cpu, wall = time.process_time(), time.perf_counter()
    assert observe.observe(repository)
    taken: dict[str, Any] = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    taken["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    sys.stdout.write(json.dumps(taken) + "\n")


if __name__ == "__main__":
    main()
