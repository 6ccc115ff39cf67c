"""Keyset pages: every row once, in order, whatever happens between two pages."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import HubPerson
from gatekeeper.models.paging import BadCursor, count_up_to, page
from tests import factories


@pytest.fixture
def people(db: None) -> list[HubPerson]:
    """Eleven people under four names."""
    found = [factories.hub_person(f"person-{number}") for number in range(11)]
    for number, person in enumerate(found):
        HubPerson.objects.filter(pk=person.pk).update(fullname=f"Name {number % 4}")
    return found


def walk(order: str, size: int) -> list[HubPerson]:
    """All rows, page by page."""
    rows: list[HubPerson] = []
    cursor = None
    while True:
        one = page(HubPerson.objects.all(), order=order, cursor=cursor, size=size)
        assert len(one.rows) <= size
        rows += one.rows
        if one.next is None:
            return rows
        cursor = one.next


@pytest.mark.parametrize("order", ["id", "-id", "fullname", "-fullname", "first_seen_at", "-first_seen_at"])
@pytest.mark.parametrize("size", [1, 3, 11, 50])
def test_every_row_comes_once_and_in_order(people: list[HubPerson], order: str, size: int) -> None:
    """Ties are broken by the id, in the same direction."""
    sign, column = ("-", order[1:]) if order.startswith("-") else ("", order)
    assert walk(order, size) == list(HubPerson.objects.order_by(order, f"{sign}id" if column != "id" else order))


def test_a_row_that_comes_or_goes_moves_no_other(people: list[HubPerson]) -> None:
    """A page begins after the last key seen, not after so many rows."""
    first = page(HubPerson.objects.all(), order="id", size=5)
    HubPerson.objects.filter(pk__in=[row.pk for row in first.rows[:3]]).delete()
    second = page(HubPerson.objects.all(), order="id", cursor=first.next, size=5)
    assert second.rows == people[5:10]


def test_a_page_costs_one_statement(people: list[HubPerson], django_assert_num_queries: Any) -> None:
    """And no count."""
    first = page(HubPerson.objects.all(), order="fullname", size=5)
    with django_assert_num_queries(1):
        page(HubPerson.objects.all(), order="fullname", cursor=first.next, size=5)


def test_an_empty_list_is_a_page(db: None) -> None:
    """With nothing after it."""
    assert page(HubPerson.objects.all(), order="id").rows == []
    assert page(HubPerson.objects.all(), order="id").next is None


def cursor_of(values: Any) -> str:
    """A cursor as anybody could write it."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "%%%",
        "e30",
        cursor_of([1]),
        cursor_of({"id": "1"}),
        cursor_of({"fullname": "x", "id": "1", "more": "2"}),
        cursor_of({"fullname": "x", "id": "one"}),
        cursor_of({"fullname": "x", "id": None}),
        cursor_of({"fullname": "x", "id": {}}),
    ],
)
def test_a_cursor_that_was_not_made_here_is_refused(people: list[HubPerson], cursor: str) -> None:
    """It never reaches a query."""
    with pytest.raises(BadCursor):
        page(HubPerson.objects.all(), order="fullname", cursor=cursor)


def test_a_cursor_of_another_order_is_refused(people: list[HubPerson]) -> None:
    """Its keys do not fit."""
    cursor = page(HubPerson.objects.all(), order="id", size=1).next
    with pytest.raises(BadCursor):
        page(HubPerson.objects.all(), order="fullname", cursor=cursor)


@given(st.text(max_size=60))
def test_any_text_is_refused_or_understood(text: str) -> None:
    """A hostile cursor breaks nothing; nothing is asked of the database to find that out."""
    from gatekeeper.models.paging import _read_cursor

    try:
        values = _read_cursor(HubPerson, ["fullname", "id"], text)
    except BadCursor:
        return
    assert set(values) == {"fullname", "id"}


def test_counting_stops(people: list[HubPerson], django_assert_num_queries: Any) -> None:
    """One more than the limit says that there are more."""
    with django_assert_num_queries(2):
        assert count_up_to(HubPerson.objects.all()) == 11
        assert count_up_to(HubPerson.objects.order_by("fullname"), 5) == 6
