"""What the benches of the Hub share: a sandbox Hub of its own process, a linked repository, and its journal."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import django_up
from gatekeeper.demo.processes import Processes, answers, free_port
from gatekeeper.hub.sandbox.control import SandboxControl

PROJECT = Path(__file__).resolve().parent.parent
OWNER, TOKEN, MODEL = "bench-owner", "hf_bench", "bench/model"
CARD = "---\nlicense: other\nextra_gated_fields:\n  Affiliation: text\n  I accept: checkbox\n---\n# Model\n"
ANSWERS = {"Affiliation": "University", "I accept": "on"}


@contextmanager
def sandbox() -> Iterator[SandboxControl]:
    """A sandbox Hub in a process of its own, with a migrated database beside it."""
    with TemporaryDirectory(prefix="gatekeeper-bench-") as folder, Processes(Path(folder)) as processes:
        port = free_port(0)
        hub = f"http://127.0.0.1:{port}"
        os.environ |= {
            "HUB_ENDPOINT": hub,
            "GATEKEEPER_DATA": folder,
            "CACHE_PREFIX": Path(folder).name,
            "LOG_LEVEL": "WARNING",
            "PYTHONPATH": str(PROJECT),
        }
        processes.start(
            "sandbox-hub",
            [sys.executable, "-m", "gatekeeper.hub.sandbox", "--port", str(port), "--state", str(Path(folder) / "hub"),
             f"--user={OWNER}={TOKEN}", f"--org=bench={OWNER}:admin"],
            os.environ, ready=lambda: answers(f"{hub}/.well-known/openid-configuration"),
        )  # fmt: skip
        processes.run("migrate", [sys.executable, "manage.py", "migrate", "--verbosity=0"], os.environ)
        django_up()
        control = SandboxControl(hub)
        control.options(quota={"api": 10_000_000, "resolvers": 10_000_000})
        yield control


def linked(control: SandboxControl, name: str = MODEL) -> tuple[Any, Any]:
    """Link a repository the short way and open its stage, in this process; returns the stage and who reviews."""
    from django.utils import timezone

    from accounts.models import HubPerson, Membership, Publisher, User
    from accounts.viewer import Viewer
    from gatekeeper.actions import people, repositories
    from gatekeeper.hub import adopt, settle
    from gatekeeper.models import Stage

    control.create_repo(name, gated="manual", card=CARD, by=OWNER, files={"LICENSE": "Be good.\n"})
    user = User.objects.create_user(OWNER)
    person = HubPerson.objects.see(hub_user_id=control.user(OWNER)["id"], username=OWNER)
    HubPerson.objects.filter(pk=person.pk).update(user=user, proven_at=timezone.now())
    publisher = Publisher.objects.create(name="bench", kind="organisation", created_by=user)
    Membership.objects.create(publisher=publisher, user=user, role="owner", added_by=user)
    people.keep_token(publisher, by=Viewer.of(user), secret=TOKEN, hub_username=OWNER)
    found = adopt.what_is_there(TOKEN, "model", name)
    repository = adopt.link_repository(publisher, by=Viewer.of(user), kind="model", name=name, found=found)
    stage = repositories.start_from_what_is_there(
        repository, by=Viewer.of(user), questions_asked=found.questions, licence=found.licence or {}
    )
    while Stage.objects.get(pk=stage.pk).status != "open":
        settle.settle_due()
        time.sleep(0.05)
    return Stage.objects.get(pk=stage.pk), Viewer.of(user)


def asserting_no_transaction() -> None:
    """Have every call to the Hub fail that is made while a transaction is open on this process's connection."""
    from django.db import connection

    from gatekeeper.hub.client import HubClient

    send = HubClient._send

    def checked(self: HubClient, *args: Any, **kwargs: Any) -> Any:
        assert not connection.in_atomic_block, "a transaction is open during a call to the Hub"
        return send(self, *args, **kwargs)

    HubClient._send = checked  # type: ignore[method-assign]  # measured, not shipped
