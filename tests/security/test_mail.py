"""Mails: one that cannot leave holds up nobody else's, and none goes to somebody who may not know any more."""

from __future__ import annotations

from django.core import mail
from django.core.validators import validate_email

from accounts.models import Publisher, User
from accounts.viewer import Viewer
from gatekeeper import notices
from gatekeeper.actions import people, procedures
from gatekeeper.models import Notice, Repository, Stage
from tests import factories

POISON = "a@\u06dd.org"


def test_one_address_stops_no_other(stage: Stage, ha: Viewer, ines: Viewer) -> None:
    """It is parked, and the next one is written to."""
    validate_email(POISON)
    assert ha.user is not None
    User.objects.filter(pk=ha.user.pk).update(email=POISON)
    factories.submitted(stage, ha)
    factories.submitted(stage, ines)
    assert notices.send_due() == 1
    assert [sent.to for sent in mail.outbox] == [["ines@example.org"]]
    parked = Notice.objects.get(recipient=ha.user)
    assert (parked.failure, parked.sent_at) == ("address_refused", None)
    assert parked.parked_at is not None


def test_whoever_has_left_a_publisher_is_written_nothing_about_it(
    stage: Stage, aurora_lab: Publisher, aurora: Repository, amara: Viewer, bram: Viewer
) -> None:
    """What waited for a mail server meanwhile stays here; who is still there is told."""
    dana = factories.member(aurora_lab, "dana", "steward", by=amara)
    factories.drift(aurora)
    procedures.start(procedures.prepare_stop(stage, by=amara, words="The weights leaked."), by=amara)
    assert bram.user is not None
    people.dismiss(aurora_lab, by=amara, user=bram.user, role="steward")
    notices.send_due()
    assert dana.user is not None
    assert {address for sent in mail.outbox for address in sent.to} == {"amara@example.org", "dana@example.org"}
    assert set(Notice.objects.filter(recipient=bram.user).values_list("failure", "sent_at")) == {
        ("not_theirs_any_more", None)
    }
