"""Ways around who is invited."""

from __future__ import annotations

from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.viewer import Viewer
from gatekeeper.actions import invitations, requests
from gatekeeper.models import Invitation, Invited, Repository, Stage
from gatekeeper.models.invitations import token_digest
from gatekeeper.rules.refusals import Unmet
from tests import factories
from tests.expect import refused, told


def test_whoever_was_taken_back_does_not_come_again_by_the_same_link(
    aurora: Repository, amara: Viewer, bram: Viewer, ha: Viewer, ines: Viewer
) -> None:
    """Nor by another one that was made before; a link that is made for them afterwards invites them anew."""
    stage = factories.open_stage(aurora, by=amara, entry="invited")
    links = [
        token_digest(invitations.invite_by_link(stage, by=bram, label="Lab", days=9, uses=5)[1]) for _each in range(2)
    ]
    invited = invitations.accept_invitation(links[0], by=ha)
    invitations.withdraw_one(invited, by=bram)
    for digest in links:
        with refused(Unmet, "invitation_over"):
            invitations.accept_invitation(digest, by=ha)
    with refused(Unmet, "by_invitation"):
        requests.start(stage, by=ha)
    assert invitations.accept_invitation(links[0], by=ines).person == ines.person
    assert sorted(Invitation.objects.values_list("uses", flat=True)) == [0, 2]
    _made, token = invitations.invite_by_link(stage, by=bram, label="Ha", days=9)
    browser = Client()
    assert ha.user is not None
    browser.force_login(ha.user)
    browser.get(reverse("web:invitation"), {"token": token})
    assert browser.post(reverse("web:invitation")).status_code == 302
    assert Invited.objects.standing().filter(person=ha.person).exists()


def test_a_token_that_is_none_leaves_nothing_behind(stage: Stage, bram: Viewer) -> None:
    """Anybody can make up as many as they like; a real one is kept until its holder has signed in."""
    for number in range(3):
        answer = Client().get(reverse("web:invitation"), {"token": f"inv_made-up-{number}"}, follow=True)
        assert (answer.status_code, b"made-up" in answer.content) == (410, False)
    assert not Session.objects.exists()
    _made, token = invitations.invite_by_link(stage, by=bram, label="Lab", days=9)
    browser = Client()
    assert browser.get(reverse("web:invitation"), {"token": token}, follow=True).status_code == 200
    assert browser.get(reverse("web:invitation"), {"token": "inv_made-up"}, follow=True).status_code == 410
    assert browser.get(reverse("web:invitation")).status_code == 404


def test_a_publisher_mails_nobody_again_and_again(
    aurora: Repository, stage: Stage, amara: Viewer, bram: Viewer, ha: Viewer, ines: Viewer
) -> None:
    """Anybody can be a publisher, choose what a release is called, and invite whoever has an account: once a day."""
    other = factories.open_stage(aurora, by=amara)
    for at_stage in (stage, stage, other):
        invitations.invite_names(at_stage, by=bram, label="Lab", days=9, names="ha-nguyen")
        for invited in Invited.objects.standing().select_related("stage__release", "invitation"):
            invitations.withdraw_one(invited, by=bram)
    assert told(ha) == ["invited"]
    invitations.invite_names(stage, by=bram, label="Lab", days=9, names="ha-nguyen ines", at=factories.later(1.1))
    assert (told(ha), told(ines)) == (["invited", "invited"], ["invited"])
