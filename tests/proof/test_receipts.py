"""Receipts: what they say, that they verify here and without us, for ever, and that nothing else does."""

from __future__ import annotations

import base64
import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from rest_framework.test import APIClient

from accounts.viewer import Viewer
from gatekeeper import clock
from gatekeeper.actions import requests
from gatekeeper.actions.acceptances import AUTHORITY, Shown
from gatekeeper.models import Acceptance, Receipt, Repository, SigningKey, Stage
from gatekeeper.models.personal import canonical
from gatekeeper.proof import keys, receipts, signing
from gatekeeper.rules.licensing import raw_hash
from tests import factories
from tests.factories import LICENCE_TEXT, RESTRICTIONS

VERIFIER = Path(receipts.__file__).with_name("verify_receipt.py")
SHOWN = Shown(
    rendered="<p>Texte</p>",
    language="fr",
    controls=[{"control": "button", "words": "J’accepte"}],
    organisation="Université d’Aurora",
    authority=AUTHORITY,
)


@pytest.fixture
def stage(aurora: Repository, amara: Viewer) -> Stage:
    """A stage with restrictions to acknowledge."""
    return factories.open_stage(aurora, by=amara, restrictions=RESTRICTIONS)


@pytest.fixture
def receipt(stage: Stage, ha: Viewer) -> Receipt:
    """Ha accepted for an organisation, on a page in French."""
    case = requests.start(stage, by=ha)
    digest = raw_hash(LICENCE_TEXT)
    acceptance = requests.accept(case, by=ha, text_sha256=digest, acknowledged=RESTRICTIONS, shown=SHOWN)
    return Receipt.objects.get(acceptance=acceptance)


def text(receipt: Receipt) -> str:
    """The document as its person downloads it."""
    return json.dumps(receipts.document(receipt))


def test_it_says_who_accepted_what_how_and_for_whom(receipt: Receipt, stage: Stage, ha: Viewer) -> None:
    """Exact versions and hashes, the controls as shown, server time, Hub id and name; no address, no answer."""
    body, acceptance = json.loads(receipt.body), receipt.acceptance
    assert ha.person is not None
    assert stage.policy is not None
    assert body["person"] == {"hub_user_id": ha.person.hub_user_id, "hub_username": ha.person.username}
    assert body["licence"]["text_sha256"] == raw_hash(LICENCE_TEXT)
    assert body["licence"]["normalised_sha256"] == acceptance.normalised_sha256
    assert body["terms"]["policy_sha256"] == stage.policy.sha256
    assert body["terms"]["form_sha256"] == stage.policy.form.sha256
    assert body["shown"] == {"language": "fr", "rendered_sha256": raw_hash(b"<p>Texte</p>"), "controls": SHOWN.controls}
    assert body["organisation"] == {"name": "Université d’Aurora", "authority": AUTHORITY}
    assert body["restrictions_acknowledged"] == list(RESTRICTIONS)
    assert body["accepted_at"].endswith("Z")
    assert body["kind"] == "here"


def test_it_is_genuine_here(receipt: Receipt) -> None:
    """And so is a copy with other spaces and another order of names."""
    verdict = receipts.check(text(receipt))
    assert (verdict.code, verdict.receipt) == ("genuine", receipt)
    turned = dict(reversed(receipts.document(receipt).items()))
    turned["receipt"] = dict(reversed(turned["receipt"].items()))
    assert receipts.check(json.dumps(turned, indent=7)).genuine


def leaves(found: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to each value in a document."""
    if isinstance(found, dict | list):
        inner = found.items() if isinstance(found, dict) else enumerate(found)
        return [way for name, value in inner for way in leaves(value, (*at, name))]
    return [at]


def test_a_changed_value_anywhere_fails(receipt: Receipt) -> None:
    """Each in turn, and each left out in turn."""
    whole = receipts.document(receipt)
    ways = leaves(whole)
    assert len(ways) > 20
    for way in ways:
        for changed in (copy.deepcopy(whole), copy.deepcopy(whole)):
            inner = changed
            for name in way[:-1]:
                inner = inner[name]
            if changed == whole and isinstance(inner[way[-1]], str):
                inner[way[-1]] = inner[way[-1]][::-1] + "x"
            elif isinstance(inner[way[-1]], int):
                inner[way[-1]] += 1
            assert not receipts.check(json.dumps(changed)).genuine, way
            del inner[way[-1]]
            assert not receipts.check(json.dumps(changed)).genuine, way


@pytest.mark.parametrize(
    "brought",
    [
        *("", "no JSON", "[]", "null", "1e999", "[" * 50_000, '"\\ud800"', "x" * 100_001),
        *('{"receipt": {}, "signature": "", "key_id": ""}', '{"receipt": 1, "signature": "", "key_id": ""}'),
    ],
    ids=range(10),
)
def test_what_is_no_receipt_is_told_so(db: None, brought: str) -> None:
    """Whatever its shape or size."""
    assert receipts.check(brought).code == "unreadable"


@pytest.mark.parametrize("bad", [True, "7", 0, -1, 2**63, 1.0, None])
def test_an_acceptance_has_a_whole_number(receipt: Receipt, bad: Any) -> None:
    """Everything else is no receipt, and reaches no query."""
    whole = receipts.document(receipt)
    whole["receipt"]["acceptance"] = bad
    assert receipts.check(json.dumps(whole)).code == "unreadable"


def test_a_name_that_stands_twice_is_refused(receipt: Receipt) -> None:
    """Another reader could take the other one."""
    assert receipts.check(text(receipt).replace('"kind":', '"kind": "x", "kind":')).code == "unreadable"


def test_another_key_is_not_ours(receipt: Receipt) -> None:
    """Whoever signs it, and whatever else they say."""
    whole = receipts.document(receipt)
    other = Ed25519PrivateKey.generate()
    whole["signature"] = base64.b64encode(other.sign(receipts.PREFIX + receipt.body.encode())).decode()
    assert receipts.check(json.dumps(whole)).code == "altered"
    assert receipts.check(json.dumps({**whole, "key_id": "f00f00f00f00f00f"})).code == "unknown_key"
    assert receipts.check(json.dumps({**whole, "key_id": "\x00"})).code == "unreadable"


def test_old_receipts_verify_for_ever(receipt: Receipt, stage: Stage, ines: Viewer, settings: Any) -> None:
    """A new key signs from now on; what the old one signed is as good as before."""
    old = text(receipt)
    raw = Ed25519PrivateKey.generate()
    pem, form, none = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    settings.GATEKEEPER_SIGNING_KEY = raw.private_bytes(pem, form, none).decode()
    case = requests.start(stage, by=ines)
    acceptance = requests.accept(case, by=ines, text_sha256=raw_hash(LICENCE_TEXT), acknowledged=RESTRICTIONS)
    new = Receipt.objects.get(acceptance=acceptance)
    assert new.key_id != receipt.key_id
    assert receipts.check(old).code == receipts.check(text(new)).code == "genuine"
    published = Client().get("/.well-known/gatekeeper-keys.json").json()["keys"]
    assert {key["key_id"] for key in published} == {new.key_id, receipt.key_id}


def test_a_key_is_published_before_it_signs(db: None) -> None:
    """So that nobody has to wait for it."""
    published = Client().get("/.well-known/gatekeeper-keys.json").json()
    assert published["keys"] == [keys.present()]
    assert not SigningKey.objects.exists()


def test_one_that_we_signed_and_do_not_know_is_told_apart(receipt: Receipt) -> None:
    """The database was put back to an earlier day, or somebody has the key."""
    body = json.loads(receipt.body) | {"acceptance": receipt.acceptance_id + 1}
    signature, key_id = signing.sign(receipts.PREFIX + canonical(body).encode())
    verdict = receipts.check(json.dumps({"receipt": body, "signature": signature, "key_id": key_id}))
    assert (verdict.code, verdict.genuine) == ("not_on_record", True)


def test_nobody_changes_or_removes_one(receipt: Receipt) -> None:
    """Nor a key: the database refuses it."""
    for change in (
        lambda: Receipt.objects.update(body="{}"),
        lambda: Receipt.objects.all().delete(),
        lambda: SigningKey.objects.update(public_key="x"),
        lambda: SigningKey.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
            change()


def test_what_was_accepted_on_the_hub_says_that_it_is_weaker(aurora: Repository, amara: Viewer, ha: Viewer) -> None:
    """It names the card at its commit, and no page of ours."""
    factories.open_stage(aurora, by=amara, intake="hub_is_enough")
    assert ha.person is not None
    factories.brought_in(aurora, ha.person)
    receipt = Receipt.objects.get()
    body = json.loads(receipt.body)
    assert (body["kind"], body["card"]["repository"]) == ("on_the_hub", aurora.name)
    assert "shown" not in body
    assert receipts.check(text(receipt)).code == "genuine"


def test_acceptances_of_before_get_theirs_from_the_clock(receipt: Receipt, amara: Viewer) -> None:
    """Signed later, and it says so: the time of signing is not that of accepting."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; DELETE FROM gatekeeper_receipt")
        cursor.execute("SET session_replication_role = DEFAULT")
    clock.tick(at=factories.later(1))
    made = Receipt.objects.get()
    assert made.body == receipt.body
    assert made.issued_at > Acceptance.objects.get().accepted_at
    assert receipts.check(text(made)).code == "genuine"


# Without us


def verify(folder: Path, document: Any, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the file that checks a receipt, in a folder that holds nothing of ours."""
    (folder / "receipt.json").write_text(document if isinstance(document, str) else json.dumps(document))
    command = [sys.executable, "-I", str(folder / "verify_receipt.py"), "receipt.json", "--keys", "keys.json", *more]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path, receipt: Receipt) -> Path:
    """What anybody can download, and nothing else."""
    client = Client()
    (tmp_path / "verify_receipt.py").write_bytes(client.get("/verify/verify_receipt.py").content)
    (tmp_path / "keys.json").write_bytes(client.get("/.well-known/gatekeeper-keys.json").content)
    (tmp_path / "LICENSE").write_bytes(LICENCE_TEXT)
    (tmp_path / "windows.txt").write_bytes(b"\xef\xbb\xbf" + LICENCE_TEXT.replace(b"\n", b" \r\n"))
    (tmp_path / "other.txt").write_bytes(LICENCE_TEXT + b"And more.")
    return tmp_path


def test_one_file_checks_it_offline(folder: Path, receipt: Receipt) -> None:
    """With the standard library and one package: genuine, altered, another text, nothing to check."""
    whole = receipts.document(receipt)
    done = verify(folder, whole, "--licence", "LICENSE")
    assert done.returncode == 0, done.stderr
    assert "byte for byte" in done.stdout
    assert "Université d’Aurora" in done.stdout
    done = verify(folder, whole, "--licence", "windows.txt")
    assert (done.returncode, "but for line ends" in done.stdout) == (0, True)
    done = verify(folder, whole, "--licence", "other.txt")
    assert (done.returncode, "ANOTHER TEXT" in done.stdout) == (1, True)
    altered = copy.deepcopy(whole)
    altered["receipt"]["person"]["hub_username"] = "juma"
    done = verify(folder, altered)
    assert (done.returncode, done.stdout) == (1, "ALTERED: the signature does not belong to this text.\n")
    for nothing in ("", "[]", "{}", {**whole, "key_id": "f00f00f00f00f00f"}, {**whole, "receipt": {"format": "x"}}):
        done = verify(folder, nothing)
        assert (done.returncode, done.stderr.startswith("NOT CHECKED: ")) == (2, True), nothing


# On pages


def test_its_person_reads_and_keeps_it(receipt: Receipt, ha: Viewer, amara: Viewer, juma: Viewer) -> None:
    """So do those who answer for the release; to everybody else it is not there."""
    for who, status in ((ha, 200), (amara, 200), (juma, 404)):
        client = Client()
        assert who.user is not None
        client.force_login(who.user)
        for address in ("", "receipt.json"):
            assert client.get(f"/receipts/{receipt.acceptance_id}/{address}").status_code == status
    assert Client().get(f"/receipts/{receipt.acceptance_id}/").status_code == 302


def test_anybody_verifies_it_on_a_page(receipt: Receipt) -> None:
    """As text or as a file, and reads what it says only if it is genuine."""
    said = Client().post("/verify/", {"text": text(receipt)})
    assert "Genuine" in said.content.decode()
    assert "Université d’Aurora" in said.content.decode()
    said = Client().post("/verify/", {"file": SimpleUploadedFile("r.json", text(receipt).encode())})
    assert "Genuine" in said.content.decode()
    said = Client().post("/verify/", {"text": text(receipt).replace("Aurora", "Borealis")})
    assert "Not genuine" in said.content.decode()
    assert "Borealis" not in said.content.decode().partition("<form")[0]
    assert Client().post("/verify/", {}).status_code == 422
    assert Client().get("/verify/").status_code == 200


# Over the API


def test_scripts_read_and_verify_it(receipt: Receipt, ha: Viewer, juma: Viewer) -> None:
    """Its person reads it as a document; anybody has one checked."""
    client = APIClient()
    address = f"/api/v1/acceptances/{receipt.acceptance_id}/receipt/"
    assert client.get(address).status_code == 401
    client.force_authenticate(juma.user)
    assert client.get(address).status_code == 404
    client.force_authenticate(ha.user)
    document = client.get(address).json()
    assert document == receipts.document(receipt)
    anybody = APIClient()
    said = anybody.post("/api/v1/receipts/verify/", document, format="json")
    assert (said.status_code, said.json()) == (200, {"verdict": "genuine", "genuine": True})
    document["receipt"]["person"]["hub_username"] = "juma"
    said = anybody.post("/api/v1/receipts/verify/", document, format="json")
    assert said.json() == {"verdict": "altered", "genuine": False}
    assert anybody.post("/api/v1/receipts/verify/", {"receipt": 1}, format="json").status_code == 422


def test_scripts_accept_for_an_organisation(stage: Stage, ha: Viewer) -> None:
    """With the authority said in so many words, or not at all."""
    client = APIClient()
    client.force_authenticate(ha.user)
    case = requests.start(stage, by=ha)
    given = {"text_sha256": raw_hash(LICENCE_TEXT), "acknowledged": list(RESTRICTIONS), "organisation": "Aurora SA"}
    said = client.post(f"/api/v1/requests/{case.pk}/accept/", given, format="json")
    assert (said.status_code, said.json()["code"]) == (422, "authority_missing")
    said = client.post(f"/api/v1/requests/{case.pk}/accept/", {**given, "may_accept": True}, format="json")
    assert said.status_code == 200
    body = json.loads(Receipt.objects.get().body)
    assert body["organisation"] == {"name": "Aurora SA", "authority": AUTHORITY}
