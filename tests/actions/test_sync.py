"""Pausing the sync, letting it go on, and trying again what was parked: who may, what is recorded, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.actions import grants, repositories, sync
from gatekeeper.models import Event, Grant, HubAccess, Repository, RepositoryWish, Stage, SyncMark, SyncPause
from gatekeeper.models.sync_diff import Change, diff_of, what_waits
from gatekeeper.rules.refusals import Invalid, NotAllowed, Unmet, WrongState
from tests import factories
from tests.again import once
from tests.expect import events, last_event, refused

WORDS = "The card is being rewritten."


def due() -> set[str]:
    """Whose rows a worker would take now."""
    return set(HubAccess.objects.due(at=timezone.now()).values_list("person__username", flat=True))


@pytest.fixture
@once
def waiting(stage: Stage, ha: Viewer, chidi: Viewer) -> Grant:
    """Hà's grant, which waits for the Hub."""
    return factories.waiting_grant(stage, ha, by=chidi)


@pytest.fixture
def restored(hub: Viewer) -> SyncPause:
    """All sync, paused because the database was restored."""
    return sync.pause(None, by=hub, after_restore=True, told_outside=70)


def read(*places: Repository) -> None:
    """The lists of these repositories (default: of all) were read whole just now."""
    found = Repository.objects.filter(pk__in=[each.pk for each in places]) if places else Repository.objects
    found.update(observed_at=timezone.now())


@pytest.mark.parametrize("who", ["amara", "bram", "goran", "hub"])
def test_a_repository_is_paused_and_goes_on(
    who: str, aurora: Repository, waiting: Grant, request: pytest.FixtureRequest
) -> None:
    """By an owner, a steward, an operator, or a shell; the words stand on the row, and not in the record."""
    by = request.getfixturevalue(who)
    held = sync.pause(aurora, by=by, words=f" {WORDS} ")
    assert (held.words, held.paused_by, held.publisher_id) == (WORDS, by.user, aurora.publisher_id)
    assert due() == set()
    assert last_event(aurora).action == "repository.pause_sync"
    assert last_event(aurora).data == {"pause": held.pk, "cause": "by_hand"}
    assert sync.resume(aurora, by=by) == [held]
    assert due() == {"ha-nguyen"}
    assert last_event(aurora).action == "repository.resume_sync"
    assert factories.fresh(held).lifted_by == by.user


@pytest.mark.parametrize("who", ["chidi", "farid", "ha", "clock", "nobody"])
def test_nobody_else_holds_it_back(
    who: str, aurora: Repository, waiting: Grant, request: pytest.FixtureRequest, amara: Viewer
) -> None:
    """Neither does a reviewer, nor an auditor."""
    by = request.getfixturevalue(who)
    with refused(NotAllowed, "sign_in" if who == "nobody" else "not_allowed"):
        sync.pause(aurora, by=by, words=WORDS)
    sync.pause(aurora, by=amara, words=WORDS)
    with refused(NotAllowed, "sign_in" if who == "nobody" else "not_allowed"):
        sync.resume(aurora, by=by)


def test_everything_is_held_back_by_operators_only(
    aurora: Repository, waiting: Grant, amara: Viewer, goran: Viewer
) -> None:
    """An owner looks after their own repositories. A repository that is paused by itself stays so."""
    with refused(NotAllowed, "not_allowed"):
        sync.pause(None, by=amara, words=WORDS)
    with refused(NotAllowed, "not_allowed"):
        sync.pause(aurora, by=amara, after_restore=True)
    held = sync.pause(None, by=goran, words=WORDS)
    assert due() == set()
    assert last_event(held).action == "sync.pause"
    assert held.publisher_id is None
    sync.pause(aurora, by=amara, words=WORDS)
    sync.resume(None, by=goran)
    assert due() == set()
    sync.resume(aurora, by=amara)
    assert due() == {"ha-nguyen"}


@pytest.mark.parametrize(("words", "code"), [("  ", "words_missing"), ("x" * 301, "words_too_long")])
def test_it_is_said_why(aurora: Repository, amara: Viewer, words: str, code: str) -> None:
    """Whoever comes next has to know."""
    with refused(Invalid, code, "words"):
        sync.pause(aurora, by=amara, words=words)


def test_it_is_paused_once_and_goes_on_once(aurora: Repository, amara: Viewer) -> None:
    """What is so already is refused."""
    with refused(WrongState, "not_paused"):
        sync.resume(aurora, by=amara)
    sync.pause(aurora, by=amara, words=WORDS)
    with refused(WrongState, "already_paused"):
        sync.pause(aurora, by=amara, words=WORDS)


def test_what_is_wished_of_a_repository_waits_too(aurora: Repository, amara: Viewer) -> None:
    """Gate and card."""
    factories.stages.open_stage(factories.planned_stage(aurora, by=amara), by=amara)
    assert RepositoryWish.objects.due(at=timezone.now()).exists()
    sync.pause(aurora, by=amara, words=WORDS)
    assert not RepositoryWish.objects.due(at=timezone.now()).exists()


# After a restore


def test_after_a_restore_it_goes_on_with_the_digest_only(
    aurora: Repository, waiting: Grant, restored: SyncPause, goran: Viewer, hub: Viewer
) -> None:
    """Looked at, named, recorded; from then on the database counts on from what was told before."""
    read()
    with refused(Unmet, "diff_not_confirmed"):
        sync.resume(None, by=goran)
    with refused(WrongState, "diff_changed"):
        sync.resume(None, by=goran, confirm="0123456789abcdef")
    digest = what_waits(restored).digest
    sync.resume(None, by=goran, confirm=f" {digest} ")
    assert factories.fresh(restored).confirmed == digest
    assert last_event(restored).data == {"pause": restored.pk, "cause": "restore", "confirmed": digest}
    assert SyncMark.objects.current().told == 70
    assert due() == {"ha-nguyen"}


def test_a_diff_that_has_changed_is_refused(
    stage: Stage, aurora: Repository, waiting: Grant, ines: Viewer, chidi: Viewer, restored: SyncPause, goran: Viewer
) -> None:
    """Somebody was approved since it was looked at: nobody has agreed to that one."""
    read()
    digest = what_waits(restored).digest
    factories.waiting_grant(stage, ines, by=chidi)
    with refused(WrongState, "diff_changed"):
        sync.resume(None, by=goran, confirm=digest)
    assert what_waits(restored).accepted == 2


def test_what_could_not_be_read_stays_paused_by_itself(
    aurora: Repository, waiting: Grant, amara: Viewer, restored: SyncPause, goran: Viewer
) -> None:
    """Nobody knows what would be told there; it has a diff of its own once it was read."""
    other = factories.linked(aurora.publisher, by=amara, name="other")
    read(aurora)
    diff = what_waits(restored)
    assert [each.pk for each in diff.unread] == [other.pk]
    sync.resume(None, by=goran, confirm=diff.digest)
    alone = SyncPause.objects.open().get()
    assert (alone.repository, alone.after_restore, alone.told_outside) == (other, True, 70)
    with refused(Unmet, "lists_not_read"):
        sync.resume(other, by=goran, confirm=what_waits(alone).digest)
    read(other)
    with refused(NotAllowed, "not_allowed"):
        sync.resume(other, by=amara, confirm=what_waits(alone).digest)
    sync.resume(other, by=goran, confirm=what_waits(alone).digest)
    assert not SyncPause.objects.open().exists()


def test_what_is_paused_by_itself_already_is_paused_once(
    aurora: Repository, amara: Viewer, restored: SyncPause, goran: Viewer, hub: Viewer
) -> None:
    """Restored a second time before the repository could be read: the same pause goes on."""
    other = factories.linked(aurora.publisher, by=amara, name="other")
    read(aurora)
    sync.resume(None, by=goran, confirm=what_waits(restored).digest)
    alone = SyncPause.objects.open().get()
    again = sync.pause(None, by=hub, after_restore=True, told_outside=71)
    read(aurora)
    assert [each.pk for each in what_waits(again).unread] == [other.pk]
    sync.resume(None, by=goran, confirm=what_waits(again).digest)
    assert SyncPause.objects.open().get() == alone


def test_a_pause_by_hand_is_lifted_with_the_one_after_a_restore(
    aurora: Repository, restored: SyncPause, goran: Viewer
) -> None:
    """Both hold; whoever confirms the one has looked."""
    read()
    sync.pause(None, by=goran, words=WORDS)
    with refused(Unmet, "diff_not_confirmed"):
        sync.resume(None, by=goran)
    assert len(sync.resume(None, by=goran, confirm=what_waits(restored).digest)) == 2


# What would be told


def test_the_diff_says_who_would_be_accepted_and_who_removed(
    stage: Stage,
    aurora: Repository,
    ha: Viewer,
    ines: Viewer,
    juma: Viewer,
    chidi: Viewer,
    amara: Viewer,
    kiri: HubPerson,
) -> None:
    """Against what was last read. What was confirmed and stands otherwise by now is drift, and nobody is told of it."""
    given = factories.waiting_grant(stage, ha, by=chidi)
    settled = factories.active_grant(stage, factories.account("noor"), by=chidi)
    factories.hub_says(settled.person, aurora, "rejected")
    ended = factories.active_grant(stage, ines, by=chidi)
    denied = factories.denied_finally(stage, juma, by=chidi)
    factories.hub_says(denied.person, aurora, "pending")
    factories.hub_says(kiri, aurora, "accepted")
    factories.hub_says(given.person, aurora, "rejected")
    grants.revoke(ended, by=amara, codes=["PRIOR_BREACH"], words="No.")
    diff = diff_of(aurora, most=5)
    people = {change: [row.person.username for row in rows] for change, rows in diff.people.items()}
    assert people == {Change.ACCEPTED: ["ha-nguyen"], Change.REMOVED: ["ines"], Change.CLOSED: ["juma"]}
    assert (diff.accepted, diff.removed, diff.closed, diff.empty) == (1, 1, 1, False)


def test_the_diff_names_requests_that_are_closed_without_giving_access(
    stage: Stage, aurora: Repository, ha: Viewer, chidi: Viewer
) -> None:
    """A final denial rejects a request that waits on the Hub, and nothing is told where nobody waits."""
    assert ha.person is not None
    factories.hub_says(ha.person, aurora, "pending", at=factories.later(-1))
    factories.denied_finally(stage, ha, by=chidi)
    assert diff_of(aurora).closed == 1
    factories.hub_says(ha.person, aurora, "unknown")
    assert diff_of(aurora).closed == 1
    factories.hub_says(ha.person, aurora, "none")
    assert diff_of(aurora).closed == 0


def test_the_digest_follows_what_would_be_told_and_nothing_else(
    stage: Stage, aurora: Repository, ha: Viewer, waiting: Grant
) -> None:
    """Read again and found to be the same: whoever looked may go on."""
    read()
    first = diff_of(None).digest
    for seen in ("none", "rejected", "unknown"):
        factories.hub_says(waiting.person, aurora, seen)
        assert diff_of(None).digest == first
    factories.hub_says(waiting.person, aurora, "accepted")
    assert diff_of(None).digest != first
    assert not diff_of(None).accepted


def test_the_diff_costs_the_same_at_any_size(stage: Stage, chidi: Viewer, django_assert_max_num_queries: Any) -> None:
    """One reading of the rows that differ."""
    for size in (1, 5):
        for number in range(size):
            factories.waiting_grant(stage, factories.account(f"person-{size}-{number}"), by=chidi)
        with django_assert_max_num_queries(4):
            diff_of(None)


# Trying again


def parked(stage: Stage, name: str, reason: str, *, by: Viewer) -> HubAccess:
    """A row about which the workers stopped."""
    grant = factories.waiting_grant(stage, factories.account(name), by=by)
    HubAccess.objects.filter(person=grant.person).update(parked_reason=reason, attempts=8)
    return HubAccess.objects.get(person=grant.person)


def test_one_row_is_tried_again(stage: Stage, aurora: Repository, chidi: Viewer, bram: Viewer, farid: Viewer) -> None:
    """The others wait; what is not parked any more is not counted."""
    one, other = (parked(stage, name, "person_gone", by=chidi) for name in ("lin", "kofi"))
    with refused(NotAllowed, "not_allowed"):
        sync.take_up_again_one(one, by=farid)
    assert sync.take_up_again_one(one, by=bram) == 1
    assert sync.take_up_again_one(one, by=bram) == 0
    assert sync.take_up_again_one(factories.fresh(one), by=bram) == 0
    assert (factories.fresh(one).attempts, due()) == (0, {"lin"})
    assert factories.fresh(other).parked_reason == "person_gone"
    assert last_event(aurora).data == {"rows": 1, "reason": "person_gone"}
    assert events(aurora).count("repository.take_up_again") == 1


def test_all_of_a_reason_are_tried_again(
    stage: Stage, aurora: Repository, chidi: Viewer, amara: Viewer, goran: Viewer
) -> None:
    """Rows, gates and whole repositories; wherever the viewer may, or at one place."""
    row = parked(stage, "lin", "token_read_only", by=chidi)
    parked(stage, "kofi", "person_gone", by=chidi)
    other = factories.linked(aurora.publisher, by=amara, name="other")
    Repository.objects.filter(pk=other.pk).update(parked_reason="token_read_only")
    RepositoryWish.objects.filter(repository=aurora).update(parked_reason="token_read_only")
    stranger = factories.account("stranger")
    assert sync.take_up_again_all("token_read_only", by=stranger) == 0
    assert sync.take_up_again_all("token_read_only", by=goran, repository=other) == 1
    assert factories.fresh(other).parked_reason == ""
    assert sync.take_up_again_all("token_read_only", by=amara) == 2
    assert factories.fresh(row).parked_reason == ""
    assert HubAccess.objects.parked().count() == 1
    with refused(NotAllowed, "not_allowed"):
        sync.take_up_again_all("person_gone", by=stranger, repository=aurora)
    with refused(NotAllowed, "sign_in"):
        sync.take_up_again_all("person_gone", by=Viewer.anonymous())


def test_a_repository_that_is_unlinked_holds_nothing_up(aurora: Repository, amara: Viewer, restored: SyncPause) -> None:
    """Nothing is told about it, so it need not be read."""
    repositories.unlink(aurora, by=amara)
    assert what_waits(restored).unread == ()
    assert Event.objects.filter(action="repository.unlink").exists()
