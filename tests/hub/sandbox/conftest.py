"""A sandbox Hub as a process of its own, emptied before each test, and the real client pointed at it."""

from __future__ import annotations

import os

# Read by the client when it is imported, so they come first.
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi
from huggingface_hub.utils._http import get_session

from gatekeeper.hub.sandbox.control import SandboxControl

PEOPLE = {"ada": "t-ada", "bob": "t-bob", "cleo": "t-cleo", "dora": "t-dora", "eve": "t-eve"}
ROOT = Path(__file__).parents[3]

Start = Callable[..., tuple[subprocess.Popen[str], str]]


def begin(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    """Start a sandbox; gives the process and the address it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gatekeeper.hub.sandbox", "--port", "0", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("sandbox Hub listening on http://127.0.0.1:")
    return process, line.split()[-1]


def end(process: subprocess.Popen[str], by: signal.Signals = signal.SIGTERM) -> int:
    process.send_signal(by)
    code = process.wait(10)
    if process.stdout is not None:
        process.stdout.close()
    return code


@pytest.fixture(scope="session")
def hub_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the sandbox of this test session: ada administers the organisation lab, dora may read in it."""
    people = [f"--user={name}={token}" for name, token in PEOPLE.items()]
    folder = tmp_path_factory.mktemp("hub")
    process, url = begin("--state", str(folder), *people, "--org=lab=ada:admin,dora:read,eve:contributor")
    yield url
    assert end(process) == 0


@pytest.fixture
def hub(hub_url: str) -> SandboxControl:
    """The control of the sandbox, just emptied."""
    control = SandboxControl(hub_url)
    control.reset()
    return control


@pytest.fixture
def api(hub: SandboxControl) -> Callable[[str], HfApi]:
    """The real client as one of the people."""
    return lambda name: HfApi(endpoint=hub.url, token=PEOPLE[name])


@pytest.fixture
def ask(hub: SandboxControl) -> Callable[..., Any]:
    """One HTTP call as someone (by name or by token, or nobody), redirects not followed: for what the client lacks."""

    def send(method: str, path: str, who: str | None = None, **about: Any) -> Any:
        headers = dict(about.pop("headers", {}))
        if who:
            headers["Authorization"] = f"Bearer {PEOPLE.get(who, who)}"
        address = path if path.startswith("http") else hub.url + path
        session = get_session()
        try:
            return session.request(method, address, headers=headers, follow_redirects=False, **about)
        finally:
            session.cookies.clear()  # the session is the whole process's: nobody is signed in by an earlier call

    return send


@pytest.fixture
def gated(hub: SandboxControl) -> str:
    """A model of the organisation, gated by hand."""
    hub.create_repo("lab/model", gated="manual", by="ada", files={"weights.safetensors": "w" * 100, "LICENSE": "MIT"})
    return "lab/model"


@pytest.fixture
def start() -> Iterator[Start]:
    """Start further sandboxes, which end with the test."""
    begun: list[subprocess.Popen[str]] = []

    def begin_and_remember(*arguments: str) -> tuple[subprocess.Popen[str], str]:
        process, url = begin(*arguments)
        begun.append(process)
        return process, url

    yield begin_and_remember
    for process in begun:
        if process.poll() is None:
            end(process)
        elif process.stdout is not None:
            process.stdout.close()
