"""The states of an access request and how owners and requesters move it: every pair, as observed on the Hub."""

from collections.abc import Callable
from typing import Any

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

from gatekeeper.hub.sandbox.control import SandboxControl

Api = Callable[[str], HfApi]
Ask = Callable[..., Any]
STATUSES = ("pending", "accepted", "rejected", "reset")
NOT_FOUND = "No access request found matching your criteria"


def put(hub: SandboxControl, repo: str, status: str) -> None:
    """Bob has asked for access himself, and now stands there."""
    hub.set_status(repo, "bob", "pending", fields={"Why": "study"})
    if status != "pending":
        hub.set_status(repo, "bob", status, by="ada")


@pytest.mark.parametrize("before", [None, *STATUSES])
@pytest.mark.parametrize("after", STATUSES)
def test_handle_moves_every_status_to_every_other_and_refuses_none_and_the_same(
    hub: SandboxControl, ask: Ask, gated: str, before: str | None, after: str
) -> None:
    """From none, and to the status it has, the answer is one and the same 404."""
    if before:
        put(hub, gated, before)
    answer = ask(
        "POST", f"/api/models/{gated}/user-access-request/handle", "ada", json={"user": "bob", "status": after}
    )
    if before in {None, after}:
        assert (answer.status_code, answer.json()["error"]) == (404, NOT_FOUND)
        assert "X-Error-Code" not in answer.headers
        assert answer.headers["X-Error-Message"] == NOT_FOUND
        assert hub.status(gated, "bob") == before
    else:
        assert (answer.status_code, answer.json()) == (200, {})
        assert hub.status(gated, "bob") == after


@pytest.mark.parametrize("before", [None, *STATUSES])
@pytest.mark.parametrize("after", STATUSES)
def test_batch_says_ok_to_a_request_that_is_already_there(
    hub: SandboxControl, ask: Ask, gated: str, before: str | None, after: str
) -> None:
    if before:
        put(hub, gated, before)
    body = {"status": after, "requests": [{"user": "nobody"}, {"user": "bob"}]}
    answer = ask("POST", f"/api/models/{gated}/user-access-request/batch", "ada", json=body)
    mine = {"user": "bob", "ok": True} if before else {"user": "bob", "ok": False, "error": "request_not_found"}
    assert answer.status_code == 200
    assert answer.json() == [{"user": "nobody", "ok": False, "error": "user_not_found"}, mine]
    assert hub.status(gated, "bob") == (after if before else None)


@pytest.mark.parametrize("before", [None, *STATUSES])
def test_grant_accepts_from_everywhere_but_accepted(
    hub: SandboxControl, ask: Ask, gated: str, before: str | None
) -> None:
    if before:
        put(hub, gated, before)
    answer = ask("POST", f"/api/models/{gated}/user-access-request/grant", "ada", json={"user": "bob"})
    if before == "accepted":
        assert (answer.status_code, answer.json()["error"]) == (400, "That user already has access to the repo")
    else:
        assert (answer.status_code, answer.json()) == (200, {})
    assert hub.status(gated, "bob") == "accepted"


def test_grant_keeps_date_and_email_of_an_own_request_and_has_none_for_others(
    hub: SandboxControl, api: Api, gated: str
) -> None:
    put(hub, gated, "pending")
    asked = hub.people(gated, user="bob")[0]["timestamp"]
    api("ada").grant_access(gated, "bob")
    api("ada").grant_access(gated, "cleo")
    found = {person.username: person for person in api("ada").list_accepted_access_requests(gated)}
    assert found["bob"].email == "bob@example.org"
    assert found["cleo"].email is None
    assert hub.people(gated, user="bob")[0]["timestamp"] == asked


def test_the_owner_can_grant_themselves(hub: SandboxControl, api: Api, gated: str) -> None:
    api("ada").grant_access(gated, "ada")
    assert hub.status(gated, "ada") == "accepted"


@pytest.mark.parametrize(("gate", "becomes"), [("manual", "pending"), ("auto", "accepted")])
def test_asking_makes_a_request_that_waits_or_is_accepted_at_once(
    hub: SandboxControl, ask: Ask, gated: str, gate: str, becomes: str
) -> None:
    hub.set_gated(gated, gate)
    answer = ask("POST", f"/{gated}/ask-access", "bob", json={})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{hub.url}/{gated}")
    assert hub.status(gated, "bob") == becomes


@pytest.mark.parametrize("before", ["pending", "accepted", "rejected"])
def test_asking_again_changes_nothing_and_is_not_refused(
    hub: SandboxControl, ask: Ask, gated: str, before: str
) -> None:
    put(hub, gated, before)
    stood = hub.people(gated, user="bob")
    assert ask("POST", f"/{gated}/ask-access", "bob", json={}).status_code == 303
    assert hub.people(gated, user="bob") == stood


def test_asking_after_a_reset_is_a_new_request_with_a_new_date(hub: SandboxControl, ask: Ask, gated: str) -> None:
    hub.set_status(gated, "bob", "pending", timestamp="2026-01-02T03:04:05.678Z")
    hub.set_status(gated, "bob", "reset", by="ada", reset_reason="The licence has changed.")
    ask("POST", f"/{gated}/ask-access", "bob", json={})
    [request] = hub.people(gated)
    assert request["status"] == "pending"
    assert request["timestamp"] > "2026-01-02T03:04:05.678Z"
    assert request["reviewedAt"] is None
    assert request["resetReason"] is None


def test_answers_are_taken_from_json_and_from_a_form_for_the_questions_of_the_card(
    hub: SandboxControl, ask: Ask
) -> None:
    card = "---\nextra_gated_fields:\n  Country: country\n  I agree: checkbox\n  Place: ip_location\n---\n"
    hub.create_repo("lab/form", "dataset", gated="manual", card=card)
    ask("POST", "/datasets/lab/form/ask-access", "bob", json={"Country": "FR", "I agree": True, "Other": "dropped"})
    ask("POST", "/datasets/lab/form/ask-access", "cleo", data={"Country": "DE", "I agree": "on"})
    answers = {request["user"]: request["fields"] for request in hub.people("lab/form", "dataset")}
    assert answers["bob"] == {"Country": "FR", "I agree": "on", "Place": "FR"}
    assert answers["cleo"] == {"Country": "DE", "I agree": "on", "Place": "FR"}


@pytest.mark.parametrize("before", [None, *STATUSES])
def test_a_requester_takes_back_only_a_pending_request(
    hub: SandboxControl, ask: Ask, gated: str, before: str | None
) -> None:
    if before:
        put(hub, gated, before)
    answer = ask("POST", f"/api/models/{gated}/user-access-request/cancel", "bob")
    if before == "pending":
        assert (answer.status_code, answer.json()) == (200, {"ok": True})
        assert hub.status(gated, "bob") is None
    else:
        message = "No pending access request found for this repo and this user"
        assert (answer.status_code, answer.json()["error"]) == (404, message)
        assert hub.status(gated, "bob") == before


def test_dates_and_names_follow_the_status(hub: SandboxControl, ask: Ask, gated: str) -> None:
    """Reviewed: the last decision, gone when pending again. Granted by: only while accepted. Asked: never moves."""
    put(hub, gated, "pending")
    asked = hub.people(gated)[0]["timestamp"]
    for status in ("accepted", "rejected", "reset", "accepted", "pending"):
        body = {"user": "bob", "status": status}
        ask("POST", f"/api/models/{gated}/user-access-request/handle", "ada", json=body)
        [item] = ask("GET", f"/api/models/{gated}/user-access-request/{status}", "ada").json()
        assert item["timestamp"] == asked
        assert ("reviewedAt" in item) == (status != "pending")
        assert ("grantedBy" in item) == (status == "accepted")
        if status == "accepted":
            assert item["grantedBy"]["user"] == "ada"
    assert list(item) == ["user", "timestamp", "status", "fields", "requestId"]


def test_changing_the_gate_keeps_every_request(hub: SandboxControl, api: Api, gated: str) -> None:
    """Automatic mode accepts nobody who waits; an open gate opens the files and keeps the lists."""
    put(hub, gated, "pending")
    owner = api("ada")
    owner.update_repo_settings(gated, gated="auto")
    assert hub.status(gated, "bob") == "pending"
    owner.update_repo_settings(gated, gated=False)
    api("cleo").auth_check(gated)
    assert [request.username for request in owner.list_pending_access_requests(gated)] == ["bob"]
    owner.update_repo_settings(gated, gated="manual")
    with pytest.raises(HfHubHTTPError):
        api("cleo").auth_check(gated)
    assert hub.status(gated, "bob") == "pending"


def test_cancelling_in_automatic_mode_leaves_the_person_pending(hub: SandboxControl, api: Api, gated: str) -> None:
    put(hub, gated, "accepted")
    hub.set_gated(gated, "auto")
    api("ada").cancel_access_request(gated, "bob")
    assert [request.username for request in api("ada").list_pending_access_requests(gated)] == ["bob"]


def test_reasons_are_kept_but_stand_in_no_list(hub: SandboxControl, api: Api, ask: Ask, gated: str) -> None:
    put(hub, gated, "pending")
    api("ada").reject_access_request(gated, "bob", rejection_reason="Too little is said.")
    assert hub.people(gated)[0]["rejectionReason"] == "Too little is said."
    [item] = ask("GET", f"/api/models/{gated}/user-access-request/rejected", "ada").json()
    assert set(item) == {"user", "timestamp", "reviewedAt", "status", "fields", "requestId"}
    body = {"user": "bob", "status": "reset", "resetReason": "New licence.", "rejectionReason": "ignored here"}
    assert ask("POST", f"/api/models/{gated}/user-access-request/handle", "ada", json=body).status_code == 200
    [request] = hub.people(gated)
    assert (request["rejectionReason"], request["resetReason"]) == (None, "New licence.")


def test_a_person_is_addressed_by_name_by_id_or_by_request(hub: SandboxControl, api: Api, ask: Ask, gated: str) -> None:
    put(hub, gated, "pending")
    request = hub.people(gated)[0]
    handle = f"/api/models/{gated}/user-access-request/handle"
    body = {"userId": request["userId"], "status": "accepted"}
    assert ask("POST", handle, "ada", json=body).status_code == 200
    api("ada").cancel_access_request(gated, request_id=request["requestId"])
    assert hub.status(gated, "bob") == "pending"
    body = {"requestId": "0" * 24, "status": "accepted"}
    assert ask("POST", handle, "ada", json=body).json()["error"] == NOT_FOUND
    batch = {"status": "rejected", "requests": [{"userId": request["userId"]}, {"userId": "0" * 24}]}
    assert ask("POST", f"/api/models/{gated}/user-access-request/batch", "ada", json=batch).json() == [
        {"userId": request["userId"], "ok": True},
        {"userId": "0" * 24, "ok": False, "error": "user_not_found"},
    ]


def test_datasets_are_the_same(hub: SandboxControl, api: Api, ask: Ask) -> None:
    hub.create_repo("lab/set", "dataset", gated="manual")
    ask("POST", "/datasets/lab/set/ask-access", "bob", json={})
    owner = api("ada")
    [request] = owner.list_pending_access_requests("lab/set", repo_type="dataset")
    owner.accept_access_request("lab/set", request_id=request.request_id, repo_type="dataset")
    owner.grant_access("lab/set", "cleo", repo_type="dataset")
    api("bob").auth_check("lab/set", repo_type="dataset")
    api("cleo").auth_check("lab/set", repo_type="dataset")
    with pytest.raises(HfHubHTTPError):
        owner.list_pending_access_requests("lab/set").__next__()  # type: ignore[attr-defined]  # a model is not a dataset
