"""Starting the whole town: sandbox Hub, web, worker and clock, with one environment between them."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from gatekeeper.hub.sandbox.control import SandboxControl

from . import scene
from .processes import Processes, answers, free_port

WEB_PORT, HUB_PORT = 8000, 8900
CLIENT = ("gatekeeper", "sandbox-secret")
MAIL = "mail"  # the folder, in the data of a demo, where each mail is a file


@dataclass(frozen=True)
class Town:
    """Where everything is."""

    web: str
    hub: str
    env: Mapping[str, str]
    control: SandboxControl


def build(processes: Processes, *, project: Path, data: Path, env: Mapping[str, str]) -> Town:
    """Start everything and wait until it answers. Raises DemoError with the log of what did not."""
    web_port, hub_port = free_port(WEB_PORT), free_port(HUB_PORT)
    web, hub = f"http://127.0.0.1:{web_port}", f"http://127.0.0.1:{hub_port}"
    surroundings = {
        **os.environ,
        **env,
        "PYTHONPATH": str(project),
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "gatekeeper.settings",
        "PUBLIC_URL": web,
        "HUB_ENDPOINT": hub,
        "HUB_OAUTH_CLIENT_ID": CLIENT[0],
        "HUB_OAUTH_CLIENT_SECRET": CLIENT[1],
        "EMAIL_URL": f"filemail:///{quote(str(data.absolute() / MAIL))}",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
    }
    python = sys.executable
    processes.start(
        "sandbox-hub",
        [
            python,
            "-m",
            "gatekeeper.hub.sandbox",
            "--port",
            str(hub_port),
            "--state",
            str(data / "sandbox-hub"),
            *scene.people_arguments(),
        ],
        surroundings,
        ready=lambda: answers(f"{hub}/.well-known/openid-configuration"),
    )
    control = SandboxControl(hub)
    scene.set_the_stage(control)
    processes.run("migrate", [python, "manage.py", "migrate", "--verbosity=0"], surroundings)
    processes.start(
        "web",
        [
            python,
            "-m",
            "gunicorn",
            "gatekeeper.wsgi",
            f"--bind=127.0.0.1:{web_port}",
            "--workers=2",
            "--timeout=60",
            "--no-control-socket",
            "--access-logfile=/dev/null",
        ],
        surroundings,
        ready=lambda: answers(f"{web}/healthz"),
    )
    processes.start(
        "worker",
        [python, "-m", "celery", "-A", "gatekeeper", "worker", "--concurrency=2", "--loglevel=INFO"],
        surroundings,
    )
    processes.start("clock", [python, "-m", "celery", "-A", "gatekeeper", "beat", "--loglevel=INFO"], surroundings)
    return Town(web, hub, surroundings, control)
