"""Signing in with the Hub: OpenID Connect with the authorization code, PKCE S256 and RS256 identity tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import sqlite3
import time
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gatekeeper.hub.sandbox.people import add_token, avatar, find_person, orgs_of
from gatekeeper.hub.sandbox.store import Store
from gatekeeper.hub.sandbox.templates import choose_person, message
from gatekeeper.hub.sandbox.wire import Answer, Call, Refusal, as_json, redirect, route

_SCOPES = (
    "openid profile email read-billing read-memberships read-repos gated-repos contribute-repos write-repos manage- "
    "repos read-collections write-collections inference-api read-endpoints write-endpoints jobs webhooks write- "
    "discussions"
)
SCOPES = _SCOPES.split()
CLAIMS = [
    "sub",
    "name",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "isPro",
    "orgs",
]
CODE_SECONDS = 600
TOKEN_SECONDS = 8 * 3600
KEY_ID = "sandbox"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
ASKED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
)


def signing_key(store: Store) -> rsa.RSAPrivateKey:
    """The key of identity tokens; made once and kept with the state, so that tokens stay valid over a restart."""
    pem = store.setting("signing_key")
    if pem is None:
        with store.write():
            pem = store.setting("signing_key")
            if pem is None:
                pem = (
                    rsa.generate_private_key(public_exponent=65537, key_size=2048)
                    .private_bytes(
                        serialization.Encoding.PEM,
                        serialization.PrivateFormat.PKCS8,
                        serialization.NoEncryption(),
                    )
                    .decode()
                )
                store.keep("signing_key", pem)
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)  # made above
    return key


@route("GET", "/.well-known/(?:openid-configuration|oauth-authorization-server)")
def discovery(call: Call) -> Answer:
    at = call.base
    return as_json(
        {
            "issuer": at,
            "authorization_endpoint": f"{at}/oauth/authorize",
            "token_endpoint": f"{at}/oauth/token",
            "userinfo_endpoint": f"{at}/oauth/userinfo",
            "jwks_uri": f"{at}/oauth/jwks",
            "scopes_supported": SCOPES,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"],
            "claims_supported": CLAIMS,
        }
    )


@route("GET", "/oauth/jwks")
def keys(call: Call) -> Answer:
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(signing_key(call.store).public_key()))
    return as_json({"keys": [public | {"kid": KEY_ID, "use": "sig", "alg": "RS256"}]})


def add_app(store: Store, client_id: str, secret: str | None = None, **about: Any) -> None:
    """Register an OAuth application; without a secret it is a public one, which needs PKCE."""
    store.run(
        "INSERT OR REPLACE INTO app VALUES(?,?,?,?)",
        client_id,
        secret,
        about.get("name", client_id),
        json.dumps(about.get("redirect_uris", [])),
    )


class BadRedirect(Exception):
    """Client or address cannot be trusted, so nobody is sent back."""


def asked_for(call: Call, sent: dict[str, str]) -> tuple[sqlite3.Row, str | None]:
    """The application that asks, and what is wrong with its question (an OAuth error code), if anything.

    Raises BadRedirect for an unknown client or an address that is neither loopback nor registered.
    """
    app = call.store.one("SELECT * FROM app WHERE client_id=?", sent.get("client_id", ""))
    if app is None:
        raise BadRedirect("No application with this client_id is registered.")
    target = urlsplit(sent.get("redirect_uri", ""))
    loopback = target.scheme == "http" and target.hostname in LOOPBACK
    if not loopback and sent.get("redirect_uri") not in json.loads(app["redirect_uris"]):
        raise BadRedirect("This redirect_uri is not registered for the application.")
    if sent.get("response_type") != "code":
        return app, "unsupported_response_type"
    if "openid" not in sent.get("scope", "").split() or set(sent["scope"].split()) - set(SCOPES):
        return app, "invalid_scope"
    challenge, method = sent.get("code_challenge"), sent.get("code_challenge_method", "plain")
    if (challenge and method != "S256") or (not challenge and app["secret"] is None):
        return app, "invalid_request"
    return app, None


def back(sent: dict[str, str], **answer: str) -> Answer:
    """Send the browser back to the application."""
    if sent.get("state"):
        answer["state"] = sent["state"]
    joint = "&" if urlsplit(sent["redirect_uri"]).query else "?"
    return redirect(sent["redirect_uri"] + joint + urlencode(answer))


@route("GET", "/oauth/authorize")
def authorize(call: Call) -> Answer:
    """The page on which one chooses who to sign in as."""
    sent = {name: call.first(name) for name in ASKED if call.first(name)}
    try:
        app, error = asked_for(call, sent)
    except BadRedirect as bad:
        return message("Sign-in cannot start", str(bad), status=400)
    if error:
        return back(sent, error=error)
    here = call.viewer.name if call.viewer else None
    return choose_person(call.store, f"Sign in to {app['name']}", "/oauth/authorize", sent, here, call.first("person"))


@route("POST", "/oauth/authorize")
def authorized(call: Call) -> Answer:
    """Someone was chosen (form field `person`), or nobody (`cancel`): the application is told."""
    sent = {name: call.form[name] for name in ASKED if call.form.get(name)}
    try:
        app, error = asked_for(call, sent)
    except BadRedirect as bad:
        return message("Sign-in cannot start", str(bad), status=400)
    if error or "cancel" in call.form:
        return back(sent, error=error or "access_denied")
    person = find_person(call.store, call.form.get("person", ""))
    if person is None:
        return message("Nobody was chosen", "There is no such person here. Go back and choose one.", status=400)
    code = secrets.token_urlsafe(24)
    call.store.run(
        "INSERT INTO code VALUES(?,?,?,?,?,?,?,?)",
        code, app["client_id"], person["id"], sent["redirect_uri"], sent["scope"], sent.get("nonce"),
        sent.get("code_challenge"), time.time() + CODE_SECONDS,
    )  # fmt: skip
    answer = back(sent, code=code)
    answer.headers.append(("Set-Cookie", f"sandbox_person={person['hub_id']}; Path=/; HttpOnly; SameSite=Lax"))
    return answer


def failed(error: str, description: str, status: int = 400) -> Answer:
    answer = as_json({"error": error, "error_description": description}, status)
    answer.headers += [("Cache-Control", "no-store"), ("X-Error-Message", description)]
    return answer


def client_of(call: Call) -> sqlite3.Row | None:
    """The application of a token call, proven by its secret (in the header or the form) or public; else None."""
    kind, _, value = call.headers.get("authorization", "").partition(" ")
    client_id, secret = call.form.get("client_id", ""), call.form.get("client_secret")
    if kind.lower() == "basic":
        try:
            left, _, right = base64.b64decode(value).decode().partition(":")
        except ValueError:
            return None
        client_id, secret = unquote(left), unquote(right)
    app = call.store.one("SELECT * FROM app WHERE client_id=?", client_id)
    if app is None or (app["secret"] is not None and not hmac.compare_digest(app["secret"], secret or "")):
        return None
    return app


@route("POST", "/oauth/token")
def token(call: Call) -> Answer:
    app = client_of(call)
    if app is None:
        return failed("invalid_client", "Unknown client or wrong secret", 401)
    if call.form.get("grant_type") == "refresh_token":
        kept = call.store.one(
            "SELECT * FROM refresh WHERE token=? AND client_id=?", call.form.get("refresh_token", ""), app["client_id"]
        )
        if kept is None:
            return failed("invalid_grant", "Unknown refresh token")
        call.store.run("DELETE FROM refresh WHERE token=?", kept["token"])
        return tokens(call, app, kept["person"], kept["scope"], None)
    if call.form.get("grant_type") != "authorization_code":
        return failed("unsupported_grant_type", "Use authorization_code or refresh_token")
    code = call.store.one("SELECT * FROM code WHERE code=?", call.form.get("code", ""))
    if code is None or code["client_id"] != app["client_id"] or code["expires"] < time.time():
        return failed("invalid_grant", "Unknown or expired code")
    # A code is for one use, whatever comes of it.
    call.store.run("DELETE FROM code WHERE code=?", code["code"])
    if code["redirect_uri"] != call.form.get("redirect_uri"):
        return failed("invalid_grant", "redirect_uri is not the one of the authorization")
    if code["challenge"]:
        digest = hashlib.sha256(call.form.get("code_verifier", "").encode()).digest()
        if not hmac.compare_digest(base64.urlsafe_b64encode(digest).decode().rstrip("="), code["challenge"]):
            return failed("invalid_grant", "code_verifier does not fit")
    return tokens(call, app, code["person"], code["scope"], code["nonce"])


def tokens(call: Call, app: sqlite3.Row, person_id: int, scope: str, nonce: str | None) -> Answer:
    person = call.store.one("SELECT * FROM person WHERE id=?", person_id)
    if person is None:
        return failed("invalid_grant", "This account is gone")
    now = int(time.time())
    access, refresh = f"hf_oauth_{secrets.token_urlsafe(32)}", secrets.token_urlsafe(32)
    add_token(
        call.store,
        person["name"],
        access,
        displayName=app["name"],
        role="oauth",
        scopes=scope,
        expires=now + TOKEN_SECONDS,
    )
    call.store.run("INSERT INTO refresh VALUES(?,?,?,?)", refresh, app["client_id"], person["id"], scope)
    claims = claims_of(call, person, set(scope.split()))
    claims |= {"iss": call.base, "aud": app["client_id"], "iat": now, "exp": now + 3600, "auth_time": now}
    if nonce:
        claims["nonce"] = nonce
    identity = jwt.encode(claims, signing_key(call.store), algorithm="RS256", headers={"kid": KEY_ID})
    return as_json(
        {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": TOKEN_SECONDS,
            "refresh_token": refresh,
            "id_token": identity,
            "scope": scope,
        },
        headers=[("Cache-Control", "no-store")],
    )


def claims_of(call: Call, person: sqlite3.Row, scopes: set[str]) -> dict[str, Any]:
    """What is told about a person; `sub` is the Hub id, which stays when the name changes."""
    claims: dict[str, Any] = {"sub": person["hub_id"]}
    if "profile" in scopes:
        claims |= {
            "name": person["fullname"],
            "preferred_username": person["name"],
            "profile": f"{call.base}/{person['name']}",
            "picture": call.base + avatar(person["name"]),
            "website": "",
            "isPro": bool(person["is_pro"]),
            "canPay": False,
            "orgs": [
                {
                    "sub": org["hub_id"],
                    "name": org["fullname"],
                    "preferred_username": org["name"],
                    "picture": call.base + avatar(org["name"]),
                    "plan": org["plan"],
                    "roleInOrg": org["role"],
                    "securityRestrictions": [],
                    "resourceGroups": [],
                }
                for org in orgs_of(call.store, person["id"])
            ],
        }
    if "email" in scopes and person["email"]:
        claims |= {"email": person["email"], "email_verified": bool(person["email_verified"])}
    return claims


@route("GET", "/oauth/userinfo")
@route("POST", "/oauth/userinfo")
def userinfo(call: Call) -> Answer:
    me = call.me()
    person = call.store.one("SELECT * FROM person WHERE id=?", me.id)
    if person is None:
        raise Refusal(401, "This account is gone")
    scopes = me.scopes if me.scopes is not None else {"openid", "profile", "email"}
    return as_json(claims_of(call, person, scopes))
