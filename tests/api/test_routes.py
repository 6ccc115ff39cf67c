"""Every action has its route and no other does; every verb is called with who asks."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest
from django.urls import resolve

from accounts.models import ApiToken
from gatekeeper.actions import decisions
from gatekeeper.api.scopes import scope_of
from gatekeeper.api.views import verbs
from gatekeeper.api.views.verbs import VERBS, taken_by_people
from gatekeeper.rules.lifecycle import TABLES, Step

# What a verb is about: its first argument, which the address names.
THINGS = {"request", "grant", "stage", "drift", "source", "invitation", "procedure", "campaign"}
STEPS = [(table, step) for table, steps in TABLES.items() for step in steps]
FOR_PEOPLE = [(table, step) for table, step in STEPS if taken_by_people(step)]


def name(value: Any) -> str:
    """How a step is called in the list of tests."""
    return value.action if isinstance(value, Step) else str(value)


@pytest.mark.parametrize(("table", "step"), STEPS, ids=name)
def test_an_action_has_a_route_or_is_the_systems(table: str, step: Step) -> None:
    """What the clock and the workers do has no door here."""
    found = resolve(f"/api/v1/{table}s/1/{step.action}/").view_name
    assert (found == f"api:{table}-{step.action}") is taken_by_people(step)


def test_no_verb_is_written_for_an_action_that_is_none() -> None:
    """The list of verbs and the tables hold the same actions."""
    assert {table: set(verbs) for table, verbs in VERBS.items()} == {
        table: {step.action for step in steps if taken_by_people(step)} for table, steps in TABLES.items()
    }


@pytest.mark.parametrize(("table", "step"), FOR_PEOPLE, ids=name)
def test_a_verb_takes_who_asks_and_what_its_shape_holds(table: str, step: Step) -> None:
    """Every argument of the shape is one of the verb, and `by` is no argument that anybody could send."""
    verb, shape = VERBS[table][step.action]
    taken = inspect.signature(decisions.approve_all if verb is decisions.approve else verb).parameters
    assert taken["by"].kind is inspect.Parameter.KEYWORD_ONLY
    sent = {(field.source or field_name).partition(".")[0] for field_name, field in shape().fields.items()}
    assert sent <= set(taken) - {"by", "at", *THINGS}
    needed = {each.name for each in taken.values() if each.default is inspect.Parameter.empty}
    assert needed - sent <= {"by", "requests", *THINGS}


@pytest.mark.parametrize("action", ["approve", "deny_correctably", "deny_finally", "recommend", "ask_back"])
def test_a_decision_names_what_was_seen(action: str) -> None:
    """Nobody decides on a submission that they have not seen: invariant 16."""
    _verb, shape = VERBS["request"][action]
    assert shape().fields["submission"].required
    assert shape().fields["submission"].source == "seen"


def test_each_action_needs_one_scope() -> None:
    """Requesters' actions need apply, reviewers' review, the rest steward."""
    scopes = {f"{table}.{step.action}": scope_of(step) for table, step in FOR_PEOPLE}
    assert set(scopes.values()) <= set(ApiToken.Scope.values)
    assert scopes["request.submit"] == scopes["grant.relinquish"] == "apply"
    assert scopes["request.approve"] == scopes["request.take"] == "review"
    assert scopes["grant.revoke"] == scopes["stage.open"] == "steward"


VIEWS = Path(verbs.__file__).parent
# What only asks the Hub, and changes nothing.
ASKS = (
    "adopt.what_to_start_from",
    "adopt.what_a_link_has",
    "adopt.licence_of",
    "adopt.prove_namespace",
    "people.told_of_token",
)


@pytest.mark.parametrize("file", sorted(VIEWS.glob("*.py")), ids=lambda file: file.stem)
def test_every_change_says_who_asks(file: Path) -> None:
    """Whatever a view calls of the verbs is called with `by=self.viewer`, and no view writes by itself."""
    tree = ast.parse(file.read_text())
    rooms = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in ("gatekeeper.actions", "gatekeeper.hub")
        for alias in node.names
    }
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        called = ast.unparse(call.func)
        only_asks = called in ASKS or called.startswith("previews.")
        if called.split(".")[0] in rooms and not only_asks:
            by = [ast.unparse(given.value) for given in call.keywords if given.arg == "by"]
            assert by in (["self.viewer"], ["face.viewer"]), called
        writes = called.rpartition(".")[2] in ("save", "create", "update", "delete", "bulk_create", "bulk_update")
        assert not writes, called
