"""Starting a sandbox Hub from a command line, with or without Django."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gatekeeper.hub.sandbox.postman import loopback
from gatekeeper.hub.sandbox.server import SandboxServer
from gatekeeper.hub.sandbox.steering import Begun
from gatekeeper.hub.sandbox.store import Store


def this_machine(host: str) -> str:
    """Return a host that nobody else reaches: whoever does can sign in as anybody. Raises ArgumentTypeError."""
    if loopback(f"http://{host}") is None:
        raise argparse.ArgumentTypeError(f"{host!r} is no loopback address such as 127.0.0.1")
    return host


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", type=this_machine, default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=8900, help="port to listen on; 0 picks a free one")
    parser.add_argument("--state", metavar="DIR", help="folder of the state; else it ends with the process")
    parser.add_argument("--user", action="append", default=[], metavar="NAME[=TOKEN]", help="a person; may be repeated")
    parser.add_argument(
        "--org", action="append", default=[], metavar="NAME=MEMBER:ROLE,…", help="an organisation; may be repeated"
    )
    parser.add_argument(
        "--app", action="append", default=[], metavar="CLIENT_ID[=SECRET]",
        help="an OAuth application (default: gatekeeper=sandbox-secret and the public gatekeeper-public)",
    )  # fmt: skip
    parser.add_argument("--public-url", metavar="URL", help="address under which it is reached, if another")
    parser.add_argument("--reset", action="store_true", help="forget the state first")


def begun_from(options: dict[str, Any]) -> Begun:
    """What the options ask to begin with; raises ValueError for an organisation that cannot be read."""
    begun = Begun()
    for text in options["user"]:
        name, _, token = text.partition("=")
        begun.people[name] = token or None
    for text in options["org"]:
        name, _, members = text.partition("=")
        begun.orgs[name] = {}
        for member in filter(None, members.split(",")):
            person, _, role = member.partition(":")
            begun.orgs[name][person] = role or "read"
    for text in options["app"]:
        client_id, _, secret = text.partition("=")
        begun.apps[client_id] = secret or None
    return begun


def serve(options: dict[str, Any]) -> int:
    """Serve until SIGTERM or SIGINT. The first line printed says where."""
    folder = Path(options["state"] or tempfile.mkdtemp(prefix="sandbox-hub-"))
    if options["reset"]:
        for file in folder.glob("hub.sqlite3*"):
            file.unlink()
    store = Store(folder)
    begun = begun_from(options)
    with store.write():
        # A restart without options keeps what the state began with.
        kept = store.setting("begun", {})
        store.keep("begun", {part: kept.get(part, {}) | new for part, new in asdict(begun).items()})
        begun.put(store)
    public = options["public_url"].rstrip("/") if options["public_url"] else None
    server = SandboxServer((options["host"], options["port"]), store, public_url=public)

    def stop(*_: object) -> None:
        # shutdown() waits for serve_forever() to end, which cannot happen inside a signal handler of its own thread.
        threading.Thread(target=server.shutdown).start()

    before = {name: signal.signal(name, stop) for name in (signal.SIGTERM, signal.SIGINT)}
    print(f"sandbox Hub listening on http://{options['host']}:{server.server_port}", flush=True)  # noqa: T201  # whoever starts it reads this line
    try:
        server.serve_forever(poll_interval=0.05)
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
        server.server_close()
        store.close()
        if not options["state"]:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="sandbox_hub", description="A local Hub for the demo and the tests.")
    add_arguments(parser)
    return serve(vars(parser.parse_args(sys.argv[1:] if arguments is None else arguments)))
