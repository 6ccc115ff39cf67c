"""The HTTP server: reads a call, lets faults strike, finds who answers, and sends the answer."""

from __future__ import annotations

import json
import socket
import time
import traceback
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from gatekeeper.hub.sandbox import (  # noqa: F401  # importing them registers their routes
    by_hand,
    commits,
    descriptions,
    discussions,
    openid,
    pages,
    profiles,
    requests,
    steering,
    uploads,
    webhooks,
    webhooks_by_hand,
)
from gatekeeper.hub.sandbox.people import identify
from gatekeeper.hub.sandbox.postman import Postman, loopback
from gatekeeper.hub.sandbox.repos import Moved, moved_answer
from gatekeeper.hub.sandbox.store import Store
from gatekeeper.hub.sandbox.switchboard import Fault, Switchboard
from gatekeeper.hub.sandbox.wire import Answer, Call, Refusal, as_json, find_route, refuse

KEPT_BODY = 65_536


class Dropped(Exception):
    """The connection is to end without an answer."""


class SandboxServer(ThreadingHTTPServer):
    """One sandbox Hub: its storage and its switches behind a listening socket."""

    daemon_threads = True
    request_queue_size = 256
    block_on_close = False

    def __init__(self, address: tuple[str, int], store: Store, public_url: str | None = None) -> None:
        super().__init__(address, Conversation)
        self.store = store
        self.public_url = public_url
        self.switches = Switchboard()
        self.switches.set_options(store.setting("options", {}))
        self.postman = Postman(store, self.switches)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is its own business."""


class Conversation(BaseHTTPRequestHandler):
    """One kept-alive connection and its thread."""

    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1

    @property
    def hub(self) -> SandboxServer:
        return cast(SandboxServer, self.server)

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.hub.store.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the journal has every call."""

    def read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def the_call(self) -> Call:
        address = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        base = self.hub.public_url or f"http://{headers.get('host', '127.0.0.1')}"
        # A revision such as refs%2Fpr%2F1 is one piece of a path: pieces are decoded after they were told apart.
        return Call(
            self.command, address.path, address.query, headers, self.read_body(), base, self.client_address[0],
            self.hub.store, self.hub.switches,
        )  # fmt: skip

    def answer(self) -> None:
        """Answer one request; every kind of outcome, dropped ones too, stands in the journal."""
        call = self.the_call()
        if call.path.startswith("/_sandbox"):
            elsewhere = refuse(Refusal(403, "The controls are for programs on this machine."), plain=False)
            self.send(self.perform(call) if from_here(call) else elsewhere, [])
            return
        started, wall = time.perf_counter(), time.time()
        reply, headers, hit = self.hub_answer(call)
        # Written before the caller hears anything, so that who was answered finds the call in the journal.
        self.hub.switches.record(
            method=call.method,
            path=call.path,
            query=call.query_string,
            user=call.viewer.name if call.viewer else None,
            status=reply.status if reply else None,
            at=wall,
            ms=round((time.perf_counter() - started) * 1000, 2),
            faults=[fault.id for fault in hit],
            json=kept(call),
        )
        if reply is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.send(reply, headers)

    def hub_answer(self, call: Call) -> tuple[Answer | None, list[tuple[str, str]], list[Fault]]:
        """The answer (None: drop the connection), the headers that every answer has, and the faults that struck."""
        switches = self.hub.switches
        plain = not call.path.startswith("/api/")
        unknown: Answer | None = None
        try:
            call.viewer = identify(call)
        except Refusal as refusal:
            unknown = refuse(refusal, plain=plain)
        kind = "api" if call.path.startswith("/api/") else "resolvers" if "/resolve/" in call.path else "pages"
        who = call.viewer.hub_id if call.viewer else call.headers.get("authorization") or f"address {call.address}"
        headers, over, sentence = switches.count(who, kind)
        headers.append(("X-Request-Id", f"Root=1-{uuid.uuid4().hex}"))
        hit = switches.faults_for(call.method, call.path, call.viewer.name if call.viewer else None)
        if over:
            return refuse(Refusal(429, sentence), plain=plain), headers, hit
        try:
            reply = self.strike(hit, "before")
            if reply is None:
                reply = unknown or self.perform(call)
                reply = self.strike(hit, "after") or reply
        except Dropped:
            return None, headers, hit
        if any(fault.kind == "no_next" for fault in hit):
            reply.headers = [header for header in reply.headers if header[0] != "Link"]
        if reply.status == 429:  # a fault's own: the honest rate headers beside it would contradict it
            headers = [header for header in headers if not header[0].startswith("RateLimit")]
        return reply, headers, hit

    def strike(self, hit: list[Fault], when: str) -> Answer | None:
        """Let the faults of one side happen: wait, answer instead, or raise Dropped."""
        for fault in hit:
            if fault.kind == "latency" and when == "before":
                time.sleep(fault.ms / 1000)
            if fault.when != when:
                continue
            if fault.kind == "hold":
                self.hub.switches.hold(fault)
            elif fault.kind == "drop":
                raise Dropped
            elif fault.kind == "status":
                return fault_answer(fault)
        return None

    def perform(self, call: Call) -> Answer:
        """Find who answers and let them, in one transaction for everything that may change something."""
        found = find_route(call.method, call.path)
        plain = not call.path.startswith(("/api/", "/_sandbox", "/oauth/"))
        if found is None:
            return refuse(Refusal(404, "Not Found"), plain=plain)
        handler, pieces = found
        call.args = tuple(unquote(piece) for piece in pieces)
        call.postman = self.hub.postman
        try:
            if call.method in {"GET", "HEAD"}:
                return handler(call)
            with self.hub.store.write():
                answer = handler(call)
            self.hub.postman.post(webhooks.letters(self.hub.store, call.base, call.news))
            return answer
        except Refusal as refusal:
            return refuse(refusal, plain=plain)
        except Moved as moved:
            return moved_answer(moved)
        except Exception as error:  # a fault of the sandbox itself must not look like a dropped connection
            traceback.print_exc()
            return refuse(Refusal(500, f"The sandbox failed: {error!r}"), plain=plain)

    def send(self, reply: Answer, headers: list[tuple[str, str]]) -> None:
        whole = reply.body if isinstance(reply.body, bytes) else None
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        for name, value in (*headers, *reply.headers):
            self.send_header(name, value)
        if whole is not None:
            self.send_header("Content-Length", str(len(whole)))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.command != "HEAD":
            if whole is not None:
                self.wfile.write(whole)
            else:
                self.send_pieces(cast("Iterator[bytes]", reply.body))
        self.wfile.flush()

    def send_pieces(self, pieces: Iterator[bytes]) -> None:
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer


def from_here(call: Call) -> bool:
    """Say whether a call was made under an address of this machine, and not by a page of another site in a browser."""
    return loopback(f"http://{call.headers.get('host', '')}") is not None and "origin" not in call.headers


def kept(call: Call) -> Any:
    """The JSON of a call for the journal, when it is short enough to keep."""
    if not call.sent_json or len(call.body) > KEPT_BODY:
        return None
    try:
        return json.loads(call.body)
    except ValueError:
        return None


def fault_answer(fault: Fault) -> Answer:
    reply = as_json({"error": fault.message or "Sandbox fault"}, fault.status)
    if fault.status == 429:
        if fault.header == "ratelimit":
            reply.headers.append(("RateLimit", f'"api";r=0;t={fault.seconds}'))
            reply.headers.append(("RateLimit-Policy", '"fixed window";"api";q=1000;w=300'))
        elif fault.header == "retry-after":
            reply.headers.append(("Retry-After", str(fault.seconds)))
    reply.headers.append(("X-Error-Message", fault.message or "Sandbox fault"))
    return reply
