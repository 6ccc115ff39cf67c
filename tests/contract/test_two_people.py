"""What a Hub does when somebody else asks for access: needs a second token where the Hub is a real one."""

from __future__ import annotations

from .conftest import Hub, eventually


def ask_again(there: Hub) -> None:
    """The other person presses the button once more."""
    answer = there.ask("POST", f"/{there.repo}/ask-access", "other", json={"Why": "again", "I agree": "on"})
    assert answer.status_code == 303


def test_a_request_shows_who_asked_and_what_they_answered(asked: Hub) -> None:
    """Under the labels of the form, with an e-mail address."""
    [item] = asked.listed("pending", asked.second_name)
    assert item["user"]["user"] == asked.second_name
    assert item["fields"]["Why"] == "study"
    assert "I agree" in item["fields"]
    assert "@" in item["user"]["email"]
    assert "reviewedAt" not in item


def test_asking_twice_changes_nothing(asked: Hub) -> None:
    """Neither while it waits nor after it was rejected: a rejected person cannot ask again."""
    [before] = asked.listed("pending", asked.second_name)
    ask_again(asked)
    assert asked.listed("pending", asked.second_name) == [before]
    assert asked.handle("rejected", user=asked.second_name).status_code == 200
    eventually(lambda: asked.standing(asked.second_name), "rejected")
    ask_again(asked)
    assert asked.standing(asked.second_name) == "rejected"


def test_after_a_reset_one_may_ask_again(asked: Hub) -> None:
    """With a new time and new answers: that is how our closing tells the old request from the new one."""
    [before] = asked.listed("pending", asked.second_name)
    assert asked.handle("reset", user=asked.second_name).status_code == 200
    eventually(lambda: asked.standing(asked.second_name), "reset")
    ask_again(asked)
    eventually(lambda: asked.standing(asked.second_name), "pending")
    [after] = asked.listed("pending", asked.second_name)
    assert after["timestamp"] > before["timestamp"]
    assert after["fields"]["Why"] == "again"


def test_the_gate_says_where_one_stands(asked: Hub) -> None:
    """Waiting, accepted, waiting again: access follows at once."""
    path = f"/api/models/{asked.repo}/auth-check"
    assert asked.ask("GET", path, "other").status_code == 403
    assert "awaiting a review" in asked.ask("GET", path, "other").json()["error"]
    asked.handle("accepted", user=asked.second_name)
    eventually(lambda: asked.ask("GET", path, "other").status_code, 200)
    asked.handle("pending", user=asked.second_name)
    eventually(lambda: asked.ask("GET", path, "other").status_code, 403)


def test_only_a_pending_request_can_be_taken_back(asked: Hub) -> None:
    """By its person; it is gone then."""
    assert asked.ask("POST", f"{asked.place}/cancel", "other").status_code == 200
    eventually(lambda: asked.standing(asked.second_name), "")
    assert asked.ask("POST", f"{asked.place}/cancel", "other").status_code == 404


def test_an_automatic_gate_names_nobody_who_decided(asked: Hub) -> None:
    """And does not accept those who waited before."""
    asked.gate("auto")
    assert asked.standing(asked.second_name) == "pending"
    asked.handle("reset", user=asked.second_name)
    ask_again(asked)
    eventually(lambda: asked.standing(asked.second_name), "accepted")
    [item] = asked.listed("accepted", asked.second_name)
    assert "grantedBy" not in item


def test_a_name_is_searched_by_its_beginning(asked: Hub) -> None:
    """In any case of letters."""
    beginning = asked.second_name[:4].upper()
    found = asked.ask("GET", f"{asked.place}/pending?q={beginning}").json()
    assert asked.second_name in {item["user"]["user"] for item in found}
    assert asked.ask("GET", f"{asked.place}/pending?q=zzzz{beginning}").json() == []
