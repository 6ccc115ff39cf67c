"""The Hub's webhooks and pull requests, as one token sees them. They belong to people there, not to organisations."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from . import wire
from .client import HubClient
from .port import HubError, Need, PullRequestState, Webhook

WEBHOOKS = "/api/settings/webhooks"
DOMAINS = ["repo", "discussion"]
LONGEST = 4_000_000  # bytes of a list of webhooks, or of a pull request with its difference


class Community(HubClient):
    """What a Hub announces, and what people propose there: see port.HubCommunity."""

    def webhooks(self) -> list[Webhook]:
        """Return the webhooks of the token's person: see port.HubCommunity."""
        items = self._good(self._send("GET", WEBHOOKS, need=Need.READ, longest=LONGEST)).read()
        if not isinstance(items, list):
            raise wire.unreadable()
        return [wire.webhook(item) for item in items]

    def add_webhook(self, *, url: str, secret: str, watched: Sequence[tuple[str, str]]) -> Webhook:
        """Register a webhook: see port.HubCommunity."""
        return self._webhook(WEBHOOKS, _wished(url, secret, watched))

    def change_webhook(self, hub_id: str, *, url: str, secret: str, watched: Sequence[tuple[str, str]]) -> Webhook:
        """Change a webhook: see port.HubCommunity."""
        return self._webhook(f"{WEBHOOKS}/{quote(hub_id, safe='')}", _wished(url, secret, watched))

    def enable_webhook(self, hub_id: str) -> Webhook:
        """Switch a webhook on: see port.HubCommunity."""
        return self._webhook(f"{WEBHOOKS}/{quote(hub_id, safe='')}/enable", None)

    def remove_webhook(self, hub_id: str) -> None:
        """Delete a webhook: see port.HubCommunity."""
        answer = self._send("DELETE", f"{WEBHOOKS}/{quote(hub_id, safe='')}", need=Need.TELL)
        if answer.status != 404:
            self._good(answer, writing=True)

    def _webhook(self, path: str, body: Any) -> Webhook:
        answer = self._good(self._send("POST", path, body=body, need=Need.TELL), writing=True).read()
        return wire.webhook(answer.get("webhook") if isinstance(answer, Mapping) else None)

    def open_pull_requests(self, kind: str, name: str) -> list[int]:
        """Return the numbers of a repository's open pull requests: see port.HubCommunity."""
        query = {"type": "pull_request", "status": "open", "p": "0"}
        path = f"/api/{kind}s/{quote(name)}/discussions"
        found = self._good(self._send("GET", path, query=query, need=Need.READ, longest=LONGEST)).read()
        items = found.get("discussions") if isinstance(found, Mapping) else None
        if not isinstance(items, list):
            raise wire.unreadable()
        numbers = (item.get("num") if isinstance(item, Mapping) else None for item in items)
        return [number for number in numbers if type(number) is int and number > 0]

    def pull_request(self, kind: str, name: str, number: int) -> PullRequestState | None:
        """Return a pull request with what it changes, or None for none: see port.HubCommunity."""
        path = f"/api/{kind}s/{quote(name)}/discussions/{number}"
        try:
            answer = self._send("GET", path, query={"diff": "1"}, need=Need.READ, longest=LONGEST)
        except HubError as failed:
            if failed.reason != "file_too_large":
                raise
            found = wire.pull_request(self._good(self._send("GET", path, need=Need.READ, longest=LONGEST)).read())
            return replace(found, diff=None) if found is not None else None
        if answer.status == 404 and wire.fault(404, answer.headers, answer.message).reason == "not_found":
            return None
        return wire.pull_request(self._good(answer).read())


def _wished(url: str, secret: str, watched: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "url": url,
        "secret": secret,
        "domains": DOMAINS,
        "watched": [{"type": kind, "name": name} for kind, name in watched],
    }
