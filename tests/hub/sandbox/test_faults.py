"""What can be made to go wrong, the honest rate limit, what the sandbox can unlearn, and what it remembers of calls."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils._http import parse_ratelimit_headers

from gatekeeper.hub.sandbox.control import SandboxControl, SandboxError

Api = Callable[[str], HfApi]
Ask = Callable[..., Any]


@pytest.fixture
def waiting(hub: SandboxControl, gated: str) -> str:
    """A gated model where bob waits."""
    hub.set_status(gated, "bob", "pending")
    hub.clear_journal()
    return gated


@pytest.fixture(autouse=True)
def free(hub: SandboxControl) -> Iterator[None]:
    yield
    hub.clear_faults()


@pytest.mark.parametrize(("when", "status"), [("before", "pending"), ("after", "accepted")])
def test_a_connection_ends_before_or_after_the_call_was_applied(
    hub: SandboxControl, api: Api, waiting: str, when: str, status: str
) -> None:
    """The caller cannot tell which; the journal says that nothing was answered."""
    hub.fault("drop", "/handle$", when=when, times=1)
    with pytest.raises(httpx2.RemoteProtocolError):
        api("ada").accept_access_request(waiting, "bob")
    assert hub.status(waiting, "bob") == status
    [entry] = hub.journal("POST", "/handle")
    assert (entry["user"], entry["status"]) == ("ada", None)
    assert entry["json"] == {"user": "bob", "status": "accepted"}


@pytest.mark.parametrize("status", [500, 502, 503])
@pytest.mark.parametrize(("when", "stands"), [("before", "pending"), ("after", "accepted")])
def test_a_server_error_before_or_after_the_call_was_applied(
    hub: SandboxControl, api: Api, waiting: str, status: int, when: str, stands: str
) -> None:
    hub.fault("status", "/handle$", status=status, when=when, message="Overloaded")
    with pytest.raises(HfHubHTTPError, match="Overloaded") as caught:
        api("ada").accept_access_request(waiting, "bob")
    assert caught.value.response.status_code == status
    assert hub.status(waiting, "bob") == stands


@pytest.mark.parametrize(("when", "stands"), [("before", "pending"), ("after", "accepted")])
def test_a_call_is_held_until_it_is_let_go(hub: SandboxControl, api: Api, waiting: str, when: str, stands: str) -> None:
    fault = hub.fault("hold", "/handle$", when=when)
    thread = threading.Thread(target=api("ada").accept_access_request, args=(waiting, "bob"))
    thread.start()
    hub.wait_held(fault)
    assert hub.status(waiting, "bob") == stands
    assert thread.is_alive()
    hub.release(fault)
    thread.join(5)
    assert hub.status(waiting, "bob") == "accepted"
    assert hub.faults() == []


def test_a_call_that_gave_up_waiting_is_applied_all_the_same(hub: SandboxControl, ask: Ask, waiting: str) -> None:
    """A late answer to a caller who no longer listens: the reason why an unknown outcome is read back."""
    fault = hub.fault("hold", "/handle$")
    body = {"user": "bob", "status": "accepted"}
    with pytest.raises(httpx2.ReadTimeout):
        ask("POST", f"/api/models/{waiting}/user-access-request/handle", "ada", json=body, timeout=0.2)
    hub.release(fault)
    end = time.monotonic() + 5
    while hub.status(waiting, "bob") != "accepted":
        assert time.monotonic() < end
        time.sleep(0.02)


def test_latency_is_waited(hub: SandboxControl, ask: Ask, waiting: str) -> None:
    hub.fault("latency", "whoami", ms=150)
    started = time.monotonic()
    assert ask("GET", "/api/whoami-v2", "ada").status_code == 200
    assert time.monotonic() - started >= 0.15


def test_a_fault_strikes_as_often_as_said_and_whom_it_is_for(hub: SandboxControl, ask: Ask) -> None:
    hub.fault("status", "^/api/whoami-v2$", times=2, user="ada", method="GET")
    assert ask("GET", "/api/whoami-v2", "bob").status_code == 200
    assert [ask("GET", "/api/whoami-v2", "ada").status_code for _ in range(3)] == [503, 503, 200]
    assert hub.faults()[0]["hits"] == 2
    hub.clear_faults()
    assert hub.faults() == []


@pytest.mark.parametrize("header", ["ratelimit", "retry-after", None])
def test_too_many_requests_in_either_form(hub: SandboxControl, api: Api, waiting: str, header: str | None) -> None:
    hub.fault("status", "/handle$", status=429, header=header, seconds=55)
    with pytest.raises(HfHubHTTPError) as caught:
        api("ada").accept_access_request(waiting, "bob")
    headers = caught.value.response.headers
    info = parse_ratelimit_headers(headers)
    if header == "ratelimit":
        assert info is not None
        assert (info.remaining, info.reset_in_seconds, info.limit, info.window_seconds) == (0, 55, 1000, 300)
    else:
        assert info is None
        assert headers.get("Retry-After") == ("55" if header else None)
    assert hub.status(waiting, "bob") == "pending"


def test_a_list_can_lose_its_next_page(hub: SandboxControl, api: Api, waiting: str) -> None:
    """A list that ends at exactly 1,000 is not proof that there are no more."""
    hub.seed(waiting, {"pending": 1100})
    hub.fault("no_next", "/pending$", times=1)
    assert len(list(api("ada").list_pending_access_requests(waiting))) == 1000
    assert len(list(api("ada").list_pending_access_requests(waiting))) == 1101


def test_every_answer_tells_the_rate_limit_and_a_request_id(hub: SandboxControl, ask: Ask, waiting: str) -> None:
    """Files, pages and the API are counted apart, for each person apart."""
    first = parse_ratelimit_headers(ask("GET", "/api/whoami-v2", "bob").headers)
    second = parse_ratelimit_headers(ask("GET", "/api/whoami-v2", "bob").headers)
    assert first is not None
    assert second is not None
    assert first.remaining - second.remaining == 1
    assert (first.resource_type, first.limit, first.window_seconds) == ("api", 100_000, 300)
    for path, kind in ((f"/{waiting}", "pages"), (f"/{waiting}/resolve/main/LICENSE", "resolvers")):
        answer = ask("GET", path, "bob")
        info = parse_ratelimit_headers(answer.headers)
        assert info is not None
        assert info.resource_type == kind
        assert answer.headers["X-Request-Id"]


def test_the_rate_limit_is_kept_per_person_and_window(hub: SandboxControl, ask: Ask) -> None:
    """Two tokens of one person have one limit (documented: per user)."""
    hub.add_token("ada", "hf_ada_second")
    hub.options(quota={"api": 3}, window=2)
    time.sleep(2 - time.time() % 2)
    codes = [ask("GET", "/api/whoami-v2", "ada").status_code for _ in range(2)]
    codes += [ask("GET", "/api/whoami-v2", "hf_ada_second").status_code for _ in range(2)]
    assert codes == [200, 200, 200, 429]
    over = ask("GET", "/api/whoami-v2", "ada")
    info = parse_ratelimit_headers(over.headers)
    assert info is not None
    assert (info.remaining, info.limit) == (0, 3)
    assert "you hit the quota of 3 api requests per 2 seconds period" in over.json()["error"]
    assert ask("GET", "/api/whoami-v2", "bob").status_code == 200
    time.sleep(info.reset_in_seconds + 0.05)
    assert ask("GET", "/api/whoami-v2", "ada").status_code == 200


def handle(ask: Ask, repo: str, action: str = "handle", **body: Any) -> Any:
    return ask("POST", f"/api/models/{repo}/user-access-request/{action}", "ada", json=body)


def test_it_can_unlearn_reset(hub: SandboxControl, ask: Ask, waiting: str) -> None:
    hub.capabilities(reset=False)
    answer = handle(ask, waiting, user="bob", status="reset")
    message = '* Invalid option: expected one of "accepted"|"rejected"|"pending" * at status'
    assert (answer.status_code, answer.json()["error"]) == (400, message)
    assert ask("GET", f"/api/models/{waiting}/user-access-request/reset", "ada").status_code == 400


def test_it_can_unlearn_batch(hub: SandboxControl, ask: Ask, waiting: str) -> None:
    hub.capabilities(batch=False)
    assert handle(ask, waiting, "batch", status="accepted", requests=[{"user": "bob"}]).status_code == 404


def test_it_can_unlearn_addressing_by_id(hub: SandboxControl, ask: Ask, waiting: str) -> None:
    hub.capabilities(user_id=False)
    number = hub.user("bob")["id"]
    assert handle(ask, waiting, userId=number, status="accepted").status_code == 400
    assert handle(ask, waiting, "batch", status="accepted", requests=[{"userId": number}]).status_code == 400
    assert handle(ask, waiting, user="bob", status="accepted").status_code == 200


def test_it_can_unlearn_request_ids(hub: SandboxControl, ask: Ask, waiting: str) -> None:
    number = hub.people(waiting)[0]["requestId"]
    batch = {"status": "accepted", "requests": [{"requestId": number}]}
    assert handle(ask, waiting, "batch", **batch).status_code == 400
    hub.capabilities(batch_request_id=True)
    assert handle(ask, waiting, "batch", **batch).json() == [{"requestId": number, "ok": True}]
    hub.capabilities(request_id=False)
    assert handle(ask, waiting, requestId=number, status="pending").status_code == 400
    [item] = ask("GET", f"/api/models/{waiting}/user-access-request/accepted", "ada").json()
    assert "requestId" not in item


def test_the_journal_tells_what_was_called_and_never_a_token(hub: SandboxControl, api: Api, waiting: str) -> None:
    api("bob").model_info(waiting)
    with pytest.raises(HfHubHTTPError):
        api("bob").accept_access_request(waiting, "bob")
    first, second = hub.journal()
    assert (first["method"], first["path"], first["user"], first["status"]) == (
        "GET",
        f"/api/models/{waiting}",
        "bob",
        200,
    )
    assert (second["method"], second["status"]) == ("POST", 403)
    assert second["at"] >= first["at"]
    assert "t-bob" not in str(hub.journal())
    hub.clear_journal()
    assert hub.journal() == []


def test_control_says_what_it_cannot_do(hub: SandboxControl) -> None:
    with pytest.raises(SandboxError, match="User not found"):
        hub.rename_user("nobody", "somebody")
    with pytest.raises(SandboxError, match="Organization not found"):
        hub.rename_org("nobody", "somebody")
    with pytest.raises(SandboxError, match="is taken"):
        hub.rename_org("lab", "bob")
    with pytest.raises(SandboxError, match="kind must be one of"):
        hub.fault("flood")
    with pytest.raises(SandboxError, match="No such option"):
        hub.options(colour="red")
    with pytest.raises(SandboxError, match="Repository not found"):
        hub.people("lab/none")


def test_a_reset_returns_to_the_beginning(hub: SandboxControl, ask: Ask, waiting: str) -> None:
    hub.add_user("late", "t-late")
    hub.fault("status", "")
    hub.options(lag=5, quota={"api": 1})
    hub.reset()
    state = hub.state()
    assert (state["people"], state["orgs"], state["repos"], state["requests"]) == (5, 1, 0, 0)
    assert state["options"]["lag"] == 0
    assert ask("GET", "/api/whoami-v2", "ada").status_code == 200
    assert ask("GET", "/api/whoami-v2", "t-late").status_code == 401


def test_many_calls_at_once_lose_nothing(hub: SandboxControl, api: Api, ask: Ask, gated: str) -> None:
    """Twenty owners' calls on the same person: one wins, the others are told that it is done."""
    hub.set_status(gated, "bob", "pending")
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda: codes.append(handle(ask, gated, user="bob", status="accepted").status_code))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(codes) == [200] + [404] * 19
