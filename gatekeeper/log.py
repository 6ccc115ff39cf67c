"""What may stand in a log line: no secret, no personal data but public Hub names, no query string.

Used by settings.py, so it imports neither Django nor anything else of ours.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

HIDDEN = "[hidden]"
SECRET_KEYS = re.compile(
    r"token|secret|passw|authorization|cookie|credential|api_?key|private_?key|signing_?key|csrf|otp|recovery", re.I
)
SECRET_WORDS = re.compile(r"(hf|gk)_[A-Za-z0-9_-]{8,}|(?i:bearer)\s+[A-Za-z0-9._~+/=-]{8,}")
URL_PASSWORD = re.compile(r"(?<=://)([^\s/:@]*):[^\s/@]+@")
# Both begin only where no earlier try has been: anybody chooses what their browser is called and where it asks, and a
# pattern that tries again at each letter takes the square of a long line.
MAIL_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# PostgreSQL repeats the offending values in an error's details.
ROW_VALUES = re.compile(r"(?<=DETAIL:).*|(?<=Failing row contains).*")
QUERY = re.compile(r"(?<=[\w/-])\?[^\s\"'<>?=]*=[^\s\"'<>]*")
# Whoever holds such an address can set a password or confirm an address.
MAILED_KEY = re.compile(r"(?<=/account/password/reset/key/)[^/\s]+|(?<=/account/confirm-email/)[^/\s]+")


def request_id() -> str:
    """Return the id under which the log tells of what happens now: of the page or call, else of the task; or none."""
    bound = structlog.contextvars.get_contextvars()
    return str(bound.get("request_id") or bound.get("task_id") or "")[:36]


def hide_secrets(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog step: hide what is under a secret's name, and what looks like a token under any name."""
    for key in list(event):
        event[key] = hidden(key, event[key])
    return event


def hidden(key: str, value: Any, depth: int = 0) -> Any:
    """The value with its secrets hidden; deep structures are followed four levels down."""
    if SECRET_KEYS.search(key) and value is not None and not isinstance(value, bool):
        return HIDDEN
    if isinstance(value, str):
        return scrubbed(value)
    if isinstance(value, bytes):
        return scrubbed(value.decode("utf-8", "replace"))
    if depth < 4 and isinstance(value, Mapping):
        return {name: hidden(str(name), inner, depth + 1) for name, inner in value.items()}
    if depth < 4 and isinstance(value, (list, tuple, set, frozenset)):
        return [hidden("", inner, depth + 1) for inner in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return scrubbed(str(value))


def scrubbed(text: str) -> str:
    """The text without tokens, passwords in addresses, mailed keys, e-mail addresses, values of rows, query strings."""
    text = MAILED_KEY.sub(HIDDEN, text)
    text = URL_PASSWORD.sub(rf"\1:{HIDDEN}@", SECRET_WORDS.sub(HIDDEN, text))
    return QUERY.sub("", MAIL_ADDRESS.sub(HIDDEN, ROW_VALUES.sub(f" {HIDDEN}", text)))


def without_query(record: logging.LogRecord) -> bool:
    """A logging filter: the arguments of a line (runserver logs the raw request line) lose their query strings."""
    if isinstance(record.args, tuple):
        record.args = tuple(QUERY.sub("", arg) if isinstance(arg, str) else arg for arg in record.args)
    return True
