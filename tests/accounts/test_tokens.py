"""Hub tokens and API tokens: nothing shows them, keys can change, what is over is over."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import structlog
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from accounts import ciphers
from accounts.authentication import ApiTokenAuthentication, viewer_of
from accounts.models import ApiToken, HubToken, Publisher, User
from gatekeeper.log import hide_secrets

pytestmark = pytest.mark.django_db
SECRET = "hf_" + "S" * 34


@pytest.fixture
def hub_token(ada: User, publisher: Publisher) -> HubToken:
    """A token of the publisher."""
    return HubToken.objects.keep(publisher=publisher, secret=SECRET, label="sync", by=ada)


def test_only_reveal_opens_it(hub_token: HubToken) -> None:
    """Neither the row nor its text holds the token; people compare fingerprints."""
    assert hub_token.reveal() == SECRET
    shown = f"{hub_token!r} {hub_token!s} {hub_token.__dict__}"
    assert SECRET not in shown
    assert hub_token.ciphertext not in f"{hub_token!r} {hub_token!s}"
    assert hub_token.fingerprint == ciphers.fingerprint(SECRET)


def test_the_newest_live_token_is_current(hub_token: HubToken, ada: User, publisher: Publisher) -> None:
    """A new token takes over; when it is revoked, the one before is used again."""
    newer = HubToken.objects.keep(publisher=publisher, secret="hf_other", by=ada)
    assert HubToken.objects.current_for(publisher) == newer
    newer.revoked_at = timezone.now()
    newer.save(update_fields=["revoked_at"])
    assert HubToken.objects.current_for(publisher.pk) == hub_token


def test_keys_can_change(hub_token: HubToken, settings: Any) -> None:
    """A new first key opens old tokens; after the rotation the old key is not needed."""
    old, new = settings.GATEKEEPER_ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    settings.GATEKEEPER_ENCRYPTION_KEYS = [new, old]
    assert hub_token.reveal() == SECRET
    out = StringIO()
    call_command("rotate_hub_tokens", stdout=out)
    assert "1 Hub tokens" in out.getvalue()
    settings.GATEKEEPER_ENCRYPTION_KEYS = [new]
    hub_token.refresh_from_db()
    assert hub_token.reveal() == SECRET


def test_second_factors_are_rotated_too(ada: User, settings: Any) -> None:
    """Their seeds are under the same keys; one that no key opens is named and left as it is."""
    old, new = settings.GATEKEEPER_ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    factor = Authenticator.objects.create(user=ada, type="totp", data={"secret": ciphers.encrypt("seed")})
    settings.GATEKEEPER_ENCRYPTION_KEYS = [new, old]
    call_command("rotate_hub_tokens", stdout=StringIO())
    settings.GATEKEEPER_ENCRYPTION_KEYS = [new]
    factor.refresh_from_db()
    assert ciphers.decrypt(factor.data["secret"]) == "seed"
    settings.GATEKEEPER_ENCRYPTION_KEYS = [old]
    with pytest.raises(CommandError, match=f"second factor {factor.pk}"):
        call_command("rotate_hub_tokens", stdout=StringIO())


def test_a_missing_key_is_said_and_nothing_leaks(hub_token: HubToken, settings: Any) -> None:
    """The refusal names the fingerprint, never the ciphertext."""
    settings.GATEKEEPER_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(ciphers.KeyMissing) as refused:
        hub_token.reveal()
    assert hub_token.ciphertext not in str(refused.value)
    with pytest.raises(CommandError, match=hub_token.fingerprint):
        call_command("rotate_hub_tokens", stdout=StringIO())


def test_an_api_token_is_shown_once(ada: User) -> None:
    """The row holds a digest; the format is fixed, so that scanners can find leaked ones."""
    row, secret = ApiToken.objects.issue(user=ada, name="ci", scopes=["read", "apply"])
    assert secret.startswith("gk_")
    assert len(secret) == 43
    assert secret not in f"{row!r} {row!s} {row.__dict__}"
    assert ApiToken.objects.find(secret) == row


def test_what_is_over_is_over(ada: User) -> None:
    """Expired, revoked, of a closed account, unknown, misspelt: nothing is found."""
    now = timezone.now()
    expired, expired_secret = ApiToken.objects.issue(user=ada, name="a", scopes=["read"], expires_at=now)
    assert ApiToken.objects.find(expired_secret, at=now) is None
    assert ApiToken.objects.find(expired_secret, at=now - timedelta(seconds=1)) == expired
    revoked, revoked_secret = ApiToken.objects.issue(user=ada, name="b", scopes=["read"])
    ApiToken.objects.filter(pk=revoked.pk).update(revoked_at=now)
    assert ApiToken.objects.find(revoked_secret) is None
    _live, live_secret = ApiToken.objects.issue(user=ada, name="c", scopes=["read"])
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert ApiToken.objects.find(live_secret) is None
    assert ApiToken.objects.find("gk_nothing") is None
    assert ApiToken.objects.find("") is None


def test_the_last_use_is_written_once_a_minute(ada: User, django_assert_num_queries: Any) -> None:
    """A busy script costs one read a call, and one write a minute."""
    _row, secret = ApiToken.objects.issue(user=ada, name="busy", scopes=["read"])
    now = timezone.now()
    with django_assert_num_queries(2):
        ApiToken.objects.find(secret, at=now)
    with django_assert_num_queries(1):
        ApiToken.objects.find(secret, at=now + timedelta(seconds=59))
    with django_assert_num_queries(2):
        ApiToken.objects.find(secret, at=now + timedelta(seconds=61))


@pytest.mark.parametrize("scopes", [[], ["read", "everything"]])
def test_scopes_are_known_ones(ada: User, scopes: list[str]) -> None:
    """A token may do something, and nothing unheard of."""
    with pytest.raises(ValueError, match="scopes"):
        ApiToken.objects.issue(user=ada, name="odd", scopes=scopes)


def test_a_system_user_has_no_token() -> None:
    """The clock does not come through the API."""
    with pytest.raises(ValueError, match="system user"):
        ApiToken.objects.issue(user=User.objects.system("clock"), name="x", scopes=["read"])


def asked(**headers: str) -> Request:
    """A request of the API, authenticated by token only."""
    return Request(APIRequestFactory().get("/", headers=headers), authenticators=[ApiTokenAuthentication()])


def test_the_api_knows_the_bearer(ada: User) -> None:
    """The viewer of the request is the user, within the token's scopes."""
    row, secret = ApiToken.objects.issue(user=ada, name="ci", scopes=["read"])
    request = asked(Authorization=f"Bearer {secret}")
    assert (request.user, request.auth) == (ada, row)
    viewer = viewer_of(request)
    assert (viewer.user, viewer.scopes) == (ada, frozenset({"read"}))
    assert viewer_of(request) is viewer


@pytest.mark.parametrize("header", ["Bearer gk_wrong", "Bearer", "Bearer hf_token", "bearer \u00e9"])
def test_a_bad_bearer_is_refused(header: str) -> None:
    """A header that was meant for us and opens nothing is 401, never anonymous."""
    from rest_framework.exceptions import AuthenticationFailed

    with pytest.raises(AuthenticationFailed):
        _ = asked(Authorization=header).user
    assert ApiTokenAuthentication().authenticate_header(asked()).startswith("Bearer")


def test_no_header_is_nobody() -> None:
    """Without a bearer the next class is asked."""
    assert not viewer_of(asked()).is_authenticated


def test_the_page_makes_lists_and_revokes(client: Client, ada: User) -> None:
    """The secret stands on the answer to the form and on no other page."""
    client.force_login(ada)
    made = client.post("/account/tokens/", {"name": "laptop", "scopes": ["read"], "lifetime": "30"})
    secret = made.context["secret"]
    assert secret in made.content.decode()
    assert "no-store" in made["Cache-Control"]
    assert secret not in client.get("/account/tokens/").content.decode()
    again = client.post("/account/tokens/", {"name": "laptop", "scopes": ["read"], "lifetime": "30"})
    assert again.status_code == 422, "sending the form twice makes one token"
    token = ApiToken.objects.get()
    client.post(f"/account/tokens/{token.pk}/revoke/")
    assert ApiToken.objects.find(secret) is None


def test_a_stranger_revokes_nothing(client: Client, ada: User) -> None:
    """Another's token does not exist for me."""
    row, _secret = ApiToken.objects.issue(user=ada, name="ci", scopes=["read"])
    client.force_login(User.objects.create_user("grace"))
    assert client.post(f"/account/tokens/{row.pk}/revoke/").status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_only_an_operator_gives_operate(client: Client, ada: User) -> None:
    """The scope is not offered, and a forged form is refused."""
    client.force_login(ada)
    form = {"name": "root", "scopes": ["operate"], "lifetime": "7"}
    assert client.post("/account/tokens/", form).status_code == 422
    ada.is_operator = True
    ada.save(update_fields=["is_operator"])
    assert client.post("/account/tokens/", form).status_code == 200


@pytest.mark.parametrize(
    "event",
    [
        {"event": f"called with {SECRET}"},
        {"event": "x", "token": "abc"},
        {"event": "x", "headers": {"Authorization": "Bearer abcdefghijkl"}},
        {"event": "x", "nested": [{"password": "abc"}, f"gk_{'S' * 40}"]},
        {"event": "Authorization: Bearer abcdefghijkl"},
        {"event": "postgres://gk:abcdefghijkl@host/db"},
        {"event": "GET /find?name=abcdefghijkl HTTP/1.1"},
        {"event": "x", "exception": "DETAIL:  Key (email)=(abcdefghijkl) already exists."},
        {"event": "mail to abc.def+x@example.org failed"},
    ],
)
def test_a_log_line_holds_no_secret(event: dict[str, Any]) -> None:
    """Whatever its key and however deep: tokens, passwords, addresses and query strings are hidden."""
    line = json.dumps(hide_secrets(None, "info", dict(event)))
    assert "abc" not in line
    assert "SSSS" not in line


def test_a_query_string_is_not_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """The log knows the path, not what was asked."""
    with caplog.at_level(logging.INFO):
        client.get("/account/login/?next=/secret-place&email=ada@example.org")
    assert "/account/login/" in caplog.text
    assert "secret-place" not in caplog.text
    assert "ada@example.org" not in caplog.text
    structlog.contextvars.clear_contextvars()


def test_the_list_says_in_words_what_a_token_may_do(ada: User, client: Client) -> None:
    """In the order of the form, with the way to what the API can do."""
    ApiToken.objects.issue(user=ada, name="script", scopes=["review", "read"])
    client.force_login(ada)
    page = client.get("/account/tokens/").content.decode()
    listed = page.partition("<tbody")[2].partition("</tbody>")[0]
    assert listed.index("read what I may see") < listed.index("review and decide")
    assert 'href="/api/v1/docs/"' in page
