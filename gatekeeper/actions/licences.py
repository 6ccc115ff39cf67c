"""Verbs of licences: publish a version of a text, byte for byte."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.models import Licence, LicenceVersion, Repository
from gatekeeper.rules.licensing import normalised_hash, raw_hash
from gatekeeper.rules.refusals import Invalid, Refusal
from gatekeeper.rules.refusals import gettext_noop as _
from gatekeeper.rules.statuses import Role

from ._step import acting, record
from .releases import require

LONGEST_TEXT = 1_000_000
PUBLISHERS = frozenset({Role.STEWARD, Role.OWNER, Role.COUNSEL})

NO_TEXT = Refusal("text_missing", _("A licence needs a text."))
TOO_LONG = Refusal("text_too_long", _("The text is longer than a million bytes."))
NOT_TEXT = Refusal("not_text", _("The file is not a text in UTF-8."))


def publish_licence_version(
    publisher: Publisher,
    *,
    by: Viewer,
    identifier: str,
    title: str,
    text: bytes,
    restrictions: Sequence[str] = (),
    source_repository: Repository | None = None,
    source_commit: str = "",
    source_path: str = "",
    at: datetime | None = None,
) -> LicenceVersion:
    """Publish the exact bytes of a text as a licence's next version; the same bytes again return the version in place.

    Raises NotAllowed, Invalid (no text, over 1,000,000 bytes, not UTF-8).
    """
    require(by, publisher.pk, PUBLISHERS)
    at = at or timezone.now()
    _check_text(text)
    digest = raw_hash(text)
    with transaction.atomic():
        licence, _made = Licence.objects.get_or_create(publisher=publisher, identifier=identifier, title=title)
        Licence.objects.select_for_update(no_key=True).get(pk=licence.pk)
        last = licence.versions.order_by("-number").first()
        if last is not None and last.text_sha256 == digest and last.restrictions == list(restrictions):
            return last
        version = LicenceVersion(
            licence=licence,
            number=last.number + 1 if last else 1,
            text=text,
            text_sha256=digest,
            normalised_sha256=normalised_hash(text),
            source_repository=source_repository,
            source_commit=source_commit,
            source_path=source_path,
            created_at=at,
            created_by=acting(by),
            supersedes=last,
            document={
                "identifier": identifier,
                "title": title,
                "restrictions": list(restrictions),
                "text_sha256": digest,
            },
        )
        version.seal(by=acting(by), at=at)
        version.save()
        record(
            [("licence_version.publish", licence, {"version": version.pk, "text_sha256": digest})], by=acting(by), at=at
        )
    return version


def _check_text(text: bytes) -> None:
    if not text.strip():
        raise Invalid(NO_TEXT, {"text": NO_TEXT})
    if len(text) > LONGEST_TEXT:
        raise Invalid(TOO_LONG, {"text": TOO_LONG})
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(NOT_TEXT, {"text": NOT_TEXT}) from error
    if "\x00" in decoded:
        raise Invalid(NOT_TEXT, {"text": NOT_TEXT})
