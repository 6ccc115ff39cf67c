"""Seeing Hub persons: the id is the person, names are remembered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import people
from accounts.models import HubName, HubPerson, User

pytestmark = pytest.mark.django_db


def rows(count: int, name: str = "person") -> list[dict[str, str]]:
    """So many rows as the Hub's lists give them."""
    return [{"hub_user_id": f"{number:024x}", "username": f"{name}{number}"} for number in range(count)]


@pytest.mark.parametrize("count", [1, 1000])
def test_it_takes_four_statements_for_any_number(django_assert_num_queries: Any, count: int) -> None:
    """One or a thousand rows cost the same statements."""
    with django_assert_num_queries(4):
        seen = HubPerson.objects.see_many(rows(count))
    assert len(seen) == count
    assert HubName.objects.count() == count


def test_it_keeps_the_names_of_a_rename() -> None:
    """The person keeps the id; the old name stays with its dates."""
    earlier = timezone.now() - timedelta(days=30)
    first = HubPerson.objects.see(hub_user_id="a" * 24, username="old", at=earlier)
    second = HubPerson.objects.see(hub_user_id="a" * 24, username="new", fullname="New Name")
    assert second.pk == first.pk
    assert (second.username, second.fullname) == ("new", "New Name")
    old = HubName.objects.get(username="old")
    assert old.first_seen_at == old.last_seen_at == earlier
    assert HubPerson.objects.get(pk=first.pk).first_seen_at == earlier


def test_it_writes_nothing_when_nothing_changed() -> None:
    """A poll of unchanged people costs no write: PostgreSQL's row version stays."""
    HubPerson.objects.see_many(rows(3))
    before = list(HubPerson.objects.order_by("pk").extra(select={"version": "xmin::text"}).values_list("version"))
    with transaction.atomic():
        HubPerson.objects.see_many(rows(3))
    assert before == list(
        HubPerson.objects.order_by("pk").extra(select={"version": "xmin::text"}).values_list("version")
    )


def test_an_empty_name_changes_nothing() -> None:
    """The Hub may hide names: what is known stays."""
    HubPerson.objects.see(hub_user_id="b" * 24, username="known", fullname="Known")
    person = HubPerson.objects.see(hub_user_id="b" * 24, username="", fullname="")
    assert (person.username, person.fullname) == ("known", "Known")


def test_two_rows_of_one_person_are_one() -> None:
    """A list may repeat somebody; the last row counts."""
    seen = HubPerson.objects.see_many([*rows(1, "first"), *rows(1, "second")])
    assert [person.username for person in seen.values()] == ["second0"]


def test_somebody_who_was_gone_is_back() -> None:
    """An account that is seen again is not gone."""
    person = HubPerson.objects.see(hub_user_id="c" * 24, username="ghost")
    HubPerson.objects.filter(pk=person.pk).update(gone_at=timezone.now())
    assert HubPerson.objects.see(hub_user_id="c" * 24, username="ghost").gone_at is None


def test_it_survives_hostile_names() -> None:
    """NUL characters and endless names are what PostgreSQL cannot store; they are cut."""
    person = HubPerson.objects.see(hub_user_id="d" * 24, username="x" * 999, fullname="a\x00b")
    assert len(person.username) == 200
    assert person.fullname == "ab"


def test_an_id_must_be_the_hubs() -> None:
    """A name in place of an id is refused by the database."""
    with pytest.raises(IntegrityError):
        HubPerson.objects.see(hub_user_id="somebody", username="somebody")


def test_nobody_is_tied_without_proof(ada: User) -> None:
    """A user without a proven sign-in is refused by the database; connect() proves."""
    person = HubPerson.objects.see(hub_user_id="e" * 24, username="eve")
    with pytest.raises(IntegrityError), transaction.atomic():
        HubPerson.objects.filter(pk=person.pk).update(user=ada)
    assert people.connect(person=person, user=ada).proven_at is not None


def test_a_system_user_is_tied_to_nobody() -> None:
    """The clock is no person."""
    person = HubPerson.objects.see(hub_user_id="f" * 24, username="clock")
    with pytest.raises(people.CannotDo, match="cannot sign in"):
        people.connect(person=person, user=User.objects.system("clock"))


def test_it_keeps_since_when_somebody_has_another_name() -> None:
    """Seen under a new one, or their own seen on somebody else; another spelling, or none at all, is no other name."""
    first, later, last = (timezone.now() + timedelta(hours=hours) for hours in range(3))

    def see(username: str, *, at: datetime) -> HubPerson:
        return HubPerson.objects.see(hub_user_id="a" * 24, username=username, at=at)

    person = see("ada", at=first)
    assert person.named_at is None
    assert see("ADA", at=later).named_at is None
    assert see("", at=later).named_at is None
    assert see("countess", at=later).named_at == later
    assert see("countess", at=last).named_at == later
    HubPerson.objects.see(hub_user_id="e" * 24, username="countess", at=last)
    lost = HubPerson.objects.get(pk=person.pk)
    assert (lost.username, lost.named_at) == ("", last)
    assert see("augusta", at=last + timedelta(hours=1)).named_at == last
