"""Verbs of a stage: open, confirm that it is open, pause, close."""

from collections.abc import Iterable
from datetime import datetime

from accounts.viewer import Viewer
from gatekeeper.models import Grant, Repository, Stage
from gatekeeper.rules.statuses import StageStatus

from ._step import step
from ._wishes import wish_gate
from .grants import suspend_all
from .nudges import nudge

AT_ONCE = 1_000


def open_stage(stage: Stage, *, by: Viewer, card_link: str = "", at: datetime | None = None) -> Stage:
    """Open a stage: its repositories shall be gated `manual`, and it is open once that was read back.

    `card_link` is the address where to apply; with it the card of each repository gets the two lines that say so,
    without it no card is touched. Raises NotAllowed, WrongState, Unmet (no policy, no repository).
    """
    with step("stage", "open", [stage], by=by, at=at) as moved:
        [row] = moved.rows
        row.tells_the_card = bool(card_link)
        row.save(update_fields=["tells_the_card"])
        repositories = list(Repository.objects.linked().filter(stages=row).order_by("pk"))
        told = set() if card_link else _told_by_others(row)
        links = {repository.pk: card_link for repository in repositories if repository.pk not in told}
        wish_gate(repositories, gate="manual", card_links=links, at=moved.at)
        moved.note(row, repositories=[repository.pk for repository in repositories], card=bool(card_link))
    return row


def _told_by_others(stage: Stage) -> set[int]:
    """Return the ids of repositories whose cards another open stage has asked to say where to apply."""
    others = Stage.objects.filter(tells_the_card=True, status__in=(StageStatus.OPENING, StageStatus.OPEN))
    return set(others.exclude(pk=stage.pk).values_list("repositories", flat=True))


def confirm_open(stage: Stage, *, at: datetime | None = None) -> Stage:
    """Say that a stage is open, after every repository was read back as gated `manual`. For workers."""
    with step("stage", "confirm_open", [stage], by=Viewer.system("hub"), at=at) as moved:
        guarded = Repository.objects.linked().filter(stages=stage, guarded_since=None)
        guarded.update(guarded_since=moved.at)
    nudge("observe", *Repository.objects.linked().filter(stages=stage).values_list("pk", flat=True))
    return moved.rows[0]


def pause(stage: Stage, *, by: Viewer, suspending: bool = False, at: datetime | None = None) -> Stage:
    """Pause a stage: nothing is submitted and no grant is made. `suspending` also suspends every grant of it.

    Those that have lapsed are among them: accepting the licence does not bring them back any more.
    """
    with step("stage", "pause", [stage], by=by, at=at) as moved:
        moved.note(moved.rows[0], suspending=suspending)
        if suspending:
            held = Grant.objects.to_suspend().filter(stage=stage).order_by("pk").iterator(chunk_size=AT_ONCE)
            for grants in _by_thousands(held):
                suspend_all(grants, by=by, cause="stage_paused", at=moved.at)
    return moved.rows[0]


def stop_all(stages: Iterable[Stage], *, procedure: int, at: datetime | None = None) -> list[Stage]:
    """Pause stages that an emergency stop holds, by the id of the stop. Their grants are suspended besides."""
    with step("stage", "stop", stages, by=Viewer.system("clock"), at=at) as moved:
        for row in moved.rows:
            moved.note(row, procedure=procedure)
    return moved.rows


def go_on_all(stages: Iterable[Stage], *, procedure: int, at: datetime | None = None) -> list[Stage]:
    """Open stages again that an emergency stop has paused, once their gates were read back. Cards stay as they are."""
    with step("stage", "go_on", stages, by=Viewer.system("clock"), at=at) as moved:
        gated = Repository.objects.linked().filter(stages__in=moved.rows).distinct().order_by("pk")
        wish_gate(gated, gate="manual", at=moved.at)
        for row in moved.rows:
            moved.note(row, procedure=procedure)
    return moved.rows


def close(stage: Stage, *, by: Viewer, at: datetime | None = None) -> Stage:
    """Close a stage for good: no new request and no new grant; grants that were given go on until their end."""
    with step("stage", "close", [stage], by=by, at=at) as moved:
        pass
    return moved.rows[0]


def _by_thousands(grants: Iterable[Grant]) -> Iterable[list[Grant]]:
    batch: list[Grant] = []
    for grant in grants:
        batch.append(grant)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
