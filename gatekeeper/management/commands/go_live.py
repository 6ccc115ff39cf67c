"""Take an installation live: ask what it needs, try each out, and write the files it is started with."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError

from gatekeeper.management.live import files, probes, values
from gatekeeper.management.live.probes import Verdict
from gatekeeper.management.live.values import Values, Wanted
from gatekeeper.settings import given

CALLBACK = "/account/oidc/huggingface/login/callback/"
# What is not asked for, and stands in the file where the environment holds it.
CARRIED_OVER = ("HUB_ENDPOINT", "PASSWORD_SIGN_IN", "TRUSTED_PROXIES")


class Command(BaseCommand):
    """manage.py go_live."""

    help = "Asks for address, Hub token and mail server, tries each out, and writes .env and the secrets."
    # It is run before there is anything that could be in order.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where the files go; no secret is ever an argument."""
        parser.add_argument("--to", type=Path, default=Path(".env"), metavar="FILE", help="environment file (.env)")
        parser.add_argument(
            "--secrets", type=Path, default=Path("secrets"), metavar="DIR", help="folder of the secrets"
        )
        parser.add_argument("--namespace", metavar="NAME", default="", help="Hub namespace to prove")
        parser.add_argument("--public-url", metavar="URL", default="", help="public address")
        parser.add_argument("--test-mail", metavar="ADDRESS", default="", help="also send a mail to this address")
        parser.add_argument("--yes", action="store_true", help="ask nothing: take everything from the environment")
        parser.add_argument("--anyway", action="store_true", help="with --yes: go on although a test failed")
        parser.add_argument("--replace", action="store_true", help="with --yes: replace files that hold something else")

    def handle(self, *args: Any, yes: bool, anyway: bool, **options: Any) -> None:
        """Ask, try out, write. Raises CommandError where something is missing, fails, or would be overwritten."""
        if not yes and not sys.stdin.isatty():
            raise CommandError("This asks questions. Run it at a terminal, or with --yes and the values as settings.")
        self.values = Values(asks=not yes, say=self.stdout.write)
        self.anyway = anyway
        self.agrees = (lambda _question: bool(options["replace"])) if yes else self.values.agrees
        self.stdout.write(f"The Hub is {probes.endpoint()}. Nothing is written before everything was tried out.\n")
        address = self.tried(values.ADDRESS, lambda found: [probes.address(found)], known=options["public_url"])
        self.namespace(options["namespace"])
        plain = {
            "GATEKEEPER_ENV": "production",
            "SITE": urlsplit(address).netloc,
            "PUBLIC_URL": address,
            "ALLOWED_HOSTS": urlsplit(address).hostname or "",
            **{name: given(name) for name in CARRIED_OVER},
        }
        secrets = {files.IN_FILES[name]: given(name) for name in ("DATABASE_URL", "REDIS_URL")}
        plain["HUB_OAUTH_CLIENT_ID"], secrets["hub_oauth_client_secret"] = self.sign_in(address)
        plain["EMAIL_FROM"] = self.values.get(values.SENDER)
        secrets["email_url"] = self.mail(plain["EMAIL_FROM"] or _sender(address), options["test_mail"])
        self.write(options["to"], options["secrets"], _given(secrets), _given(plain))
        self.tell_the_rest(options["to"], options["secrets"])

    def sign_in(self, address: str) -> tuple[str, str]:
        """Return id and secret of the OAuth application with which people sign in."""
        self.stdout.write(f"\nYour OAuth application at the Hub needs the redirect address {address}{CALLBACK}")
        by_password = given("PASSWORD_SIGN_IN").lower() in {"true", "1", "yes", "on"}
        client_id = self.values.get(replace(values.CLIENT_ID, needed=not by_password))
        return client_id, self.values.get(values.CLIENT_SECRET) if client_id else ""

    def mail(self, sender: str, to: str) -> str:
        """Return the address of a mail server that was tried out."""
        return self.tried(values.MAIL, lambda found: [probes.mail(found, sender, to=to)])

    def namespace(self, known: str) -> None:
        """Prove a namespace with a token, which is not kept."""
        name = self.values.get(values.NAMESPACE, known=known)
        self.tried(values.TOKEN, lambda found: probes.token(found, name))

    def tried(self, wanted: Wanted, test: Callable[[str], Iterable[Verdict]], *, known: str = "") -> str:
        """Return a value that stood its test, or that somebody wants to keep all the same. Raises CommandError."""
        value = self.values.get(wanted, known=known)
        while not self.stands(test(value)):
            if self.anyway:
                return value
            if not self.values.asks:
                raise CommandError(f"{wanted.name} did not stand its test. Nothing was written.")
            if self.values.agrees("Keep it all the same?"):
                return value
            if not self.values.agrees("Give another?"):
                raise CommandError("Stopped. Nothing was written.")
            value = self.values.get(wanted, again=True)
        return value

    def stands(self, verdicts: Iterable[Verdict]) -> bool:
        """Print each verdict; False if one of them is bad."""
        bad = 0
        for verdict in verdicts:
            bad += not verdict.good
            self.stdout.write(f"{'-- ' if verdict.later else 'ok ' if verdict.good else 'NO '} {verdict.sentence}")
        return not bad

    def write(self, file: Path, folder: Path, secrets: dict[str, str], plain: dict[str, str]) -> None:
        """Write the files, and read the settings from them to see that they are whole."""
        files.refuse_what_stays(file, folder, secrets, self.agrees)
        files.keep_secrets(folder, secrets)
        files.make_secrets(folder)
        whole = plain | files.named_in(folder)
        files.write_environment(file, whole)
        wrong = files.what_is_wrong(whole)
        if wrong:
            raise CommandError(f"The files are written, and the service does not start with them:\n{wrong}")
        self.stdout.write(self.style.SUCCESS(f"\nWritten: {file} and {folder}. The settings are whole."))

    def tell_the_rest(self, file: Path, folder: Path) -> None:
        """Say what is left to do."""
        compose = "docker compose" if file == Path(".env") else f"docker compose --env-file {file}"
        steps = [
            f"Keep a copy of {folder}/signing_key and {folder}/encryption_keys where the database's backup is not.",
            f"{compose} up --build --wait",
            "Sign in once with Hugging Face, then make yourself the operator:",
            f"{compose} run --rm web python manage.py first_operator YOUR-HUB-NAME",
            "Open My publishers, prove the namespace with the same token, and link a repository.",
        ]
        self.stdout.write("What is left:")
        for number, step in enumerate(steps, 1):
            self.stdout.write(f"  {number}. {step}")


def _sender(address: str) -> str:
    return f"gatekeeper@{urlsplit(address).hostname}"


def _given(found: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in found.items() if value}
