"""How a Hub token is kept: encrypted with the first key, opened with any. Nothing here logs."""

from __future__ import annotations

import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class KeyMissing(Exception):
    """No key of this installation opens the ciphertext. Says neither the ciphertext nor the key."""


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.GATEKEEPER_ENCRYPTION_KEYS])


def encrypt(secret: str) -> str:
    """The secret under the first key."""
    return _keys().encrypt(secret.encode()).decode()


def decrypt(ciphertext: str) -> str:
    """The secret. Raises KeyMissing."""
    try:
        return _keys().decrypt(ciphertext.encode()).decode()
    except InvalidToken:
        raise KeyMissing("No key in GATEKEEPER_ENCRYPTION_KEYS opens this token.") from None


def rotate(ciphertext: str) -> str:
    """The same secret under the first key. Raises KeyMissing."""
    try:
        return _keys().rotate(ciphertext.encode()).decode()
    except InvalidToken:
        raise KeyMissing("No key in GATEKEEPER_ENCRYPTION_KEYS opens this token.") from None


def fingerprint(secret: str) -> str:
    """Twelve hexadecimal digits by which people compare tokens without seeing them."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12]
