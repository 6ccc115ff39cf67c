"""What goes over the wire: a call that came in, the answer to it, and the refusals in the Hub's words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

if TYPE_CHECKING:
    import sqlite3

    from gatekeeper.hub.sandbox.people import Viewer
    from gatekeeper.hub.sandbox.postman import Postman
    from gatekeeper.hub.sandbox.store import Store
    from gatekeeper.hub.sandbox.switchboard import Switchboard

CHALLENGE = 'Bearer realm="Authentication required", charset="UTF-8"'
ANONYMOUS = "Invalid username or password."


class Refusal(Exception):
    """An error answer: HTTP status, the Hub's message and, where the Hub sends one, its `X-Error-Code`.

    `beside` is what the JSON body holds besides the message.
    """

    def __init__(self, status: int, message: str, code: str | None = None, **beside: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.beside = beside


@dataclass
class Answer:
    """What is sent back. `body` may be an iterator of pieces; it is then sent in chunks."""

    status: int = 200
    body: bytes | Iterator[bytes] = b""
    content_type: str = "application/json; charset=utf-8"
    headers: list[tuple[str, str]] = field(default_factory=list)


def as_json(value: Any, status: int = 200, headers: list[tuple[str, str]] | None = None) -> Answer:
    """Answer with JSON; dates and other plain YAML values become strings."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode()
    return Answer(status, body, headers=headers or [])


def as_text(text: str, status: int = 200) -> Answer:
    return Answer(status, text.encode(), "text/plain; charset=utf-8")


def redirect(location: str, status: int = 303, headers: list[tuple[str, str]] | None = None) -> Answer:
    return Answer(status, b"", "text/plain; charset=utf-8", [("Location", location), *(headers or [])])


def refuse(refusal: Refusal, *, plain: bool = False) -> Answer:
    """Put a refusal into the Hub's form: JSON under /api/, plain text on file routes, the message also as a header."""
    body = {"error": refusal.message, **refusal.beside}
    answer = as_text(refusal.message, refusal.status) if plain else as_json(body, refusal.status)
    if refusal.code:
        answer.headers.append(("X-Error-Code", refusal.code))
    # A header line holds no line breaks and only latin-1.
    line = " ".join(refusal.message.split()).encode("latin-1", "replace").decode("latin-1")
    answer.headers.append(("X-Error-Message", line))
    if refusal.status == 401:
        answer.headers.append(("WWW-Authenticate", CHALLENGE))
    return answer


@dataclass
class News:
    """Something that happened to a repository (as it was then), for whoever watches it; `more` is told with it."""

    scope: str
    action: str
    repo: sqlite3.Row
    more: dict[str, Any]


@dataclass
class Call:
    """One HTTP request, with what answers it: the store, the switches and, once known, the person behind it."""

    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    body: bytes
    base: str
    address: str
    store: Store
    switches: Switchboard
    args: tuple[str, ...] = ()
    viewer: Viewer | None = None
    postman: Postman | None = None
    news: list[News] = field(default_factory=list)

    @cached_property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(self.query_string, keep_blank_values=True)

    def first(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]

    def flag(self, name: str) -> bool:
        return self.first(name).lower() in {"1", "true"}

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object; raises Refusal 400 when it is anything else."""
        if not self.body:
            return {}
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise Refusal(400, "Invalid JSON body") from error
        if not isinstance(value, dict):
            raise Refusal(400, "* Invalid input: expected object")
        return value

    @cached_property
    def form(self) -> dict[str, str]:
        """The body as an HTML form; the last value of a repeated name wins."""
        return {name: values[-1] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def sent_json(self) -> bool:
        return self.headers.get("content-type", "").startswith("application/json")

    @cached_property
    def cookies(self) -> dict[str, str]:
        pairs = (part.strip().partition("=") for part in self.headers.get("cookie", "").split(";"))
        return {name: value for name, _, value in pairs if name}

    def next_link(self, **changes: str | int) -> list[tuple[str, str]]:
        """The `Link` header of the page after this one: the same query with the given changes, as an absolute URL."""
        query = {name: values[-1] for name, values in self.query.items()}
        query.update({name: str(value) for name, value in changes.items()})
        return [("Link", f'<{self.base}{self.path}?{urlencode(query)}>; rel="next"')]

    def tell(self, scope: str, repo: sqlite3.Row, action: str = "update", **more: Any) -> None:
        """Have webhooks told what happens here, once the call has changed what it changes."""
        self.news.append(News(scope, action, repo, more))

    def me(self) -> Viewer:
        """The signed-in person; raises Refusal 401 in the Hub's words for anyone else."""
        if self.viewer is None:
            raise Refusal(401, ANONYMOUS)
        return self.viewer


Handler = Callable[[Call], Answer]
ROUTES: list[tuple[str, re.Pattern[str], Handler]] = []

# In a pattern, REPO stands for `/models/ns/name` or `/datasets/ns/name` and PAGE for `/ns/name` or `/datasets/ns/name`.
_REPO = r"/api/(models|datasets|spaces)/([^/]+)/([^/]+)"
_PAGE = r"(?:/(datasets|spaces))?/(?!(?:api|oauth|datasets|spaces|_sandbox|settings)/)([^/]+)/([^/]+)"


def route(method: str, pattern: str) -> Callable[[Handler], Handler]:
    """Register a handler; earlier registrations win."""
    compiled = re.compile(pattern.replace("REPO", _REPO).replace("PAGE", _PAGE))

    def register(handler: Handler) -> Handler:
        ROUTES.append((method, compiled, handler))
        return handler

    return register


def find_route(method: str, path: str) -> tuple[Handler, tuple[str, ...]] | None:
    """The handler of a path and the pieces of the path it asked for."""
    asked = "GET" if method == "HEAD" else method
    for verb, pattern, handler in ROUTES:
        if verb == asked and (match := pattern.fullmatch(path)):
            return handler, tuple(group or "" for group in match.groups())
    return None
