"""The Hub from a shell: ask whether linking would work, read the lists, tell what is due, operate the sync."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import HubToken
from gatekeeper.hub import check, observe, parked, settle, tokens
from gatekeeper.hub.port import HubError
from gatekeeper.management import auditing, syncing
from gatekeeper.models import HubAccess, Repository, RepositoryKind, RepositoryWish
from gatekeeper.rules.refusals import Refused


class Command(BaseCommand):
    """manage.py hub check|observe|settle|audit|status|pause|resume|redrive|diff."""

    help = "Asks the Hub about a repository, reads its lists, tells it what is due, and operates the sync."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a subcommand and what it is about."""
        commands = parser.add_subparsers(dest="what", required=True)
        checking = commands.add_parser("check", help="say what linking a repository would do; writes nothing")
        checking.add_argument("name", metavar="OWNER/NAME")
        checking.add_argument("--dataset", action="store_true", help="it is a dataset, not a model")
        checking.add_argument("--token-env", metavar="VAR", help="environment variable that holds the Hub token")
        observing = commands.add_parser("observe", help="read the lists of linked repositories now")
        observing.add_argument("name", metavar="OWNER/NAME", nargs="?", help="only this one")
        settling = commands.add_parser("settle", help="tell the Hub what is due, and read it back")
        settling.add_argument("--again", action="store_true", help="also try again what was parked")
        syncing.add_commands(commands)
        auditing.add_arguments(commands.add_parser("audit", help="write a page about a namespace; needs no database"))

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        """Run the subcommand."""
        if what == "check":
            self.check_repository(**options)
        elif what == "audit":
            auditing.run(self.stdout.write, self.stderr.write, **options)
        elif what in syncing.DOES:
            syncing.run(what, self.stdout.write, **options)
        elif what == "observe":
            self.observe(**options)
        else:
            self.settle(**options)

    def check_repository(self, *, name: str, dataset: bool, token_env: str | None, **_options: Any) -> None:
        """Print one line per thing that was asked; raises CommandError where linking would not work."""
        kind = RepositoryKind.DATASET if dataset else RepositoryKind.MODEL
        token = self.token_from(token_env) if token_env else self.token_of(kind, name)
        wrong = 0
        try:
            for answer in check.check(token, kind, name):
                wrong += not answer.good
                self.stdout.write(f"{'ok ' if answer.good else 'NO '} {answer.sentence}")
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        if wrong:
            raise CommandError("Linking would not work. Nothing was written.")
        self.stdout.write(self.style.SUCCESS("Linking would work. Nothing was written."))

    def token_from(self, variable: str) -> str:
        """Return the token in an environment variable."""
        token = os.environ.get(variable, "").strip()
        if not token:
            raise CommandError(f"The environment variable {variable} holds no token.")
        return token

    def token_of(self, kind: str, name: str) -> str:
        """Return the token that a link uses, or that the publisher of the namespace has."""
        repository = Repository.objects.linked().filter(kind=kind, name__iexact=name).first()
        try:
            if repository is not None:
                return tokens.token_for(repository).reveal()
        except HubError as failed:
            raise CommandError(f"The link has no token that could be used ({failed.reason}).") from failed
        owner = name.partition("/")[0]
        token = HubToken.objects.filter(publisher__name__iexact=owner, revoked_at=None).order_by("-pk").first()
        if token is None:
            raise CommandError("No publisher of this namespace has a Hub token here. Name one with --token-env VAR.")
        return token.reveal()

    def observe(self, *, name: str | None, **_options: Any) -> None:
        """Read the lists of one linked repository, or of all, due or not."""
        repositories = Repository.objects.linked().order_by("pk")
        if name:
            repositories = repositories.filter(name__iexact=name)
            if not repositories.exists():
                raise CommandError(f"{name} is not linked.")
        for repository in repositories:
            done = observe.observe(repository.pk)
            repository.refresh_from_db()
            stopped = f", stopped: {repository.parked_reason}" if repository.parked_reason else ""
            self.stdout.write(f"{repository.name}: {'read' if done else 'being read by a worker'}{stopped}")

    def settle(self, *, again: bool, **_options: Any) -> None:
        """Tell what is due, and say what is left."""
        if again:
            self.stdout.write(f"{parked.take_up_again()} parked rows are tried again.")
        settle.settle_due()
        left = HubAccess.objects.unsettled().count() + RepositoryWish.objects.filter(due_at__isnull=False).count()
        self.stdout.write(f"{left} rows are not settled yet, {HubAccess.objects.parked().count()} wait for a person.")
