"""Signing in with the Hub, over HTTP against the sandbox Hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from accounts import people
from accounts.models import HubPerson, User
from gatekeeper.hub.sandbox.control import SandboxControl

pytestmark = pytest.mark.django_db


@pytest.fixture
def grace(sandbox: SandboxControl) -> dict[str, Any]:
    """Somebody on the Hub."""
    return sandbox.add_user("grace", fullname="Grace H", email="grace@example.org", emailVerified=True)


def test_it_proves_the_person_by_the_hubs_id(sign_in: Callable[..., Any], grace: dict[str, Any]) -> None:
    """A first sign-in makes a user tied to the person; nothing of the claims is kept that is not needed."""
    browser = Client()
    answer = sign_in(browser, "grace")
    assert answer.status_code == 302
    person = HubPerson.objects.get(username="grace")
    assert person.user is not None
    assert (person.user.username, person.user.email) == ("grace", "grace@example.org")
    assert person.hub_user_id == grace["id"]
    assert person.fullname == "Grace H"
    assert person.proven_at is not None
    assert browser.get("/account/").context["viewer"].person == person
    stored = SocialAccount.objects.get().extra_data
    assert stored == {"userinfo": {"sub": person.hub_user_id, "preferred_username": "grace"}}
    assert not person.user.has_usable_password()


def test_it_follows_a_rename(sign_in: Callable[..., Any], grace: dict[str, Any], sandbox: SandboxControl) -> None:
    """Another name on the Hub is the same person here, and both names are remembered."""
    sign_in(Client(), "grace")
    sandbox.rename_user("grace", "admiral")
    sign_in(Client(), "admiral")
    person = HubPerson.objects.get()
    assert person.username == "admiral"
    assert set(person.names.values_list("username", flat=True)) == {"grace", "admiral"}
    assert User.objects.filter(is_system=False).count() == 1


def test_it_never_links_by_email(sign_in: Callable[..., Any], sandbox: SandboxControl, ada: User) -> None:
    """A Hub account with the address of a password account is somebody else, and does not get the address."""
    sandbox.add_user("mallory", email=ada.email, emailVerified=True)
    sign_in(Client(), "mallory")
    person = HubPerson.objects.get(username="mallory")
    assert person.user != ada
    assert person.user is not None
    assert person.user.email == ""


def test_it_gives_a_taken_name_a_number(sign_in: Callable[..., Any], sandbox: SandboxControl, ada: User) -> None:
    """The name on the Hub may be taken here by a password account: the account's name yields, the person's does not."""
    sandbox.add_user("ada")
    sign_in(Client(), "ada")
    person = HubPerson.objects.get(username="ada")
    assert person.user is not None
    assert person.user != ada
    assert person.user.username.startswith("ada")


def test_an_unverified_address_is_not_taken_over(sign_in: Callable[..., Any], sandbox: SandboxControl) -> None:
    """Only an address that the Hub has verified is one to write to."""
    sandbox.add_user("eve", email="eve@example.org", emailVerified=False)
    sign_in(Client(), "eve")
    assert User.objects.get(username="eve").email == ""


def test_a_password_account_connects_one_identity_for_good(
    sign_in: Callable[..., Any], sandbox: SandboxControl, ada: User, grace: dict[str, Any]
) -> None:
    """The first connection holds; a second identity and a removal are refused, each with a sentence."""
    sandbox.add_user("ada-on-hub")
    browser = Client()
    browser.force_login(ada, backend="accounts.backends.PeopleBackend")
    reauthenticate(browser)
    sign_in(browser, "ada-on-hub", process="connect")
    person = HubPerson.objects.get(username="ada-on-hub")
    assert person.user == ada

    refused = sign_in(browser, "grace", process="connect")
    assert refused.status_code == 403
    assert b"for good" in refused.content
    assert HubPerson.objects.get(username="grace").user is None

    reauthenticate(browser)
    browser.post("/account/3rdparty/", {"account": SocialAccount.objects.get(user=ada).pk})
    assert SocialAccount.objects.filter(user=ada).exists()


def test_it_refuses_an_identity_of_another_account(
    sign_in: Callable[..., Any], ada: User, grace: dict[str, Any]
) -> None:
    """An identity with an account here stays with that account."""
    sign_in(Client(), "grace")
    browser = Client()
    browser.force_login(ada, backend="accounts.backends.PeopleBackend")
    refused = sign_in(browser, "grace", process="connect")
    assert refused.status_code == 403
    assert b"belongs to another account" in refused.content
    assert HubPerson.objects.get(username="grace").user != ada


def reauthenticate(browser: Client) -> None:
    """Show the password again, as connecting and disconnecting demand."""
    assert browser.post("/account/reauthenticate/", {"password": "correct horse battery"}).status_code == 302


def test_it_reads_organisations_and_founds_publishers(sign_in: Callable[..., Any], sandbox: SandboxControl) -> None:
    """The roles that the Hub showed prove a publisher; a mere reader proves none."""
    sandbox.add_user("lin")
    sandbox.add_org("bright-lab", {"lin": "admin"})
    sandbox.add_org("elsewhere", {"lin": "read"})
    sign_in(Client(), "lin")
    user = User.objects.get(username="lin")
    assert [(space.name, space.kind) for space in people.provable_namespaces(user)] == [
        ("lin", "user"),
        ("bright-lab", "organisation"),
    ]
    publisher = people.found_publisher(user=user, namespace="Bright-Lab")
    assert publisher.name == "bright-lab"
    assert publisher.hub_id
    assert list(publisher.memberships.values_list("user", "role")) == [(user.pk, "owner")]
    with pytest.raises(people.CannotDo, match="already"):
        people.found_publisher(user=user, namespace="bright-lab")
    with pytest.raises(people.CannotDo, match="elsewhere"):
        people.found_publisher(user=user, namespace="elsewhere")


def test_a_hub_that_is_down_gives_a_sentence(sandbox: SandboxControl, settings: Any) -> None:
    """Nothing listens: the page says so and offers to try again."""
    app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
    app["settings"]["server_url"] = "http://127.0.0.1:9"
    answer = Client().post("/account/oidc/huggingface/login/")
    assert answer.status_code == 503
    assert b"did not confirm who you are" in answer.content


def test_a_forged_way_back_is_refused(sandbox: SandboxControl) -> None:
    """A callback that nobody asked for signs nobody in."""
    browser = Client()
    answer = browser.get("/account/oidc/huggingface/login/callback/?code=x&state=y")
    assert b"did not confirm who you are" in answer.content
    assert "_auth_user_id" not in browser.session


def test_a_closed_account_stays_out(sign_in: Callable[..., Any], grace: dict[str, Any]) -> None:
    """The Hub proves who it is; whether the account is open is ours to say."""
    sign_in(Client(), "grace")
    User.objects.filter(username="grace").update(is_active=False)
    browser = Client()
    sign_in(browser, "grace")
    assert "_auth_user_id" not in browser.session


def test_a_lost_link_of_allauth_is_made_again(sign_in: Callable[..., Any], grace: dict[str, Any]) -> None:
    """The person is the truth: a missing row of allauth neither locks out nor makes a second user."""
    sign_in(Client(), "grace")
    SocialAccount.objects.all().delete()
    browser = Client()
    sign_in(browser, "grace")
    assert browser.session["_auth_user_id"] == str(HubPerson.objects.get().user_id)


def test_signing_in_needs_a_post(sandbox: SandboxControl) -> None:
    """Following a link shows a page with a button and starts nothing."""
    answer = Client().get("/account/oidc/huggingface/login/")
    assert answer.status_code == 200
    assert b'method="post"' in answer.content


def test_the_button_is_the_pages_first(sandbox: SandboxControl) -> None:
    """Signing in with the Hub is what the page is for."""
    page = Client().get("/account/login/").content.decode()
    assert "Sign in with Hugging Face" in page
    assert page.index("Sign in with Hugging Face") < page.index('name="password"')
