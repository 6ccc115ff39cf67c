"""Evidence packs: one ZIP for counsel that proves a grant from the acceptance to the Hub, and is checked without us.

Each file stands in the manifest with its hash, the manifest is signed, and the ZIP itself is written in one way only
(stored, in the order of their names, without dates), so that whoever checks it can write it again: a changed byte
anywhere is found. Nobody's answers are in it, only their digests.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from gatekeeper.models import Checkpoint, Decision, Event, Fragment, Grant, HubAccess
from gatekeeper.models.personal import canonical
from gatekeeper.rules.licensing import raw_hash

from . import keys, receipts, signing
from .moments import utc
from .verify_receipt import PACK_FORMAT, PACK_PREFIX, packed

READ_ME = """\
This proves that one person accepted one licence text, was decided about, and was let in on the Hugging Face Hub.

  manifest.json       every file with its SHA-256; signature.json signs it (Ed25519)
  receipt.json        the acceptance, signed when it was given
  licence.txt         the text, byte for byte
  licence.json        the licence version; form.json and policy.json: what was asked, and the terms
  shown.html          what the page showed of the text (not for an acceptance on the Hub)
  translation.txt     the translation that was shown above the text, if one was
  decisions.json      who decided what, when, with which reasons; words and answers only as salted digests
  delivery.json       what the Hub was told, and when it was read back
  record/             the events of this case, and the signed checkpoints that seal them

To check it, get two files from the service that issued it, not from here:
/verify/verify_receipt.py and /.well-known/gatekeeper-keys.json. Then

  python verify_receipt.py evidence.zip --keys gatekeeper-keys.json
"""


def pack(grant: Grant, *, at: datetime) -> bytes:
    """Return the evidence of a grant whose licence was accepted, as a ZIP; a constant number of statements."""
    files = dict(_files(grant))
    manifest = {
        "format": PACK_FORMAT,
        "issuer": receipts.issuer(),
        "grant": grant.pk,
        "made_at": utc(at),
        "files": {name: raw_hash(content) for name, content in files.items()},
    }
    listed = _json(manifest)
    signature, key_id = signing.sign(PACK_PREFIX + listed)
    signed = _json({"signature": signature, "key_id": key_id})
    keys.keep(at=at)
    return packed([("manifest.json", listed), ("signature.json", signed), *sorted(files.items())])


def _json(document: Any) -> bytes:
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _files(grant: Grant) -> Iterable[tuple[str, bytes]]:
    acceptance = grant.acceptance
    assert acceptance is not None, "what was not accepted cannot be proved"
    version, policy = acceptance.licence_version, acceptance.policy
    yield "README.txt", READ_ME.encode()
    yield "receipt.json", _json(receipts.document(acceptance.receipt))
    yield "licence.txt", bytes(version.text)
    yield "licence.json", canonical(version.document).encode()
    yield "form.json", canonical(policy.form.document).encode()
    yield "policy.json", canonical(policy.document).encode()
    shown = Fragment.objects.filter(sha256=acceptance.rendered_sha256).first()
    if shown is not None:
        yield "shown.html", shown.html.encode()
    translation = version.shown_in(acceptance.text_language)
    if translation is not None:
        yield "translation.txt", bytes(translation.text)
    yield "decisions.json", _json([_decision(made) for made in _decisions(grant)])
    yield "delivery.json", _json(_delivery(grant))
    yield from _record(grant)


def _decisions(grant: Grant) -> Iterable[Decision]:
    about = Q(grant=grant) | (Q(request=grant.request_id) if grant.request_id else Q())
    found = Decision.objects.filter(about).select_related("submission", "policy", "submission__form")
    return found.order_by("decided_at", "pk")


def _decision(made: Decision) -> dict[str, Any]:
    said = made.submission
    return {
        "id": made.pk,
        "outcome": made.outcome,
        "reason_codes": made.reason_codes,
        "words_digest": made.words_digest,
        "automatic": made.automatic,
        "decided_at": utc(made.decided_at),
        "decided_by": made.decided_by_id,
        "policy_sha256": made.policy.sha256,
        "submission": said
        and {
            "number": said.number,
            "origin": said.origin,
            "submitted_at": utc(said.submitted_at),
            "answers_digest": said.answers_digest,
            "form_sha256": said.form.sha256,
        },
    }


def _delivery(grant: Grant) -> dict[str, Any]:
    rows = HubAccess.objects.filter(person=grant.person_id, repository__stages=grant.stage_id)
    return {
        "grant": {
            "id": grant.pk,
            "status": grant.status,
            "activated_at": utc(grant.activated_at),
            "ends_at": utc(grant.ends_at),
            "conditions": grant.conditions,
        },
        "hub": [
            {
                "repository": row.repository.name,
                "kind": row.repository.kind,
                "wished": row.access,
                "wished_at": utc(row.wished_at),
                "told_at": utc(row.applied_at),
                "read_back_at": utc(row.confirmed_at),
                "seen": row.seen,
                "seen_at": utc(row.seen_at),
            }
            for row in rows.select_related("repository").order_by("repository__name", "pk")
        ],
    }


def _record(grant: Grant) -> Iterable[tuple[str, bytes]]:
    about = Q(object_kind="grant", object_id=grant.pk)
    if grant.request_id:
        about |= Q(object_kind="accessrequest", object_id=grant.request_id)
    events = list(Event.objects.filter(about).order_by("pk"))
    sealed = {event.checkpoint_id for event in events if event.checkpoint_id is not None}
    digests: dict[int, list[str]] = {}
    rows = Event.objects.filter(checkpoint__in=sealed).order_by("pk").values_list("checkpoint_id", "digest")
    for checkpoint, digest in rows.iterator(chunk_size=5_000):
        digests.setdefault(checkpoint, []).append(digest)
    yield "record/events.json", _json([_event(event) for event in events])
    yield (
        "record/checkpoints.json",
        _json(
            [
                {
                    "id": checkpoint.pk,
                    "previous_digest": checkpoint.previous.digest if checkpoint.previous else "",
                    "digest": checkpoint.digest,
                    "events": checkpoint.events,
                    "last_event": checkpoint.last_event,
                    "sealed_at": checkpoint.sealed_at.astimezone(UTC).isoformat(timespec="microseconds"),
                    "signature": checkpoint.signature,
                    "key_id": checkpoint.key_id,
                    "digests": digests[checkpoint.pk],
                }
                for checkpoint in Checkpoint.objects.filter(pk__in=sealed).select_related("previous").order_by("pk")
            ]
        ),
    )


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.pk,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": event.actor_id,
        "action": event.action,
        "kind": event.object_kind,
        "object": event.object_id,
        "publisher": event.publisher_id,
        "data": event.data,
        "digest": event.digest,
        "checkpoint": event.checkpoint_id,
    }
