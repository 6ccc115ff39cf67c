"""The client of the control API, for tests and the demo. Standard library only."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen


class SandboxError(Exception):
    """The sandbox refused a control call; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class SandboxControl:
    """Steers a running sandbox Hub, `url` being the address it printed. Every method raises SandboxError when refused.

    A repository is named as `owner/name`, and its type with `repo_type`, as the Hub's own client does it.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> Any:
        """Make one control call and give its JSON."""
        given = {name: value for name, value in query.items() if value is not None}
        address = f"{self.url}/_sandbox{path}" + (f"?{urlencode(given)}" if given else "")
        content = None if body is None else json.dumps(body).encode()
        request = Request(address, content, {"Content-Type": "application/json"}, method=method)  # noqa: S310  # http
        try:
            with urlopen(request, timeout=600) as answer:  # noqa: S310  # the address of the sandbox
                return json.load(answer)
        except HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")
            with contextlib.suppress(ValueError, KeyError, TypeError):
                text = json.loads(text)["error"]
            raise SandboxError(error.code, text) from None

    @staticmethod
    def _repo(repo_id: str, repo_type: str | None) -> str:
        return f"/{repo_type or 'model'}s/{quote(repo_id)}"

    def state(self) -> dict[str, Any]:
        """How many people, organisations, repositories and requests there are, and the options."""
        return dict(self.call("GET", ""))

    def reset(self) -> None:
        """Forget everything but the people, organisations and applications of the command line; end all faults."""
        self.call("POST", "/reset", {})

    # People, tokens, organisations, applications

    def add_user(self, name: str, token: str | None = None, **about: Any) -> dict[str, Any]:
        """Add or change a person: `fullname`, `email` (may be None), `emailVerified`, `isPro`, `id`."""
        if token is not None:
            about["token"] = token
        return dict(self.call("POST", "/people", {"name": name, **about}))

    def user(self, name: str) -> dict[str, Any]:
        return dict(self.call("GET", f"/people/{quote(name)}"))

    def rename_user(self, name: str, new_name: str) -> None:
        """The person takes another name; the id stays, and the old names of their repositories lead there."""
        self.call("POST", f"/people/{quote(name)}", {"rename": new_name})

    def delete_user(self, name: str) -> None:
        """The account is deleted, with its tokens and requests."""
        self.call("DELETE", f"/people/{quote(name)}")

    def add_token(self, user: str, token: str, role: str = "write", **about: Any) -> None:
        """Give a person a token of a role (read, write, fineGrained); `canReadGatedRepos`, `scoped` as in whoami."""
        self.call("POST", "/tokens", {"user": user, "token": token, "role": role, **about})

    def revoke_token(self, token: str) -> None:
        self.call("POST", "/tokens/change", {"token": token, "revoked": True})

    def set_token(self, token: str, **changes: Any) -> None:
        """Change a token: `role`, `revoked`, `canReadGatedRepos`, `scoped`, `expires` (seconds since 1970)."""
        self.call("POST", "/tokens/change", {"token": token, **changes})

    def add_org(self, name: str, members: dict[str, str] | None = None, **about: Any) -> None:
        """Add an organisation, or set roles in it: name to admin, write, contributor, read or no_access."""
        self.call("POST", "/orgs", {"name": name, "members": members or {}, **about})

    def rename_org(self, name: str, new_name: str) -> None:
        """The organisation takes another name; the id stays, and the old names of its repositories lead there."""
        self.call("POST", f"/orgs/{quote(name)}", {"rename": new_name})

    def remove_member(self, org: str, user: str) -> None:
        self.call("DELETE", f"/orgs/{quote(org)}/members/{quote(user)}")

    def add_app(self, client_id: str, secret: str | None = None, redirect_uris: list[str] | None = None) -> None:
        """Register an OAuth application, public without a secret. Loopback addresses need no registration."""
        self.call("POST", "/apps", {"client_id": client_id, "secret": secret, "redirect_uris": redirect_uris or []})

    # Repositories

    def create_repo(self, repo_id: str, repo_type: str | None = None, **about: Any) -> dict[str, Any]:
        """Make a repository with `gated` (False, "auto", "manual"), `card`, `files` (path to text).

        Also `visibility`, `private`, `org_members_gated`, `hide_usernames` (True or "null"), `by`.
        """
        return dict(self.call("POST", "/repos", {"repo_id": repo_id, "repo_type": repo_type or "model", **about}))

    def repo(self, repo_id: str, repo_type: str | None = None) -> dict[str, Any]:
        """A repository as the Hub describes it, with `visibility`, `orgMembersGated`, `hideUsernames`, `settings`."""
        return dict(self.call("GET", self._repo(repo_id, repo_type)))

    def set_repo(self, repo_id: str, repo_type: str | None = None, **changes: Any) -> None:
        """Change a repository by hand: `gated`, `visibility`, `hide_usernames`, `org_members_gated`, `files`, `by`."""
        self.call("POST", self._repo(repo_id, repo_type), changes)

    def set_gated(self, repo_id: str, gated: str | bool, repo_type: str | None = None) -> None:
        self.set_repo(repo_id, repo_type, gated=gated)

    def rename_repo(self, repo_id: str, new_id: str, repo_type: str | None = None) -> None:
        self.set_repo(repo_id, repo_type, rename=new_id)

    def delete_repo(self, repo_id: str, repo_type: str | None = None) -> None:
        self.call("DELETE", self._repo(repo_id, repo_type))

    # Requests

    def people(self, repo_id: str, repo_type: str | None = None, **narrow: Any) -> list[dict[str, Any]]:
        """Everything known of the requests of a repository, reasons too; narrowed by `user`, `status`, `limit`."""
        return list(self.call("GET", self._repo(repo_id, repo_type) + "/people", **narrow))

    def status(self, repo_id: str, user: str, repo_type: str | None = None) -> str | None:
        """Where someone stands: pending, accepted, rejected, reset, or None."""
        found = self.people(repo_id, repo_type, user=user)
        return found[0]["status"] if found else None

    def set_status(self, repo_id: str, user: str, status: str, repo_type: str | None = None, **about: Any) -> None:
        """Set someone's status as if done on the Hub: `by`, `rejection_reason`, `reset_reason`; `none` removes it.

        A new pending one is a request of their own (`fields`, `timestamp`); `asked=True` says so of any other.
        `timestamp` and `reviewed_at` set its dates.
        """
        self.call("POST", self._repo(repo_id, repo_type) + "/people", {"user": user, "status": status, **about})

    def seed(self, repo_id: str, statuses: dict[str, int], repo_type: str | None = None, **about: Any) -> int:
        """Make many people (`prefix`) with a request each, so many of each status; gives how many."""
        made = self.call("POST", self._repo(repo_id, repo_type) + "/seed", {"statuses": statuses, **about})
        return int(made["made"])

    # Options, faults

    def options(self, **changes: Any) -> dict[str, Any]:
        """Change options: `lag` (s), `order`, `window` (s), `quota` ({"api": n}), `ip_location`, `capabilities`.

        Of webhooks: `webhook_timeout` (s), `webhook_failures`, `webhook_triggers` (a day), `webhook_copies`.
        """
        return dict(self.call("POST", "/options", changes))

    def capabilities(self, **switches: bool) -> None:
        """Switch capabilities: `reset`, `batch`, `user_id`, `request_id`, `batch_request_id`."""
        self.options(capabilities=switches)

    def fault(self, kind: str, path: str = "", **about: Any) -> int:
        """Put up a fault on the paths a pattern is found in, and give its number.

        kind: latency (`ms`), hold, drop, no_next, or status (`status`, `message`, and for 429 `seconds` and `header`:
        "ratelimit", "retry-after" or None). Also `when` ("before" or "after" the call is applied), `method`, `user`,
        `times`.
        """
        return int(self.call("POST", "/faults", {"kind": kind, "path": path, **about})["id"])

    def faults(self) -> list[dict[str, Any]]:
        """The faults that stand, with `hits` and `waiting`."""
        return list(self.call("GET", "/faults"))

    def release(self, fault: int) -> None:
        """Let go whoever a hold keeps waiting, and hold nobody more."""
        self.call("POST", f"/faults/{fault}/release", {})

    def clear_faults(self, fault: int | None = None) -> None:
        self.call("DELETE", "/faults" if fault is None else f"/faults/{fault}")

    def wait_held(self, fault: int, count: int = 1, seconds: float = 10) -> None:
        """Wait until a hold keeps so many calls; raises TimeoutError."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if any(one["id"] == fault and one["waiting"] >= count for one in self.faults()):
                return
            time.sleep(0.02)
        raise TimeoutError(f"fault {fault} holds fewer than {count} calls after {seconds} s")

    # Webhooks

    def webhooks(self) -> list[dict[str, Any]]:
        """All webhooks as the Hub describes them, with `person` and `failures`."""
        return list(self.call("GET", "/webhooks"))

    def sent(self, count: int = 0, seconds: float = 10) -> list[dict[str, Any]]:
        """What webhooks were sent: `webhook`, `body` (text), `status` or `failure`; waits until there are so many.

        Raises TimeoutError.
        """
        end = time.monotonic() + seconds
        while len(found := self.call("GET", "/webhooks/sent")) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{len(found)} webhooks were sent after {seconds} s, not {count}")
            time.sleep(0.02)
        return list(found)

    def replay(self, webhook: str, times: int = 1, n: int | None = None) -> None:
        """Send once more what was sent last, or what has the number `n`."""
        self.call("POST", f"/webhooks/{webhook}/replay", {"times": times, "n": n})

    def send(self, webhook: str, body: bytes, times: int = 1, **about: Any) -> None:
        """Send any bytes to where a webhook leads, with another `secret` or further `headers`."""
        content = base64.b64encode(body).decode()
        self.call("POST", f"/webhooks/{webhook}/send", {"body": content, "times": times, **about})

    # Journal

    def journal(self, method: str | None = None, path: str = "") -> list[dict[str, Any]]:
        """The calls received since the last clearing, oldest first, narrowed by method and by a part of the path."""
        entries = self.call("GET", "/journal")
        return [entry for entry in entries if path in entry["path"] and method in {None, entry["method"]}]

    def clear_journal(self) -> None:
        self.call("DELETE", "/journal")
