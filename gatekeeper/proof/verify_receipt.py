#!/usr/bin/env python3
"""Check a receipt of Gatekeeper without Gatekeeper, with Python 3.9 or newer and the package `cryptography`.

    python verify_receipt.py receipt.json --keys keys.json [--licence LICENSE]

keys.json is what the service publishes at /.well-known/gatekeeper-keys.json. Get it from the service itself, once, and
keep it: a key that comes with the receipt proves nothing. With --licence the text is compared with the one accepted.
Exit status: 0 genuine, 1 not genuine, 2 not to be checked.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
import unicodedata
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "gatekeeper-receipt/1"
PREFIX = b"gatekeeper receipt "


class Unreadable(Exception):
    """There is nothing that can be checked."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice in an object: two readers could take different ones."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def read(path: str) -> dict[str, Any]:
    """Return the JSON object in a file. Raises Unreadable."""
    try:
        found = json.loads(Path(path).read_text("utf-8"), object_pairs_hook=once)
    except (OSError, ValueError, RecursionError) as failed:
        raise Unreadable(f"{path} cannot be read: {failed}") from None
    if not isinstance(found, dict):
        raise Unreadable(f"{path} holds no JSON object.")
    return found


def canonical(document: Any) -> bytes:
    """Return the bytes that are signed: sorted names, no spaces, UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def public_key(keys: dict[str, Any], key_id: str) -> Ed25519PublicKey:
    """Return the key with this id, whose id is the hash of the key itself. Raises Unreadable."""
    for entry in keys.get("keys", []):
        try:
            raw = base64.b64decode(entry["public_key"], validate=True)
            if entry["key_id"] == key_id == hashlib.sha256(raw).hexdigest()[:16]:
                return Ed25519PublicKey.from_public_bytes(raw)
        except (KeyError, TypeError, ValueError):
            continue
    raise Unreadable(f"The key {key_id} is not among the published keys.")


def normalised_hash(text: bytes) -> str:
    """Return the SHA-256 of a text as the service normalises it: NFC, LF, trimmed."""
    lines = (
        unicodedata.normalize("NFC", text.decode("utf-8").removeprefix("\ufeff"))
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .split("\n")
    )
    return hashlib.sha256("\n".join(line.rstrip() for line in lines).strip().encode()).hexdigest()


def check(receipt_path: str, keys_path: str, licence_path: str | None = None) -> tuple[bool, list[str]]:
    """Return whether the receipt is genuine, and lines that say what was found. Raises Unreadable."""
    document, keys = read(receipt_path), read(keys_path)
    body = document.get("receipt")
    if set(document) != {"receipt", "signature", "key_id"} or not isinstance(body, dict):
        raise Unreadable(f"{receipt_path} is no receipt.")
    if body.get("format") != FORMAT:
        raise Unreadable(f"{receipt_path} is of a format that this file does not know.")
    key = public_key(keys, document["key_id"])
    try:
        key.verify(base64.b64decode(document["signature"]), PREFIX + canonical(body))
    except (InvalidSignature, ValueError, TypeError):
        return False, ["ALTERED: the signature does not belong to this text."]
    person, licence = body["person"], body["licence"]
    where = "here" if body["kind"] == "here" else "on the Hub (weaker: a ticked box there)"
    what = f"{licence['title']}, version {licence['version']}"
    said = [
        f"GENUINE: signed by {body['issuer']} with the key {document['key_id']}.",
        f"{person['hub_username']} ({person['hub_user_id']}) accepted {what},",
        f"at {body['accepted_at']}, {where}.",
        f"SHA-256 of the text: {licence['text_sha256']}",
    ]
    if "organisation" in body:
        said.append(f"For {body['organisation']['name']}: “{body['organisation']['authority']}”")
    if licence_path is None:
        return True, said
    text = Path(licence_path).read_bytes()
    if hashlib.sha256(text).hexdigest() == licence["text_sha256"]:
        return True, [*said, f"{licence_path} is that text, byte for byte."]
    if normalised_hash(text) == licence["normalised_sha256"]:
        return True, [*said, f"{licence_path} is that text, but for line ends and spaces."]
    return False, [*said, f"ANOTHER TEXT: {licence_path} is not what was accepted."]


def main() -> int:
    """Check what the command line names; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("receipt")
    parser.add_argument("--keys", required=True, help="what the service publishes at /.well-known/gatekeeper-keys.json")
    parser.add_argument("--licence", help="a file with the licence's text")
    asked = parser.parse_args()
    try:
        genuine, said = check(asked.receipt, asked.keys, asked.licence)
    except (Unreadable, OSError, UnicodeDecodeError) as failed:
        sys.stderr.write(f"NOT CHECKED: {failed}\n")
        return 2
    except (KeyError, TypeError):
        sys.stderr.write("NOT CHECKED: the receipt lacks what every receipt says.\n")
        return 2
    sys.stdout.write("\n".join(said) + "\n")
    return 0 if genuine else 1


if __name__ == "__main__":
    sys.exit(main())
