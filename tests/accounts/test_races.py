"""What several connections do at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from accounts import people
from accounts.models import HubName, HubPerson, Membership, Publisher, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def at_once(*steps: Callable[[], Any]) -> list[Any]:
    """Run each step on a connection of its own, all begun together; a refusal is a result."""
    gate = Barrier(len(steps))

    def run(step: Callable[[], Any]) -> Any:
        try:
            gate.wait(timeout=10)
            return step()
        except people.CannotDo as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(steps)) as pool:
        return list(pool.map(run, steps))


def test_two_owners_cannot_dismiss_each_other() -> None:
    """One succeeds, the other is told that the last owner stays."""
    first, second = User.objects.create_user("first"), User.objects.create_user("second")
    publisher = Publisher.objects.create(name="lab", kind="organisation", created_by=first)
    for user in (first, second):
        people.appoint(publisher=publisher, user=user, role="owner", by=first)
    results = at_once(
        lambda: people.dismiss(publisher=publisher, user=second, role="owner", by=first),
        lambda: people.dismiss(publisher=publisher, user=first, role="owner", by=second),
    )
    assert sorted(map(str, results)) == ["The last owner cannot be removed. Appoint another owner first.", "True"]
    assert Membership.objects.filter(role="owner").count() == 1


def test_one_user_is_tied_to_one_person() -> None:
    """Two connections begun together: one holds, the other is refused."""
    user = User.objects.create_user("ada")
    persons = [HubPerson.objects.see(hub_user_id=f"{number:024x}", username=f"p{number}") for number in range(2)]
    results = at_once(*(lambda person=person: people.connect(person=person, user=user) for person in persons))
    assert sum(isinstance(result, people.CannotDo) for result in results) == 1
    assert HubPerson.objects.filter(user=user).count() == 1


def test_two_observers_do_not_deadlock() -> None:
    """The same people in opposite orders, many times."""
    rows = [{"hub_user_id": f"{number:024x}", "username": f"p{number}"} for number in range(300)]

    def observe(order: list[dict[str, str]], word: str) -> None:
        for turn in range(5):
            HubPerson.objects.see_many([{**row, "fullname": f"{word}{turn}"} for row in order])

    at_once(lambda: observe(rows, "up"), lambda: observe(rows[::-1], "down"))
    assert HubPerson.objects.count() == HubName.objects.count() == 300


def test_a_publisher_is_founded_once() -> None:
    """Two proven people found the same namespace together: one is the owner, the other is sent to them."""
    users = [User.objects.create_user(name) for name in ("ada", "bea")]
    proof = {
        "type": "user",
        "name": "x",
        "orgs": [{"name": "lab", "id": "b" * 24, "roleInOrg": "admin"}],
        "auth": {"accessToken": {"role": "write"}},
    }
    results = at_once(
        *(lambda user=user: people.found_publisher(user=user, namespace="lab", proof=proof) for user in users)
    )
    assert sum(isinstance(result, people.CannotDo) for result in results) == 1
    assert Membership.objects.count() == 1
