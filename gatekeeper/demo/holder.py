"""Somebody who holds a Hub token and asks the Hub, with the Hub's own client, whether it opens a repository."""

import os
import subprocess
import sys

CALL_LIMIT = 60.0  # seconds
ASK = """
import sys
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError
try:
    HfApi().auth_check(sys.argv[1])
except HfHubHTTPError as refused:
    sys.exit(f"{refused.response.status_code} {refused.server_message or ''}".strip())
"""


def may_read(hub: str, token: str, repository: str) -> tuple[bool, str]:
    """Return whether the token opens the repository, and what the Hub said if it does not.

    The client runs in a process of its own, as it does on the holder's machine, with its unchanged defaults.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    env |= {"HF_ENDPOINT": hub, "HF_TOKEN": token, "HF_HUB_DISABLE_TELEMETRY": "1"}
    asked = subprocess.run(  # noqa: S603  # our own few lines, no shell
        [sys.executable, "-c", ASK, repository],
        env=env,
        capture_output=True,
        text=True,
        timeout=CALL_LIMIT,
        check=False,
    )
    return asked.returncode == 0, asked.stderr.strip().splitlines()[-1] if asked.returncode else ""
