"""The door with a password: open where the installation says so, counted, never for system users."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def open_door(settings: Any) -> None:
    """Passwords are allowed."""
    settings.PASSWORD_SIGN_IN = True


def sign_in(client: Client, name: str = "ada", password: str = PASSWORD) -> Any:
    """Send the form."""
    return client.post("/account/login/", {"login": name, "password": password})


def is_in(client: Client) -> bool:
    """Whether the browser is signed in."""
    return "_auth_user_id" in client.session


def test_it_lets_in_by_name_and_by_address(ada: User) -> None:
    """Both name the account."""
    for name in ("ada", "ada@example.org", "ADA@example.org"):
        client = Client()
        sign_in(client, name)
        assert is_in(client), name


def test_a_new_account_reads_the_language_of_the_page(client: Client) -> None:
    """Somebody who signs up on a French page gets French mails."""
    form = {"username": "amelie", "email": "amelie@example.org", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/account/signup/", form, headers={"Accept-Language": "fr"})
    user = User.objects.get(username="amelie")
    assert user.language == "fr"
    assert not user.is_operator
    assert mail.outbox


def test_a_closed_door_is_closed(client: Client, ada: User, settings: Any) -> None:
    """With the setting off, neither the right password nor the sign-up form does anything."""
    settings.PASSWORD_SIGN_IN = False
    sign_in(client)
    assert not is_in(client)
    form = {"username": "new", "email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/account/signup/", form)
    assert not User.objects.filter(username="new").exists()
    assert 'name="password"' not in client.get("/account/login/").content.decode()


def test_a_system_user_cannot_sign_in(client: Client) -> None:
    """Not with a password, not with a session that somebody made, and no flag can be set to allow it."""
    clock = User.objects.system("clock")
    clock.set_password(PASSWORD)
    clock.save(update_fields=["password"])
    sign_in(client, "clock")
    assert not is_in(client)
    client.force_login(clock, backend="accounts.backends.PeopleBackend")
    assert client.get("/account/").status_code == 302
    for flag in ("is_active", "is_staff", "is_superuser"):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.filter(pk=clock.pk).update(**{flag: True})


def test_nobody_takes_a_system_users_name(client: Client) -> None:
    """In no spelling."""
    for name in ("clock", "Clock", "HUB"):
        form = {"username": name, "email": f"{name}@example.org", "password1": PASSWORD, "password2": PASSWORD}
        client.post("/account/signup/", form)
    assert not User.objects.filter(is_system=False).exists()


def test_tries_are_counted(client: Client, ada: User) -> None:
    """After five wrong passwords the right one has to wait too, and the page says so."""
    for _try in range(5):
        sign_in(client, password="wrong")
    answer = sign_in(client)
    assert not is_in(client)
    assert answer.status_code in (200, 429)
    assert "Too many" in answer.content.decode()


def test_the_admin_has_no_door_of_its_own(client: Client, ada: User) -> None:
    """Its form would pass by the second factor and the limits: it sends people to the one page for signing in."""
    answer = client.post("/admin/login/", {"username": "ada", "password": PASSWORD})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/")
    assert not is_in(client)


def test_an_address_belongs_to_one_account(ada: User) -> None:
    """In no spelling twice; accounts without an address do not collide."""
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("other", "ADA@example.org")
    User.objects.create_user("one")
    User.objects.create_user("two")


def test_passwords_are_kept_with_argon2(settings: Any, client: Client) -> None:
    """The setting that this whole suite makes quicker."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    assert User.objects.create_user("x", password=PASSWORD).password.startswith("argon2")


def test_the_second_factor_is_asked_and_kept_encrypted(client: Client, ada: User) -> None:
    """Switched on with the app's code, its seed is not readable in the database, and the next sign-in asks for it."""
    sign_in(client)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = client.get("/account/2fa/totp/activate/")
    found = re.search(r"<code>(\w+)</code>", page.content.decode())
    assert found is not None
    secret = found[1]
    client.post("/account/2fa/totp/activate/", {"code": code_of(secret)})
    kept = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert secret not in str(kept.data)
    codes = client.get("/account/2fa/recovery-codes/")
    assert "shown this once" in codes.content.decode()

    another = Client()
    sign_in(another)
    assert not is_in(another)
    assert another.get("/account/2fa/authenticate/").status_code == 200


def code_of(secret: str) -> str:
    """What the app shows now."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


@pytest.mark.parametrize(
    "address",
    ["", "tokens/", "language/", "email/", "2fa/", "3rdparty/", "logout/", "password/change/", "reauthenticate/"],
)
def test_each_page_about_oneself_is_one_of_ours(client: Client, ada: User, address: str) -> None:
    """Every page extends the base, and has neither inline script nor inline style."""
    client.force_login(ada)
    page = client.get(f"/account/{address}")
    assert page.status_code == 200
    check_shape(page)


@pytest.mark.parametrize(
    "address",
    [
        "login/",
        "signup/",
        "password/reset/",
        "password/reset/done/",
        "inactive/",
        "3rdparty/login/error/",
        "3rdparty/login/cancelled/",
        "language/",
        "confirm-email/nonsense/",
    ],
)
def test_each_entrance_is_one_of_ours(client: Client, address: str) -> None:
    """The pages before a sign-in too."""
    check_shape(client.get(f"/account/{address}"))


def check_shape(page: Any) -> None:
    """One heading, a title, the base, a strict policy, nothing inline."""
    text = page.content.decode()
    assert "base.html" in {template.name for template in page.templates}
    assert text.count("<h1") == 1
    assert re.search(r"<title>\s*\S", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|<style|\son\w+=", text)
    assert "default-src 'none'" in page["Content-Security-Policy"]


def test_the_chosen_language_goes_before_the_browsers(client: Client, ada: User) -> None:
    """Chosen once, it holds for this session and the next."""
    client.force_login(ada)
    client.post("/account/language/", {"language": "fr"})
    ada.refresh_from_db()
    assert ada.language == "fr"
    assert '<html lang="fr"' in client.get("/account/", headers={"Accept-Language": "en"}).content.decode()
    another = Client()
    sign_in(another)
    assert '<html lang="fr"' in another.get("/account/", headers={"Accept-Language": "en"}).content.decode()


def test_a_visitor_chooses_a_language_too(client: Client) -> None:
    """Kept in a cookie."""
    client.post("/account/language/", {"language": "fr"})
    assert '<html lang="fr"' in client.get("/account/login/").content.decode()
