"""The public halves of the keys that ever signed something here: kept for good, and published."""

import base64
from datetime import datetime

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gatekeeper.models import SigningKey

from . import signing


def present() -> dict[str, str]:
    """Return the id and the public half (base64 of its 32 bytes) of the key that signs now."""
    half = signing.signing_key().public_key()
    raw = half.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"key_id": signing.key_id(half), "public_key": base64.b64encode(raw).decode()}


def keep(*, at: datetime) -> SigningKey:
    """Keep the key that signs now, if this is the first time, and return it."""
    key = SigningKey(**present(), first_used_at=at)
    SigningKey.objects.bulk_create([key], ignore_conflicts=True)
    return key


def published() -> list[dict[str, str]]:
    """Return every key that signed, in order, and the one that signs now."""
    used = SigningKey.objects.order_by("first_used_at", "key_id").values_list("key_id", "public_key")
    listed = [{"key_id": key_id, "public_key": half} for key_id, half in used]
    now = present()
    return listed if now in listed else [*listed, now]


def opened(key: SigningKey) -> Ed25519PublicKey:
    """Return a kept key as the one that verifies."""
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(key.public_key))
