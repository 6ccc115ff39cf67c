"""Make a person who has signed in the operator of this installation."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import HubPerson, User


class Command(BaseCommand):
    """`manage.py first_operator HUBNAME`."""

    help = "Make a person who has signed in with Hugging Face the operator of this installation."

    def add_arguments(self, parser: CommandParser) -> None:
        """The name on the Hub, or with --account the name of an account with a password."""
        parser.add_argument("name", metavar="HUBNAME", help="the person's name on the Hub")
        parser.add_argument(
            "--account", action="store_true", help="HUBNAME is the user name of an account with a password"
        )

    def handle(self, *args: Any, name: str, account: bool, **options: Any) -> None:
        """Find the account and mark it."""
        user = self.account(name) if account else self.signed_in(name)
        user.is_operator = True
        user.is_staff = True  # an operator may look at the admin pages
        user.save(update_fields=["is_operator", "is_staff"])
        self.stdout.write(f"{name} is now an operator of this installation.")

    def account(self, name: str) -> User:
        """The account with this user name."""
        user = User.objects.filter(username__iexact=name, is_system=False, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no account with the user name {name}.")
        return user

    def signed_in(self, name: str) -> User:
        """The account of the person who holds this name on the Hub, if one and only one has signed in."""
        people = list(HubPerson.objects.named(name).filter(user__is_active=True).select_related("user")[:2])
        if not people:
            raise CommandError(
                f"{name} has not signed in here yet: sign in with Hugging Face once, then run this again."
            )
        if len(people) > 1:
            raise CommandError(f"Two people were seen under the name {name}: let the right one sign in again first.")
        assert people[0].user is not None
        return people[0].user
