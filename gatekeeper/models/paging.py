"""Keyset pages: a page begins after the last key seen, so that the thousandth page costs what the first does."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import models

M = TypeVar("M", bound=models.Model)

COUNT_LIMIT = 1_000


class BadCursor(ValueError):
    """A cursor that was not made here, or was made for another order."""


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """One page of rows in order, and the cursor of the next page (None: this is the last)."""

    rows: list[M]
    next: str | None


def page(rows: models.QuerySet[M], *, order: str, cursor: str | None = None, size: int = 50) -> Page[M]:
    """Return one page of `rows` by one NOT NULL column and the id, both in the direction of `order` ("-due_at").

    `order` may be "id" or "-id" alone. Raises BadCursor if the cursor does not belong to this order.
    """
    column, descending = order.removeprefix("-"), order.startswith("-")
    direction, sign = ("lt", "-") if descending else ("gt", "")
    keys = [column] if column == "id" else [column, "id"]
    ordered = rows.order_by(*(sign + key for key in keys))
    if cursor:
        after = _read_cursor(rows.model, keys, cursor)
        if column == "id":
            ordered = ordered.filter(**{f"id__{direction}": after["id"]})
        else:
            ordered = ordered.filter(**{f"{column}__{direction}e": after[column]}).filter(
                models.Q(**{f"{column}__{direction}": after[column]})
                | models.Q(**{column: after[column], f"id__{direction}": after["id"]})
            )
    found = list(ordered[: size + 1])
    more = len(found) > size
    found = found[:size]
    return Page(found, _write_cursor(found[-1], keys) if more else None)


def count_up_to(rows: models.QuerySet[Any], limit: int = COUNT_LIMIT) -> int:
    """Count rows, but no further than `limit` + 1, so that a count never reads a whole table."""
    return rows.order_by()[: limit + 1].count()


def _column(model: type[models.Model], key: str) -> "models.Field[Any, Any]":
    field = model._meta.get_field(key)
    assert isinstance(field, models.Field)
    return field


def _write_cursor(row: models.Model, keys: list[str]) -> str:
    values = {key: _column(type(row), key).value_to_string(row) for key in keys}
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _read_cursor(model: type[models.Model], keys: list[str], cursor: str) -> dict[str, Any]:
    """Return the last keys seen. Whatever else is sent in their place is refused here, before it reaches a query."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, dict) or set(values) != set(keys):
            raise BadCursor(cursor)
        return {key: _read_key(_column(model, key), values[key]) for key in keys}
    except (ValueError, TypeError, RecursionError, binascii.Error, ValidationError) as error:
        raise BadCursor(cursor) from error


def _read_key(column: "models.Field[Any, Any]", text: Any) -> Any:
    if not isinstance(text, str) or "\x00" in text:
        raise BadCursor(text)
    key = column.to_python(text)
    if key is None or (isinstance(key, datetime) and key.tzinfo is None):
        raise BadCursor(text)
    return key
