"""Verbs of licences: draft a version of a text, byte for byte, read it, publish it. Published, it never changes."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.catalogues import licence_profiles
from gatekeeper.models import Licence, LicenceVersion, Repository, Translation
from gatekeeper.rules.licence_changes import ChangeClass
from gatekeeper.rules.licence_profiles import complete, faults
from gatekeeper.rules.licensing import normalised_hash, raw_hash
from gatekeeper.rules.refusals import Invalid, Refusal, WrongState
from gatekeeper.rules.refusals import gettext_noop as _
from gatekeeper.rules.statuses import Role

from ._step import STALE, acting, record
from .releases import PUBLISHED, require

LONGEST_TEXT = 1_000_000
LONGEST_NAME = {"identifier": 100, "title": 200}
MOST_RESTRICTIONS, MOST_TRANSLATIONS = 100, 10
PUBLISHERS = frozenset({Role.STEWARD, Role.OWNER, Role.COUNSEL})
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,4})?\Z")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")

NO_TEXT = Refusal("text_missing", _("A licence needs a text."))
TOO_LONG = Refusal("text_too_long", _("The text is longer than a million bytes."))
NOT_TEXT = Refusal("not_text", _("The file is not a text in UTF-8."))
NO_NAME = Refusal("name_missing", _("Give it a name of one line that fits."))
BAD_RESTRICTIONS = Refusal("restrictions_malformed", _("Name each use restriction once, by its slug."))
BAD_PROFILE = Refusal("profile_malformed", _("This value does not fit."))
BAD_LANGUAGE = Refusal("language_malformed", _("Name each language once, by its code, such as en or pt-BR."))
BAD_CLASS = Refusal("class_malformed", _("There is no such class of change."))
TOO_LOW = _("By what has changed it is at least “%(least)s”. A change can be called worse, never better.")
NOTHING_CHANGED = Refusal("nothing_changed", _("This says what the version in force says already."))


def draft_licence_version(
    publisher: Publisher,
    *,
    by: Viewer,
    identifier: str,
    title: str,
    text: bytes,
    restrictions: Sequence[str] | None = None,
    profile: Mapping[str, Any] | None = None,
    language: str = "en",
    translations: Mapping[str, bytes] | None = None,
    source_repository: Repository | None = None,
    source_commit: str = "",
    source_path: str = "",
    at: datetime | None = None,
) -> LicenceVersion:
    """Keep the exact bytes of a text as the draft of a licence's next version, in the place of an earlier draft.

    Restrictions and profile that are None are those of the version before, or what is known of such a licence.
    `translations` are texts by language; `language` is that of the text that binds. Raises NotAllowed, Invalid.
    """
    require(by, publisher.pk, PUBLISHERS)
    at = at or timezone.now()
    others = dict(translations or {})
    _check(identifier, title, text, restrictions, profile, language, others)
    with transaction.atomic():
        licence, _made = Licence.objects.get_or_create(publisher=publisher, identifier=identifier, title=title)
        locked_licence(licence)
        last = licence.latest()
        known = licence_profiles.known(identifier, title) or {}
        if profile is None:
            profile = last.profile if last else known.get("profile")
        if restrictions is None:
            restrictions = last.restrictions if last else known.get("restrictions", ())
        draft = LicenceVersion.objects.filter(licence=licence, published_at=None).first()
        draft = draft or LicenceVersion(licence=licence, created_at=at, created_by=acting(by))
        draft.number = last.number + 1 if last else 1
        draft.text, draft.text_sha256, draft.normalised_sha256 = text, raw_hash(text), normalised_hash(text)
        draft.source_repository, draft.source_commit, draft.source_path = source_repository, source_commit, source_path
        draft.document = {
            "identifier": identifier,
            "title": title,
            "restrictions": list(restrictions),
            "text_sha256": draft.text_sha256,
            "profile": complete(profile),
            "language": language,
            "translations": {name: raw_hash(words) for name, words in sorted(others.items())},
        }
        draft.save()
        draft.translations.all().delete()
        Translation.objects.bulk_create(
            Translation(version=draft, language=name, text=words, text_sha256=raw_hash(words))
            for name, words in others.items()
        )
        values = {"version": draft.pk, "text_sha256": draft.text_sha256}
        record([("licence_version.draft", licence, values)], by=acting(by), at=at)
    return draft


def publish_draft(
    draft: LicenceVersion, *, by: Viewer, seen: str, change_class: str = "", at: datetime | None = None
) -> LicenceVersion:
    """Publish a draft that was read: `seen` is the digest of what was read (see LicenceVersion.digest).

    `change_class` is how much it changes of the version before; empty for what the comparison says. It can be called
    worse than that, never better. Raises NotAllowed, WrongState (published, or another text by now), Invalid.
    """
    require(by, draft.licence.publisher_id, PUBLISHERS)
    at = at or timezone.now()
    with transaction.atomic():
        locked_licence(draft.licence)
        row = LicenceVersion.objects.select_related("licence").filter(pk=draft.pk).first()
        if row is None:
            raise WrongState(STALE)
        if row.is_published:
            raise WrongState(PUBLISHED)
        if row.digest != seen:
            raise WrongState(STALE)
        last = row.licence.latest()
        if last is not None:
            if _says_the_same(last, row):
                raise WrongState(NOTHING_CHANGED)
            row.document["change_class"] = _class(last, row, change_class)
        elif change_class:
            raise Invalid(BAD_CLASS, {"change_class": BAD_CLASS})
        row.number, row.supersedes = last.number + 1 if last else 1, last
        row.seal(by=acting(by), at=at)
        row.save(update_fields=["number", "supersedes", "document", "sha256", "published_at", "published_by"])
        values = {"version": row.pk, "text_sha256": row.text_sha256, "change_class": row.change_class}
        record([("licence_version.publish", row.licence, values)], by=acting(by), at=at)
    return row


def discard_draft(draft: LicenceVersion, *, by: Viewer, at: datetime | None = None) -> None:
    """Throw a draft away. Raises NotAllowed, WrongState if it is published by now."""
    require(by, draft.licence.publisher_id, PUBLISHERS)
    at = at or timezone.now()
    with transaction.atomic():
        locked_licence(draft.licence)
        if not LicenceVersion.objects.filter(pk=draft.pk, published_at=None).exists():
            raise WrongState(PUBLISHED)
        Translation.objects.filter(version=draft.pk).delete()
        LicenceVersion.objects.filter(pk=draft.pk).delete()
        record([("licence_version.discard", draft.licence, {"version": draft.pk})], by=acting(by), at=at)


def publish_licence_version(
    publisher: Publisher, *, by: Viewer, change_class: str = "", at: datetime | None = None, **drafted: Any
) -> LicenceVersion:
    """Draft and publish in one step: see draft_licence_version for what else it takes, and publish_draft.

    What the version in force says already is not published again: that version is returned.
    """
    with transaction.atomic():
        draft = draft_licence_version(publisher, by=by, at=at, **drafted)
        last = draft.licence.latest()
        if last is not None and _says_the_same(last, draft):
            discard_draft(draft, by=by, at=at)
            return last
        return publish_draft(draft, by=by, seen=draft.digest, change_class=change_class, at=at)


def locked_licence(licence: Licence) -> Licence:
    """Return a licence whose row is locked until the end of the transaction."""
    return Licence.objects.select_for_update(no_key=True).get(pk=licence.pk)


def _says_the_same(last: LicenceVersion, draft: LicenceVersion) -> bool:
    said = [{**each.document, "change_class": "", "profile": each.profile} for each in (last, draft)]
    said = [{"language": "en", "translations": {}, **each} for each in said]
    return said[0] == said[1]


def _class(last: LicenceVersion, draft: LicenceVersion, given: str) -> str:
    if given and given not in set(ChangeClass):
        raise Invalid(BAD_CLASS, {"change_class": BAD_CLASS})
    _texts, least = draft.compared_with(last)
    if given and not least.allows(ChangeClass(given)):
        refusal = Refusal("class_too_low", TOO_LOW, {"least": least.change_class.value})
        raise Invalid(refusal, {"change_class": refusal})
    return given or least.change_class.value


def _check(
    identifier: str,
    title: str,
    text: bytes,
    restrictions: Sequence[str] | None,
    profile: Mapping[str, Any] | None,
    language: str,
    translations: Mapping[str, bytes],
) -> None:
    wrong: dict[str, Refusal] = {}
    for name, value in (("identifier", identifier), ("title", title)):
        if not value.strip() or len(value) > LONGEST_NAME[name] or not value.isprintable():
            wrong[name] = NO_NAME
    slugs = list(restrictions or ())
    if len(slugs) > MOST_RESTRICTIONS or len(set(slugs)) != len(slugs) or not all(map(SLUG.match, slugs)):
        wrong["restrictions"] = BAD_RESTRICTIONS
    if profile is not None:
        wrong |= dict.fromkeys(faults(profile), BAD_PROFILE)
    if language in translations or len(translations) > MOST_TRANSLATIONS:
        wrong["translations"] = BAD_LANGUAGE
    if not all(map(LANGUAGE.match, (language, *translations))):
        wrong["language"] = BAD_LANGUAGE
    wrong |= dict(_of_texts(text, translations))
    if wrong:
        raise Invalid(next(iter(wrong.values())), wrong)


def _of_texts(text: bytes, translations: Mapping[str, bytes]) -> list[tuple[str, Refusal]]:
    found = [("text", _fault(text))]
    found += [("translations", _fault(words)) for words in translations.values()]
    return [(name, refusal) for name, refusal in found if refusal is not None]


def _fault(text: bytes) -> Refusal | None:
    """Return why nobody could read these bytes, and so nobody accept them."""
    if not text.strip():
        return NO_TEXT
    if len(text) > LONGEST_TEXT:
        return TOO_LONG
    try:
        return NOT_TEXT if "\x00" in text.decode("utf-8") else None
    except UnicodeDecodeError:
        return NOT_TEXT
