"""Lists: pages that begin after the last key, filters, and as many statements for many rows as for few."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.viewer import Viewer
from gatekeeper.models import Repository, Stage
from tests import factories

from .conftest import Asking


def test_pages_follow_each_other(asking: Asking, aurora: Repository, amara: Viewer, nobody: Viewer) -> None:
    """`next` leads on with the same filters, and every row comes once."""
    for _stage in range(5):
        factories.planned_stage(aurora, by=amara)
    address: str | None = f"/api/v1/releases/?page_size=2&repository={aurora.name}"
    seen: list[int] = []
    pages = 0
    while address:
        answer = asking(nobody).get(address).json()
        seen += [row["id"] for row in answer["results"]]
        address = answer["next"]
        pages += 1
    assert pages == 3
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)


def test_filters_narrow(
    asking: Asking, stage: Stage, aurora: Repository, amara: Viewer, chidi: Viewer, ha: Viewer, ines: Viewer
) -> None:
    """By status, stage, release, repository and person."""
    other = factories.open_stage(factories.linked(aurora.publisher, by=amara, name="borealis"), by=amara)
    case, second = factories.submitted(stage, ha), factories.in_review(other, ines, by=chidi)
    client = asking(chidi)

    def found(query: str) -> list[int]:
        return [row["id"] for row in client.get(f"/api/v1/requests/?{query}").json()["results"]]

    assert found("") == [second.pk, case.pk]
    assert found("status=submitted") == [case.pk]
    assert found(f"stage={other.pk}") == [second.pk]
    assert found(f"release={stage.release_id}") == [case.pk]
    assert found("repository=aurora-lab/borealis") == [second.pk]
    assert found("person=HA-Nguyen") == [case.pk]
    assert found("person=nobody") == []


def test_filters_of_other_lists_narrow(
    asking: Asking, stage: Stage, aurora: Repository, amara: Viewer, chidi: Viewer, ha: Viewer
) -> None:
    """Each list has those that fit it."""
    grant = factories.waiting_grant(stage, ha, by=chidi)
    client = asking(amara)

    def found(address: str) -> list[int]:
        return [row["id"] for row in client.get(f"/api/v1/{address}").json()["results"]]

    assert found("grants/?status=pending_activation") == [grant.pk]
    assert found("grants/?status=active") == []
    assert found("stages/?status=open") == found(f"stages/?release={stage.release_id}") == [stage.pk]
    assert found("stages/?repository=aurora-lab/other") == []
    assert found(f"releases/?publisher={aurora.publisher_id}") == [stage.release_id]
    assert found("repositories/?name=aurora-lab/aurora-xl&kind=model") == [aurora.pk]
    assert found(f"repositories/?publisher={aurora.publisher_id}&kind=dataset") == []
    assert len(found("hub-access/?state=unsettled&person=ha-nguyen&repository=aurora-lab/aurora-xl")) == 1
    assert found("hub-access/?state=parked") == found("hub-access/?state=ghost") == []
    assert len(found(f"events/?action=request.approve&object_kind=accessrequest&object_id={grant.request_id}")) == 1
    assert len(found(f"gate-forms/?publisher={aurora.publisher_id}")) == 1
    assert len(found(f"licence-versions/?publisher={aurora.publisher_id}")) == 1


def statements(client: Any, address: str) -> int:
    """How many statements an answer takes."""
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
    assert answer.status_code == 200
    return len(asked)


LISTS = "requests grants releases stages repositories hub-access events gate-forms licence-versions".split()


@pytest.fixture
def warm(asking: Asking, chidi: Viewer) -> Any:
    """A client whose token was used already: its last use is written once a minute."""
    client = asking(chidi)
    client.get("/api/v1/releases/")
    return client


def test_a_list_takes_as_many_statements_for_many_rows(
    warm: Any, stage: Stage, aurora: Repository, amara: Viewer, chidi: Viewer, ha: Viewer, ines: Viewer, juma: Viewer
) -> None:
    """Measured with one row, and with several."""
    factories.active_grant(stage, ha, by=chidi)
    few = {noun: statements(warm, f"/api/v1/{noun}/") for noun in LISTS}
    for who in (ines, juma):
        factories.active_grant(stage, who, by=chidi)
    for name in ("borealis", "corona"):
        factories.planned_stage(factories.linked(aurora.publisher, by=amara, name=name), by=amara)
    assert {noun: statements(warm, f"/api/v1/{noun}/") for noun in LISTS} == few
    assert max(few.values()) <= 6


def test_a_case_takes_as_many_statements_whatever_happened(warm: Any, stage: Stage, chidi: Viewer, ha: Viewer) -> None:
    """Messages, submissions and decisions are read at once."""
    from gatekeeper.actions import decisions, requests, reviews

    case = factories.denied_correctably(stage, ha, by=chidi)
    address = f"/api/v1/requests/{case.pk}/"
    short = statements(warm, address)
    for _time in range(3):
        reviews.take(requests.resubmit(case, by=ha), by=chidi)
        reviews.ask_back(case, by=chidi, words="Why?")
        case = requests.answer_back(case, by=ha, words="Because.")
        case = decisions.deny_correctably(case, by=chidi, codes=["USE_THIN"], words="More.")
    assert statements(warm, address) <= short + 1  # answers are erasable rows of their own: read once there are any
