"""Who sees which rows: one table for each noun, written by hand."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import QuerySet

from accounts.models import HubPerson, Publisher
from accounts.viewer import Viewer
from gatekeeper.actions import policies, releases, requests
from gatekeeper.models import (
    AccessRequest,
    Event,
    GateForm,
    Grant,
    HubAccess,
    LicenceVersion,
    Release,
    Repository,
    Stage,
)
from tests import factories
from tests.factories import QUESTIONS

STAFF = {"amara", "bram", "chidi", "ewa", "farid"}
OTHERS = {"goran", "ha", "ines", "juma", "nobody"}
EVERYBODY = STAFF | OTHERS


@pytest.fixture
def seers(request: pytest.FixtureRequest) -> Any:
    """Return who of the cast sees a row."""
    cast = {name: request.getfixturevalue(name) for name in EVERYBODY}

    def who_sees(rows: QuerySet[Any], row: Any) -> set[str]:
        return {name for name, viewer in cast.items() if row in rows.visible_to(viewer)}  # type: ignore[attr-defined]

    return who_sees


def test_a_draft_is_its_persons_own(stage: Stage, ha: Viewer, seers: Any) -> None:
    """Not even an auditor reads what was not handed in."""
    case = requests.start(stage, by=ha)
    assert seers(AccessRequest.objects.all(), case) == {"ha"}


def test_a_request_is_seen_by_its_person_and_the_publishers_people(stage: Stage, ha: Viewer, seers: Any) -> None:
    """An operator looks after the installation, not into cases."""
    case = factories.submitted(stage, ha)
    assert seers(AccessRequest.objects.all(), case) == STAFF | {"ha"}


def test_a_request_that_began_on_the_hub_is_seen_by_the_publishers_people(
    stage: Stage, aurora: Repository, kiri: HubPerson, seers: Any
) -> None:
    """Its person never signed in here."""
    assert seers(AccessRequest.objects.all(), factories.brought_in(aurora, kiri)) == STAFF


def test_a_grant_is_seen_by_its_person_and_the_publishers_people(
    stage: Stage, ha: Viewer, chidi: Viewer, seers: Any
) -> None:
    """And by nobody else."""
    assert seers(Grant.objects.all(), factories.waiting_grant(stage, ha, by=chidi)) == STAFF | {"ha"}


def test_an_account_without_a_hub_name_owns_nothing(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """Requests and grants belong to Hub people: nobody is matched by having none."""
    factories.waiting_grant(stage, ha, by=chidi)
    mail_only = factories.account("mail-only", on_the_hub=False)
    for who in (mail_only, Viewer.anonymous()):
        assert not AccessRequest.objects.visible_to(who).exists()
        assert not AccessRequest.objects.own(who).exists()
        assert not Grant.objects.visible_to(who).exists()
        assert not Grant.objects.own(who).exists()
    assert AccessRequest.objects.own(ha).get().person == Grant.objects.own(ha).get().person == ha.person


def test_staff_without_a_hub_name_see_the_cases_of_their_publisher(
    stage: Stage, ha: Viewer, aurora_lab: Publisher, amara: Viewer
) -> None:
    """A role does not need one."""
    case = factories.submitted(stage, ha)
    counsel = factories.appointed(aurora_lab, factories.account("mail-only", on_the_hub=False), "counsel", by=amara)
    assert list(AccessRequest.objects.visible_to(counsel)) == [case]
    assert list(AccessRequest.objects.reviewable_by(counsel)) == [case]


def test_a_release_is_public_once_its_ladder_is(
    aurora_lab: Publisher, aurora: Repository, amara: Viewer, seers: Any
) -> None:
    """Before, it is its publisher's people's."""
    release = releases.create_release(aurora_lab, by=amara, title="New")
    releases.add_stage(release, by=amara, title="One", repositories=[aurora])
    assert seers(Release.objects.all(), release) == STAFF
    releases.publish_ladder(release, by=amara)
    assert seers(Release.objects.all(), release) == EVERYBODY


def test_a_stage_is_public_once_it_stands_on_a_published_ladder(
    stage: Stage, aurora: Repository, amara: Viewer, seers: Any
) -> None:
    """A rung that was added since is being planned."""
    assert seers(Stage.objects.all(), stage) == EVERYBODY
    planned = releases.add_stage(stage.release, by=amara, title="Secret plan", repositories=[aurora])
    assert seers(Stage.objects.all(), planned) == STAFF


def test_forms_and_licences_in_force_are_public_and_drafts_are_not(
    stage: Stage, aurora_lab: Publisher, amara: Viewer, seers: Any
) -> None:
    """What is asked of everybody can be read by everybody."""
    assert stage.policy is not None
    assert seers(GateForm.objects.all(), stage.policy.form) == EVERYBODY
    assert seers(LicenceVersion.objects.all(), stage.policy.licence_version) == EVERYBODY
    draft = policies.draft_form(aurora_lab, by=amara, title="Draft", questions_asked=QUESTIONS)
    assert seers(GateForm.objects.all(), draft) == STAFF
    unused = factories.licence(aurora_lab, by=amara, text=b"Not used yet.")
    assert seers(LicenceVersion.objects.all(), unused) == STAFF


def test_repositories_and_hub_access_are_seen_by_staff_and_operators(
    stage: Stage, aurora: Repository, ha: Viewer, seers: Any
) -> None:
    """An operator keeps the synchronisation."""
    row = factories.hub_says(factories.hub_person("somebody"), aurora, "accepted")
    assert seers(Repository.objects.all(), aurora) == STAFF | {"goran"}
    assert seers(HubAccess.objects.all(), row) == STAFF | {"goran"}


def test_nobody_sees_the_hub_access_of_their_own_beside_that_of_others(
    aurora: Repository, chidi: Viewer, dana: Viewer, goran: Viewer
) -> None:
    """A member or an operator who applied reads on “My access” what a requester reads, and no more."""
    for who in (chidi, goran):
        assert who.person is not None
        row = factories.hub_says(who.person, aurora, "pending")
        assert not HubAccess.objects.visible_to(who).filter(pk=row.pk).exists()
        assert HubAccess.objects.visible_to(dana).filter(pk=row.pk).exists()


def test_the_record_is_seen_by_staff_but_for_their_own_case(
    stage: Stage, ha: Viewer, chidi: Viewer, dana: Viewer, seers: Any
) -> None:
    """Somebody who applied reads of their own case what a requester reads."""
    case = factories.approved(stage, ha, by=chidi)
    [event, *_rest] = Event.objects.about("accessrequest", case.pk)
    assert seers(Event.objects.all(), event) == STAFF
    own = factories.waiting_grant(stage, chidi, by=dana)
    assert own.request is not None
    for kind, pk in (("accessrequest", own.request.pk), ("grant", own.pk)):
        assert not Event.objects.visible_to(chidi).about(kind, pk).exists()
    assert Event.objects.visible_to(dana).about("accessrequest", own.request.pk).exists()


def test_roles_of_one_publisher_show_nothing_of_another(
    stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer
) -> None:
    """Every noun, seen by the owner of another namespace."""
    factories.active_grant(stage, ha, by=chidi)
    stranger = factories.account("stranger")
    factories.found(stranger, "other-lab")
    for rows in (AccessRequest, Grant, Repository, HubAccess):
        assert not rows.objects.visible_to(stranger).exists(), rows  # type: ignore[attr-defined]
    assert set(Event.objects.visible_to(stranger).values_list("publisher__name", flat=True)) <= {"other-lab"}
