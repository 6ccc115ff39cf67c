"""What is refused, with status, error code and message as observed on the Hub, and as the client raises it."""

from collections.abc import Callable
from typing import Any

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import BadRequestError, GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

from gatekeeper.hub.sandbox.control import SandboxControl

Api = Callable[[str], HfApi]
Ask = Callable[..., Any]
ANONYMOUS = "Invalid username or password."
OWNER_CALLS = [
    ("PUT", "/api/models/{}/settings", {"gated": "auto"}),
    ("GET", "/api/models/{}/user-access-request/pending", None),
    ("POST", "/api/models/{}/user-access-request/handle", {"user": "bob", "status": "accepted"}),
    ("POST", "/api/models/{}/user-access-request/batch", {"status": "accepted", "requests": [{"user": "bob"}]}),
    ("POST", "/api/models/{}/user-access-request/grant", {"user": "bob"}),
    ("GET", "/{}/user-access-report", None),
]
PERSON_CALLS: list[tuple[str, str, Any]] = [
    ("POST", "/api/models/{}/user-access-request/cancel", None),
    ("POST", "/{}/ask-access", {}),
]


def refused(answer: Any, status: int, message: str, code: str | None = None) -> None:
    """Status, code and message, the latter in the header and in the body."""
    assert answer.status_code == status
    assert answer.headers.get("X-Error-Code") == code
    assert answer.headers["X-Error-Message"] == message
    body = answer.json()["error"] if answer.headers["Content-Type"].startswith("application/json") else answer.text
    assert body == message
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize(("method", "path", "body"), OWNER_CALLS + PERSON_CALLS)
def test_it_refuses_anonymous_calls(ask: Ask, gated: str, method: str, path: str, body: Any) -> None:
    answer = ask(method, path.format(gated), json=body)
    refused(answer, 401, ANONYMOUS)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Authentication required", charset="UTF-8"'


@pytest.mark.parametrize(("method", "path", "body"), OWNER_CALLS)
@pytest.mark.parametrize("who", ["bob", "dora", "eve"])
def test_it_refuses_whoever_may_not_write(ask: Ask, gated: str, method: str, path: str, body: Any, who: str) -> None:
    """A stranger, a reading member, and a contributor in a repository that is not theirs."""
    message = "You have read access but not the required permissions for this operation"
    refused(ask(method, path.format(gated), who, json=body), 403, message)


@pytest.mark.parametrize(("method", "path", "body"), OWNER_CALLS + PERSON_CALLS)
def test_it_knows_no_repository_that_is_not_there(
    ask: Ask, hub: SandboxControl, method: str, path: str, body: Any
) -> None:
    refused(ask(method, path.format("lab/none"), "ada", json=body), 404, "Repository not found", "RepoNotFound")


def test_it_raises_what_the_hub_makes_the_client_raise(hub: SandboxControl, api: Api, gated: str) -> None:
    hub.set_status(gated, "bob", "accepted", by="ada")
    owner = api("ada")
    with pytest.raises(RepositoryNotFoundError):
        owner.model_info("lab/none")
    with pytest.raises(HfHubHTTPError, match="No access request found") as caught:
        owner.accept_access_request(gated, "bob")
    assert type(caught.value) is HfHubHTTPError
    with pytest.raises(HfHubHTTPError, match="User not found"):
        owner.accept_access_request(gated, "nobody")
    with pytest.raises(BadRequestError, match="already has access"):
        owner.grant_access(gated, "bob")
    with pytest.raises(GatedRepoError):
        api("cleo").auth_check(gated)
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        HfApi(endpoint=hub.url, token="t-wrong").whoami()


@pytest.mark.parametrize("token", ["t-unknown", "t-revoked", "t-late"])
def test_it_refuses_unknown_revoked_and_expired_tokens_everywhere(
    hub: SandboxControl, ask: Ask, gated: str, token: str
) -> None:
    """Without an error code, so that over plain HTTP the client raises no RepositoryNotFoundError."""
    hub.add_token("ada", "t-revoked")
    hub.revoke_token("t-revoked")
    hub.add_token("ada", "t-late", expires=1)
    for path in ("/api/whoami-v2", f"/api/models/{gated}", f"/{gated}/resolve/main/README.md"):
        refused(ask("GET", path, token), 401, ANONYMOUS)


@pytest.mark.parametrize("action", ["handle", "grant"])
def test_it_knows_no_user_that_is_not_there(ask: Ask, gated: str, action: str) -> None:
    for who in ({"user": "nobody"}, {"userId": "f" * 24}):
        answer = ask("POST", f"/api/models/{gated}/user-access-request/{action}", "ada", json=who | {"status": "reset"})
        refused(answer, 404, "User not found")


@pytest.mark.parametrize("action", ["handle", "grant"])
@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_it_moves_nobody_in_a_repository_that_is_not_gated(
    hub: SandboxControl, ask: Ask, action: str, kind: str
) -> None:
    hub.create_repo("lab/open", kind)
    body = {"user": "bob", "status": "accepted"}
    answer = ask("POST", f"/api/{kind}s/lab/open/user-access-request/{action}", "ada", json=body)
    refused(answer, 400, f"{kind} lab/open is not gated", "RepoNotGated")


def test_it_lists_requests_of_a_repository_that_is_not_gated(hub: SandboxControl, ask: Ask, gated: str) -> None:
    hub.set_status(gated, "bob", "pending")
    hub.set_gated(gated, False)
    answer = ask("GET", f"/api/models/{gated}/user-access-request/pending", "ada")
    assert (answer.status_code, len(answer.json())) == (200, 1)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"user": "bob", "status": "granted"},
            '* Invalid option: expected one of "accepted"|"rejected"|"pending"|"reset" * at status',
        ),
        (
            {"user": "bob", "status": "rejected", "rejectionReason": "x" * 201},
            "* Too big: expected string to have <=200 characters * at rejectionReason",
        ),
        (
            {"user": "bob", "status": "reset", "resetReason": "x" * 201},
            "* Too big: expected string to have <=200 characters * at resetReason",
        ),
        ({"status": "accepted"}, "* Either userId or user must be provided, but not both"),
        (
            {"user": "bob", "userId": "0" * 24, "status": "accepted"},
            "* Either userId or user must be provided, but not both",
        ),
    ],
)
def test_it_checks_what_handle_is_sent(ask: Ask, gated: str, body: dict[str, str], message: str) -> None:
    refused(ask("POST", f"/api/models/{gated}/user-access-request/handle", "ada", json=body), 400, message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"status": "accepted", "requests": []}, "* Too small: expected array to have >=1 items * at requests"),
        (
            {"status": "accepted", "requests": [{"user": "bob"}] * 101},
            "* Too big: expected array to have <=100 items * at requests",
        ),
        (
            {"status": "accepted", "requests": [{"user": "bob"}, {}]},
            "* Either userId or user must be provided, but not both * at requests[1]",
        ),
    ],
)
def test_it_checks_what_batch_is_sent(ask: Ask, gated: str, body: dict[str, Any], message: str) -> None:
    refused(ask("POST", f"/api/models/{gated}/user-access-request/batch", "ada", json=body), 400, message)


def test_it_ignores_a_reason_that_goes_with_another_status(hub: SandboxControl, ask: Ask, gated: str) -> None:
    hub.set_status(gated, "bob", "pending")
    body = {"user": "bob", "status": "accepted", "rejectionReason": "not for this"}
    assert ask("POST", f"/api/models/{gated}/user-access-request/handle", "ada", json=body).status_code == 200
    assert hub.people(gated)[0]["rejectionReason"] is None


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=5", "* Too small: expected number to be >=10 * at limit"),
        ("limit=1001", "* Too big: expected number to be <=1000 * at limit"),
        ("after=yesterday", "* Invalid ISO datetime * at after"),
        ("q=" + "x" * 251, "* Too big: expected string to have <=250 characters * at q"),
    ],
)
def test_it_checks_what_a_list_is_asked(ask: Ask, gated: str, query: str, message: str) -> None:
    refused(ask("GET", f"/api/models/{gated}/user-access-request/pending?{query}", "ada"), 400, message)


@pytest.mark.parametrize("kind", ["model", "dataset"])
@pytest.mark.parametrize("route", ["resolve", "raw", "auth-check", "auth-check/write"])
def test_the_gate_says_why_it_is_closed(hub: SandboxControl, ask: Ask, kind: str, route: str) -> None:
    """Before it is looked whether revision and file exist; as text on file routes, as JSON on the others."""
    hub.create_repo("lab/closed", kind, gated="manual")
    page = "/lab/closed" if kind == "model" else "/datasets/lab/closed"
    path = f"{page}/{route}/none/none.bin" if route in {"resolve", "raw"} else f"/api/{kind}s/lab/closed/{route}"
    refused(
        ask("GET", path),
        401,
        f"Access to {kind} lab/closed is restricted. You must have access to it and be authenticated to access it."
        " Please log in.",
        "GatedRepo",
    )
    visit = f"Visit {hub.url}{page} to"
    for status, message in (
        (
            "none",
            f"Access to {kind} lab/closed is restricted and you are not in the authorized list."
            f" {visit} ask for access.",
        ),
        ("pending", f"Your request to access {kind} lab/closed is awaiting a review from the repo authors."),
        ("rejected", f"Your request to access {kind} lab/closed has been rejected by the repo's authors."),
        (
            "reset",
            f"Your request to access {kind} lab/closed has been reset by the repo's authors."
            f" {visit} submit a new request.",
        ),
    ):
        hub.set_status("lab/closed", "bob", status, kind, by="ada")
        refused(ask("GET", path, "bob"), 403, message, "GatedRepo")


def test_the_card_and_the_licence_are_open_to_anyone(hub: SandboxControl, ask: Ask) -> None:
    """At the root and spelt exactly so; nothing else, and not by the raw route."""
    names = ["README.md", "LICENSE", "LICENSE.md", "LICENSE.txt"]
    hub.create_repo("lab/closed", gated="manual", files={name: name for name in [*names, "a/LICENSE", "readme.md"]})
    for name in names:
        assert ask("GET", f"/lab/closed/resolve/main/{name}").text == name
        assert ask("GET", f"/lab/closed/raw/main/{name}").status_code == 401
    for name in ("a/LICENSE", "readme.md", "LICENCE"):
        assert ask("GET", f"/lab/closed/resolve/main/{name}").status_code == 401


def test_what_is_public_of_a_gated_repository_is_public(hub: SandboxControl, ask: Ask, gated: str) -> None:
    """Description, revision, file names and sizes, discussions; the hashes of large files are masked."""
    for path in ("", "/revision/main", "/tree/main", "/discussions", "/commits/main"):
        assert ask("GET", f"/api/models/{gated}{path}").status_code == 200
    shown = {file["path"]: file for file in ask("GET", f"/api/models/{gated}/tree/main").json()}
    assert shown["weights.safetensors"]["lfs"]["oid"] == "*" * 64
    assert shown["weights.safetensors"]["size"] == 100
    [own] = [
        f for f in ask("GET", f"/api/models/{gated}/tree/main", "ada").json() if f["path"] == "weights.safetensors"
    ]
    assert own["lfs"]["oid"] != "*" * 64


def test_a_private_repository_is_not_there_for_others(hub: SandboxControl, ask: Ask) -> None:
    """Not even for someone who was accepted while it was public."""
    hub.create_repo("lab/secret", private=True, gated="manual")
    hub.set_status("lab/secret", "bob", "accepted", by="ada")
    refused(ask("GET", "/api/models/lab/secret", "bob"), 404, "Repository not found", "RepoNotFound")
    refused(ask("GET", "/api/models/lab/secret"), 401, ANONYMOUS, "RepoNotFound")
    assert ask("GET", "/api/models/lab/secret", "dora").json()["private"] is True
