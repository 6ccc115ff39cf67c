"""Trying out what an installation was told, before anything is written: the token, the address, the mail server.

Only reading calls go to the Hub. A failure is a sentence that says what to do; no secret stands in it.
"""

import http.client
import ipaddress
import smtplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from accounts.people import namespaces_of_token
from gatekeeper.hub.directory import Directory
from gatekeeper.hub.port import HubError, Need
from gatekeeper.hub.reasons import explain
from gatekeeper.settings import mail_from

PATIENCE = 10.0  # seconds for a connection
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a test. `later`: nothing is wrong as far as can be seen, but it could not be shown now."""

    good: bool
    sentence: str
    later: bool = False


def token(secret: str, namespace: str) -> Iterator[Verdict]:
    """Try out a Hub token: whether it lives, proves the namespace, and may do its work at a repository there."""
    hub = Directory(secret)
    try:
        identity = hub.whoami()
        told = f"The token is alive: it belongs to {identity.username}, its role is {identity.role or 'not told'}."
        yield Verdict(True, told)
        proven = {one.name.lower() for one in namespaces_of_token(identity.whoami)}
        if namespace.lower() not in proven:
            yield Verdict(False, f"It does not prove that {identity.username} may write to {namespace}.")
            return
        yield Verdict(True, f"It proves that {identity.username} may write to {namespace}.")
        yield from _at_work(hub, namespace)
    except HubError as failed:
        yield Verdict(False, str(explain(failed)))


def _at_work(hub: Directory, namespace: str) -> Iterator[Verdict]:
    for kind in ("model", "dataset"):
        for listing in hub.repositories(kind, namespace).items:
            if listing.state.gate:
                yield from _at(hub, kind, listing.state.name)
                return
    yield Verdict(True, "There is no gated repository there yet to try it on.", later=True)


def _at(hub: Directory, kind: str, name: str) -> Iterator[Verdict]:
    may = hub.may_write(kind, name)
    yield Verdict(may, f"It may {'' if may else 'not '}write to {name}.")
    try:
        hub.requests(kind, name, "pending", limit=10, need=Need.TELL)
    except HubError as failed:
        yield Verdict(False, f"It may not read who asks for access to {name} ({failed.reason}).")
        return
    yield Verdict(True, f"It may read who asks for access to {name}.")


def address(url: str, *, context: ssl.SSLContext | None = None) -> Verdict:
    """Try out the public address from here. That nothing answers yet is no fault: the service may not have started."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_bare(host):
        return Verdict(False, f"{host} is no public host name: people and the Hub could not come back to it.")
    return reach(host, parts.port or 443, context=context)


def _is_bare(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." not in host
    return True


def reach(host: str, port: int, *, context: ssl.SSLContext | None = None) -> Verdict:
    """Ask a host over https whether this service is there."""
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return Verdict(True, f"{host} is not known to the name service yet, as seen from here.", later=True)
    connection = http.client.HTTPSConnection(
        host, port, timeout=PATIENCE, context=context or ssl.create_default_context()
    )
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        words = answer.read(100)
    except ssl.SSLCertVerificationError as failed:
        return Verdict(False, f"{host} answers with a certificate that is not good: {failed.verify_message}.")
    except (OSError, http.client.HTTPException) as failed:
        why = type(failed).__name__
        return Verdict(True, f"Nothing answers at {host} yet, as seen from here ({why}).", later=True)
    finally:
        connection.close()
    if answer.status == 200 and words.startswith(b"alive"):
        return Verdict(True, f"This service answers at {host}.")
    return Verdict(True, f"Something else answers at {host} ({answer.status}); point it here.", later=True)


def mail(url: str, sender: str, *, to: str = "") -> Verdict:
    """Try out a mail server: connect, speak TLS, sign in; with `to`, send a mail."""
    described = mail_from(url)
    if "smtp" not in described["EMAIL_BACKEND"]:
        return Verdict(True, "Mails will be printed into the log and not sent.", later=True)
    server: BaseEmailBackend = get_connection(
        described["EMAIL_BACKEND"],
        host=described["EMAIL_HOST"],
        port=described["EMAIL_PORT"] or 25,
        username=described["EMAIL_HOST_USER"],
        password=described["EMAIL_HOST_PASSWORD"],
        use_tls=described.get("EMAIL_USE_TLS", False),
        use_ssl=described.get("EMAIL_USE_SSL", False),
        timeout=PATIENCE,
    )
    host = described["EMAIL_HOST"]
    safe = described.get("EMAIL_USE_TLS") or described.get("EMAIL_USE_SSL") or host in LOOPBACK
    if described["EMAIL_HOST_USER"] and not safe:
        return Verdict(False, f"{host} would be sent the password in the open: write smtp+tls:// or smtp+ssl://.")
    try:
        server.open()
        if to:
            words = "This mail was sent by manage.py go_live. Mails of this installation arrive."
            EmailMessage("Gatekeeper: a test", words, sender or None, [to], connection=server).send()
    except smtplib.SMTPAuthenticationError:
        return Verdict(False, f"{host} does not take this user and password.")
    except smtplib.SMTPResponseException as failed:
        return Verdict(False, f"{host} refused it (code {failed.smtp_code}).")
    except (smtplib.SMTPException, OSError) as failed:
        return Verdict(False, f"{host} could not be spoken with ({type(failed).__name__}).")
    finally:
        server.close()
    return Verdict(True, f"{host} took the sign-in{f', and a mail to {to}' if to else ''}.")


def endpoint() -> str:
    """Return which Hub is asked."""
    return str(settings.HUB_ENDPOINT)
