"""What every test may use: real PostgreSQL and Redis, a sandbox Hub over HTTP, and nothing beyond loopback."""

from __future__ import annotations

import gc
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache.backends.redis import RedisCache
from django.db import connection, transaction
from django.test import TransactionTestCase
from django.utils import translation

from accounts.models import HubPerson, Publisher
from accounts.viewer import Viewer
from gatekeeper.hub.sandbox.control import SandboxControl
from gatekeeper.models import Repository, Stage
from tests import factories
from tests.again import once, passes_triggers

PROJECT = Path(__file__).resolve().parent.parent
SANDBOX_APP, SANDBOX_SECRET = "gatekeeper", "sandbox-secret"
MADE_BY_MIGRATE = {"django_content_type", "auth_permission"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long ones, in whatever order the rest comes: at the end no worker waits for another's."""
    items.sort(key=lambda item: not any(item.get_closest_marker(name) for name in ("slow", "browser")))


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what is there already, and come seldom: a sixth of a run was its own."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(autouse=True)
def own_cache(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each test has a cache of its own on the shared server: no test sees another's, in parallel or after it.

    What a process keeps in its data folder is not shared with another process of the run either.
    """
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": f"test-{uuid.uuid4().hex}"}}
    settings.GATEKEEPER_DATA = tmp_path_factory.getbasetemp()


@pytest.fixture(autouse=True, scope="session")
def own_clearing() -> Iterator[None]:
    """A test that clears its cache clears only that: Django's own way empties the server, under whoever else tests."""

    def clear(cache: RedisCache) -> bool:
        server = cache._cache.get_client(None, write=True)
        for name in server.scan_iter(match=f"{cache.key_prefix}:*", count=1_000):
            server.delete(name)
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RedisCache, "clear", clear)
        yield


@pytest.fixture(autouse=True)
def in_english(settings: Any) -> None:
    """The language of the last request of the test before is not left behind."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Argon2 is slow on purpose; a test that is about it says so."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True, scope="session")
def no_broker() -> None:
    """Nudges go nowhere: a task is called by the test that is about it."""
    from gatekeeper.celery import app

    app.conf.update(broker_url="memory://", broker_transport_options={})


@pytest.fixture(autouse=True, scope="session")
def quick_emptying() -> Iterator[None]:
    """After a test that commits, delete its rows: Django's TRUNCATE of all tables takes thirty times as long.

    Row triggers refuse to delete what is frozen, and only a superuser may pass them by: others truncate as usual.
    """
    truncate = TransactionTestCase._fixture_teardown

    def empty(case: TransactionTestCase) -> None:
        if not passes_triggers():
            truncate(case)
            return
        tables = set(connection.introspection.django_table_names(include_views=False)) - MADE_BY_MIGRATE
        deletes = "; ".join(f"DELETE FROM {connection.ops.quote_name(table)}" for table in sorted(tables))
        deletes = deletes.replace('DELETE FROM "accounts_user";', 'DELETE FROM "accounts_user" WHERE NOT is_system;')
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL session_replication_role = replica; {deletes}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


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


# The cast. Each comes with an account and a Hub name; roles are given by Amara, through the verb.


@pytest.fixture
@once
def amara(db: None) -> Viewer:
    """Owner of aurora-lab."""
    owner = factories.account("amara")
    factories.found(owner, "aurora-lab")
    return owner


@pytest.fixture
def aurora_lab(amara: Viewer) -> Publisher:
    """The publisher that everybody in the cast works for, or asks."""
    return Publisher.objects.get(name="aurora-lab")


@pytest.fixture
@once
def bram(aurora_lab: Publisher, amara: Viewer) -> Viewer:
    """A steward."""
    return factories.member(aurora_lab, "bram", "steward", by=amara)


@pytest.fixture
@once
def chidi(aurora_lab: Publisher, amara: Viewer) -> Viewer:
    """A reviewer."""
    return factories.member(aurora_lab, "chidi", "reviewer", by=amara)


@pytest.fixture
@once
def dana(aurora_lab: Publisher, amara: Viewer) -> Viewer:
    """A second reviewer."""
    return factories.member(aurora_lab, "dana", "reviewer", by=amara)


@pytest.fixture
@once
def ewa(aurora_lab: Publisher, amara: Viewer) -> Viewer:
    """Counsel."""
    return factories.member(aurora_lab, "ewa", "counsel", by=amara)


@pytest.fixture
@once
def farid(aurora_lab: Publisher, amara: Viewer) -> Viewer:
    """An auditor."""
    return factories.member(aurora_lab, "farid", "auditor", by=amara)


@pytest.fixture
@once
def goran(db: None) -> Viewer:
    """The operator of this installation, with no role at any publisher."""
    return factories.account("goran", operator=True)


@pytest.fixture
@once
def ha(db: None) -> Viewer:
    """A requester with a name that ASCII cannot write."""
    return factories.account("ha-nguyen", fullname="Nguyễn Thị Hà")


@pytest.fixture
@once
def ines(db: None) -> Viewer:
    """A second requester."""
    return factories.account("ines")


@pytest.fixture
@once
def juma(db: None) -> Viewer:
    """Somebody with an account who has nothing to do with any of it."""
    return factories.account("juma")


@pytest.fixture
@once
def kiri(db: None) -> HubPerson:
    """Somebody of the Hub who never signed in here."""
    return factories.hub_person("kiri")


@pytest.fixture
def nobody() -> Viewer:
    """A visitor who is not signed in."""
    return Viewer.anonymous()


@pytest.fixture
def clock(db: None) -> Viewer:
    """The system user that acts when time passes."""
    return Viewer.system("clock")


@pytest.fixture
def hub(db: None) -> Viewer:
    """The system user that acts on what was read of the Hub."""
    return Viewer.system("hub")


@pytest.fixture
@once
def aurora(aurora_lab: Publisher, amara: Viewer) -> Repository:
    """A linked model."""
    return factories.linked(aurora_lab, by=amara, name="aurora-xl")


@pytest.fixture
@once
def stage(aurora: Repository, amara: Viewer) -> Stage:
    """An open stage with one repository, whose people ask here, and nobody yet."""
    return factories.open_stage(aurora, by=amara)
