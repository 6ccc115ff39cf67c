"""The sandbox as a process: how it starts and ends, what it keeps over a restart, and that it stands alone."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from huggingface_hub import HfApi

from gatekeeper.hub.sandbox.control import SandboxControl

ROOT = Path(__file__).parents[3]
Start = Callable[..., tuple[subprocess.Popen[str], str]]


def test_state_outlives_a_killed_process(start: Start, tmp_path: Path) -> None:
    """People, repositories, requests, options and the signing key; the last answered call is never lost."""
    process, url = start("--state", str(tmp_path), "--user", "ada=t-ada", "--user", "bob=t-bob")
    hub = SandboxControl(url)
    hub.create_repo("ada/model", gated="manual", card="---\nlicense: mit\n---\n")
    hub.set_status("ada/model", "bob", "pending")
    hub.capabilities(batch=False)
    HfApi(endpoint=url, token="t-ada").accept_access_request("ada/model", "bob")
    before = hub.people("ada/model")
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    _, url = start("--state", str(tmp_path))
    again = SandboxControl(url)
    assert again.people("ada/model") == before
    assert again.state()["options"]["capabilities"]["batch"] is False
    assert HfApi(endpoint=url, token="t-bob").model_info("ada/model").gated == "manual"
    again.reset()
    assert HfApi(endpoint=url, token="t-bob").whoami()["name"] == "bob"
    assert again.state()["repos"] == 0


def test_reset_on_the_command_line_forgets(start: Start, tmp_path: Path) -> None:
    process, _ = start("--state", str(tmp_path), "--user", "ada=t-ada")
    process.terminate()
    assert process.wait(10) == 0
    _, url = start("--state", str(tmp_path), "--reset", "--user", "cleo=t-cleo", "--app", "mine=secret")
    assert SandboxControl(url).state()["people"] == 1


def test_it_ends_cleanly_while_a_call_is_held(start: Start) -> None:
    process, url = start("--user", "ada=t-ada")
    hub = SandboxControl(url)
    fault = hub.fault("hold", "whoami")
    call = (
        "import sys, urllib.request as r;"
        "r.urlopen(r.Request(sys.argv[1] + '/api/whoami-v2', headers={'Authorization': 'Bearer t-ada'}))"
    )
    caller = subprocess.Popen([sys.executable, "-c", call, url], stderr=subprocess.DEVNULL)
    hub.wait_held(fault)
    process.terminate()
    assert process.wait(10) == 0
    assert caller.wait(10) != 0


def test_the_command_of_the_project_starts_it_without_a_database() -> None:
    """Nothing of the project has to be in order for it."""
    environment = os.environ | {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    command = [sys.executable, "manage.py", "sandbox_hub", "--port=0", "--user=ada=t-ada", "--org=lab=ada:write"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            orgs = HfApi(endpoint=url, token="t-ada").whoami()["orgs"]
            assert [(org["name"], org["roleInOrg"]) for org in orgs] == [("lab", "write")]
        finally:
            process.terminate()
    assert process.returncode == 0


def test_it_imports_nothing_of_the_project_and_no_framework() -> None:
    code = (
        "import sys, gatekeeper.hub.sandbox.cli, gatekeeper.hub.sandbox.control;"
        "ours = ('gatekeeper', 'gatekeeper.hub', 'gatekeeper.hub.sandbox');"
        "print([name for name in sys.modules if name.split('.')[0] in"
        " ('django', 'celery', 'huggingface_hub', 'httpx2', 'redis', 'psycopg', 'accounts')"
        " or name.startswith('gatekeeper') and name not in ours and not name.startswith(ours[2] + '.')])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
