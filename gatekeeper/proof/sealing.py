"""Sealing the record: a checkpoint chains and signs the digests of the events since the one before.

`verify` finds a change to any sealed event, and a removal against a checkpoint that was kept elsewhere.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connection, transaction
from django.utils import timezone

from gatekeeper.models import Checkpoint, Event

from . import keys, signing

SEALER_LOCK = 7_203_461_001
AT_MOST = 10_000


def _chained(previous: str, digests: Iterable[str]) -> tuple[str, int]:
    chain, count = hashlib.sha256(previous.encode()), 0
    for digest in digests:
        chain.update(digest.encode())
        count += 1
    return chain.hexdigest(), count


def _message(digest: str, events: int, last_event: int, sealed_at: datetime) -> bytes:
    sealed = sealed_at.astimezone(UTC).isoformat(timespec="microseconds")
    return f"gatekeeper checkpoint {digest} {events} {last_event} {sealed}".encode()


def seal(*, at: datetime | None = None) -> Checkpoint | None:
    """Seal the visible unsealed events, at most 10,000; returns the checkpoint, or None if there was nothing to seal.

    One sealer at a time: another one that comes meanwhile seals nothing. An event whose transaction commits after a
    later one was sealed is sealed by the next checkpoint; the order is that of the checkpoints, then of the ids.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEALER_LOCK])
            if not cursor.fetchone()[0]:
                return None
        events = list(Event.objects.unsealed().values_list("pk", "digest")[:AT_MOST])
        if not events:
            return None
        previous = Checkpoint.objects.order_by("-pk").first()
        digest, count = _chained(previous.digest if previous else "", (digest for _pk, digest in events))
        at = at or timezone.now()
        signature, key = signing.sign(_message(digest, count, events[-1][0], at))
        checkpoint = Checkpoint.objects.create(
            previous=previous,
            events=count,
            last_event=events[-1][0],
            digest=digest,
            signature=signature,
            key_id=key,
            sealed_at=at,
        )
        Event.objects.filter(pk__in=[pk for pk, _digest in events]).update(checkpoint=checkpoint)
        keys.keep(at=at)
    return checkpoint


@dataclass
class Verdict:
    """What a verification found: how much it read, and a sentence for each thing that is wrong."""

    checkpoints: int = 0
    events: int = 0
    unsealed: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.faults


def verify(*, kept: Iterable[Mapping[str, Any]] = (), earlier_keys: Iterable[Ed25519PublicKey] = ()) -> Verdict:
    """Check every event against its digest, every checkpoint against its events, its forerunner and its signature.

    `kept` are checkpoints stored elsewhere, as mappings with id, digest, events and signature: a record that was
    rewritten or cut shorter than them is found. `earlier_keys` are the public halves of signing keys that were
    replaced; a signature by any other key is a fault. Reads in a stream.
    """
    verdict, previous = Verdict(), None
    known = {signing.key_id(key): key for key in (signing.signing_key().public_key(), *earlier_keys)}
    for checkpoint in Checkpoint.objects.order_by("pk").iterator():
        verdict.checkpoints += 1
        if checkpoint.previous_id != (previous.pk if previous else None):
            verdict.faults.append(f"Checkpoint {checkpoint.pk} does not follow the one before it.")
        digest, count = _chained(previous.digest if previous else "", _digests(checkpoint, verdict))
        if (digest, count) != (checkpoint.digest, checkpoint.events):
            verdict.faults.append(f"Checkpoint {checkpoint.pk} does not seal the events that are there.")
        key = known.get(checkpoint.key_id)
        message = _message(checkpoint.digest, checkpoint.events, checkpoint.last_event, checkpoint.sealed_at)
        if key is None or not signing.verifies(message, checkpoint.signature, key):
            verdict.faults.append(f"Checkpoint {checkpoint.pk} is not signed by this installation.")
        previous = checkpoint
    for event in Event.objects.unsealed().iterator():
        verdict.unsealed += 1
        _check(event, verdict)
    _compare(kept, verdict)
    return verdict


def _digests(checkpoint: Checkpoint, verdict: Verdict) -> Iterable[str]:
    for event in Event.objects.filter(checkpoint=checkpoint).order_by("pk").iterator():
        verdict.events += 1
        _check(event, verdict)
        yield event.digest


def _check(event: Event, verdict: Verdict) -> None:
    if event.digest != event.expected_digest():
        verdict.faults.append(f"Event {event.pk} is not as it was written.")


def _compare(kept: Iterable[Mapping[str, Any]], verdict: Verdict) -> None:
    for one in kept:
        here = Checkpoint.objects.filter(pk=one["id"]).first()
        if here is None:
            verdict.faults.append(f"Checkpoint {one['id']}, kept elsewhere, is missing here.")
        elif any(getattr(here, name) != one[name] for name in ("digest", "events", "signature")):
            verdict.faults.append(f"Checkpoint {one['id']} differs from the one kept elsewhere.")
