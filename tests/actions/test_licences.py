"""publish_licence_version: the exact bytes of a licence, as a version that never changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import licences
from gatekeeper.models import Licence, LicenceVersion, Repository
from gatekeeper.models.personal import document_hash
from gatekeeper.rules.licensing import normalised_hash, raw_hash
from gatekeeper.rules.refusals import Invalid, NotAllowed, WrongState
from tests.expect import events, refused

TEXT = "Điều khoản: be good.\r\n".encode()
RAIL: dict[str, Any] = {"identifier": "openrail++", "title": "RAIL"}


def test_it_keeps_the_bytes_and_their_hashes(aurora_lab: Publisher, aurora: Repository, ewa: Viewer) -> None:
    """Byte for byte, with where they came from; counsel may publish."""
    version = licences.publish_licence_version(
        aurora_lab,
        by=ewa,
        text=TEXT,
        restrictions=["harm"],
        source_repository=aurora,
        source_commit="c1",
        source_path="LICENSE",
        **RAIL,
    )
    kept = LicenceVersion.objects.get(pk=version.pk)
    assert bytes(kept.text) == TEXT
    assert kept.words == TEXT.decode()
    assert (kept.text_sha256, kept.normalised_sha256) == (raw_hash(TEXT), normalised_hash(TEXT))
    assert (kept.restrictions, kept.number, kept.supersedes) == (["harm"], 1, None)
    assert (kept.source_repository, kept.source_commit, kept.source_path) == (aurora, "c1", "LICENSE")
    assert kept.sha256 == document_hash(kept.document)
    assert events(kept.licence) == ["licence_version.draft", "licence_version.publish"]


def test_the_same_bytes_again_are_the_version_in_place(aurora_lab: Publisher, bram: Viewer) -> None:
    """Another byte or another restriction is the next version, which names the one before."""
    first = licences.publish_licence_version(aurora_lab, by=bram, text=TEXT, **RAIL)
    assert licences.publish_licence_version(aurora_lab, by=bram, text=TEXT, **RAIL) == first
    second = licences.publish_licence_version(aurora_lab, by=bram, text=TEXT + b"!", **RAIL)
    third = licences.publish_licence_version(aurora_lab, by=bram, text=TEXT + b"!", restrictions=["harm"], **RAIL)
    assert [(version.number, version.supersedes) for version in (second, third)] == [(2, first), (3, second)]
    assert Licence.objects.count() == 1


def test_another_title_is_another_licence(aurora_lab: Publisher, bram: Viewer) -> None:
    """Versions count by licence."""
    licences.publish_licence_version(aurora_lab, by=bram, text=TEXT, **RAIL)
    other = licences.publish_licence_version(aurora_lab, by=bram, text=TEXT, identifier="other", title="Terms")
    assert (other.number, Licence.objects.count()) == (1, 2)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "text_missing"),
        (b" \r\n", "text_missing"),
        (b"x" * 1_000_001, "text_too_long"),
        (b"\xff\xfe", "not_text"),
        (b"a\x00b", "not_text"),
    ],
    ids=["empty", "blank", "a byte too long", "not UTF-8", "with a zero byte"],
)
def test_what_is_no_text_is_refused(aurora_lab: Publisher, bram: Viewer, text: bytes, code: str) -> None:
    """Nobody can accept what nobody can read."""
    with refused(Invalid, code, "text"):
        licences.publish_licence_version(aurora_lab, by=bram, text=text, **RAIL)
    assert not Licence.objects.exists()


def test_a_million_bytes_fit(aurora_lab: Publisher, bram: Viewer) -> None:
    """The bound itself is allowed."""
    assert licences.publish_licence_version(aurora_lab, by=bram, text=b"x" * 1_000_000, **RAIL).number == 1


def test_only_stewards_owners_and_counsel_may(
    aurora_lab: Publisher, amara: Viewer, chidi: Viewer, farid: Viewer, ha: Viewer
) -> None:
    """Reviewers decide under terms; they do not write them."""
    for who in (chidi, farid, ha):
        with refused(NotAllowed, "not_allowed"):
            licences.publish_licence_version(aurora_lab, by=who, text=TEXT, **RAIL)
    assert licences.publish_licence_version(aurora_lab, by=amara, text=TEXT, **RAIL).number == 1


# Drafts


def draft_of(publisher: Publisher, by: Viewer, **more: Any) -> LicenceVersion:
    """A draft of the RAIL licence."""
    return licences.draft_licence_version(publisher, by=by, **{"text": TEXT, **RAIL, **more})


def test_a_draft_is_read_before_it_is_published(aurora_lab: Publisher, ewa: Viewer, bram: Viewer) -> None:
    """Whoever publishes names what they read; what somebody put in its place meanwhile is refused."""
    draft = draft_of(aurora_lab, ewa)
    assert (draft.is_published, draft.number, draft.sha256) == (False, 1, "")
    seen = draft.digest
    again = draft_of(aurora_lab, bram, text=b"Other words.")
    assert again == draft
    with refused(WrongState, "stale"):
        licences.publish_draft(draft, by=ewa, seen=seen)
    version = licences.publish_draft(draft, by=ewa, seen=again.digest)
    assert (version.is_published, bytes(version.text), version.change_class) == (True, b"Other words.", "")
    with refused(WrongState, "already_published"):
        licences.publish_draft(draft, by=ewa, seen=again.digest)
    with refused(WrongState, "already_published"):
        licences.discard_draft(draft, by=ewa)


def test_a_draft_is_thrown_away(aurora_lab: Publisher, ewa: Viewer, chidi: Viewer) -> None:
    """With its translations; a reviewer neither drafts, publishes nor discards."""
    draft = draft_of(aurora_lab, ewa, translations={"fr": b"Soyez sages."})
    for verb in (
        lambda: draft_of(aurora_lab, chidi),
        lambda: licences.publish_draft(draft, by=chidi, seen=draft.digest),
        lambda: licences.discard_draft(draft, by=chidi),
    ):
        with refused(NotAllowed, "not_allowed"):
            verb()
    licences.discard_draft(draft, by=ewa)
    assert not LicenceVersion.objects.exists()
    with refused(WrongState, "stale"):
        licences.publish_draft(draft, by=ewa, seen=draft.digest)
    assert events(draft.licence) == ["licence_version.draft", "licence_version.discard"]


def test_profile_and_restrictions_are_filled_in(aurora_lab: Publisher, ewa: Viewer) -> None:
    """From what is known of the licence, then from the version before; what is given counts, and nothing is made up."""
    first = licences.publish_licence_version(aurora_lab, by=ewa, text=TEXT, **RAIL)
    assert (first.profile["family"], first.profile["latest_version"]) == ("rail", "none")
    assert "medical-advice" in first.restrictions
    draft = draft_of(aurora_lab, ewa, text=b"Be better.", profile=first.profile | {"revocable": "yes"})
    assert (draft.profile["revocable"], draft.restrictions) == ("yes", first.restrictions)
    own = licences.publish_licence_version(aurora_lab, by=ewa, text=TEXT, identifier="other", title="Ours")
    assert (own.profile["revocable"], own.restrictions) == ("unsaid", [])


def test_invariant_20_a_translation_is_frozen_with_its_version(aurora_lab: Publisher, ewa: Viewer) -> None:
    """Its hash is part of what was published; in the database it never changes after that."""
    french = b"Soyez sages."
    version = licences.publish_licence_version(aurora_lab, by=ewa, text=TEXT, translations={"fr": french}, **RAIL)
    assert (version.language, version.languages) == ("en", ["en", "fr"])
    shown = version.shown_in("fr")
    assert shown is not None
    assert (shown.words, version.document["translations"]) == ("Soyez sages.", {"fr": raw_hash(french)})
    assert (version.shown_in("en"), version.shown_in("de")) == (None, None)
    for change in (
        lambda: shown.delete(),
        lambda: version.translations.update(text=b"Soyez fous."),
        lambda: version.translations.create(language="de", text=b"Brav.", text_sha256="0" * 64),
    ):
        with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
            change()


@pytest.mark.parametrize(
    ("given", "code", "fields"),
    [
        ({"title": " "}, "name_missing", ["title"]),
        ({"identifier": "x" * 101}, "name_missing", ["identifier"]),
        ({"title": "Two\nlines"}, "name_missing", ["title"]),
        ({"restrictions": ["law", "law"]}, "restrictions_malformed", ["restrictions"]),
        ({"restrictions": ["Be good"]}, "restrictions_malformed", ["restrictions"]),
        ({"profile": {"revocable": "maybe", "colour": 1}}, "profile_malformed", ["colour", "revocable"]),
        ({"language": "Klingon"}, "language_malformed", ["language"]),
        ({"translations": {"en": b"Be good."}}, "language_malformed", ["translations"]),
        ({"translations": {"fr": b""}}, "text_missing", ["translations"]),
        ({"translations": {"fr": b"\xff"}}, "not_text", ["translations"]),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(
    aurora_lab: Publisher, ewa: Viewer, given: dict[str, Any], code: str, fields: list[str]
) -> None:
    """And no draft is left behind."""
    with refused(Invalid, code, *fields):
        draft_of(aurora_lab, ewa, **given)
    assert not LicenceVersion.objects.exists()


# The class of a change


def test_invariant_22_the_class_is_raised_and_never_lowered(aurora_lab: Publisher, ewa: Viewer) -> None:
    """An added restriction makes it material whatever counsel says; a clarification may be called material."""
    first = licences.publish_licence_version(aurora_lab, by=ewa, text=TEXT, restrictions=["law"], **RAIL)
    assert first.change_class == ""
    draft = draft_of(aurora_lab, ewa, restrictions=["law", "malware"])
    for given in ("editorial", "clarifying", "expanding"):
        with refused(Invalid, "class_too_low", "change_class"):
            licences.publish_draft(draft, by=ewa, seen=draft.digest, change_class=given)
    with refused(Invalid, "class_malformed", "change_class"):
        licences.publish_draft(draft, by=ewa, seen=draft.digest, change_class="tiny")
    second = licences.publish_draft(draft, by=ewa, seen=draft.digest)
    assert (second.change_class, second.supersedes) == ("material", first)
    narrower = draft_of(aurora_lab, ewa, profile=second.profile | {"territory_except": ["EU"]})
    with refused(Invalid, "class_too_low", "change_class"):
        licences.publish_draft(narrower, by=ewa, seen=narrower.digest, change_class="clarifying")
    licences.discard_draft(narrower, by=ewa)
    third = draft_of(aurora_lab, ewa, text=TEXT.replace(b"good", b"kind"))
    assert licences.publish_draft(third, by=ewa, seen=third.digest, change_class="material").change_class == "material"


def test_a_first_version_changes_nothing_and_a_copy_is_not_published(aurora_lab: Publisher, ewa: Viewer) -> None:
    """Its class is nobody's to give; what is in force already needs no new version."""
    draft = draft_of(aurora_lab, ewa)
    with refused(Invalid, "class_malformed", "change_class"):
        licences.publish_draft(draft, by=ewa, seen=draft.digest, change_class="material")
    licences.publish_draft(draft, by=ewa, seen=draft.digest)
    copy = draft_of(aurora_lab, ewa)
    with refused(WrongState, "nothing_changed"):
        licences.publish_draft(copy, by=ewa, seen=copy.digest)
