"""Appointing, dismissing, founding: without permissions, which the caller asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import people
from accounts.models import HubPerson, Membership, Publisher, User
from accounts.viewer import Viewer

pytestmark = pytest.mark.django_db
OWNER = Membership.Role.OWNER


@pytest.fixture
def owner(ada: User, publisher: Publisher) -> User:
    """Ada owns the publisher."""
    people.appoint(publisher=publisher, user=ada, role=OWNER, by=ada)
    return ada


def test_appointing_twice_is_once(owner: User, publisher: Publisher) -> None:
    """The role that is held stays as it was given."""
    again = people.appoint(publisher=publisher, user=owner, role=OWNER, by=owner)
    assert list(publisher.memberships.all()) == [again]


def test_the_last_owner_stays(owner: User, publisher: Publisher) -> None:
    """A publisher without an owner could never be managed again."""
    with pytest.raises(people.CannotDo, match="last owner"):
        people.dismiss(publisher=publisher, user=owner, role=OWNER, by=owner)
    grace = User.objects.create_user("grace")
    people.appoint(publisher=publisher, user=grace, role=OWNER, by=owner)
    assert people.dismiss(publisher=publisher, user=owner, role=OWNER, by=grace)
    assert not people.dismiss(publisher=publisher, user=owner, role=OWNER, by=grace)


def test_a_system_user_holds_no_role(owner: User, publisher: Publisher) -> None:
    """Nobody could sign in with it."""
    with pytest.raises(people.CannotDo, match="nobody can sign in"):
        people.appoint(publisher=publisher, user=User.objects.system("hub"), role="auditor", by=owner)
    with pytest.raises(ValueError, match="Unknown role"):
        people.appoint(publisher=publisher, user=owner, role="emperor", by=owner)


def test_a_viewer_reads_roles_once(owner: User, publisher: Publisher, django_assert_num_queries: Any) -> None:
    """Any number of questions cost one statement."""
    people.appoint(publisher=publisher, user=owner, role="reviewer", by=owner)
    viewer = Viewer.of(owner)
    with django_assert_num_queries(1):
        assert viewer.roles_at(publisher.pk) == {"owner", "reviewer"}
        assert viewer.roles_at(0) == frozenset()
        assert viewer.publishers_with("reviewer", "counsel") == {publisher.pk}
        assert viewer.publishers_with("counsel") == frozenset()
        assert viewer.publishers_with() == {publisher.pk}
    assert viewer.scopes is None


def test_nobody_is_nobody(django_assert_num_queries: Any) -> None:
    """An anonymous viewer has no role, no person, and costs nothing."""
    with django_assert_num_queries(0):
        viewer = Viewer.anonymous()
        assert not viewer.is_authenticated
        assert viewer.publishers_with() == frozenset()
        assert (viewer.person, viewer.system_name) == (None, "")


def test_a_system_viewer_has_a_name() -> None:
    """The clock acts by name and is no operator."""
    clock = Viewer.system("clock")
    assert (clock.is_system, clock.system_name, clock.is_operator) == (True, "clock", False)
    assert Viewer.system("sweeper").system_name == "sweeper"


def test_a_closed_account_is_nobody(ada: User) -> None:
    """Whoever may not sign in is not seen."""
    ada.is_active = False
    assert not Viewer.of(ada).is_authenticated


def test_a_system_name_cannot_be_a_persons(ada: User) -> None:
    """Nobody becomes the clock by choosing its name."""
    with pytest.raises(ValueError, match="name of a person"):
        User.objects.system("ada")


def test_an_old_sign_in_proves_nothing(ada: User) -> None:
    """A role on the Hub can be lost: after a day the person signs in again."""
    person = HubPerson.objects.see(hub_user_id="a" * 24, username="ada")
    people.connect(person=person, user=ada)
    claims = {"orgs": [{"preferred_username": "lab", "sub": "b" * 24, "roleInOrg": "write"}]}
    people.remember_orgs(person=HubPerson.objects.get(), claims=claims, at=timezone.now() - timedelta(hours=25))
    assert people.provable_namespaces(ada) == []
    with pytest.raises(people.CannotDo, match="Sign in with Hugging Face again"):
        people.found_publisher(user=ada, namespace="lab")


WHOAMI = {
    "type": "user",
    "id": "a" * 24,
    "name": "ada",
    "orgs": [{"id": "b" * 24, "name": "lab", "roleInOrg": "admin"}, {"name": "other", "roleInOrg": "contributor"}],
    "auth": {"accessToken": {"role": "write"}},
}


@pytest.mark.parametrize("namespace", ["lab", "LAB", "ada"])
def test_a_token_proves_a_namespace(ada: User, namespace: str) -> None:
    """The Hub's answer to whoami is as good as a sign-in."""
    made = people.found_publisher(user=ada, namespace=namespace, proof=WHOAMI)
    assert made.proved_at is not None
    assert Viewer.of(ada).roles_at(made.pk) == {"owner"}


def fine_grained(name: str, kind: str, *permissions: str) -> dict[str, Any]:
    """The answer for a token that reaches one entity only."""
    scoped = [{"entity": {"_id": "b" * 24, "type": kind, "name": name}, "permissions": list(permissions)}]
    return {**WHOAMI, "auth": {"accessToken": {"role": "fineGrained", "fineGrained": {"scoped": scoped}}}}


def test_a_fine_grained_token_proves_what_it_may_write_to(ada: User) -> None:
    """And nothing else of its person's."""
    proof = fine_grained("lab", "org", "repo.content.read", "repo.write")
    with pytest.raises(people.CannotDo, match="does not prove"):
        people.found_publisher(user=ada, namespace="ada", proof=proof)
    assert people.found_publisher(user=ada, namespace="lab", proof=proof).name == "lab"


@pytest.mark.parametrize(
    ("namespace", "proof"),
    [
        ("other", WHOAMI),
        ("stranger", WHOAMI),
        ("", WHOAMI),
        ("lab", {**WHOAMI, "auth": {"accessToken": {"role": "read"}}}),
        ("lab", {**WHOAMI, "auth": {"accessToken": {"role": "fineGrained"}}}),
        ("lab", fine_grained("lab", "org", "repo.content.read")),
        ("lab", fine_grained("lab/model", "model", "repo.write")),
        ("other", fine_grained("other", "org", "repo.write")),
        ("lab", {**WHOAMI, "auth": {"type": "oauth", "scopes": ["openid", "read-repos"]}}),
        ("lab", {**WHOAMI, "auth": {}}),
        ("lab", {}),
    ],
)
def test_a_token_that_proves_nothing(ada: User, namespace: str, proof: dict[str, Any]) -> None:
    """A contributor, a stranger, a token that may not write there or that an application got: no publisher.

    Somebody who was given a small token of an administrator must not take the administrator's namespace here.
    """
    with pytest.raises(people.CannotDo, match="does not prove"):
        people.found_publisher(user=ada, namespace=namespace, proof=proof)
    assert not Publisher.objects.exists()


def test_a_renamed_organisation_is_not_founded_twice(ada: User) -> None:
    """The Hub's id says that it is the same."""
    people.found_publisher(user=ada, namespace="lab", proof=WHOAMI)
    renamed = {**WHOAMI, "orgs": [{"id": "b" * 24, "name": "lab-next", "roleInOrg": "admin"}]}
    with pytest.raises(people.CannotDo, match="already"):
        people.found_publisher(user=ada, namespace="lab-next", proof=renamed)
