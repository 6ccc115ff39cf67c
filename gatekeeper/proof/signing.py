"""Signatures of this installation (Ed25519): made with the key of the settings, checked with its public half."""

import base64
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings


def signing_key() -> Ed25519PrivateKey:
    """Return the signing key of this installation. Raises ValueError if the setting holds no Ed25519 key."""
    key = serialization.load_pem_private_key(settings.GATEKEEPER_SIGNING_KEY.encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("GATEKEEPER_SIGNING_KEY holds no Ed25519 key.")
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of the raw public key."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def sign(message: bytes) -> tuple[str, str]:
    """Return the signature in base64, and the id of the key."""
    key = signing_key()
    return base64.b64encode(key.sign(message)).decode(), key_id(key.public_key())


def verifies(message: bytes, signature: str, key: Ed25519PublicKey) -> bool:
    """Say whether a signature in base64 is the key's over this message."""
    try:
        key.verify(base64.b64decode(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
