"""create_release, change_release, add_stage, change_stage, publish_ladder."""

from __future__ import annotations

from datetime import date

import pytest

from accounts.models import Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import releases, repositories, stages
from gatekeeper.models import Release, Repository, Stage
from gatekeeper.models.personal import document_hash
from gatekeeper.rules.refusals import Invalid, NotAllowed, WrongState
from tests import factories
from tests.again import once
from tests.expect import events, last_event, refused


@pytest.fixture
@once
def release(aurora_lab: Publisher, bram: Viewer) -> Release:
    """A release without a stage."""
    return releases.create_release(aurora_lab, by=bram, title=" Aurora XL ", summary="Pictures.")


def test_a_release_is_founded_unpublished(release: Release, ha: Viewer, bram: Viewer) -> None:
    """Its own people see it; nobody else does before its ladder is published."""
    assert (release.title, release.slug, release.published_at) == ("Aurora XL", "aurora-xl", None)
    assert events(release) == ["release.create"]
    assert release in Release.objects.visible_to(bram)
    assert release not in Release.objects.visible_to(ha)
    assert release not in Release.objects.catalogue()


def test_a_name_is_used_once(release: Release, aurora_lab: Publisher, bram: Viewer) -> None:
    """Two releases that differ only in case would have one address."""
    with refused(Invalid, "name_taken", "title"):
        releases.create_release(aurora_lab, by=bram, title="aurora xl")


def test_a_name_without_latin_letters_gets_a_numbered_address(aurora_lab: Publisher, bram: Viewer) -> None:
    """日本 is a title; its address is plain."""
    made = [releases.create_release(aurora_lab, by=bram, title=title).slug for title in ("日本", "中国")]
    assert made == ["release-1", "release-2"]


def test_a_release_can_be_described_anew(release: Release, bram: Viewer) -> None:
    """Its address stays."""
    changed = releases.change_release(release, by=bram, title=" Aurora ", summary=" New. ", not_for_all_audiences=True)
    assert (changed.title, changed.summary, changed.slug) == ("Aurora", "New.", "aurora-xl")
    assert factories.fresh(changed).not_for_all_audiences
    assert last_event(release).action == "release.change"


def test_a_title_is_needed(release: Release, aurora_lab: Publisher, aurora: Repository, bram: Viewer) -> None:
    """For releases and stages alike."""
    stage = releases.add_stage(release, by=bram, title="One", repositories=[aurora])
    for verb, thing in (
        (releases.create_release, aurora_lab),
        (releases.change_release, release),
        (releases.add_stage, release),
        (releases.change_stage, stage),
    ):
        with refused(Invalid, "title_missing", "title"):
            verb(thing, by=bram, title=" ")  # type: ignore[operator]  # three verbs of one shape


def test_stages_are_added_rung_by_rung(release: Release, aurora: Repository, bram: Viewer) -> None:
    """Each comes after the last, planned, with its repositories and perhaps a promised day."""
    first = releases.add_stage(release, by=bram, title=" Research ", audience=" Universities. ", repositories=[aurora])
    second = releases.add_stage(release, by=bram, title="All", repositories=[aurora], promised_on=date(2027, 3, 1))
    assert [(s.ordinal, s.status, s.title) for s in (first, second)] == [
        (1, "planned", "Research"),
        (2, "planned", "All"),
    ]
    assert (first.audience, second.promised_on) == ("Universities.", date(2027, 3, 1))
    assert last_event(first).data == {"repositories": [aurora.pk]}
    assert list(Stage.objects.including(aurora)) == [first, second]


def test_a_planned_stage_can_be_changed(release: Release, aurora: Repository, bram: Viewer) -> None:
    """Until it is opened, nothing was promised to anybody."""
    second = factories.linked(aurora.publisher, by=Viewer.of(aurora.linked_by), name="aurora-small")
    stage = releases.add_stage(release, by=bram, title="Research", repositories=[aurora])
    changed = releases.change_stage(stage, by=bram, title="Labs", audience="Labs.", repositories=[second])
    assert (changed.title, list(changed.repositories.all())) == ("Labs", [second])
    assert last_event(stage).data == {"repositories": [second.pk]}


def test_a_stage_that_was_opened_or_closed_is_not_changed(stage: Stage, aurora: Repository, bram: Viewer) -> None:
    """What people agreed to stays."""
    for _state in ("open", "closed"):
        with refused(WrongState, "stage_not_planned"):
            releases.change_stage(stage, by=bram, title="Other", repositories=[aurora])
        if factories.fresh(stage).status == "open":
            stages.close(stage, by=bram)


def test_a_stage_has_linked_repositories_of_its_publisher(release: Release, aurora: Repository, amara: Viewer) -> None:
    """Neither none, nor somebody else's, nor one that was unlinked."""
    stage = releases.add_stage(release, by=amara, title="One", repositories=[aurora])
    stranger = factories.account("stranger")
    theirs = factories.linked(factories.found(stranger, "other-lab"), by=stranger, name="model")
    gone = repositories.unlink(factories.linked(aurora.publisher, by=amara, name="old"), by=amara)
    for included, code in (
        ([], "no_repository"),
        ([theirs], "repository_not_linked"),
        ([aurora, gone], "repository_not_linked"),
    ):
        with refused(Invalid, code, "repositories"):
            releases.add_stage(release, by=amara, title="Two", repositories=included)
        with refused(Invalid, code, "repositories"):
            releases.change_stage(stage, by=amara, title="Two", repositories=included)


def test_publishing_the_ladder_makes_the_release_public(
    release: Release, aurora: Repository, bram: Viewer, ha: Viewer
) -> None:
    """Hashed, numbered, and frozen; the same ladder again is the version in place."""
    with refused(WrongState, "no_stage"):
        releases.publish_ladder(release, by=bram)
    releases.add_stage(release, by=bram, title="Research", repositories=[aurora])
    first = releases.publish_ladder(release, by=bram)
    assert first.sha256 == document_hash(first.document)
    assert first.document["stages"][0]["repositories"] == ["aurora-lab/aurora-xl"]
    assert release in Release.objects.visible_to(ha)
    assert release in Release.objects.catalogue()
    assert releases.publish_ladder(release, by=bram) == first
    releases.add_stage(release, by=bram, title="All", repositories=[aurora])
    second = releases.publish_ladder(release, by=bram)
    assert (second.number, second.supersedes) == (2, first)
    assert factories.fresh(release).published_at == first.published_at


def test_only_stewards_and_owners_may(
    release: Release,
    aurora_lab: Publisher,
    aurora: Repository,
    bram: Viewer,
    chidi: Viewer,
    ewa: Viewer,
    goran: Viewer,
    nobody: Viewer,
) -> None:
    """A ladder is a steward's."""
    stage = releases.add_stage(release, by=bram, title="One", repositories=[aurora])
    for who, code in ((chidi, "not_allowed"), (ewa, "not_allowed"), (goran, "not_allowed"), (nobody, "sign_in")):
        with refused(NotAllowed, code):
            releases.create_release(aurora_lab, by=who, title="New")
        with refused(NotAllowed, code):
            releases.change_release(release, by=who, title="New")
        with refused(NotAllowed, code):
            releases.add_stage(release, by=who, title="New", repositories=[aurora])
        with refused(NotAllowed, code):
            releases.change_stage(stage, by=who, title="New", repositories=[aurora])
        with refused(NotAllowed, code):
            releases.publish_ladder(release, by=who)
