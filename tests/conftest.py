"""What every test may use: real PostgreSQL and Redis, a sandbox Hub over HTTP, and nothing beyond loopback."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.hub.sandbox.control import SandboxControl

PROJECT = Path(__file__).resolve().parent.parent
SANDBOX_APP, SANDBOX_SECRET = "gatekeeper", "sandbox-secret"


@pytest.fixture(autouse=True)
def own_cache(settings: Any) -> None:
    """Each test has a cache of its own on the shared server: no test sees another's, in parallel or after it."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": f"test-{uuid.uuid4().hex}"}}


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Argon2 is slow on purpose; a test that is about it says so."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True, scope="session")
def no_broker() -> None:
    """Nudges go nowhere: a task is called by the test that is about it."""
    from gatekeeper.celery import app

    app.conf.update(broker_url="memory://", broker_transport_options={})


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a sandbox Hub, one for each worker of the test run."""
    state = tmp_path_factory.mktemp("sandbox")
    command = [sys.executable, "-m", "gatekeeper.hub.sandbox", "--port", "0", "--state", str(state)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


@pytest.fixture
def sandbox(sandbox_process: str, settings: Any) -> SandboxControl:
    """A sandbox Hub that remembers nothing of the last test, and settings that point to it."""
    control = SandboxControl(sandbox_process)
    control.reset()
    settings.HUB_ENDPOINT = settings.HUB_ORIGIN = sandbox_process
    settings.HUB_OAUTH_CLIENT_ID, settings.HUB_OAUTH_CLIENT_SECRET = SANDBOX_APP, SANDBOX_SECRET
    app = {
        "provider_id": "huggingface",
        "name": "Hugging Face",
        "client_id": SANDBOX_APP,
        "secret": SANDBOX_SECRET,
        "settings": {"server_url": sandbox_process, "scope": ["openid", "profile", "email", "read-memberships"]},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    return control
