"""What a form never sends, somebody sends: it is refused or not there, and no page breaks over it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.viewer import Viewer
from gatekeeper.models import Drift, Repository, Stage
from tests import factories


@pytest.fixture
def steward(stage: Stage, bram: Viewer) -> Client:
    """The pages as a steward sees them."""
    client = Client()
    assert bram.user is not None
    client.force_login(bram.user)
    return client


@pytest.mark.parametrize("last", ["9" * 5_000, "-1", "²", "\x00"])
def test_ending_ghost_access_up_to_a_number_that_is_none(steward: Client, aurora: Repository, last: str) -> None:
    """Whom nobody named keeps what they have."""
    factories.drift(aurora)
    answer = steward.post(reverse("web:undo_ghosts", args=[aurora.pk]), {"last": last, "confirmed": "1"})
    assert answer.status_code in (302, 404, 422)
    assert Drift.objects.waiting().exists()


def test_trying_again_for_a_reason_that_is_no_text(steward: Client) -> None:
    """No row of the database can hold it, so nothing waits for it."""
    answer = steward.post(reverse("web:again_all"), {"reason": "token_refused\x00"})
    assert answer.status_code in (302, 404)
