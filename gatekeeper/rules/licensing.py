"""Licence texts: the hash of the exact bytes, and one that copies in another encoding share."""

import hashlib

from .texts import composed


def raw_hash(text: bytes) -> str:
    """Return the SHA-256 of the exact bytes, in hexadecimal."""
    return hashlib.sha256(text).hexdigest()


def normalised(text: bytes) -> bytes:
    """Return the text in NFC with LF line ends and no space at the ends of lines or of the text."""
    decoded = composed(text.decode("utf-8", "replace").removeprefix("\ufeff"))
    lines = [line.rstrip() for line in decoded.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return "\n".join(lines).strip().encode()


def normalised_hash(text: bytes) -> str:
    """Return the SHA-256 of the normalised text: equal for copies that differ only in encoding and white space."""
    return raw_hash(normalised(text))
