"""Webhooks as the client registers them and as the Hub sends them, and pull requests: what they are told of."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, WebhookInfo
from huggingface_hub.errors import HfHubHTTPError

from gatekeeper.hub.sandbox.control import SandboxControl
from gatekeeper.hub.sandbox.postman import loopback

Api = Callable[[str], HfApi]
Ask = Callable[..., Any]
CARD = "---\nlicense: openrail\nextra_gated_prompt: Please.\n---\n# A model\n"


class Listener:
    """Somebody who is told, and answers with `status`."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.slow = threading.Event()
        listener = self

        class Ear(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.heard.append((dict(self.headers), body))
                if listener.status == 0:
                    listener.slow.wait(5)
                self.send_response(listener.status or 200)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook?of=us"

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _headers, body in self.heard]

    @property
    def scopes(self) -> list[tuple[str, str]]:
        return sorted((one["event"]["scope"], one["event"]["action"]) for one in self.payloads)


@pytest.fixture
def listener() -> Iterator[Listener]:
    ear = Listener()
    yield ear
    ear.slow.set()
    ear.server.shutdown()
    ear.thread.join()
    ear.server.server_close()


@pytest.fixture
def webhook(api: Api, gated: str, listener: Listener) -> WebhookInfo:
    """A webhook of the owner, for one model."""
    watched = [{"type": "model", "name": gated}]
    return api("ada").create_webhook(url=listener.url, watched=watched, secret="only we know")


# --- kept


def test_the_client_keeps_changes_and_deletes_a_webhook(api: Api, listener: Listener) -> None:
    owner = api("ada")
    made = owner.create_webhook(url=listener.url, watched=[{"type": "org", "name": "lab"}], secret="s")
    assert owner.list_webhooks() == [made] == [owner.get_webhook(made.id)]
    assert (made.url, made.domains, made.secret, made.disabled) == (listener.url, ["repo", "discussion"], "s", False)
    watched = [{"type": "model", "name": "lab/a"}, {"type": "dataset", "name": "lab/b"}]
    changed = owner.update_webhook(made.id, watched=watched, domains=["repo"], secret="t")
    assert [one.name for one in changed.watched] == ["lab/a", "lab/b"]
    assert (changed.url, changed.domains, changed.secret) == (listener.url, ["repo"], "t")
    assert owner.disable_webhook(made.id).disabled is True
    assert owner.enable_webhook(made.id).disabled is False
    owner.delete_webhook(made.id)
    assert owner.list_webhooks() == []


def test_a_webhook_is_its_persons_own(hub: SandboxControl, api: Api, webhook: WebhookInfo) -> None:
    """Also where they share an organisation; and a token that only reads changes none."""
    assert api("dora").list_webhooks() == []
    for call in (api("dora").get_webhook, api("dora").delete_webhook, api("dora").enable_webhook):
        with pytest.raises(HfHubHTTPError) as caught:
            call(webhook.id)
        assert caught.value.response.status_code == 404
    hub.add_token("ada", "t-reads", "read")
    reader = HfApi(endpoint=hub.url, token="t-reads")
    assert [one.id for one in reader.list_webhooks()] == [webhook.id]
    with pytest.raises(HfHubHTTPError) as caught:
        reader.delete_webhook(webhook.id)
    assert caught.value.response.status_code == 403
    with pytest.raises(HfHubHTTPError) as caught:
        HfApi(endpoint=hub.url, token=False).list_webhooks()
    assert caught.value.response.status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"watched": [{"type": "planet", "name": "lab"}]},
        {"watched": "lab"},
        {"domains": ["gate"]},
        {"secret": "é"},
        {"url": None},
        {"url": "https://example.org/hook"},
        {"url": "http://10.0.0.7/hook"},
        {"url": "http://127.0.0.1.example.org/hook"},
        {"url": "http://[::1"},
        {"url": "file:///etc/passwd"},
    ],
)
def test_a_webhook_that_cannot_be_is_refused(ask: Ask, listener: Listener, wrong: dict[str, Any]) -> None:
    """Also one that would leave this machine."""
    sent = {"url": listener.url, "watched": [], "domains": ["repo"]} | wrong
    assert ask("POST", "/api/settings/webhooks", "ada", json=sent).status_code == 400


def test_loopback_is_told_by_the_address() -> None:
    assert loopback("http://localhost:81/x") == ("127.0.0.1", 81)
    assert loopback("http://[::1]/x") == ("::1", 80)
    for out in ("http://0.0.0.0/", "http://192.168.1.1/", "https://127.0.0.1/", "http://localhost.evil.test/", "x"):
        assert loopback(out) is None


# --- told


def test_a_commit_is_told_of_with_the_secret_in_a_header(
    hub: SandboxControl, api: Api, gated: str, webhook: WebhookInfo, listener: Listener
) -> None:
    """By whoever it was made; `headSha` is the new one, and the payload is version 3."""
    before = api("ada").model_info(gated).sha
    done = api("ada").upload_file(path_or_fileobj=CARD.encode(), path_in_repo="README.md", repo_id=gated)
    hub.sent(1)
    hub.set_repo(gated, files={"notes.txt": "x"})
    hub.sent(2)
    headers, _body = listener.heard[0]
    assert (headers["X-Webhook-Secret"], headers["Content-Type"]) == ("only we know", "application/json")
    first, second = listener.payloads
    assert first["event"] == {"action": "update", "scope": "repo.content"}
    assert first["updatedRefs"] == [{"ref": "refs/heads/main", "oldSha": before, "newSha": done.oid}]
    assert first["webhook"] == {"id": webhook.id, "version": 3}
    shown = hub.repo(gated)
    assert (first["repo"]["id"], first["repo"]["name"], first["repo"]["type"]) == (shown["_id"], gated, "model")
    assert second["repo"]["headSha"] == shown["sha"]
    assert second["repo"]["tags"] == ["license:openrail"]


def test_a_change_of_the_gate_names_nothing(
    hub: SandboxControl, api: Api, gated: str, webhook: WebhookInfo, listener: Listener
) -> None:
    """Only visibility is named."""
    api("ada").update_repo_settings(gated, gated="auto")
    hub.sent(1)
    hub.set_repo(gated, visibility="private")
    hub.sent(2)
    assert [one["updatedConfig"] for one in listener.payloads] == [{}, {"private": True}]
    assert listener.scopes == [("repo.config", "update")] * 2


def test_a_repository_is_made_moved_and_deleted(hub: SandboxControl, api: Api, listener: Listener) -> None:
    """Watched by its organisation; of what is private nobody outside hears."""
    watched = [{"type": "org", "name": "LAB"}]
    api("ada").create_webhook(url=listener.url, watched=watched, domains=["repo"])
    api("bob").create_webhook(url=listener.url, watched=watched)
    owner = api("ada")
    owner.create_repo("lab/new", private=True)
    owner.move_repo("lab/new", "lab/newer")
    owner.delete_repo("lab/newer")
    hub.sent(3)
    assert listener.scopes == [("repo", "create"), ("repo", "delete"), ("repo", "move")]
    assert [one["movedTo"] for one in listener.payloads if "movedTo" in one] == [{"name": "lab/newer"}]


def test_discussions_and_pull_requests_are_told_of(
    hub: SandboxControl, api: Api, gated: str, webhook: WebhookInfo, listener: Listener
) -> None:
    made = api("bob").create_discussion(gated, "Stage two", description="When?")
    api("ada").comment_discussion(gated, made.num, "In May.")
    api("ada").change_discussion_status(gated, made.num, "closed")
    pull = api("bob").create_commit(
        gated, [CommitOperationAdd("README.md", CARD.encode())], commit_message="Gate it", create_pr=True
    )
    hub.sent(5)
    assert listener.scopes == [
        ("discussion", "create"),
        ("discussion", "create"),
        ("discussion", "update"),
        ("discussion.comment", "create"),
        ("repo.content", "update"),
    ]
    [begun] = [one for one in listener.payloads if one.get("discussion", {}).get("num") == pull.pr_num]
    assert begun["discussion"]["isPullRequest"] is True
    assert begun["discussion"]["changes"] == {"base": "refs/heads/main"}
    assert begun["comment"]["content"] == "Gate it"
    assert "headSha" not in begun["repo"]
    [content] = [one for one in listener.payloads if "updatedRefs" in one]
    assert content["updatedRefs"] == [{"ref": f"refs/pr/{pull.pr_num}", "oldSha": None, "newSha": pull.oid}]


def test_a_webhook_that_fails_repeatedly_is_suspended(
    hub: SandboxControl, api: Api, gated: str, webhook: WebhookInfo, listener: Listener
) -> None:
    """An answer that is none, late, or a redirect is a failure; one that is good starts the count again."""
    hub.options(webhook_failures=3, webhook_timeout=0.2)
    for number, status in enumerate((500, 200, 403, 0, 302), 1):
        listener.status = status
        hub.set_gated(gated, "auto")
        hub.sent(number)
    assert [one["status"] for one in hub.sent()] == [500, 200, 403, None, 302]
    assert api("ada").get_webhook(webhook.id).disabled == "suspended-after-failure"
    hub.set_gated(gated, "manual")
    api("ada").enable_webhook(webhook.id)
    listener.status = 200
    hub.set_gated(gated, "auto")
    assert len(hub.sent(6)) == 6
    assert len(listener.heard) == 6


def test_a_webhook_has_so_many_triggers_a_day(
    hub: SandboxControl, gated: str, webhook: WebhookInfo, listener: Listener
) -> None:
    hub.options(webhook_triggers=2)
    for gate in ("auto", "manual", "auto"):
        hub.set_gated(gated, gate)
    hub.sent(2)
    hub.replay(webhook.id)
    assert len(hub.sent(3)) == 3


def test_anything_can_be_sent_by_hand(
    hub: SandboxControl, gated: str, webhook: WebhookInfo, listener: Listener
) -> None:
    """Again, twice, garbage, with another secret."""
    hub.options(webhook_copies=2)
    hub.set_gated(gated, "auto")
    hub.sent(2)
    hub.options(webhook_copies=1)
    hub.replay(webhook.id, times=3)
    hub.send(webhook.id, b"\xff{", secret="guessed", headers={"X-More": "1"})
    hub.sent(6)
    assert len({body for _headers, body in listener.heard}) == 2
    [(headers, _body)] = [one for one in listener.heard if one[1] == b"\xff{"]
    assert (headers["X-Webhook-Secret"], headers["X-More"]) == ("guessed", "1")


# --- pull requests


def test_a_pull_request_stands_beside_main_until_it_is_merged(api: Api, gated: str) -> None:
    """It has a number, a revision and a diff of its own; merging makes a commit of main."""
    owner, other = api("ada"), api("bob")
    main = owner.model_info(gated).sha
    pull = other.create_commit(
        gated, [CommitOperationAdd("README.md", CARD.encode())], commit_message="Gate it", create_pr=True
    )
    assert owner.model_info(gated).sha == main
    assert owner.model_info(gated, revision="refs/pr/1").sha == pull.oid
    assert not owner.file_exists(gated, "README.md")
    assert owner.file_exists(gated, "README.md", revision="refs/pr/1")
    assert owner.file_exists(gated, "README.md", revision=pull.oid)
    found = owner.get_discussion_details(gated, pull.pr_num or 0)
    assert (found.is_pull_request, found.status, found.author) == (True, "open", "bob")
    assert (found.target_branch, found.conflicting_files, found.merge_commit_oid) == ("refs/heads/main", [], None)
    assert [event.type for event in found.events] == ["comment", "commit"]
    assert found.diff is not None
    assert found.diff.startswith("diff --git a/README.md b/README.md\nnew file mode 100644\n")
    assert "+extra_gated_prompt: Please.\n" in found.diff
    with pytest.raises(HfHubHTTPError) as caught:
        other.merge_pull_request(gated, found.num)
    assert caught.value.response.status_code == 403
    owner.merge_pull_request(gated, found.num)
    merged = owner.get_discussion_details(gated, found.num)
    assert (merged.status, merged.merge_commit_oid) == ("merged", owner.model_info(gated).sha)
    assert owner.file_exists(gated, "README.md")
    assert [commit.title for commit in owner.list_repo_commits(gated)] == ["Gate it (#1)", "initial commit"]


def test_a_pull_request_grows_and_may_conflict(api: Api, gated: str) -> None:
    """Its author commits to it, a stranger does not; begun without a commit it is a draft."""
    owner, other = api("ada"), api("bob")
    draft = other.create_pull_request(gated, "Two changes")
    assert (draft.status, draft.diff, draft.git_reference) == ("draft", "", "refs/pr/1")
    change = [CommitOperationAdd("LICENSE", b"No.\nNo end"), CommitOperationDelete("weights.safetensors")]
    other.create_commit(gated, change, commit_message="Change", revision="refs/pr/1")
    with pytest.raises(HfHubHTTPError) as caught:
        api("cleo").create_commit(gated, [CommitOperationAdd("x", b"x")], commit_message="Mine", revision="refs/pr/1")
    assert caught.value.response.status_code == 403
    found = other.get_discussion_details(gated, 1)
    assert found.diff is not None
    assert "-MIT\n\\ No newline at end of file\n+No.\n+No end\n\\ No newline at end of file\n" in found.diff
    assert "deleted file mode 100644" in found.diff
    owner.upload_file(path_or_fileobj=b"Apache", path_in_repo="LICENSE", repo_id=gated)
    assert other.get_discussion_details(gated, 1).conflicting_files == ["LICENSE"]
    with pytest.raises(HfHubHTTPError) as caught:
        owner.merge_pull_request(gated, 1)
    assert caught.value.response.status_code == 409
    other.create_discussion(gated, "Only words")
    listed = {
        kind: [one.num for one in owner.get_repo_discussions(gated, discussion_type=kind)]
        for kind in ("pull_request", "discussion", "all")
    }  # type: ignore[arg-type]  # words of the client
    assert listed == {"pull_request": [1], "discussion": [2], "all": [2, 1]}
    owner.change_discussion_status(gated, 1, "closed")
    assert [one.num for one in owner.get_repo_discussions(gated, discussion_status="open")] == [2]
