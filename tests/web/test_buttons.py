"""The buttons on a page are what `actions_for` says, no more and no less; a disabled one shows its sentence."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from accounts.viewer import Viewer
from gatekeeper.catalogues.statuses import STATUS_WORDS
from gatekeeper.models import AccessRequest, Grant, Repository, Stage
from gatekeeper.rules.lifecycle import STATUSES, TABLES
from gatekeeper.rules.statuses import GrantStatus, RequestStatus, StageStatus
from gatekeeper.web import words
from gatekeeper.web.buttons import WAYS, buttons_for, buttons_for_grants
from tests import factories

from .conftest import Browse

REACHED = {
    "submitted": lambda stage, who, by: factories.submitted(stage, who),
    "in_review": lambda stage, who, by: factories.in_review(stage, who, by=by),
    "info_requested": lambda stage, who, by: factories.info_requested(stage, who, by=by),
    "approved": lambda stage, who, by: factories.approved(stage, who, by=by),
    "denied_correctable": lambda stage, who, by: factories.denied_correctably(stage, who, by=by),
    "denied_final": lambda stage, who, by: factories.denied_finally(stage, who, by=by),
    "draft": lambda stage, who, by: factories.draft(stage, who),
}


def drawn(page: str) -> dict[str, bool]:
    """The lifecycle buttons on a page, and whether each can be pressed."""
    tags = re.findall(r"<(?:a|button)[^>]*data-action=[^>]*>", page)
    return {re.findall(r'data-action="(\w+)"', tag)[0]: " disabled" not in tag for tag in tags}


@pytest.mark.parametrize("status", REACHED)
@pytest.mark.parametrize("who", ["ha", "chidi", "dana", "farid", "amara"])
def test_a_case_draws_what_may_be_done(
    status: str, who: str, stage: Stage, ha: Viewer, chidi: Viewer, browse: Browse, request: pytest.FixtureRequest
) -> None:
    """For every status and person, the page of the case agrees with the verbs."""
    viewer: Viewer = request.getfixturevalue(who)
    case = REACHED[status](stage, ha, chidi)
    offered = {offer.action: offer.allowed for offer in case.actions_for(viewer)}
    answer = browse(viewer).get(reverse("web:request", args=[case.pk]), follow=True)
    if status == "draft" and who != "ha":
        assert answer.status_code == 404
    else:
        offered.pop("recommend", None)  # shown where more than one reviewer has to agree
        assert drawn(answer.content.decode()) == offered


def test_recommending_is_drawn_where_more_than_one_has_to_agree(
    aurora: Repository, amara: Viewer, ha: Viewer, chidi: Viewer, browse: Browse
) -> None:
    """Where one approval is enough, it would only stand in the way."""
    stage = factories.open_stage(aurora, by=amara, approvals_required=2)
    case = factories.in_review(stage, ha, by=chidi)
    page = browse(chidi).get(reverse("web:case", args=[case.pk])).content.decode()
    assert drawn(page)["recommend"]


@pytest.mark.parametrize("who", ["amara", "bram", "chidi", "farid"])
def test_a_stage_draws_what_may_be_done(
    who: str, aurora: Repository, amara: Viewer, browse: Browse, request: pytest.FixtureRequest
) -> None:
    """From planned without terms to closed."""
    viewer: Viewer = request.getfixturevalue(who)
    stages = [
        factories.bare_stage(aurora, by=amara),
        factories.planned_stage(aurora, by=amara),
        factories.open_stage(aurora, by=amara),
    ]
    for stage in stages:
        shown: dict[str, bool] = {}
        for name in ("stage", "imported"):  # what is done with people who were brought in stands where they are listed
            shown |= drawn(browse(viewer).get(reverse(f"web:{name}", args=[stage.pk])).content.decode())
        assert shown == {offer.action: offer.allowed for offer in stage.actions_for(viewer)}


def test_many_grants_get_the_same_buttons_as_one(
    stage: Stage, grant: Grant, ines: Viewer, amara: Viewer, chidi: Viewer
) -> None:
    """The list and the single page do not drift apart."""
    grants = [grant, factories.waiting_grant(stage, ines, by=chidi)]
    many = buttons_for_grants(grants, amara)
    assert many == {each.pk: buttons_for(each, amara) for each in grants}


def test_every_step_that_a_person_takes_has_its_way() -> None:
    """A new step of the tables needs an address here."""
    machines = {"clock", "hub"}
    taken = {(table, step.action) for table, steps in TABLES.items() for step in steps if not step.who <= machines}
    assert set(WAYS) == taken


def test_every_state_has_words() -> None:
    """For requesters, for staff, for grants and stages; and none of them is the name of the state."""
    tables: list[tuple[Any, Any]] = [
        (RequestStatus, words.FOR_REQUESTER),
        (RequestStatus, words.FOR_STAFF),
        (GrantStatus, words.OF_GRANT),
        (GrantStatus, words.GRANT_FOR_STAFF),
        (StageStatus, words.OF_STAGE),
    ]
    for statuses, said in tables:
        assert set(said) == set(statuses)
        assert not any("_" in str(standing.words) for standing in said.values())


def test_every_state_of_the_tables_is_called_something() -> None:
    """So that no refusal of any face names it as the tables do."""
    names = {status.value for statuses in STATUSES.values() for status in statuses}
    assert names <= set(STATUS_WORDS)
    assert not any("_" in called for called in STATUS_WORDS.values())


def test_a_case_of_a_person_who_never_signed_in_has_no_buttons_of_theirs(
    aurora: Repository, amara: Viewer, kiri: Any, chidi: Viewer
) -> None:
    """What began on the Hub is decided here like any other."""
    factories.open_stage(aurora, by=amara, intake="hub_is_enough")
    case: AccessRequest = factories.brought_in(aurora, kiri)
    assert "withdraw" not in buttons_for(case, chidi)
