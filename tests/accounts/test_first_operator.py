"""The first operator comes from the command line, and only somebody who has signed in."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts import people
from accounts.models import HubPerson, User

pytestmark = pytest.mark.django_db


def test_it_needs_a_sign_in_first() -> None:
    """Somebody seen in a list has proven nothing."""
    HubPerson.objects.see(hub_user_id="a" * 24, username="grace")
    with pytest.raises(CommandError, match="has not signed in here yet"):
        call_command("first_operator", "grace")


def test_it_makes_the_person_an_operator(ada: User) -> None:
    """By the name on the Hub, which ignores case."""
    people.connect(person=HubPerson.objects.see(hub_user_id="a" * 24, username="grace"), user=ada)
    out = StringIO()
    call_command("first_operator", "GRACE", stdout=out)
    ada.refresh_from_db()
    assert ada.is_operator
    assert ada.is_staff
    assert "is now an operator" in out.getvalue()


def test_a_name_that_wandered_is_refused(ada: User) -> None:
    """Two persons seen under one name: the command does not guess."""
    for number, user in enumerate((ada, User.objects.create_user("other"))):
        people.connect(person=HubPerson.objects.see(hub_user_id=f"{number:024x}", username="grace"), user=user)
    with pytest.raises(CommandError, match="Two people"):
        call_command("first_operator", "grace")


def test_an_account_with_a_password_may_be_named(ada: User) -> None:
    """For a machine without sign-in at the Hub; a system user is no account."""
    call_command("first_operator", "ada", "--account", stdout=StringIO())
    ada.refresh_from_db()
    assert ada.is_operator
    with pytest.raises(CommandError, match="no account"):
        call_command("first_operator", "clock", "--account")
