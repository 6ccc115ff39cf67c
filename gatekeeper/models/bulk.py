"""Writing many rows back at once: one statement with an array for each column, whatever their number.

Django's `bulk_update` makes an expression for each row and column, which takes longer than the calls to the Hub that
the rows are about.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection, models

UPDATE = "UPDATE {table} AS row SET {values} FROM unnest({arrays}) AS given ({names}) WHERE row.{key} = given.{key}"


def write_back(rows: Sequence[models.Model], fields: Sequence[str]) -> None:
    """Write these fields of rows of one model, all of them saved before, in one statement."""
    if not rows:
        return
    meta = type(rows[0])._meta
    assert meta.pk is not None
    columns: list[Any] = [meta.pk, *(meta.get_field(name) for name in fields)]
    quote = connection.ops.quote_name
    names = [quote(column.column) for column in columns]
    statement = UPDATE.format(
        table=quote(meta.db_table),
        values=", ".join(f"{name} = given.{name}" for name in names[1:]),
        arrays=", ".join(f"%s::{column.cast_db_type(connection)}[]" for column in columns),
        names=", ".join(names),
        key=names[0],
    )
    arrays = [[column.get_db_prep_save(getattr(row, column.attname), connection) for row in rows] for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(statement, arrays)
