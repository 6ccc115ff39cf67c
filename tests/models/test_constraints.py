"""What the database itself holds, whatever the code does."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.models import (
    Acceptance,
    AccessRequest,
    Decision,
    GateForm,
    Grant,
    HubAccess,
    Repository,
    RepositoryWish,
    Review,
    Stage,
)
from tests import factories


def again(row: Any, **changes: Any) -> Any:
    """The same row once more, with changes, not saved."""
    values = {
        field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if not field.primary_key
    }
    fields = {row._meta.get_field(name).attname: getattr(value, "pk", value) for name, value in changes.items()}
    return type(row)(**{**values, **fields})


def violates(name: str, row: Any, **changes: Any) -> None:
    """Saving the row once more, with changes, breaks this constraint."""
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        again(row, **changes).save()


def test_one_open_request_per_person_and_stage(stage: Stage, ha: Viewer) -> None:
    """As many ended ones as there were."""
    case = factories.submitted(stage, ha)
    for status in ("draft", "brought_in", "submitted", "in_review", "info_requested", "denied_correctable"):
        violates("one_open_request_per_person_and_stage", case, status=status)
    for status in ("approved", "denied_final", "withdrawn", "expired"):
        again(case, status=status).save()
    assert AccessRequest.objects.count() == 5


def test_one_live_grant_per_person_and_stage(stage: Stage, kiri: HubPerson, amara: Viewer) -> None:
    """As many ended ones as there were."""
    grant = factories.imported(stage, kiri, by=amara)
    for status in ("pending_activation", "active", "suspended"):
        violates("one_live_grant_per_person_and_stage", grant, status=status)
    for status in ("expired", "relinquished", "revoked"):
        again(grant, status=status).save()
    assert Grant.objects.count() == 4


def test_a_grant_rests_on_a_decision_with_an_acceptance_or_on_an_import(
    stage: Stage, ha: Viewer, chidi: Viewer
) -> None:
    """Neither on nothing, nor on both, nor on a decision without an acceptance."""
    grant = factories.waiting_grant(stage, ha, by=chidi)
    ended = {"status": "expired"}
    violates("grant_rests_on_a_decision_or_an_import", grant, decision=None, **ended)
    violates("grant_rests_on_a_decision_or_an_import", grant, imported_by=chidi.user, **ended)
    other = again(Decision.objects.get())
    other.save()
    violates("grant_rests_on_a_decision_or_an_import", grant, decision=other, acceptance=None, **ended)


def test_a_decision_has_a_reason_and_something_it_is_about(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """And no denial was made by a rule."""
    factories.denied_finally(stage, ha, by=chidi)
    decision = Decision.objects.get()
    violates("decision_has_a_reason_code", decision, reason_codes=[])
    violates("decision_is_about_a_submission_or_a_grant", decision, submission=None)
    violates("decision_is_about_a_submission_or_a_grant", decision, outcome="revoked")
    violates("nothing_is_denied_by_rule", decision, automatic=True)
    violates("nothing_is_denied_by_rule", decision, automatic=True, outcome="denied_correctable")


def test_an_acceptance_on_the_hub_names_its_card(stage: Stage, ha: Viewer) -> None:
    """The weaker kind has to say what was shown."""
    factories.draft(stage, ha)
    violates("acceptance_on_the_hub_names_its_card", Acceptance.objects.get(), kind="on_the_hub")


def test_a_version_is_published_with_time_person_and_hash_or_not_at_all(stage: Stage, amara: Viewer) -> None:
    """A pair is never half."""
    form = GateForm.objects.get()
    violates("gate_form_published_pair", form, published_at=None)
    violates("gate_form_published_pair", form, published_by=None)
    violates("gate_form_published_pair", form, sha256="")
    violates("gate_form_published_pair", form, published_at=None, published_by=None)
    again(form, published_at=None, published_by=None, sha256="").save()


def test_numbers_and_rungs_are_counted_once(stage: Stage, ha: Viewer) -> None:
    """Two versions with one number would be one too many."""
    policy = stage.policy
    assert policy is not None
    violates("one_policy_per_stage_and_number", policy)
    violates("one_version_per_licence_and_number", policy.licence_version)
    violates("one_ladder_per_release_and_number", stage.release.ladders.get())
    violates("one_stage_per_release_and_ordinal", stage)
    violates("one_release_per_publisher_and_slug", stage.release)
    violates("one_submission_per_number", factories.submitted(stage, ha).submission)


def test_a_version_is_superseded_once(stage: Stage, amara: Viewer) -> None:
    """A line of versions does not fork."""
    factories.policy(stage, by=amara)
    second = stage.policy
    assert second is not None
    violates("supersedes", second, number=3)


def test_a_reviewer_has_one_opinion_on_a_submission(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """A quorum counts people."""
    factories.approved(stage, ha, by=chidi)
    violates("one_review_per_reviewer", Review.objects.get())


def test_the_hub_is_known_once_for_each_person_and_repository(
    stage: Stage, aurora: Repository, kiri: HubPerson
) -> None:
    """One row of Hub access, one wish of a repository, one card for a commit, one link."""
    violates("one_hub_access_per_repository_and_person", factories.hub_says(kiri, aurora, "pending"))
    violates("repository_id", RepositoryWish.objects.get())
    violates("one_card_per_commit", aurora.cards.get())
    violates("one_link_per_repository", aurora)
    assert HubAccess.objects.count() == 1


def test_an_unlinked_repository_says_when_and_by_whom(aurora: Repository, amara: Viewer) -> None:
    """Both or neither; then the name is free for a new link."""
    violates("repository_unlinked_at_and_by", aurora, unlinked_at=timezone.now())
    violates("repository_unlinked_at_and_by", aurora, unlinked_by=amara.user)
    again(aurora, unlinked_at=timezone.now(), unlinked_by=amara.user).save()


@pytest.mark.parametrize("bad", ["", "short", "G" * 24, "0" * 23])
def test_a_hub_person_has_an_id_of_the_hub(bad: str, db: None) -> None:
    """Nobody is made up."""
    with pytest.raises(IntegrityError, match="hub_person_id_is_the_hubs"), transaction.atomic():
        HubPerson.objects.create(hub_user_id=bad, username="x")
