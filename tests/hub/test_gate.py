"""A stage opens when its repositories were read back as gated by hand; cards say where to apply if that is wished."""

from __future__ import annotations

import pytest

from gatekeeper.actions import stages
from gatekeeper.hub import gate, previews, settle
from gatekeeper.hub.port import HubError
from gatekeeper.models import Repository, RepositoryWish, Stage
from tests import factories

from .conftest import CARD, TOKEN, Town, calls, lease_over
from .test_observe import second
from .test_settle_faults import in_background

LINK = "http://127.0.0.1:8000/releases/aurora/"


def opening(town: Town, *more: Repository, card_link: str = "") -> Stage:
    """A stage that shall open."""
    stage = factories.planned_stage(town.repository, *more, by=town.owner)
    return stages.open_stage(stage, by=town.owner, card_link=card_link)


def wish() -> RepositoryWish:
    """What is wished of the repository."""
    return RepositoryWish.objects.get()


def again() -> None:
    """Sweep once more, as if the pauses were over."""
    lease_over()
    RepositoryWish.objects.filter(due_at__isnull=False).update(due_at=Repository.objects.get().linked_at)
    settle.settle_due()


def test_it_writes_nothing_where_the_gate_is_as_wished(town: Town) -> None:
    """Manual already: read back, and the stage is open."""
    stage = opening(town)
    town.hub.clear_journal()
    settle.settle_due()
    assert factories.fresh(stage).status == "open"
    assert {call["method"] for call in town.hub.journal()} == {"GET"}


@pytest.mark.parametrize("before", ["auto", False])
def test_it_gates_the_repository_and_reads_that_back(town: Town, before: str | bool) -> None:
    """From automatic or open to manual, and only then the stage is open."""
    town.hub.set_gated(town.name, before)
    stage = opening(town)
    assert factories.fresh(stage).status == "opening"
    settle.settle_due()
    assert town.hub.repo(town.name)["gated"] == "manual"
    assert factories.fresh(stage).status == "open"
    assert Repository.objects.get().seen_gate == "manual"


def test_it_opens_only_when_every_repository_is_gated(town: Town) -> None:
    """One repository that cannot be gated keeps the stage from opening."""
    small = second(town)
    town.hub.set_gated(small.name, "auto")
    town.hub.fault("status", "small/settings", status=500)
    stage = opening(town, small)
    settle.settle_due()
    assert factories.fresh(stage).status == "opening"
    town.hub.clear_faults()
    lease_over()
    RepositoryWish.objects.filter(due_at__isnull=False).update(due_at=small.linked_at)
    settle.settle_due()
    assert factories.fresh(stage).status == "open"


def test_it_says_on_the_card_where_to_apply(town: Town) -> None:
    """Two lines and no other byte, in one commit, read back."""
    stage = opening(town, card_link=LINK)
    settle.settle_due()
    written = town.client.file("model", town.name, "README.md")
    assert written is not None
    assert b"Apply at " + LINK.encode() in written
    assert len(written.splitlines()) == len(CARD.splitlines()) + 2
    assert factories.fresh(stage).status == "open"
    assert len(calls(town, "/commit/main")) == 1


def test_it_writes_the_card_once(town: Town) -> None:
    """Opening again with the same link commits nothing."""
    stage = opening(town, card_link=LINK)
    settle.settle_due()
    stages.pause(factories.fresh(stage), by=town.owner)
    stages.open_stage(factories.fresh(stage), by=town.owner, card_link=LINK)
    settle.settle_due()
    assert factories.fresh(stage).status == "open"
    assert len(calls(town, "/commit/main")) == 1


def test_it_loses_no_commit_that_came_between(town: Town) -> None:
    """A commit made between reading and writing is kept: the card is read again."""
    stage = opening(town, card_link=LINK)
    hold = town.hub.fault("hold", "/commit/main", times=1)
    worker = in_background(settle.settle_due)
    town.hub.wait_held(hold)
    town.hub.set_repo(town.name, files={"README.md": CARD + "A line of theirs.\n"})
    town.hub.release(hold)
    worker.join(20)
    assert wish().due_at is not None
    again()
    written = town.client.file("model", town.name, "README.md") or b""
    assert b"A line of theirs." in written
    assert LINK.encode() in written
    assert factories.fresh(stage).status == "open"


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ("---\nextra_gated_description: Ask nicely.\n---\n", "card_own_description"),
        ("---\n<<<<<<< HEAD\n---\n", "card_merge_conflict"),
    ],
)
def test_it_leaves_a_card_alone_that_is_not_for_us(town: Town, card: str, reason: str) -> None:
    """Parked with the reason; the stage does not open, because people would be sent nowhere."""
    town.hub.set_repo(town.name, files={"README.md": card})
    stage = opening(town, card_link=LINK)
    settle.settle_due()
    assert wish().parked_reason == reason
    assert factories.fresh(stage).status == "opening"
    assert not calls(town, "/commit/main")


def test_it_makes_no_card_where_there_is_none(town: Town) -> None:
    """A repository without a README gets none from us."""
    town.hub.create_repo("aurora-lab/bare", gated="manual", by="amara")
    Repository.objects.update(name="aurora-lab/bare", hub_id="")
    opening(town, card_link=LINK)
    settle.settle_due()
    assert wish().parked_reason == "card_missing"


def test_it_refuses_a_link_that_is_no_address(town: Town) -> None:
    """What is no plain web address gets into no card."""
    opening(town, card_link=LINK)
    RepositoryWish.objects.update(card_link="https://x y")
    settle.settle_due()
    assert wish().parked_reason == "card_bad_link"


def test_it_shows_what_it_would_write(town: Town) -> None:
    """A dry run: the lines of a diff, and nothing written."""
    preview = previews.card_preview(town.repository, LINK)
    assert [line for line in preview.diff if line.startswith(("+ ", "+e"))] == [
        "+extra_gated_description: >-",
        f"+  Apply at {LINK}. Already pressed the button? Finish there; nothing is lost.",
    ]
    assert preview.finding is None
    assert not calls(town, "/commit/main")


def test_it_shows_why_it_could_not_write(town: Town) -> None:
    """A card with a description of its own, and no card at all."""
    town.hub.set_repo(town.name, files={"README.md": "---\nextra_gated_description: Ask nicely.\n---\n"})
    found = previews.card_preview(town.repository, LINK).finding
    assert found is not None
    assert found["code"] == "own_description"
    town.hub.create_repo("aurora-lab/bare", gated="manual", by="amara")
    town.repository.name = "aurora-lab/bare"
    found = previews.card_preview(town.repository, LINK).finding
    assert found is not None
    assert found["code"] == "no_card"


def test_it_parks_what_a_person_has_to_look_at(town: Town) -> None:
    """A token that may not write, by name."""
    town.hub.set_gated(town.name, "auto")
    town.hub.set_token(TOKEN, role="read")
    opening(town)
    settle.settle_due()
    assert Repository.objects.get().parked_reason == "token_read_only"
    town.hub.set_token(TOKEN, role="write")
    town.observe()
    again()
    assert Stage.objects.get().status == "open"


def test_it_does_not_believe_a_setting_that_was_not_taken(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told, and read back otherwise: tried again later."""
    town.hub.set_gated(town.name, "auto")
    monkeypatch.setattr(gate.HubClient, "set_gate", lambda *args: None)
    stage = opening(town)
    settle.settle_due()
    assert wish().attempts == 1
    assert factories.fresh(stage).status == "opening"


def test_it_does_not_believe_a_card_that_was_not_taken(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some tries a person has to look."""
    monkeypatch.setattr(gate.HubClient, "commit_card", lambda *args, **how: "")
    opening(town, card_link=LINK)
    for _try in range(9):
        again()
    assert wish().parked_reason == "card_not_as_written"


def test_a_wish_renewed_meanwhile_stays_due(town: Town) -> None:
    """What was done for an older wish confirms nothing of the newer one."""
    stage = opening(town)
    town.hub.clear_journal()
    hold = town.hub.fault("hold", f"models/{town.name}$", times=1)
    worker = in_background(settle.settle_due)
    town.hub.wait_held(hold)
    stages.pause(factories.fresh(stage), by=town.owner)
    stages.open_stage(factories.fresh(stage), by=town.owner)
    town.hub.release(hold)
    worker.join(20)
    assert len([call for call in calls(town, town.name, "GET") if "expand" in call["query"]]) == 2
    assert factories.fresh(stage).status == "open"


def test_a_stage_that_was_paused_meanwhile_is_not_opened(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between finding it and opening it somebody paused it: it stays paused."""
    stage = opening(town)
    RepositoryWish.objects.update(due_at=None, confirmed_at=stage.status_at)
    found = list(Stage.objects.to_confirm_open())
    stages.pause(stage, by=town.owner)

    class Found:
        def order_by(self, *_names: str) -> list[Stage]:
            return found

    monkeypatch.setattr(type(Stage.objects), "to_confirm_open", lambda _self: Found(), raising=False)
    gate.open_stages()
    assert factories.fresh(stage).status == "paused"


def test_another_repository_under_the_name_is_not_touched(town: Town) -> None:
    """Known by its id: one that took the name is not gated by us."""
    town.hub.rename_repo(town.name, "aurora-lab/moved")
    town.hub.create_repo(town.name, gated="auto", by="amara")
    opening(town)
    settle.settle_due()
    assert Repository.objects.get().parked_reason == "another_repository"
    assert town.hub.repo(town.name)["gated"] == "auto"


def test_a_hub_that_cannot_be_asked_is_said(town: Town) -> None:
    """A preview of a card on a Hub that refuses raises its word."""
    town.hub.revoke_token(TOKEN)
    with pytest.raises(HubError):
        previews.card_preview(town.repository, LINK)
