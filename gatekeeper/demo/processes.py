"""Child processes that start together, are watched, and end with their parent, however it ends."""

import ctypes
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)
PATIENCE = 60.0  # seconds until a process must be ready
GRACE = 10.0  # seconds that a process has to end by itself


class DemoError(Exception):
    """Something did not start, ended, or was not as it should be; the message is a sentence for the terminal."""


@dataclass
class Child:
    """A running process, and where it writes what it has to say."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def last_lines(self, count: int = 15) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


class Processes:
    """The children of one demo. Use as a context manager: leaving it ends them, the last started first."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.children: list[Child] = []
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(
        self, name: str, command: Sequence[str], env: Mapping[str, str], *, ready: Callable[[], bool] | None = None
    ) -> Child:
        """Start a process and wait until `ready` says so. Raises DemoError with the end of its log if it does not."""
        log = self.logs / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  # our own commands, no shell
                command,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # no thread runs yet
            )
        child = Child(name, process, log)
        self.children.append(child)
        deadline = time.monotonic() + PATIENCE
        while ready is not None and not ready():
            if process.poll() is not None:
                raise DemoError(f"{name} ended at once:\n{child.last_lines()}")
            if time.monotonic() > deadline:
                raise DemoError(f"{name} was not ready in {PATIENCE:.0f} seconds:\n{child.last_lines()}")
            time.sleep(0.1)
        return child

    def run(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Run a process to its end. Raises DemoError with its output if it fails."""
        done = subprocess.run(  # noqa: S603  # our own commands, no shell
            command, env=dict(env), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            raise DemoError(f"{name} failed:\n{done.stdout}{done.stderr}")

    def ended(self) -> Child | None:
        """Return a child that has ended, if there is one."""
        return next((child for child in self.children if child.process.poll() is not None), None)

    def stop(self) -> None:
        """End every child, the last started first: ask, wait a while, then insist."""
        for child in reversed(self.children):
            if child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + GRACE
        for child in reversed(self.children):
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.process.pid, signal.SIGKILL)
                child.process.wait()
        self.children.clear()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def free_port(wanted: int) -> int:
    """Return the wanted port if nobody listens there, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoError("No free port was found on this machine.")


def answers(url: str) -> bool:
    """Say whether an address answers with a page."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  # our own loopback address
            return int(response.status) < 400
    except (urllib.error.URLError, OSError):
        return False
