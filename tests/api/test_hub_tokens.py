"""Hub tokens over the API: given, checked, let speak, retired; never answered."""

from __future__ import annotations

import json

from accounts.models import HubToken, Publisher
from accounts.viewer import Viewer
from gatekeeper.hub.sandbox.control import SandboxControl
from gatekeeper.models import Repository
from tests import factories
from tests.actions.test_hub_tokens import reaches

from .conftest import Asking, problem

SECRET = "hf_another_secret"


def test_a_token_is_changed_over_the_api(
    asking: Asking, sandbox: SandboxControl, aurora: Repository, amara: Viewer, bram: Viewer
) -> None:
    """Given, seen to reach, used, and the old one retired."""
    sandbox.add_user("amara", id=factories.hub_id("amara"), token=SECRET)
    sandbox.add_org("aurora-lab", {"amara": "admin"})
    client, old = asking(amara), aurora.token
    given = client.post(f"/api/v1/publishers/{aurora.publisher_id}/hub-tokens/", {"token": SECRET})
    assert given.status_code == 201, given.content
    new = given.json()
    assert (new["hub_username"], new["health"], new["repositories"], new["reaches"]) == ("amara", "ok", [], [])
    address = f"/api/v1/hub-tokens/{new['id']}/"
    problem(client.post(f"{address}use/", {}), 422, "token_does_not_reach")
    assert asking(bram).post(f"{address}check/").json()["checked_at"]
    reaches(HubToken.objects.get(pk=new["id"]), aurora)
    problem(asking(bram).post(f"{address}use/", {}), 403, "not_allowed")
    problem(client.post(f"{address}use/", {"repositories": [aurora.pk, 0]}), 404, "not_found")
    used = client.post(f"{address}use/", {"repositories": [aurora.pk]}).json()
    assert (used["repositories"], used["reaches"][0]["may_decide"]) == ([aurora.pk], True)
    assert client.post(f"{address}use/", {}).json()["repositories"] == [aurora.pk]
    problem(client.post(f"{address}retire/"), 422, "token_in_use")
    retired = client.post(f"/api/v1/hub-tokens/{old.pk}/retire/").json()
    assert retired["retired_at"]
    problem(client.post(f"/api/v1/hub-tokens/{old.pk}/retire/"), 409, "token_retired")
    listed = client.get("/api/v1/hub-tokens/").json()["results"]
    assert [one["id"] for one in listed] == [new["id"], old.pk]
    assert SECRET not in json.dumps([given.json(), used, retired, listed])


def test_who_may_give_one(
    asking: Asking, sandbox: SandboxControl, aurora_lab: Publisher, amara: Viewer, bram: Viewer, juma: Viewer
) -> None:
    """Owners; one of their own namespace; once."""
    sandbox.add_user("amara", id=factories.hub_id("amara"), token=SECRET)
    sandbox.add_org("aurora-lab", {"amara": "admin"})
    sandbox.add_user("juma", token="hf_juma_writes")
    where = f"/api/v1/publishers/{aurora_lab.pk}/hub-tokens/"
    problem(asking(bram).post(where, {"token": SECRET}), 403, "not_allowed")
    problem(asking(juma).post(where, {"token": SECRET}), 404, "not_found")
    refused = problem(asking(amara).post(where, {"token": "hf_juma_writes"}), 422, "token_of_others")
    assert set(refused["fields"]) == {"token"}
    problem(asking(amara).post(where, {"token": "hf_nobodys_token"}), 422, "token_refused")
    assert asking(amara).post(where, {"token": SECRET}).status_code == 201
    problem(asking(amara).post(where, {"token": SECRET}), 409, "token_kept")


def test_who_sees_one(asking: Asking, aurora: Repository, chidi: Viewer, goran: Viewer, juma: Viewer) -> None:
    """Those who work there, and operators."""
    address = f"/api/v1/hub-tokens/{aurora.token_id}/"
    for who in (chidi, goran):
        assert asking(who).get(address).json()["fingerprint"] == aurora.token.fingerprint
    problem(asking(juma).get(address), 404, "not_found")
    assert asking(juma).get("/api/v1/hub-tokens/").json()["results"] == []
