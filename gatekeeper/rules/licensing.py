"""Licence texts and use restrictions: their hashes, and what a version says in short."""

import hashlib

from .texts import composed

# Identifiers of the Hub whose texts carry use restrictions; they are open access with conditions, never "open source".
RAIL_FAMILY = frozenset(
    {
        "openrail",
        "openrail++",
        "creativeml-openrail-m",
        "bigscience-openrail-m",
        "bigscience-bloom-rail-1.0",
        "bigcode-openrail-m",
    }
)


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


def carries_use_restrictions(identifier: str) -> bool:
    """Say whether a Hub licence identifier belongs to the RAIL family."""
    return identifier.lower() in RAIL_FAMILY
