"""The safe re-gate: private, gated by hand, lists read, ghosts ended after a look, public again, in this order."""

from __future__ import annotations

import pytest

from accounts.viewer import Viewer
from gatekeeper.actions import drifts, procedures, repositories, stages
from gatekeeper.models import Drift, Procedure, Repository, RepositoryWish, Stage
from gatekeeper.models.tallies import tally_of_ghosts
from gatekeeper.rules.refusals import NotAllowed, Unmet, WrongState
from tests import factories
from tests.expect import events, last_event, offered, refused, told

WHY = "The gate was off."


@pytest.fixture
def off(stage: Stage, aurora: Repository) -> Repository:
    """A repository whose gate somebody took off, which is known as drift."""
    Repository.objects.filter(pk=aurora.pk).update(seen_gate="")
    factories.drift(aurora, "mode_changed")
    return factories.fresh(aurora)


def wished() -> tuple[str, str, bool]:
    """What is wished of the repository: visibility, gate, and whether it is due."""
    wish = RepositoryWish.objects.get()
    return wish.visibility, wish.gate, wish.due_at is not None


def test_preparing_changes_nothing(off: Repository, bram: Viewer) -> None:
    """A steward may."""
    before = RepositoryWish.objects.values().get()
    prepared = procedures.prepare_regate(off, by=bram, words=WHY)
    assert (prepared.status, prepared.kind, prepared.covers) == ("prepared", "regate", off)
    assert RepositoryWish.objects.values().get() == before


@pytest.mark.parametrize("who", ["chidi", "farid", "goran", "ha"])
def test_only_stewards_and_owners_gate_again(off: Repository, who: str, request: pytest.FixtureRequest) -> None:
    """It decides who keeps access; an operator does not."""
    viewer = request.getfixturevalue(who)
    with refused(NotAllowed, "not_allowed"):
        procedures.prepare_regate(off, by=viewer, words=WHY)


def test_it_needs_a_repository_that_is_linked_and_watched(aurora: Repository, amara: Viewer) -> None:
    """Before the first stage opened, all access that is there is theirs; what is not linked is not written to."""
    with refused(Unmet, "not_watched"):
        procedures.prepare_regate(aurora, by=amara, words=WHY)
    repositories.unlink(aurora, by=amara)
    with refused(WrongState, "not_linked"):
        procedures.prepare_regate(factories.fresh(aurora), by=amara, words=WHY)


def test_it_begins_with_private(off: Repository, bram: Viewer) -> None:
    """Nothing else is wished before: the drift of the gate is in the procedure’s hands."""
    started = factories.regate(off, by=bram)
    assert (started.status, started.phase, wished()) == ("running", "private", ("private", "manual", True))
    assert Drift.objects.get().status == "repairing"


def test_one_phase_follows_the_other_when_it_was_read_back(off: Repository, bram: Viewer) -> None:
    """Private, gate, lists, public, done; and then nobody wishes anything of its visibility any more."""
    started = factories.regate(off, by=bram)
    seen = [started.phase]

    def now(**about: bool | str) -> None:
        factories.gate_says(off, **about)  # type: ignore[arg-type]  # by name
        seen.append(factories.fresh(started).phase)

    Repository.objects.filter(pk=off.pk).update(seen_private=True)
    procedures.carry_on_all()
    seen.append(factories.fresh(started).phase)
    now(private=True, lists_read=False)
    now(private=True)
    assert wished() == ("public", "manual", True)
    now(private=False)
    done = factories.fresh(started)
    assert seen == ["private", "gate", "read", "public", "public"]
    assert (done.status, wished()) == ("done", ("", "manual", False))
    assert [event for event in events(done) if event == "procedure.advance"] == ["procedure.advance"] * 3
    assert done.proof["done"]["ghosts"] == 0


def test_lists_that_were_read_before_do_not_count(off: Repository, bram: Viewer) -> None:
    """They have to have been begun after the gate was read back."""
    started = factories.regate(off, by=bram)
    Repository.objects.filter(pk=off.pk).update(read_in_full_from=factories.fresh(started).started_at)
    factories.gate_says(off, private=True, lists_read=False)
    assert factories.fresh(started).phase == "read"
    assert factories.fresh(off).read_in_full_at is None


def test_it_waits_before_anybody_loses_access(off: Repository, amara: Viewer, bram: Viewer) -> None:
    """With the number, which has to be named; then their access ends, and it stays private until that was read back."""
    waiting = factories.regate_waits(off, by=bram)
    assert (waiting.status, waiting.phase) == ("waiting", "close")
    assert "regate_waits" in told(amara)
    assert tally_of_ghosts(waiting).undecided == 1
    for number in (None, 0, 2):
        with refused(Unmet, "confirm_count"):
            procedures.confirm(waiting, by=bram, confirmed=number)
    confirmed = procedures.confirm(waiting, by=bram, confirmed=1)
    procedures.carry_on_all()
    assert (factories.fresh(waiting).status, factories.fresh(waiting).phase) == ("running", "close")
    assert (confirmed.people, wished()[0]) == (1, "private")
    ghost = Drift.objects.get(kind="ghost_access")
    assert ghost.status == "repairing"
    assert ghost.person is not None
    factories.hub_says(ghost.person, off, "reset")
    procedures.carry_on_all()
    assert (factories.fresh(waiting).phase, wished()) == ("public", ("public", "manual", True))
    factories.gate_says(off, private=False)
    done = factories.fresh(waiting)
    assert (done.status, done.proof["done"]["closed"]) == ("done", 1)


def test_one_who_is_let_in_after_the_look_is_asked_about_again(off: Repository, bram: Viewer) -> None:
    """Nobody loses access who was not in the number."""
    waiting = factories.regate_waits(off, by=bram)
    procedures.confirm(waiting, by=bram, confirmed=1)
    factories.drift(off, "ghost_access", factories.hub_person("late"))
    procedures.carry_on_all()
    assert factories.fresh(waiting).status == "waiting"
    late = Drift.objects.get(person__username="late")
    assert late.status == "open"
    procedures.confirm(factories.fresh(waiting), by=bram, confirmed=tally_of_ghosts(factories.fresh(waiting)).undecided)
    procedures.carry_on_all()
    assert factories.fresh(late).status == "repairing"


def test_one_who_was_recorded_or_allowed_keeps_access(off: Repository, amara: Viewer, bram: Viewer) -> None:
    """What is decided in the inbox meanwhile is left as it was decided, and nobody has to confirm anything then."""
    waiting = factories.regate_waits(off, by=bram)
    allowed = factories.drift(off, "ghost_access", factories.hub_person("allowed"))
    drifts.allow(allowed, by=amara, until=factories.later(30), words="For the audit.")
    drifts.record(Drift.objects.get(person__username="casper"), by=amara, words="So be it.")
    procedures.carry_on_all()
    assert (factories.fresh(waiting).status, factories.fresh(waiting).phase) == ("running", "public")
    assert (tally_of_ghosts(waiting).granted, tally_of_ghosts(waiting).excepted) == (1, 1)


def test_it_goes_back_to_private_where_somebody_makes_it_public(off: Repository, bram: Viewer) -> None:
    """Whatever is changed by hand meanwhile is mended first."""
    waiting = factories.regate_waits(off, by=bram)
    Repository.objects.filter(pk=off.pk).update(seen_private=False)
    procedures.carry_on_all()
    assert (factories.fresh(waiting).status, factories.fresh(waiting).phase) == ("running", "private")
    assert wished() == ("private", "manual", True)


def test_it_gates_again_and_reads_again_where_somebody_takes_the_gate_off(off: Repository, bram: Viewer) -> None:
    """Even when it was to be made public: it is not, before the lists were read once more."""
    started = factories.regate(off, by=bram)
    factories.gate_says(off, private=True)
    factories.gate_says(off, private=True)
    assert factories.fresh(started).phase == "public"
    Repository.objects.filter(pk=off.pk).update(seen_gate="auto")
    procedures.carry_on_all()
    assert (factories.fresh(started).phase, wished()) == ("gate", ("private", "manual", True))
    factories.gate_says(off, private=True, lists_read=False)
    assert factories.fresh(started).phase == "read"


def test_one_that_was_private_before_stays_private(off: Repository, bram: Viewer) -> None:
    """It ends as it began."""
    Repository.objects.filter(pk=off.pk).update(seen_private=True)
    started = factories.regate(off, by=bram)
    factories.gate_says(off, private=True)
    factories.gate_says(off, private=True)
    done = factories.fresh(started)
    assert (done.status, done.was_private, done.proof["done"]["public"]) == ("done", True, False)
    assert wished() == ("", "manual", False)


def test_a_person_may_halt_it_and_go_on(off: Repository, bram: Viewer) -> None:
    """Nothing more is wished meanwhile, and the drift waits for a decision again; going on begins with a look."""
    started = factories.regate(off, by=bram)
    halted = procedures.halt(started, by=bram)
    assert (halted.status, wished()) == ("halted", ("", "manual", False))
    assert Drift.objects.get().status == "open"
    assert procedures.carry_on_all() == 0
    going = procedures.resume(halted, by=bram)
    assert (going.status, wished()) == ("running", ("private", "manual", True))
    assert Drift.objects.get().status == "repairing"


def test_one_that_was_halted_can_be_called_off(off: Repository, bram: Viewer) -> None:
    """The repository stays as it is, and another can be prepared."""
    off_now = procedures.call_off(procedures.halt(factories.regate(off, by=bram), by=bram), by=bram)
    assert off_now.status == "called_off"
    procedures.prepare_regate(off, by=bram, words=WHY)


def test_a_stop_is_not_halted_and_a_regate_is_not_lifted(stage: Stage, off: Repository, amara: Viewer) -> None:
    """What does not fit a procedure is not offered."""
    stop, started = factories.stop(stage, by=amara), factories.regate(off, by=amara)
    assert set(offered(stop, amara)) == {"ask_to_lift"}
    assert set(offered(started, amara)) == {"halt"}
    with refused(WrongState, "not_haltable"):
        procedures.halt(stop, by=amara)
    with refused(WrongState, "nothing_to_lift"):
        procedures.ask_to_lift(started, by=amara)


def test_a_stage_that_opens_meanwhile_does_not_make_it_less_safe(
    stage: Stage, off: Repository, aurora: Repository, amara: Viewer
) -> None:
    """The gate is wished anew, and still private before it; the lists are read after that."""
    planned = factories.planned_stage(aurora, by=amara)
    started = factories.regate(off, by=amara)
    factories.gate_says(off, private=True, lists_read=False)
    stages.open_stage(planned, by=amara)
    procedures.carry_on_all()
    assert (factories.fresh(started).phase, wished()) == ("gate", ("private", "manual", True))
    assert Procedure.objects.running().get() == started


def test_its_record_holds_who_confirmed_how_many(off: Repository, bram: Viewer) -> None:
    """And which phase followed which."""
    waiting = factories.regate_waits(off, by=bram)
    procedures.confirm(waiting, by=bram, confirmed=1)
    event = last_event(waiting)
    assert (event.action, event.actor, event.data["people"]) == ("procedure.confirm", bram.user, 1)


def test_what_somebody_undoes_on_the_hub_is_wished_again(off: Repository, bram: Viewer) -> None:
    """It was read back as private, and is public when it is looked at next: the phase begins anew."""
    started = factories.regate(off, by=bram)
    factories.gate_says(off, private=False, lists_read=False)
    assert factories.fresh(started).phase == "private"
    assert wished() == ("private", "manual", True)
