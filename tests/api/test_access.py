"""Whether somebody has access: confirmed on the Hub, until when, under which conditions; in three statements."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import HubPerson
from accounts.viewer import Viewer
from gatekeeper.actions import grants
from gatekeeper.models import Grant, Repository, Stage
from tests import factories

from .conftest import Asking, problem

ABOUT_HA = "/api/v1/access?repository=aurora-lab/aurora-xl&user=ha-nguyen"
NONE = {
    "access": False,
    "repository": "aurora-lab/aurora-xl",
    "kind": "model",
    "grant": None,
    "until": None,
    "conditions": [],
    "licence_version": None,
}


def statements(client: Any, address: str) -> tuple[int, Any]:
    """How many statements an answer takes beside those that say who asks (token and account), and the answer."""
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
    return len([each for each in asked if "accounts_apitoken" not in each["sql"]]), answer


def test_it_says_until_when_and_under_which_conditions(
    asking: Asking, stage: Stage, aurora: Repository, amara: Viewer, chidi: Viewer, ha: Viewer
) -> None:
    """To the person, and to the publisher's people; by name in any case, or by id."""
    factories.policy(stage, by=amara, duration_days=30, conditions=["Only for research."])
    grant = factories.active_grant(stage, ha, by=chidi)
    version = factories.current_licence(stage)
    assert grant.ends_at is not None
    expected = NONE | {
        "access": True,
        "grant": grant.pk,
        "conditions": ["Only for research."],
        "licence_version": {
            "id": version.pk,
            "title": "Aurora licence",
            "number": version.number,
            "text_sha256": version.text_sha256,
        },
    }
    for client in (asking(ha), asking(chidi)):
        for who in ("user=ha-nguyen", "user=HA-nguyen", f"hub_user_id={factories.hub_id('ha-nguyen')}"):
            taken, answer = statements(client, f"/api/v1/access?repository=aurora-lab/aurora-xl&{who}")
            found = answer.json()
            assert timezone.datetime.fromisoformat(found.pop("until")) == grant.ends_at
            assert found == {name: value for name, value in expected.items() if name != "until"}
            assert taken <= 3


def test_access_is_what_the_hub_was_read_back_as_saying(
    asking: Asking, stage: Stage, aurora: Repository, chidi: Viewer, ha: Viewer
) -> None:
    """Not while the grant waits, not when the Hub says otherwise since: invariant 4."""
    client = asking(ha)
    taken, answer = statements(client, ABOUT_HA)
    assert (answer.json(), taken <= 3) == (NONE, True)
    grant = factories.waiting_grant(stage, ha, by=chidi)
    assert client.get(ABOUT_HA).json() == NONE
    factories.confirmed(grant)
    assert client.get(ABOUT_HA).json()["access"] is True
    factories.hub_says(grant.person, aurora, "rejected")
    assert client.get(ABOUT_HA).json() == NONE


@pytest.mark.parametrize("ending", ["suspend", "revoke", "relinquish", "past"])
def test_access_ends_with_the_grant(
    asking: Asking, stage: Stage, bram: Viewer, chidi: Viewer, ha: Viewer, ending: str
) -> None:
    """From the moment that it ends here, whatever the Hub still says; also when the clock is late."""
    grant = factories.active_grant(stage, ha, by=chidi)
    endings = {
        "suspend": lambda: grants.suspend(grant, by=bram),
        "revoke": lambda: grants.revoke(grant, by=bram, codes=["PRIOR_BREACH"], words="Breach."),
        "relinquish": lambda: grants.relinquish(grant, by=ha),
        "past": lambda: Grant.objects.filter(pk=grant.pk).update(ends_at=timezone.now() - timedelta(seconds=1)),
    }
    endings[ending]()
    assert asking(chidi).get(ABOUT_HA).json() == NONE


def test_imported_access_has_no_proven_licence(
    asking: Asking, stage: Stage, aurora: Repository, chidi: Viewer, kiri: HubPerson, clock: Viewer
) -> None:
    """Somebody brought in has access, and no proof of terms: invariant 1."""
    factories.hub_says(kiri, aurora, "accepted")
    [grant] = grants.bring_in_all(stage, [kiri], by=clock)
    factories.confirmed(grant)
    found = asking(chidi).get("/api/v1/access?repository=aurora-lab/aurora-xl&user=kiri").json()
    assert (found["access"], found["licence_version"]) == (True, None)


def test_the_repository_is_meant_by_its_kind(
    asking: Asking, stage: Stage, aurora: Repository, amara: Viewer, chidi: Viewer, ha: Viewer
) -> None:
    """A dataset of the same name is another one."""
    factories.linked(aurora.publisher, by=amara, name="aurora-xl", kind="dataset")
    factories.active_grant(stage, ha, by=chidi)
    assert asking(chidi).get(f"{ABOUT_HA}&kind=model").json()["access"] is True
    assert asking(chidi).get(f"{ABOUT_HA}&kind=dataset").json()["access"] is False


def test_nobody_else_is_told(asking: Asking, stage: Stage, chidi: Viewer, ha: Viewer, ines: Viewer) -> None:
    """To others it is as if there were no such repository."""
    factories.active_grant(stage, ha, by=chidi)
    taken, answer = statements(asking(ines), ABOUT_HA)
    problem(answer, 404, "not_found")
    assert taken <= 3
    problem(asking(chidi).get("/api/v1/access?repository=aurora-lab/other&user=ha-nguyen"), 404, "not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("user=ha", "repository"),
        ("repository=aurora&user=ha", "repository"),
        ("repository=a/b/c&user=ha", "repository"),
        ("repository=a/b", "user"),
        (f"repository=a/b&user=ha&hub_user_id={'0' * 24}", "user"),
        ("repository=a/b&hub_user_id=7", "hub_user_id"),
        ("repository=a/b&user=ha&kind=space", "kind"),
    ],
)
def test_it_refuses_half_a_question(asking: Asking, ha: Viewer, query: str, field: str) -> None:
    """The field at fault is named."""
    assert set(problem(asking(ha).get(f"/api/v1/access?{query}"), 422, "invalid")["fields"]) == {field}
