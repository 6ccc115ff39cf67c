"""Receipts: what an acceptance says, as text that is signed, and whether a text somebody brings is one of ours.

A receipt is a JSON document: `receipt` holds what was accepted, `signature` is over its canonical JSON (sorted keys, no
spaces, UTF-8) after a word that no other signature of ours begins with. verify_receipt.py checks it without us.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from gatekeeper.models import Acceptance, Receipt, SigningKey
from gatekeeper.models.personal import canonical

from . import keys, signing
from .moments import utc
from .verify_receipt import FORMAT, PREFIX

LONGEST = 100_000  # characters of a document that somebody brings
WHOLE = ("licence_version__licence", "policy__stage__release__publisher", "policy__form", "card__repository")


def body_of(acceptance: Acceptance) -> dict[str, Any]:
    """Return what a receipt says of an acceptance; no statement where what WHOLE names was loaded with it."""
    policy, version = acceptance.policy, acceptance.licence_version
    stage = policy.stage
    body: dict[str, Any] = {
        "format": FORMAT,
        "issuer": issuer(),
        "acceptance": acceptance.pk,
        "kind": acceptance.kind,
        "accepted_at": utc(acceptance.accepted_at),
        "person": {"hub_user_id": acceptance.hub_user_id, "hub_username": acceptance.hub_username},
        "capacity": acceptance.capacity,
        "licence": {
            "identifier": version.licence.identifier,
            "title": version.licence.title,
            "version": version.number,
            "text_sha256": acceptance.text_sha256,
            "normalised_sha256": acceptance.normalised_sha256,
        },
        "terms": {
            "publisher": stage.release.publisher.name,
            "release": stage.release.title,
            "stage": stage.title,
            "policy_version": policy.number,
            "policy_sha256": policy.sha256,
            "form_version": policy.form.number,
            "form_sha256": policy.form.sha256,
        },
        "restrictions_acknowledged": acceptance.acknowledged,
    }
    if acceptance.capacity != "self":
        body["organisation"] = {"name": acceptance.organisation, "authority": acceptance.authority}
    if acceptance.card is not None:
        body["card"] = {"repository": acceptance.card.repository.name, "commit": acceptance.card.commit}
    else:
        body["shown"] = {
            "language": acceptance.language,
            "rendered_sha256": acceptance.rendered_sha256,
            "controls": acceptance.controls,
        }
        if acceptance.text_language:
            body["shown"]["translation"] = {
                "language": acceptance.text_language,
                "sha256": acceptance.translation_sha256,
            }
    return body


def signed(acceptances: Iterable[Acceptance], *, at: datetime) -> list[Receipt]:
    """Return unsaved receipts for acceptances; their key is kept."""
    key = keys.keep(at=at)
    receipts = []
    for acceptance in acceptances:
        body = canonical(body_of(acceptance))
        signature, _key_id = signing.sign(PREFIX + body.encode())
        receipts.append(Receipt(acceptance=acceptance, body=body, signature=signature, key=key, issued_at=at))
    return receipts


def issuer() -> str:
    """Return the address by which receipts name this installation."""
    return str(settings.PUBLIC_URL)


def document(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as the document that its person keeps."""
    return {"receipt": json.loads(receipt.body), "signature": receipt.signature, "key_id": receipt.key_id}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a document that somebody brought: a code, what the receipt says, and whether it stands here."""

    code: str
    body: dict[str, Any] | None = None
    receipt: Receipt | None = None

    @property
    def genuine(self) -> bool:
        """Say whether this installation signed exactly this."""
        return self.code in ("genuine", "not_on_record")


def check(text: str) -> Verdict:
    """Say whether a text is a receipt of this installation, unchanged.

    The code is one of: unreadable (no receipt at all), unknown_key, altered, not_on_record (our key signed it, and no
    acceptance here belongs to it), genuine.
    """
    found = _read(text)
    if found is None:
        return Verdict("unreadable")
    body, signature, key_id = found
    key = SigningKey.objects.filter(key_id=key_id).first()
    if key is None:
        return Verdict("unknown_key", body)
    message = canonical(body)
    if not signing.verifies(PREFIX + message.encode(), signature, keys.opened(key)):
        return Verdict("altered", body)
    receipt = Receipt.objects.filter(acceptance=body["acceptance"], body=message).first()
    return Verdict("genuine" if receipt else "not_on_record", body, receipt)


def _read(text: str) -> tuple[dict[str, Any], str, str] | None:
    """Return body, signature and key id of a document, or None for what is none."""
    if len(text) > LONGEST:
        return None
    try:
        found = json.loads(text, object_pairs_hook=_once)
        canonical(found).encode()
    except (ValueError, RecursionError):  # no JSON, a name twice, half of a character, or a tower of brackets
        return None
    if not isinstance(found, dict) or set(found) != {"receipt", "signature", "key_id"}:
        return None
    body = found["receipt"]
    if not isinstance(body, dict) or body.get("format") != FORMAT or not _is_id(body.get("acceptance")):
        return None
    if not (isinstance(found["signature"], str) and isinstance(found["key_id"], str)) or "\x00" in found["key_id"]:
        return None
    return body, found["signature"], found["key_id"]


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**63


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice: two readers could take different ones."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A name stands twice.")
    return found
