"""Emergency stops and re-gates in a real browser: axe finds nothing, and a page that is open follows what happens."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.viewer import Viewer
from gatekeeper.actions import procedures
from gatekeeper.models import Grant, HubAccess, Procedure, Repository, Stage
from tests import factories

from .conftest import Visiting

LOOKS: tuple[tuple[int, Any], ...] = ((360, "light"), (1280, "dark"))


def crowd(stage: Stage, amara: Viewer) -> None:
    """Some people who hold a stage."""
    for number in range(12):
        factories.imported(stage, factories.hub_person(f"member-{number}"), by=amara)


@pytest.mark.slow
def test_axe_finds_nothing_on_any_of_their_pages(
    transactional_db: None, stage: Stage, aurora: Repository, amara: Viewer, bram: Viewer, visit: Visiting
) -> None:
    """Prepared, running, in force and to be lifted; and a re-gate from its start to the number to confirm."""
    crowd(stage, amara)
    other = factories.open_stage(aurora, by=amara)
    regate = factories.regate_waits(aurora, by=bram)
    prepared = procedures.prepare_stop(other.release, by=amara, words="The safeguard does not hold.")
    stop = factories.stop(stage, by=amara)
    asked = factories.lift_asked(aurora.publisher, by=amara)
    window = visit(amara)
    found = {}
    for address in (
        "/procedures/",
        "/publishers/aurora-lab/stop/",
        f"/procedures/{prepared.pk}/",
        f"/procedures/{stop.pk}/",
        f"/procedures/{stop.pk}/lift/",
        f"/procedures/{asked.pk}/",
        f"/repositories/{aurora.pk}/gate-again/",
        f"/procedures/{regate.pk}/",
        f"/procedures/{regate.pk}/confirm/",
        f"/procedures/{regate.pk}/halt/",
    ):
        page = window.open(address)
        for width, scheme in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            if faults := window.faults():
                found[f"{address} {width} {scheme}"] = faults
    assert found == {}


def test_a_page_that_is_open_follows_the_stop(
    transactional_db: None, stage: Stage, amara: Viewer, bram: Viewer, visit: Visiting
) -> None:
    """From the preview by the keyboard to the end: counted up without loading the page anew."""
    crowd(stage, amara)
    window = visit(amara)
    page = window.open(f"/publishers/aurora-lab/stop/?covers=stage-{stage.pk}")
    page.get_by_label("Why").fill("The weights leaked.")
    page.keyboard.press("Enter")
    page.get_by_text("12 grants are suspended").wait_for()
    page.get_by_role("button", name="Start it now").focus()
    page.keyboard.press("Enter")
    page.get_by_text("0 of 12 people confirmed by the Hub").wait_for()
    assert not Grant.objects.wanted().exists()
    for row in HubAccess.objects.unsettled().select_related("person", "repository"):
        factories.hub_says(row.person, row.repository, "pending")
    procedures.carry_on_all()
    page.get_by_text("12 of 12 people confirmed by the Hub").wait_for()
    assert Procedure.objects.get().status == "in_force"
