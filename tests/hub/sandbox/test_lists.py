"""The request lists: pages, narrowing, names kept back, lists that lag, the report, and how fast a page is."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from huggingface_hub import HfApi

from gatekeeper.hub.sandbox.control import SandboxControl

Api = Callable[[str], HfApi]
Ask = Callable[..., Any]
LIST = "/api/models/lab/model/user-access-request/"


def every_page(ask: Ask, path: str) -> list[list[dict[str, Any]]]:
    pages = []
    while path:
        answer = ask("GET", path, "ada")
        assert answer.status_code == 200
        pages.append(answer.json())
        path = answer.links.get("next", {}).get("url", "")
    return pages


def test_the_client_reads_all_pages(hub: SandboxControl, api: Api, gated: str) -> None:
    """A page holds 1,000 unless asked otherwise; the client sends no limit and follows the links."""
    hub.seed(gated, {"pending": 2345, "accepted": 2, "rejected": 1, "reset": 3}, fields={"Why": "study"})
    found = list(api("ada").list_pending_access_requests(gated))
    assert len({request.request_id for request in found}) == 2345
    assert found[0].fields == {"Why": "study"}
    assert [entry["path"] for entry in hub.journal("GET")] == [LIST + "pending"] * 3
    assert len(list(api("ada").list_accepted_access_requests(gated))) == 2
    assert len(list(api("ada").list_rejected_access_requests(gated))) == 1


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_pages_neither_repeat_nor_lose_anyone(hub: SandboxControl, ask: Ask, gated: str, order: str) -> None:
    """Also while others arrive, and with equal dates; the last full page has no link."""
    hub.options(order=order)
    hub.seed(gated, {"reset": 40})
    for name in ("bob", "cleo", "dora"):
        hub.set_status(gated, name, "reset", timestamp="2026-10-10T10:10:10.000Z")
    pages = every_page(ask, LIST + "reset?limit=10")
    assert [len(page) for page in pages] == [10, 10, 10, 10, 3]
    dates = [item["timestamp"] for page in pages for item in page]
    assert dates == sorted(dates, reverse=order == "newest")
    assert len({item["requestId"] for page in pages for item in page}) == 43


def test_a_page_that_is_just_full_is_the_last(hub: SandboxControl, ask: Ask, gated: str) -> None:
    hub.seed(gated, {"pending": 20})
    assert [len(page) for page in every_page(ask, LIST + "pending?limit=10")] == [10, 10]


def test_it_narrows_by_the_beginning_of_the_name_and_by_date(hub: SandboxControl, ask: Ask, gated: str) -> None:
    """Only names count, upper or lower case alike, not full names or e-mail."""
    hub.add_user("Bobby", fullname="Zed")
    for number, name in enumerate(("bob", "Bobby", "cleo"), 1):
        hub.set_status(gated, name, "pending", timestamp=f"2026-10-0{number}T00:00:00.000Z")

    def names(query: str) -> list[str]:
        return [item["user"]["user"] for item in ask("GET", f"{LIST}pending?{query}", "ada").json()]

    assert names("q=BOB") == ["Bobby", "bob"]
    assert names("q=bobby") == ["Bobby"]
    assert names("q=zed") == []
    assert names("q=obb") == []
    assert names("after=2026-10-01T00:00:00Z") == ["cleo", "Bobby"]
    assert names("before=2026-10-03T00:00:00.000Z&after=2026-10-01T00:00:00.000Z") == ["Bobby"]


def test_an_item_has_the_keys_observed(hub: SandboxControl, ask: Ask, gated: str) -> None:
    hub.set_status(gated, "bob", "pending", fields={"Why": "study"})
    hub.set_status(gated, "bob", "accepted", by="ada")
    [item] = ask("GET", LIST + "accepted", "ada").json()
    assert list(item) == ["user", "timestamp", "reviewedAt", "status", "grantedBy", "fields", "requestId"]
    person = hub.user("bob")
    assert item["user"] == {
        "_id": person["id"],
        "avatarUrl": "/avatars/bob.svg",
        "fullname": "Bob",
        "isPro": False,
        "user": "bob",
        "type": "user",
        "verifiedOrgNames": [],
        "email": "bob@example.org",
    }


@pytest.mark.parametrize("how", [True, "null"])
def test_names_can_be_kept_back(hub: SandboxControl, api: Api, ask: Ask, gated: str, how: bool | str) -> None:
    """Without a name a person can still be handled by the request."""
    hub.set_status(gated, "bob", "pending")
    hub.set_repo(gated, hide_usernames=how)
    [request] = api("ada").list_pending_access_requests(gated)
    assert (request.username, request.fullname, request.email) == (None, None, None)
    api("ada").accept_access_request(gated, request_id=request.request_id)
    assert hub.status(gated, "bob") == "accepted"
    [entry] = ask("GET", f"/{gated}/user-access-report", "ada").json()
    assert set(entry) == {"time", "reviewedAt", "status", "grantedBy"}


def test_a_rename_shows_the_new_name_under_the_old_id(hub: SandboxControl, ask: Ask, gated: str) -> None:
    hub.set_status(gated, "bob", "pending")
    before = hub.user("bob")["id"]
    hub.rename_user("bob", "robert")
    [item] = ask("GET", LIST + "pending", "ada").json()
    assert (item["user"]["user"], item["user"]["_id"]) == ("robert", before)
    body = {"user": "bob", "status": "accepted"}
    answer = ask("POST", f"/api/models/{gated}/user-access-request/handle", "ada", json=body)
    assert answer.json()["error"] == "User not found"


def test_a_deleted_account_is_gone_from_the_lists(hub: SandboxControl, api: Api, ask: Ask, gated: str) -> None:
    hub.add_org("lab", {"cleo": "admin"})
    for name in ("bob", "eve"):
        hub.set_status(gated, name, "accepted", by="cleo")
    hub.delete_user("bob")
    hub.delete_user("cleo")
    [item] = ask("GET", LIST + "accepted", "ada").json()
    assert (item["user"]["user"], item["grantedBy"]) == ("eve", {})
    assert ask("GET", "/api/whoami-v2", "bob").status_code == 401


def test_lists_can_lag_behind_while_the_gate_does_not(hub: SandboxControl, api: Api, ask: Ask, gated: str) -> None:
    """What a list shows is the state some seconds ago: who moved, who came, and who went."""
    hub.set_status(gated, "bob", "pending")
    hub.set_status(gated, "cleo", "pending")
    hub.options(lag=0.6)
    owner = api("ada")

    def seen(status: str) -> list[str]:
        return sorted(item["user"]["user"] for item in ask("GET", LIST + status, "ada").json())

    owner.accept_access_request(gated, "bob")
    owner.reject_access_request(gated, "bob", rejection_reason=None)
    owner.accept_access_request(gated, "bob")
    ask("POST", f"/api/models/{gated}/user-access-request/cancel", "cleo")
    owner.grant_access(gated, "dora")
    api("bob").auth_check(gated)
    assert (seen("pending"), seen("accepted"), seen("rejected")) == (["bob", "cleo"], [], [])
    time.sleep(0.7)
    assert (seen("pending"), seen("accepted"), seen("rejected")) == ([], ["bob", "dora"], [])


def test_the_report_is_one_download_of_all(hub: SandboxControl, ask: Ask, gated: str) -> None:
    hub.seed(gated, {"pending": 1500})
    hub.set_status(gated, "bob", "accepted", by="ada")
    answer = ask("GET", f"/{gated}/user-access-report", "ada")
    assert answer.headers["Content-Disposition"] == "attachment; filename=user-access-report-lab-model.json"
    assert len(answer.json()) == 1501
    entry = answer.json()[-1]
    assert set(entry) == {"fullname", "user", "time", "reviewedAt", "status", "grantedBy"}
    assert entry["grantedBy"] == {"fullname": "Ada", "user": "ada"}
    assert answer.json()[0]["email"] == "person-0000006@example.org"
    hub.create_repo("lab/empty", "dataset", gated="manual")
    assert ask("GET", "/datasets/lab/empty/user-access-report", "ada").json() == []


def test_a_page_costs_the_same_at_the_end_of_a_long_list(hub: SandboxControl, ask: Ask, gated: str) -> None:
    """The last of many pages is not slower than the first, and one name is found at once."""
    hub.seed(gated, {"pending": 30_000})
    pages = every_page(ask, LIST + "pending?limit=1000")
    assert sum(map(len, pages)) == 30_000
    lasted = [entry["ms"] for entry in hub.journal("GET", LIST)]
    assert min(lasted[-10:]) < 3 * max(min(lasted[:10]), 10)
    name = pages[-1][0]["user"]["user"]
    hub.clear_journal()
    assert len(ask("GET", f"{LIST}pending?q={name}", "ada").json()) == 1
    assert hub.journal()[0]["ms"] < 100
