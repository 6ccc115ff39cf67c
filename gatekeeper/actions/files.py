"""Keeping a file that somebody hands in: bounded, and told apart by its bytes."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.models import FileContent, StoredFile
from gatekeeper.rules.files import HEAD, kind_of, plain_name
from gatekeeper.rules.refusals import Invalid, Refusal
from gatekeeper.rules.refusals import gettext_noop as _

from ._step import acting

MOST_BYTES = 10 * 1024 * 1024
TOO_LARGE = Refusal("file_too_large", _("The file is too large: at most %(most)s MB."), {"most": MOST_BYTES // 2**20})
NOT_TAKEN = Refusal("file_kind", _("Hand in a PDF, an image (PNG or JPEG), a text, or a ZIP or office file."))


def keep_file(
    publisher: Publisher, *, by: Viewer, name: str, chunks: Iterable[bytes], at: datetime | None = None
) -> StoredFile:
    """Keep a file for a publisher. Raises Invalid where it is too large or of no known kind.

    Part of the step that it is handed in with, which asks for the right to do so.
    """
    kept = bytearray()
    for chunk in chunks:
        kept += chunk
        if len(kept) > MOST_BYTES:
            raise Invalid(TOO_LARGE, {"evidence": TOO_LARGE})
    kind = kind_of(bytes(kept[:HEAD]))
    if kind is None:
        raise Invalid(NOT_TAKEN, {"evidence": NOT_TAKEN})
    stored = StoredFile.objects.create(
        publisher=publisher,
        name=plain_name(name),
        kind=kind,
        size=len(kept),
        sha256=hashlib.sha256(kept).hexdigest(),
        stored_at=at or timezone.now(),
        stored_by=acting(by),
    )
    FileContent.objects.create(file=stored, content=bytes(kept))
    return stored
