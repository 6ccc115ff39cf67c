"""link, keep_card, start_from_what_is_there, follow, unlink: none of them writes to the Hub."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import HubToken, Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import people, repositories, stages
from gatekeeper.models import HubAccess, Release, Repository, RepositoryWish, Stage
from gatekeeper.rules.hub_fields import from_hub
from gatekeeper.rules.refusals import Invalid, NotAllowed, WrongState
from tests import factories
from tests.again import once
from tests.expect import events, last_event, refused

LICENCE: dict[str, Any] = {"identifier": "openrail++", "title": "RAIL", "text": b"Be good.", "path": "LICENSE"}
ASKED = from_hub({"Affiliation": "text", "I accept": "checkbox"}).questions


@pytest.fixture
@once
def token(aurora_lab: Publisher, amara: Viewer) -> HubToken:
    """A token of aurora-lab."""
    return people.keep_token(aurora_lab, by=amara, secret="hf_x")


def link(token: HubToken, by: Viewer, **changed: Any) -> Repository:
    """Link a repository with this token."""
    details: dict[str, Any] = {"kind": "model", "name": "aurora-lab/aurora-xl", "found": {}, "token": token}
    publisher = Publisher.objects.get(name="aurora-lab")
    return repositories.link(publisher, by=by, **{**details, **changed})


def test_linking_keeps_what_was_read(token: HubToken, bram: Viewer) -> None:
    """Gate, privacy, tags, licence, commit; it is observed at once, and nothing is wished of it."""
    found = {"gate": "auto", "private": True, "tags": ["x"], "licence": "mit", "commit": "c1", "hub_id": "5"}
    repository = link(token, bram, found=found)
    assert (repository.seen_gate, repository.seen_private, repository.seen_tags) == ("auto", True, ["x"])
    assert (repository.seen_licence, repository.seen_commit, repository.hub_id) == ("mit", "c1", "5")
    assert repository.observe_due_at == repository.linked_at
    assert events(repository) == ["repository.link"]
    assert not RepositoryWish.objects.exists()


def test_a_repository_is_linked_once(aurora: Repository, token: HubToken, bram: Viewer) -> None:
    """Names on the Hub ignore case; a dataset of the same name is another repository."""
    with refused(WrongState, "already_linked"):
        link(token, bram, name="Aurora-Lab/AURORA-xl")
    assert link(token, bram, kind="dataset").path == "datasets/aurora-lab/aurora-xl"
    assert aurora.path == "aurora-lab/aurora-xl"


@pytest.mark.parametrize("changed", [{"name": "other-lab/model"}, {"name": "aurora-xl"}, {"kind": "space"}])
def test_only_repositories_of_ones_own_namespace_are_linked(
    token: HubToken, bram: Viewer, changed: dict[str, str]
) -> None:
    """And only of a kind that can be gated."""
    with refused(Invalid, "other_namespace", "name"):
        link(token, bram, **changed)


def test_a_token_of_another_publisher_links_nothing(token: HubToken, bram: Viewer) -> None:
    """A token acts for its own publisher."""
    stranger = factories.account("stranger")
    theirs = people.keep_token(factories.found(stranger, "other-lab"), by=stranger, secret="hf_y")
    with refused(Invalid, "token_of_another", "token"):
        link(theirs, bram)


def test_a_card_is_kept_once_for_each_commit(aurora: Repository) -> None:
    """Byte for byte; the same commit again is the card in place."""
    first = repositories.keep_card(aurora, commit="c9", text=b"one", gate={"prompt": "x"}, findings=["y"])
    assert repositories.keep_card(aurora, commit="c9", text=b"two", gate={}) == first
    assert bytes(factories.fresh(first).text) == b"one"


def test_the_short_start_makes_a_whole_release_that_opens(aurora: Repository, bram: Viewer, hub: Viewer) -> None:
    """One stage from the card's form and the repository's licence: one approval, no end, the card untouched."""
    stage = repositories.start_from_what_is_there(aurora, by=bram, questions_asked=ASKED, licence=LICENCE)
    policy = factories.fresh(stage).policy
    assert policy is not None
    assert (stage.status, stage.release.title, stage.tells_the_card) == ("opening", "aurora-xl", False)
    assert (policy.term("approvals_required"), policy.term("duration_days"), policy.hub_is_enough) == (1, None, True)
    assert bytes(policy.licence_version.text) == b"Be good."
    assert all(question["to_review"] for question in policy.form.questions)
    assert RepositoryWish.objects.get().card_link == ""
    assert stage.release in Release.objects.catalogue()
    assert not HubAccess.objects.exists()
    assert stages.confirm_open(stage).status == "open"


def test_the_short_start_carries_the_audience_label_over(aurora_lab: Publisher, amara: Viewer) -> None:
    """A tag that the card has is kept in sight here."""
    flagged = factories.linked(aurora_lab, by=amara, name="nsfw", tags=["not-for-all-audiences"])
    stage = repositories.start_from_what_is_there(flagged, by=amara, questions_asked=ASKED, licence=LICENCE)
    assert stage.release.not_for_all_audiences


def test_an_owner_who_starts_alone_reviews_as_well(aurora: Repository, amara: Viewer, aurora_lab: Publisher) -> None:
    """Somebody has to be able to decide."""
    repositories.start_from_what_is_there(aurora, by=amara, questions_asked=ASKED, licence=LICENCE)
    assert set(aurora_lab.memberships.filter(user=amara.user).values_list("role", flat=True)) == {"owner", "reviewer"}


def test_nobody_is_made_a_reviewer_where_there_is_one(
    aurora: Repository, amara: Viewer, chidi: Viewer, aurora_lab: Publisher
) -> None:
    """Who reviews was decided already."""
    repositories.start_from_what_is_there(aurora, by=amara, questions_asked=ASKED, licence=LICENCE)
    assert list(aurora_lab.memberships.filter(role="reviewer").values_list("user", flat=True)) == [chidi.user.pk]


def test_the_short_start_needs_a_licence_text(aurora: Repository, bram: Viewer) -> None:
    """There has to be something to accept; nothing is left behind."""
    with refused(Invalid, "licence_missing", "licence"):
        repositories.start_from_what_is_there(aurora, by=bram, questions_asked=ASKED, licence={**LICENCE, "text": b""})
    with refused(Invalid, "not_text", "text"):
        repositories.start_from_what_is_there(
            aurora, by=bram, questions_asked=ASKED, licence={**LICENCE, "text": b"\xff"}
        )
    assert not Release.objects.exists()


def test_a_renamed_repository_is_followed_within_its_namespace(aurora: Repository, amara: Viewer, hub: Viewer) -> None:
    """The same one by its id; what went to another namespace, or took a linked name, keeps its old name here."""
    other = factories.linked(aurora.publisher, by=amara, name="taken")
    for name in ("other-lab/aurora", "aurora-lab/TAKEN", "aurora-lab/aurora-xl"):
        assert repositories.follow(aurora, name=name).name == "aurora-lab/aurora-xl"
    assert repositories.follow(aurora, name="aurora-lab/aurora-2").name == "aurora-lab/aurora-2"
    assert aurora.name == factories.fresh(aurora).name == "aurora-lab/aurora-2"
    assert last_event(aurora).data == {"from": "aurora-lab/aurora-xl", "to": "aurora-lab/aurora-2"}
    assert last_event(aurora).actor == hub.user
    assert factories.fresh(other).name == "aurora-lab/taken"


def test_unlinking_ends_what_is_done_with_it(aurora: Repository, bram: Viewer) -> None:
    """It is not observed any more, keeps its row, and can be linked anew."""
    gone = repositories.unlink(aurora, by=bram)
    assert gone.unlinked_by == bram.user
    assert repositories.unlink(aurora, by=bram) == gone
    assert events(gone).count("repository.unlink") == 1
    assert gone not in Repository.objects.linked()
    assert link(aurora.token, bram, name=aurora.name) != gone


def test_a_repository_of_an_open_stage_is_not_unlinked(aurora: Repository, amara: Viewer) -> None:
    """Nor of one that is about to open; of a closed one it may be."""
    stage: Stage = factories.planned_stage(aurora, by=amara)
    for move in (stages.open_stage, lambda stage, by: stages.confirm_open(stage)):
        stage = move(stage, by=amara)  # type: ignore[operator]
        with refused(WrongState, "stage_open"):
            repositories.unlink(aurora, by=amara)
    stages.close(stage, by=amara)
    assert repositories.unlink(aurora, by=amara).unlinked_at is not None


def test_what_stopped_can_be_tried_again(
    stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer, goran: Viewer, amara: Viewer
) -> None:
    """Rows, the gate and the reading of one repository; where nothing stopped, nothing is recorded."""
    factories.waiting_grant(stage, ha, by=chidi)
    elsewhere = factories.linked(aurora.publisher, by=amara, name="other")
    assert repositories.take_up_again(aurora, by=amara) == 0
    assert events(aurora) == ["repository.link"]
    for rows in (HubAccess.objects, RepositoryWish.objects, Repository.objects):
        rows.update(parked_reason="token_refused")
    at = factories.later(1)
    assert repositories.take_up_again(aurora, by=goran, at=at) == 3
    assert HubAccess.objects.due(at=at).exists()
    assert RepositoryWish.objects.due(at=at).exists()
    assert list(Repository.objects.filter(parked_reason="")) == [aurora]
    assert factories.fresh(elsewhere).parked_reason == "token_refused"
    assert last_event(aurora).data == {"rows": 3}
    with refused(NotAllowed, "not_allowed"):
        repositories.take_up_again(aurora, by=chidi)


def test_only_stewards_and_owners_may(
    aurora: Repository, chidi: Viewer, ewa: Viewer, goran: Viewer, nobody: Viewer
) -> None:
    """Repositories are a steward's."""
    for who, code in ((chidi, "not_allowed"), (ewa, "not_allowed"), (goran, "not_allowed"), (nobody, "sign_in")):
        with refused(NotAllowed, code):
            link(aurora.token, who, name="aurora-lab/new")
        with refused(NotAllowed, code):
            repositories.start_from_what_is_there(aurora, by=who, questions_asked=ASKED, licence=LICENCE)
        with refused(NotAllowed, code):
            repositories.unlink(aurora, by=who)
