"""`manage.py go_live`: what it tries out before it writes anything, what it writes, and what it leaves as it was."""

from __future__ import annotations

import base64
import http.server
import os
import pty
import socketserver
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.management import CommandError, call_command

from gatekeeper.hub.sandbox.control import SandboxControl
from gatekeeper.management.live import probes

PROJECT = Path(__file__).resolve().parent.parent
TOKEN = "hf_amara_writes"
Going = Callable[..., str]


# What is tried out


class Mailman(socketserver.StreamRequestHandler):
    """A mail server that knows one password."""

    received: list[str] = []

    def handle(self) -> None:
        """Speak just enough of SMTP."""
        self.say("220 mail.example.org")
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "EHLO":
                self.say("250-mail.example.org\r\n250 AUTH PLAIN")
            elif verb == "AUTH":
                good = base64.b64decode(line.split()[2]) == b"\0amara\0right"
                self.say("235 welcome" if good else "535 no")
            elif verb == "DATA":
                self.say("354 go on")
                while (part := self.rfile.readline().decode()) != ".\r\n":
                    self.received.append(part)
                self.say("250 kept")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def say(self, words: str) -> None:
        """Answer."""
        self.wfile.write(f"{words}\r\n".encode())


@pytest.fixture
def mail_server() -> Iterator[str]:
    """Where a mail server listens: host and port."""
    Mailman.received = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailman) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_mail_server_is_signed_in_to(mail_server: str) -> None:
    """With the user and the password of the address; and a mail is sent where one is asked for."""
    assert probes.mail(f"smtp://amara:right@{mail_server}", "").good
    sent = probes.mail(f"smtp://amara:right@{mail_server}", "gatekeeper@example.org", to="me@example.org")
    assert sent.sentence == "127.0.0.1 took the sign-in, and a mail to me@example.org."
    assert "From: gatekeeper@example.org\r\n" in Mailman.received


def test_what_is_wrong_with_a_mail_server_is_said_without_its_password(mail_server: str) -> None:
    """A wrong password, nobody there, and a password that would travel in the open."""
    for url, words in (
        (f"smtp://amara:wrong@{mail_server}", "does not take this user and password"),
        ("smtp://amara:wrong@127.0.0.1:9", "could not be spoken with (ConnectionRefusedError)"),
        ("smtp://amara:wrong@mail.example.org:25", "in the open"),
    ):
        verdict = probes.mail(url, "")
        assert not verdict.good
        assert words in verdict.sentence
        assert "wrong" not in verdict.sentence
    printed = probes.mail("consolemail://", "")
    assert (printed.good, printed.later) == (True, True)


class Healthy(http.server.BaseHTTPRequestHandler):
    """Answers as this service does, or as something else."""

    words = b"alive\n"

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.words)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for loopback that nobody but this test trusts, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(made.public_bytes(pem) + private)
    return file


@pytest.fixture
def https(certificate: Path) -> Iterator[int]:
    """The port of a web server that speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    Healthy.words = b"alive\n"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_about: None  # type: ignore[method-assign]  # a client that hangs up
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_an_address_is_asked_whether_this_service_is_there(https: int, certificate: Path) -> None:
    """This one, another one, or nothing yet; only a bad certificate is a fault."""
    trusting = ssl.create_default_context(cafile=str(certificate))
    assert probes.reach("127.0.0.1", https, context=trusting).sentence == "This service answers at 127.0.0.1."
    Healthy.words = b"Welcome to nginx"
    other = probes.reach("127.0.0.1", https, context=trusting)
    assert (other.good, other.later) == (True, True)
    assert "Something else answers" in other.sentence
    unknown = probes.reach("127.0.0.1", https)
    assert not unknown.good
    assert "certificate that is not good" in unknown.sentence
    nothing = probes.reach("127.0.0.1", 9)
    assert (nothing.good, nothing.later) == (True, True)
    assert "Nothing answers at 127.0.0.1 yet" in nothing.sentence


@pytest.mark.parametrize("url", ["https://localhost", "https://127.0.0.1", "https://[::1]:8000"])
def test_an_address_that_nobody_else_can_reach_is_refused(url: str) -> None:
    """The Hub has to send people back to it."""
    verdict = probes.address(url)
    assert not verdict.good
    assert "is no public host name" in verdict.sentence


@pytest.fixture
def lab(sandbox: SandboxControl) -> SandboxControl:
    """A namespace with a gated model, and its admin's token."""
    sandbox.add_user("amara")
    sandbox.add_user("leo")
    sandbox.add_token("amara", TOKEN)
    sandbox.add_org("aurora-lab", {"amara": "admin", "leo": "read"})
    sandbox.create_repo("aurora-lab/xl", "dataset", gated="manual", by="amara")
    return sandbox


def told(token: str, namespace: str = "aurora-lab") -> list[tuple[bool, str]]:
    """What is said of a token."""
    return [(verdict.good, verdict.sentence) for verdict in probes.token(token, namespace)]


def test_a_token_proves_its_namespace_and_its_rights(lab: SandboxControl) -> None:
    """At a repository that is there, by reading only."""
    assert told(TOKEN) == [
        (True, "The token is alive: it belongs to amara, its role is write."),
        (True, "It proves that amara may write to aurora-lab."),
        (True, "It may write to aurora-lab/xl."),
        (True, "It may read who asks for access to aurora-lab/xl."),
    ]
    assert {call["method"] for call in lab.journal()} == {"GET"}
    assert told(TOKEN, "amara")[-1] == (True, "There is no gated repository there yet to try it on.")


def test_a_token_that_proves_nothing_is_refused(lab: SandboxControl) -> None:
    """One that may only read, one of somebody else, one that the Hub does not know."""
    lab.add_token("amara", "hf_reads", "read")
    lab.add_token("leo", "hf_leo")
    assert told("hf_reads")[-1] == (False, "It does not prove that amara may write to aurora-lab.")
    assert told("hf_leo")[-1] == (False, "It does not prove that leo may write to aurora-lab.")
    [(good, words)] = told("hf_unknown")
    assert not good
    assert "does not know this token" in words


def test_a_token_that_lacks_a_right_says_which(lab: SandboxControl) -> None:
    """It proves the namespace, and may not do its work at the repository."""
    lab.fault("status", "user-access-request/pending", status=403)
    assert told(TOKEN)[-1] == (False, "It may not read who asks for access to aurora-lab/xl (token_read_only).")


# What is written


@pytest.fixture
def going(lab: SandboxControl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Going:
    """Go live in an empty folder with everything in the environment, and return what was said."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "PUBLIC_URL": "https://gatekeeper.invalid",
        "GATEKEEPER_HUB_TOKEN": TOKEN,
        "GATEKEEPER_NAMESPACE": "aurora-lab",
        "EMAIL_URL": "consolemail://",
        "HUB_OAUTH_CLIENT_ID": "client",
        "HUB_OAUTH_CLIENT_SECRET": "hush",
        "EMAIL_FROM": "Gatekeeper <gatekeeper@example.org>",
    }.items():
        monkeypatch.setenv(name, value)

    def go(*words: str) -> str:
        out = StringIO()
        call_command("go_live", "--yes", *words, stdout=out, stderr=out)
        return out.getvalue()

    return go


def test_it_writes_what_an_installation_starts_with(going: Going, tmp_path: Path) -> None:
    """A file without a secret, secrets in files of their own, and settings that production takes."""
    said = going()
    assert "The settings are whole" in said
    assert "https://gatekeeper.invalid/account/oidc/huggingface/login/callback/" in said
    text = (tmp_path / ".env").read_text()
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert "SITE=gatekeeper.invalid\n" in text
    assert "EMAIL_FROM='Gatekeeper <gatekeeper@example.org>'\n" in text
    assert f"EMAIL_URL_FILE={tmp_path}/secrets/email_url\n" in text
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "secrets" / "hub_oauth_client_secret").read_text() == "hush"
    for secret in (TOKEN, "hush", (tmp_path / "secrets" / "secret_key").read_text()):
        assert secret not in text + said
    kept = "".join(file.read_text() for file in tmp_path.rglob("*") if file.is_file())
    assert TOKEN not in kept
    sourced = subprocess.run(
        ["sh", "-c", f'set -a; . {tmp_path}/.env; printf "%s" "$EMAIL_FROM"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert sourced.stdout == "Gatekeeper <gatekeeper@example.org>"


def test_it_replaces_nothing_without_being_told(going: Going, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the file nor a secret; and a refusal leaves everything as it was."""
    going()
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    monkeypatch.setenv("HUB_OAUTH_CLIENT_SECRET", "another")
    with pytest.raises(CommandError, match="hub_oauth_client_secret holds another value, and stays"):
        going()
    monkeypatch.setenv("HUB_OAUTH_CLIENT_SECRET", "hush")
    with pytest.raises(CommandError, match="is there, and stays"):
        going()
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before
    monkeypatch.setenv("HUB_OAUTH_CLIENT_SECRET", "another")
    going("--replace")
    after = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    changed = {file.name for file in after if after[file] != before[file]}
    assert changed == {"hub_oauth_client_secret"}  # the file of settings came out the same, and no key was made anew


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("GATEKEEPER_HUB_TOKEN", "hf_unknown", "did not stand its test"),
        ("EMAIL_URL", "smtp://amara:wrong@mail.example.org:25", "did not stand its test"),
        ("PUBLIC_URL", "https://localhost", "did not stand its test"),
        ("PUBLIC_URL", "http://gatekeeper.invalid", "begins with https"),
        ("EMAIL_FROM", "it's me", "cannot be that"),
        ("GATEKEEPER_NAMESPACE", "aurora-lab/xl", "without a slash"),
        ("HUB_OAUTH_CLIENT_ID", "", "HUB_OAUTH_CLIENT_ID is not set"),
    ],
)
def test_it_writes_nothing_where_something_is_wrong(
    going: Going, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    """And says what."""
    monkeypatch.setenv(name, value)
    with pytest.raises(CommandError, match=words):
        going()
    assert list(tmp_path.iterdir()) == []


def test_a_failed_test_can_be_overruled(going: Going, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whoever knows better, in so many words."""
    monkeypatch.setenv("EMAIL_URL", "smtp://amara:wrong@mail.example.org:25")
    assert "NO  mail.example.org would be sent the password in the open" in going("--anyway")
    assert (tmp_path / "secrets" / "email_url").read_text() == "smtp://amara:wrong@mail.example.org:25"


def test_own_servers_take_the_place_of_those_of_compose(
    going: Going, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where their addresses stand in the environment."""
    monkeypatch.setenv("DATABASE_URL", "postgres://gatekeeper:x@db.example.org/gatekeeper")
    going("--to", "live.env", "--secrets", "kept")
    assert (tmp_path / "kept" / "database_url").read_text() == "postgres://gatekeeper:x@db.example.org/gatekeeper"
    assert (tmp_path / "live.env").exists()


def test_it_asks_a_person_and_shows_no_secret(lab: SandboxControl, tmp_path: Path) -> None:
    """At a terminal, in a clean environment: a wrong token is asked for again, and nothing typed unseen is shown."""
    answers = {
        "Public address": "https://gatekeeper.invalid",
        "Hub namespace": "aurora-lab",
        "Hub token": "hf_unknown",
        "Keep it all the same?": "n",
        "Give another?": "y",
        "Client id": "client",
        "Its client secret": "hush",
        "Sender": "",
        "Mail server": "consolemail://",
    }
    environment = {"PATH": os.environ["PATH"], "HUB_ENDPOINT": lab.url, "HOME": str(tmp_path)}
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, PROJECT / "manage.py", "go_live"],
        cwd=tmp_path, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    shown = answer_questions(master, answers, again={"Hub token": TOKEN})
    assert process.wait(timeout=30) == 0, shown
    assert "does not know this token" in shown
    assert "The settings are whole" in shown
    assert not any(secret in shown for secret in (TOKEN, "hf_unknown", "hush"))
    assert (tmp_path / "secrets" / "hub_oauth_client_secret").read_text() == "hush"


def answer_questions(terminal: int, answers: dict[str, str], again: dict[str, str]) -> str:
    """Type an answer to each question that appears, until the process ends; returns all that was shown."""
    shown, heard = "", 0
    while True:
        try:
            shown += os.read(terminal, 1024).decode()
        except OSError:  # the other end is closed
            os.close(terminal)
            return shown
        line = shown[heard:].rsplit("\n", 1)[-1]
        if line.endswith((": ", "] ")):
            question = next(words for words in answers if words in line)
            os.write(terminal, f"{answers[question]}\n".encode())
            answers[question] = again.get(question, answers[question])
            heard = len(shown)
