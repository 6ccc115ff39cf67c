"""Sending webhooks: in the background, with a short patience of its own, and to this machine only."""

from __future__ import annotations

import http.client
import ipaddress
import itertools
import json
import queue
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gatekeeper.hub.sandbox.store import Store
from gatekeeper.hub.sandbox.switchboard import Switchboard

SENDERS = 4
DAY = 86_400.0
SUSPENDED = "suspended-after-failure"
JSON = "application/json"


def loopback(url: str) -> tuple[str, int] | None:
    """The address and port that a webhook's URL leads to, or None for one that leaves this machine."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return None
    return (str(address), port) if parts.scheme == "http" and address.is_loopback else None


@dataclass
class Letter:
    """One delivery to one webhook (by its row): the bytes, and the headers that come with them."""

    webhook: int
    body: bytes
    headers: dict[str, str]
    counted: bool = True


class Postman:
    """Sends letters in threads of its own, keeps what became of them, and suspends a webhook that fails repeatedly."""

    def __init__(self, store: Store, switches: Switchboard) -> None:
        self.store = store
        self.switches = switches
        self.sent: deque[dict[str, Any]] = deque(maxlen=10_000)
        self._letters: queue.Queue[Letter] = queue.Queue()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._times: dict[int, deque[float]] = {}
        self._threads: list[threading.Thread] = []

    def post(self, letters: list[Letter]) -> None:
        """Send these soon. Beyond a webhook's triggers of a day they are dropped."""
        for letter in letters:
            if letter.counted and not self._within_the_day(letter.webhook):
                continue
            for _copy in range(int(self.switches.options["webhook_copies"])):
                self._letters.put(letter)
        if letters and not self._threads:
            self._threads = [threading.Thread(target=self._go_on, daemon=True) for _sender in range(SENDERS)]
            for thread in self._threads:
                thread.start()

    def forget(self) -> None:
        """Forget what was sent and what was to be sent."""
        with self._letters.mutex:
            self._letters.queue.clear()
        self.sent.clear()
        self._times.clear()

    def _within_the_day(self, webhook: int) -> bool:
        now = time.time()
        with self._lock:
            times = self._times.setdefault(webhook, deque())
            while times and times[0] < now - DAY:
                times.popleft()
            if len(times) >= int(self.switches.options["webhook_triggers"]):
                return False
            times.append(now)
        return True

    def _go_on(self) -> None:
        while True:
            letter = self._letters.get()
            row = self.store.one("SELECT * FROM webhook WHERE id=? AND disabled=''", letter.webhook)
            if row is not None:
                self._deliver(row["hub_id"], row["url"], letter)
            self.store.close()

    def _deliver(self, hub_id: str, url: str, letter: Letter) -> None:
        begun, status, failure = time.time(), None, ""
        try:
            status = send(url, letter, float(self.switches.options["webhook_timeout"]))
        except (OSError, http.client.HTTPException, ValueError) as failed:
            failure = type(failed).__name__
        ok = status is not None and 200 <= status < 300
        with self.store.write():
            self.store.run(
                "UPDATE webhook SET failures=CASE WHEN ? THEN 0 ELSE failures+1 END WHERE id=?", ok, letter.webhook
            )
            self.store.run(
                "UPDATE webhook SET disabled=? WHERE id=? AND disabled='' AND failures>=?",
                SUSPENDED, letter.webhook, int(self.switches.options["webhook_failures"]),
            )  # fmt: skip
        with self._lock:
            self.sent.append(
                {
                    "n": next(self._numbers),
                    "webhook": hub_id,
                    "at": begun,
                    "ms": round((time.time() - begun) * 1000, 2),
                    "status": status,
                    "failure": failure,
                    "body": letter.body.decode(errors="replace"),
                }
            )


def send(url: str, letter: Letter, seconds: float) -> int:
    """Post a letter and give the status of the answer; redirects are not followed.

    Raises ValueError for an address that is not on this machine, OSError, HTTPException.
    """
    place = loopback(url)
    if place is None:
        raise ValueError("The sandbox sends webhooks to loopback addresses only.")
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(*place, timeout=seconds)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, letter.body, {"Host": parts.netloc, "User-Agent": "sandbox", **letter.headers})
        answer = connection.getresponse()
        answer.read(65_536)
        return answer.status
    finally:
        connection.close()


def letter(webhook: int, payload: dict[str, Any], secret: str | None) -> Letter:
    """A letter as the Hub sends it: JSON, with the secret as it is in a header."""
    headers = {"Content-Type": JSON} | ({"X-Webhook-Secret": secret} if secret else {})
    return Letter(webhook, json.dumps(payload, separators=(",", ":")).encode(), headers)
