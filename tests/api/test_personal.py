"""My data over the API: read it, see what erasing means, erase it; hold and lift."""

from __future__ import annotations

import pytest

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.models import Grant, Stage
from tests import factories

from .conftest import Asking, problem


@pytest.fixture
def grant(stage: Stage, ha: Viewer, chidi: Viewer) -> Grant:
    """Hà's grant, active."""
    return factories.active_grant(stage, ha, by=chidi)


def test_one_reads_and_erases_ones_own(grant: Grant, ha: Viewer, asking: Asking) -> None:
    """The preview names what ends, goes and stays; then it is done."""
    client = asking(ha)
    mine = client.get("/api/v1/my-data/").json()
    assert mine["requests"][0]["submissions"][0]["answers"] == factories.ANSWERS
    meant = client.get("/api/v1/my-data/erasure/").json()
    assert {one["fate"] for one in meant["consequences"]} == {"ends", "goes", "stays"}
    assert meant["held_by"] == []
    done = client.post("/api/v1/my-data/erasure/")
    assert done.status_code == 201
    assert done.json()["carried_out_at"]
    # The token that it was asked with is revoked too.
    assert client.get("/api/v1/my-data/").status_code == 401


def test_a_hold_is_set_read_and_lifted(
    grant: Grant, ha: Viewer, ewa: Viewer, juma: Viewer, aurora_lab: Publisher, asking: Asking
) -> None:
    """Its reason comes back to its person; the request waits."""
    counsel, client = asking(ewa), asking(ha)
    address = f"/api/v1/publishers/{aurora_lab.pk}/legal-holds/"
    held = counsel.post(address, {"person": "ha-nguyen", "reason": "A lawsuit."}).json()
    problem(counsel.post(address, {"person": "ha-nguyen", "reason": "Again."}), 409, "held_already")
    problem(counsel.post(address, {"person": "nobody-here", "reason": "So."}), 422, "nothing_held")
    waits = client.post("/api/v1/my-data/erasure/").json()
    assert waits["carried_out_at"] is None
    assert "A lawsuit." in waits["held_by"][0]
    [listed] = counsel.get("/api/v1/erasures/").json()["results"]
    assert listed == waits
    assert counsel.get(f"/api/v1/legal-holds/?publisher={aurora_lab.pk}").json()["results"][0]["id"] == held["id"]
    assert asking(juma).get("/api/v1/legal-holds/").json()["results"] == []
    lifted = counsel.post(f"/api/v1/legal-holds/{held['id']}/lift/").json()
    assert lifted["lifted_at"]


def test_an_account_without_a_hub_name_has_no_data_here(asking: Asking) -> None:
    """Nothing is kept under no name."""
    plain = factories.account("plain", on_the_hub=False)
    problem(asking(plain).get("/api/v1/my-data/"), 404)
