"""Keeping a file that somebody hands in: bounded, and told apart by its bytes."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.models import FileContent, StoredFile
from gatekeeper.rules import questions
from gatekeeper.rules.files import HEAD, kind_of, plain_name
from gatekeeper.rules.refusals import Invalid, Refusal
from gatekeeper.rules.refusals import gettext_noop as _

from ._step import acting

MOST_BYTES = questions.MOST_FILE_BYTES
TOO_LARGE = Refusal("file_too_large", _("The file is too large: at most %(most)s MB."), {"most": MOST_BYTES // 2**20})
NOT_TAKEN = Refusal("file_kind", _("Hand in a PDF, an image (PNG or JPEG), a text, or a ZIP or office file."))


@dataclass(frozen=True, slots=True)
class Handed:
    """A file that was read: its harmless name, its kind as its bytes tell, and its bytes."""

    name: str
    kind: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Return the hash of the bytes, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def described(self) -> dict[str, Any]:
        """Return the file as an answer describes it."""
        return {"name": self.name, "size": len(self.content), "sha256": self.sha256}


def taken_in(name: str, chunks: Iterable[bytes]) -> Handed | Refusal:
    """Return a file that somebody hands in, or why it is not taken: too large, or of no known kind."""
    kept = bytearray()
    for chunk in chunks:
        kept += chunk
        if len(kept) > MOST_BYTES:
            return TOO_LARGE
    kind = kind_of(bytes(kept[:HEAD]))
    return NOT_TAKEN if kind is None else Handed(plain_name(name), kind, bytes(kept))


def keep_file(
    publisher: Publisher, *, by: Viewer, name: str, chunks: Iterable[bytes], at: datetime | None = None
) -> StoredFile:
    """Keep a file for a publisher. Raises Invalid where it is too large or of no known kind.

    Part of the step that it is handed in with, which asks for the right to do so.
    """
    handed = taken_in(name, chunks)
    if isinstance(handed, Refusal):
        raise Invalid(handed, {"evidence": handed})
    return store_file(publisher, by=by, handed=handed, at=at)


def store_file(publisher: Publisher, *, by: Viewer, handed: Handed, at: datetime | None = None) -> StoredFile:
    """Store a file that was read, for a publisher: see keep_file."""
    stored = StoredFile.objects.create(
        publisher=publisher,
        name=handed.name,
        kind=handed.kind,
        size=len(handed.content),
        sha256=handed.sha256,
        stored_at=at or timezone.now(),
        stored_by=acting(by),
    )
    FileContent.objects.create(file=stored, content=handed.content)
    return stored
