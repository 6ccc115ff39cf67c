"""Names on the Hub change hands: whoever gives one up takes nothing of it along, and who takes it gets nothing."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import HubPerson, Membership, Publisher, User
from accounts.viewer import Viewer
from gatekeeper.models import Stage
from tests import factories

NEXT_HOLDER = "f" * 24


def asking(who: Viewer) -> APIClient:
    """The API as somebody, with a session."""
    client = APIClient()
    client.force_authenticate(who.user)
    return client


@pytest.fixture
def renamed(stage: Stage, ha: Viewer, chidi: Viewer) -> HubPerson:
    """Hà holds a grant and takes another name; somebody else takes hers, and is seen waiting."""
    factories.active_grant(stage, ha, by=chidi)
    return HubPerson.objects.see(hub_user_id=NEXT_HOLDER, username="HA-nguyen")


def test_a_name_has_one_holder(renamed: HubPerson, ha: Viewer) -> None:
    """Whoever was known by it before is known by their id until they are seen again."""
    assert list(HubPerson.objects.named("ha-nguyen")) == [renamed]
    assert ha.person is not None
    former = factories.fresh(ha.person)
    assert str(former) == former.hub_user_id
    HubPerson.objects.see(hub_user_id=former.hub_user_id, username="ha-2")
    assert str(factories.fresh(former)) == "ha-2"
    assert [name.username for name in former.names.order_by("pk")] == ["ha-nguyen", "ha-2"]


def test_the_next_holder_of_a_name_has_no_access(renamed: HubPerson, chidi: Viewer) -> None:
    """A script that asks by name is not told of the access of who held the name before."""
    where = "/api/v1/access?repository=aurora-lab/aurora-xl"
    assert asking(chidi).get(f"{where}&user=ha-nguyen").json()["access"] is False
    assert asking(chidi).get(f"{where}&hub_user_id={factories.hub_id('ha-nguyen')}").json()["access"] is True


def test_the_former_holder_asks_nothing_about_the_next(renamed: HubPerson, ha: Viewer) -> None:
    """Whether somebody has access is told to them, and to the publisher's people."""
    fresh = Viewer.of(User.objects.get(pk=ha.user.pk if ha.user else 0))
    answer = asking(fresh).get("/api/v1/access?repository=aurora-lab/aurora-xl&user=ha-nguyen")
    assert answer.status_code == 404


def test_a_role_goes_to_who_holds_the_name_now(
    renamed: HubPerson, ha: Viewer, amara: Viewer, aurora_lab: Publisher
) -> None:
    """An account keeps its own name for ever; an owner who appoints by name means the name on the Hub."""
    people = f"/api/v1/publishers/{aurora_lab.pk}/people/"
    asked = {"user": "ha-nguyen", "role": "reviewer"}
    assert asking(amara).post(people, asked, format="json").status_code == 404
    assert ha.user is not None
    assert not Membership.objects.filter(user=ha.user).exists()
    with pytest.raises(CommandError, match="not signed in here"):
        call_command("first_operator", "ha-nguyen")


def test_a_name_chosen_with_a_password_is_nobodys_on_the_hub(amara: Viewer, aurora_lab: Publisher) -> None:
    """Somebody who signs up with a password under the name of a known person is not appointed in their place."""
    User.objects.create_user("well-known", "x@example.org", "correct horse battery")
    people = f"/api/v1/publishers/{aurora_lab.pk}/people/"
    answer = asking(amara).post(people, {"user": "well-known", "role": "owner"}, format="json")
    assert answer.status_code == 404


def test_only_an_owner_learns_who_has_an_account(aurora_lab: Publisher, chidi: Viewer, juma: Viewer) -> None:
    """To others of the publisher's people the answer is the same, whether there is one or not."""
    people = f"/api/v1/publishers/{aurora_lab.pk}/people/"
    answers = [
        asking(chidi).post(people, {"user": name, "role": "auditor"}, format="json") for name in ("juma", "nobody-here")
    ]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].json() == answers[1].json()


def test_nor_on_the_page(aurora_lab: Publisher, chidi: Viewer, juma: Viewer) -> None:
    """The form of somebody who may not appoint is not read."""
    browser = Client()
    assert chidi.user is not None
    browser.force_login(chidi.user)
    page = reverse("web:members", args=[aurora_lab.name])
    answers = [browser.post(page, {"username": name, "role": "auditor"}) for name in ("juma", "nobody-here")]
    assert [answer.status_code for answer in answers] == [403, 403]
