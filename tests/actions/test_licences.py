"""publish_licence_version: the exact bytes of a licence, as a version that never changes."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import licences
from gatekeeper.models import Licence, LicenceVersion, Repository
from gatekeeper.models.personal import document_hash
from gatekeeper.rules.licensing import normalised_hash, raw_hash
from gatekeeper.rules.refusals import Invalid, NotAllowed
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
    assert events(kept.licence) == ["licence_version.publish"]


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
