"""Fixtures that take their steps once in each worker of a run; for every later test their rows are written again.

A third of the suite's time went into performing the same steps for the same few people. The first test that asks for
such a fixture performs them, as ever; what they added and changed in the database is remembered, and put there in one
statement for whoever asks next. Times move on by what has passed since. The keys of rows stay, so what was made of
other things made again (a stage of its repository) fits to them; what is made of anything else is made anew.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from accounts.viewer import Viewer

# The time of an event is part of its hash.
HASHED = {"gatekeeper_event"}

P = ParamSpec("P")
T = TypeVar("T")
Rows = dict[str, dict[str, dict[str, Any]]]

# Rows are written as they were: no trigger has a say. The transaction of the test goes on under all of them.
WITHOUT_TRIGGERS, WITH_TRIGGERS = (f"SET LOCAL session_replication_role = {role}" for role in ("replica", "origin"))


@dataclass(frozen=True)
class Table:
    """A table with its key and its columns, and which of these hold times."""

    name: str
    key: str
    columns: tuple[str, ...]
    times: frozenset[str]

    def value(self, column: str) -> str:
        """Return a column of the rows to be written; a time is as long ago as it was when it was remembered."""
        return f'"{column}" + %(passed)s' if column in self.times else f'"{column}"'


@dataclass
class Made:
    """What steps added and changed: the statement that does it again with its values, when it was, and the result."""

    result: Any
    at: datetime
    statement: str = ""
    values: dict[str, str] = field(default_factory=dict)

    def again(self) -> Any:
        """Write the rows, and return the result as it stands in the database."""
        if self.statement:
            with transaction.atomic(), connection.cursor() as cursor:
                passed = timezone.now() - self.at
                cursor.execute(self.statement, {**self.values, "passed": passed})
        return stands(self.result)


_made: dict[Any, Made] = {}


def once(make: Callable[P, T]) -> Callable[P, T]:
    """Take the steps of a fixture once, for what it is given; it may be given people, rows and nothing else."""

    @functools.wraps(make)
    def made_once(*args: P.args, **given: P.kwargs) -> T:
        assert not args
        if not passes_triggers():
            return make(**given)  # type: ignore[call-arg]
        name = (make.__module__, make.__qualname__, *(identity(given[key]) for key in sorted(given)))
        if name in _made:
            again: T = _made[name].again()
            return again
        before = _rows()
        result = make(**given)  # type: ignore[call-arg]
        _made[name] = _difference(before, _rows(), result)
        return result

    return made_once


@functools.cache
def passes_triggers() -> bool:
    """Say whether these tests may write and delete rows past triggers: a superuser may, others take every step."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser') = 'on'")
        return bool(cursor.fetchone() == (True,))


def identity(given: Any) -> Any:
    """Return what tells one thing that a fixture is given from another."""
    if isinstance(given, Viewer):
        return "viewer", given.user and given.user.pk
    if isinstance(given, Model):
        return given._meta.label, given.pk
    assert given is None, f"{given!r} is neither a row nor somebody"
    return None


def stands(result: Any) -> Any:
    """Return a result as it stands in the database now."""
    if isinstance(result, Viewer):
        assert result.user is not None
        return Viewer.of(stands(result.user))
    if isinstance(result, list):
        return [stands(each) for each in result]
    return type(result)._default_manager.get(pk=result.pk)


@functools.cache
def _tables() -> tuple[Table, ...]:
    models = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    for ours in ("django_content_type", "auth_permission", "django_session", "django_site"):
        models.pop(ours, None)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type LIKE 'timestamp%%' FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = ANY(%s) ORDER BY table_name, ordinal_position",
            [list(models)],
        )
        found = cursor.fetchall()
    columns = {name: tuple(row[1] for row in found if row[0] == name) for name in models}
    times = {
        name: frozenset(row[1] for row in found if row[0] == name and row[2] and name not in HASHED) for name in models
    }
    return tuple(
        Table(name, str(model._meta.pk.column), columns[name], times[name])
        for name, model in sorted(models.items())
        if columns[name] and model._meta.managed
    )


def _rows() -> Rows:
    """Return every row of every table, by its key."""
    one_by_one = " UNION ALL ".join(
        f'SELECT \'{table.name}\', "{table.key}"::text, row_to_json(t)::text FROM "{table.name}" t'
        for table in _tables()
    )
    rows: Rows = {table.name: {} for table in _tables()}
    with connection.cursor() as cursor:
        cursor.execute(one_by_one)
        for table, key, row in cursor.fetchall():
            rows[table][key] = json.loads(row)
    return rows


def _difference(before: Rows, after: Rows, result: Any) -> Made:
    made = Made(result, timezone.now())
    statements = []
    for number, table in enumerate(_tables()):
        was, now = before[table.name], after[table.name]
        assert was.keys() <= now.keys(), f"{table.name} lost rows: these steps can't be taken again"
        added = [row for key, row in now.items() if key not in was]
        source = f'json_populate_recordset(NULL::"{table.name}", %(rows_{number})s::json)'
        if added:
            names = ", ".join(f'"{column}"' for column in table.columns)
            values = ", ".join(map(table.value, table.columns))
            statements.append(f'INSERT INTO "{table.name}" ({names}) SELECT {values} FROM {source}')
            made.values[f"rows_{number}"] = json.dumps(added)
        for key, row in now.items():
            if key in was and row != was[key]:
                changed = [column for column in table.columns if row[column] != was[key][column]]
                name = f"change_{number}_{len(made.values)}"
                record = f'(SELECT * FROM json_populate_record(NULL::"{table.name}", %({name})s::json)) AS new'
                sets = ", ".join(
                    f'"{column}" = new."{column}"' + (" + %(passed)s" if column in table.times else "")
                    for column in changed
                )
                statements.append(
                    f'UPDATE "{table.name}" AS old SET {sets} FROM {record} WHERE old."{table.key}" = new."{table.key}"'
                )
                made.values[name] = json.dumps(row)
    if statements:
        made.statement = "; ".join([WITHOUT_TRIGGERS, *statements, WITH_TRIGGERS])
    return made
