"""Signing in with the Hub, step by step as an application does it: OpenID Connect with PKCE."""

import base64
import hashlib
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest

from gatekeeper.hub.sandbox.control import SandboxControl

Ask = Callable[..., Any]
BACK = "http://127.0.0.1:5555/back?to=here"


class Application:
    """What an application keeps while somebody signs in."""

    def __init__(self, ask: Ask, client_id: str = "gatekeeper", scope: str = "openid profile email") -> None:
        self.ask = ask
        self.verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        self.question = {
            "client_id": client_id,
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": scope,
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }

    def choose(self, **form: str) -> dict[str, str]:
        """Somebody is chosen on the page; gives what the application is told."""
        answer = self.ask("POST", "/oauth/authorize", data=self.question | form)
        assert answer.status_code == 303
        told = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
        assert answer.headers["Location"].startswith(BACK + "&")
        return told

    def exchange(self, code: str, **form: str) -> Any:
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": self.verifier,
            "client_id": self.question["client_id"],
        }
        return self.ask("POST", "/oauth/token", data=body | form)


@pytest.fixture
def application(hub: SandboxControl, ask: Ask) -> Application:
    return Application(ask)


def test_discovery_names_every_door(hub: SandboxControl, ask: Ask) -> None:
    found = ask("GET", "/.well-known/openid-configuration").json()
    assert found["issuer"] == hub.url
    for door in ("authorization", "token", "userinfo"):
        assert found[f"{door}_endpoint"] == f"{hub.url}/oauth/{'authorize' if door == 'authorization' else door}"
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert set(found["token_endpoint_auth_methods_supported"]) == {"client_secret_basic", "client_secret_post", "none"}


def test_somebody_signs_in(hub: SandboxControl, ask: Ask, application: Application) -> None:
    """The identity token is signed with the published key, and `sub` is the id that request lists show."""
    page = ask("GET", "/oauth/authorize", params=application.question)
    assert page.status_code == 200
    assert 'value="bob"' in page.text
    told = application.choose(person="bob")
    assert told["state"] == "the-state"
    answer = application.exchange(told["code"], client_secret="sandbox-secret")
    assert answer.status_code == 200
    tokens = answer.json()
    assert tokens["token_type"] == "bearer"
    [key] = ask("GET", "/oauth/jwks").json()["keys"]
    assert jwt.get_unverified_header(tokens["id_token"])["kid"] == key["kid"]
    public = jwt.PyJWK(key).key
    claims = jwt.decode(tokens["id_token"], public, algorithms=["RS256"], audience="gatekeeper", issuer=hub.url)
    assert (claims["nonce"], claims["sub"]) == ("the-nonce", hub.user("bob")["id"])
    person = ask("GET", "/oauth/userinfo", tokens["access_token"]).json()
    assert person["sub"] == claims["sub"]
    assert (person["preferred_username"], person["name"]) == ("bob", "Bob")
    assert (person["email"], person["email_verified"]) == ("bob@example.org", True)


def test_userinfo_tells_organisations_with_roles(hub: SandboxControl, ask: Ask, application: Application) -> None:
    code = application.choose(person="ada")["code"]
    token = application.exchange(code, client_secret="sandbox-secret").json()["access_token"]
    [org] = ask("GET", "/oauth/userinfo", token).json()["orgs"]
    assert (org["preferred_username"], org["roleInOrg"]) == ("lab", "admin")


def test_the_id_stays_when_the_name_changes(hub: SandboxControl, ask: Ask, application: Application) -> None:
    before = hub.user("bob")["id"]
    hub.rename_user("bob", "robert")
    code = application.choose(person="robert")["code"]
    token = application.exchange(code, client_secret="sandbox-secret").json()["access_token"]
    person = ask("GET", "/oauth/userinfo", token).json()
    assert (person["sub"], person["preferred_username"]) == (before, "robert")


def test_claims_follow_the_scope(hub: SandboxControl, ask: Ask) -> None:
    application = Application(ask, scope="openid")
    code = application.choose(person="bob")["code"]
    token = application.exchange(code, client_secret="sandbox-secret").json()["access_token"]
    assert set(ask("GET", "/oauth/userinfo", token).json()) == {"sub"}


def test_a_secret_may_come_in_the_header(application: Application) -> None:
    code = application.choose(person="bob")["code"]
    header = base64.b64encode(b"gatekeeper:sandbox-secret").decode()
    body = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": application.verifier,
    }
    answer = application.ask("POST", "/oauth/token", data=body, headers={"Authorization": f"Basic {header}"})
    assert answer.status_code == 200


def test_a_public_application_needs_no_secret_but_a_verifier(ask: Ask, hub: SandboxControl) -> None:
    application = Application(ask, "gatekeeper-public")
    code = application.choose(person="bob")["code"]
    assert application.exchange(code).status_code == 200
    del application.question["code_challenge"]
    assert application.choose(person="bob")["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "unknown"}, 401, "invalid_client"),
        ({"client_id": "gatekeeper-public", "client_secret": ""}, 400, "invalid_grant"),
        ({"code_verifier": "wrong"}, 400, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:5555/other"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"code": "wrong"}, 400, "invalid_grant"),
    ],
)
def test_it_exchanges_only_what_fits(application: Application, form: dict[str, str], status: int, error: str) -> None:
    told = application.choose(person="bob")
    answer = application.exchange(**{"code": told["code"], "client_secret": "sandbox-secret"} | form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_code_is_for_one_use(application: Application) -> None:
    code = application.choose(person="bob")["code"]
    assert application.exchange(code, client_secret="sandbox-secret").status_code == 200
    assert application.exchange(code, client_secret="sandbox-secret").json()["error"] == "invalid_grant"


def test_a_refresh_token_gives_another_access_token(ask: Ask, application: Application) -> None:
    code = application.choose(person="bob")["code"]
    tokens = application.exchange(code, client_secret="sandbox-secret").json()
    body = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "client_id": "gatekeeper",
        "client_secret": "sandbox-secret",
    }
    again = ask("POST", "/oauth/token", data=body).json()
    assert ask("GET", "/oauth/userinfo", again["access_token"]).json()["preferred_username"] == "bob"
    assert ask("POST", "/oauth/token", data=body).status_code == 400


def test_declining_is_told(application: Application) -> None:
    assert application.choose(cancel="1") == {"to": "here", "error": "access_denied", "state": "the-state"}


@pytest.mark.parametrize(
    "change", [{"client_id": "unknown"}, {"redirect_uri": "https://elsewhere.example/back"}, {"redirect_uri": "x:y"}]
)
def test_nobody_is_sent_to_an_address_that_is_not_trusted(application: Application, change: dict[str, str]) -> None:
    application.question |= change
    for method, about in (("GET", "params"), ("POST", "data")):
        answer = application.ask(method, "/oauth/authorize", **{about: application.question | {"person": "bob"}})
        assert answer.status_code == 400
        assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "openid everything"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_wrong_question_is_told_to_the_application(
    application: Application, change: dict[str, str], error: str
) -> None:
    application.question |= change
    answer = application.ask("GET", "/oauth/authorize", params=application.question)
    assert f"error={error}" in answer.headers["Location"]


def test_an_access_token_reaches_only_as_far_as_its_scope(hub: SandboxControl, ask: Ask, gated: str) -> None:
    """A sign-in token reads no gated file, and handles no request."""
    hub.set_status(gated, "bob", "accepted", by="ada")
    for scope, status in (("openid profile", 403), ("openid profile gated-repos", 200)):
        application = Application(ask, scope=scope)
        code = application.choose(person="bob")["code"]
        token = application.exchange(code, client_secret="sandbox-secret").json()["access_token"]
        assert ask("GET", f"/api/models/{gated}/auth-check", token).status_code == status
    application = Application(ask)
    code = application.choose(person="ada")["code"]
    token = application.exchange(code, client_secret="sandbox-secret").json()["access_token"]
    assert ask("GET", f"/api/models/{gated}/user-access-request/pending", token).status_code == 403
    assert ask("GET", "/api/whoami-v2", token).json()["auth"]["type"] == "oauth"


def test_an_application_may_be_registered_with_its_address(hub: SandboxControl, ask: Ask) -> None:
    hub.add_app("other", "its-secret", ["https://service.example/back"])
    application = Application(ask, "other")
    application.question["redirect_uri"] = "https://service.example/back"
    answer = ask("POST", "/oauth/authorize", data=application.question | {"person": "bob"})
    assert answer.headers["Location"].startswith("https://service.example/back?code=")
