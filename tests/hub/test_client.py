"""The one door to the Hub: every answer is a word, every wait ends, and no token gets out."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

from gatekeeper.hub import budget, wire
from gatekeeper.hub.capabilities import knows
from gatekeeper.hub.client import HubClient
from gatekeeper.hub.port import Address, HubError, Outcome, Word
from gatekeeper.hub.sandbox.control import SandboxControl
from tests.factories import hub_id

pytestmark = pytest.mark.django_db

TOKEN = "hf_amara_writes"
MODEL = "amara/aurora"


@pytest.fixture
def hub(sandbox: SandboxControl) -> SandboxControl:
    """A Hub with one gated model and somebody who waits."""
    sandbox.add_user("amara", id=hub_id("amara"), token=TOKEN)
    sandbox.add_user("kiri", id=hub_id("kiri"))
    sandbox.create_repo(MODEL, gated="manual", card="---\nlicense: mit\ntags: [a]\n---\n# Hi\n", by="amara")
    sandbox.set_status(MODEL, "kiri", "pending")
    return sandbox


@pytest.fixture
def client(hub: SandboxControl) -> HubClient:
    """The Hub as its owner sees it."""
    return HubClient(TOKEN)


def kiri(**more: str) -> Address:
    """Somebody, by id."""
    return Address(hub_id("kiri"), **more)


def failure(call: Any, *args: Any, **how: Any) -> HubError:
    """The failure of a call."""
    with pytest.raises(HubError) as caught:
        call(*args, **how)
    return caught.value


@pytest.mark.parametrize(
    ("status", "headers", "said", "word", "reason"),
    [
        (400, {"x-error-code": "RepoNotGated"}, "", Word.STOP, "not_gated"),
        (400, {}, "* Too big", Word.LOOK, "refused_as_sent"),
        (401, {}, "Invalid username or password.", Word.STOP, "token_refused"),
        (401, {"x-error-code": "GatedRepo"}, "", Word.LOOK, "gate_closed"),
        (403, {}, "You have read access", Word.STOP, "token_read_only"),
        (403, {"x-error-code": "GatedRepo"}, "", Word.LOOK, "gate_closed"),
        (403, {"x-error-message": "Access to this resource is disabled."}, "", Word.STOP, "repository_disabled"),
        (404, {"x-error-code": "RepoNotFound"}, "", Word.STOP, "repository_gone"),
        (404, {}, "Repository not found", Word.STOP, "repository_gone"),
        (401, {"x-error-code": "RepoNotFound"}, "", Word.STOP, "repository_gone"),
        (404, {}, "No access request found matching your criteria", Word.LOOK, "not_found"),
        (408, {}, "", Word.LATER, "hub_unwell"),
        (412, {}, "", Word.LOOK, "changed_meanwhile"),
        (429, {}, "", Word.LATER, "rate_limited"),
        (500, {}, "", Word.LATER, "hub_unwell"),
        (503, {"retry-after": "9"}, "", Word.LATER, "hub_unwell"),
    ],
)
def test_every_status_is_a_word(status: int, headers: dict[str, str], said: str, word: Word, reason: str) -> None:
    """Status and code say what to do, never the class of an exception."""
    found = wire.fault(status, headers, said)
    assert (found.word, found.reason, found.status) == (word, reason, status)


def test_a_write_that_the_hub_stumbled_over_is_of_unknown_outcome() -> None:
    """A 5xx may come after the change was applied."""
    assert wire.fault(502, {}, writing=True).unknown
    assert not wire.fault(502, {}).unknown
    assert not wire.fault(429, {}, writing=True).unknown


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"ratelimit": '"api";r=0;t=55', "ratelimit-policy": '"fixed window";"api";q=500;w=300'}, 56, 56),
        ({"ratelimit": '"api";r=400;t=55', "retry-after": "12"}, 13, 13),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 1, 1),
        ({"retry-after": "Fri, 21 Oct 2095 07:28:00 GMT"}, 3600, 3600),
        ({"retry-after": "99999999"}, 3600, 3600),
        ({"retry-after": "soon"}, 30, 30),
        ({}, 30, 30),
    ],
)
def test_a_429_says_when_to_come_back(headers: dict[str, str], least: float, most: float) -> None:
    """In either form, as a number or as a date, within reason."""
    assert least <= (wire.fault(429, headers).retry_after or 0) <= most


@pytest.mark.parametrize("text", [None, 7, "yesterday"])
def test_a_time_that_is_none_is_none(text: Any) -> None:
    """What is no time is not guessed."""
    assert wire.moment(text) is None


@pytest.mark.parametrize("item", ["text", {}, {"timestamp": "no"}])
def test_an_item_that_cannot_be_read_fails_the_page(item: Any) -> None:
    """A half answer is tried again, and nothing is concluded from it."""
    with pytest.raises(HubError) as caught:
        wire.listed(item, "pending")
    assert (caught.value.word, caught.value.reason) == (Word.LATER, "unreadable_answer")


def test_a_time_without_a_zone_is_utc() -> None:
    """The Hub writes Z; should it ever not, it means the same."""
    found = wire.moment("2026-10-06T10:00:00")
    assert found is not None
    assert found.isoformat() == "2026-10-06T10:00:00+00:00"


def test_it_says_whose_token_it_is(client: HubClient) -> None:
    """By id, name and role, with the Hub's own answer beside it."""
    found = client.whoami()
    assert (found.hub_user_id, found.username, found.role) == (hub_id("amara"), "amara", "write")
    assert found.whoami["type"] == "user"


@pytest.mark.parametrize("answer", [None, [], {"name": ""}])
def test_it_takes_no_identity_from_half_an_answer(answer: Any) -> None:
    """A proxy's page is not an identity."""
    with pytest.raises(HubError):
        wire.identity(answer)


def test_it_reads_a_repository(client: HubClient, hub: SandboxControl) -> None:
    """Gate, visibility, tags, licence and commit."""
    found = client.repository("model", MODEL)
    assert (found.name, found.gate, found.private, found.licence) == (MODEL, "manual", False, "mit")
    assert found.commit == hub.repo(MODEL)["sha"]
    assert found.hub_id == hub.repo(MODEL)["_id"]
    hub.create_repo("amara/data", "dataset", by="amara")
    assert client.repository("dataset", "amara/data").gate == ""


def test_it_says_whether_the_token_may_write(client: HubClient, hub: SandboxControl) -> None:
    """As the Hub says it at this moment."""
    assert client.may_write("model", MODEL)
    hub.set_token(TOKEN, role="read")
    assert not client.may_write("model", MODEL)
    hub.revoke_token(TOKEN)
    assert failure(client.may_write, "model", MODEL).reason == "token_refused"


def test_it_pages_by_the_hubs_own_links(client: HubClient, hub: SandboxControl) -> None:
    """A page names the next one; the last names none."""
    hub.seed(MODEL, {"accepted": 25})
    page = client.requests("model", MODEL, "accepted", limit=10)
    seen = len(page.items)
    while page.next:
        page = client.further(page.next)
        seen += len(page.items)
    assert seen == 25


def test_it_follows_no_page_to_another_origin(client: HubClient) -> None:
    """The token goes to the Hub and nowhere else."""
    assert (
        failure(client.further, "https://elsewhere.example/api/models/a/b/user-access-request/pending").word == "stop"
    )


def test_it_narrows_a_list_by_name(client: HubClient) -> None:
    """`q` matches the beginning of a name."""
    assert len(client.requests("model", MODEL, "pending", prefix="kir").items) == 1
    assert client.requests("model", MODEL, "pending", prefix="amara").items == ()


def test_it_reads_files_that_the_gate_leaves_open(client: HubClient, hub: SandboxControl) -> None:
    """Byte for byte; None where there is none; refused when it is too long."""
    assert client.file("model", MODEL, "README.md") == b"---\nlicense: mit\ntags: [a]\n---\n# Hi\n"
    assert client.file("model", MODEL, "LICENSE") is None
    hub.set_repo(MODEL, files={"LICENSE": "x" * 1_000_001})
    assert failure(client.file, "model", MODEL, "LICENSE").reason == "file_too_large"
    hub.add_user("dora", token="hf_dora_reads_it")
    assert HubClient("hf_dora_reads_it").file("model", MODEL, "weights.bin") is None


def test_it_commits_a_card_on_top_of_what_was_read(client: HubClient, hub: SandboxControl) -> None:
    """Another commit in between is refused, so that nothing of it is lost."""
    parent = client.repository("model", MODEL).commit
    commit = client.commit_card("model", MODEL, b"# New\n", parent=parent, message="Say where to apply")
    assert commit == hub.repo(MODEL)["sha"]
    assert client.file("model", MODEL, "README.md") == b"# New\n"
    late = failure(client.commit_card, "model", MODEL, b"# Late\n", parent=parent, message="Say where to apply")
    assert (late.word, late.reason) == (Word.LOOK, "changed_meanwhile")


def test_it_sets_the_gate(client: HubClient, hub: SandboxControl) -> None:
    """Manual and nothing else is set; what may not be set is refused."""
    hub.set_gated(MODEL, "auto")
    client.set_gate("model", MODEL, "manual")
    assert hub.repo(MODEL)["gated"] == "manual"
    hub.set_token(TOKEN, role="read")
    assert failure(client.set_gate, "model", MODEL, "manual").reason == "token_read_only"


def test_it_decides_on_many_in_the_order_asked(client: HubClient) -> None:
    """Saying it twice is harmless; who has no request or no account is told apart."""
    people = [kiri(), Address(hub_id("amara")), Address("0" * 24)]
    for _again in range(2):
        assert client.decide("model", MODEL, "accepted", people) == [
            Outcome.TOLD,
            Outcome.NO_REQUEST,
            Outcome.NO_PERSON,
        ]


def test_it_decides_one_by_one_where_it_must(client: HubClient, hub: SandboxControl) -> None:
    """Ten at most in one go; one that is there already looks like none, and has to be read."""
    hub.capabilities(batch=False)
    people = [kiri(), kiri(), Address("0" * 24), *[kiri() for _more in range(9)]]
    told = client.decide("model", MODEL, "rejected", people, "Because.")
    assert told[:3] == [Outcome.TOLD, Outcome.LOOK, Outcome.NO_PERSON]
    assert told[10:] == [Outcome.NOT_TOLD, Outcome.NOT_TOLD]
    assert hub.people(MODEL, user="kiri")[0]["rejectionReason"] == "Because."
    assert not knows("batch")


def test_it_names_people_by_their_request_where_ids_are_not_taken(client: HubClient, hub: SandboxControl) -> None:
    """The request's own id is as safe as the person's."""
    hub.capabilities(user_id=False)
    request = client.requests("model", MODEL, "pending").items[0].request_id
    assert client.decide("model", MODEL, "accepted", [kiri(request_id=request)]) == [Outcome.TOLD]
    assert hub.journal("POST", "/handle")[-1]["json"] == {"status": "accepted", "requestId": request}


def test_it_names_people_by_name_at_last_if_the_name_is_theirs(client: HubClient, hub: SandboxControl) -> None:
    """A name is used only while the Hub says whose it is."""
    hub.capabilities(user_id=False, request_id=False)
    assert client.decide("model", MODEL, "accepted", [kiri(username="kiri", request_id="gone")]) == [Outcome.TOLD]
    for wrong in ("amara", "nobody-at-all"):
        found = failure(client.decide, "model", MODEL, "pending", [kiri(username=wrong)])
        assert found.reason == "person_not_addressable"


def test_it_learns_that_reset_is_not_known(client: HubClient, hub: SandboxControl) -> None:
    """The caller has to look at its wish again: it is told otherwise then."""
    hub.capabilities(reset=False)
    assert failure(client.decide, "model", MODEL, "reset", [kiri()], "Again.").reason == "reset_unknown"
    assert not client.can("reset")
    assert client.can("batch")


def test_it_grants(client: HubClient, hub: SandboxControl) -> None:
    """Somebody without a request; who is accepted already has to be read; who does not exist is said."""
    hub.add_user("ines", id=hub_id("ines"))
    assert client.grant("model", MODEL, Address(hub_id("ines"))) is Outcome.TOLD
    assert client.grant("model", MODEL, Address(hub_id("ines"))) is Outcome.LOOK
    assert client.grant("model", MODEL, Address("0" * 24)) is Outcome.NO_PERSON
    hub.set_gated(MODEL, False)
    assert failure(client.grant, "model", MODEL, kiri()).reason == "not_gated"


@pytest.mark.parametrize("answer", ["{}", "[]", "<html>"])
def test_it_concludes_nothing_from_an_answer_it_cannot_read(answer: str) -> None:
    """A batch answered with something else may have taken effect."""
    with one_answer(answer) as address:
        client = HubClient(TOKEN, endpoint=address)
        found = failure(client.decide, "model", MODEL, "accepted", [kiri()])
        assert (found.word, found.reason) == (Word.LATER, "unreadable_answer")


def test_it_reads_no_list_out_of_something_else() -> None:
    """A page that is no list is tried again."""
    with one_answer('{"not": "a list"}') as address:
        client = HubClient(TOKEN, endpoint=address)
        assert failure(client.requests, "model", MODEL, "pending").reason == "unreadable_answer"
    with one_answer("<html>") as address:
        assert failure(HubClient(TOKEN, endpoint=address).whoami).reason == "unreadable_answer"


def test_it_tells_an_unknown_failure_of_one_person_as_something_to_look_at() -> None:
    """A word that nobody foresaw is not taken for success."""
    with one_answer('[{"ok": false, "error": "strange"}]') as address:
        assert HubClient(TOKEN, endpoint=address).decide("model", MODEL, "accepted", [kiri()]) == [Outcome.LOOK]


def test_every_wait_ends(hub: SandboxControl, client: HubClient, settings: Any) -> None:
    """Even the client's own calls, which ask for no end, are given one; writes are then of unknown outcome."""
    settings.HUB_CALL_TIMEOUT = 0.4
    hub.fault("latency", "amara/aurora", ms=1500)
    begun = time.monotonic()
    assert failure(client.repository, "model", MODEL).reason == "timeout"
    assert failure(client.requests, "model", MODEL, "pending").reason == "timeout"
    told = failure(client.decide, "model", MODEL, "accepted", [kiri()])
    assert (told.reason, told.unknown) == ("timeout", True)
    with pytest.raises(Exception, match="timed out"):
        HfApi(endpoint=settings.HUB_ENDPOINT, token=TOKEN).model_info(MODEL)
    assert time.monotonic() - begun < 4 * 1.5


def test_an_answer_that_drips_is_cut_off(settings: Any) -> None:
    """Each byte in time, and the whole never: the call has an end of its own."""
    settings.HUB_CALL_TIMEOUT = 0.4
    with one_answer("x" * 20, pause=0.1) as address:
        found = failure(HubClient(TOKEN, endpoint=address).requests, "model", MODEL, "pending")
        assert (found.reason, found.unknown) == ("timeout", False)


def test_a_hub_that_is_not_there_is_unreachable() -> None:
    """Nothing was sent, so nothing is in doubt."""
    found = failure(HubClient(TOKEN, endpoint="http://127.0.0.1:9").decide, "model", MODEL, "accepted", [kiri()])
    assert (found.word, found.reason, found.unknown) == (Word.LATER, "unreachable", False)


def test_a_lost_connection_leaves_a_write_in_doubt(hub: SandboxControl, client: HubClient) -> None:
    """A read may simply be repeated; a write has to be looked at."""
    hub.fault("drop", "user-access-request")
    assert failure(client.decide, "model", MODEL, "accepted", [kiri()]).unknown
    assert not failure(client.requests, "model", MODEL, "pending").unknown


def test_it_never_sleeps_on_a_429(hub: SandboxControl, client: HubClient) -> None:
    """The client's lists would sleep for minutes; ours come back at once with the time."""
    hub.fault("status", "user-access-request", status=429, header="ratelimit", seconds=60)
    begun = time.monotonic()
    found = failure(client.requests, "model", MODEL, "pending")
    assert time.monotonic() - begun < 5
    assert (found.word, found.retry_after) == (Word.LATER, 61)


def test_no_token_gets_out(
    hub: SandboxControl, client: HubClient, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    """Invariant 28: neither a failure nor a log line nor a representation holds a token."""
    caplog.set_level(logging.DEBUG)
    settings.HUB_CALL_TIMEOUT = 1
    hub.revoke_token(TOKEN)
    failures = [
        failure(client.whoami),
        failure(client.decide, "model", MODEL, "accepted", [kiri()]),
        failure(HubClient(TOKEN, endpoint="http://127.0.0.1:9").repository, "model", MODEL),
    ]
    told = "".join(f"{one!r}{one}{one.__cause__}" for one in failures) + repr(client) + caplog.text
    assert TOKEN not in told
    assert all(one.__context__ is None or one.__suppress_context__ for one in failures)


def test_the_bare_client_refuses_in_the_same_words(hub: SandboxControl) -> None:
    """What we read from status and code is what the Hub's own client got, whatever class it makes of it."""
    hub.revoke_token(TOKEN)
    with pytest.raises(HfHubHTTPError) as caught:
        HfApi(endpoint=hub.url, token=TOKEN).whoami()
    assert wire.fault(caught.value.response.status_code, caught.value.response.headers).reason == "token_refused"


def test_it_remembers_what_the_hub_lacks_without_a_cache(client: HubClient, hub: SandboxControl, settings: Any) -> None:
    """With Redis away calls go on; what the Hub lacks stands in the database."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    hub.capabilities(batch=False)
    assert client.decide("model", MODEL, "accepted", [kiri()]) == [Outcome.TOLD]
    assert not knows("batch")
    assert budget.standing([budget.name_of(TOKEN)]) == {}


class one_answer:
    """A server that answers whatever it is asked with the same body, byte after byte if there is a pause."""

    def __init__(self, body: str, *, pause: float = 0) -> None:
        self.body, self.pause = body.encode(), pause

    def __enter__(self) -> str:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def __exit__(self, *_: Any) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(10)

    def serve(self) -> None:
        for connection in self.accepted():
            with connection:
                try:
                    connection.recv(65536)
                    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(self.body)}\r\nConnection: close\r\n\r\n"
                    connection.sendall(head.encode())
                    for byte in self.body if self.pause else ():
                        connection.sendall(bytes([byte]))
                        time.sleep(self.pause)
                    if not self.pause:
                        connection.sendall(self.body)
                except OSError:
                    continue

    def accepted(self) -> Iterator[socket.socket]:
        while True:
            try:
                yield self.socket.accept()[0]
            except OSError:
                return
