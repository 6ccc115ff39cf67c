"""An address that looks like one and that no mail can carry holds up nobody else's mail."""

from __future__ import annotations

from django.core import mail
from django.core.validators import validate_email

from accounts.models import User
from accounts.viewer import Viewer
from gatekeeper import notices
from gatekeeper.models import Notice, Stage
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
