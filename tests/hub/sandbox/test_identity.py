"""Who a token belongs to and how far it reaches."""

from collections.abc import Callable
from typing import Any

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

from gatekeeper.hub.sandbox.control import SandboxControl

Api = Callable[[str], HfApi]
Ask = Callable[..., Any]


def test_whoami_says_who_and_with_which_roles(hub: SandboxControl, api: Api) -> None:
    hub.add_user("ada", fullname="Ada L.", isPro=True)
    found = api("ada").whoami()
    assert (found["type"], found["name"], found["fullname"], found["isPro"]) == ("user", "ada", "Ada L.", True)
    assert found["id"] == hub.user("ada")["id"]
    assert (found["email"], found["emailVerified"]) == ("ada@example.org", True)
    assert [(org["name"], org["roleInOrg"]) for org in found["orgs"]] == [("lab", "admin")]
    assert found["auth"]["accessToken"]["role"] == "write"


def scoped(permission: str, name: str) -> list[dict[str, Any]]:
    return [{"entity": {"_id": "0" * 24, "type": "org", "name": name}, "permissions": [permission]}]


def test_whoami_tells_what_a_fine_grained_token_may(hub: SandboxControl, api: Api) -> None:
    hub.add_token("ada", "t-fine", "fineGrained", canReadGatedRepos=False, scoped=scoped("repo.write", "lab"))
    token = HfApi(endpoint=hub.url, token="t-fine").whoami()["auth"]["accessToken"]
    assert token["role"] == "fineGrained"
    assert token["fineGrained"]["canReadGatedRepos"] is False
    assert token["fineGrained"]["scoped"] == scoped("repo.write", "lab")


def test_a_read_token_moves_nothing(hub: SandboxControl, gated: str) -> None:
    hub.set_status(gated, "bob", "pending")
    hub.add_token("ada", "t-read", "read")
    reader = HfApi(endpoint=hub.url, token="t-read")
    for attempt in (
        lambda: reader.accept_access_request(gated, "bob"),
        lambda: list(reader.list_pending_access_requests(gated)),
        lambda: reader.auth_check(gated, write=True),
    ):
        with pytest.raises(HfHubHTTPError) as caught:
            attempt()
        assert caught.value.response.status_code == 403
    reader.auth_check(gated)


@pytest.mark.parametrize(
    ("permission", "name", "listed", "moved"),
    [
        ("repo.write", "lab", 200, 200),
        ("repo.write", "lab/model", 200, 200),
        ("repo.access.read", "lab", 200, 403),
        ("repo.write", "ada", 403, 403),
        ("repo.content.read", "lab", 403, 403),
    ],
)
def test_a_fine_grained_token_reaches_as_far_as_its_scope(
    hub: SandboxControl, ask: Ask, gated: str, permission: str, name: str, listed: int, moved: int
) -> None:
    hub.set_status(gated, "bob", "pending")
    hub.add_token("ada", "t-fine", "fineGrained", scoped=scoped(permission, name))
    path = f"/api/models/{gated}/user-access-request"
    assert ask("GET", f"{path}/pending", "t-fine").status_code == listed
    body = {"status": "accepted", "requests": [{"user": "bob"}]}
    assert ask("POST", f"{path}/batch", "t-fine", json=body).status_code == moved


def test_an_accepted_person_needs_a_token_that_reads_gated_repositories(
    hub: SandboxControl, ask: Ask, gated: str
) -> None:
    """The usual cause of a 403 after being accepted; it carries no GatedRepo code."""
    hub.set_status(gated, "bob", "accepted", by="ada")
    hub.add_token("bob", "t-fine", "fineGrained", canReadGatedRepos=False)
    answer = ask("GET", f"/api/models/{gated}/auth-check", "t-fine")
    assert answer.status_code == 403
    assert "X-Error-Code" not in answer.headers
    assert "public gated repositories" in answer.json()["error"]
    hub.set_token("t-fine", canReadGatedRepos=True)
    assert ask("GET", f"/api/models/{gated}/auth-check", "t-fine").text == "OK"


def test_roles_decide_who_writes(hub: SandboxControl, api: Api, gated: str) -> None:
    """Admin and write everywhere in the organisation, a contributor where it made the repository itself."""
    hub.create_repo("lab/own", gated="manual", by="eve")
    api("eve").auth_check("lab/own", write=True)
    for role, allowed in (("admin", True), ("write", True), ("contributor", False), ("read", False)):
        hub.add_org("lab", {"cleo": role})
        if allowed:
            api("cleo").auth_check(gated, write=True)
        else:
            with pytest.raises(HfHubHTTPError, match="required permissions"):
                api("cleo").auth_check(gated, write=True)
    hub.remove_member("lab", "cleo")
    with pytest.raises(HfHubHTTPError, match="restricted"):
        api("cleo").auth_check(gated)


def test_people_and_members_are_found(hub: SandboxControl, api: Api, ask: Ask) -> None:
    found = api("bob").get_user_overview("ADA")
    assert (found.username, found.fullname, [org.name for org in found.orgs]) == ("ada", "Ada", ["lab"])
    with pytest.raises(HfHubHTTPError) as caught:
        api("bob").get_user_overview("nobody")
    assert caught.value.response.status_code == 404
    assert [member.username for member in api("bob").list_organization_members("lab")] == ["ada", "dora", "eve"]
    first = ask("GET", "/api/organizations/lab/members?limit=2", "ada")
    assert [member["role"] for member in first.json()] == ["admin", "read"]
    assert [member["user"] for member in ask("GET", first.links["next"]["url"]).json()] == ["eve"]
