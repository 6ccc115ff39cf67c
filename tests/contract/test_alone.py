"""What a Hub does for one person with one token and one repository."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gatekeeper.hub import wire
from gatekeeper.hub.port import Address, HubError, Outcome

from .conftest import CARD, Hub, eventually

NOT_FOUND = "No access request found matching your criteria"
HUB_ID = re.compile(r"[0-9a-f]{24}")
NOBODY = "a-name-that-nobody-on-the-hub-has-4197f2cd"


def error(answer: Any) -> tuple[int, str, str]:
    """What an answer refuses: status, code, message."""
    return answer.status_code, answer.headers.get("x-error-code", ""), answer.json()["error"]


# Who, and what there is


def test_whoami_tells_owner_role_and_organisations(there: Hub) -> None:
    """As the proof of a namespace reads it."""
    said = there.ask("GET", "/api/whoami-v2").json()
    assert (said["type"], said["name"]) == ("user", there.name)
    assert HUB_ID.fullmatch(said["id"])
    assert said["auth"]["accessToken"]["role"] in ("write", "fineGrained", "god")
    assert all({"name", "roleInOrg"} <= set(org) for org in said["orgs"])


def test_a_bad_token_is_401_everywhere(there: Hub) -> None:
    """Without an error code, also on a repository that is there."""
    for path in (f"/api/models/{there.repo}", f"{there.place}/pending"):
        answer = there.ask("GET", path, "hf_no_such_token_4197f2cd")
        assert (answer.status_code, answer.headers.get("x-error-code")) == (401, None)


def test_every_answer_of_the_api_tells_what_is_left(there: Hub) -> None:
    """In the form that our budget reads."""
    limit = wire.limit_of(there.ask("GET", f"/api/models/{there.repo}").headers)
    assert limit is not None
    kind, said = limit
    assert (kind, said.left <= (said.quota or 0), 0 <= said.seconds <= 300) == ("api", True, True)


def test_a_namespace_is_a_person_or_an_organisation(there: Hub) -> None:
    """By its overview."""
    found = there.client.namespace(there.name)
    assert found is not None
    assert (found.name, found.is_organisation) == (there.name, False)
    assert there.client.namespace(NOBODY) is None


def test_a_namespace_lists_its_repositories_with_their_gate(there: Hub) -> None:
    """With all that was asked for."""

    def gates() -> dict[str, tuple[str, bool]]:
        listed = there.client.repositories("model", there.name).items
        return {one.state.name: (one.state.gate, one.has_form) for one in listed if one.state.name == there.repo}

    eventually(gates, {there.repo: ("manual", True)})
    [listed] = [one for one in there.client.repositories("model", there.name).items if one.state.name == there.repo]
    assert "not-for-all-audiences" in listed.state.tags
    assert listed.created_at is not None


def test_a_history_comes_in_numbered_pages(there: Hub) -> None:
    """Newest first, with authors, and an end."""
    first = there.ask("GET", f"/api/models/{there.repo}/commits/main?limit=1")
    assert [commit["title"] for commit in first.json()] == ["Say what this is for"]
    assert first.json()[0]["authors"][0]["user"] == there.name
    second = there.ask("GET", first.links["next"]["url"])
    assert [commit["title"] for commit in second.json()] == ["initial commit"]
    assert "next" not in second.links
    assert len(there.client.commits("model", there.repo).items) == 2


def test_a_card_can_be_read_at_a_commit_by_anybody(there: Hub) -> None:
    """The gate leaves it open."""
    newest, oldest = there.client.commits("model", there.repo).items
    assert there.client.file("model", there.repo, "README.md", newest.sha) == CARD.encode()
    assert there.client.file("model", there.repo, "README.md", oldest.sha) is None
    assert there.ask("GET", f"/{there.repo}/resolve/{newest.sha}/README.md", None).status_code in (200, 302, 307)


def test_a_tree_tells_who_changed_a_file_last(there: Hub) -> None:
    """Not what the newest commit was."""
    found = {one.path: one.commit for one in there.client.files("model", there.repo).items}
    newest, oldest = there.client.commits("model", there.repo).items
    assert (found["README.md"], found[".gitattributes"]) == (newest.sha, oldest.sha)


def test_a_late_commit_is_refused(there: Hub) -> None:
    """Two readers of the same commit cannot both write."""
    _newest, oldest = there.client.commits("model", there.repo).items
    with pytest.raises(HubError, match="changed_meanwhile"):
        there.client.commit_card("model", there.repo, b"# Late\n", parent=oldest.sha, message="Late")


# The gate


def test_settings_echo_the_gate(there: Hub) -> None:
    """True is no gate; what was not sent is not told."""
    assert there.gate("auto").json()["gated"] == "auto"
    assert there.client.repository("model", there.repo).gate == "auto"
    assert there.gate(False).json()["gated"] is False
    assert there.client.repository("model", there.repo).gate == ""
    assert there.gate(True).status_code == 400


def test_files_are_closed_to_strangers_and_the_form_is_open(there: Hub) -> None:
    """The gate is looked at before it is looked whether a file is there."""
    answer = there.ask("GET", f"/{there.repo}/resolve/main/no-such-file.bin", None)
    assert (answer.status_code, answer.headers["x-error-code"]) == (401, "GatedRepo")
    assert there.ask("GET", f"/api/models/{there.repo}", None).json()["gated"] == "manual"


def test_write_can_be_asked_for(there: Hub) -> None:
    """As linking asks."""
    assert there.client.may_write("model", there.repo)
    assert there.ask("GET", f"/api/models/{there.repo}/auth-check/write", None).status_code == 401


# Lists


@pytest.mark.parametrize("status", ["pending", "accepted", "rejected", "reset"])
def test_each_of_four_lists_is_there(there: Hub, status: str) -> None:
    """Also of a repository whose gate is off."""
    assert isinstance(there.ask("GET", f"{there.place}/{status}").json(), list)
    there.gate(False)
    assert there.ask("GET", f"{there.place}/{status}").status_code == 200


def test_lists_are_for_writers_and_have_bounds(there: Hub) -> None:
    """Nobody else sees who asked."""
    assert there.ask("GET", f"{there.place}/pending", None).status_code == 401
    assert there.ask("GET", f"{there.place}/pending?limit=10").status_code == 200
    for wrong in ("limit=5", "limit=1001"):
        assert there.ask("GET", f"{there.place}/pending?{wrong}").status_code == 400
    assert there.ask("GET", f"{there.place}/sideways").status_code == 400


# Granting and moving, with the owner as the only person


def test_a_grant_is_listed_with_who_and_when(granted: Hub) -> None:
    """And without an e-mail address or answers: that is how one who was added by hand is known."""
    [item] = granted.listed("accepted")
    assert (item["user"]["user"], item["status"], item["grantedBy"]["user"]) == (granted.name, "accepted", granted.name)
    assert HUB_ID.fullmatch(item["user"]["_id"])
    assert item["requestId"]
    assert "email" not in item["user"]
    assert not item.get("fields")
    [read] = granted.client.requests("model", granted.repo, "accepted", prefix=granted.name).items
    assert read.reviewed_at is not None
    assert read.granted_by_id == item["grantedBy"]["_id"]


def test_a_second_grant_is_refused(granted: Hub) -> None:
    """It is not idempotent; our client reads it as: look."""
    again = granted.ask("POST", f"{granted.place}/grant", json={"user": granted.name})
    assert error(again) == (400, "", "That user already has access to the repo")
    person = Address(granted.listed("accepted")[0]["user"]["_id"], granted.name)
    assert granted.client.grant("model", granted.repo, person) is Outcome.LOOK


def test_handling_what_is_there_already_is_the_same_404_as_nothing(granted: Hub) -> None:
    """So a repeated call tells nothing."""
    assert error(granted.handle("accepted", user=granted.name)) == (404, "", NOT_FOUND)
    assert error(granted.handle("accepted", user=NOBODY)) == (404, "", "User not found")


@pytest.mark.parametrize("status", ["pending", "rejected", "reset"])
def test_a_request_moves_and_a_batch_may_be_repeated(granted: Hub, status: str) -> None:
    """By id, in one call for many; what is there already is ok, and nobody is told apart."""
    person = granted.listed("accepted")[0]["user"]["_id"]
    body = {"status": status, "requests": [{"userId": person}, {"userId": "0" * 24}]}
    for _time in range(2):
        answer = granted.ask("POST", f"{granted.place}/batch", json=body)
        assert answer.status_code == 200
        first, second = answer.json()
        assert first["ok"] is True
        assert (second["ok"], second["error"]) == (False, "user_not_found")
    eventually(granted.standing, status)
    [item] = granted.listed(status)
    assert ("reviewedAt" in item) == (status != "pending")
    assert "grantedBy" not in item
    assert "rejectionReason" not in item


def test_our_client_decides_and_says_what_became_of_each(granted: Hub) -> None:
    """One who is there, one who is not."""
    person = granted.listed("accepted")[0]["user"]["_id"]
    people = [Address(person), Address("0" * 24)]
    outcomes = granted.client.decide("model", granted.repo, "reset", people, "Tried out.")
    assert outcomes == [Outcome.TOLD, Outcome.NO_PERSON]
    assert all(granted.client.can(capability) for capability in ("batch", "reset", "user_id"))
    eventually(granted.standing, "reset")


def test_a_request_can_be_named_by_its_id(granted: Hub) -> None:
    """Which is there even where names are not shared."""
    assert granted.handle("pending", requestId=granted.listed("accepted")[0]["requestId"]).status_code == 200
    eventually(granted.standing, "pending")


def test_bad_calls_are_refused_with_the_words_that_our_client_reads(there: Hub) -> None:
    """A status that is none, a reason that is too long, a person named twice, a gate that is off."""
    status, _code, words = error(there.handle("sideways", user=there.name))
    assert (status, "at status" in words) == (400, True)
    body = {"user": there.name, "status": "rejected", "rejectionReason": "x" * 201}
    status, _code, words = error(there.ask("POST", f"{there.place}/handle", json=body))
    assert (status, "at rejectionReason" in words) == (400, True)
    status, _code, words = error(there.handle("pending", user=there.name, userId="0" * 24))
    assert (status, "userId or user" in words) == (400, True)
    there.gate(False)
    assert error(there.handle("accepted", user=there.name))[:2] == (400, "RepoNotGated")


def test_the_gate_keeps_its_lists_when_it_is_off(granted: Hub) -> None:
    """Taking it off and putting it back restores old access: the reason for our safe way back."""
    granted.gate(False)
    assert granted.standing() == "accepted"
    granted.gate("manual")
    assert granted.standing() == "accepted"
