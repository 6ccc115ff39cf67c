"""The control API's part for webhooks: what was sent, sent again, or never sent by a Hub at all."""

from __future__ import annotations

import base64
import sqlite3

from gatekeeper.hub.sandbox.postman import JSON, Letter, Postman
from gatekeeper.hub.sandbox.webhooks import shown
from gatekeeper.hub.sandbox.wire import Answer, Call, Refusal, as_json, route


def webhook_named(call: Call) -> sqlite3.Row:
    row = call.store.one("SELECT * FROM webhook WHERE hub_id=?", call.args[0])
    if row is None:
        raise Refusal(404, "Webhook not found")
    return row


def postman_of(call: Call) -> Postman:
    assert call.postman is not None  # the server gives every call one
    return call.postman


@route("GET", "/_sandbox/webhooks")
def every(call: Call) -> Answer:
    """All webhooks, with whose each is and how often it failed in a row."""
    rows = call.store.all(
        "SELECT webhook.*, person.name FROM webhook JOIN person ON person.id=webhook.person ORDER BY webhook.id"
    )
    return as_json([shown(row) | {"person": row["name"], "failures": row["failures"]} for row in rows])


@route("GET", "/_sandbox/webhooks/sent")
def sent(call: Call) -> Answer:
    """What was sent, and how it was answered."""
    return as_json(list(postman_of(call).sent))


@route("POST", "/_sandbox/webhooks/([0-9a-f]+)/replay")
def replay(call: Call) -> Answer:
    """Send what was sent once more, `times` times: the last one, or the one with the number `n`."""
    row, number = webhook_named(call), call.json.get("n")
    found = [one for one in postman_of(call).sent if one["webhook"] == row["hub_id"] and number in {None, one["n"]}]
    if not found:
        raise Refusal(404, "Nothing was sent yet")
    again = Letter(row["id"], found[-1]["body"].encode(), headers_of(row), counted=False)
    postman_of(call).post([again] * int(call.json.get("times", 1)))
    return as_json({})


@route("POST", "/_sandbox/webhooks/([0-9a-f]+)/send")
def send(call: Call) -> Answer:
    """Send any bytes (`body` in base64), with another `secret` or `headers` of one's own."""
    row = webhook_named(call)
    headers = headers_of(row, call.json.get("secret", row["secret"])) | call.json.get("headers", {})
    body = base64.b64decode(call.json.get("body", ""))
    postman_of(call).post([Letter(row["id"], body, headers, counted=False)] * int(call.json.get("times", 1)))
    return as_json({})


def headers_of(row: sqlite3.Row, secret: str | None = None) -> dict[str, str]:
    secret = secret or row["secret"]
    return {"Content-Type": JSON} | ({"X-Webhook-Secret": secret} if secret else {})
