"""Verify the record, seal it now, or write out what is kept elsewhere: its checkpoints, and the key for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.management.base import BaseCommand, CommandError, CommandParser

from gatekeeper.models import Checkpoint
from gatekeeper.proof import sealing
from gatekeeper.proof.signing import signing_key

KEPT = {"id": int, "digest": str, "events": int, "signature": str}


class Command(BaseCommand):
    """`audit verify` exits with an error when anything was changed or removed."""

    help = "Verify, seal or export the append-only record."

    def add_arguments(self, parser: CommandParser) -> None:
        """verify [--checkpoints FILE], seal, export-checkpoints, public-key."""
        does = parser.add_subparsers(dest="does", required=True, metavar="verify|seal|export-checkpoints|public-key")
        verify = does.add_parser("verify", help="check every event, checkpoint and signature")
        verify.add_argument(
            "--checkpoints",
            metavar="FILE",
            type=Path,
            help="also compare with checkpoints kept elsewhere, as export-checkpoints wrote them",
        )
        verify.add_argument(
            "--earlier-key",
            metavar="FILE",
            type=Path,
            action="append",
            default=[],
            help="the public half (PEM) of a signing key that was replaced; may be given several times",
        )
        does.add_parser("seal", help="seal the events that are not sealed yet")
        does.add_parser("export-checkpoints", help="write every checkpoint as a line of JSON")
        does.add_parser("public-key", help="write the public half of the signing key, which --earlier-key takes")

    def handle(self, *args: Any, does: str, **options: Any) -> None:
        """Do what the subcommand says."""
        if does == "verify":
            self.verify(options["checkpoints"], options["earlier_key"])
        elif does == "seal":
            self.seal()
        elif does == "public-key":
            self.public_key()
        else:
            self.export()

    def verify(self, file: Path | None, earlier: list[Path]) -> None:
        """Print each fault; raise CommandError if there is one."""
        keys = [public_key(key) for key in earlier]
        verdict = sealing.verify(kept=kept_in(file) if file else (), earlier_keys=keys)
        for fault in verdict.faults:
            self.stderr.write(fault)
        read = f"{verdict.checkpoints} checkpoints, {verdict.events} sealed events, {verdict.unsealed} not sealed yet"
        if not verdict.sound:
            raise CommandError(f"The record is not as it was written ({read}; faults: {len(verdict.faults)}).")
        self.stdout.write(f"The record is as it was written: {read}.")

    def seal(self) -> None:
        """Seal until nothing is left."""
        checkpoints = 0
        while sealing.seal() is not None:
            checkpoints += 1
        self.stdout.write(f"Sealed: {checkpoints} new checkpoints.")

    def public_key(self) -> None:
        """Write the key with which anybody can check the checkpoints, as PEM; nothing in it is secret."""
        pem, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        self.stdout.write(signing_key().public_key().public_bytes(pem, form).decode().rstrip())

    def export(self) -> None:
        """One line for each checkpoint, oldest first; nothing in it is secret."""
        rows = Checkpoint.objects.order_by("pk").values(
            "id", "previous_id", "digest", "events", "last_event", "signature", "key_id", "sealed_at"
        )
        for row in rows.iterator():
            self.stdout.write(json.dumps(row | {"sealed_at": row["sealed_at"].isoformat()}))


def public_key(file: Path) -> Ed25519PublicKey:
    """Return the Ed25519 public key in a PEM file. Raises CommandError."""
    try:
        key = serialization.load_pem_public_key(file.read_bytes())
    except (OSError, ValueError):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise CommandError(f"{file} holds no Ed25519 public key as PEM.")
    return key


def kept_in(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the checkpoints of a file. Raises CommandError for a file or a line that cannot be read."""
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _checkpoint(line, f"{file}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read.") from error


def _checkpoint(line: str, where: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
        shaped = all(type(found[name]) is kind for name, kind in KEPT.items())
    except (ValueError, TypeError, KeyError):
        shaped = False
    if not shaped:
        raise CommandError(f"{where}: this is not a checkpoint.")
    return dict(found)
