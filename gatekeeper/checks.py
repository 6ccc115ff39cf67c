"""System checks: a misconfiguration has an id, says what is wrong, and hints at what to do."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@register(Tags.security)
def addresses(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Where people reach the service, and where it reaches the Hub."""
    found: list[CheckMessage] = []
    if settings.PRODUCTION and not settings.HTTPS:
        hint = "Set PUBLIC_URL to the https address that people open; a proxy before the service holds its key."
        found.append(
            Error("PUBLIC_URL is not https: sessions and tokens would travel in the open.", hint, id="gatekeeper.E001")
        )
    hub = urlsplit(settings.HUB_ENDPOINT)
    if settings.PRODUCTION and hub.scheme != "https" and hub.hostname not in LOOPBACK:
        hint = "Set HUB_ENDPOINT to https://huggingface.co, or unset it."
        found.append(
            Error("HUB_ENDPOINT is not https: Hub tokens would travel in the open.", hint, id="gatekeeper.E002")
        )
    if not any(_allows(allowed, settings.PUBLIC_HOST) for allowed in settings.ALLOWED_HOSTS):
        hint = f"Add {settings.PUBLIC_HOST} to ALLOWED_HOSTS."
        found.append(
            Error(
                "ALLOWED_HOSTS does not name the host of PUBLIC_URL: every page would be refused.",
                hint,
                id="gatekeeper.E003",
            )
        )
    if settings.PRODUCTION and "*" in settings.ALLOWED_HOSTS:
        hint = "Name the hosts that people use."
        found.append(Warning("ALLOWED_HOSTS allows every host name.", hint, id="gatekeeper.W004"))
    return found


def _allows(allowed: str, host: str) -> bool:
    return (
        allowed == "*"
        or fnmatch.fnmatch(host, f"*{allowed}" if allowed.startswith(".") else allowed)
        or allowed == f"[{host}]"
    )


@register(Tags.security)
def sign_in(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Whether anybody can get in, and by which door."""
    found: list[CheckMessage] = []
    if not settings.HUB_OAUTH_CLIENT_ID and not settings.PASSWORD_SIGN_IN:
        hint = (
            "Register an OAuth application at the Hub with the redirect address "
            f"{settings.PUBLIC_URL}/account/oidc/huggingface/login/callback/ and set HUB_OAUTH_CLIENT_ID and "
            "HUB_OAUTH_CLIENT_SECRET."
        )
        found.append(
            Error(
                "Nobody can sign in: HUB_OAUTH_CLIENT_ID is not set and PASSWORD_SIGN_IN is off.",
                hint,
                id="gatekeeper.E005",
            )
        )
    if settings.HUB_OAUTH_CLIENT_SECRET and not settings.HUB_OAUTH_CLIENT_ID:
        hint = "Set HUB_OAUTH_CLIENT_ID as well."
        found.append(Error("HUB_OAUTH_CLIENT_SECRET is set without HUB_OAUTH_CLIENT_ID.", hint, id="gatekeeper.E006"))
    if settings.PRODUCTION and settings.PASSWORD_SIGN_IN:
        hint = "Unset PASSWORD_SIGN_IN, unless people without a Hub account must get in."
        found.append(
            Warning("People may sign up with a password on a public installation.", hint, id="gatekeeper.W007")
        )
    return found


@register(Tags.security)
def mail(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Whether notices leave the house."""
    if settings.PRODUCTION and settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        hint = "Set EMAIL_URL, for example smtp+tls://user:password@mail.example.org:587."
        return [Warning("Mails are printed and not sent.", hint, id="gatekeeper.W008")]
    return []


@register(Tags.security)
def key_files(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Whether the secrets in the data folder are for their owner only."""
    files = [settings.GATEKEEPER_DATA / name for name in ("secret.key", "encryption.key", "signing.key")]
    open_ones = [file.name for file in files if file.exists() and file.stat().st_mode & 0o077]
    if open_ones:
        hint = "chmod 600 each of them."
        return [Warning(f"Other users of this machine can read {', '.join(open_ones)}.", hint, id="gatekeeper.W009")]
    return []


@register(Tags.database)
def record_is_append_only(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """In production the role of the service may not TRUNCATE: row triggers do not see it. Runs with --database."""
    if not settings.PRODUCTION or not databases or "default" not in databases:
        return []
    with connections["default"].cursor() as cursor:
        tables = set(connections["default"].introspection.table_names(cursor))
        frozen = [table for table in _frozen_tables() if table in tables]
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) AS name WHERE has_table_privilege(quote_ident(name), 'TRUNCATE')",
            [frozen],
        )
        may = [name for (name,) in cursor.fetchall()]
    if not may:
        return []
    hint = "Let another role own the tables and run migrations, and REVOKE TRUNCATE from the role in DATABASE_URL."
    return [
        Warning(
            f"The database role may TRUNCATE {', '.join(may)}: the record could be emptied.", hint, id="gatekeeper.W010"
        )
    ]


def _frozen_tables() -> list[str]:
    names = {"event", "checkpoint", "decision", "acceptance"}
    return sorted(
        model._meta.db_table
        for model in apps.get_app_config("gatekeeper").get_models()
        if model._meta.model_name in names
    )
