"""The image and the compose file hold what a careful operator expects; no container engine is needed to say so."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from ruamel.yaml import YAML

from gatekeeper import embedded
from gatekeeper.embedded.home import Home
from gatekeeper.embedded.keeper import reset
from gatekeeper.embedded.software import Software

PROJECT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = YAML(typ="safe").load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
OURS = sorted(name for name, service in SERVICES.items() if service["image"] == "gatekeeper")

each_service = pytest.mark.parametrize("name", sorted(SERVICES))


def test_one_image_serves_web_worker_clock_and_migrations() -> None:
    """Nothing can run at another version than the rest."""
    assert OURS == ["beat", "migrate", "web", "worker"]


@each_service
def test_it_runs_as_an_account_of_its_own(name: str) -> None:
    """No service is root, none may become it, none writes to its own image."""
    service = SERVICES[name]
    assert service["user"].split(":")[0] not in {"root", "0", ""}
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True


@each_service
def test_it_says_whether_it_is_well(name: str) -> None:
    """What starts after it waits for that; `web` answers by the image's own check, `migrate` by ending."""
    if name == "migrate":
        assert SERVICES["web"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    elif name == "web":
        assert "HEALTHCHECK" in DOCKERFILE
        assert "/healthz" in DOCKERFILE
        assert "healthcheck" not in SERVICES["web"]
    else:
        assert SERVICES[name]["healthcheck"]["test"]


@each_service
def test_it_holds_no_secret_in_its_environment(name: str) -> None:
    """What is secret comes as a file; an environment is seen by whoever may inspect a container."""
    service = SERVICES[name]
    mounted = {f"/run/secrets/{secret}" for secret in service.get("secrets", [])}
    for variable, value in service.get("environment", {}).items():
        if variable.endswith("_FILE"):
            assert value in mounted, variable
        else:
            assert not re.search("SECRET|PASSWORD|KEY|TOKEN|DATABASE_URL|REDIS_URL|EMAIL_URL", variable), variable


def test_no_secret_stands_in_the_file_or_in_git() -> None:
    """Every secret is a file in a folder that git ignores."""
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}
    assert "/secrets/" in (PROJECT / ".gitignore").read_text(encoding="utf-8").splitlines()
    text = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    assert not re.search(r"://\w+:\w+@", text)


def test_every_secret_that_is_named_is_declared_and_used() -> None:
    """A misspelt name would be found by the engine only at the start."""
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == set(COMPOSE["secrets"])
    for service in SERVICES.values():
        assert {config["source"] for config in service.get("configs", [])} <= set(COMPOSE["configs"])
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        volumes = {volume.split(":")[0] for volume in service.get("volumes", [])}
        assert volumes <= set(COMPOSE["volumes"])
        assert set(service.get("depends_on", {})) <= set(SERVICES)


def test_only_the_proxy_can_be_reached_and_the_database_can_reach_nothing() -> None:
    """The database and the queue are on a network without a way in or out."""
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "valkey", "migrate"):
        assert SERVICES[name]["networks"] == ["inside"], name
    assert SERVICES["proxy"]["networks"] == ["front"]


def test_only_migrations_may_change_tables() -> None:
    """The service's role can read and write rows; it can't TRUNCATE the record, nor drop the triggers that guard it."""
    owners = [name for name, service in SERVICES.items() if "database_owner_url" in service.get("secrets", [])]
    assert owners == ["migrate", "postgres"]
    roles = COMPOSE["configs"]["postgres_roles"]["content"]
    assert "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO gatekeeper;" in roles
    assert "TRUNCATE" not in roles


@pytest.mark.embedded
def test_the_role_of_the_service_can_write_rows_and_not_empty_tables() -> None:
    """The script that makes the roles, run for real by the wheel's psql under other names than those that exist."""
    folder = Path(tempfile.mkdtemp(prefix="gk-test-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        with embedded.servers(folder / "servers", fast=True) as urls:
            secrets = folder / "secrets"
            subprocess.run([PROJECT / "docs/deploy/make-secrets", secrets], check=True, capture_output=True)
            script = COMPOSE["configs"]["postgres_roles"]["content"].replace("$$", "$").replace("gatekeeper", "trial")
            script = script.replace("/run/secrets", str(secrets))
            script = script.replace("--username=postgres --dbname=postgres", '--quiet "$DATABASE_URL"')
            programs = Software.found().postgres.parent
            environment = urls | {"PATH": f"{programs}:{os.environ['PATH']}"}
            subprocess.run(["bash", "-c", script], env=environment, check=True)

            def connect(role: str, secret: str) -> psycopg.Connection:
                password = urlsplit((secrets / secret).read_text()).password
                host = parse_qs(urlsplit(urls["DATABASE_URL"]).query)["host"][0]
                return psycopg.connect(host=host, dbname="trial", user=role, password=password, autocommit=True)

            with connect("trial_owner", "database_owner_url") as owner:
                owner.execute("create extension pg_trgm")
                owner.execute("create table event (id bigint generated by default as identity, words text)")
            with connect("trial", "database_url") as service:
                service.execute("insert into event (words) values ('kept')")
                service.execute("update event set words = 'changed'")
                for refused in ("truncate event", "drop table event", "alter table event disable trigger all"):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        service.execute(refused)
    finally:
        reset(Home(folder / "servers"))  # waits for them to end
        shutil.rmtree(folder)


def test_the_proxy_buffers_in_both_directions() -> None:
    """Sync workers must not wait for slow lines."""
    caddyfile = COMPOSE["configs"]["caddyfile"]["content"]
    assert "request_buffers" in caddyfile
    assert "response_buffers" in caddyfile
    assert "X-Request-ID {http.request.uuid}" in caddyfile  # a client's own would be believed


def test_the_image_is_built_from_locked_packages_and_runs_without_root() -> None:
    """Its last account is a numbered one, and pip is held to the hashes."""
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
    assert "--require-hashes" in DOCKERFILE
    assert "requirements/base.txt" in DOCKERFILE
    assert "collectstatic" in DOCKERFILE
    assert "--worker-class=sync" in DOCKERFILE
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for source in line.split():
            assert (PROJECT / source).exists(), source


def test_the_secrets_it_makes_are_ones_the_service_starts_with(tmp_path: Path) -> None:
    """The service starts in production on exactly the files and variables that the compose file gives it."""
    folder = tmp_path / "secrets"
    for _ in range(2):
        subprocess.run([PROJECT / "docs/deploy/make-secrets", folder], check=True, capture_output=True)
    made = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert set(made) == set(COMPOSE["secrets"])
    assert made["valkey_password"] in made["redis_url"]
    assert folder.stat().st_mode & 0o777 == 0o700

    environment = {
        "PATH": os.environ["PATH"],
        "GATEKEEPER_ENV": "production",
        "GATEKEEPER_DATA": str(tmp_path / "data"),
    }
    for variable, value in SERVICES["web"]["environment"].items():
        value = re.sub(r"\$\{SITE[^}]*\}", "gatekeeper.example.org", value)
        value = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
        environment[variable] = value.replace("/run/secrets", str(folder))
    program = (
        "from django.conf import settings as s; "
        "print(s.DATABASES['default']['HOST'], s.REDIS_URL.split('@')[1], s.PUBLIC_URL, s.DEBUG)"
    )
    environment["DJANGO_SETTINGS_MODULE"] = "gatekeeper.settings"
    started = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert started.stdout == "postgres valkey:6379/0 https://gatekeeper.example.org False\n", started.stderr


def test_make_secrets_keeps_what_is_there(tmp_path: Path) -> None:
    """A second run must not lock a service out of its own database."""
    script = [str(PROJECT / "docs/deploy/make-secrets"), str(tmp_path / "secrets")]
    subprocess.run(script, check=True, capture_output=True)
    (tmp_path / "secrets" / "email_url").write_text("smtp+tls://mail.example.org:587")
    before = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "secrets").iterdir()}
    subprocess.run(script, check=True, capture_output=True)
    assert {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "secrets").iterdir()} == before
