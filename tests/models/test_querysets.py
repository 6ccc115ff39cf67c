"""Questions asked of rows that have a name of their own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.actions import grants, repositories, requests, stages
from gatekeeper.models import AccessRequest, Card, Grant, HubAccess, Notice, Repository, RepositoryWish, Stage
from gatekeeper.models.policies import current_policies
from gatekeeper.rules.statuses import Role
from tests import factories


def test_the_queue_holds_what_waits_for_somebody(
    stage: Stage, aurora: Repository, ha: Viewer, ines: Viewer, chidi: Viewer, kiri: HubPerson
) -> None:
    """Submitted, in review, asked back, or begun on the Hub; neither drafts nor what is over."""
    submitted, asked = factories.submitted(stage, ha), factories.info_requested(stage, ines, by=chidi)
    begun = factories.brought_in(aurora, kiri)
    requests.start(stage, by=chidi)
    factories.denied_finally(stage, factories.account("over"), by=chidi)
    assert set(AccessRequest.objects.queued()) == {submitted, asked, begun}
    assert set(AccessRequest.objects.waiting_for_review()) == {submitted}
    assert set(AccessRequest.objects.waiting_for_requester()) == {asked, begun}
    assert AccessRequest.objects.open().count() == 4


def test_a_row_is_due_when_it_wants_telling_and_nobody_has_it(stage: Stage, ha: Viewer, chidi: Viewer) -> None:
    """Not before its time, not parked, not in another's hands, not unlinked."""
    factories.waiting_grant(stage, ha, by=chidi)
    row, now = HubAccess.objects.get(), timezone.now()
    assert row in HubAccess.objects.due(at=now)
    assert row in HubAccess.objects.unsettled()
    for changes in (
        {"due_at": now + timedelta(minutes=1)},
        {"due_at": None},
        {"parked_reason": "gone"},
        {"leased_until": now + timedelta(minutes=1)},
    ):
        HubAccess.objects.update(**{"due_at": now, "parked_reason": "", "leased_until": None, **changes})
        assert row not in HubAccess.objects.due(at=now), changes
    assert row not in HubAccess.objects.parked()
    HubAccess.objects.update(leased_until=now, parked_reason="")
    assert row in HubAccess.objects.due(at=now)


def test_what_is_unlinked_is_never_due(
    stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer, amara: Viewer
) -> None:
    """Neither people nor gate: only linked repositories are written to."""
    factories.waiting_grant(stage, ha, by=chidi)
    later = factories.later(1)
    RepositoryWish.objects.update(due_at=later)
    assert RepositoryWish.objects.due(at=later).exists()
    stages.close(stage, by=amara)
    repositories.unlink(aurora, by=amara)
    assert not HubAccess.objects.due(at=later).exists()
    assert not RepositoryWish.objects.due(at=later).exists()
    assert not Repository.objects.linked().exists()


def test_a_ghost_is_accepted_on_the_hub_while_nothing_here_wishes_it(
    stage: Stage, aurora: Repository, ha: Viewer, kiri: HubPerson, chidi: Viewer, amara: Viewer
) -> None:
    """Found at once, whether nobody ever knew them or their grant has ended."""
    grant = factories.active_grant(stage, ha, by=chidi)
    ghost = factories.hub_says(kiri, aurora, "accepted")
    assert list(HubAccess.objects.ghosts()) == [ghost]
    grants.revoke(grant, by=amara, codes=["PRIOR_BREACH"], words="No.")
    assert HubAccess.objects.ghosts().count() == 2


def test_only_active_and_confirmed_grants_give_access(
    stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer, amara: Viewer
) -> None:
    """Not while it waits, not after its end, not while a newer wish was not read back."""
    now = timezone.now()
    grant = factories.waiting_grant(stage, ha, by=chidi)
    giving = Grant.objects.giving_access
    assert grant not in giving(aurora, at=now)
    factories.confirmed(grant)
    assert grant in giving(aurora, at=now)
    Grant.objects.filter(pk=grant.pk).update(ends_at=now)
    assert grant not in giving(aurora, at=now)
    Grant.objects.filter(pk=grant.pk).update(ends_at=None)
    factories.hub_says(grant.person, aurora, "pending")
    assert grant not in giving(aurora, at=now)


def test_the_policy_in_force_is_the_latest_published(
    stage: Stage, amara: Viewer, django_assert_num_queries: Any
) -> None:
    """For any number of stages in one statement."""
    latest = factories.policy(stage, by=amara)
    other = factories.open_stage(*stage.repositories.all(), by=amara)
    bare = factories.bare_stage(*stage.repositories.all(), by=amara)
    with django_assert_num_queries(1):
        found = current_policies([stage, other, bare])
    assert found == {stage.pk: latest, other.pk: other.policies.get()}


def test_notices_are_due_until_they_are_sent_or_parked(stage: Stage, ha: Viewer) -> None:
    """The row is the queue."""
    factories.submitted(stage, ha)
    notice, now = Notice.objects.get(), factories.later(1)
    assert notice in Notice.objects.due(at=now)
    for column in ("sent_at", "parked_at"):
        Notice.objects.update(sent_at=None, parked_at=None)
        Notice.objects.update(**{column: now})
        assert notice not in Notice.objects.due(at=now)


def test_texts_of_rows_say_what_they_are(stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer) -> None:
    """In lists of the admin and in error messages."""
    grant = factories.waiting_grant(stage, ha, by=chidi)
    policy = stage.policy
    assert policy is not None
    assert str(aurora) == "aurora-lab/aurora-xl"
    assert str(stage) == f"{stage.release.title}: Research access"
    assert str(grant) == str(grant.request) == f"ha-nguyen at {stage}"
    assert str(HubAccess.objects.get()) == "ha-nguyen at aurora-lab/aurora-xl"
    assert str(policy) == f"{stage} (terms 1)"
    assert str(policy.form) == "Access form (version 1)"
    assert str(policy.licence_version) == "Aurora licence (version 1)"
    assert str(stage.release.ladders.get()) == f"{stage.release} (ladder 1)"


def test_everybody_has_their_roles_towards_a_case(stage: Stage, ha: Viewer, request: pytest.FixtureRequest) -> None:
    """By membership, by looking after the installation, by being its person, or by being the clock."""
    case = requests.start(stage, by=ha)
    roles: dict[str, set[Role]] = {
        "amara": {Role.OWNER},
        "bram": {Role.STEWARD},
        "goran": {Role.OPERATOR},
        "ha": {Role.REQUESTER},
        "clock": {Role.CLOCK},
        "hub": {Role.HUB},
        "juma": set(),
        "nobody": set(),
    }
    assert {name: case.roles_of(request.getfixturevalue(name)) for name in roles} == roles


def test_the_linter_knows_what_a_form_is_asked_with(stage: Stage, aurora: Repository) -> None:
    """The reasons of its newest terms, and whether card and licence agree about the European Union."""
    assert stage.policy is not None
    form = stage.policy.form
    assert "eu_differs" not in {finding.code for finding in form.lint()}
    Card.objects.filter(repository=aurora).update(gate={"eu_disallowed": True})
    assert "eu_differs" in {finding.code for finding in form.lint()}
