"""The only door to the Hub, and the only import of its client. Every status code leaves here as a word of port.py.

It never sleeps, never waits without end, follows no page to another origin, and never says a token.
"""

import base64
import json
import logging
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

# Read by the client when it is imported. Without them it calls home, and finds tokens on this machine by itself.
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"  # noqa: S105  # the name of a switch

from django.conf import settings
from huggingface_hub import HfApi, set_client_factory
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import build_hf_headers, get_session, httpx  # type: ignore[attr-defined]  # public, loaded late

from gatekeeper.models import Learnt

from . import budget, capabilities, metering, tally, wire
from .claims import outside
from .port import NOBODY, Address, HubError, Identity, Need, Outcome, Page, RepositoryState, Word

LONGEST_LIST = 64_000_000  # bytes of a page of requests
LONGEST_FILE = 1_000_000  # bytes of a card or a licence
SINGLY_AT_MOST = 10  # people told one by one in one call of decide()
SHOWN = ["gated", "private", "sha", "tags"]
ABOUT_THE_PERSON = re.compile(r"\* at (user|requests|requestId)|userId or user")
COUNTED = "gatekeeper.counted"
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class _Bounded(httpx.Client):
    """The client's session, with an end to every wait even where it asks for none, and every request counted."""

    def build_request(self, *args: Any, **kwargs: Any) -> httpx.Request:
        if not isinstance(kwargs.get("timeout"), (int, float, httpx.Timeout)):
            kwargs["timeout"] = settings.HUB_CALL_TIMEOUT
        return super().build_request(*args, **kwargs)

    def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        try:
            return super().send(request, **kwargs)
        except httpx.HTTPError as failed:
            tally.called(failed.request.url.path, tally.NO_ANSWER)
            taken = failed.request.extensions.get(COUNTED)
            if taken is not None and isinstance(failed, NOT_SENT):
                budget.not_sent(taken)
            raise


def _leaving(request: httpx.Request) -> None:
    outside()
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    request.extensions[COUNTED] = metering.leaving(token, request.url.path)


def _come_back(response: httpx.Response) -> None:
    request = response.request
    tally.called(request.url.path, response.status_code)
    taken = request.extensions.get(COUNTED)
    if taken is not None:
        metering.come_back(taken, request.url.path, response.status_code, response.headers)


# Its line for each call would name who was looked for.
logging.getLogger(httpx.__name__).setLevel(logging.WARNING)
set_client_factory(
    lambda: _Bounded(
        follow_redirects=True,
        timeout=settings.HUB_CALL_TIMEOUT,
        event_hooks={"request": [_leaving], "response": [_come_back]},
    )
)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes
    next: str = ""

    @property
    def message(self) -> str:
        try:
            said = json.loads(self.content).get("error")
        except (ValueError, AttributeError):
            said = None
        return str(said or self.headers.get("x-error-message") or "")

    def read(self) -> Any:
        try:
            return json.loads(self.content)
        except ValueError:
            raise wire.unreadable() from None


class HubClient:
    """One Hub seen with one token: see port.Hub."""

    def __init__(self, token: str, *, endpoint: str = "", owner: str = "") -> None:
        """Take a token, and the Hub id of whose it is, if known: the Hub counts the calls of a person together."""
        self.endpoint = (endpoint or settings.HUB_ENDPOINT).rstrip("/")
        self._token, self._owner = token, owner
        self._api = HfApi(endpoint=self.endpoint, token=token, library_name="gatekeeper")

    def __repr__(self) -> str:
        return f"<HubClient {self.endpoint}>"

    # What the Hub says

    def whoami(self) -> Identity:
        """Return whose token it is: see port.Hub."""
        with self._documented(Need.READ):
            found = wire.identity(self._api.whoami())
        self._owner = found.hub_user_id
        budget.belongs(self._token, self._owner)
        return found

    def repository(self, kind: str, name: str, *, need: Need = Need.TELL) -> RepositoryState:
        """Return a repository as it is now: see port.Hub."""
        with self._documented(need):
            shown = self._api.repo_info(name, repo_type=kind, expand=SHOWN)  # type: ignore[arg-type]  # a str is taken
            return wire.state(kind, vars(shown))

    def may_write(self, kind: str, name: str) -> bool:
        """Say whether the token may write there. Raises HubError where it is refused or the repository gone."""
        try:
            with self._documented(Need.TELL):
                self._api.auth_check(name, repo_type=kind, write=True)
        except HubError as failed:
            if failed.reason in ("token_read_only", "gate_closed"):
                return False
            raise
        return True

    def requests(
        self, kind: str, name: str, status: str, *, limit: int = 1_000, prefix: str = "", need: Need = Need.READ
    ) -> Page:
        """Return the first page of a list: see port.Hub."""
        query = {"limit": str(limit)} | ({"q": prefix[:250]} if prefix else {})
        answer = self._send("GET", f"{_api(kind, name)}/user-access-request/{status}", query=query, need=need)
        if self._is_unknown(answer, status):
            return Page(())  # nobody can stand where the Hub knows no such place
        return self._page(answer, status)

    def further(self, address: str, *, need: Need = Need.READ) -> Page:
        """Return a further page: see port.Hub."""
        status = urlsplit(address).path.rpartition("/")[2]
        return self._page(self._send("GET", self._here(address), need=need), status)

    def _here(self, address: str) -> str:
        """Return an address without its origin. Raises HubError("stop") for another: the token goes nowhere else."""
        there, here = urlsplit(address), urlsplit(self.endpoint)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise HubError(Word.STOP, "foreign_page")
        return address.removeprefix(self.endpoint)

    def _page(self, answer: _Answer, status: str) -> Page:
        items = self._good(answer).read()
        if not isinstance(items, list):
            raise wire.unreadable()
        return Page(tuple(wire.listed(item, status) for item in items), answer.next)

    def file(self, kind: str, name: str, path: str, commit: str = "main", *, need: Need = Need.TELL) -> bytes | None:
        """Return a file byte for byte, or None for none. Raises HubError("stop") for one over 1,000,000 bytes."""
        place = f"{'' if kind == 'model' else f'/{kind}s'}/{quote(name)}/resolve/{quote(commit, safe='')}/{quote(path)}"
        answer = self._send("GET", place, need=need, longest=LONGEST_FILE)
        code = answer.headers.get("x-error-code", "")
        if code == "EntryNotFound" or (answer.status in (401, 403) and code == "GatedRepo"):
            return None
        return self._good(answer).content

    def holder_of(self, username: str, *, need: Need = Need.READ) -> str:
        """Return the Hub id of whoever bears a name, empty for nobody: see port.Hub."""
        answer = self._send("GET", f"/api/users/{quote(username, safe='')}/overview", need=need)
        return "" if answer.status == 404 else wire.hub_id(self._good(answer).read())

    # What the Hub is told

    def decide(
        self, kind: str, name: str, status: str, people: Sequence[Address], reason: str = "", *, need: Need = Need.TELL
    ) -> list[Outcome]:
        """Give requests a status: in one call where the Hub takes that, else one by one (ten at most): see port.Hub."""
        place = f"{_api(kind, name)}/user-access-request"
        body: dict[str, Any] = {"status": status} | _reason(status, reason)
        if self.can("batch") and self.can("user_id"):
            found = self._decide_at_once(f"{place}/batch", body, people, need)
            if found is not None:
                return found
        told = [self._decide_one(f"{place}/handle", body, one, need) for one in people[:SINGLY_AT_MOST]]
        return told + [Outcome.NOT_TOLD] * (len(people) - len(told))

    def _decide_at_once(
        self, path: str, body: dict[str, Any], people: Sequence[Address], need: Need
    ) -> list[Outcome] | None:
        asked = body | {"requests": [{"userId": one.hub_user_id} for one in people]}
        answer = self._send("POST", path, body=asked, need=need)
        if _is_missing(answer):
            self._cannot("batch")
            return None
        if answer.status == 400 and self._about_the_person(answer):
            self._cannot("user_id")
            return None
        self._refuse_unknown_status(answer, body["status"])
        items = self._good(answer, writing=True).read()
        if not isinstance(items, list) or len(items) != len(people):
            raise HubError(Word.LATER, "unreadable_answer", unknown=True)
        return [_outcome(item) for item in items]

    def _decide_one(self, path: str, body: dict[str, Any], one: Address, need: Need) -> Outcome:
        answer = self._send_about(path, body, one, need, by_request=True)
        self._refuse_unknown_status(answer, body["status"])
        if _is_missing(answer):
            # One that is there already gives the same answer as none: only reading tells them apart.
            return Outcome.NO_PERSON if answer.message == "User not found" else Outcome.LOOK
        self._good(answer, writing=True)
        return Outcome.TOLD

    def grant(self, kind: str, name: str, person: Address) -> Outcome:
        """Accept somebody who has no request: see port.Hub."""
        answer = self._send_about(f"{_api(kind, name)}/user-access-request/grant", {}, person, Need.TELL)
        if answer.status == 404 and answer.message == "User not found":
            return Outcome.NO_PERSON
        if answer.status == 400 and answer.headers.get("x-error-code") != "RepoNotGated":
            return Outcome.LOOK  # accepted already
        self._good(answer, writing=True)
        return Outcome.TOLD

    def set_gate(self, kind: str, name: str, gate: str) -> None:
        """Set how a repository is gated: see port.Hub."""
        with self._documented(Need.TELL, writing=True):
            self._api.update_repo_settings(name, repo_type=kind, gated=gate)  # type: ignore[arg-type]  # checked there

    def set_visibility(self, kind: str, name: str, visibility: str) -> None:
        """Make a repository private or public: see port.Hub."""
        try:
            with self._documented(Need.REMOVE if visibility == "private" else Need.TELL, writing=True):
                self._api.update_repo_settings(name, repo_type=kind, visibility=visibility)  # type: ignore[arg-type]
        except HubError as failed:
            # A plan that allows no private repository and a token that may not write give the same status.
            if failed.status in (400, 402, 403) and self.may_write(kind, name):
                raise HubError(Word.STOP, "visibility_refused", status=failed.status) from None
            raise

    def commit_card(self, kind: str, name: str, text: bytes, *, parent: str, message: str) -> str:
        """Commit a README: see port.Hub. The Hub refuses it where another commit came between."""
        content = {"path": "README.md", "encoding": "base64", "content": base64.b64encode(text).decode()}
        header = {"summary": message, "description": "", "parentCommit": parent}
        lines = [{"key": "header", "value": header}, {"key": "file", "value": content}]
        sent = b"\n".join(json.dumps(line).encode() for line in lines)
        answer = self._send("POST", f"{_api(kind, name)}/commit/main", content=sent, need=Need.TELL)
        return str(self._good(answer, writing=True).read().get("commitOid") or "")

    # What the Hub knows

    def can(self, capability: str) -> bool:
        """Say whether the Hub is believed to know a capability: see port.Hub."""
        return capabilities.knows(capability, self.endpoint)

    def may_decide(self, kind: str, name: str) -> bool:
        """Say whether the token may decide on requests, by a call that changes nothing: see port.Hub."""
        place = f"{_api(kind, name)}/user-access-request/handle"
        try:
            answer = self._tried(place, {"status": "pending", "userId": NOBODY.hub_user_id})
            if self._about_the_person(answer):
                self._tried(place, {"status": "pending", "user": NOBODY.username})
        except HubError as failed:
            if failed.reason in ("token_read_only", "gate_closed"):
                return False
            raise
        return True

    def try_capabilities(self, kind: str, name: str) -> dict[str, bool]:
        """Find out what the Hub knows, with calls about somebody who cannot exist: see port.Hub."""
        place = f"{_api(kind, name)}/user-access-request"
        nobody = {"userId": NOBODY.hub_user_id}
        batch = self._tried(f"{place}/batch", {"status": "pending", "requests": [nobody]})
        by_id = self._tried(f"{place}/handle", {"status": "pending", **nobody})
        user_id = not self._about_the_person(by_id)
        by_request = self._tried(f"{place}/handle", {"status": "pending", "requestId": NOBODY.hub_user_id})
        who = nobody if user_id else {"user": NOBODY.username}
        reset = self._tried(f"{place}/handle", {"status": "reset", **who})
        return {
            "batch": not _is_missing(batch),
            "user_id": user_id,
            "request_id": not self._about_the_person(by_request) or "requestId" in by_request.message,
            "reset": "at status" not in reset.message,
        }

    def _tried(self, path: str, body: dict[str, Any]) -> _Answer:
        """Send a call that changes nothing. Raises HubError unless the answer speaks of the call."""
        answer = self._send("POST", path, body=body, need=Need.READ)
        if answer.status not in (200, 400, 404) or answer.headers.get("x-error-code"):
            self._good(answer)
            raise wire.unreadable()
        return answer

    def _cannot(self, capability: str) -> None:
        capabilities.learn({capability: False}, endpoint=self.endpoint, how=Learnt.CALL)

    def _is_unknown(self, answer: _Answer, status: str) -> bool:
        """Say whether a Hub refused a status because it does not know it, and remember that."""
        if status != "reset" or answer.status != 400 or "at status" not in answer.message:
            return False
        self._cannot("reset")
        return True

    def _refuse_unknown_status(self, answer: _Answer, status: str) -> None:
        if self._is_unknown(answer, status):
            raise HubError(Word.LOOK, "reset_unknown", status=400)

    @staticmethod
    def _about_the_person(answer: _Answer) -> bool:
        """Say whether a 400 complains of how somebody was named."""
        return ABOUT_THE_PERSON.search(answer.message) is not None

    # How it is asked

    def _send_about(
        self, path: str, body: dict[str, Any], one: Address, need: Need, *, by_request: bool = False
    ) -> _Answer:
        """Send a call about one person: by id, else by their request, else by name; what is not known is remembered."""
        ways = [("user_id", {"userId": one.hub_user_id})]
        if by_request and one.request_id:
            ways.append(("request_id", {"requestId": one.request_id}))
        if one.username:
            ways.append(("", {"user": one.username}))
        for capability, person in ways:
            if capability and not self.can(capability):
                continue
            if not capability and not self._bears(one):
                break
            answer = self._send("POST", path, body=body | person, need=need)
            if not capability or answer.status != 400 or not self._about_the_person(answer):
                return answer
            self._cannot(capability)
        raise HubError(Word.STOP, "person_not_addressable")

    def _bears(self, one: Address) -> bool:
        """Say whether the name still belongs to the id: names are given up and taken over."""
        return self.holder_of(one.username, need=Need.TELL) == one.hub_user_id

    def _send(
        self,
        method: str,
        path: str,
        *,
        need: Need,
        query: Mapping[str, str | list[str]] | None = None,
        body: Any = None,
        content: bytes | None = None,
        longest: int = LONGEST_LIST,
    ) -> _Answer:
        """Send one call and read its answer, within the call's time and size. Raises HubError where there is none."""
        headers = build_hf_headers(token=self._token, library_name="gatekeeper")
        if content is not None:
            headers["Content-Type"] = "application/x-ndjson"
        sent = {"params": query, "json": body, "content": content, "headers": headers}
        end = time.monotonic() + settings.HUB_CALL_TIMEOUT
        with (
            metering.asking(need, self._owner),
            _in_words(writing=method != "GET"),
            get_session().stream(
                method, self.endpoint + path, **{k: v for k, v in sent.items() if v is not None}
            ) as it,
        ):
            pieces = bytearray()
            for piece in it.iter_bytes():
                pieces += piece
                if len(pieces) > longest:
                    raise HubError(Word.STOP, "file_too_large")
                if time.monotonic() > end:
                    raise HubError(Word.LATER, "timeout", unknown=method != "GET")
            return _Answer(it.status_code, it.headers, bytes(pieces), it.links.get("next", {}).get("url", ""))

    def _good(self, answer: _Answer, *, writing: bool = False) -> _Answer:
        if answer.status >= 400:
            raise wire.fault(answer.status, answer.headers, answer.message, writing=writing)
        return answer

    @contextmanager
    def _documented(self, need: Need, *, writing: bool = False) -> Iterator[None]:
        """Have the client make a call of its own, within the budget, and say its failures in words."""
        with metering.asking(need, self._owner), _in_words(writing=writing):
            yield


@contextmanager
def _in_words(*, writing: bool) -> Iterator[None]:
    try:
        yield
    except HfHubHTTPError as failed:
        answer = failed.response
        said = failed.server_message or ""
        raise wire.fault(answer.status_code, answer.headers, said, writing=writing) from None
    except NOT_SENT:
        raise HubError(Word.LATER, "unreachable") from None
    except httpx.TimeoutException:
        raise HubError(Word.LATER, "timeout", unknown=writing) from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        raise HubError(Word.LATER, "connection_lost", unknown=writing) from None
    except ValueError:  # an answer that is not JSON, where the client reads it
        raise HubError(Word.LATER, "unreadable_answer", unknown=writing) from None


def _is_missing(answer: _Answer) -> bool:
    """Say whether a call or what it names is not there, while the repository is."""
    return answer.status == 404 and wire.fault(404, answer.headers, answer.message).reason == "not_found"


def _api(kind: str, name: str) -> str:
    return f"/api/{kind}s/{quote(name)}"


def _reason(status: str, words: str) -> dict[str, str]:
    key = {"rejected": "rejectionReason", "reset": "resetReason"}.get(status)
    return {key: words} if key and words else {}


def _outcome(item: Any) -> Outcome:
    if isinstance(item, Mapping) and item.get("ok") is True:
        return Outcome.TOLD
    failure = item.get("error") if isinstance(item, Mapping) else None
    return {"user_not_found": Outcome.NO_PERSON, "request_not_found": Outcome.NO_REQUEST}.get(
        str(failure), Outcome.LOOK
    )
