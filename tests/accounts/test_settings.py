"""A bad or missing value stops the start with one sentence, by every entrance."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

PROJECT = Path(__file__).resolve().parent.parent.parent
PYTHON = sys.executable
DEVELOPMENT = {"DATABASE_URL": "postgres://u@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1/0"}
PRODUCTION = {
    **DEVELOPMENT,
    "GATEKEEPER_ENV": "production",
    "PUBLIC_URL": "https://gatekeeper.example.org",
    "ALLOWED_HOSTS": "gatekeeper.example.org",
    "SECRET_KEY": "s" * 50,
    "GATEKEEPER_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "GATEKEEPER_SIGNING_KEY": "A" * 43 + "=",
    "HUB_OAUTH_CLIENT_ID": "app",
}


def run(*arguments: str, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start one entrance with this environment and no other."""
    clean = {"PATH": os.environ["PATH"], "HOME": str(data), "GATEKEEPER_DATA": str(data / "data"), **environment}
    return subprocess.run(arguments, cwd=PROJECT, env=clean, capture_output=True, text=True, timeout=60, check=False)


def settings_with(data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Read the settings, and print what the expression in SHOW says."""
    show = environment.pop("SHOW", "''")
    code = f"import gatekeeper.settings as s; print({show})"
    return run(PYTHON, "-c", code, data=data, **environment)


@pytest.mark.parametrize(
    "entrance",
    [
        (PYTHON, "manage.py", "check"),
        (PYTHON, "-c", "import gatekeeper.wsgi"),
        (PYTHON, "-m", "celery", "-A", "gatekeeper", "inspect", "ping"),
    ],
    ids=["manage", "wsgi", "celery"],
)
def test_every_entrance_stops_with_one_sentence(entrance: tuple[str, ...], tmp_path: Path) -> None:
    """No traceback, one line, and a status that supervisors understand."""
    stopped = run(*entrance, data=tmp_path, **DEVELOPMENT, LOG_LEVEL="LOUD")
    assert stopped.returncode != 0
    assert stopped.stderr.strip() == "Gatekeeper cannot start: LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR."
    assert "Traceback" not in stopped.stdout + stopped.stderr


@pytest.mark.parametrize(
    "name",
    sorted(set(PRODUCTION) - {"GATEKEEPER_ENV", "HUB_OAUTH_CLIENT_ID"}),
)
def test_production_demands(name: str, tmp_path: Path) -> None:
    """Nothing that matters has a default in production."""
    stopped = settings_with(tmp_path, **{key: value for key, value in PRODUCTION.items() if key != name})
    assert stopped.returncode == 1
    assert stopped.stderr.startswith(f"Gatekeeper cannot start: {name} is not set")
    assert stopped.stderr.count("\n") == 1


BAD = {
    "GATEKEEPER_ENV": "staging",
    "DEBUG": "maybe",
    "PUBLIC_URL": "gatekeeper.example.org",
    "HUB_ENDPOINT": "ftp://hub",
    "HUB_CALL_TIMEOUT": "0",
    "DATABASE_URL": "sqlite:///x",
    "DATABASE_STATEMENT_TIMEOUT": "soon",
    "REDIS_URL": "http://redis",
    "SECRET_KEY": "short",
    "GATEKEEPER_ENCRYPTION_KEYS": "not-a-key",
    "GATEKEEPER_SIGNING_KEY": "not-a-key",
    "EMAIL_URL": "pigeon://loft",
    "LOG_FORMAT": "xml",
    "SECRET_KEY_FILE": "/nowhere/at/all",
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_bad_value_is_named(name: str, tmp_path: Path) -> None:
    """The sentence names the setting and never repeats a secret's value."""
    stopped = settings_with(tmp_path, **{**PRODUCTION, name: BAD[name]})
    assert stopped.returncode == 1
    assert name in stopped.stderr
    assert stopped.stderr.count("\n") == 1
    assert "not-a-key" not in stopped.stderr


def test_debug_is_refused_in_production(tmp_path: Path) -> None:
    """Its pages show settings."""
    assert "DEBUG cannot be on" in settings_with(tmp_path, **PRODUCTION, DEBUG="true").stderr


def test_production_is_locked(tmp_path: Path) -> None:
    """Secure cookies, HSTS, redirect, hashed static files, no passwords; and the security checks find no error."""
    show = (
        "s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS > 0, "
        "'Manifest' in s.STATIC_BACKEND, not s.PASSWORD_SIGN_IN, not s.DEBUG"
    )
    started = settings_with(tmp_path, **PRODUCTION, SHOW=f"all([{show}])")
    assert started.stdout.strip() == "True", started.stderr
    checked = run(PYTHON, "manage.py", "check", "--deploy", "--tag", "security", data=tmp_path, **PRODUCTION)
    assert checked.returncode == 0, checked.stderr


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    """NAME_FILE, as containers give secrets; a line end is no part of it."""
    file = tmp_path / "secret"
    file.write_text("f" * 60 + "\n")
    environment = {key: value for key, value in PRODUCTION.items() if key != "SECRET_KEY"}
    started = settings_with(tmp_path, **environment, SECRET_KEY_FILE=str(file), SHOW="s.SECRET_KEY")
    assert started.stdout.strip() == "f" * 60


def test_development_makes_keys_once(tmp_path: Path) -> None:
    """The same keys at the next start, in files that only their owner reads."""
    show = "s.SECRET_KEY, s.GATEKEEPER_ENCRYPTION_KEYS, s.GATEKEEPER_SIGNING_KEY"
    first, second = (settings_with(tmp_path, **DEVELOPMENT, SHOW=show) for _start in range(2))
    assert first.stdout == second.stdout != ""
    files = sorted((tmp_path / "data").iterdir())
    assert [file.name for file in files] == ["encryption.key", "secret.key", "signing.key"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_an_offline_command_needs_nothing(tmp_path: Path) -> None:
    """In production's image static files are collected without a database, a key or a file left behind."""
    started = run(PYTHON, "manage.py", "help", data=tmp_path, GATEKEEPER_ENV="production")
    assert started.returncode == 0, started.stderr
    assert not (tmp_path / "data").exists()


# What is wrong at once, and as what it is known; a start of Django takes seconds, so several are wrong in each.
WRONG: list[tuple[dict[str, str], set[str]]] = [
    (
        {
            "PUBLIC_URL": "http://gatekeeper.example.org",
            "HUB_ENDPOINT": "http://hub.example.org",
            "ALLOWED_HOSTS": "other.example.org",
            "HUB_OAUTH_CLIENT_ID": "",
            "EMAIL_URL": "consolemail://",
        },
        {"gatekeeper.E001", "gatekeeper.E002", "gatekeeper.E003", "gatekeeper.E005", "gatekeeper.W008"},
    ),
    (
        {
            "ALLOWED_HOSTS": "*",
            "HUB_OAUTH_CLIENT_ID": "",
            "HUB_OAUTH_CLIENT_SECRET": "x",
            "PASSWORD_SIGN_IN": "true",
            "EMAIL_URL": "smtp+tls://mail.example.org:587",
        },
        {"gatekeeper.W004", "gatekeeper.E006", "gatekeeper.W007"},
    ),
]


@pytest.mark.parametrize(("changed", "identities"), WRONG, ids=["nothing set", "too much set"])
def test_a_misconfiguration_has_an_id_and_a_hint(changed: dict[str, str], identities: set[str], tmp_path: Path) -> None:
    """What starts but is wrong is said by the checks, and nothing else is."""
    checked = run(PYTHON, "manage.py", "check", data=tmp_path, **{**PRODUCTION, **changed})
    assert set(re.findall(r"\(gatekeeper\.[EW]\d+\)", checked.stderr)) == {f"({one})" for one in identities}
    assert checked.stderr.count("HINT") == len(identities)
