"""The pages of emergency stops and re-gates: what is said before, meanwhile and after, and which steps are offered."""

from __future__ import annotations

import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.viewer import Viewer
from gatekeeper import clock
from gatekeeper.actions import procedures
from gatekeeper.models import Drift, Grant, Procedure, Repository, RepositoryWish, Stage
from gatekeeper.models.tallies import digest_of
from tests import factories
from tests.again import once

from .conftest import Browse

WHY = "The weights leaked."


def said(client: Client, address: str, *, status: int = 200) -> str:
    """The words of a page, without its marks."""
    answer = client.get(address)
    assert answer.status_code == status, address
    body = re.sub(r"(?s)<(script|style).*?</\1>", "", answer.content.decode())
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def press(client: Client, address: str, **values: str) -> str:
    """Send a form, and read the page that follows."""
    answer = client.post(address, values, follow=True)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def drawn(client: Client, procedure: Procedure) -> set[str]:
    """The actions that the page of a procedure draws."""
    body = client.get(reverse("web:procedure", args=[procedure.pk])).content.decode()
    return set(re.findall(r'data-action="(\w+)"', body))


@pytest.fixture
@once
def holders(stage: Stage, ha: Viewer, ines: Viewer, chidi: Viewer) -> list[Grant]:
    """Two people who hold the stage."""
    return [factories.active_grant(stage, who, by=chidi) for who in (ha, ines)]


def test_an_owner_stops_everything_from_the_page_of_the_publisher(
    stage: Stage, holders: list[Grant], amara: Viewer, bram: Viewer, browse: Browse
) -> None:
    """Choose what and say why, see what it does, start it, follow it; all by forms, without JavaScript."""
    client = browse(amara)
    assert "Emergency stop" in said(client, reverse("web:publisher", args=["aurora-lab"]))
    form = reverse("web:prepare_stop", args=["aurora-lab"])
    assert "Nothing changes yet" in said(client, form)
    refused = client.post(form, {"covers": f"stage-{stage.pk}", "words": " "})
    assert refused.status_code == 422
    shown = press(client, form, covers=f"stage-{stage.pk}", words=WHY)
    assert "2 grants are suspended, the newest first" in shown
    assert "about 6 calls" in shown
    assert Grant.objects.wanted().count() == 2
    stop = Procedure.objects.get()
    after = press(client, reverse("web:start_procedure", args=[stop.pk]))
    assert "0 of 2 people confirmed by the Hub" in after
    assert "has to ratify it until" in after
    assert not Grant.objects.wanted().exists()
    assert "holds this stage" in said(client, reverse("web:stage", args=[stage.pk]))
    assert WHY in said(client, reverse("web:procedures"))


def test_a_second_person_ratifies_and_the_first_is_told_why_not(
    stage: Stage, holders: list[Grant], amara: Viewer, bram: Viewer, browse: Browse
) -> None:
    """The button is disabled with the sentence for the one who started it."""
    stop = factories.stop(stage, by=amara)
    address = reverse("web:procedure", args=[stop.pk])
    assert "takes a second person" in said(browse(amara), address)
    shown = press(browse(bram), reverse("web:ratify", args=[stop.pk]))
    assert "two people stand behind it" in shown
    assert "has to ratify" not in shown


def test_a_breach_and_one_person_are_said(
    stage: Stage, holders: list[Grant], amara: Viewer, bram: Viewer, browse: Browse
) -> None:
    """Not ratified in time; and, where nobody else is there, decided by one person."""
    stop = factories.in_force(stage, by=amara)
    clock.tick(at=factories.later(1.1))
    shown = said(browse(bram), reverse("web:procedure", args=[stop.pk]))
    assert "no second person has ratified this stop within 24 hours. It stays in force" in shown
    assert "not ratified" in said(browse(bram), reverse("web:procedures"))


def test_decided_by_one_person_is_said(stage: Stage, amara: Viewer, browse: Browse) -> None:
    """With the way to appoint somebody."""
    stop = factories.stop(stage, by=amara)
    assert "Decided by one person" in said(browse(amara), reverse("web:procedure", args=[stop.pk]))


def test_an_operator_stops_what_they_do_not_work_for(
    stage: Stage, holders: list[Grant], goran: Viewer, browse: Browse
) -> None:
    """From the sync page, where they are at home."""
    client = browse(goran)
    assert "Emergency stops" in said(client, reverse("web:sync"))
    answer = client.get(reverse("web:choose_stop"))
    assert answer.headers["Location"] == reverse("web:prepare_stop", args=["aurora-lab"])
    repository = Repository.objects.get()
    press(client, reverse("web:prepare_stop", args=["aurora-lab"]), covers=f"repository-{repository.pk}", words=WHY)
    press(client, reverse("web:start_procedure", args=[Procedure.objects.get().pk]))
    assert not Grant.objects.wanted().exists()


def test_it_is_lifted_by_two_after_a_look_at_whom(
    stage: Stage, holders: list[Grant], amara: Viewer, bram: Viewer, browse: Browse
) -> None:
    """Both see the counts; then the page says how far that has come."""
    stop = factories.in_force(stage, by=amara)
    assert "2 of 2 people confirmed by the Hub" in said(browse(amara), reverse("web:procedure", args=[stop.pk]))
    look = said(browse(amara), reverse("web:ask_to_lift", args=[stop.pk]))
    assert "2 have their access again, or are about to" in look
    press(browse(amara), reverse("web:ask_to_lift", args=[stop.pk]))
    assert drawn(browse(bram), stop) == {"keep", "confirm"}
    assert "Asked by amara" in said(browse(bram), reverse("web:confirm_procedure", args=[stop.pk]))
    shown = press(browse(bram), reverse("web:confirm_procedure", args=[stop.pk]))
    assert "being lifted" in shown
    procedures.carry_on_all()
    assert "0 of 2 people have access again" in said(browse(bram), reverse("web:procedure", args=[stop.pk]))


def test_the_proof_is_a_file(stage: Stage, holders: list[Grant], amara: Viewer, farid: Viewer, browse: Browse) -> None:
    """An auditor downloads it, and can compute the digest that the record holds."""
    stop = factories.in_force(stage, by=amara)
    answer = browse(farid).get(reverse("web:procedure_proof", args=[stop.pk]))
    assert answer.headers["Content-Disposition"] == f'attachment; filename="procedure-{stop.pk}.json"'
    proof = json.loads(answer.content)
    assert {each["hub_name"] for each in proof["people"]} == {"ha-nguyen", "ines"}
    assert digest_of(each["line"] for each in proof["people"]) == proof["digest"] == stop.proof["in_force"]["digest"]


def test_a_steward_gates_a_repository_again_from_its_drift(
    stage: Stage, aurora: Repository, amara: Viewer, bram: Viewer, browse: Browse
) -> None:
    """Drift, the steps, prepared, started, the number, confirmed."""
    client = browse(bram)
    found = factories.drift(aurora, "mode_changed")
    assert "Gate it again, safely" in said(client, reverse("web:drift", args=[found.pk]))
    form = reverse("web:prepare_regate", args=[aurora.pk])
    assert "made private" in said(client, form)
    assert "prepared; nothing has changed yet" in press(client, form, words="Somebody took it off.")
    regate = Procedure.objects.get()
    shown = press(client, reverse("web:start_procedure", args=[regate.pk]))
    assert "so that nobody gets in meanwhile. Gated by hand" in shown.replace("under way ", "")
    factories.drift(aurora, "ghost_access", factories.hub_person("casper"))
    factories.gate_says(aurora, private=True)
    factories.gate_says(aurora, private=True)
    assert drawn(client, regate) == {"confirm", "halt"}
    look = said(client, reverse("web:confirm_procedure", args=[regate.pk]))
    assert "End the access of 1 person at aurora-lab/aurora-xl?" in look
    assert "casper" in look
    wrong = client.post(reverse("web:confirm_procedure", args=[regate.pk]), {"confirmed": "7"})
    assert wrong.status_code == 422
    press(client, reverse("web:confirm_procedure", args=[regate.pk]), confirmed="1")
    procedures.carry_on_all()
    assert Drift.objects.get(kind="ghost_access").status == "repairing"


def test_what_the_hub_refuses_is_said_with_what_to_do(
    stage: Stage, aurora: Repository, bram: Viewer, browse: Browse
) -> None:
    """A parked wish stands on the page, with its reason."""
    regate = factories.regate(aurora, by=bram)
    RepositoryWish.objects.update(parked_reason="visibility_refused")
    shown = said(browse(bram), reverse("web:procedure", args=[regate.pk]))
    assert "does not let this repository be made private" in shown
    assert "A safe re-gate is under way" in said(browse(bram), reverse("web:repository", args=[aurora.pk]))


def test_it_is_halted_after_a_look_and_goes_on(stage: Stage, aurora: Repository, bram: Viewer, browse: Browse) -> None:
    """Halted, it says so, and what may be done then."""
    regate = factories.regate(aurora, by=bram)
    assert "stays as it is by now" in said(browse(bram), reverse("web:halt", args=[regate.pk]))
    press(browse(bram), reverse("web:halt", args=[regate.pk]))
    assert drawn(browse(bram), regate) == {"resume", "call_off"}
    press(browse(bram), reverse("web:resume_procedure", args=[regate.pk]))
    assert factories.fresh(regate).status == "running"


@pytest.mark.parametrize("who", ["ha", "juma"])
def test_nobody_else_sees_any_of_it(
    stage: Stage, who: str, amara: Viewer, browse: Browse, request: pytest.FixtureRequest
) -> None:
    """Not there, for whoever applies or has nothing to do with it."""
    stop = factories.stop(stage, by=amara)
    client = browse(request.getfixturevalue(who))
    for address in (
        reverse("web:procedures"),
        reverse("web:procedure", args=[stop.pk]),
        reverse("web:procedure_proof", args=[stop.pk]),
        reverse("web:choose_stop"),
        reverse("web:prepare_stop", args=["aurora-lab"]),
    ):
        assert client.get(address).status_code == 404, address


def test_a_reviewer_reads_it_and_is_offered_nothing(stage: Stage, amara: Viewer, chidi: Viewer, browse: Browse) -> None:
    """And cannot prepare one."""
    stop = factories.stop(stage, by=amara)
    assert drawn(browse(chidi), stop) == set()
    assert browse(chidi).get(reverse("web:prepare_stop", args=["aurora-lab"])).status_code == 404
    assert browse(chidi).post(reverse("web:ask_to_lift", args=[stop.pk])).status_code == 403


def test_the_page_costs_no_more_for_more_people(stage: Stage, amara: Viewer, browse: Browse) -> None:
    """Counted in the database, however many there are."""
    counts, client = [], browse(amara)
    factories.imported(stage, factories.hub_person("first"), by=amara)
    stop = procedures.prepare_stop(stage, by=amara, words=WHY)
    address = reverse("web:procedure", args=[stop.pk])
    client.get(address)
    for number in range(2):
        for one in range(number * 4):
            factories.imported(stage, factories.hub_person(f"person-{one}"), by=amara)
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        counts.append(len(captured))
    assert counts[0] == counts[1]
