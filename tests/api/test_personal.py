"""My data over the API: read it, see what erasing means, erase it; hold and lift."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.models import Grant, Stage
from tests import factories

from .conftest import Asking, problem


@pytest.fixture
def grant(stage: Stage, ha: Viewer, chidi: Viewer) -> Grant:
    """Hà's grant, active."""
    return factories.active_grant(stage, ha, by=chidi)


def signed_in(who: Viewer) -> APIClient:
    """A client with somebody's session, and no token."""
    client = APIClient()
    assert who.user is not None
    client.force_login(who.user)
    return client


def test_one_reads_and_erases_ones_own(grant: Grant, ha: Viewer, asking: Asking) -> None:
    """The preview names what ends, goes and stays; then it is done."""
    client = asking(ha)
    mine = client.get("/api/v1/my-data/").json()
    assert mine["requests"][0]["submissions"][0]["answers"] == factories.ANSWERS
    meant = client.get("/api/v1/my-data/erasure/").json()
    assert {one["fate"] for one in meant["consequences"]} == {"ends", "goes", "stays"}
    assert meant["held_by"] == []
    problem(client.post("/api/v1/my-data/erasure/"), 403, "not_by_token")
    done = signed_in(ha).post("/api/v1/my-data/erasure/")
    assert done.status_code == 201
    assert done.json()["carried_out_at"]
    # The token that it was asked with is revoked too.
    assert client.get("/api/v1/my-data/").status_code == 401


def test_a_hold_is_set_read_and_lifted(
    grant: Grant, ha: Viewer, ewa: Viewer, juma: Viewer, aurora_lab: Publisher, asking: Asking
) -> None:
    """Its reason comes back to its person; the request waits."""
    counsel = asking(ewa)
    address = f"/api/v1/publishers/{aurora_lab.pk}/legal-holds/"
    held = counsel.post(address, {"person": "ha-nguyen", "reason": "A lawsuit."}).json()
    problem(counsel.post(address, {"person": "ha-nguyen", "reason": "Again."}), 409, "held_already")
    problem(counsel.post(address, {"person": "nobody-here", "reason": "So."}), 422, "nothing_held")
    waits = signed_in(ha).post("/api/v1/my-data/erasure/").json()
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


def test_the_reason_of_a_hold_is_not_for_another_publisher(
    grant: Grant, ha: Viewer, ewa: Viewer, juma: Viewer, aurora_lab: Publisher, asking: Asking
) -> None:
    """Who also gave them access once reads that somebody holds their data, and not why."""
    zed = factories.found(juma, "zed-lab")
    factories.submitted(factories.open_stage(factories.linked(zed, by=juma, name="zed"), by=juma), ha)
    held = {"person": "ha-nguyen", "reason": "A police file."}
    assert asking(ewa).post(f"/api/v1/publishers/{aurora_lab.pk}/legal-holds/", held).status_code == 201
    assert "police" in str(signed_in(ha).post("/api/v1/my-data/erasure/").json()["held_by"])
    [seen] = asking(juma).get("/api/v1/erasures/").json()["results"]
    assert seen["held_by"] == ["Another publisher holds this person’s data back."]
