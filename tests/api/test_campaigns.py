"""Re-acceptance campaigns over the API: the same verbs, the same refusals."""

from __future__ import annotations

from accounts.viewer import Viewer
from gatekeeper import clock
from gatekeeper.models import Grant, Stage
from tests import factories

from .conftest import Asking, problem

LIST = "/api/v1/campaigns/"


def test_it_is_prepared_looked_at_scheduled_and_halted(
    stage: Stage, ha: Viewer, chidi: Viewer, ewa: Viewer, bram: Viewer, juma: Viewer, asking: Asking
) -> None:
    """The detail says whom it would ask, then how far it has come; a preview of other numbers is refused."""
    grant = factories.active_grant(stage, ha, by=chidi)
    version = factories.licence(stage.release.publisher, by=ewa, text=factories.NEW_TEXT)
    problem(asking(juma).post(LIST, {"licence_version": version.pk}), 404)
    problem(asking(chidi).post(LIST, {"licence_version": version.pk}), 403)
    problem(asking(ewa).post(LIST, {"licence_version": version.pk, "grace_days": 0}), 422)
    made = asking(ewa).post(LIST, {"licence_version": version.pk}).json()
    assert (made["status"], made["asks"], made["progress"]) == ("prepared", True, None)
    assert made["preview"]["people"] == 1
    assert [row["grants"] for row in made["preview"]["stages"]] == [1]
    here, steward = f"{LIST}{made['id']}/", asking(bram)
    problem(asking(ewa).post(f"{here}schedule/", {"confirmed": 1}), 403)
    problem(steward.post(f"{here}schedule/", {"confirmed": 5}), 422, "confirm_count")
    problem(steward.post(f"{here}schedule/", {"confirmed": 1, "starts_at": "2001-01-01T00:00:00Z"}), 422)
    assert steward.post(f"{here}schedule/", {"confirmed": 1}).json()["status"] == "scheduled"
    clock.carry_on()
    begun = steward.get(here).json()
    assert (begun["status"], begun["preview"], begun["progress"]["waiting"]) == ("running", None, 1)
    assert Grant.objects.get(pk=grant.pk).campaign_id == made["id"]
    assert steward.post(f"{here}halt/").json()["status"] == "halted"
    assert steward.post(f"{here}resume/").json()["status"] == "running"
    assert [row["id"] for row in steward.get(LIST, {"status": "running"}).json()["results"]] == [made["id"]]
    assert steward.get(LIST, {"publisher": stage.publisher_id + 1}).json()["results"] == []
    assert asking(juma).get(LIST).json()["results"] == []
    problem(asking(juma).get(here), 404)
