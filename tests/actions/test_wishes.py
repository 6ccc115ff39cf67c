"""wish_access and wish_gate: what the Hub should say, worked out from all grants and made due."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.actions import repositories, stages
from gatekeeper.actions._wishes import wish_access, wish_gate
from gatekeeper.actions.nudges import nudged
from gatekeeper.models import HubAccess, Repository, RepositoryWish, Stage
from gatekeeper.rules.access import Access, Closing, Wish
from tests import factories


def renew(stage: Stage, person: HubPerson, closing: Closing | None = None, cause: str = "test") -> int:
    """Renew the wish of one person at one stage, now."""
    return wish_access([(stage.pk, person.pk)] * 2, closing=closing, cause=cause, at=timezone.now())


def test_a_new_wish_raises_the_generation_and_is_due_at_once(stage: Stage, aurora: Repository, kiri: HubPerson) -> None:
    """Whatever was parked, tried or confirmed before."""
    factories.hub_says(kiri, aurora, "pending")
    HubAccess.objects.update(parked_reason="gone", attempts=7, confirmed_at=timezone.now(), generation=4)
    assert renew(stage, kiri, Closing.REJECTED, "denied") == 1
    row = HubAccess.objects.get()
    assert (row.generation, row.attempts, row.parked_reason, row.confirmed_at) == (5, 0, "", None)
    assert (row.due_at, row.cause) == (row.wished_at, "denied")
    assert row.wish == Wish(Access.NO_OPINION, Closing.REJECTED, row.seen_requested_at)


def test_a_closing_that_is_owed_stays_owed(stage: Stage, aurora: Repository, kiri: HubPerson) -> None:
    """A wish that brings no closing of its own does not forget the one before."""
    renew(stage, kiri, Closing.RESET)
    renew(stage, kiri)
    assert HubAccess.objects.get().wish == Wish(Access.NO_OPINION, Closing.RESET)


def test_no_stays_no_until_a_grant_says_yes(stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer) -> None:
    """And yes forgets what was owed."""
    grant = factories.waiting_grant(stage, ha, by=chidi)
    factories.relinquished(grant, ha)
    renew(stage, grant.person)
    assert HubAccess.objects.get().access == Access.NO
    type(grant).objects.update(status="pending_activation")
    renew(stage, grant.person)
    assert HubAccess.objects.get().wish == Wish(Access.YES)


def test_a_stage_of_unlinked_repositories_has_nothing_to_wish(
    stage: Stage, aurora: Repository, kiri: HubPerson, amara: Viewer, django_assert_num_queries: Any
) -> None:
    """Nor has an empty list of people."""
    stages.close(stage, by=amara)
    repositories.unlink(aurora, by=amara)
    assert renew(stage, kiri) == 0
    with django_assert_num_queries(0):
        assert wish_access([], closing=None, cause="test", at=timezone.now()) == 0
    assert not HubAccess.objects.exists()


def test_a_worker_is_nudged_after_the_commit(
    stage: Stage, kiri: HubPerson, django_capture_on_commit_callbacks: Any
) -> None:
    """By name; a receiver that fails harms nobody."""
    heard: list[tuple[str, tuple[int, ...]]] = []

    def ring(*, what: str, ids: tuple[int, ...], **_more: Any) -> None:
        heard.append((what, ids))
        raise ConnectionError("the broker is away")

    nudged.connect(ring)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            renew(stage, kiri, Closing.RESET)
            assert heard == []
    finally:
        nudged.disconnect(ring)
    assert heard == [("settle", ())]


def test_a_gate_is_wished_once_for_each_repository(stage: Stage, aurora: Repository, amara: Viewer) -> None:
    """The address on the card stays unless another is given."""
    other = factories.linked(aurora.publisher, by=amara, name="other")
    link = {aurora.pk: "https://gate.example.org/aurora"}
    wish_gate([aurora, other], gate="manual", card_links=link, at=timezone.now())
    wish_gate([aurora, other], gate="manual", at=timezone.now())
    assert dict(RepositoryWish.objects.values_list("repository", "card_link")) == {**link, other.pk: ""}
    assert dict(RepositoryWish.objects.values_list("repository", "generation")) == {aurora.pk: 3, other.pk: 2}
