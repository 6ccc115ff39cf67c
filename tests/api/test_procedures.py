"""Emergency stops and re-gates over the API: the same verbs, the same refusals."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.viewer import Viewer
from gatekeeper.actions import procedures
from gatekeeper.models import Grant, Procedure, Repository, Stage
from tests import factories
from tests.again import once

from .conftest import Asking, problem

WHY = "The weights leaked."
LIST = "/api/v1/procedures/"


def prepare(client: Any, **about: Any) -> Any:
    return client.post(LIST, {"kind": "stop", "words": WHY, **about})


@pytest.fixture
@once
def grant(stage: Stage, ha: Viewer, chidi: Viewer) -> Grant:
    """Hà's grant, active."""
    return factories.active_grant(stage, ha, by=chidi)


def test_it_stops_ratifies_and_lifts(
    stage: Stage, grant: Grant, amara: Viewer, bram: Viewer, goran: Viewer, asking: Asking
) -> None:
    """Prepare, start, ratify, ask, confirm; the detail says how far it has come, and what may be done."""
    owner, second = asking(amara), asking(goran)
    made = prepare(owner, scope="stage", covers=stage.pk)
    assert made.status_code == 201
    body = made.json()
    assert (body["status"], body["covers"], body["stop"]["to_do"]) == ("prepared", str(stage), 1)
    here = f"{LIST}{body['id']}/"
    started = owner.post(f"{here}start/").json()
    assert (started["status"], started["stop"]["people"], started["calls_left"] > 0) == ("running", 1, True)
    assert factories.fresh(grant).status == "suspended"
    problem(owner.post(f"{here}ratify/"), 422, "second_person")
    assert second.post(f"{here}ratify/").json()["ratified_by"]["name"] == "goran"
    assert owner.post(f"{here}ask_to_lift/").json()["status"] == "waiting"
    lifting = asking(bram).post(f"{here}confirm/", {}).json()
    assert (lifting["status"], lifting["phase"]) == ("running", "lifting")
    procedures.carry_on_all()
    assert owner.get(here).json()["stop"]["returned"] == 1


@pytest.mark.parametrize("scope", ["stage", "release", "repository", "publisher"])
def test_it_stops_what_is_named(
    scope: str, stage: Stage, aurora: Repository, amara: Viewer, goran: Viewer, asking: Asking
) -> None:
    """By its id; an operator too."""
    covers = {"stage": stage, "release": stage.release, "repository": aurora, "publisher": aurora.publisher}[scope]
    made = prepare(asking(goran), scope=scope, covers=covers.pk).json()
    assert (made["scope"], made["covers"], made["publisher"]) == (scope, str(covers), "aurora-lab")


def test_a_regate_takes_the_number_that_was_seen(
    stage: Stage, aurora: Repository, bram: Viewer, asking: Asking
) -> None:
    """Another number is refused with the one that it is."""
    waiting = factories.regate_waits(aurora, by=bram)
    client, here = asking(bram), f"{LIST}{waiting.pk}/"
    assert client.get(here).json()["regate"]["undecided"] == 1
    problem(client.post(f"{here}confirm/", {"confirmed": 3}), 422, "confirm_count")
    assert client.post(f"{here}confirm/", {"confirmed": 1}).json()["status"] == "running"


@pytest.mark.parametrize(
    ("about", "status", "code"),
    [
        ({"scope": "stage", "covers": 0}, 422, "invalid"),
        ({"scope": "stage", "covers": 999_999}, 404, "not_found"),
        ({"scope": "everything", "covers": 1}, 422, "invalid"),
        ({"kind": "regate", "scope": "publisher", "covers": 1}, 422, "invalid"),
        ({"scope": "publisher", "covers": 1, "words": ""}, 422, "invalid"),
        ({"scope": "publisher", "covers": 1, "force": True}, 422, "invalid"),
    ],
)
def test_what_cannot_be_prepared_is_refused(
    about: dict[str, Any], status: int, code: str, amara: Viewer, asking: Asking
) -> None:
    """With the field at fault."""
    answer = prepare(asking(amara), **about)
    problem(answer, status, code)
    assert not Procedure.objects.exists()


def test_it_needs_the_scope_to_operate(stage: Stage, amara: Viewer, asking: Asking) -> None:
    """A token that stewards stops nothing."""
    problem(prepare(asking(amara, "read", "steward"), scope="stage", covers=stage.pk), 403, "scope_missing")
    stop = factories.stop(stage, by=amara)
    problem(asking(amara, "read", "steward").post(f"{LIST}{stop.pk}/ask_to_lift/"), 403, "scope_missing")


def test_it_is_listed_for_those_who_work_there(
    stage: Stage, amara: Viewer, farid: Viewer, ha: Viewer, goran: Viewer, asking: Asking
) -> None:
    """Narrowed by kind, status and publisher; nobody else sees any."""
    stop = factories.stop(stage, by=amara)
    for who, seen in ((farid, 1), (goran, 1), (ha, 0)):
        assert len(asking(who).get(LIST).json()["results"]) == seen
    assert asking(farid).get(LIST, {"kind": "regate"}).json()["results"] == []
    [row] = asking(farid).get(LIST, {"status": "running", "publisher": stage.publisher_id}).json()["results"]
    assert (row["id"], row["decided_by_one_person"]) == (stop.pk, False)
    problem(asking(ha).get(f"{LIST}{stop.pk}/"), 404)


def test_its_proof_is_served(stage: Stage, grant: Grant, amara: Viewer, farid: Viewer, asking: Asking) -> None:
    """A line for each grant, and their digest."""
    stop = factories.in_force(stage, by=amara)
    body = asking(farid).get(f"{LIST}{stop.pk}/proof/").json()
    assert body["digest"] == body["proof"]["in_force"]["digest"]
    assert [(line["grant"], line["hub_name"]) for line in body["people"]] == [(grant.pk, "ha-nguyen")]
