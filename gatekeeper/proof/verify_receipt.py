#!/usr/bin/env python3
"""Check a receipt or an evidence pack of Gatekeeper without it: with Python 3.9 or newer and `cryptography`.

    python verify_receipt.py receipt.json --keys keys.json [--licence LICENSE]
    python verify_receipt.py evidence.zip --keys keys.json

keys.json is what the service publishes at /.well-known/gatekeeper-keys.json. Get it from the service itself, once, and
keep it: a key that comes with the receipt proves nothing. With --licence the text is compared with the one accepted.
Exit status: 0 genuine, 1 not genuine, 2 not to be checked.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import sys
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "gatekeeper-receipt/1"
PREFIX = b"gatekeeper receipt "
PACK_FORMAT = "gatekeeper-evidence/1"
PACK_PREFIX = b"gatekeeper evidence "
LARGEST_PACK = 200_000_000  # bytes
MADE = (1980, 1, 1, 0, 0, 0)  # the earliest day that a ZIP knows


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
        return parsed(path, Path(path).read_bytes())
    except OSError as failed:
        raise Unreadable(f"{path} cannot be read: {failed}") from None


def parsed(path: str, content: bytes) -> dict[str, Any]:
    """Return the JSON object in bytes. Raises Unreadable."""
    try:
        found = json.loads(content.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError) as failed:
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


def signed(keys: dict[str, Any], signature: dict[str, Any], message: bytes) -> bool:
    """Say whether a signature, with the id of its key, belongs to a message. Raises Unreadable for an unknown key."""
    try:
        public_key(keys, signature["key_id"]).verify(base64.b64decode(signature["signature"]), message)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def digest(content: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


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
    keys = read(keys_path)
    if zipfile.is_zipfile(receipt_path):
        return check_pack(Path(receipt_path), keys)
    return check_receipt(receipt_path, read(receipt_path), keys, licence_path)


def check_receipt(
    receipt_path: str, document: dict[str, Any], keys: dict[str, Any], licence_path: str | None = None
) -> tuple[bool, list[str]]:
    """Return whether a receipt is genuine, and lines that say what was found. Raises Unreadable."""
    body = document.get("receipt")
    if set(document) != {"receipt", "signature", "key_id"} or not isinstance(body, dict):
        raise Unreadable(f"{receipt_path} is no receipt.")
    if body.get("format") != FORMAT:
        raise Unreadable(f"{receipt_path} is of a format that this file does not know.")
    if not signed(keys, document, PREFIX + canonical(body)):
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


def check_pack(path: Path, keys: dict[str, Any]) -> tuple[bool, list[str]]:
    """Return whether an evidence pack is genuine, and lines that say what was found. Raises Unreadable."""
    whole = path.read_bytes()
    if len(whole) > LARGEST_PACK:
        raise Unreadable(f"{path} is too large.")
    try:
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            names = [about.filename for about in archive.infolist()]
            if any(about.compress_type != zipfile.ZIP_STORED for about in archive.infolist()):
                return False, ["ALTERED: the file was packed again."]
            files = {name: archive.read(name) for name in names}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as failed:
        return False, [f"ALTERED: the file cannot be unpacked ({failed})."]
    if not {"manifest.json", "signature.json"} <= set(files):
        raise Unreadable(f"{path} is no evidence pack.")
    manifest = parsed("manifest.json", files["manifest.json"])
    if manifest.get("format") != PACK_FORMAT:
        raise Unreadable(f"{path} is of a format that this file does not know.")
    if not signed(keys, parsed("signature.json", files["signature.json"]), PACK_PREFIX + files["manifest.json"]):
        return False, ["ALTERED: the signature does not belong to the manifest."]
    listed = manifest["files"]
    if names != ["manifest.json", "signature.json", *sorted(listed)]:
        return False, ["ALTERED: other files than the manifest names, or in another order."]
    changed = [name for name in sorted(listed) if digest(files[name]) != listed[name]]
    if changed:
        return False, [f"ALTERED: {', '.join(changed)}"]
    if packed([(name, files[name]) for name in names]) != whole:
        return False, ["ALTERED: the file was packed again."]
    faults = list(pack_faults(files, keys))
    if faults:
        return False, faults
    genuine, said = check_receipt("receipt.json", parsed("receipt.json", files["receipt.json"]), keys)
    events = json.loads(files["record/events.json"])
    unsealed = sum(event["checkpoint"] is None for event in events)
    said = [
        f"GENUINE: evidence of grant {manifest['grant']}, made at {manifest['made_at']} by {manifest['issuer']}.",
        *said,
        "The licence, the form, the terms and what was shown are those of the receipt.",
        f"{len(events)} events of the record, each as it was written; {len(events) - unsealed} of them are sealed.",
    ]
    return genuine, said


def packed(files: list[tuple[str, bytes]]) -> bytes:
    """Return files as the one ZIP that they can be."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            about = zipfile.ZipInfo(name, MADE)
            about.create_system, about.external_attr = 3, 0o644 << 16
            archive.writestr(about, content)
    return written.getvalue()


def pack_faults(files: dict[str, bytes], keys: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each part of a pack that does not belong to the others."""
    document = parsed("receipt.json", files["receipt.json"])
    body = document["receipt"]
    wanted = {
        "licence.txt": body["licence"]["text_sha256"],
        "form.json": body["terms"]["form_sha256"],
        "policy.json": body["terms"]["policy_sha256"],
    }
    if body.get("shown", {}).get("rendered_sha256"):
        wanted["shown.html"] = body["shown"]["rendered_sha256"]
    if body.get("shown", {}).get("translation"):
        wanted["translation.txt"] = body["shown"]["translation"]["sha256"]
    for name, expected in wanted.items():
        if digest(files.get(name, b"")) != expected:
            yield f"NOT OF THIS RECEIPT: {name}"
    checkpoints = {one["id"]: one for one in json.loads(files["record/checkpoints.json"])}
    for one in checkpoints.values():
        chain = hashlib.sha256((one["previous_digest"] + "".join(one["digests"])).encode()).hexdigest()
        message = f"gatekeeper checkpoint {one['digest']} {one['events']} {one['last_event']} {one['sealed_at']}"
        if (chain, len(one["digests"])) != (one["digest"], one["events"]) or not signed(keys, one, message.encode()):
            yield f"NOT SEALED SO: checkpoint {one['id']}"
    for event in json.loads(files["record/events.json"]):
        names = {"at": "at", "actor": "actor", "action": "action", "kind": "kind", "object": "id"}
        names |= {"publisher": "publisher", "data": "data"}
        written = digest(canonical({theirs: event[ours] for ours, theirs in names.items()}))
        seal = checkpoints.get(event["checkpoint"])
        if written != event["digest"] or (event["checkpoint"] and (not seal or written not in seal["digests"])):
            yield f"NOT AS IT WAS WRITTEN: event {event['id']}"


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
        sys.stderr.write("NOT CHECKED: it lacks what every receipt and every pack says.\n")
        return 2
    sys.stdout.write("\n".join(said) + "\n")
    return 0 if genuine else 1


if __name__ == "__main__":
    sys.exit(main())
