"""What an installation has to be told: taken from the environment, else asked for; a secret is never an argument."""

import getpass
import re
from collections.abc import Callable
from dataclasses import dataclass

from django.core.management.base import CommandError

from gatekeeper.settings import given

# What stands in an environment file has to mean the same to a shell, to docker compose and to systemd.
WRITABLE = re.compile(r"[^'\"\\$\x00-\x1f\x7f]*")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One value: the setting's name, the question, whether it is typed unseen, and whether it may be left empty."""

    name: str
    question: str
    secret: bool = False
    needed: bool = True
    shape: str = r".*"
    hint: str = ""


ADDRESS = Wanted(
    "PUBLIC_URL",
    "Public address of this installation, such as https://gatekeeper.example.org",
    shape=r"https://[^\s/?#@]+/?",
    hint="The address begins with https:// and ends after the host name.",
)
NAMESPACE = Wanted(
    "GATEKEEPER_NAMESPACE",
    "Hub namespace whose repositories you will release",
    shape=r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}",
    hint="Write it as in its address on the Hub, without a slash.",
)
TOKEN = Wanted(
    "GATEKEEPER_HUB_TOKEN",
    "Hub token that may write there (only tried out; it is not kept)",
    secret=True,
    shape=r"[\x21-\x7e]{1,400}",
    hint="A token is one word.",
)
MAIL = Wanted(
    "EMAIL_URL",
    "Mail server, such as smtp+tls://user:password@mail.example.org:587",
    secret=True,
    shape=r"(smtp|smtps|smtp\+tls|smtp\+ssl|consolemail)://\S*",
    hint="It begins with smtp+tls://, smtp+ssl:// or smtp://; special characters of a password are percent-encoded.",
)
SENDER = Wanted("EMAIL_FROM", "Sender of the mails (empty: gatekeeper@ the host of the public address)", needed=False)
CLIENT_ID = Wanted("HUB_OAUTH_CLIENT_ID", "Client id of your OAuth application at the Hub")
CLIENT_SECRET = Wanted(
    "HUB_OAUTH_CLIENT_SECRET", "Its client secret (empty for a public one)", secret=True, needed=False
)


class Values:
    """Where values come from: the environment (NAME or NAME_FILE) first, then the person at the terminal, if any."""

    def __init__(self, *, asks: bool, say: Callable[[str], object]) -> None:
        self.asks = asks
        self._say = say

    def get(self, wanted: Wanted, *, known: str = "", again: bool = False) -> str:
        """Return a value. Raises CommandError for one that is missing or cannot be, where nobody is asked.

        `known` is used where it is given; `again` asks even for what the environment holds.
        """
        value = "" if again else known or given(wanted.name)
        while not value or not self._fits(wanted, value):
            if value:
                self._refuse(wanted)
            elif not self.asks and wanted.needed:
                raise CommandError(f"{wanted.name} is not set. {wanted.question}: set it, or {wanted.name}_FILE.")
            elif not self.asks:
                return ""
            value = self._ask(wanted)
            if not value and not wanted.needed:
                return ""
        return value.rstrip("/") if wanted is ADDRESS else value

    def agrees(self, question: str) -> bool:
        """Ask a question that is answered with yes or no; nobody there is no."""
        return self.asks and input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}

    def _ask(self, wanted: Wanted) -> str:
        read = getpass.getpass if wanted.secret else input
        return read(f"{wanted.question}: ").strip()

    def _refuse(self, wanted: Wanted) -> None:
        if not self.asks:
            raise CommandError(f"{wanted.name} cannot be that. {wanted.hint}".strip())
        self._say(f"That cannot be. {wanted.hint}".strip())

    @staticmethod
    def _fits(wanted: Wanted, value: str) -> bool:
        return bool(re.fullmatch(wanted.shape, value)) and (wanted.secret or bool(WRITABLE.fullmatch(value)))
