"""Signatures of this installation."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.proof import signing


def test_a_signature_verifies_with_the_public_half() -> None:
    """And names its key by a short id."""
    public = signing.signing_key().public_key()
    signature, key = signing.sign(b"message")
    assert signing.verifies(b"message", signature, public)
    assert key == signing.key_id(public)
    assert len(key) == 16


@pytest.mark.parametrize("change", ["other words", "other signature", "no base64", "too short", "other key"])
def test_anything_else_does_not_verify(change: str) -> None:
    """Neither other words, nor another signature, nor another key."""
    public = signing.signing_key().public_key()
    signature, _key = signing.sign(b"message")
    message = b"massage" if change == "other words" else b"message"
    signature = {"other signature": signing.sign(b"x")[0], "no base64": "%", "too short": "AAAA"}.get(change, signature)
    key = Ed25519PrivateKey.generate().public_key() if change == "other key" else public
    assert not signing.verifies(message, signature, key)


def test_a_key_of_another_kind_is_refused(settings: Any) -> None:
    """The setting holds an Ed25519 key, or nothing is signed."""
    settings.GATEKEEPER_SIGNING_KEY = (
        generate_private_key(SECP256R1())
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )
    with pytest.raises(ValueError, match="Ed25519"):
        signing.sign(b"message")
