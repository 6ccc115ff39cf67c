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


def both_called_grace(first: User) -> User:
    """Let two persons be seen under one name, one after the other; returns the later one's account."""
    other = User.objects.create_user("other")
    for number, user in enumerate((first, other)):
        people.connect(person=HubPerson.objects.see(hub_user_id=f"{number:024x}", username="grace"), user=user)
    return other


def test_a_name_that_wandered_is_that_of_who_has_it_now(ada: User) -> None:
    """Whoever held the name before is not made an operator by it."""
    other = both_called_grace(ada)
    call_command("first_operator", "grace", stdout=StringIO())
    ada.refresh_from_db()
    other.refresh_from_db()
    assert (ada.is_operator, other.is_operator) == (False, True)


def test_a_name_that_two_seem_to_have_is_refused(ada: User) -> None:
    """The command does not guess."""
    both_called_grace(ada)
    HubPerson.objects.update(username="grace")
    with pytest.raises(CommandError, match="Two people"):
        call_command("first_operator", "grace")


def test_an_account_with_a_password_may_be_named(ada: User) -> None:
    """For a machine without sign-in at the Hub; a system user is no account."""
    call_command("first_operator", "ada", "--account", stdout=StringIO())
    ada.refresh_from_db()
    assert ada.is_operator
    with pytest.raises(CommandError, match="no account"):
        call_command("first_operator", "clock", "--account")
