"""found_publisher, appoint, dismiss, keep_token: a publisher's people and tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import HubToken, Membership, Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import people
from gatekeeper.models import Event
from gatekeeper.rules.refusals import NotAllowed, Unmet
from tests import factories
from tests.expect import events, last_event, refused


def proof(name: str, role: str = "write") -> dict[str, Any]:
    """The Hub's answer to whoami for a token."""
    return {"type": "user", "name": name, "auth": {"accessToken": {"role": role, "displayName": "gate"}}, "orgs": []}


def test_whoever_proves_a_namespace_founds_its_publisher(juma: Viewer) -> None:
    """As its owner; the token that proved it is kept, encrypted."""
    publisher = people.found_publisher(by=juma, namespace="juma", proof=proof("juma"), secret="hf_secret")
    token = HubToken.objects.get()
    assert Membership.objects.get().role == "owner"
    assert (token.hub_username, token.role_seen, token.label, token.health) == ("juma", "write", "gate", "ok")
    assert token.reveal() == "hf_secret"
    assert "hf_secret" not in token.ciphertext
    assert events(publisher) == ["publisher.found", "publisher.keep_token"]
    assert last_event(publisher).data == {"token": token.pk, "fingerprint": token.fingerprint}


def test_a_sign_in_proves_a_namespace_without_a_token(juma: Viewer) -> None:
    """What the Hub said at the last sign-in is proof; no token is kept."""
    from accounts.people import remember_orgs

    assert juma.person is not None
    remember_orgs(person=juma.person, claims={"orgs": [{"preferred_username": "juma-lab", "roleInOrg": "admin"}]})
    publisher = people.found_publisher(by=juma, namespace="juma-lab", secret="hf_unused")
    assert last_event(publisher).data == {"by_token": False}
    assert not HubToken.objects.exists()


def test_nothing_is_founded_without_proof_or_twice(aurora_lab: Publisher, juma: Viewer, nobody: Viewer) -> None:
    """A token that may only read proves nothing; a publisher is there once."""
    for namespace, shown in (("juma", None), ("juma", proof("juma", "read")), ("aurora-lab", proof("aurora-lab"))):
        with refused(Unmet, "cannot_found"):
            people.found_publisher(by=juma, namespace=namespace, proof=shown)
    with refused(NotAllowed, "sign_in"):
        people.found_publisher(by=nobody, namespace="juma", proof=proof("juma"))


def test_an_owner_gives_and_takes_roles(aurora_lab: Publisher, amara: Viewer, juma: Viewer) -> None:
    """Each is recorded; taking what is not held says so and records nothing."""
    people.appoint(aurora_lab, by=amara, user=juma.user, role="counsel")
    assert Viewer.of(juma.user).roles_at(aurora_lab.pk) == {"counsel"}
    assert last_event(aurora_lab).data == {"user": juma.user.pk, "role": "counsel"}
    assert people.dismiss(aurora_lab, by=amara, user=juma.user, role="counsel") is True
    assert last_event(aurora_lab).action == "publisher.dismiss"
    before = Event.objects.count()
    assert people.dismiss(aurora_lab, by=amara, user=juma.user, role="counsel") is False
    assert Event.objects.count() == before


def test_what_cannot_be_is_refused_with_its_reason(aurora_lab: Publisher, amara: Viewer, clock: Viewer) -> None:
    """The clock holds no role, and the last owner stays."""
    with refused(Unmet, "cannot_appoint") as caught:
        people.appoint(aurora_lab, by=amara, user=clock.user, role="reviewer")
    assert "nobody can sign in" in str(caught.value)
    with refused(Unmet, "cannot_dismiss") as caught:
        people.dismiss(aurora_lab, by=amara, user=amara.user, role="owner")
    assert "last owner" in str(caught.value)


def test_only_owners_may(
    aurora_lab: Publisher, bram: Viewer, chidi: Viewer, goran: Viewer, juma: Viewer, nobody: Viewer
) -> None:
    """A steward designs ladders; people and tokens are the owner's."""
    for who, code in ((bram, "not_allowed"), (chidi, "not_allowed"), (goran, "not_allowed"), (nobody, "sign_in")):
        with refused(NotAllowed, code):
            people.appoint(aurora_lab, by=who, user=juma.user, role="owner")
        with refused(NotAllowed, code):
            people.dismiss(aurora_lab, by=who, user=chidi.user, role="reviewer")
        with refused(NotAllowed, code):
            people.keep_token(aurora_lab, by=who, secret="hf_z")


@pytest.mark.parametrize("shown", [{}, {"auth": None}, {"auth": {"accessToken": None}}])
def test_whatever_the_hub_left_out_is_left_empty(shown: dict[str, Any]) -> None:
    """An answer without details of the token is an answer."""
    told = {"label": "", "hub_username": "", "hub_user_id": "", "role_seen": "", "expires_at": None, "health": "ok"}
    assert people.told_of_token(shown) == told


@pytest.mark.parametrize(
    ("said", "ends"),
    [("2026-12-24T12:00:00Z", datetime(2026, 12, 24, 12, tzinfo=UTC)), ("2026-12-24", None), ("soon", None)],
)
def test_what_the_hub_says_of_a_token_is_kept(said: str, ends: datetime | None) -> None:
    """Whose it is by their id, and when it ends where that is a time."""
    told = people.told_of_token({"id": factories.hub_id("amara"), "auth": {"expiresAt": said}})
    assert (told["hub_user_id"], told["expires_at"]) == (factories.hub_id("amara"), ends)
    assert people.told_of_token({"id": "DROP TABLE"})["hub_user_id"] == ""


def test_a_stranger_sees_nothing_of_it(aurora_lab: Publisher, ha: Viewer) -> None:
    """Steps of a publisher's people stand in its own record."""
    assert factories.found(factories.account("other"), "other-lab") != aurora_lab
    assert not Event.objects.visible_to(ha).exists()
