"""The sandbox Hub believes whoever reaches its controls, who could sign in as anybody: only this machine does."""

from __future__ import annotations

import subprocess
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from gatekeeper.hub.sandbox.control import SandboxControl


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "example.org"])
def test_it_listens_to_this_machine_alone(host: str) -> None:
    """Nobody opens it to a network by a slip."""
    command = [sys.executable, "-m", "gatekeeper.hub.sandbox", "--port", "0", "--host", host]
    begun = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert begun.returncode == 2
    assert "loopback" in begun.stderr


@pytest.mark.parametrize("header", [("Origin", "http://evil.example"), ("Host", "evil.example")])
def test_no_page_of_another_site_steers_it(sandbox: SandboxControl, header: tuple[str, str]) -> None:
    """A browser on this machine sends what any page asks it to."""
    asked = Request(f"{sandbox.url}/_sandbox/people", b'{"name": "mallory"}', dict([header]), method="POST")
    with pytest.raises(HTTPError) as refused:
        urlopen(asked, timeout=10)
    refused.value.close()
    assert refused.value.code == 403
    assert "mallory" not in str(sandbox.state())
